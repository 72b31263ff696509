"""The update operator: what a new sentence does to what is remembered (after Bae et al. 2022, "Keep Me Updated!").

Rules over words and a cosine; no model, no store, no clock. A cosine alone cannot tell a paraphrase from an update
("on Tuesdays" and "on Thursdays" are .93 apart), so the words decide and the cosine only gates. What is not clearly an
update is kept beside the old fact: a stale fact with its date can still be resolved by a reader, a hidden one cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from chatmem.memory.claims import Claim, read
from chatmem.memory.compare import NEAR, NEAR_WITH_CUE, NEAR_WITH_WORD, Outcome, Pair, came_about, moves_somebodys, outcome_of, same_person
from chatmem.memory.merge import merge_groups, merge_text
from chatmem.types import Candidate, Memory

__all__ = ["Decision", "Neighbour", "compare", "decide", "is_neighbour", "merge_groups", "merge_text"]


@dataclass(frozen=True)
class Neighbour:
    """A remembered fact near a candidate; ``cosine`` is -1..1."""

    memory: Memory
    cosine: float


@dataclass(frozen=True)
class Decision:
    """What to do with a candidate. ``target`` is the memory it confirms or supersedes; ``score`` the cosine to it."""

    op: Literal["INSERT", "PASS", "REPLACE", "END"]
    target: str | None
    reason: str
    score: float


def is_neighbour(candidate: Candidate, memory: Memory, cosine: float) -> bool:
    """Whether a memory is near enough to be compared: same subject, and close in meaning, or a little less close with a shared word.

    A sentence that says itself that something changed or ended may be further away, and two values of one
    single-valued relation ("lives in") are compared whatever their cosine.
    """
    new, old = _claim(candidate), _claim(memory)
    if not same_person(new, old):
        return moves_somebodys(new, old)
    shared = bool(new.stems & old.stems) or new.subject == old.subject != "user"
    if cosine >= NEAR or (cosine >= NEAR_WITH_WORD and shared):
        return True
    if cosine >= NEAR_WITH_CUE and ((new.over or new.change) and (shared or bool(new.given_up & old.stems))):
        return True
    if (new.relation is not None and new.relation == old.relation and new.single) or bool(new.status and old.status):
        return True
    return came_about(_pair(candidate, memory, cosine)) is not None


def decide(candidate: Candidate, neighbours: Sequence[Neighbour]) -> Decision:
    """The strongest outcome over the neighbours: PASS, then REPLACE or END of at most one memory, then INSERT.

    Pinned memories are never superseded. The nearest neighbour that gives the outcome is the target (equal cosines:
    the newest, then the smaller id).
    """
    best: Decision | None = None
    for neighbour in sorted(neighbours, key=lambda n: (-n.cosine, -n.memory.created_at.timestamp(), n.memory.id)):
        memory = neighbour.memory
        outcome, reason = outcome_of(_pair(candidate, memory, neighbour.cosine))
        if outcome == "PASS":
            return Decision("PASS", memory.id, reason, neighbour.cosine)
        if best is None and outcome != "APPEND" and not memory.pinned:
            best = Decision(outcome, memory.id, reason, neighbour.cosine)
    return best or Decision("INSERT", None, "nothing remembered says this or the contrary", max((n.cosine for n in neighbours), default=0.0))


def compare(new: Candidate | Memory, old: Memory, cosine: float) -> tuple[Outcome, str]:
    """What one sentence does to one memory, and why: PASS, REPLACE, END, or APPEND when both stand."""
    return outcome_of(_pair(new, old, cosine))


def _claim(item: Candidate | Memory) -> Claim:
    return read(item.text, item.subject)


def _pair(candidate: Candidate | Memory, memory: Memory, cosine: float) -> Pair:
    new, old = _claim(candidate), _claim(memory)
    return Pair(new, old, cosine, _days(candidate, new), _days(memory, old))


def _days(item: Candidate | Memory, claim: Claim) -> frozenset[str]:
    return frozenset({item.event_start.isoformat()}) if item.kind == "event" and item.event_start else claim.dates
