"""Value banks and template families of the adapter's training data (data/adapter/*.toml), split into train and test.

A slot {city} is a value of the bank of that name, {city2} another value of the same bank, {n:2-30} a number. Every
fifth value of a bank, and every family of a table whose name ends in ``held``, is kept for the test split.
"""

from __future__ import annotations

import random
import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from chatmem.prompts import shipped_folder

Split = Literal["train", "test"]
Asked = tuple[str, str, str, str]
"""Wordings of a question, its answer, the key that a right answer holds, and the topic for "I have no memory of ..."."""

HELD_OUT = 5
"""One value in so many of every bank is seen by tests only."""
_SLOT = re.compile(r"\{([a-z]+?)(\d?)(?::(\d+)-(\d+))?\}")
_COMMON = frozenset("n person month weekday time city reason shoplike".split())
"""Banks that several families of one memory may share without answering each other's questions."""


def load(name: str) -> dict[str, Any]:
    """One of the TOML files in data/adapter."""
    return tomllib.loads((shipped_folder("data") / "adapter" / f"{name}.toml").read_text("utf-8"))


@cache
def banks(split: Split) -> dict[str, tuple[str, ...]]:
    """The values of each bank that this split may use."""
    data = load("banks")
    shared = set(data["shared"])
    found: dict[str, tuple[str, ...]] = {}
    for name, text in data["banks"].items():
        values = [value.strip() for value in text.split(",")]
        kept = [value for i, value in enumerate(values) if name in shared or (i % HELD_OUT == HELD_OUT - 1) == (split == "test")]
        found[name] = tuple(kept)
    return found


@dataclass(frozen=True)
class Family:
    """One kind of fact about the user: third-person memories, what the user says, questions, and the slot that may change."""

    name: str
    mem: str
    say: str
    ask: tuple[Asked, ...]
    update: str = ""

    @property
    def own_banks(self) -> frozenset[str]:
        """Banks whose values answer this family's questions."""
        return own_banks(" ".join(key for _, _, key, _ in self.ask))


@dataclass(frozen=True)
class Happening:
    """One kind of event: past tense, plain verb, the question for its object, and the details that may be told."""

    name: str
    did: str
    verb: str
    asked: str
    details: tuple[str, ...]


@dataclass(frozen=True)
class Grammar:
    """All families of a split. ``person``, ``thing`` and ``pet`` hold [tell, asked, answer, key, topic] by attribute."""

    facts: tuple[Family, ...]
    grids: dict[str, dict[str, tuple[str, ...]]]
    events: tuple[Happening, ...]
    details: dict[str, tuple[str, ...]]
    several: dict[str, tuple[str, ...]]


def own_banks(text: str) -> frozenset[str]:
    """The banks of a template's slots, without those that anything may share."""
    return frozenset(match[1] for match in _SLOT.finditer(text)) - _COMMON


@cache
def grammar(split: Split) -> Grammar:
    """The families of a split: tests ask about kinds of facts, attributes and events that training never saw."""
    data = load("families")
    end = "_held" if split == "test" else ""
    facts = data["held" if split == "test" else "fact"]
    return Grammar(
        facts=tuple(
            Family(name, f["mem"], f["say"], tuple((a, b, c, d) for a, b, c, d in f["ask"]), f.get("update", "")) for name, f in facts.items()
        ),
        grids={
            "person": {name: tuple(row) for name, row in data[f"person{end}"].items()},
            "thing": {name: tuple(row) for name, row in data[f"thing{end}"].items()},
            "pet": {name: tuple(row) for name, row in data["pet"].items()} if split == "train" else {},
        },
        events=tuple(Happening(name, did, verb, asked, tuple(details.split())) for name, (did, verb, asked, details) in data[f"event{end}"].items()),
        details={name: tuple(row) for name, row in data["detail"].items()},
        several={name: tuple(row) for name, row in data[f"several{end}"].items()},
    )


@dataclass
class Fill:
    """Values for the slots of one statement: a slot has the same value wherever it stands."""

    rng: random.Random
    split: Split
    values: dict[str, str] = field(default_factory=dict)

    def __call__(self, wordings: str) -> str:
        """One of the wordings ("a | b") with its slots filled."""
        text = self.rng.choice(wordings.split(" | "))
        return articles(_SLOT.sub(lambda match: self._value(match), text))

    def _value(self, match: re.Match[str]) -> str:
        slot = match[0][1:-1]
        if slot not in self.values:
            self.values[slot] = str(self._number(int(match[3]), int(match[4]))) if match[3] else self._from_bank(match[1])
        return self.values[slot]

    def _number(self, low: int, high: int) -> int:
        number = self.rng.randint(low, high)
        return number if number < 100 or (number > 1900 and high < 2100) else number // 5 * 5

    def _from_bank(self, bank: str) -> str:
        taken = {value for slot, value in self.values.items() if slot.rstrip("0123456789") == bank}
        return self.rng.choice([value for value in banks(self.split)[bank] if value not in taken])

    def changed(self, slot: str) -> Fill:
        """The same values but for one slot, which gets another."""
        other = Fill(self.rng, self.split, {name: value for name, value in self.values.items() if name != slot})
        for _ in range(20):
            value = other(f"{{{slot}}}")
            if value != self.values.get(slot):
                return other
            del other.values[slot]
        return other


def articles(text: str) -> str:
    """The article before a vowel: "an"."""
    return re.sub(r"\b([Aa]) (?=[aeioAEIO]\w)(?!(?:one|euro)\b)", r"\1n ", text)
