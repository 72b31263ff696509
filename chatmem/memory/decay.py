"""How memories fade: retention after days without use, and which ones may go out of recall.

R = exp(-d / (tau * (0.5 + importance / 10) * S)), after MemoryBank's exp(-t / S) (Zhong et al. 2023), with a time
constant per kind as in FinMem (Li et al. 2023). Nothing is multiplied in place: R is a function of the row and the
day, so that working it out twice is the same as once. Fading archives; it never deletes.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from datetime import datetime, time

from chatmem.config import MemorySettings
from chatmem.types import Memory

BIOGRAPHY_DAYS = 365
SUPERSEDED_SHARE = 0.5  # of the time constant: what is no longer true fades twice as fast


def retention(memory: Memory, now: datetime, settings: MemorySettings) -> float:
    """How much of a memory is left, in 0..1: 1 on the day it was made or last used; pinned ones stay at 1."""
    if memory.pinned:
        return 1.0
    last = max(memory.last_access_at or memory.created_at, memory.created_at)
    if memory.event_end:  # what is still to come does not fade before its day
        last = max(last, min(now, datetime.combine(memory.event_end, time.max, now.tzinfo)))
    days = max(0.0, (now - last).total_seconds() / 86_400)
    tau = settings.event_days if memory.kind == "event" and not _biographical(memory) else settings.fact_days
    if memory.status == "superseded":
        tau *= SUPERSEDED_SHARE
    return math.exp(-days / (tau * (0.5 + memory.importance / 10) * memory.strength))


def _biographical(memory: Memory) -> bool:
    """An event told long after it happened ("I was born in 1988") is part of who somebody is."""
    return memory.event_start is not None and (memory.created_at.date() - memory.event_start).days > BIOGRAPHY_DAYS


def faded(memories: Iterable[Memory], now: datetime, settings: MemorySettings, heads: Collection[str] = ()) -> list[tuple[Memory, float]]:
    """Current memories to archive, each with its retention: below the threshold, not pinned, not of great importance.

    ``heads`` are the newest of chains of changes: they stay, since the past that leads to them would lose its end.
    """
    gone = []
    for memory in memories:
        if memory.status != "active" or memory.importance >= settings.keep_importance or memory.id in heads:
            continue
        left = retention(memory, now, settings)
        if left < settings.archive_below:
            gone.append((memory, left))
    return gone
