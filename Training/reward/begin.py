"""Makes a head of zeros on a draft: the reward model by which `specsearch sample` reads the hidden states to train on.

    python3 Training/reward/begin.py --draft draft.gguf --work Training/reward/work
"""

import argparse
import json
import pathlib
import struct


def hidden_length(path):
    """The hidden state's length, from the GGUF file's `*.embedding_length`."""
    data = path.open("rb").read(1 << 22)
    place = data.find(b".embedding_length")
    if place < 0:
        raise SystemExit(f"{path} has no embedding length in its head: is it a GGUF file?")
    kind, value = struct.unpack_from("<II", data, place + len(b".embedding_length"))
    if kind != 4:
        raise SystemExit(f"{path}: its embedding length is of type {kind}, not a 32-bit number.")
    return value


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--draft", type=pathlib.Path, required=True)
    arguments.add_argument("--work", type=pathlib.Path, required=True)
    arguments.add_argument("--template", default="gguf", help="the draft's prompt: its own, or a text with {problem}")
    options = arguments.parse_args()
    length = hidden_length(options.draft)
    options.work.mkdir(parents=True, exist_ok=True)
    header = json.dumps({
        "layer0.weight": {"dtype": "F32", "shape": [1, length], "data_offsets": [0, 4 * length]},
        "layer0.bias": {"dtype": "F32", "shape": [1], "data_offsets": [4 * length, 4 * length + 4]},
    }).encode()
    (options.work / "head.safetensors").write_bytes(
        struct.pack("<Q", len(header)) + header + bytes(4 * length + 4))
    (options.work / "model.json").write_text(json.dumps({
        "kind": "head", "template": options.template, "position": "beforeLastToken",
        "head": {"file": "head.safetensors", "layers": ["layer0"]},
    }) + "\n")
    link = options.work / "model.gguf"
    link.unlink(missing_ok=True)
    link.symlink_to(options.draft.resolve())
    print(f"{link}: a head of zeros over {length} numbers.")


if __name__ == "__main__":
    main()
