"""Taking operations back, and doing them again: undoing an UNDO does the operation again."""

from __future__ import annotations

from typing import Any

from chatmem.errors import ChatmemError, NotFound
from chatmem.memory.apply import MAX_STRENGTH, apply
from chatmem.store import Store
from chatmem.types import Memory, Operation


class CannotUndo(ChatmemError):
    """An operation that cannot be taken back as things stand."""


def undo(store: Store, operation_id: int | None = None) -> Operation:
    """Take an operation back (the last one by anybody that is still in force, use apart, when None).

    Only what it changed goes back: a memory keeps the strength that it gained by use since. Undoing an UNDO does the
    operation again; undoing that is undoing the operation. Raises NotFound when there is nothing, CannotUndo when
    later operations rest on it or its words were purged.
    """
    with store.transaction():
        done = store.operation(operation_id) if operation_id is not None else last_undoable(store)
        if done is None:
            raise NotFound("There is nothing to undo.")
        if done.undone_by is None and done.op == "UNDO" and (again := store.operation(store.undone_by(done.id) or 0)).op == "UNDO":
            done = store.operation(store.undone_by(again.id) or 0)
        if done.undone_by is not None:
            raise CannotUndo(f"Operation {done.id} ({done.op}) was undone already.", f"To do it again, undo operation {done.undone_by}.")
        if done.before is None or done.after is None:
            raise CannotUndo(f"Operation {done.id} ({done.op}) cannot be undone: words in it were purged.", "")
        if later := _resting_on(store, done):
            raise CannotUndo(
                f"Operation {done.id} ({done.op}) cannot be undone before {len(later)} later ones on the same memories.",
                f"Undo operation {later[0].id} ({later[0].op}) first.",
            )
        ids = list(done.after.memories)
        now = {memory.id: memory for memory in store.memories(None, ids)}
        back = {id_: _taken_back(done.before.memories[id_], done.after.memories[id_], now.get(id_)) for id_ in ids}
        add = [one for one in done.before.links if all(back[id_] if id_ in back else store.memories(None, [id_]) for id_ in (one.src, one.dst))]
        if done.before.links and not back and not add:
            raise CannotUndo(f"Operation {done.id} ({done.op}) cannot be undone: its memories are gone.", "")
        entry = apply(
            store,
            "UNDO",
            "user",
            {id_: now.get(id_) for id_ in ids},
            back,
            about=done.memory_id,
            sources=done.before.sources,
            add=add,
            drop=done.after.links,
            reason=f"undo of {done.id} ({done.op})",
            undoes=done.id,
        )
        store.mark_undone(done.id, entry.id)
        if done.op == "UNDO" and (redone := store.undone_by(done.id)) is not None:
            store.mark_undone(redone, None)
        return entry


def last_undoable(store: Store) -> Operation | None:
    """What `undo` would take back next; use of a memory, purges and UNDO itself are passed over, and what can no longer be undone."""
    below: int | None = None
    while found := store.undoable_operations(below):
        for operation in found:
            if not _resting_on(store, operation):
                return operation
        below = found[-1].id
    return None


def _resting_on(store: Store, done: Operation) -> list[Operation]:
    """Later operations in force that must be undone first. Use does not count, nor an UNDO of something that came later too."""
    if done.before is None or _only_links(store, done):  # nothing is built on links
        return []
    drops = not all(done.before.memories.values())
    return [
        op
        for op in store.later_operations(done.id)
        if op.op != "REINFORCE"
        and not (op.op == "UNDO" and (store.undone_by(op.id) or 0) > done.id)
        and not (_only_links(store, op) and not (drops and op.op == "LINK" and op.after is not None))
    ]


def _only_links(store: Store, op: Operation) -> bool:
    """Whether it only added links, or took back or did again such an operation."""
    while op.op == "UNDO" and (undone := store.undone_by(op.id)) is not None:
        op = store.operation(undone)
    return op.op == "LINK"


def _taken_back(before: Memory | None, after: Memory | None, now: Memory | None) -> Memory | None:
    """A memory as it would be without a change: what the change left alone stays as it is now."""
    if before is None or after is None or now is None:
        return before
    changed: dict[str, Any] = {name: getattr(before, name) for name in Memory.model_fields if getattr(before, name) != getattr(after, name)}
    if "strength" in changed:
        changed["strength"] = max(1, min(MAX_STRENGTH, now.strength - after.strength + before.strength))
    return now.model_copy(update=changed)
