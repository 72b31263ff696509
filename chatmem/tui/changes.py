"""What the screens do to memory, and how it is taken back: whole actions, however many operations they took.

No widget here: every function runs in a worker thread, and says in one sentence what it did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatmem.errors import ChatmemError, NotFound
from chatmem.memory import operations
from chatmem.memory.handwritten import as_written_down
from chatmem.memory.secrets import secret
from chatmem.tui.text import one_line
from chatmem.types import Candidate, Kind, Memory, Op, Operation

if TYPE_CHECKING:
    from chatmem.chat import Chat
    from chatmem.store import Store

SHORTEST = 10
"""Shorter words are found by chance, and prove nothing."""

VERBS: dict[Op, str] = {
    "INSERT": "learnt",
    "PASS": "heard again",
    "REPLACE": "replaced an older fact by",
    "END": "ended a fact by",
    "MERGE": "merged into",
    "SPLIT": "split",
    "FORGET": "forgot",
    "RESTORE": "restored",
    "REINFORCE": "used",
    "EDIT": "edited",
    "PIN": "pinned",
    "LINK": "linked",
    "PURGE": "erased",
    "UNDO": "took back",
}


@dataclass(frozen=True)
class Standing:
    """What undo and redo would do now, "" when there is nothing."""

    undo: str = ""
    redo: str = ""


def subject(operation: Operation) -> str:
    """The words of the memory that an operation was about, "" when they were erased."""
    for rows in (operation.after, operation.before):
        memory = rows.memories.get(operation.memory_id) if rows is not None else None
        if memory is not None:
            return memory.text
    return ""


def describe(operation: Operation) -> str:
    """An operation in words: forgot “The user drinks tea.”."""
    verb = "added" if operation.op == "INSERT" and operation.actor == "user" else VERBS[operation.op]
    if operation.op == "PIN" and operation.reason == "unpinned":
        verb = "unpinned"
    who = {"job": "a job ", "llm": "the model "}.get(operation.actor, "")
    about = subject(operation)
    return f"{who}{verb} “{one_line(about, 70)}”" if about else f"{who}{verb} {operation.memory_id}"


def differences(before: Memory | None, after: Memory | None) -> list[tuple[str, str, str]]:
    """Field, old and new value of what an operation changed in a memory; use and version left out."""
    skipped = {"version", "access_count", "last_access_at", "id", "profile", "span", "keywords", "valid_from", "created_at", "confidence"}
    old, new = (memory.model_dump(exclude=skipped) if memory is not None else {} for memory in (before, after))
    if before is None and after is not None:
        return [("text", "", after.text)]
    return [
        (name.replace("_", " "), _show(old.get(name)), _show(new.get(name)))
        for name in old
        if before is not None and (after is None or old[name] != new[name])
    ]


def _show(value: object) -> str:
    if value is None:
        return "–"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def made_current(operation: Operation) -> list[str]:
    """The memories that are current after an operation and were not, or were not there, before."""
    before, after = (rows.memories if rows else {} for rows in (operation.before, operation.after))
    was = {id_ for id_, memory in before.items() if memory and memory.status == "active"}
    return [id_ for id_, memory in after.items() if memory and memory.status == "active" and id_ not in was]


def written(text: str) -> str:
    """Words written by hand as a memory keeps them. Raises ChatmemError when there are none, or too many."""
    return operations.sentence(as_written_down(operations.sentence(text)))


class Changes:
    """The changes of one open chat. An action of several operations is undone and redone as one."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._batches: list[list[int]] = []
        self.came = ""
        """The memory that the last deed made or brought back, "" for none."""
        self.erased = 0
        """How often words were erased for good: what shows words is to be read again."""

    @property
    def store(self) -> Store:
        """Where the memories are."""
        return self._chat.store

    def _applied(self, done: Sequence[Operation | None]) -> int:
        """Bring the index in line, and keep what belongs together together."""
        made = [operation for operation in done if operation is not None]
        self._chat.reindex(made)
        self.came = next((id_ for operation in made for id_ in made_current(operation)), "")
        if len(made) > 1:
            self._batches.append([operation.id for operation in made])
        return len(made)

    # ------------------------------------------------------------------ deeds

    def edit(self, memory_id: str, changes: dict[str, Any]) -> str:
        """Change what may be changed by hand; other words are linked anew. Raises ChatmemError for wrong values."""
        if "text" in changes:
            changes = changes | {"text": written(changes["text"])}
        links_of = self._chat.learner.linking([changes["text"]]) if "text" in changes else None
        _, done = operations.edit(self.store, memory_id, links_of=links_of, **changes)
        return "Saved." if self._applied([done]) else "Nothing was changed."

    def add(self, text: str, kind: Kind, importance: int, start: date | None, end: date | None) -> str:
        """Keep a memory written by hand. Raises ChatmemError for secrets and empty text."""
        if found := secret(text):
            raise ChatmemError(f"That looks like a {found}: it is never kept as a memory.", "A password manager is the right place.")
        if not text.strip():
            raise ChatmemError("A memory needs words.")
        operations.check_dates(start, end)
        candidate = Candidate(
            kind=kind,
            text=as_written_down(" ".join(text.split()))[:1000],
            span="",
            importance=importance,
            event_start=start,
            event_end=end or start,
            time_source="stated" if start else "none",
        )
        links_of = self._chat.learner.linking([candidate.text])
        with self.store.transaction():
            made = operations.new_memory(self.store, candidate, "user")
            memory, done = operations.insert(self.store, candidate, [], "user", memory=made, links=links_of(made) if links_of else ())
        self._applied([done])
        return f"Remembered: {one_line(memory.text, 80)}" if done and done.op == "INSERT" else "That was known already."

    def pin(self, ids: Sequence[str]) -> str:
        """Pin these; when all are pinned already, let them go."""
        found = self.store.memories("active", ids)
        if not found:
            raise ChatmemError("Only current memories can be pinned.", "Restore it first.")
        pinned = not all(memory.pinned for memory in found)
        count = self._applied(operations.pin(self.store, ids, pinned))
        return f"{'Pinned' if pinned else 'Unpinned'} {_count(count)}."

    def forget(self, ids: Sequence[str]) -> str:
        """Out of recall, into the trash."""
        count = self._applied(operations.forget(self.store, ids, reason="forgotten by hand"))
        if not count:
            raise ChatmemError("Only current memories can be forgotten.", "It is in the trash already.")
        return f"Forgot {_count(count)}. {'It is' if count == 1 else 'They are'} in the trash."

    def restore(self, ids: Sequence[str]) -> str:
        """Back from the trash."""
        count = self._applied(operations.restore(self.store, ids))
        if not count:
            raise ChatmemError("Nothing here is in the trash.")
        return f"Restored {_count(count)}."

    def merge(self, ids: Sequence[str], text: str) -> str:
        """Several become one."""
        _, done = operations.merge(self.store, ids, written(text), reason="merged by hand")
        self._applied([done])
        return f"Merged {len(ids)} memories into one."

    def preview_merge(self, ids: Sequence[str], text: str) -> tuple[Memory, int]:
        """What `merge` would give, and how many turns it would rest on; nothing is changed: the same code runs and is rolled back."""
        found: list[tuple[Memory, int]] = []
        try:
            with self.store.transaction():
                merged, done = operations.merge(self.store, ids, written(text))
                found.append((merged, len(done.after.sources.get(merged.id, [])) if done.after else 0))
                raise _RolledBack
        except _RolledBack:
            return found[0]

    def split(self, memory_id: str, texts: Sequence[str]) -> str:
        """One becomes several."""
        words = [written(text) for text in texts]
        made, done = operations.split(self.store, memory_id, words, "split by hand", links_of=self._chat.learner.linking(words))
        self._applied([done])
        return f"Split into {len(made)} memories."

    def purge(self, ids: Sequence[str], home: Path, *, words: bool) -> str:
        """Erase for good, then look for the erased sentences in every file: says what was found."""
        reached = operations.reach(self.store, ids)
        texts = [memory.text for memory in reached.memories]
        if words:  # other replies than those that told it are left out: "I see." is said everywhere
            texts += [turn.content for turn in (*reached.turns, *reached.replies)]
        operations.purge(self.store, ids, words=words)
        self.erased += 1
        self._chat.index.rebuild()
        files, size, left = find_words(home, texts)
        done = f"Erased {_count(len(reached.memories))}. Searched {files} files ({size / 1e6:.1f} MB) for these sentences"
        if left:
            return f"{done}: still in {', '.join(left)}. What you or I said in a conversation stays until it is erased too."
        return f"{done}: none left."

    # ------------------------------------------------------------------ taking back

    def standing(self) -> Standing:
        """What undo and redo would do now."""
        last, undone = operations.last_undoable(self.store), self.store.last_undo()
        redo = ""
        if undone is not None:
            batch = self._batch(undone.id)
            taken = self.store.undone_by(undone.id)
            redo = f"{len(batch)} changes" if len(batch) > 1 else describe(self.store.operation(taken)) if taken else ""
        if last is None:
            return Standing(redo=redo)
        batch = self._batch(last.id)
        verb = describe(last).split(" “")[0]
        return Standing(f"{verb} {len(batch)} memories" if len(batch) > 1 else describe(last), redo)

    def _batch(self, operation_id: int) -> list[int]:
        return next((batch for batch in self._batches if operation_id in batch), [operation_id])

    def undo(self, operation_id: int | None = None) -> str:
        """Take back the last action, or one operation. Raises NotFound, CannotUndo."""
        if operation_id is None:
            last = operations.last_undoable(self.store)
            if last is None:
                raise NotFound("There is nothing to undo.")
            ids = self._batch(last.id)
        else:
            ids = [operation_id]
        return f"Undone: {self._take_back(ids)}"

    def redo(self) -> str:
        """Do again what was undone last. Raises NotFound, CannotUndo."""
        undone = self.store.last_undo()
        if undone is None:
            raise NotFound("There is nothing to redo.")
        return f"Done again: {self._take_back(self._batch(undone.id), again=True)}"

    def _take_back(self, ids: Sequence[int], *, again: bool = False) -> str:
        with self.store.transaction():
            about = ids[0]
            if again:
                about = self.store.undone_by(ids[0]) or ids[0]
            said = f"{len(ids)} changes" if len(ids) > 1 else describe(self.store.operation(about))
            done = [operations.undo(self.store, id_) for id_ in sorted(ids, reverse=True)]
        self._applied(done)
        return said


class _RolledBack(Exception):
    """Ends a transaction that was only a rehearsal."""


def find_words(home: Path, texts: Sequence[str]) -> tuple[int, int, list[str]]:
    """Look for texts in every file under a folder, models apart: files and bytes read, and the names of those that hold one."""
    needles = [text.encode() for text in texts if len(text.strip()) >= SHORTEST]
    files, size, left = 0, 0, []
    for path in sorted(home.rglob("*")):
        if not path.is_file() or path.suffix == ".gguf":
            continue
        try:
            data = path.read_bytes()
        except OSError:
            continue
        files += 1
        size += len(data)
        if any(needle in data for needle in needles):
            left.append(path.name)
    return files, size, left


def _count(count: int) -> str:
    return "1 memory" if count == 1 else f"{count} memories"
