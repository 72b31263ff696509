"""A memory's whole life: its words and scores, where it was said, what it is linked to, how it changed, where it was used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from chatmem.memory.decay import retention
from chatmem.store.pages import Use
from chatmem.tui import lines
from chatmem.tui.background import SOON
from chatmem.tui.changes import Changes, describe, differences
from chatmem.tui.correcting import CORRECTING_HELP, CORRECTIONS, CorrectingScreen, UndoLine
from chatmem.tui.keys import KeyLine
from chatmem.tui.text import one_line, show_date
from chatmem.types import Link, Memory, Operation, Turn

if TYPE_CHECKING:
    from chatmem.chat import Chat
    from chatmem.config import Paths

MOST = 200
"""Operations and uses shown; the newest come first."""


@dataclass(frozen=True)
class Life:
    """Everything known about one memory."""

    memory: Memory
    sources: list[Turn]
    titles: dict[str, str]
    links: list[Link]
    others: dict[str, Memory]
    operations: list[Operation]
    uses: list[Use]
    left: float


def read_life(chat: Chat, memory_id: str) -> Life:
    """Read it all. Raises NotFound."""
    store = chat.store
    memory = store.memory(memory_id)
    links, sources, uses = store.links([memory_id]), store.sources(memory_id), store.uses(memory_id, MOST)
    sessions = {turn.session_id for turn in sources} | {use.session_id for use in uses}
    return Life(
        memory,
        sources,
        {id_: store.session(id_).title for id_ in sessions},
        links,
        {other.id: other for other in store.memories(None, [id_ for link in links for id_ in (link.src, link.dst) if id_ != memory_id])},
        store.operations(memory_id, MOST),
        uses,
        retention(memory, chat.clock(), chat.settings.memory),
    )


def card(life: Life, now: datetime) -> Content:
    """The memory itself, its dates and scores."""
    memory = life.memory
    full, empty = lines.bar(life.left, 10)
    days = show_date(memory.event_start) if memory.event_start else ""
    if memory.event_end and memory.event_end != memory.event_start:
        days += f" to {show_date(memory.event_end)}"
    rows: list[tuple[str, str]] = [
        ("standing", lines.STANDING[memory.status] + (", pinned ★" if memory.pinned else "")),
        ("kind", f"{memory.kind}, about {one_line(memory.subject, 40)}" + (", a dislike or a no" if memory.polarity == "negative" else "")),
        (
            "happened",
            f"{days} ({ {'stated': 'as stated', 'session': 'worked out from when it was said', 'none': ''}[memory.time_source] })" if days else "",
        ),
        (
            "holds",
            f"from {show_date(memory.valid_from)}{f' until {show_date(memory.valid_to)}' if memory.valid_to else ''}" if memory.valid_from else "",
        ),
        ("learnt", f"{show_date(memory.created_at)}, { {'rule': 'by rule', 'llm': 'by the model', 'user': 'by your hand'}[memory.origin] }"),
        ("importance", f"{memory.importance} of 10"),
        ("kept", f"{full}{empty} {life.left:.0%}"),
        ("strength", f"{memory.strength}; used {memory.access_count}×, last {lines.ago(memory.last_access_at, now)}"),
        ("version", f"{memory.version} · {memory.id}"),
    ]
    parts: list[str | tuple[str, str]] = [(one_line(memory.text, 2000), "bold"), "\n"]
    for name, value in rows:
        if value:
            parts += ["\n", (f"{name:<11}", "$foreground 60%"), value]
    if memory.span:
        parts += ["\n\n", ("in your words  ", "$foreground 60%"), f"“{one_line(memory.span, 2000)}”"]
    return Content.assemble(*parts)


Row = tuple[str, str, Content]
"""What a line opens ("turn", "memory", "operation", "reply", or "" for a heading), its id, and how it looks."""


def story(life: Life) -> list[Row]:
    """The lines below the card, each of which opens something."""
    dim = "$foreground 60%"
    rows: list[Row] = [_heading("Said in", len(life.sources), "your own hand" if not life.sources else "")]
    for turn in life.sources:
        title = one_line(life.titles.get(turn.session_id, ""), 40) or "New conversation"
        rows.append(
            (
                "turn",
                turn.id,
                Content.assemble((f"{lines.short_date(turn.created_at):<12}", dim), (f"{title}: ", dim), f"“{one_line(turn.content, 160)}”"),
            )
        )
    rows.append(_heading("Linked to", len(life.links)))
    for link in life.links:
        newer = link.dst == life.memory.id
        other = life.others.get(link.src if newer else link.dst)
        if other is not None:
            words = lines.LINKED.get(link.relation, (link.relation, link.relation))[0 if newer else 1]
            ended = "  no longer true" if other.status == "superseded" else ""
            rows.append(
                (
                    "memory",
                    other.id,
                    Content.assemble((f"{'↑' if newer else '↓'} {words} ", dim), one_line(other.text, 140), (ended, "$text-warning")),
                )
            )
    rows.append(_heading("How it changed", len(life.operations)))
    rows += [("operation", str(operation.id), changed(operation, life.memory.id)) for operation in life.operations]
    rows.append(_heading("Recalled for", len(life.uses)))
    for use in life.uses:
        how = "used" if use.shown else f"left out, {one_line(use.reason, 80)}" if use.reason else "left out"
        rows.append(
            (
                "reply",
                use.reply_id or use.turn_id,
                Content.assemble((f"{lines.short_date(use.at):<12}", dim), f"“{one_line(use.question, 110)}”", (f"  {use.score:.2f} {how}", dim)),
            )
        )
    return rows


def changed(operation: Operation, memory_id: str) -> Content:
    """One entry of the log: what, by whom, why, and the fields before and after."""
    dim = "$foreground 60%"
    before = operation.before.memories.get(memory_id) if operation.before else None
    after = operation.after.memories.get(memory_id) if operation.after else None
    who = {"user": "you", "rule": "rule", "llm": "model", "job": "job"}[operation.actor]
    verb = describe(operation.model_copy(update={"actor": "rule" if operation.actor != "user" else "user"})).split(" “")[0]
    parts: list[str | tuple[str, str]] = [(f"{lines.short_date(operation.at):<12}", dim), verb, (f" · {who}", dim)]
    if operation.reason and operation.op != "PIN":
        parts.append((f" · {one_line(operation.reason, 120)}", dim))
    if operation.undone_by is not None:
        parts.append((" · undone", "$text-warning"))
    if operation.before is None and operation.after is None:
        parts.append((" · words erased", dim))
    elif operation.op != "REINFORCE":
        for name, old, new in differences(before, after):
            apart = "\n" + " " * (14 + len(name)) if len(old) + len(new) > 50 else " "
            parts += ["\n" + " " * 12, (f"{name}: ", dim)]
            parts += [(f"{one_line(old, 200)}", dim), f"{apart}→ "] if old else []
            parts.append(one_line(new, 200))
    return Content.assemble(*parts)


def _heading(title: str, count: int, nothing: str = "nothing") -> Row:
    return "", title, Content.assemble((f"\n{title} ", "bold $text-primary"), (f"{count}" if count else nothing or "nothing", "$foreground 60%"))


class DetailScreen(CorrectingScreen):
    """One memory; Enter follows a line."""

    HELP = f"""
# A memory

**Enter** on a line opens it: the conversation where it was said, the memory it is linked to, the reply it was recalled for.

On a line of “How it changed”, **z** undoes exactly that change.
{CORRECTING_HELP}
**Esc** goes back.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("f1", "help", "Help"),
        *CORRECTIONS,
        Binding("z", "undo_this", "Undo this change", tooltip="Take back the highlighted change alone"),
    ]
    AUTO_FOCUS = "#story"

    def __init__(self, chat: Chat, changes: Changes, paths: Paths, memory_id: str) -> None:
        super().__init__()
        self.chat, self.changes, self.paths, self.memory_id = chat, changes, paths, memory_id
        self.life: Life | None = None
        self._rows: list[Row] = []
        self._change = -1

    def compose(self) -> ComposeResult:
        """Card and story."""
        with Vertical(id="detail"):
            with VerticalScroll(id="card", can_focus=False):
                yield Static("Reading…", id="card-words", markup=False)
            yield OptionList(id="story")
        yield UndoLine()
        yield KeyLine()

    async def on_mount(self) -> None:
        """Read it."""
        self.set_class(self.app.size.width >= 130, "-two")
        await self.ask_first("life", self._read)
        self.set_timer(SOON, self.refresh_standing)
        self.set_interval(0.7, lambda: self.ask("change", lambda chat: chat.store.last_change()))

    def changed(self, came: str = "") -> None:  # noqa: ARG002
        """Read it again."""
        self.ask("life", self._read)

    def _read(self, chat: Chat) -> tuple[int, Life | None]:
        from chatmem.errors import NotFound

        change = chat.store.last_change()
        try:
            return change, read_life(chat, self.memory_id)
        except NotFound:  # erased
            return change, None

    def done(self, then: str, value: Any) -> None:
        """It was read, or memory changed."""
        if then == "change":
            if value != self._change and self._change >= 0:
                self._change = value
                self.changed()
                self.refresh_standing()
            return
        self._change, life = value
        if life is None:
            self.query_one("#card-words", Static).update("This memory was erased.")
            self.query_one("#story", OptionList).clear_options()
            self.life = None
            self.refresh_bindings()
            return
        assert self.chat is not None
        self.life = life
        self.query_one("#card-words", Static).update(card(life, self.chat.clock()))
        story_list = self.query_one("#story", OptionList)
        kept = self._rows[story_list.highlighted][:2] if story_list.highlighted is not None and self._rows else None
        self._rows = story(life)
        story_list.set_options([Option(content, disabled=not opens) for opens, _, content in self._rows])
        places = [at for at, (opens, *_) in enumerate(self._rows) if opens]
        same = next((at for at in places if self._rows[at][:2] == kept), None)
        story_list.highlighted = same if same is not None else next(iter(places), None)
        self.refresh_bindings()

    @property
    def picked(self) -> list[str]:
        """This memory."""
        return [self.memory_id] if self.life is not None else []

    @property
    def _row(self) -> Row | None:
        at = self.query_one("#story", OptionList).highlighted
        return self._rows[at] if at is not None and at < len(self._rows) else None

    def on_option_list_option_highlighted(self) -> None:
        """Which keys apply depends on the line."""
        self.refresh_bindings()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Follow it."""
        opens, id_, _ = self._rows[event.option_index]
        if opens == "memory":
            self.open_detail(id_)
        elif opens in ("turn", "reply"):
            self.open_turn(id_.rpartition("_")[0], id_)

    def action_undo_this(self) -> None:
        """Take back the highlighted change."""
        row = self._row
        if row is not None and row[0] == "operation":
            self.do(lambda: self.changes.undo(int(row[1])))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Keys that would do nothing here are not offered."""
        memory = self.life.memory if self.life is not None else None
        match action:
            case "merge":
                return False
            case "undo_this":
                return self.is_mounted and (row := self._row) is not None and row[0] == "operation"
            case "edit" | "purge":
                return memory is not None
            case "pin" | "forget" | "split":
                return memory is not None and memory.status == "active"
            case "restore":
                return memory is not None and memory.status != "active"
        return True

    def action_back(self) -> None:
        """Back to where one came from."""
        self.dismiss()
