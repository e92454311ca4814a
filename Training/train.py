"""From nothing to the shipped trio: problems, tokenizer, draft, verifier, target, calibration, export, gates, card.

    python train.py --preset cpu        # about an hour and three quarters on two cores
    python train.py --preset gpu        # one H100; sizes up, see PRESETS
    python train.py --architecture qwen2             # the same from nothing, in the other architecture

Every stage leaves its result in --runs and is skipped when that is there; training resumes from its last checkpoint.
"""
from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import torch
from tokenizers import Tokenizer

import card
import export
import gates
import model as lm
import problems
import tokens
import training

# Seeds: training 2 to 5; validation 1, 2; the gates' fresh seed is drawn once, for the last table only.
FRESH_SEED = {"llama": 20261121, "qwen2": 20261123}
# Not every start finds out how to look amounts up: with seed 2 the Qwen2 draft stayed at 58 % of its steps for 28 M tokens.
DRAFT_SEED = {"llama": 2, "qwen2": 23}
TEMPERATURE = 0.8

PRESETS = {
    "cpu": {
        "device": "cpu",
        # width, layers, hidden
        "draft": (64, 2, 96), "prm": (96, 3, 256), "target": (384, 8, 1024),
        "draft_minutes": (22, 16), "prm_minutes": 45, "target_from": 12, "base_minutes": 7, "target_minutes": 14,
        "batch": 3000, "target_batch": 2000,
    },
    # Written from the measured CPU run, not run yet: no GPU was at hand.
    "gpu": {
        "device": "cuda",
        "draft": (128, 3, 256), "prm": (160, 4, 448), "target": (512, 10, 1536),
        "draft_minutes": (4, 4), "prm_minutes": 7, "target_from": 4, "base_minutes": 1, "target_minutes": 5,
        "batch": 60000, "target_batch": 60000,
    },
}

# What the engine scores when it loads the reward model.
CHECK = {"problem": "Ana has 91 shells. Ana breaks 44. Ana finds 30 more. Ana wins 73 more. Ana loses 36. How many shells "
                    "does Ana have now?", "good": ["breaks 44: 91-44=47.\n\n"], "bad": ["breaks 44: 91-44=57.\n\n"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = Path(__file__).resolve().parent
    parser.add_argument("--preset", choices=PRESETS, default="cpu")
    parser.add_argument("--architecture", choices=("llama", "qwen2"), default="llama")
    parser.add_argument("--out", type=Path, help="Models, or the folder of another trio")
    parser.add_argument("--runs", type=Path, help="runs, or runs/qwen2")
    parser.add_argument("--binary", type=Path, default=here.parent / ".build/release/specsearch")
    parser.add_argument("--problems", type=int, default=1000, help="of the gates; the target writes half of them")
    parser.add_argument("--stages", default="draft,prm,target,export,gates", help="to run stages side by side, one a process")
    arguments = parser.parse_args()
    stages = arguments.stages.split(",")
    place = "" if arguments.architecture == "llama" else arguments.architecture
    arguments.out = arguments.out or here.parent / "Models" / place
    preset, runs = PRESETS[arguments.preset], arguments.runs or here / "runs" / place
    device = preset["device"]
    if device == "cpu":
        # One thread a process: two on a busy machine stall each other.
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 1)))
    runs.mkdir(parents=True, exist_ok=True)
    arguments.out.mkdir(parents=True, exist_ok=True)

    stored = runs / "tokenizer.json"
    encoder = tokens.Encoder(Tokenizer.from_file(str(stored)) if stored.exists() else tokens.train_tokenizer(stored))
    shape = {name: lm.Shape(*preset[name], encoder.vocabulary, architecture=arguments.architecture)
             for name in ("draft", "prm", "target")}
    common = {"encoder": encoder, "folder": runs, "device": device, "compiled": device == "cuda"}

    if "draft" in stages:
        seed = DRAFT_SEED[arguments.architecture]
        torch.manual_seed(seed)
        schedule, stop = preset["draft_minutes"]
        # The band: on a quiet machine the schedule takes it past what a draft may know.
        training.train("draft", lm.LanguageModel(shape["draft"]), seed=seed, minutes=schedule, stop=stop,
                       band=(0.45, 0.63), validate_every=45, batch_tokens=preset["batch"], **common)
    if "prm" in stages:
        # Grown from the draft: it skips the plateau, and ends up knowing far more than either author.
        torch.manual_seed(5)
        training.train("prm", lm.grow(lm.load(runs / "draft.pt")[0], shape["prm"]), seed=5, minutes=preset["prm_minutes"],
                       keep=preset["target_from"], muon_lr=0.01, adam_lr=2e-3, curriculum_tokens=0,
                       batch_tokens=preset["batch"], **common)
    if "target" in stages:
        # A branch of the verifier as it was part of the way, annealed at its own size on its own data (large models are
        # slow to train), then grown and trained further: it must know less than its judge.
        while not (runs / "prm.middle.pt").exists():
            time.sleep(5)  # The verifier is being trained beside this process.
        torch.manual_seed(3)
        training.train("base", lm.load(runs / "prm.middle.pt")[0], seed=3, minutes=preset["base_minutes"], muon_lr=0.01,
                       adam_lr=2e-3, curriculum_tokens=0, batch_tokens=preset["batch"], band=(0.68, 0.80),
                       validate_every=20, **common)
        training.train("target", lm.grow(lm.load(runs / "base.pt")[0], shape["target"]), seed=4,
                       minutes=preset["target_minutes"], muon_lr=0.003, adam_lr=5e-4, curriculum_tokens=0,
                       batch_tokens=preset["target_batch"], band=(0.60, 0.83), validate_every=240, **common)
    if not {"export", "gates"} & set(stages):
        return
    models = {name: lm.load(runs / f"{name}.pt")[0].eval() for name in ("draft", "prm", "target")}
    calibration_path = runs / "calibration.json"
    if "export" in stages:
        calibration = calibrate(models, encoder, runs)
        calibration_path.write_text(json.dumps(calibration))
        write_models(arguments.out, models, stored, calibration)
    if "gates" in stages:
        calibration = json.loads(calibration_path.read_text())
        gates.BEAM_PROBLEMS = arguments.problems // 2
        result = gates.measure(arguments.out, runs, encoder, models, TEMPERATURE, calibration,
                               FRESH_SEED[arguments.architecture], arguments.binary, arguments.problems)
        (arguments.out / "gates.json").write_text(json.dumps(result, indent=1) + "\n")
        card.write(arguments.out, runs, models, result)
        for gate in result["gates"]:
            verdict = {True: "holds", False: "FAILS", None: "-"}[gate["holds"]]
            print(f"{verdict:6} {gate['gate']}: {gate['figure']}")


def calibrate(models, encoder, runs: Path) -> dict:
    """From siblings of both authors on validation structures: never those of the gates."""
    items = problems.items("validation", 2, 400)
    sets = []
    for author, nodes in (("draft", 2000), ("target", 1200)):
        drawn = gates.cached(runs / f"siblings.calibration.{author}.json", runs / f"{author}.pt", lambda: gates.draw_siblings(
            models[author], encoder, items if author == "draft" else items[:150], TEMPERATURE, 7, nodes, mixed=False))
        sets += gates.score_siblings(models["prm"], drawn)
    return gates.calibrate(sets)


def write_models(folder: Path, models, tokenizer: Path, calibration: dict):
    for name, network in models.items():
        export.write(folder / f"{name}.gguf", network, tokenizer, f"specsearch-{name}")
    prompt = "{problem}\n\n"
    (folder / "manifest.json").write_text(json.dumps({
        "name": "specsearch-trio", "version": "1", "draft": "draft.gguf", "target": "target.gguf", "prm": "prm.gguf",
        "rewardModel": "prm.json", "chatTemplate": prompt, "delimiter": "\n\n", "answerPrefix": problems.ANSWER_PREFIX,
        "temperature": TEMPERATURE, "maximumStepTokens": 48, "contextLength": 512}, indent=2) + "\n")
    (folder / "prm.json").write_text(json.dumps({
        "kind": "likelihood", "template": prompt, "aggregation": "product", "calibration": calibration, "check": CHECK},
        indent=2) + "\n")
    heldout = folder / "heldout.jsonl"
    if (folder.parent / heldout.name).exists():
        # The same problems for every trio.
        if not heldout.exists():
            heldout.symlink_to(f"../{heldout.name}")
        return
    with heldout.open("w") as file:
        for index, item in enumerate(problems.items("test", 1, 2400)):
            assert problems.split_of(item.structure) == "test"
            file.write(json.dumps({"id": f"heldout-{index:04}", "problem": item.text, "answer": str(item.answer)}) + "\n")


if __name__ == "__main__":
    main()
