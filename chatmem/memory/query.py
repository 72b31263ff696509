"""What a question says about where to look: its words, and the days it asks about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from chatmem.memory.times import question_range
from chatmem.words import content_words, stem

TIME_SLACK = timedelta(days=2)
MAX_WORDS = 64


@dataclass(frozen=True)
class Query:
    """A question as recall sees it.

    ``weights`` says how much each of its content words (as a stem) tells; ``days`` is the time it asks about, both ends
    included, None for any.
    """

    text: str
    weights: Mapping[str, float]
    days: tuple[date, date] | None

    def asks_about(self, when: date) -> bool:
        """Whether a day lies in the time asked about, give or take two days."""
        return self.days is not None and self.days[0] - TIME_SLACK <= when <= self.days[1] + TIME_SLACK

    def share(self, stems: Collection[str]) -> float:
        """The share of the question's words among these stems, in 0..1."""
        return sum(word in stems for word in self.weights) / len(self.weights) if self.weights else 0.0

    def telling_share(self, stems: Collection[str]) -> float:
        """The same with each word by how much it tells."""
        total = sum(self.weights.values())
        return sum(weight for word, weight in self.weights.items() if word in stems) / total if total else 0.0


def analyse(question: str, today: date, rarity: Callable[[Sequence[str]], Mapping[str, float]] | None = None) -> Query:
    """Read a question asked on ``today``; without ``rarity`` every word tells as much."""
    words = list(dict.fromkeys(content_words(question)))[:MAX_WORDS]
    known = rarity(words) if rarity else {}
    return Query(question, {stem(word): known.get(word, 1.0) for word in words}, question_range(question, today))
