"""Models as GGUF files, for llama.cpp's `llama` and `qwen2` architectures, and back."""
from __future__ import annotations

import json
from pathlib import Path

import gguf
import numpy as np
import torch

import model as lm
import tokens


RENAMED = {"attention_norm": "attn_norm", "q": "attn_q", "k": "attn_k", "v": "attn_v", "o": "attn_output",
           "ffn_norm": "ffn_norm", "gate": "ffn_gate", "up": "ffn_up", "down": "ffn_down"}
TOP = {"embedding.weight": "token_embd.weight", "norm.weight": "output_norm.weight", "output.weight": "output.weight"}


def tensor_name(key: str) -> str:
    """The GGUF tensor of a parameter."""
    if key in TOP:
        return TOP[key]
    _, layer, part, kind = key.split(".")
    return f"blk.{layer}.{RENAMED[part]}.{kind}"


def read(path: Path) -> lm.LanguageModel:
    """A model that `write` left: its weights as they were rounded."""
    reader = gguf.GGUFReader(str(path))
    field = lambda name: reader.fields[name].contents()
    architecture = field("general.architecture")
    of = lambda name: field(f"{architecture}.{name}")
    heads, width = of("attention.head_count"), of("embedding_length")
    network = lm.LanguageModel(lm.Shape(
        width, of("block_count"), of("feed_forward_length"), of("vocab_size"), width // heads, of("rope.freq_base"),
        float(f"{of('attention.layer_norm_rms_epsilon'):.6g}"), architecture))
    tensors = {tensor.name: tensor.data for tensor in reader.tensors}
    network.load_state_dict({
        key: torch.from_numpy(tensors[tensor_name(key)].astype(np.float32)) for key in network.state_dict()})
    return network


def write(path: Path, network: lm.LanguageModel, tokenizer_json: Path, name: str, context: int = 1024):
    """Matrices at F16, norms and biases at F32. The rotary pairs are as llama.cpp wants them already."""
    shape = network.shape
    writer = gguf.GGUFWriter(str(path), shape.architecture)
    writer.add_name(name)
    writer.add_license("apache-2.0")
    writer.add_context_length(context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_rope_dimension_count(shape.head)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)

    stored = json.loads(tokenizer_json.read_text())
    names = {id: text for text, id in stored["model"]["vocab"].items()}
    special = {added["id"]: added["content"] for added in stored["added_tokens"]}
    texts, kinds = [], []
    for id in range(shape.vocabulary):
        text = special.get(id, names.get(id))
        texts.append(text if text is not None else f"[PAD{id}]")
        kinds.append(gguf.TokenType.CONTROL if id in special else
                     gguf.TokenType.NORMAL if text is not None else gguf.TokenType.UNUSED)
    merges = [m if isinstance(m, str) else " ".join(m) for m in stored["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(texts)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    end = next(id for id, content in special.items() if content == tokens.END)
    writer.add_eos_token_id(end)
    writer.add_add_bos_token(False)

    for key, value in network.state_dict().items():
        target = tensor_name(key)
        array = value.float().cpu().numpy()
        writer.add_tensor(target, array.astype(np.float32 if array.ndim == 1 else np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
