"""One widget per message: what the user said, and a reply with what was remembered for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from chatmem.tui.messages import OpenTurn, ShowRecall
from chatmem.tui.status import SPINNER
from chatmem.tui.text import is_question, one_line, safe, show_date
from chatmem.types import Recall, RecallItem, Role, Turn, TurnState, Usage

if TYPE_CHECKING:
    from textual.widgets import Markdown
    from textual.widgets.markdown import MarkdownStream


@dataclass(eq=False)
class Entry:
    """A message as data; most of a long conversation exists only like this."""

    role: Role
    text: str
    turn: Turn | None = None
    state: TurnState = "complete"
    question: str = ""
    recall: Recall | None = None
    usage: Usage | None = None
    asked: bool = False
    """Whether the recall was already looked up."""


class UserMessage(Static):
    """What the user said, exactly as typed."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(safe(entry.text), markup=False, classes="user")
        self.entry = entry


class Notice(Static):
    """A problem with a hint, in the flow of the conversation."""

    def __init__(self, message: str, hint: str = "") -> None:
        parts: list[str | tuple[str, str]] = [("✕ ", "$text-error"), safe(message)]
        if hint:
            parts += ["\n  ", (safe(hint), "$foreground 60%")]
        super().__init__(Content.assemble(*parts), markup=False, classes="notice")


class RecallLine(Static, can_focus=True):
    """The line under a reply: how much was remembered, how fast it came. Enter or a click opens the items."""

    HELP = """
    ## What was remembered

    Press **Enter** to see each item recalled for this reply, with its date, score and source.
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", "Show memories")]

    def __init__(self, entry: Entry) -> None:
        super().__init__("", markup=False, classes="recall-line")
        self.entry = entry

    def on_mount(self) -> None:
        """Write the line."""
        self.write()

    def write(self) -> None:
        """Say what is known about this reply."""
        entry, parts = self.entry, list[Content]()
        recall = entry.recall
        if entry.state == "cut":
            parts.append(Content.styled("■ stopped here", "$text-warning"))
        if recall is not None and recall.shown:
            count = len(recall.shown)
            parts.append(Content.assemble(("◆ ", "$text-accent"), (f"{count} {'memory' if count == 1 else 'memories'}", "$foreground 60%")))
        elif recall is not None and recall.state == "none" and is_question(entry.question):
            parts.append(Content.styled("◇ nothing remembered about this", "$foreground 60%"))
        if entry.usage is not None and entry.usage.tokens_per_second:
            parts.append(Content.styled(f"{entry.usage.tokens_per_second:.0f} tok/s", "$foreground 35%"))
        self.update(Content.styled(" · ", "$foreground 35%").join(parts))
        self.display = bool(parts)
        self.can_focus = recall is not None and bool(recall.items)

    def on_click(self) -> None:
        """The same as Enter."""
        self.action_open()

    def action_open(self) -> None:
        """Open the panel at exactly these items."""
        if self.entry.recall is not None and self.entry.recall.items:
            self.post_message(ShowRecall(self.entry.recall))


def best_evidence(recall: Recall) -> RecallItem | None:
    """The best thing used that says something: a question asked before is found by its words but proves nothing."""
    return next((item for item in recall.shown if item.source == "memory" or not is_question(item.text.split("\n", 1)[0])), None)


class Evidence(Static):
    """The best remembered thing, quoted with its date, beside a reply that rests on it."""

    def __init__(self, item: RecallItem) -> None:
        when = item.event_start or item.said_at
        kind = "you said" if item.source == "round" else item.kind
        ended = f", until {show_date(item.valid_to)}" if item.valid_to is not None else ""
        text = one_line(item.text.split("\n", 1)[0] if item.source == "round" else item.text, 220)
        super().__init__(
            Content.assemble((f"“{text}”", "italic"), "\n", (f"{kind} · {show_date(when)}{ended}", "$foreground 60%")),
            markup=False,
            classes="evidence",
        )
        self._item = item

    def on_click(self) -> None:
        """Go to where it was said."""
        if self._item.session_id and self._item.turn_id:
            self.post_message(OpenTurn(self._item.session_id, self._item.turn_id))


class ReplyMessage(Vertical):
    """A reply: Markdown, then the evidence, then the line that says what was remembered."""

    def __init__(self, entry: Entry, *, live: bool = False) -> None:
        super().__init__(classes="reply")
        self.entry = entry
        self._live = live
        self._streamed: list[str] = []
        self._stream: MarkdownStream | None = None
        self._frame = 0
        self.doing = "thinking"

    def compose(self) -> ComposeResult:
        """A running reply begins as a spinner; a finished one is complete at once."""
        if self._live:
            yield Static("", classes="pending", markup=False)
        else:
            if self.entry.text.strip():
                yield self._markdown(self.entry.text)
            yield from self._after()

    def _markdown(self, text: str) -> Markdown:
        from textual.widgets import Markdown  # 60 ms to import, not needed for the first paint

        return Markdown(safe(text), open_links=False)

    def _after(self) -> list[Static]:
        recall = self.entry.recall
        widgets: list[Static] = []
        if recall is not None and recall.state == "confident" and (item := best_evidence(recall)) is not None:
            widgets.append(Evidence(item))
        return [*widgets, RecallLine(self.entry)]

    def on_mount(self) -> None:
        """Turn the spinner while waiting."""
        if self._live:
            self._spin()
            self._timer = self.set_interval(0.1, self._spin)

    def _spin(self) -> None:
        for pending in self.query(".pending").results(Static):
            self._frame = (self._frame + 1) % len(SPINNER)
            pending.update(Content.assemble((SPINNER[self._frame], "$text-accent"), (f" {self.doing}…", "$foreground 60%")))

    @property
    def said(self) -> str:
        """What has come so far."""
        return "".join(self._streamed)

    async def write(self, text: str) -> None:
        """Append a piece of the reply."""
        if self._stream is None:
            from textual.widgets import Markdown

            await self.query(".pending").remove()
            self._timer.stop()
            widget = self._markdown("")
            await self.mount(widget)
            self._stream = Markdown.get_stream(widget)
        piece = safe(text)
        self._streamed.append(piece)
        await self._stream.write(piece)

    async def finish(self) -> None:
        """The reply is over: settle the text and show what was remembered."""
        if self._stream is not None:
            await self._stream.stop()
            self._stream = None
        self._timer.stop()
        await self.query(".pending").remove()
        text = safe(self.entry.text)
        if text.strip() and text.strip() != self.said.strip():
            from textual.widgets import Markdown

            for widget in self.query(Markdown):
                await widget.update(text)
            if not self.query(Markdown):
                await self.mount(self._markdown(text))
        await self.mount(*self._after())

    async def drop(self) -> None:
        """Give up without a reply."""
        if self._stream is not None:
            await self._stream.stop()
            self._stream = None
        self._timer.stop()
        await self.remove()
