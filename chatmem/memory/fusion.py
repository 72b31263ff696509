"""Putting lists of scores together: shares of each list's best, summed by weight (not ranks: those lose too much)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chatmem.types import RecallItem

NEXT_BEST = 0.05  # of a session's second item, added to its best


@dataclass(frozen=True)
class Ranked:
    """One way of looking: its weight, and the raw score of each id that it found."""

    weight: float
    scores: Mapping[str, float] = field(default_factory=dict)

    def without(self, ids: Collection[str]) -> Ranked:
        """The same less some ids."""
        return Ranked(self.weight, {id_: score for id_, score in self.scores.items() if id_ not in ids})

    def shares(self) -> dict[str, float]:
        """Scores as shares of the best, in 0..1; what is not above 0 gets 0."""
        best = max(self.scores.values(), default=0.0)
        return {id_: max(0.0, score) / best if best > 0 else 0.0 for id_, score in self.scores.items()}


def fuse(lists: Mapping[str, Ranked]) -> dict[str, dict[str, float]]:
    """For each id what each list gives it, by name; they sum to 0..1. An id that a list lacks gets nothing from it."""
    total = sum(ranked.weight for ranked in lists.values() if ranked.scores) or 1.0
    fused: dict[str, dict[str, float]] = {}
    for name, ranked in lists.items():
        for id_, share in ranked.shares().items():
            fused.setdefault(id_, {})[name] = ranked.weight * share / total
    return fused


def best_of(scores: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The highest score of each id."""
    best: dict[str, float] = {}
    for id_, score in scores:
        best[id_] = max(best.get(id_, score), score)
    return best


def rank_sessions(items: Sequence[RecallItem]) -> list[tuple[str, float]]:
    """Sessions by their best item and a little of their next one, best first."""
    found: dict[str, list[float]] = {}
    for item in items:
        if item.session_id:
            found.setdefault(item.session_id, []).append(item.score)
    scored = []
    for session_id, scores in found.items():
        first, *rest = sorted(scores, reverse=True)
        scored.append((session_id, first + (NEXT_BEST * rest[0] if rest else 0.0)))
    return sorted(scored, key=lambda pair: (-pair[1], pair[0]))


def spread_out(ids: Sequence[str], most: int, free: int, group_of: Callable[[str], str]) -> list[str]:
    """The first ``most`` ids, best first, where after the first ``free`` those of a group not seen yet come before the others."""
    kept = list(ids[:free])
    seen = {group_of(id_) for id_ in kept}
    again = []
    for id_ in ids[free:]:
        if group_of(id_) in seen:
            again.append(id_)
        else:
            seen.add(group_of(id_))
            kept.append(id_)
    chosen = set((kept + again)[:most])
    return [id_ for id_ in ids if id_ in chosen]
