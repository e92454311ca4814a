"""Trains a reward head on hidden states that `specsearch sample` wrote, and measures it on problems that it has not seen.

    python3 Training/reward/train.py work/draft.jsonl work/target.jsonl --output work/head

A step's label is whether the solution that it stands in came to the right answer: that solution is one Monte-Carlo
continuation of each of its prefixes, so the head learns the probability of success from a prefix (Math-Shepherd,
2312.08935, with one continuation a step). Problems are split, never solutions. Needs numpy and scikit-learn.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import struct

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TEST_SHARE = 5  # Every fifth problem, by its checksum, is not trained on.
COSTS = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3)


def solutions(files):
    """Yields (problem, states, is_right) of every solution."""
    for file in files:
        for line in file.read_text().splitlines():
            record = json.loads(line)["record"]
            for solution in record["solutions"]:
                states = [np.frombuffer(base64.b64decode(s), dtype="<f4") for s in solution.get("states") or []]
                if states and all(len(s) for s in states):
                    yield record["id"], np.stack(states), solution["isRight"]


def is_test(problem):
    return int(hashlib.sha256(problem.encode()).hexdigest(), 16) % TEST_SHARE == 0


def steps(rows):
    """All steps of solutions, each solution weighing as much as another."""
    x = np.concatenate([states for _, states, _ in rows])
    y = np.concatenate([np.full(len(states), right) for _, states, right in rows])
    weight = np.concatenate([np.full(len(states), 1 / len(states)) for _, states, _ in rows])
    return x, y, weight


def fit_linear(rows, cost):
    x, y, weight = steps(rows)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=cost, max_iter=2000))
    model.fit(x, y, logisticregression__sample_weight=weight)
    return model


def fit_mlp(rows, width, decay):
    x, y, _ = steps(rows)
    model = make_pipeline(
        StandardScaler(),
        MLPClassifier((width,), alpha=decay, early_stopping=True, max_iter=60, random_state=1, learning_rate_init=3e-4),
    )
    model.fit(x, y)
    return model


def last_scores(model, rows):
    return model.predict_proba(np.stack([states[-1] for _, states, _ in rows]))[:, 1]


def auc(labels, scores):
    return roc_auc_score(labels, scores) if 0 < sum(labels) < len(labels) else float("nan")


def bootstrap(rows, statistic, rounds=1000):
    """A 95 % interval by resampling problems."""
    by_problem = {}
    for index, (problem, _, _) in enumerate(rows):
        by_problem.setdefault(problem, []).append(index)
    groups = list(by_problem.values())
    generator = np.random.default_rng(1)
    values = []
    for _ in range(rounds):
        chosen = [i for g in generator.integers(len(groups), size=len(groups)) for i in groups[g]]
        values.append(statistic(np.array(chosen)))
    return np.nanpercentile(values, [2.5, 97.5])


def best_of_n(rows, scores):
    """The shares of problems whose best by score, whose random, and of which any solution is right."""
    by_problem = {}
    for (problem, _, right), score in zip(rows, scores):
        by_problem.setdefault(problem, []).append((score, right))
    groups = [g for g in by_problem.values() if len(g) > 1]
    return tuple(
        float(np.mean(values)) if values else float("nan")
        for values in ([max(g)[1] for g in groups], [np.mean([r for _, r in g]) for g in groups],
                       [any(r for _, r in g) for g in groups])
    )


def within(rows, scores):
    """The AUC among solutions of one problem, over all pairs of a right and a wrong one."""
    by_problem = {}
    for (problem, _, right), score in zip(rows, scores):
        by_problem.setdefault(problem, ([], []))[right].append(score)
    wins = [float(a > b) + 0.5 * (a == b) for wrong, good in by_problem.values() for a in good for b in wrong]
    return float(np.mean(wins)) if wins else float("nan")


def report(name, model, rows):
    scores = last_scores(model, rows)
    labels = np.array([right for _, _, right in rows])
    low, high = bootstrap(rows, lambda i: auc(labels[i], scores[i]))
    best, mean, ceiling = best_of_n(rows, scores)
    figures = {
        "model": name, "solutions": len(rows), "problems": len({p for p, _, _ in rows}),
        "auc": round(auc(labels, scores), 4), "auc_interval": [round(low, 4), round(high, 4)],
        "auc_within_problems": round(within(rows, scores), 4),
        "best_by_score": round(best, 4), "random": round(mean, 4), "any": round(ceiling, 4),
    }
    print(json.dumps(figures))
    return figures


def layers(model):
    """The head's linear layers with the scaling folded into the first, and how many outputs speak."""
    scaler, classifier = model[0], model[-1]
    if isinstance(classifier, LogisticRegression):
        pairs = [(classifier.coef_, classifier.intercept_)]
    else:
        pairs = [(w.T, b) for w, b in zip(classifier.coefs_, classifier.intercepts_)]
    weight, bias = pairs[0]
    pairs[0] = (weight / scaler.scale_, bias - weight @ (scaler.mean_ / scaler.scale_))
    return pairs


def export(model, output, template):
    output.mkdir(parents=True, exist_ok=True)
    header, body = {}, b""
    names = []
    for index, (weight, bias) in enumerate(layers(model)):
        names.append(f"layer{index}")
        for kind, tensor in (("weight", weight), ("bias", bias)):
            data = np.ascontiguousarray(tensor, dtype="<f4").tobytes()
            header[f"layer{index}.{kind}"] = {
                "dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(body), len(body) + len(data)]}
            body += data
    text = json.dumps(header).encode()
    (output / "head.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)
    description = {
        "kind": "head", "template": template, "position": "beforeLastToken", "aggregation": "last",
        "head": {"file": "head.safetensors", "layers": names},
    }
    (output / "head.json").write_text(json.dumps(description, indent=1) + "\n")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("files", nargs="+", type=pathlib.Path)
    arguments.add_argument("--output", type=pathlib.Path)
    arguments.add_argument("--template", default="gguf", help="the prompt that the solutions were sampled with")
    options = arguments.parse_args()
    rows = list(solutions(options.files))
    train = [row for row in rows if not is_test(row[0])]
    test = [row for row in rows if is_test(row[0])]
    print(json.dumps({"train": len(train), "test": len(test), "right": round(np.mean([r for _, _, r in rows]), 4)}))
    # The strength of the penalty is chosen within the training problems.
    inner = [row for row in train if int(hashlib.sha256(row[0].encode()).hexdigest(), 16) // TEST_SHARE % 4 > 0]
    chosen = {id(row) for row in inner}
    outer = [row for row in train if id(row) not in chosen]
    labels = [right for _, _, right in outer]
    tried = {c: auc(labels, last_scores(fit_linear(inner, c), outer)) for c in COSTS}
    cost = max(tried, key=tried.get)
    print(json.dumps({"costs": {str(c): round(a, 4) for c, a in tried.items()}}))
    # The learning curve: how much more data would be worth.
    problems = sorted({p for p, _, _ in train}, key=lambda p: hashlib.sha256(p.encode()).hexdigest())
    curve = []
    for share in (0.25, 0.5, 1):
        known = set(problems[: int(len(problems) * share)])
        curve.append(report(f"linear, {share:.0%}", fit_linear([r for r in train if r[0] in known], cost), test))
    models = {"linear": fit_linear(train, cost)}
    for decay in (1.0, 10.0):
        models[f"mlp 32, {decay}"] = fit_mlp(train, 32, decay)
        curve.append(report(f"mlp 32, {decay}", models[f"mlp 32, {decay}"], test))
    if options.output:
        export(models["linear"], options.output, options.template)
        (options.output / "figures.json").write_text(json.dumps(curve, indent=1) + "\n")


if __name__ == "__main__":
    main()
