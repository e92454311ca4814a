#!/usr/bin/env python3
"""Counts the instructions of each hot path with Valgrind, and compares them with instructions.json.

Counts do not depend on the machine's speed or load: Valgrind runs the AVX2 kernels on any x86-64 processor. A path that
needs a tenth more than it did fails, and so does a kernel that is no longer several times as cheap as a plain loop.

    Benchmarks/check.py            # compare
    Benchmarks/check.py --record   # after a change that is worth its instructions
"""
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
RECORD = HERE / "instructions.json"
TOLERANCE = 1.10
#: (path, other path, the most that path / other path may be)
RATIOS = [
    ("softmax 151936", "scalar softmax 151936", 0.25),
    ("residual 151936", "softmax 151936", 0.6),
    ("draw 151936", "softmax 151936", 0.6),
]


def instructions(program, name, count):
    command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", program, name, str(count)]
    result = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"SWIFT_DETERMINISTIC_HASHING": "1"})
    found = re.search(r"I\s+refs:\s+([\d,]+)", result.stderr)
    if result.returncode == 0 and found:
        return int(found.group(1).replace(",", ""))
    sys.exit(f"{' '.join(map(str, command))} failed:\n{result.stderr[:2000]}")


def cost(program, name):
    """Instructions each time: from a difference, which leaves out the program's start, and is large beside its noise."""
    few = 4
    while True:
        difference = instructions(program, name, 3 * few) - instructions(program, name, few)
        if difference > 50e6:
            return difference / (2 * few)
        few *= max(4, min(1000, round(60e6 / max(difference, 1))))


def main():
    build = ["swift", "build", "-c", "release", "--package-path", str(HERE), "--product", "hotpath"]
    subprocess.run(build, check=True, stdout=sys.stderr)
    folder = subprocess.run(build + ["--show-bin-path"], check=True, capture_output=True, text=True).stdout.strip()
    program = pathlib.Path(folder) / "hotpath"
    names = subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()
    counts = {}
    for name in names:
        counts[name] = cost(program, name)
        print(f"{name:24} {counts[name]:14,.0f}", flush=True)
    if "--record" in sys.argv:
        RECORD.write_text(json.dumps({name: round(count) for name, count in counts.items()}, indent=1) + "\n")
        return
    recorded = json.loads(RECORD.read_text())
    complaints = [
        f"{name}: {count:,.0f} instructions, {count / recorded[name]:.2f} times what it took"
        for name, count in counts.items()
        if name in recorded and count > TOLERANCE * recorded[name]
    ] + [
        f"{path}: {counts[path] / counts[other]:.2f} times {other}, at most {limit}"
        for path, other, limit in RATIOS
        if counts[path] > limit * counts[other]
    ]
    complaints += [f"{name}: not in {RECORD.name}: record it" for name in counts if name not in recorded]
    if complaints:
        sys.exit("\n".join(complaints))


main()
