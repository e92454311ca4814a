"""The gates: what the trio must show on problems of unseen structures, drawn with a seed that nothing was tuned on."""
from __future__ import annotations

import json
import math
import random
import subprocess
from pathlib import Path

import torch

import model as lm
import problems
from tokens import Encoder, pad
from training import figures

SIBLINGS = 8
BEAM_PROBLEMS = 500


@torch.no_grad()
def right_prefixes(network, encoder: Encoder, items, temperature: float, batch: int = 32):
    """(item, depth, prompt and earlier steps' ids, probability that a sample is right) of every step of every problem."""
    nodes = []
    encoded = encoder.encode(items)
    for begin in range(0, len(items), batch):
        group = encoded[begin: begin + batch]
        ids, _ = pad(group)
        logs = (network(ids).float() / temperature).log_softmax(-1)
        for row, (prompt, steps) in enumerate(group):
            prefix = list(prompt)
            for depth, step in enumerate(steps):
                place = len(prefix)
                span = logs[row, place - 1: place - 1 + len(step)]
                p = span.gather(-1, torch.tensor(step)[:, None]).sum().exp().item()
                nodes.append((items[begin + row], depth, list(prefix), p))
                prefix += step
    return nodes


@torch.no_grad()
def sample_steps(network, encoder: Encoder, prefix: list[int], temperature: float, generator, count: int = SIBLINGS,
                 longest: int = 40) -> list[list[int]]:
    """`count` next steps as ids, up to a token whose text ends with the delimiter, or the end of sequence."""
    ends = {id for text, id in encoder.tokenizer.get_vocab().items() if text.endswith("ĊĊ")} | {encoder.end}
    single = network.new_cache(1, len(prefix) + longest)
    logits = network(torch.tensor([prefix]), single, 0)[:, -1]
    cache = [(k.repeat(count, 1, 1, 1), v.repeat(count, 1, 1, 1)) for k, v in single]
    logits = logits.repeat(count, 1)
    steps: list[list[int]] = [[] for _ in range(count)]
    open_rows = set(range(count))
    for offset in range(longest):
        drawn = torch.multinomial((logits.float() / temperature).softmax(-1), 1, generator=generator)
        for row in list(open_rows):
            steps[row].append(drawn[row].item())
            if steps[row][-1] in ends:
                open_rows.discard(row)
        if not open_rows:
            break
        logits = network(drawn, cache, len(prefix) + offset)[:, -1]
    return steps


@torch.no_grad()
def likelihoods(verifier, prefix: list[int], steps: list[list[int]]) -> list[float]:
    """exp(sum log p) of each step after the prefix, in the verifier's eyes."""
    longest = max(map(len, steps))
    ids = torch.zeros(len(steps), len(prefix) + longest, dtype=torch.long)
    for row, step in enumerate(steps):
        ids[row, : len(prefix) + len(step)] = torch.tensor(prefix + step)
    logs = verifier(ids).float().log_softmax(-1)
    place = len(prefix) - 1
    return [logs[row, place: place + len(step)].gather(-1, torch.tensor(step)[:, None]).sum().exp().item()
            for row, step in enumerate(steps)]


def sibling_sets(author, verifier, encoder: Encoder, items, temperature: float, seed: int, most: int, mixed: bool = True):
    """[(raw scores, rights)] of at most `most` nodes in random order; `mixed`: of those with right and wrong siblings.

    Then nodes where a sample is right with probability above 0.998 are passed over: eight samples there hardly differ.
    """
    rng, generator = random.Random(seed), torch.Generator().manual_seed(seed)
    nodes = [n for n in right_prefixes(author, encoder, items, temperature) if not mixed or n[3] <= 0.998]
    rng.shuffle(nodes)
    sets = []
    for item, depth, prefix, _ in nodes:
        steps = sample_steps(author, encoder, prefix, temperature, generator)
        end = encoder.end
        texts = [encoder.tokenizer.decode([t for t in step if t != end]) for step in steps]
        rights = [problems.is_right(item, item.steps[:depth], text) for text in texts]
        if not mixed or 0 < sum(rights) < len(rights):
            sets.append((likelihoods(verifier, prefix, steps), rights))
        if len(sets) >= most:
            break
    return sets


def sibling_figures(sets, score=lambda raw: raw) -> dict:
    """Within-node AUC, the chance that the best-scored sibling is right (ties shared), and that a random one is."""
    auc, top, chance = 0.0, 0.0, 0.0
    for raws, rights in sets:
        scores = [score(raw) for raw in raws]
        pairs = [(a, b) for a, r in zip(scores, rights) if r for b, s in zip(scores, rights) if not s]
        auc += sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs) / len(pairs)
        best = [r for s, r in zip(scores, rights) if s == max(scores)]
        top += sum(best) / len(best)
        chance += sum(rights) / len(rights)
    n = max(len(sets), 1)
    return {"nodes": len(sets), "auc": auc / n, "top1": top / n, "random": chance / n}


def calibrate(sets, most: int = 16) -> dict:
    """Isotonic regression (pool adjacent violators) of right on the raw likelihood, as a step function.

    `sets` are nodes drawn without regard to their siblings, so that the values are probabilities over all steps.
    """
    points = sorted((raw, float(right)) for raws, rights in sets for raw, right in zip(raws, rights))
    blocks: list[list[float]] = []  # first raw, sum, count
    value = lambda block: block[1] / block[2]
    for raw, right in points:
        blocks.append([raw, right, 1])
        while len(blocks) > 1 and (value(blocks[-2]) >= value(blocks[-1]) or blocks[-2][0] == raw):
            last = blocks.pop()
            blocks[-1][1] += last[1]
            blocks[-1][2] += last[2]
    # A plateau of a few points is noise, and would set a threshold that nothing reaches again: merge it with the
    # neighbour of the nearer value. The same for the nearest pair while there are too many.
    while len(blocks) > 1:
        gaps = [value(blocks[i + 1]) - value(blocks[i]) for i in range(len(blocks) - 1)]
        least = min(range(len(blocks)), key=lambda i: blocks[i][2])
        if blocks[least][2] < 12:
            pairs = [i for i in (least - 1, least) if 0 <= i < len(gaps)]
            i = min(pairs, key=gaps.__getitem__)
        elif len(blocks) > most:
            i = min(range(len(gaps)), key=gaps.__getitem__)
        else:
            break
        last = blocks.pop(i + 1)
        blocks[i][1] += last[1]
        blocks[i][2] += last[2]
    # No score is quite 0 or 1: a Laplace point on either side.
    values = [round((s + 1) / (n + 2), 6) for _, s, n in blocks]
    for i in range(1, len(values)):
        values[i] = max(values[i], values[i - 1])
    return {"thresholds": [b[0] for b in blocks[1:]], "values": values}


def step_function(calibration: dict):
    def score(raw: float) -> float:
        index = sum(raw >= t for t in calibration["thresholds"])
        return calibration["values"][index]
    return score


def engine_json(binary: Path, *arguments: str) -> dict | None:
    if not binary.exists():
        return None
    done = subprocess.run([str(binary), *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        print(f"{binary.name} {' '.join(arguments)}: {done.stderr.strip()}", flush=True)
        return None
    return json.loads(done.stdout)


@torch.no_grad()
def agreement(binary: Path, folder: Path, encoder: Encoder, models: dict[str, lm.LanguageModel], items) -> dict | None:
    """Whether llama.cpp gives the training code's tokens and, at F16, its greedy text."""
    if not binary.exists():
        return None
    texts = [i.prompt + "".join(i.steps) for i in problems.items("test", 99, 1000)]
    done = subprocess.run([str(binary), "tokenize", str(folder / "draft.gguf")], input="\n".join(map(json.dumps, texts)),
                          capture_output=True, text=True, check=True)
    theirs = [json.loads(line) for line in done.stdout.splitlines()]
    result = {"texts": len(texts), "texts_equal": sum(a == b.ids for a, b in zip(theirs, encoder.tokenizer.encode_batch(texts)))}
    for name, network in models.items():
        equal = 0
        for item in items:
            found = engine_json(binary, "solve", item.text, "--models", str(folder), "--draft-length", "0", "--method",
                                {"target": "ar"}.get(name, "draft"), "--beams", "1", "--width", "1", "--temperature", "0",
                                "--json", *(("--draft-model", str(folder / f"{name}.gguf")) if name == "prm" else ()))
            ids = [t for step in (found or {"result": {"best": {"steps": []}}})["result"]["best"]["steps"]
                   for t in step["thought"]["tokens"]]
            prompt = encoder.tokenizer.encode(item.prompt).ids
            row, length = prompt + ids, len(prompt)
            best = network(torch.tensor([row]))[0].argmax(-1).tolist()
            equal += bool(ids) and best[length - 1: len(row) - 1] == ids
        result[name] = {"prompts": len(items), "equal": equal}
    return result


def measure(folder: Path, encoder: Encoder, models: dict[str, lm.LanguageModel], temperature: float, calibration: dict,
            seed: int, binary: Path, count: int = 1000) -> dict:
    """Every gate's figure, and whether it holds."""
    items = problems.items("test", seed, count)
    result: dict = {"seed": seed, "problems": count, "temperature": temperature}
    for name, network in models.items():
        result[name] = {"parameters": network.parameter_count(),
                        **figures(network, encoder, items if name != "target" else items[:BEAM_PROBLEMS], temperature)}
        print(name, json.dumps(result[name]), flush=True)
    score = step_function(calibration)
    for name, most in (("draft", 400), ("target", 250)):
        sets = sibling_sets(models[name], models["prm"], encoder, items, temperature, seed, most)
        result[f"siblings_{name}"] = {"raw": sibling_figures(sets), "calibrated": sibling_figures(sets, score)}
        print(f"siblings of the {name}", json.dumps(result[f"siblings_{name}"]), flush=True)
    file = folder.parent / "Training/runs/fresh.jsonl"
    file.write_text("".join(json.dumps({"id": f"fresh-{i}", "problem": item.text, "answer": str(item.answer)}) + "\n"
                            for i, item in enumerate(items[:BEAM_PROBLEMS])))
    result["beam"] = engine_json(binary, "bench", "--models", str(folder), "--methods", "ar", "--problems", str(file),
                                 "--limit", str(BEAM_PROBLEMS), "--json")
    result["cost"] = engine_json(binary, "bench", "--engine", "--models", str(folder), "--json")
    result["agreement"] = agreement(binary, folder, encoder, models, items[:50])
    result["gates"] = verdicts(result)
    return result


def verdicts(r: dict) -> list[dict]:
    """Name, figure and verdict (None: not measured) of each gate."""
    gates = []

    def gate(name, figure, holds):
        gates.append({"gate": name, "figure": figure, "holds": holds})

    greedy, draft = r["target"]["greedy"], r["draft"]
    gate("target greedy 60 - 85 %", f"{greedy:.1%}", 0.60 <= greedy <= 0.85)
    gate("draft clearly weaker (10 points or more)", f"{draft['greedy']:.1%}", draft["greedy"] <= greedy - 0.10)
    gate("draft's steps right, greedy, 70 % or more", f"{draft['greedy_steps']:.1%}", draft["greedy_steps"] >= 0.70)
    gate("draft's steps right, sampled, 60 % or more", f"{draft['sampled_steps']:.1%}", draft["sampled_steps"] >= 0.60)
    for name in ("draft", "target"):
        s = r[f"siblings_{name}"]["calibrated"]
        gate(f"PRM top-1 on the {name}'s siblings 15 points above random",
             f"{s['top1']:.1%} against {s['random']:.1%} ({s['nodes']} nodes)", s["top1"] >= s["random"] + 0.15)
        gate(f"PRM within-node AUC on the {name}'s siblings 0.9 or more", f"{s['auc']:.3f}", s["auc"] >= 0.9)
    beam = r.get("beam")
    if beam:
        method = beam["methods"][0]
        error = math.sqrt(method["accuracy"] * (1 - method["accuracy"]) / method["problems"] + greedy * (1 - greedy) / BEAM_PROBLEMS)
        gate("beam search with the PRM beats greedy by more than 2 standard errors",
             f"{method['accuracy']:.1%} against {greedy:.1%}, {(method['accuracy'] - greedy) / max(error, 1e-9):.1f} standard "
             f"errors ({method['problems']} problems)", method["accuracy"] - greedy > 2 * error)
    else:
        gate("beam search with the PRM beats greedy by more than 2 standard errors", "not measured", None)
    gate("(reported) the same search with a perfect scorer", f"{r['target']['perfect_beam']:.1%}", None)
    cost = r.get("cost")
    ms = {m["model"]: m["milliseconds"]["12"] for m in cost["models"]} if cost else {}
    gate("target 10x the draft's cost or more, at batch 12", f"{ms['target'] / ms['draft']:.1f}x" if ms else "not measured",
         ms["target"] >= 10 * ms["draft"] if ms else None)
    gate("PRM a quarter of the target's cost or less, at batch 12", f"1/{ms['target'] / ms['prm']:.1f}" if ms else "not measured",
         ms["prm"] <= ms["target"] / 4 if ms else None)
    a = r.get("agreement")
    gate("llama.cpp agrees token by token and, at F16, text by text", json.dumps(a) if a else "not measured",
         a["texts_equal"] == a["texts"] and all(v["equal"] == v["prompts"] for v in a.values() if isinstance(v, dict))
         if a else None)
    return gates
