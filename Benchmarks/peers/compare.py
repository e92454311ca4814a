#!/usr/bin/env python3
"""SpecSearch against what people run instead, on the same models, machine and problems, in one run.

Self-consistency of N chains by the target: llama-server driven from Python as search frameworks drive a server (N requests at
once, the vote taken here), the same with its own token-level speculation, and `specsearch serve`, which searches and votes by
itself. Every problem is solved by all of them before the next one, in rotating order. Each result is on disk before the next
begins: stop at any time, and go on with the same command.

    pip install openai
    python3 Benchmarks/peers/compare.py --specsearch .build/release/specsearch --llama-server "$(Scripts/bootstrap.sh --server)" \\
        --models qwen2.5-coder --dataset gsm8k_test.jsonl --limit 20 --output peers.jsonl
"""

import argparse
import concurrent.futures
import json
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter

import openai


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server process, ready to answer."""

    def __init__(self, command, log):
        self.port = free_port()
        self.log = open(log, "w")
        self.process = subprocess.Popen([*map(str, command), "--port", str(self.port)], stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 300
        while True:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                sys.exit(f"{command[0]} did not start: its log is {log}.")
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5)
                break
            except OSError:
                time.sleep(0.5)
        self.client = openai.OpenAI(base_url=f"http://127.0.0.1:{self.port}/v1", api_key="none", timeout=3600, max_retries=0)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()


def answer(text):
    """The last boxed value, else the last number, as a number where it is one."""
    boxed = re.findall(r"\\boxed\{([^{}]*)\}", text)
    numbers = re.findall(r"-?\d[\d,]*(?:\.\d+)?", boxed[-1] if boxed else text)
    return numbers[-1].replace(",", "").rstrip(".").removesuffix(".00") if numbers else None


def chains(client, problem, arguments):
    """N requests at once, and the majority of their answers."""

    def one(number):
        return client.chat.completions.create(
            model="model", messages=[{"role": "user", "content": problem}], temperature=arguments.temperature,
            top_p=arguments.top_p, max_tokens=arguments.max_tokens, seed=number,
            extra_body={"top_k": arguments.top_k, "min_p": 0, "cache_prompt": True})

    with concurrent.futures.ThreadPoolExecutor(arguments.chains) as pool:
        done = list(pool.map(one, range(arguments.chains)))
    answers = [answer(reply.choices[0].message.content or "") for reply in done]
    counts = Counter(value for value in answers if value is not None)
    tokens = sum(reply.usage.completion_tokens for reply in done)
    return (counts.most_common(1)[0][0] if counts else None), tokens


def searched(client, problem, arguments):
    """One request, whose server searches and votes."""
    reply = client.chat.completions.create(
        model=arguments.models, messages=[{"role": "user", "content": problem}], temperature=arguments.temperature,
        top_p=arguments.top_p,
        extra_body={"specsearch": {
            "search": "self-consistency", "method": arguments.method, "beams": 1, "width": arguments.chains,
            "top_k": arguments.top_k}})
    found = (reply.model_extra or {}).get("specsearch") or {}
    text = found.get("answer") or reply.choices[0].message.content or ""
    return answer(text), reply.usage.completion_tokens


def interval(pairs, statistic, draws=10_000):
    """A 95 % bootstrap interval over problems, by a fixed seed."""
    source = random.Random(1)
    values = sorted(statistic([source.choice(pairs) for _ in pairs]) for _ in range(draws))
    return values[int(0.025 * draws)], values[int(0.975 * draws) - 1]


def summary(records, ours):
    names = list(dict.fromkeys(record["system"] for record in records))
    by = {(record["system"], record["problem"]): record for record in records}
    whole = [p for p in dict.fromkeys(r["problem"] for r in records) if all((name, p) in by for name in names)]
    lines = [f"{len(whole)} problems, paired.", "", "| system | right | seconds a problem | tokens a problem |",
             "| --- | ---: | ---: | ---: |"]
    for name in names:
        mine = [by[name, problem] for problem in whole]
        count = max(1, len(mine))
        lines.append(
            f"| {name} | {sum(r['right'] for r in mine)} of {len(mine)} | {sum(r['seconds'] for r in mine) / count:.1f} "
            f"| {sum(r['tokens'] for r in mine) / count:.0f} |")
    lines += ["", f"| time of … / {ours} | ratio | 95 % interval |", "| --- | ---: | ---: |"]
    for name in names:
        if name == ours or not whole:
            continue
        pairs = [(by[name, problem]["seconds"], by[ours, problem]["seconds"]) for problem in whole]

        def ratio(sample):
            return sum(a for a, _ in sample) / sum(b for _, b in sample)

        low, high = interval(pairs, ratio)
        lines.append(f"| {name} | {ratio(pairs):.2f} | {low:.2f} … {high:.2f} |")
    return "\n".join(lines)


def problems(arguments):
    rows = [json.loads(line) for line in open(arguments.dataset) if line.strip()]
    rows = [(row["question"], row["answer"].split("####")[-1].strip().replace(",", "")) for row in rows]
    return list(enumerate(random.Random(arguments.sample_seed).sample(rows, min(arguments.limit, len(rows)))))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--specsearch", required=True, help="the program")
    parser.add_argument("--llama-server", required=True, help="llama.cpp's server")
    parser.add_argument("--models", required=True, help="a set that was pulled, with target and draft")
    parser.add_argument("--dataset", required=True, help="GSM8K's test file, or another of its form")
    parser.add_argument("--output", required=True, help="the file that results are added to")
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--sample-seed", type=int, default=1)
    parser.add_argument("--chains", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--method", default="ar", help="specsearch's method")
    parser.add_argument("--temperature", type=float, default=0.7)
    parser.add_argument("--top-p", type=float, default=0.8)
    parser.add_argument("--top-k", type=int, default=20)
    parser.add_argument("--max-tokens", type=int, default=768, help="of a chain")
    parser.add_argument("--without-draft", action="store_true", help="leave llama-server's own speculation out")
    arguments = parser.parse_args()

    folder = subprocess.run(
        [arguments.specsearch, "models", "path", arguments.models], check=True, capture_output=True, text=True).stdout.strip()
    manifest = json.loads(pathlib.Path(folder, "manifest.json").read_text())
    target, draft = (str(pathlib.Path(folder, manifest[role])) for role in ("target", "draft"))
    output = pathlib.Path(arguments.output)
    records = [json.loads(line) for line in output.read_text().splitlines()] if output.exists() else []
    done = {(record["system"], record["problem"]) for record in records}
    context = 2048 * arguments.chains
    plain = [arguments.llama_server, "-m", target, "-np", arguments.chains, "-c", context, "-t", arguments.threads]
    ours = f"specsearch ({arguments.method})"
    systems = {
        "llama-server": (plain, chains),
        "llama-server, with draft": ([*plain, "-md", draft, "--spec-type", "draft-simple"], chains),
        ours: ([arguments.specsearch, "serve", "--models", arguments.models, "--threads", arguments.threads], searched),
    }
    if arguments.without_draft:
        del systems["llama-server, with draft"]
    chosen = problems(arguments)
    servers = {}
    # Whoever stops it by either signal wants the figures, and no servers left behind.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        for name, (command, _) in systems.items():
            if any((name, question) not in done for _, (question, _) in chosen):
                servers[name] = Server(command, f"{output}.{len(servers)}.log")
        for index, (question, gold) in chosen:
            names = list(systems)
            for name in names[index % len(names):] + names[:index % len(names)]:
                if (name, question) in done:
                    continue
                begin = time.monotonic()
                found, tokens = systems[name][1](servers[name].client, question, arguments)
                seconds = time.monotonic() - begin
                record = {"system": name, "problem": question, "seconds": seconds, "answer": found, "tokens": tokens,
                          "right": found is not None and float(found) == float(gold)}
                records.append(record)
                with output.open("a") as file:
                    file.write(json.dumps(record) + "\n")
                print(f"{index + 1} of {arguments.limit}: {name} {seconds:.1f} s, {found} for {gold}", file=sys.stderr)
    except KeyboardInterrupt:
        print("Stopped; the same command goes on.", file=sys.stderr)
    finally:
        for server in servers.values():
            server.stop()
    print(summary(records, ours))


if __name__ == "__main__":
    main()
