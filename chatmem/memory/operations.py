"""The one place where memories change: each operation is one transaction with an entry in the log.

INSERT, PASS, REINFORCE, FORGET, RESTORE and PURGE, with the effects of the design's table: a repeated fact is
never a second row, forgetting archives, purging erases the words everywhere and keeps only the id.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from chatmem.store import Store
from chatmem.types import Candidate, Memory, Operation, Origin

Actor = Literal["user", "rule", "llm", "job"]

MAX_STRENGTH = 10


def _apply(store: Store, op: str, actor: Actor, before: Memory | None, after: Memory | None, reason: str = "", sources: Sequence[str] = ()) -> None:
    subject = after or before
    assert subject is not None
    with store.transaction():
        if after is not None:
            store.put_memory(after, sources)
        store.log(
            Operation(
                id=0,
                at=store.clock(),
                actor=actor,
                op=op,
                memory_id=subject.id,
                reason=reason,
                before=before.model_dump_json() if before else None,
                after=after.model_dump_json() if after else None,
            )
        )


def insert(store: Store, candidate: Candidate, sources: Sequence[str], origin: Origin = "rule") -> tuple[Memory, bool]:
    """Remember a candidate; (memory, True when it is new). The same words again are a PASS: sources join, strength grows."""
    with store.transaction():
        same = _same(store, candidate.text)
        if same is not None:
            known = {turn.id for turn in store.sources(same.id)}
            if all(source in known for source in sources):
                return same, False  # the same session applied twice changes nothing
            grown = same.model_copy(update={"strength": min(same.strength + 1, MAX_STRENGTH)})
            _apply(store, "PASS", "user" if origin == "user" else "rule", same, grown, "said again", sources)
            return grown, False
        now = store.clock()
        memory = Memory(id=store.next_memory_id(), profile=store.profile, created_at=now, valid_from=now, origin=origin, **candidate.model_dump())
        _apply(store, "INSERT", "user" if origin == "user" else "rule", None, memory, "", sources)
    return memory, True


def _same(store: Store, text: str) -> Memory | None:
    key = _key(text)
    return next((memory for memory in store.memories("active") if _key(memory.text) == key), None)


def _key(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".!")


def reinforce(store: Store, ids: Sequence[str]) -> None:
    """Strengthen memories that were placed in the prompt of a completed reply."""
    with store.transaction():
        for before in store.memories("active", ids):
            after = before.model_copy(
                update={"strength": min(before.strength + 1, MAX_STRENGTH), "access_count": before.access_count + 1, "last_access_at": store.clock()}
            )
            _apply(store, "REINFORCE", "job", before, after)


def forget(store: Store, ids: Sequence[str], actor: Actor = "user", reason: str = "") -> int:
    """Archive active memories: out of recall, kept in the trash. Returns how many."""
    with store.transaction():
        found = store.memories("active", ids)
        for before in found:
            _apply(store, "FORGET", actor, before, before.model_copy(update={"status": "archived"}), reason)
    return len(found)


def restore(store: Store, ids: Sequence[str]) -> int:
    """Bring archived memories back. Returns how many."""
    with store.transaction():
        found = store.memories("archived", ids)
        for before in found:
            _apply(store, "RESTORE", "user", before, before.model_copy(update={"status": "active", "last_access_at": store.clock()}))
    return len(found)


def purge(store: Store, ids: Sequence[str]) -> int:
    """Erase memories for good; the log keeps only that it happened. The index is to be rebuilt afterwards."""
    with store.transaction():
        found = store.memories(None, ids)
        for memory in found:
            store.purge_memory(memory.id)
            store.log(Operation(id=0, at=store.clock(), actor="user", op="PURGE", memory_id=memory.id))
    store.scrub()
    return len(found)
