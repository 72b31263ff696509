"""The sidebar of conversations, and the search across all of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from chatmem.errors import ChatmemError
from chatmem.tui.dialogs import Line
from chatmem.tui.messages import FoundTurns
from chatmem.tui.text import one_line, safe, show_date
from chatmem.types import Session

if TYPE_CHECKING:
    from chatmem.chat import Chat


class Sidebar(Vertical):
    """Conversations by day; Enter resumes one."""

    HELP = """
    ## Conversations

    - **Enter** resumes one
    - **Ctrl+N** begins a new one
    - **F2** renames
    - **Delete** erases it, and asks about its memories
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "ask('rename')", "Rename", id="session.rename"),
        Binding("delete", "ask('delete')", "Delete", id="session.delete"),
    ]

    class Chosen(Message):
        """Something is to be done with a session: open, rename, delete."""

        def __init__(self, session_id: str, deed: str) -> None:
            super().__init__()
            self.session_id, self.deed = session_id, deed

    def __init__(self) -> None:
        super().__init__(id="sidebar")
        self.current = ""
        self._rows: list[tuple[str, Session]] = []

    def compose(self) -> ComposeResult:
        """Heading and list."""
        yield Static("Conversations", classes="side-title", markup=False)
        yield OptionList(id="sessions")

    def show(self, rows: list[tuple[str, Session]], current: str) -> None:
        """Fill the list; the current one is marked, the highlight stays where it was."""
        self._rows, self.current = rows, current
        listing = self.query_one(OptionList)
        kept = listing.highlighted_option.id if listing.highlighted_option is not None else None
        options: list[Option | None] = []
        group = ""
        for label, session in rows:
            if label != group:
                options.append(Option(Content.styled(f"\n{label}" if group else label, "$foreground 50%"), disabled=True))
                group = label
            here = session.id == current
            title = one_line(session.title, 60) or "New conversation"
            options.append(Option(Content.assemble(("▎" if here else " ", "$text-accent"), (title, "bold" if here else "")), id=session.id))
        listing.set_options(options)
        ids = [option.id for option in listing.options]
        for wanted in (kept, current) if listing.has_focus else (current,):
            if wanted and wanted in ids:
                listing.highlighted = ids.index(wanted)
                break

    @property
    def selected(self) -> str | None:
        """The highlighted session when the list has the focus."""
        listing = self.query_one(OptionList)
        return listing.highlighted_option.id if listing.has_focus and listing.highlighted_option is not None else None

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Resume."""
        event.stop()
        if event.option_id:
            self.post_message(self.Chosen(event.option_id, "open"))

    def action_ask(self, deed: str) -> None:
        """Rename or delete the highlighted one."""
        if session_id := self.selected:
            self.post_message(self.Chosen(session_id, deed))


class Search(ModalScreen[tuple[str, str] | None]):
    """Finds words in every conversation as they are typed; gives session and turn."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Close"), Binding("down", "into_list", show=False)]

    def __init__(self, chat: Chat) -> None:
        super().__init__()
        self._chat = chat
        self._found: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        """Input and results."""
        with Vertical(classes="dialog wide"):
            yield Static("Search all conversations", classes="dialog-title", markup=False)
            yield Line(placeholder="Words you or I said", id="search-words", compact=True)
            yield OptionList(id="search-results", classes="dialog-list")
            yield Static("Enter opens · Esc closes", classes="dialog-hint", id="search-hint", markup=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search again at each letter; an older search is dropped."""
        self._look(event.value)

    @work(thread=True, exclusive=True, group="search", exit_on_error=False)
    def _look(self, query: str) -> None:
        try:
            found = self._chat.store.search_turns(query, limit=40) if query.strip() else []
            titles: dict[str, str] = {}
            for turn, _ in found:
                if turn.session_id not in titles:
                    titles[turn.session_id] = self._chat.store.session(turn.session_id).title
            self.post_message(FoundTurns(query, [(titles[turn.session_id], turn) for turn, _ in found]))
        except ChatmemError:  # a conversation deleted meanwhile: the next letter searches again
            self.post_message(FoundTurns(query, []))

    def on_found_turns(self, event: FoundTurns) -> None:
        """Show results, unless the words changed since."""
        event.stop()
        if event.query != self.query_one("#search-words", Input).value:
            return
        listing = self.query_one(OptionList)
        self._found = [(turn.session_id, turn.id) for _, turn in event.rows]
        listing.set_options(
            Option(
                Content.assemble(
                    (one_line(title, 40) or "New conversation", "bold"),
                    (f"  {show_date(turn.created_at)} · {'you' if turn.role == 'user' else 'reply'}\n", "$foreground 60%"), excerpt(turn.content, event.query),
                )
            )
            for title, turn in event.rows
        )  # fmt: skip
        if self._found:
            listing.highlighted = 0
        hint = (
            f"{len(self._found)} found · Enter opens · Esc closes"
            if self._found
            else "Nothing found"
            if event.query.strip()
            else "Enter opens · Esc closes"
        )
        self.query_one("#search-hint", Static).update(hint)

    def on_input_submitted(self) -> None:
        """Open the highlighted result."""
        listing = self.query_one(OptionList)
        if self._found and listing.highlighted is not None:
            self.dismiss(self._found[listing.highlighted])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open it."""
        self.dismiss(self._found[event.option_index])

    def action_into_list(self) -> None:
        """Walk down the results without leaving the words."""
        self.query_one(OptionList).focus()

    def action_leave(self) -> None:
        """Close."""
        self.dismiss(None)


def excerpt(text: str, query: str, width: int = 120) -> Content:
    """The part of ``text`` around the first word found, with the words marked."""
    line = " ".join(safe(text).split())
    words = [re.escape(word) for word in re.findall(r"\w+", query)]
    pattern = re.compile("|".join(words), re.IGNORECASE) if words else None
    first = pattern.search(line) if pattern else None
    start = max(0, first.start() - width // 3) if first else 0
    part = ("…" if start else "") + line[start : start + width] + ("…" if len(line) > start + width else "")
    content = Content(part)
    for match in pattern.finditer(part) if pattern else ():
        content = content.stylize("bold $text-accent", match.start(), match.end())
    return content
