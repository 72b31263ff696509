"""How an operation is written: its rows, its sources and links, and its entry in the log, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from chatmem.errors import ChatmemError, NotFound
from chatmem.store import Store
from chatmem.types import Actor, Link, Memory, Op, Operation, Rows

MAX_STRENGTH = 10


def order(memory: Memory) -> tuple[datetime, int, str]:
    """The order in which memories were formed: links go from the earlier one to the later one (equal times: the smaller number first)."""
    moment = memory.created_at
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000), len(memory.id), memory.id  # stored to the millisecond; m9 comes before m10


def _check_links(store: Store, links: Sequence[Link], new: Iterable[Memory]) -> None:
    ends = {memory.id: memory for memory in new}
    ends |= {memory.id: memory for memory in store.memories(None, sorted({id_ for one in links for id_ in (one.src, one.dst)} - ends.keys()))}
    for one in links:
        for id_ in (one.src, one.dst):
            if id_ not in ends:
                raise NotFound(f"There is no memory {id_} to link.", "`chatmem memory list` shows them all.")
        if order(ends[one.src]) >= order(ends[one.dst]):
            raise ChatmemError(
                f"A link goes from an earlier memory to a later one: {one.src} is not earlier than {one.dst}.", "Give the earlier one first."
            )


def apply(
    store: Store,
    op: Op,
    actor: Actor,
    before: Mapping[str, Memory | None],
    after: Mapping[str, Memory | None],
    *,
    about: str,
    sources: Mapping[str, Iterable[str]] | None = None,
    add: Sequence[Link] = (),
    drop: Sequence[Link] = (),
    reason: str = "",
    score: float | None = None,
    undoes: int | None = None,
) -> Operation:
    """Write the rows of an operation and its entry in the log; ``sources`` gives the whole new list where it changes."""
    _check_links(store, add, [memory for memory in after.values() if memory is not None])
    sources = {id_: sorted(set(turns)) for id_, turns in (sources or {}).items()}
    with store.transaction():
        known = store.source_ids([id_ for id_, memory in before.items() if memory is not None])
        gone = [id_ for id_, memory in after.items() if memory is None]
        lost = [*drop, *(link for link in (store.links(gone) if gone else []) if link not in drop)]
        had = {id_: known.get(id_, []) for id_ in {*sources, *gone}}
        store.drop_links(lost)
        for id_, memory in after.items():
            if memory is None:
                store.drop_memory(id_)
            else:
                store.put_memory(memory)
        for id_, turns in sources.items():
            if after.get(id_) is not None:
                store.set_sources(id_, turns)
        store.put_links(add)
        return store.log(
            Operation(
                at=store.clock(),
                actor=actor,
                op=op,
                memory_id=about,
                memories=sorted({*before, *after} or {id_ for one in (*add, *drop) for id_ in (one.src, one.dst)}),
                reason=reason,
                before=Rows(memories=dict(before), sources=had, links=lost),
                after=Rows(memories=dict(after), sources={id_: sources.get(id_, []) for id_ in had if id_ not in gone}, links=list(add)),
                score=score,
            ),
            undoes,
        )
