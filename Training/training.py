"""The optimiser, the training loop with checkpoints, and figures by teacher forcing."""
from __future__ import annotations

import json
import time
from pathlib import Path

import torch
import torch.nn.functional as F

import model as lm
import problems
from tokens import Encoder, batches, pad


class Muon(torch.optim.Optimizer):
    """Momentum orthogonalised by Newton-Schulz (Jordan et al. 2024), for the matrices of the layers."""

    def __init__(self, parameters, lr=0.02, momentum=0.95):
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                buffer = self.state[p].setdefault("momentum", torch.zeros_like(p))
                buffer.lerp_(p.grad, 1 - group["momentum"])
                x = p.grad.lerp(buffer, group["momentum"])
                transposed = x.shape[0] > x.shape[1]
                x = x.T if transposed else x
                x = x / (x.norm() + 1e-7)
                for _ in range(5):
                    a = x @ x.T
                    x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
                x = x.T if transposed else x
                p.add_(x, alpha=-group["lr"] * max(1, p.shape[0] / p.shape[1]) ** 0.5)


@torch.no_grad()
def figures(network: lm.LanguageModel, encoder: Encoder, items, temperature: float = 1.0, batch: int = 32) -> dict:
    """What sampling would find, without sampling: only one text of a step is right, so arg-maxes and probabilities
    along the right solution say it all.

    `greedy`: problems solved at temperature 0; `greedy_steps`, `sampled_steps`: steps right after a right prefix at
    temperature 0 and at `temperature`; `perfect_beam`: problems solved by a beam search of width 6 with a perfect scorer.
    """
    network.eval()
    device = network.embedding.weight.device
    solved, steps_right, steps_sampled, steps_all, perfect = 0, 0, 0.0, 0, 0.0
    encoded = encoder.encode(items)
    for begin in range(0, len(encoded), batch):
        group = encoded[begin: begin + batch]
        ids, _ = pad(group)
        logits = network(ids.to(device)).float().cpu()
        best = logits.argmax(-1)
        logs = (logits / temperature).log_softmax(-1)
        for row, (prompt, steps) in enumerate(group):
            place, all_right, product = len(prompt), True, 1.0
            for step in steps:
                span = slice(place - 1, place - 1 + len(step))
                right = best[row, span].tolist() == step
                p = logs[row, span].gather(-1, torch.tensor(step)[:, None]).sum().exp().item()
                steps_right += right
                steps_sampled += p
                product *= 1 - (1 - min(p, 1.0)) ** 6
                all_right &= right
                steps_all += 1
                place += len(step)
            solved += all_right
            perfect += product
    network.train()
    return {
        "greedy": solved / len(items), "greedy_steps": steps_right / steps_all,
        "sampled_steps": steps_sampled / steps_all, "perfect_beam": perfect / len(items),
    }


def train(name: str, network: lm.LanguageModel, encoder: Encoder, folder: Path, seed: int, minutes: float,
          batch_tokens: int = 3000, muon_lr: float = 0.02, adam_lr: float = 4e-3, curriculum_tokens: float = 2e6,
          stop: float | None = None, keep: float | None = None, band: tuple[float, float] | None = None,
          validate_every: float = 120, device: str = "cpu", compiled: bool = False):
    """Trains on a schedule of `minutes` of its own running time, counted over interruptions; resumes from its last
    checkpoint, and leaves the model in `{name}.pt`.

    stop: ends after so many minutes, the schedule unfinished. keep: the first validation after so many minutes also
    leaves `{name}.middle.pt`. band: of greedy accuracy on validation structures; `{name}.pt` is the last state inside it, and training ends above it.
    """
    state_path, log_path = folder / f"{name}.state.pt", folder / f"{name}.log.jsonl"
    network.to(device)
    matrices = [p for n, p in network.named_parameters() if p.dim() == 2 and n.startswith("layers")]
    others = [p for n, p in network.named_parameters() if not (p.dim() == 2 and n.startswith("layers"))]
    optimisers = [Muon(matrices, lr=muon_lr), torch.optim.AdamW(others, lr=adam_lr, betas=(0.9, 0.98), weight_decay=0)]
    seen, elapsed, rounds, done, was_inside = 0, 0.0, 0, False, False
    if state_path.exists():
        stored = torch.load(state_path, map_location=device, weights_only=True)
        network.load_state_dict(stored["state"])
        for optimiser, state in zip(optimisers, stored["optimisers"]):
            optimiser.load_state_dict(state)
        seen, elapsed, rounds, done = (stored[k] for k in ("seen", "elapsed", "rounds", "done"))
        was_inside = stored.get("was_inside", False)
    if done:
        return network.cpu()

    items = problems.items("validation", 1, 200)
    longest = lambda: 9 if seen > curriculum_tokens else 4 + int(5 * seen / max(curriculum_tokens, 1))
    source = batches(encoder, seed * 1000 + rounds, batch_tokens, longest)
    run = torch.compile(network, dynamic=True) if compiled else network
    clock, checked, losses = time.monotonic(), time.monotonic(), []
    while not done:
        ids, targets = next(source)
        autocast = torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda")
        with autocast:
            loss = F.cross_entropy(run(ids.to(device)).flatten(0, 1).float(), targets.to(device).flatten(), ignore_index=-100)
        loss.backward()
        share = min(1.0, elapsed / (60 * minutes))
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                base = group.setdefault("base", group["lr"])
                # Warm up for 20 s of running time, hold, and fall linearly over the last 60 %.
                group["lr"] = base * min(1.0, (elapsed + 1) / 20, (1.02 - share) / 0.6)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        now = time.monotonic()
        elapsed, clock = elapsed + now - clock, now
        seen += ids.numel()
        losses.append(loss.item())
        done = elapsed >= 60 * (stop or minutes)
        if done or now - checked > validate_every:
            result = figures(network, encoder, items)
            line = {"name": name, "minutes": round(elapsed / 60, 1), "tokens": seen,
                    "loss": round(sum(losses) / len(losses), 4), **{k: round(v, 4) for k, v in result.items()}}
            print(json.dumps(line), flush=True)
            with log_path.open("a") as log:
                log.write(json.dumps(line) + "\n")
            losses, rounds = [], rounds + 1
            # With a band, what is kept is the last state inside it.
            inside = band is None or band[0] <= result["greedy"] <= band[1]
            was_inside |= inside
            done |= band is not None and was_inside and result["greedy"] > band[1]
            temporary = state_path.with_suffix(".new")
            torch.save({"state": network.state_dict(), "optimisers": [o.state_dict() for o in optimisers], "seen": seen,
                        "elapsed": elapsed, "rounds": rounds, "done": done, "was_inside": was_inside}, temporary)
            temporary.rename(state_path)
            if inside or not was_inside:
                lm.save(folder / f"{name}.pt", network, tokens=seen, minutes=elapsed / 60, figures=result)
            middle = folder / f"{name}.middle.pt"
            if keep is not None and elapsed >= 60 * keep and not middle.exists():
                lm.save(middle, network, tokens=seen, minutes=elapsed / 60, figures=result)
            source = batches(encoder, seed * 1000 + rounds, batch_tokens, longest)
            checked = clock = time.monotonic()
    return network.cpu()
