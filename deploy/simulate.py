#!/usr/bin/env python3
"""Where the first bottleneck of a large cluster is: searches over servers with continuous batching, event by event.

A server decodes all of its sequences together: a pass takes `base + per_sequence * n` seconds and gives each of its n
sequences one token, up to `slots` of them; more wait in its queue. A prompt's new tokens are prefilled at `prefill`
tokens per second, prefixes being cached. A search is a chain of steps as SpecSearch makes them: all drafts of a step at
once, their scores, the corrections that the large model writes, and their scores. Each call costs the coordinator
`coordinator` seconds on one of `cores` cores. With `--overlap` a search drafts the next step of as many beams as kept drafts fill, while
the target still corrects; with the probability `--foresight` a node is one that goes on, else its drafts are dropped. Every figure is an assumption that can be set; none was measured on GPUs.
"""

import argparse
import collections
import heapq
import json
import random


class Server:
    """Sequences in step; their progress is one clock of tokens."""

    def __init__(self, base, per_sequence, slots, prefill):
        self.base, self.per_sequence, self.slots, self.prefill = base, per_sequence, slots, prefill
        self.active, self.queue = [], collections.deque()
        self.clock = self.time = self.busy = 0.0
        self.load = self.longest_queue = self.version = self.count = 0

    def rate(self):
        return 1 / (self.base + self.per_sequence * len(self.active))

    def advance(self, now):
        if self.active:
            self.clock += (now - self.time) * self.rate()
            self.busy += (now - self.time) * min(1, len(self.active) / self.slots)
        self.time = now

    def add(self, now, tokens, done):
        self.advance(now)
        self.load += 1
        self.queue.append((tokens, done))
        self.longest_queue = max(self.longest_queue, len(self.queue))
        self.fill()

    def fill(self):
        while self.queue and len(self.active) < self.slots:
            tokens, done = self.queue.popleft()
            self.count += 1
            heapq.heappush(self.active, (self.clock + tokens, self.count, done))
        self.version += 1

    def next(self):
        return self.time + max(0, self.active[0][0] - self.clock) / self.rate() if self.active else None

    def finish(self, now):
        self.advance(now)
        done = []
        while self.active and self.active[0][0] <= self.clock + 1e-6:
            done.append(heapq.heappop(self.active)[2])
        self.load -= len(done)
        self.fill()
        return done


class Join:
    """Does something once all that was added is over."""

    def __init__(self, then):
        self.then, self.left = then, 1

    def add(self):
        self.left += 1
        return self.close

    def close(self):
        self.left -= 1
        if self.left == 0:
            self.then()


class Ahead:
    """Drafts that were begun before they were asked for; `count` of them will be."""

    def __init__(self, count):
        self.count, self.over, self.then = count, False, None

    def end(self):
        self.over = True
        if self.then:
            self.then()

    def when_over(self, then):
        if self.over:
            then()
        else:
            self.then = then


def simulate(options):
    draw = random.Random(options.seed)
    target_count = int(options.gpus * options.target_share / options.target_gpus)
    prm_count = int(options.gpus * options.prm_share)
    draft_count = options.gpus - target_count * options.target_gpus - prm_count
    pools = {
        "draft": [Server(0.008, 0.00002, 256, 60_000) for _ in range(draft_count)],
        "target": [Server(0.022, 0.00006, 128, 12_000) for _ in range(target_count)],
        # A score is a prefill of the step and one pass.
        "prm": [Server(0.010, 0.00010, 256, 60_000) for _ in range(prm_count)],
    }
    events, serial = [], 0
    now = 0.0
    cores = [0.0] * options.cores
    coordinator_busy = 0.0
    finished, latencies, calls = 0, [], 0

    def at(time, what):
        nonlocal serial
        serial += 1
        heapq.heappush(events, (time, serial, what))

    def submit(role, search, sequences, tokens, then):
        """Sends sequences of one call to the search's server of the role, after the coordinator's own work."""
        nonlocal coordinator_busy, calls
        calls += 1
        free = heapq.heappop(cores)
        begin = max(now, free)
        heapq.heappush(cores, begin + options.coordinator)
        coordinator_busy += options.coordinator
        pool = pools[role]
        # Affinity, unless the preferred server is much fuller than another one that is looked at.
        preferred, other = pool[search * 2654435761 % 4294967291 % len(pool)], pool[draw.randrange(len(pool))]
        server = other if preferred.load > 2 * other.load + server_slack(preferred) else preferred
        left = [sequences]

        def done():
            left[0] -= 1
            if left[0] == 0:
                then()

        def arrive():
            for _ in range(sequences):
                server.add(now, max(1, draw.gauss(tokens, tokens / 4)), done)
            plan(server)

        at(begin + options.coordinator + options.network, arrive)

    def server_slack(server):
        return server.slots // 2

    def plan(server):
        when = server.next()
        if when is not None:
            version = server.version
            at(when, lambda: settle(server) if server.version == version else None)

    def settle(server):
        for done in server.finish(now):
            done()
        plan(server)

    def search(identity):
        begin = now
        steps = max(2, round(draw.gauss(options.steps, 2)))
        nodes, width = options.beams, options.width

        def step(depth, begun=None):
            # `begun`: the drafts of this step that were written already, or are under way.
            nonlocal finished
            if depth == steps:
                finished += 1
                latencies.append(now - begin)
                return
            if depth == 0:
                submit("target", identity, width, options.tokens,
                       lambda: submit("prm", identity, width, 1, lambda: step(1)))
                return
            kept = sum(draw.random() < options.acceptance for _ in range(nodes * width))
            wanted = nodes * width - kept

            def correct():
                if wanted == 0:
                    return step(depth + 1)
                ahead = Ahead(0)
                if options.overlap and depth + 1 < steps:
                    # As many of the beams as kept drafts fill.
                    nodes_ahead = min(nodes, kept)
                    right = sum(draw.random() < options.foresight for _ in range(nodes_ahead))
                    ahead = Ahead(2 * width * right)
                    if nodes_ahead:
                        submit("draft", identity, 2 * width * nodes_ahead, options.tokens, ahead.end)
                    else:
                        ahead.end()
                submit("target", identity, wanted + nodes, options.tokens,
                       lambda: submit("prm", identity, wanted + nodes, 1, lambda: step(depth + 1, ahead)))

            drafts = 2 * nodes * width
            score = Join(lambda: submit("prm", identity, drafts, 1, correct))
            if begun and begun.count:
                begun.when_over(score.add())
            if drafts > (begun.count if begun else 0):
                submit("draft", identity, drafts - (begun.count if begun else 0), options.tokens, score.add())
            score.close()

        step(0)

    for identity in range(options.searches):
        at(draw.random() * options.ramp, lambda identity=identity: search(identity))
    while events:
        now, _, what = heapq.heappop(events)
        what()
    latencies.sort()
    report = {
        "searches": finished,
        "gpus": {"target": target_count * options.target_gpus, "draft": draft_count, "prm": prm_count},
        "seconds": round(now, 1),
        "latency": {"median": round(latencies[len(latencies) // 2], 1), "p95": round(latencies[int(len(latencies) * 0.95)], 1)},
        "calls": calls,
        "callsPerSecond": round(calls / now),
        "utilisation": {
            **{role: round(sum(s.busy for s in pool) / (len(pool) * now), 3) for role, pool in pools.items()},
            "coordinator": round(coordinator_busy / (options.cores * now), 3),
        },
        "longestQueue": {role: max(s.longest_queue for s in pool) for role, pool in pools.items()},
    }
    report["bottleneck"] = max(report["utilisation"], key=report["utilisation"].get)
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--searches", type=int, default=10_000)
    parser.add_argument("--gpus", type=int, default=1_000)
    parser.add_argument("--target-gpus", type=int, default=4, help="GPUs of one target replica")
    parser.add_argument("--target-share", type=float, default=0.72, help="share of the GPUs for the target")
    parser.add_argument("--prm-share", type=float, default=0.14)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--beams", type=int, default=2)
    parser.add_argument("--width", type=int, default=6)
    parser.add_argument("--tokens", type=float, default=60, help="tokens of a step")
    parser.add_argument("--acceptance", type=float, default=0.5, help="slots that kept drafts fill")
    parser.add_argument("--coordinator", type=float, default=0.0005, help="seconds of coordinator work per call")
    parser.add_argument("--cores", type=int, default=16)
    parser.add_argument("--network", type=float, default=0.001)
    parser.add_argument("--ramp", type=float, default=10, help="seconds in which the searches begin")
    parser.add_argument("--overlap", action="store_true", help="draft the next step while the target corrects")
    parser.add_argument("--foresight", type=float, default=0.7, help="nodes begun ahead that are asked for")
    parser.add_argument("--seed", type=int, default=1)
    print(json.dumps(simulate(parser.parse_args()), indent=1))


if __name__ == "__main__":
    main()
