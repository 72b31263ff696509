"""The part of the memory screen that says what is looked at: view, filter, order, zoom, place in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from textual import events, on
from textual.widgets import Input

from chatmem.store.pages import MemoryLine, Order, Wanted
from chatmem.tui import lines, views
from chatmem.tui.correcting import CorrectingScreen
from chatmem.tui.rows import GUTTER, Rows
from chatmem.tui.text import one_line, safe
from chatmem.tui.views import TITLES, Look, Name

if TYPE_CHECKING:
    from chatmem.chat import Chat


class BrowsingScreen(CorrectingScreen):
    """Keeps the look; the memory screen reads and draws it."""

    look = Look()
    now: datetime
    read_lines: dict[str, Any]

    def read(self, at: str | None = None, day: date | None = None, *, top: bool = False) -> None:
        """Read the keys of the present look; the cursor stays, or goes to a key, to a day, or to the top."""
        raise NotImplementedError

    def show_head(self) -> None:
        """Say what is looked at."""
        raise NotImplementedError

    @property
    def rows(self) -> Rows:
        """The list."""
        return self.query_one(Rows)

    @property
    def picked(self) -> list[str]:
        """The marked memories, or the one under the cursor."""
        if self.rows.marks:
            return self.rows.chosen
        return [found] if (found := views.memory_of(self.rows.key)) else []

    def change_look(self, look: Look, at: str | None = None, day: date | None = None) -> None:
        """Look at something else. Who is at the top, or asks for another order, begins at the top."""
        old, self.look = self.look, look
        ordered = (old.wanted.order, old.wanted.reverse) != (look.wanted.order, look.wanted.reverse)
        self.show_head()
        self.read(at, day, top=day is None and (ordered or self.rows.cursor == 0))

    def want(self, wanted: Wanted) -> None:
        """Look for something else in the same view."""
        self.change_look(replace(self.look, wanted=wanted))

    # ------------------------------------------------------------------ views and filter

    def action_view(self, name: Name) -> None:
        """Another view; filter and marks stay."""
        if name != self.look.name:
            here = views.memory_of(self.rows.key)
            self.change_look(replace(self.look, name=name), here if here and name != "sessions" else None)
        self.rows.focus()

    def action_next_view(self) -> None:
        """The view to the right."""
        names: Sequence[Name] = list(TITLES)
        self.action_view(names[(names.index(self.look.name) + 1) % len(names)])

    def action_find(self) -> None:
        """Go to the filter."""
        self.query_one("#words", Input).focus()

    @on(Input.Changed, "#words")
    def typed(self, event: Input.Changed) -> None:
        """Filter at each letter."""
        if safe(event.value) != self.look.wanted.words:
            self.want(replace(self.look.wanted, words=safe(event.value), ids=None))

    @on(Input.Submitted, "#words")
    def into_rows(self) -> None:
        """Enter goes to what was found."""
        self.rows.focus()

    def action_meaning(self) -> None:
        """Look for the words by their meaning; again for the words themselves."""
        words = self.look.wanted.words
        if not words.strip():
            self.notify("Type what to look for first.", markup=False)
            self.action_find()
        elif self.look.wanted.ids is not None:
            self.want(replace(self.look.wanted, ids=None))
        else:

            def find(chat: Chat) -> tuple[str, tuple[str, ...]]:
                found = chat.recall(words, limit=50)
                return words, tuple(item.id for item in found.items if item.source == "memory")

            self.ask("meant", find)

    def meant(self, words: str, ids: tuple[str, ...]) -> None:
        """What the words mean was found."""
        if words == self.look.wanted.words:
            self.want(replace(self.look.wanted, ids=ids))

    def action_narrow(self) -> None:
        """By kind, standing, pinned, date."""
        from chatmem.tui.filtering import Narrow

        self.app.push_screen(Narrow(self.look.wanted, self.now.date()), lambda wanted: self.want(wanted) if wanted is not None else None)

    # ------------------------------------------------------------------ order

    def action_order(self) -> None:
        """The next order."""
        orders, now = list(views.ORDERS), self.look.wanted.order
        self.want(replace(self.look.wanted, order=orders[(orders.index(now) + 1) % len(orders)] if now in orders else orders[0], reverse=False))

    def action_reverse(self) -> None:
        """Turn the order round."""
        self.want(replace(self.look.wanted, reverse=not self.look.wanted.reverse))

    def order_by(self, order: Order) -> None:
        """Order by a column; again to turn it round."""
        wanted = self.look.wanted
        self.want(replace(wanted, order=order, reverse=order == views.wanted_for(self.look).order and not wanted.reverse))

    @on(events.Click, "#titles")
    def clicked_title(self, event: events.Click) -> None:
        """Order by the title under the pointer."""
        columns = views.columns(self.look)
        column = lines.column_at(columns, self.list_width, event.x - GUTTER) if columns else None
        if column is not None and column.title != "why":
            self.order_by(column.order)

    @property
    def list_width(self) -> int:
        """The cells of a line, its gutter apart."""
        return max(1, self.rows.line_width - GUTTER)

    # ------------------------------------------------------------------ time

    def action_zoom(self) -> None:
        """Days, months, years; the place in time stays."""
        zooms: list[views.Zoom] = ["day", "month", "year"]
        zoom = zooms[(zooms.index(self.look.zoom) + 1) % 3]
        self.change_look(replace(self.look, name="timeline", zoom=zoom), day=self._day_here())

    def _day_here(self) -> date | None:
        key = self.rows.key
        line = self.read_lines.get(views.memory_of(key))
        if isinstance(line, MemoryLine):
            moment = lines.when(line.memory)
            return moment.astimezone().date() if isinstance(moment, datetime) else moment
        return views.parse_day(key, self.now.date())[1] if key[:1].isdigit() else None

    def action_go(self, asked: str = "") -> None:
        """Ask for a date and go there; what is no date is given back."""
        from chatmem.tui.dialogs import Ask

        def go(text: str | None) -> None:
            if not text:
                return
            try:
                _, last = views.parse_day(text, self.now.date())
            except (ValueError, IndexError):
                self.notify(f"“{one_line(text, 30)}” is no date. Write 2025, 2025-12 or 2025-12-14.", severity="warning", markup=False)
                self.action_go(text)
            else:
                self.change_look(replace(self.look, name="timeline"), day=last)

        self.app.push_screen(Ask("Go to a date", asked, "2025, 2025-12, March 2025, 2025-12-14, today", enter="Enter goes there · Esc leaves"), go)

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Open a memory or a session; follow a link; zoom into a month or year."""
        key = event.key
        if ">" in key:
            if not self.rows.go_to(views.memory_of(key)):
                self.open_detail(views.memory_of(key))
        elif key.startswith("m"):
            self.open_detail(key)
        elif self.look.name == "sessions":
            from chatmem.tui.conversation import ConversationScreen

            assert self.chat is not None
            self.app.push_screen(ConversationScreen(self.chat, self.changes, self.paths, key))
        else:
            self.change_look(replace(self.look, zoom="month" if self.look.zoom == "year" else "day"), day=views.parse_day(key, self.now.date())[1])

    def action_back(self) -> None:
        """Out of the filter, unmark, clear the filter, leave: one at a time."""
        words, wanted = self.query_one("#words", Input), self.look.wanted
        if words.has_focus and not words.value:
            self.rows.focus()
        elif words.has_focus:
            words.value = ""
            self.rows.focus()
        elif self.rows.clear_marks():
            return
        elif wanted.narrowed or wanted.statuses != ("active",):
            words.value = ""
            self.want(Wanted(order=wanted.order, reverse=wanted.reverse))
        else:
            self.app.pop_screen()
