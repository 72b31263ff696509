"""The forms: edit or add a memory, merge several, split one; and the words that say what erasing takes away."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Generic, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static, TextArea

from chatmem.errors import ChatmemError
from chatmem.memory.handwritten import parts_of
from chatmem.memory.operations import Reach
from chatmem.tui.dialogs import Line, Switch, Words
from chatmem.tui.lines import short_date
from chatmem.tui.messages import Done
from chatmem.tui.text import one_line, safe
from chatmem.types import Kind, Memory

LONGEST = 1000


@dataclass(frozen=True)
class Form:
    """What was written in a form."""

    text: str
    kind: Kind
    importance: int
    event_start: date | None
    event_end: date | None

    def changed(self, memory: Memory) -> dict[str, Any]:
        """The fields that differ from a memory's. Direction marks and escapes that were shown as text are not a change."""
        fields: dict[str, Any] = {
            "text": self.text,
            "kind": self.kind,
            "importance": self.importance,
            "event_start": self.event_start,
            "event_end": self.event_end,
        }
        if self.text == safe(memory.text):
            del fields["text"]
        return {name: value for name, value in fields.items() if value != getattr(memory, name)}


def read_form(text: str, kind: str, importance: str, start: str, end: str) -> Form:
    """Check what was written. Raises ValueError with the sentence to show."""
    words = " ".join(text.split())
    if not words:
        raise ValueError("A memory needs words.")
    if len(words) > LONGEST:
        raise ValueError(f"{len(words):,} characters: a memory has at most {LONGEST:,}.")
    if kind not in ("fact", "event"):
        raise ValueError("The kind is fact or event.")
    if not importance.strip().isdigit() or not 1 <= int(importance) <= 10:
        raise ValueError("Importance goes from 1 to 10.")
    first, last = _day("first day", start), _day("last day", end)
    if last is not None and first is None:
        raise ValueError("A last day needs a first day.")
    if first is not None and last is not None and last < first:
        raise ValueError("An event cannot end before it begins.")
    return Form(words, kind, int(importance), first, last or first)  # type: ignore[arg-type]


def _day(name: str, text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        known = re.fullmatch(r"\d{4}-\d\d-\d\d", text.strip())
        raise ValueError(f"There is no day {known[0]}." if known else f"The {name} is written like 2026-03-14.") from error


def erased(reached: Reach) -> str:
    """Exactly what a purge takes away, and what it leaves."""
    listed = "\n".join(f"  • {one_line(memory.text, 160)}{' (in the trash)' if memory.status == 'merged' else ''}" for memory in reached.memories)
    parts = [
        f"These words go from every table, index, log and summary:\n{listed}",
        "Gone with them: their history, links, vectors, and where they were recalled. Only the fact that something was erased stays in the log. "
        "This cannot be undone. Afterwards every file is searched for these sentences, and you are told.",
    ]
    if said := [*reached.turns, *reached.replies]:
        told = "\n".join(
            f"  • {short_date(turn.created_at)}: {'I said ' if turn.role == 'assistant' else ''}“{one_line(turn.content, 120)}”" for turn in said
        )
        parts.append(
            f"What was said stays in your conversations unless you choose “Erase with what was said”, which also erases this, with its replies:\n{told}"
        )
    return "\n\n".join(parts)


T = TypeVar("T")


class _FormScreen(ModalScreen[T | None], Generic[T]):
    """A form: Ctrl+S saves, Escape leaves. What does not fit scrolls; the buttons stay in view.

    Ctrl+S takes the way of the letters: with priority it would overtake those typed just before it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel"), Binding("ctrl+s", "save", "Save")]
    HORIZONTAL_BREAKPOINTS = [(0, "-small"), (70, "-roomy")]  # noqa: RUF012

    def buttons(self, save: str) -> ComposeResult:
        """The foot of a form."""
        yield Static("", classes="form-problem", markup=False)
        with Horizontal(classes="dialog-buttons"):
            yield Static("Ctrl+S saves · Esc leaves", classes="dialog-hint", markup=False)
            yield Button("Cancel", id="cancel", flat=True)
            yield Button(save, id="save", flat=True)

    def problem(self, text: str) -> None:
        """Say what is wrong, at once; "" when all is well."""
        self.query_one(".form-problem", Static).update(f"✕ {text}" if text else "")
        self.query_one("#save", Button).disabled = bool(text)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Save or leave."""
        if event.button.id == "save":
            self.action_save()
        elif event.button.id == "cancel":
            self.action_leave()

    def action_save(self) -> None:
        """Answer with what was written."""

    def action_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(None)


class EditMemory(_FormScreen[Form]):
    """A memory's words, kind, importance and dates; for a new one when None."""

    def __init__(self, memory: Memory | None) -> None:
        super().__init__()
        self._memory = memory

    def compose(self) -> ComposeResult:
        """The fields."""
        memory = self._memory
        with Vertical(classes="dialog wide form"):
            with VerticalScroll(classes="form-body", can_focus=False):
                yield Static("Edit the memory" if memory else "Add a memory", classes="dialog-title", markup=False)
                yield Words(
                    safe(memory.text) if memory else "",
                    placeholder="What should be remembered? “I like tea” is kept as “The user likes tea.”",
                    id="text",
                    soft_wrap=True,
                    compact=True,
                    tab_behavior="focus",
                    classes="form-text",
                )
                with Horizontal(classes="form-row"):
                    yield Label("Kind")
                    yield Switch(("fact", "event"), memory.kind if memory else "fact", "kind")
                    yield Label("Importance, 1 to 10")
                    yield Line(str(memory.importance if memory else 5), id="importance", compact=True, max_length=2, type="integer")
                with Horizontal(classes="form-row"):
                    yield Label("First day")
                    yield Line(_iso(memory.event_start if memory else None), id="start", compact=True, max_length=10, placeholder="2026-03-14")
                    yield Label("Last day")
                    yield Line(_iso(memory.event_end if memory else None), id="end", compact=True, max_length=10, placeholder="the same")
            yield from self.buttons("Save" if memory else "Remember")

    def on_mount(self) -> None:
        """Begin at the end of the words."""
        area = self.query_one(TextArea)
        area.move_cursor(area.document.end)
        area.focus()

    def _read(self) -> Form:
        importance, start, end = (self.query_one(f"#{name}", Input).value for name in ("importance", "start", "end"))
        return read_form(self.query_one(TextArea).text, self.query_one(Switch).value, importance, start, end)

    @on(Switch.Turned)
    @on(Input.Changed)
    @on(TextArea.Changed)
    def check(self) -> None:
        """Say what is wrong while it is written; an empty form only waits."""
        if self._memory is None and not self.query_one(TextArea).text:
            self.problem("")
            self.query_one("#save", Button).disabled = True
            return
        try:
            self._read()
        except ValueError as error:
            self.problem(str(error))
        else:
            self.problem("")

    def on_input_submitted(self) -> None:
        """Enter in a field saves."""
        self.action_save()

    def action_save(self) -> None:
        """Answer with the form, when nothing is wrong."""
        try:
            self.dismiss(self._read())
        except ValueError as error:
            self.problem(str(error))


class MergeMemories(_FormScreen[str]):
    """Several memories, the words of the one they become, and what it would be; gives the words."""

    def __init__(self, members: Sequence[Memory], preview: Callable[[str], tuple[Memory, int]]) -> None:
        super().__init__()
        self._members, self._preview = sorted(members, key=lambda memory: memory.created_at), preview

    def compose(self) -> ComposeResult:
        """What goes in, what comes out."""
        with Vertical(classes="dialog wide form"):
            with VerticalScroll(classes="form-body", can_focus=False):
                yield Static(f"Merge {len(self._members)} memories into one", classes="dialog-title", markup=False)
                yield Static(
                    "\n".join(f"• {short_date(memory.created_at):>11}  {one_line(memory.text, 200)}" for memory in self._members),
                    classes="form-list",
                    markup=False,
                )
                yield Label("become")
                yield Words(safe(self._members[-1].text), id="text", soft_wrap=True, compact=True, tab_behavior="focus", classes="form-text")
            yield Static("", id="preview", classes="dialog-hint", markup=False)
            yield from self.buttons("Merge")

    def on_mount(self) -> None:
        """Begin with the newest one's words, selected."""
        area = self.query_one(TextArea)
        area.select_all()
        area.focus()
        self._look(area.text)

    @on(TextArea.Changed)
    def look(self) -> None:
        """Work out the result anew."""
        self._look(self.query_one(TextArea).text)

    @work(thread=True, exclusive=True, group="preview", exit_on_error=False)
    def _look(self, text: str) -> None:
        try:
            self.post_message(Done(text, self._preview(text)))
        except ChatmemError as error:
            self.post_message(Done(text, error.message))

    def on_done(self, event: Done) -> None:
        """Show the result, unless the words changed since."""
        event.stop()
        if event.then != self.query_one(TextArea).text:
            return
        if isinstance(event.value, str):
            self.problem(event.value)
            return
        memory, sources = event.value
        self.problem("")
        days = f" · {short_date(memory.event_start)}" if memory.event_start else ""
        until = f" to {short_date(memory.event_end)}" if memory.event_end and memory.event_end != memory.event_start else ""
        pinned = " · pinned" if memory.pinned else ""
        self.query_one("#preview", Static).update(
            f"{memory.kind}{days}{until} · since {short_date(memory.valid_from)} · importance {memory.importance} · strength {memory.strength} · "
            f"{sources} {'source' if sources == 1 else 'sources'}{pinned}\nThe originals go to the trash and can be restored; undo takes it all back."
        )

    def action_save(self) -> None:
        """Answer with the words."""
        if not self.query_one("#save", Button).disabled and self.query_one(TextArea).text.strip():
            self.dismiss(self.query_one(TextArea).text)


class SplitMemory(_FormScreen[list[str]]):
    """One memory, and a line for each that it becomes."""

    def __init__(self, memory: Memory) -> None:
        super().__init__()
        self._memory = memory

    def compose(self) -> ComposeResult:
        """The words and the lines."""
        with Vertical(classes="dialog wide form"):
            with VerticalScroll(classes="form-body", can_focus=False):
                yield Static("Split the memory", classes="dialog-title", markup=False)
                yield Static(one_line(self._memory.text, LONGEST), classes="form-list", markup=False)
                yield Label("becomes, one on each line")
                yield Words(
                    "\n".join(parts_of(safe(self._memory.text))),
                    id="text",
                    soft_wrap=True,
                    compact=True,
                    tab_behavior="focus",
                    classes="form-text tall",
                )
            yield from self.buttons("Split")

    def on_mount(self) -> None:
        """Begin in the lines."""
        self.query_one(TextArea).focus()

    @property
    def _texts(self) -> list[str]:
        return list(dict.fromkeys(line.strip() for line in self.query_one(TextArea).text.splitlines() if line.strip()))

    @on(TextArea.Changed)
    def check(self) -> None:
        """Two lines at least."""
        self.problem("" if len(self._texts) > 1 else "Write at least two different lines.")

    def action_save(self) -> None:
        """Answer with the lines."""
        if len(self._texts) > 1:
            self.dismiss(self._texts)


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
