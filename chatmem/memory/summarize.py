"""Summaries by rule: of one session, and the running summary across sessions (recursive: M' = f(M, session)).

Extractive on purpose: every sentence was said, so nothing is invented (Wang et al. 2023 for the recursion and the
cap of 20 sentences; a running summary orients, it is never the only memory).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from chatmem.types import Candidate, Memory, Turn
from chatmem.words import content_stems

SESSION_SENTENCES = 5
RUNNING_SENTENCES = 20


def summarize_session(turns: Sequence[Turn], facts: Sequence[Memory | Candidate]) -> str:
    """At most five sentences, in the order they were said: what was learnt first, else the user's most central words."""
    if facts:
        best = sorted(facts, key=lambda memory: -memory.importance)[:SESSION_SENTENCES]
        return "\n".join(memory.text for memory in facts if memory in best)
    lines = [line.strip() for turn in turns if turn.role == "user" for line in turn.content.splitlines() if line.strip()]
    weights = Counter(stem for line in lines for stem in content_stems(line))
    scored = sorted(range(len(lines)), key=lambda i: (-sum(weights[stem] for stem in content_stems(lines[i])), i))[:SESSION_SENTENCES]
    return "\n".join(f"The user said: {lines[i][:200]}" for i in sorted(scored))


def summarize_running(previous: str, current: Sequence[Memory]) -> str:
    """The next running summary: sentences of the previous one that still hold, then the newest facts by importance."""
    holds = {memory.text for memory in current}
    kept = [line for line in previous.splitlines() if line in holds]
    new = [memory.text for memory in sorted(current, key=lambda memory: (-memory.importance, -_age(memory))) if memory.text not in kept]
    if len(kept) + len(new) > RUNNING_SENTENCES:
        rank = {memory.text: (memory.pinned, memory.importance, _age(memory)) for memory in current}
        keep = set(sorted([*kept, *new], key=lambda text: rank[text], reverse=True)[:RUNNING_SENTENCES])
        kept, new = [text for text in kept if text in keep], [text for text in new if text in keep]
    return "\n".join([*kept, *new])


def _age(memory: Memory) -> float:
    return memory.created_at.timestamp()
