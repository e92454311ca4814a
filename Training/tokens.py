"""The byte-level tokenizer, and problems as token sequences."""
from __future__ import annotations

import random
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

import problems

END = "<|endoftext|>"
VOCABULARY = 512
# Qwen2's pre-tokenizer: digits one by one, words with the space before them, punctuation with the newlines after it.
QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train_tokenizer(path: Path) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(QWEN2), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    texts = [i.prompt + "".join(i.steps) for i in problems.items("train", 0, 4000)]
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=VOCABULARY, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=[END], show_progress=False))
    tokenizer.save(str(path))
    return tokenizer


class Encoder:
    def __init__(self, tokenizer: Tokenizer):
        self.tokenizer = tokenizer
        self.end = tokenizer.token_to_id(END)
        # Rows of the model are a multiple of 32 whatever the merges came to.
        self.vocabulary = (tokenizer.get_vocab_size() + 31) // 32 * 32

    def encode(self, items: list[problems.Item]):
        """(prompt ids, one list of ids a step) for each problem; the last step ends with the end-of-sequence id."""
        flat, counts = [], []
        for item in items:
            parts = [item.prompt, *item.steps]
            counts.append(len(parts))
            flat += parts
        ids = [e.ids for e in self.tokenizer.encode_batch(flat)]
        result, place = [], 0
        for count in counts:
            parts = ids[place:place + count]
            place += count
            result.append((parts[0], [*parts[1:-1], parts[-1] + [self.end]]))
        return result


def batches(encoder: Encoder, seed: int, tokens: int, longest_at, pool: int = 3000):
    """Endless (ids, targets) of about `tokens` tokens, problems of like length together; -100 marks what is not learnt.

    `longest_at()` is the curriculum: the most events of a problem at this moment.
    """
    rng = random.Random(seed)
    while True:
        items = problems.items("train", rng.randrange(1 << 40), pool, 3 if longest_at() < 9 else 5, longest_at())
        encoded = sorted(encoder.encode(items), key=lambda e: len(e[0]) + sum(map(len, e[1])))
        groups, group, longest = [], [], 0
        for prompt, steps in encoded:
            length = len(prompt) + sum(map(len, steps))
            if group and max(longest, length) * (len(group) + 1) > tokens:
                groups.append(group)
                group, longest = [], 0
            group.append((prompt, steps))
            longest = max(longest, length)
        rng.shuffle(groups)
        for group in groups:
            yield pad(group)


def pad(group):
    rows = [prompt + sum(steps, []) for prompt, steps in group]
    length = max(map(len, rows))
    ids = torch.zeros(len(rows), length, dtype=torch.long)
    targets = torch.full((len(rows), length), -100)
    for index, ((prompt, _), row) in enumerate(zip(group, rows)):
        ids[index, : len(row)] = torch.tensor(row)
        targets[index, len(prompt) - 1: len(row) - 1] = ids[index, len(prompt): len(row)]
    return ids, targets
