"""A list that draws only the lines in view, however many there are; its owner reads them a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from chatmem.tui.lines import Pieces, fit

Draw = Callable[[str, str | None, int], Pieces | None]
"""Draws a key in so many cells, given the key above it; None while it is not read yet."""

LIST_HELP = """
- **Up / Down / Page Up / Page Down / Home / End** move
- **Enter** or a double click opens
- **Space** or Ctrl+click marks, **Shift+Up / Shift+Down** or Shift+click mark as they go, **Ctrl+A** marks all
"""
"""How to use a list, for the help of the screens that have one."""

GUTTER = 3
NEAR = 200  # how far to look for a neighbour of a row that is gone


class Rows(ScrollView, can_focus=True):
    """Keys in order, a cursor, and marks. The cursor stays on its key when the keys change."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "end(-1)", "First", show=False),
        Binding("end", "end(1)", "Last", show=False),
        Binding("shift+up", "stretch(-1)", "Mark up", show=False),
        Binding("shift+down", "stretch(1)", "Mark down", show=False),
        Binding("space", "mark", "Mark", show=False),
        Binding("ctrl+a", "mark_all", "Mark all", show=False),
        Binding("enter", "choose", "Open", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--text", "rows--dim", "rows--faint", "rows--accent", "rows--warning", "rows--bold", "rows--gone", "rows--cursor", "rows--marked"
    }  # fmt: skip

    class Needed(Message):
        """These keys are in view, or nearly, and not read yet."""

        def __init__(self, keys: list[str]) -> None:
            super().__init__()
            self.keys = keys

    class Highlighted(Message):
        """The cursor is on another key, "" when there is none."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Chosen(Message):
        """Enter or a double click."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Marked(Message):
        """The marks changed."""

    def __init__(self, id_: str, draw: Draw, is_read: Callable[[str], bool], markable: Callable[[str], bool] = lambda _: True) -> None:
        super().__init__(id=id_)
        self._draw, self._is_read, self._markable = draw, is_read, markable
        self.keys: Sequence[str] = ()
        self.cursor = 0
        self.marks: set[str] = set()

    # ------------------------------------------------------------------ what is shown

    @property
    def key(self) -> str:
        """The key under the cursor, "" when the list is empty."""
        return self.keys[self.cursor] if 0 <= self.cursor < len(self.keys) else ""

    @property
    def chosen(self) -> list[str]:
        """The marked keys, in order; the one under the cursor when none is marked."""
        if self.marks:
            return [key for key in self.keys[:] if key in self.marks]
        return [self.key] if self.key and self._markable(self.key) else []

    @property
    def line_width(self) -> int:
        """The cells of a line, beside the scrollbar."""
        return max(1, self.scrollable_content_region.width)

    def show(self, keys: Sequence[str], at: str | None = None) -> None:
        """Take new keys. The cursor stays on its key (or goes to ``at``, "" for the top), on the same line of the screen where possible."""
        if at and at not in keys:
            at = None  # not in this list
        line = self.cursor - round(self.scroll_y)
        before, old = self.key, self.keys
        self.keys = keys
        self.marks &= set(keys[:]) if self.marks else set()
        self.cursor = self._place(at if at is not None else before, old)
        self.virtual_size = Size(self.size.width, len(keys))
        top = self.cursor if at is not None else self.cursor - line
        self.scroll_to(y=max(0, min(top, len(keys) - self.size.height)), animate=False, force=True)
        self._follow()
        self.refresh()
        self._want()
        if self.key != before:
            self.post_message(self.Highlighted(self.key))

    def _place(self, key: str, old: Sequence[str]) -> int:
        if key and key in self.keys:
            return self.keys.index(key)
        if key and self.keys:  # gone: the nearest one below it that is left, else above
            present = set(self.keys[:])
            near = [*old[self.cursor : self.cursor + NEAR], *reversed(old[max(0, self.cursor - NEAR) : self.cursor])]
            if (other := next((one for one in near if one in present), None)) is not None:
                return self.keys.index(other)
        return max(0, min(self.cursor, len(self.keys) - 1)) if key else 0

    def redraw(self) -> None:
        """What the lines say has changed."""
        self.refresh()
        self._want()

    @property
    def complete(self) -> bool:
        """Whether every line in view is read."""
        top = round(self.scroll_y)
        return all(self._is_read(key) for key in self.keys[top : top + max(1, self.size.height)])

    def _want(self) -> None:
        """Ask for lines in view that are not read, and a page on either side."""
        height, top = max(1, self.size.height), round(self.scroll_y)
        if not self.complete:
            self.post_message(self.Needed(list(self.keys[max(0, top - height) : top + 2 * height])))

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        at, width = y + self.scroll_offset.y, self.line_width
        plain = self.get_component_rich_style("rows--text")  # kept by Textual; the widget's own is made anew for each line
        if at >= len(self.keys):
            return Strip.blank(width, plain)
        key = self.keys[at]
        pieces = self._draw(key, self.keys[at - 1] if at else None, max(1, width - GUTTER))
        here, marked = at == self.cursor, key in self.marks
        gutter = ("▌" if here else " ") + ("✓" if marked else " ") + " "
        line: Pieces = [(gutter, "accent"), *(pieces if pieces is not None else [(fit("…", width - GUTTER), "faint")])]
        strong = self.get_component_rich_style("rows--cursor") if here and self.has_focus else None
        if strong is None and marked:
            strong = self.get_component_rich_style("rows--marked")
        segments = []
        for text, name in line:
            style = self.get_component_rich_style(f"rows--{name or 'text'}")
            segments.append(Segment(text, style + Style(bgcolor=strong.bgcolor) if strong is not None else style))
        return Strip(segments).adjust_cell_length(width, Style(bgcolor=strong.bgcolor) if strong is not None else plain)

    # ------------------------------------------------------------------ moving

    def _go(self, at: int) -> None:
        at = max(0, min(at, len(self.keys) - 1))
        if at == self.cursor or not self.keys:
            return
        self.refresh_line(self.cursor)
        self.cursor = at
        self.refresh_line(at)
        self._follow()
        self.post_message(self.Highlighted(self.key))

    def _follow(self) -> None:
        """Scroll so that the cursor is in view."""
        top, height = round(self.scroll_y), max(1, self.size.height)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Other lines are in view."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._want()

    def on_resize(self, event: events.Resize) -> None:
        """Keep the cursor in view and fill what became visible."""
        self.virtual_size = Size(event.size.width, len(self.keys))
        self._follow()
        self._want()

    def action_move(self, step: int) -> None:
        """One line up or down."""
        self._go(self.cursor + step)

    def action_page(self, step: int) -> None:
        """One page up or down."""
        self._go(self.cursor + step * max(1, self.size.height - 1))

    def action_end(self, step: int) -> None:
        """To the first or the last line."""
        self._go(len(self.keys) if step > 0 else 0)

    def go_to(self, key: str) -> bool:
        """Put the cursor on a key; False when it is not in the list."""
        if key not in self.keys:
            return False
        self._go(self.keys.index(key))
        return True

    # ------------------------------------------------------------------ marking and choosing

    def action_mark(self) -> None:
        """Mark or unmark the line, and go on to the next."""
        self._toggle(self.key)
        self._go(self.cursor + 1)

    def _toggle(self, key: str) -> None:
        if key and self._markable(key):
            self.marks ^= {key}
            self.refresh()
            self.post_message(self.Marked())

    def action_stretch(self, step: int) -> None:
        """Mark the line and move."""
        if self.key and self._markable(self.key):
            self.marks.add(self.key)
        self._go(self.cursor + step)
        if self.key and self._markable(self.key):
            self.marks.add(self.key)
        self.refresh()
        self.post_message(self.Marked())

    def action_mark_all(self) -> None:
        """Mark everything; again to unmark."""
        every = {key for key in self.keys[:] if self._markable(key)}
        self.marks = set() if self.marks == every else every
        self.refresh()
        self.post_message(self.Marked())

    def clear_marks(self) -> bool:
        """Unmark everything; False when nothing was marked."""
        if not self.marks:
            return False
        self.marks = set()
        self.refresh()
        self.post_message(self.Marked())
        return True

    def action_choose(self) -> None:
        """Open the line."""
        if self.key:
            self.post_message(self.Chosen(self.key))

    def on_click(self, event: events.Click) -> None:
        """A click goes there, a second one opens; with Ctrl it marks, with Shift it marks up to there."""
        at = event.y + self.scroll_offset.y
        if at >= len(self.keys):
            return
        if event.shift:
            first, last = sorted((self.cursor, at))
            self.marks |= {key for key in self.keys[first : last + 1] if self._markable(key)}
            self.post_message(self.Marked())
            self.refresh()
        elif event.ctrl:
            self._toggle(self.keys[at])
        self._go(at)
        if event.chain == 2 and not event.ctrl and not event.shift:
            self.action_choose()
