"""The update operator on labelled pairs: the confusion table, and that of a cosine threshold alone, for comparison.

The held-out pairs are on other topics than the design pairs and were frozen before the rules were written. The hard
pairs are implied updates, written later to find what the rules miss; some rules were made after reading their errors.

    python -m tests.bench.updates [--errors]     # --errors lists those of the design and hard pairs
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np

from chatmem import catalogue
from chatmem.config import ModelSettings, Paths
from chatmem.engine import Engine
from chatmem.memory.keys import memory_vectors
from chatmem.memory.update import Neighbour, decide, is_neighbour
from chatmem.types import Candidate, Memory

DATA = Path(__file__).resolve().parents[1] / "data" / "updates"
LABELS = ("PASS", "REPLACE", "END", "APPEND")
HIDES = {"REPLACE", "END"}


@dataclass(frozen=True)
class Pair:
    """An old memory, a new sentence and what the second does to the first; a date makes it a dated event."""

    topic: str
    old: str
    new: str
    label: str
    old_date: str = ""
    new_date: str = ""

    @property
    def memory(self) -> Memory:
        day = date.fromisoformat(self.old_date) if self.old_date else None
        return Memory(id="old", kind="event" if day else "fact", text=self.old, event_start=day, created_at=datetime(2024, 1, 1, tzinfo=UTC))

    @property
    def candidate(self) -> Candidate:
        day = date.fromisoformat(self.new_date) if self.new_date else None
        return Candidate(kind="event" if day else "fact", text=self.new, span=self.new, event_start=day)


def pairs(name: str) -> list[Pair]:
    """The labelled pairs of tests/data/updates/NAME.jsonl."""
    return [Pair(**json.loads(line)) for line in (DATA / f"{name}.jsonl").read_text("utf-8").splitlines()]


def cosines(found: Sequence[Pair], embed: Callable[[Sequence[str]], np.ndarray]) -> list[float]:
    """The cosine of each pair."""
    texts = sorted({text for pair in found for text in (pair.old, pair.new)})
    vectors = dict(zip(texts, memory_vectors(texts, embed), strict=True))
    return [float(vectors[pair.old] @ vectors[pair.new]) for pair in found]


def by_rules(pair: Pair, cosine: float) -> str:
    """The label that the operator gives."""
    near = [Neighbour(pair.memory, cosine)] if is_neighbour(pair.candidate, pair.memory, cosine) else []
    op = decide(pair.candidate, near).op
    return "APPEND" if op == "INSERT" else op


def by_cosine(replace: float, same: float) -> Callable[[Pair, float], str]:
    """The label of two thresholds: APPEND below the first, REPLACE between them, PASS above the second."""
    return lambda _, cosine: "PASS" if cosine >= same else "REPLACE" if cosine >= replace else "APPEND"


def best_thresholds(found: Sequence[Pair], near: Sequence[float]) -> tuple[float, float]:
    """The two thresholds with the most right labels on these pairs."""
    steps = [round(0.3 + 0.02 * i, 2) for i in range(36)]
    choices = [(low, high) for low in steps for high in steps if low <= high]
    return max(choices, key=lambda both: measure(found, near, by_cosine(*both)).accuracy)


@dataclass(frozen=True)
class Measure:
    """``table`` counts (label, given); ``wrong_hides`` are pairs whose old fact is still true and was superseded."""

    table: Mapping[tuple[str, str], int]
    errors: Sequence[tuple[Pair, str, float]]

    @property
    def total(self) -> int:
        return sum(self.table.values())

    @property
    def accuracy(self) -> float:
        return sum(count for (label, given), count in self.table.items() if label == given) / self.total

    @property
    def wrong_hides(self) -> int:
        return sum(count for (label, given), count in self.table.items() if label not in HIDES and given in HIDES)


def measure(found: Sequence[Pair], near: Sequence[float], label: Callable[[Pair, float], str]) -> Measure:
    """Compare given labels with the true ones."""
    given = [(pair, label(pair, cosine), cosine) for pair, cosine in zip(found, near, strict=True)]
    return Measure(Counter((pair.label, one) for pair, one, _ in given), [each for each in given if each[0].label != each[1]])


def show(title: str, result: Measure, outcomes: Sequence[str] = LABELS) -> None:
    """Print one confusion table; ``outcomes`` are its columns."""
    print(
        f"\n{title}: {result.total} pairs, accuracy {result.accuracy:.1%}, wrong hides {result.wrong_hides} ({result.wrong_hides / result.total:.1%})"
    )
    print(f"{'true / given':>12}" + "".join(f"{given:>9}" for given in outcomes))
    for label in LABELS:
        print(f"{label:>12}" + "".join(f"{result.table.get((label, given), 0):>9}" for given in outcomes))


def main() -> None:
    """Embed the pairs with the bundled embedder and print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        paths = Paths(Path(folder)).make()
        engine = Engine(catalogue.bundled_embedder(paths), "embed", ModelSettings(), paths)
        engine.start()
        sets = {name: pairs(name) for name in ("design", "hard", "heldout")}
        near = {name: cosines(found, engine.embed) for name, found in sets.items()}
        engine.close()
    thresholds = best_thresholds(sets["design"], near["design"])
    for name, found in sets.items():
        show(f"rules, {name}", measure(found, near[name], by_rules))
    for name, found in sets.items():
        show(
            f"cosine only (REPLACE from {thresholds[0]:.2f}, PASS from {thresholds[1]:.2f}), {name}",
            measure(found, near[name], by_cosine(*thresholds)),
        )
    if "--errors" in sys.argv:
        for name in ("design", "hard"):
            for pair, given, cosine in measure(sets[name], near[name], by_rules).errors:
                print(f"{name}: {pair.label} given {given} ({cosine:.2f}): {pair.old} | {pair.new}")


if __name__ == "__main__":
    main()
