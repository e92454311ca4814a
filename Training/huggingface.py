"""A trio in the Qwen2 architecture as Hugging Face folders, for servers that take no GGUF: huggingface.py TRIO OUTPUT."""
from __future__ import annotations

import json
import sys
from pathlib import Path

import gguf
import torch
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

import export
import tokens

PARTS = {"attention_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "gate": "mlp.gate_proj",
         "up": "mlp.up_proj", "down": "mlp.down_proj", **{part: f"self_attn.{part}_proj" for part in "qkvo"}}
TOP = {"embedding.weight": "model.embed_tokens.weight", "norm.weight": "model.norm.weight",
       "output.weight": "lm_head.weight"}


def tensor_name(key: str) -> str:
    """The Hugging Face tensor of a parameter."""
    if key in TOP:
        return TOP[key]
    _, layer, part, kind = key.split(".")
    return f"model.layers.{layer}.{PARTS[part]}.{kind}"


def convert(source: Path, folder: Path):
    network = export.read(source)
    shape = network.shape
    if shape.architecture != "qwen2":
        raise SystemExit(f"{source} is {shape.architecture}; rotary pairs lie as these servers want them in qwen2 only")
    fields = gguf.GGUFReader(str(source)).fields
    texts = fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"].contents()]
    tokenizer = Tokenizer(models.BPE(vocab={text: i for i, text in enumerate(texts)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(tokens.QWEN2), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([tokens.END])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    save_file(
        {tensor_name(key): value.contiguous() for key, value in network.state_dict().items()},
        folder / "model.safetensors", {"format": "pt"})
    end = texts.index(tokens.END)
    configuration = dict(
        architectures=["Qwen2ForCausalLM"], model_type="qwen2", hidden_size=shape.width,
        num_hidden_layers=shape.layers, num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads, intermediate_size=shape.hidden, vocab_size=shape.vocabulary,
        rope_theta=shape.rope_base, rms_norm_eps=shape.epsilon, max_position_embeddings=1024, hidden_act="silu",
        tie_word_embeddings=False, use_sliding_window=False, bos_token_id=None, eos_token_id=end, torch_dtype="float32")
    (folder / "config.json").write_text(json.dumps(configuration, indent=1))
    (folder / "tokenizer_config.json").write_text(json.dumps(dict(
        tokenizer_class="PreTrainedTokenizerFast", eos_token=tokens.END, add_bos_token=False,
        clean_up_tokenization_spaces=False, model_max_length=1024)))


if __name__ == "__main__":
    trio, output = map(Path, sys.argv[1:])
    for name in ("draft", "target", "prm"):
        convert(trio / f"{name}.gguf", output / name)
        print(output / name)
