"""The card of the shipped models: what they are, what they saw, and every gate's figure."""
from __future__ import annotations

import hashlib
from pathlib import Path

import torch

import gates
import problems


def write(folder: Path, runs: Path, models: dict, result: dict):
    family = {"llama": "Llama", "qwen2": "Qwen2"}[models["draft"].shape.architecture]
    lines = ["# The shipped trio" + (f", {family}" if family != "Llama" else ""), "",
             "Three tiny language models trained from scratch by `Training/`, so that SpecSearch runs, and is measured, "
             "on any machine. They know one family of problems: a chain of events about one person's things.", "",
             "> " + problems.items("test", 1, 1)[0].text, "",
             "| model | architecture | parameters | grown from | tokens seen, ancestors included | minutes of its own |",
             "|---|---|---|---|---|---|"]
    roles = {"draft": "draft", "prm": "reward model (verifier)", "target": "target"}
    names = ("draft", "prm.middle", "prm", "base", "target")
    stored = {name: torch.load(runs / f"{name}.pt", map_location="cpu", weights_only=True) for name in names}
    seen = lambda *names: sum(stored[name]["tokens"] for name in names)
    ancestry = {
        "draft": ("-", seen("draft")),
        "prm": ("the draft", seen("draft", "prm")),
        "target": (f"the verifier after {stored['prm.middle']['minutes']:.0f} minutes, {stored['base']['minutes']:.0f} "
                   f"minutes more at that size, then grown; {seen('target'):,} tokens at full size",
                   seen("draft", "prm.middle", "base", "target")),
    }
    for name, role in roles.items():
        shape = models[name].shape
        lines.append(f"| {role} | {family}, width {shape.width}, {shape.layers} layers, hidden {shape.hidden}, "
                     f"{shape.heads} heads | {models[name].parameter_count():,} | {ancestry[name][0]} | "
                     f"{ancestry[name][1]:,} | {stored[name]['minutes']:.0f} |")
    lines += ["",
              f"Byte-level BPE of {models['draft'].shape.vocabulary} tokens, digits one by one (`pre = qwen2`); F16 weights. "
              "Growing is function-preserving (Net2Net); each model was then trained on its own data. The target's "
              "capacity was not needed for its skill, and hardly trained at full size: its size gives the ratio of "
              "costs that the method is for.", "",
              "The reward model is a *likelihood verifier*: a step's score is the probability that it gives to the step's "
              "tokens, calibrated (`prm.json`, isotonic regression on siblings of both authors, validation structures) to "
              "the probability that the step is right. Paths rank by the product of their steps' scores.", "",
              "A problem's structure is the sequence of its kinds of events; a hash of it decides between training, "
              "validation and test, so no model saw a structure of `heldout.jsonl` "
              "(2,400 problems).", "", "## Gates", "",
              f"On {result['problems']:,} fresh problems of test structures (seed {result['seed']}; the target's greedy "
              f"figures on the first {gates.BEAM_PROBLEMS}), sampling temperature {result['temperature']}.", "", "| gate | figure | |", "|---|---|---|"]
    for gate in result["gates"]:
        verdict = {True: "holds", False: "**fails**", None: ""}[gate["holds"]]
        lines.append(f"| {gate['gate']} | {gate['figure'].replace('|', '/')} | {verdict} |")
    verifier = result["prm"]
    lines += ["", f"The verifier's own steps: {verifier['greedy_steps']:.1%} right at temperature 0; it solves "
              f"{verifier['greedy']:.1%} of the problems by itself, more than the target: this trio shows and measures the method, "
              "it is not a case where a large model is needed. Costs move by a quarter with the machine's other load. All figures are in `gates.json`.", "",
              "## Checksums (SHA-256)", "", "```"]
    for file in sorted(folder.iterdir()):
        if file.suffix in (".gguf", ".json", ".jsonl"):
            lines.append(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}")
    lines += ["```", ""]
    (folder / "README.md").write_text("\n".join(lines))
