"""The problem family: a chain of events about one person's things, and its symbolic checker.

A problem names a start value and 5 to 9 events; each step of the solution restates one event and continues from the
last value. The wording of a step is a function of the problem, so exactly one text of a step is right, and a language
model's likelihood of a step is its probability that the step is right.

A problem's *structure* is the sequence of its events' kinds. Structures are split by hash: what is held out for tests
and for validation was seen by no model, whatever the numbers, names and verbs.
"""
from __future__ import annotations

import hashlib
import random
import re
from dataclasses import dataclass

DELIMITER = ".\n\n"
ANSWER_PREFIX = "The answer is "
LARGEST_VALUE = 400

NAMES = ["Ben", "Ana", "Tom", "Mia", "Leo", "Zoe", "Max", "Eva", "Sam", "Ida", "Jon", "Amy"]
THINGS = ["pencils", "stamps", "shells", "marbles", "coins", "cards", "beads", "apples"]

# kind -> verbs; a problem uses a verb at most once, so that its next event is always found by the verb before it.
VERBS = {
    "add": ["finds", "buys", "wins", "gets", "picks"],
    "subtract": ["loses", "sells", "breaks", "lends", "spends"],
    "double": ["doubles"],
    "triple": ["triples"],
    "halve": ["halves"],
}


@dataclass(frozen=True)
class Event:
    kind: str
    verb: str
    amount: int = 0

    def apply(self, value: int) -> int:
        match self.kind:
            case "add": return value + self.amount
            case "subtract": return value - self.amount
            case "double": return value * 2
            case "triple": return value * 3
            case _: return value // 2

    def sentence(self, name: str) -> str:
        match self.kind:
            case "add": return f"{name} {self.verb} {self.amount} more."
            case "subtract": return f"{name} {self.verb} {self.amount}."
            case _: return f"{name} {self.verb} the pile."

    def step(self, value: int) -> str:
        """The right step after `value`, without its delimiter."""
        after = self.apply(value)
        match self.kind:
            case "add": return f"{self.verb} {self.amount}: {value}+{self.amount}={after}"
            case "subtract": return f"{self.verb} {self.amount}: {value}-{self.amount}={after}"
            case "double": return f"{self.verb}: {value}*2={after}"
            case "triple": return f"{self.verb}: {value}*3={after}"
            case _: return f"{self.verb}: {value}/2={after}"


@dataclass(frozen=True)
class Item:
    name: str
    thing: str
    start: int
    events: tuple[Event, ...]

    @property
    def structure(self) -> str:
        return " ".join(event.kind for event in self.events)

    @property
    def text(self) -> str:
        sentences = [f"{self.name} has {self.start} {self.thing}."]
        sentences += [event.sentence(self.name) for event in self.events]
        return " ".join(sentences) + f" How many {self.thing} does {self.name} have now?"

    @property
    def prompt(self) -> str:
        return self.text + "\n\n"

    @property
    def answer(self) -> int:
        value = self.start
        for event in self.events:
            value = event.apply(value)
        return value

    @property
    def steps(self) -> list[str]:
        """The right solution: one text a step, delimiter included; the last ends the sequence instead."""
        value, steps = self.start, []
        for event in self.events:
            steps.append(event.step(value) + DELIMITER)
            value = event.apply(value)
        return steps + [f"{ANSWER_PREFIX}{value}."]


_STATED = re.compile(r"=(\d+)\.\n\n$")


def is_right(item: Item, earlier: list[str], step: str) -> bool:
    """Whether `step` is right after `earlier` steps, each taken at its word: an error is blamed once, where it is made."""
    value = item.start
    if earlier:
        stated = _STATED.search(earlier[-1])
        if not stated:
            return False
        value = int(stated.group(1))
    if len(earlier) == len(item.events):
        return step == f"{ANSWER_PREFIX}{value}."
    if len(earlier) > len(item.events):
        return False
    return step == item.events[len(earlier)].step(value) + DELIMITER


def split_of(structure: str) -> str:
    """`test`, `validation` or `train`, by the structure alone."""
    bucket = hashlib.sha256(structure.encode()).digest()[0] % 10
    return {0: "test", 1: "validation"}.get(bucket, "train")


def _amount(rng: random.Random, largest: int) -> int:
    """Half of the amounts are easy (small, or a round ten), half have two digits of any kind."""
    if rng.random() < 0.5:
        amount = rng.choice([rng.randint(2, 9), 10 * rng.randint(1, 9)])
    else:
        amount = rng.randint(11, 99)
    return amount if amount <= largest else rng.randint(1, max(1, min(9, largest)))


def generate(rng: random.Random, shortest: int = 5, longest: int = 9) -> Item:
    """One problem of any split."""
    start = value = rng.randint(5, 99)
    unused = {kind: list(verbs) for kind, verbs in VERBS.items()}
    events: list[Event] = []
    for _ in range(rng.randint(shortest, longest)):
        kinds = []
        if unused["add"] and value <= LARGEST_VALUE - 10: kinds += ["add"] * 4
        if unused["subtract"] and value >= 3: kinds += ["subtract"] * 4
        if unused["double"] and value <= LARGEST_VALUE // 2: kinds += ["double"] * 2
        if unused["triple"] and value <= LARGEST_VALUE // 3: kinds += ["triple"]
        if unused["halve"] and value % 2 == 0 and value >= 4: kinds += ["halve"] * 2
        if not kinds: break
        kind = rng.choice(kinds)
        verb = unused[kind].pop(rng.randrange(len(unused[kind])))
        amount = 0
        if kind == "add": amount = _amount(rng, LARGEST_VALUE - value)
        if kind == "subtract": amount = _amount(rng, value - 1)
        events.append(Event(kind, verb, amount))
        value = events[-1].apply(value)
    return Item(rng.choice(NAMES), rng.choice(THINGS), start, tuple(events))


def items(split: str, seed: int, count: int, shortest: int = 5, longest: int = 9) -> list[Item]:
    """`count` problems of one split; the same seed gives the same ones."""
    rng = random.Random(f"{split}/{seed}")
    found: list[Item] = []
    while len(found) < count:
        item = generate(rng, shortest, longest)
        if len(item.events) >= shortest and split_of(item.structure) == split:
            found.append(item)
    return found
