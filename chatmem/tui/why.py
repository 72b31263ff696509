"""Why a reply said what it said: what was recalled for it, step by step, with every score; and the keys to put it right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from chatmem.errors import NotFound
from chatmem.store.conversations import ERASED
from chatmem.tui import lines
from chatmem.tui.changes import Changes
from chatmem.tui.correcting import CORRECTING_HELP, CORRECTIONS, CorrectingScreen, UndoLine
from chatmem.tui.keys import KeyLine
from chatmem.tui.text import one_line, safe, show_date
from chatmem.types import Memory, Recall, RecallItem

if TYPE_CHECKING:
    from chatmem.chat import Chat
    from chatmem.config import Paths
    from chatmem.store import Store

DIM = "$foreground 60%"
SURE = {"confident": "sure that this bears on it", "possible": "possibly related", "none": "nothing relevant is remembered", "off": "memory is off"}
PARTS = {
    "fused": "rank among all found",
    "cosine": "closeness of meaning",
    "overlap": "share of the question's words",
    "time": "in the time asked about",
    "diet": "to be minded with food",
    "dense": "closeness of meaning",
    "words": "words in common",
}
"""What the parts of a score are called."""


class Reasons(NamedTuple):
    """What was recalled, less what was erased, with what has become of its memories since."""

    items: Sequence[RecallItem]
    memories: Mapping[str, Memory]
    change: int


def steps(recall: Recall) -> list[str]:
    """What recall did, one sentence a step."""
    kinds = Counter("conversation" if item.source == "round" else "memory" for item in recall.items)
    found = " and ".join(
        f"{kinds[name]} {name if kinds[name] == 1 else plural}"
        for name, plural in (("memory", "memories"), ("conversation", "conversations"))
        if kinds[name]
    )
    cut = Counter(one_line(item.reason, 80) or "not close enough" for item in recall.items if not item.shown)
    said = [f"Asked: “{one_line(recall.question, 200)}”"]
    if recall.state == "off":
        return [*said, "Memory is off: nothing was looked for."]
    said.append(
        f"Found {found or 'nothing'} by words, by the words around them, by session and by meaning{f', in {recall.milliseconds:.0f} ms' * bool(recall.milliseconds)}."
    )
    said.append(f"Judged: {SURE[recall.state]}.")
    said.append(f"Told the model {len(recall.shown)} of {len(recall.items)}." if recall.items else "The model was told nothing.")
    if cut:
        said.append("Left out: " + ", ".join(f"{count} {reason}" for reason, count in cut.most_common()) + ".")
    return said


def line(item: RecallItem, memory: Memory | None) -> Content:
    """One thing recalled: its score, whether the model saw it, its words, and what became of it since."""
    full, empty = lines.bar(item.score, 10)
    kind = "conversation" if item.source == "round" else item.kind
    since = ""
    if memory is not None:
        since = f" · since then changed to: {one_line(memory.text, 160)}" if memory.text != item.text else ""
        since += (" · since then " + lines.STANDING[memory.status] if memory.status != "active" else "") + (" · pinned ★" if memory.pinned else "")
    bright = "" if item.shown else DIM
    return Content.assemble(
        ("✓ " if item.shown else "· ", "$text-success" if item.shown else DIM), (full, "$text-accent" if item.shown else DIM), (empty, "$foreground 35%"),
        (f" {item.score:.2f}  ", DIM), (one_line(item.text, 160), bright), "\n",
        (f"    {'told the model' if item.shown else 'left out'}{f': {one_line(item.reason, 120)}' if item.reason else ''} · {kind} · "
         f"{show_date(item.event_start or item.said_at)}{since}", DIM),
    )  # fmt: skip


def scores(item: RecallItem) -> Content:
    """The parts of a score as bars, with what they mean."""
    parts: list[str | tuple[str, str]] = []
    for name, value in item.parts.items():
        full, empty = lines.bar(value, 10)
        parts += [(f"{PARTS.get(name, one_line(name, 30)):<32}", DIM), (full, "$text-accent"), (empty, "$foreground 35%"), f" {value:.2f}\n"]
    return Content.assemble(*parts, safe(item.text))


def said(store: Store, item: RecallItem) -> bool:
    """Whether an item is a conversation whose words are still there."""
    try:
        return item.source == "round" and store.round(item.id)[0].content != ERASED
    except NotFound:
        return False


class WhyScreen(CorrectingScreen):
    """One recall; the keys act on the memory under the cursor."""

    HELP = f"""
# Why this reply?

What was found for the question, best first: **✓** was told to the model, **·** was left out, and why.

**Enter** opens where it was said · **i** tells all about the memory

If a memory misled the reply, **e** corrects it, **d** forgets it, **p** keeps it.
{CORRECTING_HELP}
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("f1", "help", "Help"),
        Binding("i", "detail", "All about it", tooltip="The memory's whole life"),
        *CORRECTIONS,
    ]
    AUTO_FOCUS = "#story"

    def __init__(self, chat: Chat, changes: Changes, paths: Paths, recall: Recall, at: str = "", then: str = "") -> None:
        """``at`` is the id of the item to begin on, ``then`` an action to begin with."""
        super().__init__()
        self.chat, self.changes, self.paths = chat, changes, paths
        self._recall, self._at, self._then = recall, at, then
        self._items: Sequence[RecallItem] = [*recall.shown, *(item for item in recall.items if not item.shown)]
        self._memories: Mapping[str, Memory] = {}
        self._change = -1

    def compose(self) -> ComposeResult:
        """Steps, items, the parts of the highlighted one's score."""
        yield Static("\n".join(steps(self._recall)), id="steps", markup=False)
        yield OptionList(id="story")
        yield Static("", id="scores", markup=False)
        yield UndoLine()
        yield KeyLine()

    def on_mount(self) -> None:
        """Read what has become of the memories."""
        self.changed()
        self.refresh_standing()
        self.set_interval(0.7, lambda: self.ask("change", lambda chat: chat.store.last_change()))

    def changed(self, came: str = "") -> None:  # noqa: ARG002
        """Read it again."""
        items, ids = self._items, [item.id for item in self._items if item.source == "memory"]

        def read(chat: Chat) -> Reasons:
            memories = {memory.id: memory for memory in chat.store.memories(None, ids)}
            return Reasons([item for item in items if item.id in memories or said(chat.store, item)], memories, chat.store.last_change())

        self.ask("reasons", read)

    def done(self, then: str, value: Any) -> None:
        """It was read, or memory changed."""
        if then == "change":
            if value != self._change and self._change >= 0:
                self.changed()
                self.refresh_standing()
            return
        self._items, self._memories, self._change = value
        story = self.query_one("#story", OptionList)
        kept = story.highlighted
        story.set_options([Option(line(item, self._memories.get(item.id))) for item in self._items])
        begin = next((place for place, item in enumerate(self._items) if item.id == self._at), 0)
        if self._items:
            story.highlighted = min(kept, len(self._items) - 1) if kept is not None else begin
        else:
            self.query_one("#scores", Static).update("")
        if self._then:
            action, self._then = self._then, ""
            self.call_later(self.run_action, action)
        self.refresh_bindings()

    @property
    def item(self) -> RecallItem | None:
        """The item under the cursor."""
        at = self.query_one("#story", OptionList).highlighted if self.is_mounted else None
        return self._items[at] if at is not None and at < len(self._items) else None

    @property
    def picked(self) -> list[str]:
        """Its memory, when it is one and is still there."""
        item = self.item
        return [item.id] if item is not None and item.source == "memory" and item.id in self._memories else []

    def on_option_list_option_highlighted(self) -> None:
        """Say how its score came about."""
        if (item := self.item) is not None:
            self.query_one("#scores", Static).update(scores(item))
        self.refresh_bindings()

    def on_option_list_option_selected(self) -> None:
        """Go to where it was said."""
        item = self.item
        if item is not None and item.session_id and item.turn_id:
            self.open_turn(item.session_id, item.turn_id)
        else:
            self.notify("This was not said in a conversation that still exists.", markup=False)

    def action_detail(self) -> None:
        """All about the memory."""
        for id_ in self.picked:
            self.open_detail(id_)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Keys that would do nothing here are not offered."""
        if not self.is_mounted or not self.query("#story"):
            return True
        memory = self._memories.get(next(iter(self.picked), ""))
        match action:
            case "merge" | "add":
                return False
            case "edit" | "purge" | "detail":
                return memory is not None
            case "pin" | "forget" | "split":
                return memory is not None and memory.status == "active"
            case "restore":
                return memory is not None and memory.status != "active"
        return True

    def action_back(self) -> None:
        """Back to the chat."""
        self.dismiss()
