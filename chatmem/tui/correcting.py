"""What can be done to memories, on every screen that shows some: edit, pin, merge, split, forget, erase, add, undo, redo."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from chatmem.tui import messages
from chatmem.tui.background import BackgroundScreen
from chatmem.tui.changes import Changes, Standing
from chatmem.tui.dialogs import Choice
from chatmem.tui.text import one_line
from chatmem.types import Memory

if TYPE_CHECKING:
    from chatmem.chat import Chat
    from chatmem.config import Paths

CORRECTIONS: list[BindingType] = [
    Binding("e", "edit", "Edit", tooltip="Change the words, dates, kind or importance"),
    Binding("p", "pin", "Pin", tooltip="Keep it from fading or being replaced; again to let go"),
    Binding("d,delete", "forget", "Forget", key_display="d", tooltip="Out of recall, into the trash"),
    Binding("r", "restore", "Restore", tooltip="Back into recall"),
    Binding("a", "add", "Add", tooltip="Write a memory by hand"),
    Binding("m", "merge", "Merge", tooltip="Make one of the marked memories; Space marks"),
    Binding("X", "purge", "Erase", key_display="X", tooltip="Erase for good; says exactly what, and asks"),
    Binding("s", "split", "Split", tooltip="Make several memories of one"),
    Binding("u,ctrl+z", "undo", "Undo", key_display="u", show=False, tooltip="Take back the last change"),
    Binding("U,ctrl+y", "redo", "Redo", key_display="U", show=False, tooltip="Do again what was undone"),
]

CORRECTING_HELP = """
**e** edit · **p** pin · **d** forget (to the trash) · **r** restore · **m** merge the marked · **s** split · **a** add by hand

**X** erases for good: it lists what goes, asks, and then looks for the words in every file.

**u** takes back the last change, whoever made it; **U** does it again. The line at the bottom says what they would do.
"""


class UndoLine(Static):
    """Always in view: what undo would take back, what redo would do again."""

    def __init__(self) -> None:
        super().__init__("", id="standing", markup=False)

    def show(self, standing: Standing) -> None:
        """Say it."""
        dim = "$foreground 60%"
        undo, redo = (standing.undo, "") if standing.undo else ("nothing", dim)
        again: list[str | tuple[str, str]] = [("   U ", "$text-accent"), ("redo: ", dim), standing.redo] if standing.redo else []
        self.update(Content.assemble(("u ", "$text-accent"), ("undo: ", dim), (undo, redo), *again), layout=False)


class CorrectingScreen(BackgroundScreen):
    """A screen whose keys act on ``picked``."""

    changes: Changes
    paths: Paths

    @property
    def picked(self) -> list[str]:
        """Ids of the memories that a key acts on."""
        return []

    def changed(self, came: str = "") -> None:
        """Called when memory changed by this screen's doing; ``came`` is a memory that was made or brought back."""

    def show_standing(self, standing: Standing) -> None:
        """Always in view: what undo and redo would do now."""
        for line in self.query(UndoLine):
            line.show(standing)

    # ------------------------------------------------------------------ running

    def do(self, task: Callable[[], str]) -> None:
        """Change something away from the screen; its sentence is shown, then the screen is read anew."""

        def run(_: Chat) -> tuple[str, str]:
            self.changes.came = ""
            return task(), self.changes.came

        self.ask("changed", run)

    def _with(self, ids: list[str], then: Callable[[list[Memory]], None]) -> None:
        """Read memories away from the screen, then go on with them."""
        if not ids:
            self.notify("There is no memory here to do that with.", markup=False)
            return
        self.ask("read", lambda chat: (then, chat.store.memories(None, ids)))

    def on_done(self, event: messages.Done) -> None:
        """A task is over."""
        if event.then == "changed":
            said, came = event.value
            self.notify(one_line(said, 300), timeout=6, markup=False)
            self.changed(came)
            self.refresh_standing()
        elif event.then == "read":
            then, found = event.value
            then(found)
        elif event.then == "standing":
            self.show_standing(event.value)
        else:
            self.done(event.then, event.value)

    def done(self, then: str, value: Any) -> None:
        """Called when a task of the screen's own is over."""

    def refresh_standing(self) -> None:
        """Find out what undo and redo would do."""
        self.ask("standing", lambda _: self.changes.standing())

    # ------------------------------------------------------------------ actions

    def action_edit(self) -> None:
        """Change one memory."""

        def edit(found: list[Memory]) -> None:
            from chatmem.tui.editing import EditMemory

            if found:
                memory = found[0]
                self.app.push_screen(
                    EditMemory(memory), lambda answer: self.do(lambda: self.changes.edit(memory.id, answer.changed(memory))) if answer else None
                )

        self._with(self.picked[:1], edit)

    def action_add(self) -> None:
        """Write a memory by hand."""
        from chatmem.tui.editing import EditMemory

        self.app.push_screen(
            EditMemory(None),
            lambda new: self.do(lambda: self.changes.add(new.text, new.kind, new.importance, new.event_start, new.event_end)) if new else None,
        )

    def action_pin(self) -> None:
        """Pin or let go."""
        if ids := self.picked:
            self.do(lambda: self.changes.pin(ids))

    def action_forget(self) -> None:
        """Into the trash; undo brings it back."""
        if ids := self.picked:
            self.do(lambda: self.changes.forget(ids))

    def action_restore(self) -> None:
        """Back from the trash."""
        if ids := self.picked:
            self.do(lambda: self.changes.restore(ids))

    def action_merge(self) -> None:
        """Several become one, after a look at the result."""

        def merge(found: list[Memory]) -> None:
            from chatmem.tui.editing import MergeMemories

            if len(found) < 2:
                self.notify("Mark the memories to merge first: Space marks.", markup=False)
                return
            ids = [memory.id for memory in found]
            self.app.push_screen(
                MergeMemories(found, lambda text: self.changes.preview_merge(ids, text)),
                lambda text: self.do(lambda: self.changes.merge(ids, text)) if text else None,
            )

        self._with(self.picked, merge)

    def action_split(self) -> None:
        """One becomes several, a line each."""

        def split(found: list[Memory]) -> None:
            from chatmem.tui.editing import SplitMemory

            if found:
                memory = found[0]
                self.app.push_screen(SplitMemory(memory), lambda texts: self.do(lambda: self.changes.split(memory.id, texts)) if texts else None)

        self._with(self.picked[:1], split)

    def action_purge(self) -> None:
        """Erase for good, after saying exactly what."""
        ids = self.picked
        if not ids:
            return

        def read(chat: Chat) -> tuple[Callable[[list[Memory]], None], list[Memory]]:
            from chatmem.memory import operations
            from chatmem.tui.editing import erased

            found, reached = chat.store.memories(None, ids), operations.reach(chat.store, ids)
            body, said = erased(reached), reached.turns or reached.replies

            def offer(_: list[Memory]) -> None:
                choices = [("cancel", "Cancel"), ("memory", "Erase"), *([("words", "Erase with what was said")] if said else [])]
                title = "Erase this memory for good?" if len(found) == 1 else f"Erase these {len(found)} memories for good?"
                self.app.push_screen(Choice(title, body, choices, dangerous="memory words"), answered)

            return offer, found

        def answered(answer: str | None) -> None:
            if answer in ("memory", "words"):
                self.do(lambda: self.changes.purge(ids, self.paths.home, words=answer == "words"))

        self.ask("read", read)

    def action_undo(self) -> None:
        """Take back the last change."""
        self.do(lambda: self.changes.undo())

    def action_redo(self) -> None:
        """Do again what was undone last."""
        self.do(lambda: self.changes.redo())

    def open_detail(self, memory_id: str) -> None:
        """Show a memory's whole life."""
        from chatmem.tui.detail import DetailScreen

        assert self.chat is not None
        self.app.push_screen(DetailScreen(self.chat, self.changes, self.paths, memory_id))

    def open_turn(self, session_id: str, turn_id: str) -> None:
        """Leave for the conversation, at the place where something was said."""
        from chatmem.tui.app import ChatmemApp

        if isinstance(self.app, ChatmemApp):
            self.app.open_turn(session_id, turn_id)
