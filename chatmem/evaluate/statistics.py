"""Are two runs different? Paired bootstrap intervals, and an exact test on the questions where they disagree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 10_000


@dataclass(frozen=True)
class Paired:
    """First minus second over the same n questions: mean difference, 95% interval, wins, losses, and p of a two-sided sign test."""

    n: int
    first: float
    second: float
    difference: float
    low: float
    high: float
    wins: int
    losses: int
    p: float


def compare(first: Sequence[float], second: Sequence[float], seed: int = 0) -> Paired:
    """Compare paired values. Raises ValueError when they are not pairs."""
    a, b = np.asarray(first, float), np.asarray(second, float)
    if a.shape != b.shape or not a.size:
        raise ValueError("pairs are needed")
    delta = a - b
    # Questions are resampled, both systems together: what makes a question hard cancels out.
    picks = np.random.default_rng(seed).integers(0, delta.size, (RESAMPLES, delta.size), dtype=np.int32)
    low, high = np.percentile(delta[picks].mean(axis=1), [2.5, 97.5])
    wins, losses = int((delta > 1e-12).sum()), int((delta < -1e-12).sum())
    return Paired(delta.size, float(a.mean()), float(b.mean()), float(delta.mean()), float(low), float(high), wins, losses, sign_test(wins, losses))


def sign_test(wins: int, losses: int) -> float:
    """Two-sided exact probability of so uneven a split if both were equally good; 1 when they never disagree."""
    n = wins + losses
    if not n:
        return 1.0
    tail = sum(math.comb(n, i) for i in range(min(wins, losses) + 1)) / (1 << n)
    return min(1.0, 2 * tail)


def mean(values: Sequence[float]) -> float | None:
    """The mean; None of nothing."""
    return sum(values) / len(values) if values else None


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value below which ``share`` percent lie; None of nothing."""
    if not values:
        return None
    ranked = sorted(values)
    place = share / 100 * (len(ranked) - 1)
    low = int(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (place - low) * (ranked[high] - ranked[low])
