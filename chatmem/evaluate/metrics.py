"""Retrieval metrics, as the official LongMemEval code computes them, and the evidence share used for LoCoMo.

All work on ids of any hashable kind: ``ranking`` best first, ``correct`` the relevant ids, ``corpus`` every id.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Sequence
from typing import TypeVar

Id = TypeVar("Id", bound=Hashable)
CUTS = (1, 3, 5, 10, 30, 50)


def dcg(gains: Sequence[float], k: int) -> float:
    """Discounted gain of the first k: the first two places count in full, place i by 1 / log2(i).

    This is the official code's discount; the usual 1 / log2(i + 1) gives other numbers.
    """
    return sum(gain / (math.log2(place) if place > 1 else 1.0) for place, gain in enumerate(gains[:k], 1))


def ndcg_any(ranking: Sequence[Id], correct: Collection[Id], corpus: Sequence[Id], k: int) -> float:
    """Binary gains against the best order of the whole corpus; 0 when nothing is relevant.

    An id that stands for several documents of the corpus (a session, once per turn) counts as often as it occurs.
    """
    relevant = set(correct)
    ideal = dcg([1.0] * sum(id_ in relevant for id_ in corpus), k)
    return dcg([float(id_ in relevant) for id_ in ranking[:k]], k) / ideal if ideal else 0.0


def recall_any(ranking: Sequence[Id], correct: Collection[Id], k: int) -> float:
    """1 when any relevant id is among the first k."""
    return float(not set(correct).isdisjoint(ranking[:k]))


def recall_all(ranking: Sequence[Id], correct: Collection[Id], k: int) -> float:
    """1 when every relevant id is among the first k: the strict figure. 1 too when nothing is relevant, as in the official code."""
    return float(set(correct).issubset(ranking[:k]))


def share_found(ranking: Sequence[Id], correct: Collection[Id], k: int) -> float:
    """The part of the relevant ids among the first k. Raises ValueError when nothing is relevant."""
    if not correct:
        raise ValueError("the share of nothing is undefined")
    return len(set(correct).intersection(ranking[:k])) / len(set(correct))


def reciprocal_rank(ranking: Sequence[Id], correct: Collection[Id]) -> float:
    """1 / place of the first relevant id; 0 when none was ranked."""
    relevant = set(correct)
    return next((1.0 / place for place, id_ in enumerate(ranking, 1) if id_ in relevant), 0.0)


def widened(ranking: Sequence[Id], k: int, corpus_size: int) -> int:
    """How many ranked documents it takes to see k different ids, as the official turn-to-session conversion counts.

    It goes one document at a time, and one beyond the corpus when that never happens.
    """
    seen = set(ranking[:k])
    width = k
    while width <= corpus_size and len(seen) < k:
        width += 1
        seen.update(ranking[width - 1 : width])
    return width


def evaluate(ranking: Sequence[Id], correct: Collection[Id], corpus: Sequence[Id], cuts: Sequence[int] = CUTS) -> dict[str, float]:
    """``recall_any@k``, ``recall_all@k`` and ``ndcg_any@k`` for every k, by the official formulas."""
    values: dict[str, float] = {}
    for k in cuts:
        values[f"recall_any@{k}"] = recall_any(ranking, correct, k)
        values[f"recall_all@{k}"] = recall_all(ranking, correct, k)
        values[f"ndcg_any@{k}"] = ndcg_any(ranking, correct, corpus, k)
    return values


def evaluate_turns_as_sessions(ranking: Sequence[Id], correct: Collection[Id], corpus: Sequence[Id], cuts: Sequence[int] = CUTS) -> dict[str, float]:
    """The same for a ranking of turns already renamed to their sessions: k grows until k sessions are seen.

    Official as it is: the wider k goes into the NDCG too, in which a session counts once per turn.
    """
    values: dict[str, float] = {}
    for k in cuts:
        width = widened(ranking, k, len(corpus))
        values[f"recall_any@{k}"] = recall_any(ranking, correct, width)
        values[f"recall_all@{k}"] = recall_all(ranking, correct, width)
        values[f"ndcg_any@{k}"] = ndcg_any(ranking, correct, corpus, width)
    return values


def evidence_shares(ranking: Sequence[Id], correct: Collection[Id], cuts: Sequence[int] = (1, 3, 5, 10, 30, 50)) -> dict[str, float]:
    """``share@k``, and ``mrr``; for a question with evidence."""
    return {f"share@{k}": share_found(ranking, correct, k) for k in cuts} | {"mrr": reciprocal_rank(ranking, correct)}
