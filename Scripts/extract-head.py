#!/usr/bin/env python3
"""Parts a classifier checkpoint (safetensors) into its head and a plain language model.

    extract-head.py CHECKPOINT HEAD.safetensors score.0 score.2          # Qwen2.5-Math-PRM
    extract-head.py CHECKPOINT HEAD.safetensors v_head.summary           # Skywork-o1-Open-PRM
    … --trunk FOLDER --architecture Qwen2ForCausalLM

HEAD.safetensors is what a description's "head" names. With --trunk the rest becomes a checkpoint that llama.cpp's
convert_hf_to_gguf.py reads as a language model. Needs nothing but Python.
"""
import argparse
import json
import shutil
import struct
from pathlib import Path


def header(path):
    """The tensors of a file, and where its numbers begin."""
    with path.open("rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        tensors = json.loads(file.read(length))
    tensors.pop("__metadata__", None)
    return tensors, 8 + length


def write(path, parts):
    """parts: name -> (source file, where its numbers begin, entry)."""
    place, entries = 0, {}
    for name, (_, _, entry) in parts.items():
        begin, end = entry["data_offsets"]
        entries[name] = {**entry, "data_offsets": [place, place + end - begin]}
        place += end - begin
    text = json.dumps(entries).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for source, start, entry in parts.values():
            begin, end = entry["data_offsets"]
            with source.open("rb") as file:
                file.seek(start + begin)
                left = end - begin
                while left:
                    chunk = file.read(min(left, 1 << 24))
                    if not chunk:
                        raise SystemExit(f"{source} is truncated")
                    out.write(chunk)
                    left -= len(chunk)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("head", type=Path)
    parser.add_argument("layers", nargs="+", help="the names of the head's linear layers")
    parser.add_argument("--trunk", type=Path, help="a new folder for the language model")
    parser.add_argument("--architecture", default="Qwen2ForCausalLM", help="of the language model")
    arguments = parser.parse_args()
    shards = sorted(arguments.checkpoint.glob("*.safetensors"))
    if not shards:
        parser.error(f"{arguments.checkpoint} has no safetensors files; convert it first")
    belongs = lambda name: any(name.startswith(layer + ".") for layer in arguments.layers)
    every = {shard: header(shard) for shard in shards}
    head = {name: (shard, start, entry) for shard, (tensors, start) in every.items()
            for name, entry in tensors.items() if belongs(name)}
    missing = [layer for layer in arguments.layers if layer + ".weight" not in head]
    if missing:
        parser.error(f"no tensor {missing[0]}.weight in {arguments.checkpoint}")
    write(arguments.head, head)
    for name, (_, _, entry) in head.items():
        print(name, entry["dtype"], entry["shape"])
    if not arguments.trunk:
        return
    arguments.trunk.mkdir(parents=True)
    for file in arguments.checkpoint.iterdir():
        if file.suffix == ".safetensors":
            tensors, start = every[file]
            rest = {name: (file, start, entry) for name, entry in tensors.items() if not belongs(name)}
            if len(rest) < len(tensors):
                write(arguments.trunk / file.name, rest)
            else:
                (arguments.trunk / file.name).symlink_to(file.resolve())
        elif file.name == "config.json":
            config = {**json.loads(file.read_text()), "architectures": [arguments.architecture]}
            (arguments.trunk / file.name).write_text(json.dumps(config, indent=2))
        elif file.name.endswith(".index.json"):
            index = json.loads(file.read_text())
            index["weight_map"] = {k: v for k, v in index["weight_map"].items() if not belongs(k)}
            (arguments.trunk / file.name).write_text(json.dumps(index))
        elif file.is_file():
            shutil.copy(file, arguments.trunk / file.name)


if __name__ == "__main__":
    main()
