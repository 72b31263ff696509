"""The conversation: a window of live widgets over messages kept as plain data, so that long ones open at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from chatmem.tui.bubbles import Entry, Notice, ReplyMessage, UserMessage
from chatmem.tui.text import safe
from chatmem.types import Recall, Turn

WINDOW = 16
STEP = 8
MOST = 32


class Welcome(Static):
    """What an empty conversation shows; at the very first start what is kept, where, and how to erase it."""

    def __init__(self, known: int, home: str) -> None:
        super().__init__(first_words(home) if home else self._greeting(known), id="welcome", markup=False)
        self.set_class(bool(home), "-first")

    @staticmethod
    def _greeting(known: int) -> Content:
        memory = f"I remember {known} thing{'s' if known != 1 else ''} about you." if known else "Tell me about you, and I will remember."
        return Content.assemble(
            ("chatmem", "bold $text-primary"), "\n\n", memory, "\n", ("Everything stays on this machine.", "$foreground 60%"), "\n\n",
            ("ctrl+f", "$text-accent"), ("  search all you ever said    \n", "$foreground 60%"),
            ("    f3", "$text-accent"), ("  see and correct what I know \n", "$foreground 60%"),
            ("    f1", "$text-accent"), ("  help                        ", "$foreground 60%"),
        )  # fmt: skip


def first_words(home: str) -> Content:
    """The welcome: it takes no answer, so that one may begin to talk at once."""
    dim, key = "$foreground 60%", "$text-accent"
    return Content.assemble(
        ("Welcome to chatmem", "bold $text-primary"), " · it remembers what you tell it\n\n",
        ("What is kept  ", dim), "every word said here, and what yours taught me\n",
        ("Where         ", dim), f"{safe(home)}\n",
        ("              ", dim), "only you can read it; nothing is ever sent\n\n",
        ("To see it     ", dim), ("F3", key), ": what I know, where from, how it changed\n",
        ("To correct it ", dim), "there: ", ("e", key), " edits, ", ("d", key), " forgets, ", ("u", key), " undoes\n",
        ("To erase it   ", dim), "there: ", ("X", key), " · a conversation: ", ("Ctrl+B", key), ", ", ("Delete", key), "\n",
        ("              ", dim), "everything: delete that folder\n",
        ("Without trace ", dim), ("Ctrl+T", key), " begins a conversation that is not kept\n\n",
        "Say something about you to begin. F1 helps.",
    )  # fmt: skip


class Transcript(VerticalScroll):
    """Scrolls through a conversation; ``entries[first:last]`` have widgets."""

    HELP = """
    ## The conversation

    - **Up / Down / Page Up / Page Down** scroll; older messages appear as you go up
    - **Tab** reaches the line under a reply, **Enter** shows its memories
    - **Esc** goes back to the input
    """

    def __init__(self) -> None:
        super().__init__(id="transcript")
        self.entries: list[Entry] = []
        self.first = self.last = 0
        self.known = 0
        self.home = ""
        self.recall_of: Callable[[str], Recall | None] = lambda _: None
        self._moving = False

    @property
    def live(self) -> list[Widget]:
        """The mounted messages, oldest first."""
        return [child for child in self.children if isinstance(child, UserMessage | ReplyMessage)]

    async def load(self, turns: Sequence[Turn], turn_id: str | None = None) -> bool:
        """Show a conversation, at its end or at one turn; says whether that turn is in it."""
        self.entries = []
        for turn in turns:
            question = self.entries[-1].text if self.entries and self.entries[-1].role == "user" else ""
            self.entries.append(Entry(turn.role, turn.content, turn, turn.state, question))
        return await self.go_to(turn_id)

    async def go_to(self, turn_id: str | None) -> bool:
        """Put the window around a turn, or at the end."""
        place = next(
            (at for at, entry in enumerate(self.entries) if turn_id is not None and entry.turn is not None and entry.turn.id == turn_id), None
        )
        if place is None:
            self.last = len(self.entries)
            self.first = max(0, self.last - WINDOW)
        else:
            self.first = max(0, place - STEP // 2)
            self.last = min(len(self.entries), self.first + WINDOW)
        self._moving = True
        widgets = [self._widget(entry) for entry in self.entries[self.first : self.last]]
        with self.app.batch_update():
            self.anchor(False)
            await self.remove_children()
            if widgets:
                await self.mount_all(widgets)
            else:
                await self.mount(Welcome(self.known, self.home))
        if place is None:
            self.anchor()
            self.call_after_refresh(self._settled)
        else:
            self.call_after_refresh(self._point_at, widgets[place - self.first])
        return place is not None

    def _settled(self) -> None:
        self._moving = False

    def _point_at(self, widget: Widget) -> None:
        widget.add_class("-found")
        self.set_timer(4, lambda: widget.remove_class("-found"))
        self.scroll_to_widget(widget, top=True, animate=False, force=True)
        self.call_after_refresh(self._settled)

    def _widget(self, entry: Entry) -> Widget:
        if entry.role == "user":
            return UserMessage(entry)
        if not entry.asked and entry.turn is not None:
            entry.recall, entry.asked = self.recall_of(entry.turn.id), True
        return ReplyMessage(entry)

    async def add(self, entry: Entry, *, live: bool = False) -> Widget:
        """Append a message and follow it."""
        if self.last != len(self.entries):
            await self.go_to(None)
        await self.query("Welcome, Notice").remove()
        self.entries.append(entry)
        self.last = len(self.entries)
        widget = ReplyMessage(entry, live=live) if live else self._widget(entry)
        await self.mount(widget)
        self.anchor()
        if len(self.live) > MOST:
            await self._trim_head()
        return widget

    async def cut(self, entry: Entry) -> None:
        """Take a message and all after it off the screen: an edit or a regenerated reply takes their place."""
        if entry not in self.entries:
            return
        del self.entries[self.entries.index(entry) :]
        if self.last > len(self.entries) >= self.first:
            for widget in self.live[len(self.entries) - self.first :]:
                await widget.remove()
            await self.query(Notice).remove()
            self.last = len(self.entries)
        else:
            await self.go_to(None)

    async def notice(self, message: str, hint: str) -> None:
        """Say what went wrong, in place."""
        await self.mount(Notice(message, hint))
        self.anchor()

    async def _trim_head(self) -> None:
        extra = len(self.live) - WINDOW
        for widget in self.live[:extra]:
            await widget.remove()
        self.first += extra

    def page(self, step: int) -> None:
        """A page up or down, as its own keys do it."""
        if self.allow_vertical_scroll:
            self.action_page_up() if step < 0 else self.action_page_down()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Mount more when an end of the window comes into view."""
        super().watch_scroll_y(old_value, new_value)
        if self._moving or not self.is_mounted:
            return
        if new_value <= 1 and new_value < old_value and self.first > 0:
            self._moving = True
            self.call_later(self._older)
        elif new_value >= self.max_scroll_y - 1 and new_value > old_value and self.last < len(self.entries):
            self._moving = True
            self.call_later(self._newer)

    async def _older(self) -> None:
        start = max(0, self.first - STEP)
        reference = self.live[0]
        offset = reference.virtual_region.y - self.scroll_y
        with self.app.batch_update():
            await self.mount_all([self._widget(entry) for entry in self.entries[start : self.first]], before=reference)
            self.first = start
            extra = len(self.live) - MOST
            if extra > 0:
                self.anchor(False)
                for widget in self.live[-extra:]:
                    await widget.remove()
                self.last -= extra
        self.call_after_refresh(self._keep, reference, offset)

    async def _newer(self) -> None:
        stop = min(len(self.entries), self.last + STEP)
        reference = self.live[-1]
        offset = reference.virtual_region.y - self.scroll_y
        with self.app.batch_update():
            await self.mount_all([self._widget(entry) for entry in self.entries[self.last : stop]])
            self.last = stop
            extra = len(self.live) - MOST
            if extra > 0:
                for widget in self.live[:extra]:
                    await widget.remove()
                self.first += extra
        self.call_after_refresh(self._keep, reference, offset)

    def _keep(self, reference: Widget, offset: float) -> None:
        """Leave on the screen what was there before messages were mounted above it."""
        self.scroll_to(y=reference.virtual_region.y - offset, animate=False, force=True, immediate=True)
        self.call_after_refresh(self._settled)
