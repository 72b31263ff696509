"""The memory screen: everything remembered as facts, along time, by conversation, and what is in the trash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Static
from textual.worker import get_current_worker

from chatmem.memory.decay import retention
from chatmem.store.pages import MemoryLine, SessionLine
from chatmem.tui import lines, views
from chatmem.tui.background import SOON
from chatmem.tui.browsing import BrowsingScreen
from chatmem.tui.changes import Changes
from chatmem.tui.correcting import CORRECTING_HELP, CORRECTIONS, UndoLine
from chatmem.tui.dialogs import Line
from chatmem.tui.keys import KeyLine
from chatmem.tui.rows import LIST_HELP, Rows
from chatmem.tui.text import one_line, safe, show_date
from chatmem.tui.views import TITLES, Look, Name

if TYPE_CHECKING:
    from chatmem.chat import Chat
    from chatmem.config import MemorySettings, Paths

BEAT = 0.7
"""How often to look whether something else changed memory, in seconds."""

DIM = "$foreground 60%"


class Listed(Message):
    """The keys of a look, with the lines around the cursor; the first of them only, and nothing counted, unless ``whole``."""

    def __init__(self, ticket: int, page: views.Page, counts: dict[str, int] | None, change: int, at: str | None, *, whole: bool = True) -> None:
        super().__init__()
        self.ticket, self.page, self.counts, self.change, self.at, self.whole = ticket, page, counts, change, at, whole


class Filled(Message):
    """More lines of the same keys."""

    def __init__(self, ticket: int, lines: dict[str, Any]) -> None:
        super().__init__()
        self.ticket, self.lines = ticket, lines


class Offer(NamedTuple):
    """What decides which keys are offered.

    The view, how many are marked (2 for more), whether the filter has words, whether what the keys act on is current,
    in the trash (False), or nothing (None), and whether it is what is under the cursor alone.
    """

    view: Name = "facts"
    marks: int = 0
    words: bool = False
    current: bool | None = None
    here: bool = True


class Tabs(Static):
    """The names of the views; a click goes to one."""

    def __init__(self) -> None:
        super().__init__("", id="tabs", markup=False)
        self._ends: list[tuple[int, Name]] = []

    def say(self, here: Name, counts: Mapping[str, int]) -> None:
        """Mark the present view; say how much is in those that are counted."""
        parts: list[tuple[str, str]] = []
        self._ends, end = [], 0
        for number, (name, title) in enumerate(TITLES.items(), 1):
            words = f"  {number} {title}{f' {counts[name]:,}' if name in counts else ''}  "
            parts.append((words, "bold reverse $text-primary" if name == here else DIM))
            end += len(words)
            self._ends.append((end, name))
        self.update(Content.assemble(*parts), layout=False)

    def on_click(self, event: events.Click) -> None:
        """Go to the view under the pointer."""
        assert isinstance(self.screen, MemoriesScreen)
        if name := next((name for end, name in self._ends if event.x - 1 < end), None):
            self.screen.action_view(name)


class MemoriesScreen(BrowsingScreen):
    """Four views over the same memories and the same marks; all reading is done in threads."""

    HELP = f"""
# Memories

**1** Facts · **2** Timeline · **3** Sessions · **4** Trash

**/** filters as you type, **F6** looks by meaning instead · **f** narrows by kind, standing, pinned and date

**o** changes the order, **O** turns it round; a click on a title does too

**t** (timeline) days, months, years · **g** goes to a date
{LIST_HELP}{CORRECTING_HELP}
**Esc** unmarks, then clears the filter, then goes back to the chat.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("f1", "help", "Help"),
        Binding("slash", "find", "Filter", key_display="/", tooltip="Filter as you type"),
        Binding("f", "narrow", "Narrow", tooltip="By kind, standing, pinned, date"),
        Binding("o", "order", "Order", tooltip="Change the order"),
        *CORRECTIONS,
        Binding("O", "reverse", "Turn round", show=False, tooltip="Turn the order round"),
        Binding("f6", "meaning", "By meaning", tooltip="Look for what was typed by its meaning"),
        Binding("t", "zoom", "Zoom", tooltip="Days, months, years"),
        Binding("g", "go", "Go to date", tooltip="Jump along the timeline"),
        *(Binding(str(n), f"view('{name}')", title, show=False) for n, (name, title) in enumerate(TITLES.items(), 1)),
    ]
    AUTO_FOCUS = "#rows"

    def __init__(self, chat: Chat, changes: Changes, paths: Paths) -> None:
        super().__init__()
        self.chat, self.changes, self.paths = chat, changes, paths
        self.now = chat.clock()
        self.read_lines: dict[str, Any] = {}
        self._reader = views.Reader(chat.store)
        self._keys: Sequence[str] = ()
        self._offered = Offer()
        self._counts: dict[str, int] = {}
        self._ticket = self._begun = self._listed = 0
        self._listed_look: Look | None = None
        self._change = -1
        self._kept_by = self._keeping
        self._going = ""  # where the cursor is to go at the next reading

    def compose(self) -> ComposeResult:
        """Tabs, filter, titles, rows, the highlighted one in full, what undo would do."""
        yield Tabs()
        with Horizontal(id="filter"):
            yield Line(placeholder="/ to filter", id="words", compact=True, select_on_focus=False)
            yield Static("", id="narrowed", markup=False)
        yield Static("", id="titles", markup=False)
        yield Rows("rows", self._draw, self._is_read, views.markable)
        yield Static("", id="about", markup=False)
        yield UndoLine()
        yield KeyLine()

    def on_mount(self) -> None:
        """Read what is there."""
        self.show_head()
        self.read()
        self.set_timer(SOON, self.refresh_standing)
        self.set_interval(BEAT, self._look_round)

    def on_screen_resume(self) -> None:
        """Something may have changed meanwhile."""
        if self._change >= 0:
            self._watch()

    def _look_round(self) -> None:
        if self.is_current:
            self._watch()

    # ------------------------------------------------------------------ reading

    @property
    def _keeping(self) -> tuple[MemorySettings, date]:
        """What decides how much of a memory is kept, beside the memory."""
        assert self.chat is not None
        return self.chat.settings.memory.model_copy(), self.chat.clock().date()

    @property
    def settled(self) -> bool:
        """Whether what is on the screen is what was last asked for."""
        return self._listed == self._ticket and self.rows.complete

    @property
    def begun(self) -> bool:
        """Whether the first page of what was last asked for is on the screen; the rest may still be read."""
        return self._begun == self._ticket and self.rows.complete

    def read(self, at: str | None = None, day: date | None = None, *, top: bool = False) -> None:
        """Read the keys of the present look; the cursor stays, or goes to a key, to a day, or to the top."""
        self._ticket += 1
        if self._kept_by != self._keeping:
            assert self.chat is not None
            self._kept_by, self._reader = self._keeping, views.Reader(self.chat.store)
        # Another list may begin with its first page; the same one read anew keeps its marks and its place.
        quick = self.look != self._listed_look and day is None and not self.rows.marks and not self.look.wanted.narrowed
        self._read(self._ticket, self.look, "" if top else at or self._going or None, day, quick=quick)

    def _read(self, ticket: int, look: Look, at: str | None, day: date | None, *, quick: bool) -> None:
        self._read_keys(ticket, look, at, day, self.rows.key, self.app.size.height, quick)

    @work(thread=True, exclusive=True, group="keys", exit_on_error=False)
    def _read_keys(self, ticket: int, look: Look, at: str | None, day: date | None, cursor: str, height: int, quick: bool) -> None:
        """``at`` is a key to go to, "" for the top, None to stay at the cursor."""
        worker = get_current_worker()

        def task(chat: Chat) -> None:
            if worker.is_cancelled:  # the words changed again before this one's turn came
                return
            now, settings = chat.clock(), chat.settings.memory
            change = chat.store.last_change()
            page, place = views.Page([], {}), at
            if quick:
                page = views.Page(views.first_keys(self._reader, chat.store, look, settings, now, 4 * height), {})
            near = cursor if at is None else at
            whole = not page.keys or bool(near and near not in page.keys)
            if whole:
                page = views.read_keys(self._reader, chat.store, look, settings, now)
                place = at if day is None else views.place_of(chat.store, look, day, settings, now)
                near = cursor if place is None else place
            if worker.is_cancelled:
                return
            around = page.keys.index(near) if near and near in page.keys else 0
            found = views.read_lines(chat.store, look, page.keys[max(0, around - height) : around + height])
            counts = self._reader.counts() if whole else None  # counting costs as much as all else of a first page
            self.post_message(Listed(ticket, views.Page(page.keys, page.lines | found), counts, change, place, whole=whole))

        self._guarded(task, "")

    def on_listed(self, event: Listed) -> None:
        """Show the keys, unless others were asked for since."""
        if event.ticket != self._ticket or self.chat is None:
            return
        self.now = self.chat.clock()
        self._begun = event.ticket
        if event.whole:
            self._listed, self._listed_look, self._going = event.ticket, self.look, ""
        self._keys, self.read_lines, self._change = event.page.keys, event.page.lines, event.change
        self._counts = self._counts if event.counts is None else event.counts
        self.rows.show(event.page.keys, event.at)
        if not event.whole:  # once the first page is drawn, the rest
            self.call_after_refresh(self._read_rest, event.ticket)
        self.show_head()
        self._show_about()

    def _read_rest(self, ticket: int) -> None:
        if ticket == self._ticket:
            self._read(ticket, self.look, None, None, quick=False)

    def on_rows_needed(self, event: Rows.Needed) -> None:
        """Read the lines that came into view."""
        self._fill(self._ticket, self.look, [key for key in event.keys if not self._is_read(key)])

    @work(thread=True, exclusive=True, group="lines", exit_on_error=False)
    def _fill(self, ticket: int, look: Look, keys: list[str]) -> None:
        self._guarded(lambda chat: self.post_message(Filled(ticket, views.read_lines(chat.store, look, keys))), "")

    def on_filled(self, event: Filled) -> None:
        """Draw them."""
        if event.ticket == self._ticket:
            self.read_lines |= event.lines
            self.rows.refresh()
            self._show_about()
            self._offer()

    @work(thread=True, exclusive=True, group="watch", exit_on_error=False)
    def _watch(self) -> None:
        self._guarded(lambda chat: chat.store.last_change(), "change")

    def done(self, then: str, value: Any) -> None:
        """A background job, or a screen above, changed memory, or it is kept by other rules or on another day: read again; the cursor stays."""
        if then == "change" and self._change >= 0 and (value != self._change or self._kept_by != self._keeping):
            self._change = value
            self.read()
            self.refresh_standing()
        elif then == "meant":
            self.meant(*value)

    def changed(self, came: str = "") -> None:
        """This screen changed memory: the cursor goes to what was made or brought back, where the list has it."""
        self.rows.clear_marks()
        self._going = came
        self.read()

    # ------------------------------------------------------------------ drawing

    def _draw(self, key: str, above: str | None, width: int) -> lines.Pieces | None:
        assert self.chat is not None
        return views.draw(self.look, key, above, width, self.read_lines, self.chat.settings.memory, self.now)

    def _is_read(self, key: str) -> bool:
        return (views.memory_of(key) or key) in self.read_lines

    def show_head(self) -> None:
        """Tabs, filter, titles; only what has changed is laid out anew."""
        look, counts = self.look, self._counts
        shown = {"facts": counts.get("active", 0), "trash": sum(n for status, n in counts.items() if status != "active")} if counts else {}
        self.query_one(Tabs).say(look.name, shown)
        marks = len(self.rows.marks)
        parts = [views.narrowing(look)]
        parts.append(f"{len(self._keys):,} found" if look.wanted.narrowed and self._change >= 0 and look.name != "timeline" else "")
        parts += ["F6 by meaning" if look.wanted.words and look.wanted.ids is None else "", f"{marks} marked" if marks else ""]
        self.query_one("#narrowed", Static).update(" · ".join(part for part in parts if part), layout=False)
        self.query_one("#titles", Static).update(self._titles(), layout=False)
        self._offer()

    def _offer(self) -> None:
        """The footer is made anew only when other keys apply: that costs more than all the rest of a key."""
        offer = Offer(self.look.name, min(2, len(self.rows.marks)), bool(self.look.wanted.words), self._current, self.rows.marks <= {self.rows.key})
        if offer != self._offered:
            self._offered = offer
            self.refresh_bindings()

    def _titles(self) -> Content:
        if columns := views.columns(self.look):
            pieces = lines.header(columns, self.list_width, views.wanted_for(self.look).order, self.look.wanted.reverse)
            return Content.assemble("   ", *((text, "bold $text-primary" if style == "bold" else DIM) for text, style in pieces))
        if self.look.name == "timeline":
            return Content.styled(f"   by {self.look.zoom}, newest first · t changes that · g goes to a date", DIM)
        return Content.styled("   newest first · Enter shows summaries, memories and turns", DIM)

    def _show_about(self) -> None:
        """The highlighted memory in full, or what to do when the list is empty."""
        about = self.query_one("#about", Static)
        line = self.read_lines.get(views.memory_of(self.rows.key))
        if isinstance(line, MemoryLine) and self.chat is not None:
            memory = line.memory
            left = retention(memory, self.now, self.chat.settings.memory)
            facts = [memory.kind, lines.STANDING[memory.status], f"since {show_date(lines.when(memory))}", f"{left:.0%} kept"]
            facts += [f"used {memory.access_count}×", f"said {line.sources}×" if line.sources else "by hand", "Enter tells all"]
            said: list[str | tuple[str, str]] = [("\nyou said: ", DIM), f"“{one_line(memory.span, 200)}”"] if memory.span else []
            about.update(Content.assemble(one_line(memory.text, 600), "\n", (" · ".join(facts), DIM), *said), layout=False)
        elif isinstance(session := self.read_lines.get(self.rows.key), SessionLine):
            about.update(Content.assemble(safe(session.title) or "New conversation", "\n", (one_line(session.summary, 300), DIM)), layout=False)
        elif self._keys:
            about.update(Content.styled("Enter goes to that time.", DIM) if self.look.name == "timeline" else "", layout=False)
        else:
            about.update(self._nothing(), layout=False)

    def _nothing(self) -> str:
        if self._change < 0:
            return "Reading…"
        if self.look.wanted.narrowed:
            return "Nothing here matches. F6 looks by meaning; Esc clears the filter."
        return {
            "facts": "Nothing is remembered yet. Tell me something in the chat, or press a to add a memory.",
            "timeline": "Nothing has happened yet.",
            "sessions": "There are no conversations yet.",
            "trash": "The trash is empty: nothing was forgotten, replaced or merged.",
        }[self.look.name]

    def on_resize(self, event: events.Resize) -> None:
        """The titles depend on the width."""
        self.query_one("#about").display = event.size.height >= 18
        self.call_after_refresh(self.show_head)

    @on(Rows.Highlighted)
    def highlighted(self) -> None:
        """Show it in full."""
        self._show_about()
        self._offer()

    @on(Rows.Marked)
    def marked(self) -> None:
        """Say how many; which keys apply may have changed."""
        self.show_head()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Keys that would do nothing here are not offered."""
        view, marks, words, current, here = self._offered  # asked for every key at every change: looking anew would cost most of a key
        match action:
            case "restore":
                return current is False
            case "split":
                return current is True and not marks
            case "forget" | "pin" | "merge":  # with fewer than two marked, merge says how to mark
                return current is True
            case "edit":
                return current is not None and here
            case "purge":
                return current is not None
            case "add" | "narrow":
                return view != "sessions"
            case "order" | "reverse":
                return view in ("facts", "trash")
            case "zoom" | "go":
                return view == "timeline"
            case "meaning":
                return words and view in ("facts", "timeline")
        return True

    @property
    def _current(self) -> bool | None:
        """Whether the first of what the keys act on is current, or in the trash; None when they act on nothing."""
        line = self.read_lines.get(next(iter(self.picked), ""))
        return line.memory.status == "active" if isinstance(line, MemoryLine) else None
