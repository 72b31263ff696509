"""A conversation as memory sees it: its summaries and how they changed, what was learnt from it, and every turn."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from chatmem.tui import lines
from chatmem.tui.changes import Changes
from chatmem.tui.correcting import CorrectingScreen
from chatmem.tui.keys import KeyLine
from chatmem.tui.text import one_line, safe, show_date
from chatmem.types import Memory, Session, Summary, Turn

if TYPE_CHECKING:
    from chatmem.chat import Chat
    from chatmem.config import Paths

DIM = "$foreground 60%"
VERSIONS = 20
TURNS = 400


@dataclass(frozen=True)
class Record:
    """What is stored about one conversation; summaries newest first."""

    session: Session
    summaries: list[Summary]
    running: list[Summary]
    memories: list[Memory]
    turns: list[Turn]


def read_record(chat: Chat, session_id: str) -> Record:
    """Read it all. Raises NotFound."""
    store = chat.store
    return Record(
        store.session(session_id),
        store.summaries("session", session_id, VERSIONS),
        store.summaries("running", None, VERSIONS),
        store.memories(None, store.memories_of_session(session_id)),
        store.turns(session_id),
    )


def difference(old: str, new: str) -> list[tuple[str, str]]:
    """The lines of two versions: "+" for what is new, "-" for what went, " " for what stayed."""
    return [(line[0], safe(line[2:])) for line in difflib.ndiff(old.splitlines(), new.splitlines()) if line[0] in "+- "]


Row = tuple[str, str, Content]
"""What a line opens ("turn", "memory", or "" for nothing), its id, and how it looks."""


def pages(record: Record) -> list[Row]:
    """The lines of the screen."""
    rows: list[Row] = []
    for title, versions in (("Summary of this conversation", record.summaries), ("What chatmem knows across conversations", record.running)):
        rows.append(_heading(title, f"{len(versions)} version{'s' * (len(versions) != 1)}" if versions else "none yet"))
        for place, version in enumerate(versions):
            older = versions[place + 1].text if place + 1 < len(versions) else ""
            rows.append(("", version.id, _version(version, older, newest=place == 0)))
    rows.append(_heading("Learnt from it", f"{len(record.memories)}" if record.memories else "nothing"))
    for memory in record.memories:
        standing = "" if memory.status == "active" else f"  {lines.STANDING[memory.status]}"
        rows.append(("memory", memory.id, Content.assemble((f"{memory.kind:<6}", DIM), one_line(memory.text, 200), (standing, "$text-warning"))))
    rows.append(_heading("What was said", f"{len(record.turns)} turns"))
    if len(record.turns) > TURNS:
        rows.append(("", "more", Content.styled(f"The last {TURNS}; open the conversation for all.", DIM)))
    for turn in record.turns[-TURNS:]:
        who = "you" if turn.role == "user" else "reply"
        cut = " (cut)" if turn.state == "cut" else ""
        rows.append(
            ("turn", turn.id, Content.assemble((f"{who:<6}", "$text-accent" if who == "you" else DIM), one_line(turn.content, 400), (cut, DIM)))
        )
    return rows


def _version(version: Summary, older: str, *, newest: bool) -> Content:
    parts: list[str | tuple[str, str]] = [(f"version {version.version} · {show_date(version.created_at)}", DIM)]
    for sign, line in difference(older, version.text):
        if sign == " " and not newest:
            continue
        style = {"+": "$text-success", "-": "$text-error"}.get(sign, "")
        parts += ["\n", (f"  {sign} {one_line(line.removeprefix('- '), 300)}", style)]
    return Content.assemble(*parts)


def _heading(title: str, count: str) -> Row:
    return "", title, Content.assemble((f"\n{title}  ", "bold $text-primary"), (count, DIM))


class ConversationScreen(CorrectingScreen):
    """One conversation; Enter opens a turn in the chat, or a memory."""

    HELP = """
# A conversation

**Enter** on a turn opens the chat there; on a memory, all that is known about it.

Summaries show what each version added (+) and dropped (-).

**Esc** goes back.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("c", "chat", "Open in the chat", tooltip="Go on with this conversation"),
        Binding("f1", "help", "Help"),
    ]
    AUTO_FOCUS = "#story"

    def __init__(self, chat: Chat, changes: Changes, paths: Paths, session_id: str) -> None:
        super().__init__()
        self.chat, self.changes, self.paths, self.session_id = chat, changes, paths, session_id
        self._rows: list[Row] = []

    def compose(self) -> ComposeResult:
        """Title and lines."""
        yield Static("", id="card-words", classes="screen-title", markup=False)
        yield OptionList(id="story")
        yield KeyLine()

    def on_mount(self) -> None:
        """Read it."""
        self.ask("record", lambda chat: read_record(chat, self.session_id))

    def on_screen_resume(self) -> None:
        """Something may have been changed or erased meanwhile."""
        if self._rows:
            self.ask("record", lambda chat: read_record(chat, self.session_id))

    def done(self, then: str, value: Any) -> None:
        """It was read; the cursor stays on its line, or begins at the first turn."""
        if then != "record":
            return
        record: Record = value
        title = one_line(record.session.title, 80) or "New conversation"
        self.query_one("#card-words", Static).update(Content.assemble((title, "bold"), (f"  {show_date(record.session.started_at)}", DIM)))
        story = self.query_one("#story", OptionList)
        kept = self._rows[story.highlighted][:2] if self._rows and story.highlighted is not None else None
        self._rows = pages(record)
        story.set_options([Option(content, disabled=not (opens or id_.startswith("y"))) for opens, id_, content in self._rows])
        turns = [at for at, (opens, *_) in enumerate(self._rows) if opens == "turn"]
        story.highlighted = next((at for at, row in enumerate(self._rows) if row[:2] == kept), next(iter(turns), None))
        if kept is None:
            story.scroll_home(animate=False)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open it."""
        opens, id_, _ = self._rows[event.option_index]
        if opens == "memory":
            self.open_detail(id_)
        elif opens == "turn":
            self.open_turn(self.session_id, id_)

    def action_chat(self) -> None:
        """Go on with it."""
        last = next((id_ for opens, id_, _ in reversed(self._rows) if opens == "turn"), None)
        if last is not None:
            self.open_turn(self.session_id, last)

    def action_back(self) -> None:
        """Back to where one came from."""
        self.dismiss()
