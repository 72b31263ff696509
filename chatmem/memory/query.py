"""What a question says about where to look: its words, and the days it asks about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from chatmem.memory.times import question_range
from chatmem.words import content_stems

TIME_SLACK = timedelta(days=2)


@dataclass(frozen=True)
class Query:
    """A question as recall sees it. ``days`` is the time it asks about, both ends included, None for any."""

    text: str
    stems: frozenset[str]
    days: tuple[date, date] | None

    def asks_about(self, when: date) -> bool:
        """Whether a day lies in the time asked about, give or take two days."""
        return self.days is not None and self.days[0] - TIME_SLACK <= when <= self.days[1] + TIME_SLACK


def analyse(question: str, today: date) -> Query:
    """Read a question asked on ``today``."""
    return Query(question, frozenset(content_stems(question)), question_range(question, today))
