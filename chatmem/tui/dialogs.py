"""Small modal screens: choose, rename, pick, tick, read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Button, Input, OptionList, SelectionList, Static, TextArea
from textual.widgets.option_list import Option
from textual.widgets.selection_list import Selection

from chatmem.tui.prompt import PASTE_LIMIT
from chatmem.tui.text import one_line, safe


class Line(Input):
    """One line of text; escapes in what is pasted never reach the terminal."""

    def validate_value(self, value: str) -> str:
        """Only what can be shown, and not a book."""
        return safe(value[:PASTE_LIMIT]).replace("\n", " ")


class Words(TextArea):
    """A few lines of text; the same holds for what is pasted."""

    async def _on_paste(self, event: events.Paste) -> None:
        """Make it fit to show; the base class then inserts it."""
        event.text = safe(event.text[:PASTE_LIMIT])


class Manual(ModalScreen[None]):
    """The help of a screen in full, to be scrolled by keyboard and mouse: beside a list at 80 columns only its first lines would fit."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q", "leave", "Close")]
    AUTO_FOCUS = "VerticalScroll"

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """The text, and how to leave it."""
        from textual.widgets import Markdown

        with Vertical(classes="dialog wide manual"):
            with VerticalScroll():
                yield Markdown(self._text.strip(), open_links=False)
            yield Static("Up and Down scroll · Esc or F1 closes · Ctrl+P has every action", classes="dialog-hint", markup=False)

    def action_leave(self) -> None:
        """Close."""
        self.dismiss(None)


class Switch(Button):
    """Shows one of several words; each press goes on to the next. Also by Left and Right."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("right", "turn(1)", show=False), Binding("left", "turn(-1)", show=False)]

    class Turned(Message):
        """Another word is shown."""

    def __init__(self, words: Sequence[str], value: str, id_: str) -> None:
        super().__init__(value, id=id_, flat=True, classes="form-switch")
        self._words, self.value = list(words), value
        self.active_effect_duration = 0  # quick presses all count

    def action_turn(self, step: int) -> None:
        """The next word, or the one before."""
        self.value = self._words[(self._words.index(self.value) + step) % len(self._words)]
        self.label = Content(self.value)
        self.post_message(self.Turned())

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Pressed: the next word."""
        event.stop()
        self.action_turn(1)


class Choice(ModalScreen[str]):
    """A question with buttons; gives the chosen button's id, or "cancel". ``dangerous`` names buttons, with spaces between."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "choose('cancel')", "Cancel"),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    def __init__(self, title: str, body: str, choices: Sequence[tuple[str, str]], *, dangerous: str = "") -> None:
        super().__init__()
        self._title, self._body, self._choices, self._dangerous = title, body, choices, dangerous

    def compose(self) -> ComposeResult:
        """Title, words, buttons."""
        with Vertical(classes="dialog"):
            yield Static(safe(self._title), classes="dialog-title", markup=False)
            if self._body:
                with VerticalScroll(classes="dialog-body", can_focus=False):
                    yield Static(safe(self._body), markup=False)
            with Horizontal(classes="dialog-buttons"):
                for key, label in self._choices:
                    yield Button(Content(label), id=key, variant="error" if key in self._dangerous.split() else "default", flat=True)

    def on_mount(self) -> None:
        """Begin on the first choice, never on the dangerous one."""
        next(button for button in self.query(Button) if button.id not in self._dangerous.split()).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button is the answer."""
        self.dismiss(event.button.id or "cancel")

    def action_choose(self, key: str) -> None:
        """Answer by key."""
        self.dismiss(key)

    def action_page(self, by: int) -> None:
        """Scroll words that do not fit."""
        for body in self.query(VerticalScroll):
            body.scroll_page_down() if by > 0 else body.scroll_page_up()


class Ask(ModalScreen[str | None]):
    """One line of text; None when left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel")]

    def __init__(
        self, title: str, value: str = "", placeholder: str = "", *, longest: int = 120, enter: str = "Enter saves · Esc leaves it as it is"
    ) -> None:
        super().__init__()
        self._title, self._value, self._placeholder, self._longest, self._enter = title, value, placeholder, longest, enter

    def compose(self) -> ComposeResult:
        """Title and input."""
        with Vertical(classes="dialog"):
            yield Static(safe(self._title), classes="dialog-title", markup=False)
            yield Line(one_line(self._value, self._longest), placeholder=self._placeholder, max_length=self._longest, compact=True)
            yield Static(self._enter, classes="dialog-hint", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter is the answer, unless nothing was written."""
        self.dismiss(event.value.strip() or None)

    def action_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(None)


class Pick(ModalScreen[str | None]):
    """One of a list, each with a description; gives its id."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel")]

    def __init__(self, title: str, rows: Sequence[tuple[str, str, str]], current: str = "") -> None:
        super().__init__()
        self._title, self._rows, self._current = title, rows, current

    def compose(self) -> ComposeResult:
        """Title and list."""
        with Vertical(classes="dialog"):
            yield Static(safe(self._title), classes="dialog-title", markup=False)
            options = [
                Option(
                    Content.assemble(
                        ("● " if key == self._current else "  ", "$text-accent"),
                        one_line(label, 60),
                        "\n",
                        (f"  {one_line(description, 90)}", "$foreground 60%"),
                    )
                )
                for key, label, description in self._rows
            ]
            yield OptionList(*options, classes="dialog-list")
            yield Static("Enter chooses · Esc closes", classes="dialog-hint", markup=False)

    def on_mount(self) -> None:
        """Begin on the current one."""
        keys = [key for key, _, _ in self._rows]
        self.query_one(OptionList).highlighted = keys.index(self._current) if self._current in keys else 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A row is the answer."""
        self.dismiss(self._rows[event.option_index][0])

    def action_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(None)


Value = TypeVar("Value")


class Ticks(SelectionList[Value]):
    """A list to tick; what is ticked is seen without colour too. Each option takes one line."""

    def render_line(self, y: int) -> Strip:
        """The base class draws the same sign for both and tells them apart by colour alone."""
        strip = super().render_line(y)
        at = self.scroll_offset.y + y
        if at >= self.option_count:
            return strip
        _, sign, _, *rest = strip
        ticked = self.get_option_at_index(at).value in self.selected
        return Strip([Segment("[✓]" if ticked else "[ ]", sign.style), *rest])


class Tick(ModalScreen[list[str]]):
    """Tick which of these; gives the ids of the ticked ones when confirmed, nothing otherwise."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel"), Binding("ctrl+s", "confirm", "Confirm")]

    def __init__(self, title: str, rows: Sequence[tuple[str, str]], confirm: str, *, ticked: bool = False) -> None:
        super().__init__()
        self._title, self._rows, self._confirm, self._ticked = title, rows, confirm, ticked

    def compose(self) -> ComposeResult:
        """Title, list, buttons."""
        with Vertical(classes="dialog"):
            yield Static(safe(self._title), classes="dialog-title", markup=False)
            # Content keeps brackets in memories from being read as markup.
            yield Ticks[str](*[Selection(Content(one_line(text, 200)), key, self._ticked) for key, text in self._rows], classes="dialog-list single")
            yield Static("Space ticks · Tab to the buttons · Esc closes", classes="dialog-hint", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Cancel", id="cancel", flat=True)
                yield Button(self._confirm, id="confirm", variant="error", flat=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Confirm or cancel."""
        if event.button.id == "confirm":
            self.action_confirm()
        else:
            self.action_leave()

    def action_confirm(self) -> None:
        """Answer with what is ticked."""
        self.dismiss(list(self.query_one(SelectionList).selected))

    def action_leave(self) -> None:
        """Answer with nothing."""
        self.dismiss([])
