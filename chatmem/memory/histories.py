"""How a recalled fact came to be: what it was before, from the chain of changes."""

from __future__ import annotations

import re

from chatmem.memory.times import written
from chatmem.store import Store
from chatmem.types import Memory, Recall

MAX_EARLIER = 3
_CUE = re.compile(
    r"\b(?:used to|before|previous(?:ly)?|former(?:ly)?|originally|at first|first|earlier|back then|in the past|chang\w+|any ?more|how many times|history|old)\b",
    re.IGNORECASE,
)


def asks_for_history(question: str) -> bool:
    """Whether a question is about what was, or how it changed."""
    return _CUE.search(question) is not None


def earlier(store: Store, memory_id: str) -> list[Memory]:
    """What a memory took the place of, the latest first; at most three."""
    chain: list[Memory] = []
    while len(chain) < MAX_EARLIER:
        sources = [link.src for link in store.links([memory_id]) if link.dst == memory_id and link.relation == "Changed"]
        found = store.memories(None, sources)
        if not found:
            break
        memory_id = max(found, key=lambda memory: (memory.created_at, memory.id)).id
        chain.append(store.memory(memory_id))
    return chain


def with_histories(store: Store, recall: Recall) -> Recall:
    """The recall with "until" lines for each shown memory that took the place of another."""
    items = []
    for item in recall.items:
        if item.shown and item.source == "memory" and (past := earlier(store, item.id)):
            lines = [f"{memory.text.rstrip('.')} (until {written((memory.valid_to or item.said_at).astimezone().date())})." for memory in past]
            item = item.model_copy(update={"history": lines})
        items.append(item)
    return recall.model_copy(update={"items": items})
