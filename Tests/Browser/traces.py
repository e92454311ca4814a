"""Made-up traces with the text of real models: numbered steps of some hundred tokens with Markdown and LaTeX."""

import json
import random

# What instruction-tuned models of the Qwen2.5 family write about grade-school problems, step by step.
STEPS = [
    "To determine how much Janet makes every day at the farmers' market, we need to follow these steps:\n\n"
    "1. **Calculate the number of eggs laid per day:**\n   Janet's ducks lay 16 eggs per day.\n"
    "2. **Subtract the eggs she eats:**\n   She eats 3 eggs for breakfast: \\(16 - 3 = 13\\).\n\n",
    "### Step 2: Eggs used for baking\n\nShe bakes muffins with **four** eggs. The eggs that remain are\n"
    "\\[\n16 - 3 - 4 = 9 \\text{ eggs}\n\\]\nso that $9$ eggs are left to sell, at $2 per egg.\n\n",
    "3. **Calculate the revenue:**\n   \\[\n   \\text{Revenue} = 9 \\times \\$2 = \\$18\n   \\]\n"
    "   - price of one egg: `2` dollars\n   - eggs sold: \\(\\frac{18}{2} = 9\\)\n\n",
    "Let's check this with a table:\n\n| use | eggs | left |\n|:----|----:|----:|\n| laid | 16 | 16 |\n| breakfast | 3 | 13 |\n"
    "| muffins | 4 | 9 |\n\nThe last column agrees with \\(16 - 3 - 4 = 9\\), which is what was wanted.\n\n",
    "We can write it as a system of equations and solve it:\n$$\\begin{aligned}\nx &= 16 - 3 - 4 \\\\\n  &= 9, \\\\\n"
    "y &= 2x = 18.\n\\end{aligned}$$\nHere $x$ is the number of eggs sold and $y$ the number of dollars earned.\n\n",
    "The same in Python:\n```python\nlaid, eaten, baked = 16, 3, 4\nsold = laid - eaten - baked\nprint(sold * 2)  # 18\n```\n"
    "which prints `18`, *exactly* what the equation above gives when the price is $2 for each egg that is sold.\n\n",
]
LAST = "Therefore, Janet makes \\(\\boxed{18}\\) dollars every day at the farmers' market."
PROBLEM = (
    "Janet's ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes muffins for her friends "
    "every day with four. She sells the remainder at the farmers' market daily for $2 per fresh duck egg. How much in "
    "dollars does she make every day at the farmers' market?"
)


def usage(**tokens):
    return {"models": {role: {"evaluatedTokens": count, "outputTokens": count, "decodes": 1, "seconds": count / 500,
                              "prefillTokens": 0, "acceptedTokens": 0, "proposedTokens": 0, "retokenizedTokens": 0}
                       for role, count in tokens.items()}}


def realistic(depth=6, drafts=6, beams=2, words=60, last=LAST, answer="18", problem=PROBLEM):
    """A beam search of `depth` steps: `drafts` for each beam, some rejected, every sixth generated again by the target."""
    chance = random.Random(1)
    configuration = {
        "beams": beams, "correction": "fill", "depth": 50, "draft_factor": 2, "estimator": "max",
        "extra_thought": "when-correcting", "judge": "prm", "keep_beam_full": False, "lookahead": 0, "margin": 0,
        "method": "specsearch", "search": "beam", "seed": 0, "statistics": "union", "theta": 0.9, "width": drafts,
    }
    events = [{"type": "started", "version": 2, "problem": {"id": "problem", "text": problem}, "aggregation": "last",
               "configuration": configuration, "maximumDepth": 50, "models": "qwen2.5", "answerMarker": "\\boxed{",
               "sampling": {"maximumTokens": 300, "minP": 0, "temperature": 0.8, "topK": 0, "topP": 1}}]
    beam, count = [0], 1
    scores = {}
    for level in range(depth):
        made = []
        for parent in beam:
            nodes = list(range(count, count + drafts))
            for number, node in enumerate(nodes):
                text = STEPS[(level + (number % 3 == 2)) % len(STEPS)]
                filler = " ".join(f"Check {number}.{word}: {word} + {number} = {word + number}." for word in range(words // 9))
                text = last if level == depth - 1 and number == drafts - 1 else f"{text.rstrip()} {filler}\n\n"
                is_target = number % 6 == 5
                events.append({"type": "generated" if is_target else "drafted", "node": node, "parent": parent,
                               "depth": level + 1, "samples": 1 + (number == 0), "text": text, "sampleIndex": number,
                               "tokens": list(range(len(text) // 4)), "source": "target" if is_target else "draft",
                               "logProbability": -9.5, "stop": "delimiter"})
                scores[node] = round(chance.uniform(0.9, 1) if number == drafts - 1 else chance.uniform(0.1, 0.9), 4)
            count += drafts
            events.append({"type": "sampled", "role": "draft", "phase": "draft", "depth": level, "parents": [parent],
                           "identities": [parent], "samples": [nodes], "usage": usage(draft=60 * drafts), "seconds": 0.1 * drafts})
            events.append({"type": "scored", "depth": level, "nodes": nodes, "seconds": 0.2, "usage": usage(prm=200),
                           "scores": [scores[node] for node in nodes]})
            draft = [node for node in nodes if (node - nodes[0]) % 6 != 5]
            for state, part in (("accepted", [node for node in draft if scores[node] >= 0.5]),
                                ("rejected", [node for node in draft if scores[node] < 0.5]),
                                ("corrected", [node for node in nodes if node not in draft])):
                if part:
                    events.append({"type": state, "parent": parent, "nodes": part, "threshold": 0.5})
            events.append({"type": "threshold", "depth": level + 1, "threshold": 0.5})
            made += nodes
        beam = sorted(sorted(made, key=lambda node: -scores[node])[:beams])
        events.append({"type": "selected", "depth": level, "nodes": beam})
    best = max(made[drafts - 1 :: drafts], key=lambda node: scores[node])
    end = {"answer": answer, "node": best, "score": scores[best]}
    events.append({"type": "finished", "answer": answer, "best": end, "paths": [end], "vote": answer, "depths": [],
                   "acceptance": {"judged": count - 1, "kept": (count - 1) // 2, "corrections": depth, "unique": count - 1},
                   "seconds": 12.5, "end": "finished", "isFinished": True, "phases": {"draft": 10.0},
                   "usage": usage(draft=1000)})
    return "\n".join(map(json.dumps, events)) + "\n"
