"""The panel on the right: what was recalled for a reply, item by item."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from chatmem.tui.lines import bar
from chatmem.tui.messages import OpenTurn, PutRight
from chatmem.tui.text import one_line, show_date
from chatmem.types import Recall, RecallItem


def describe(item: RecallItem) -> Content:
    """One item: what and when, its words, its score and whether the model saw it."""
    full, empty = bar(item.score, 10)
    kind = "conversation" if item.source == "round" else item.kind
    when = show_date(item.event_start or item.said_at)
    ended = " · no longer" if item.valid_to is not None else ""
    return Content.assemble(
        (f"{kind}", "$text-accent" if item.shown else "$foreground 60%"), (f" · {when}{ended}", "$foreground 60%"), "\n",
        (one_line(item.text, 180), "" if item.shown else "$foreground 60%"), "\n",
        (full, "$text-accent" if item.shown else "$foreground 60%"), (empty, "$foreground 35%"),
        (f" {item.score:.2f}  {'used' if item.shown else 'left out'}\n", "$foreground 60%"),
    )  # fmt: skip


class RecallPanel(Vertical):
    """Shows one recall; Enter opens the turn an item came from."""

    HELP = """
    ## What was remembered

    Each item has its date, its kind, a score from 0 to 1, and whether the model was told.

    - **Enter** opens the turn it came from
    - **w** shows why, with every score
    - **e** corrects a memory, **d** forgets it, **p** pins it
    - **Esc** goes back to the input
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open where it was said", show=False),
        Binding("w", "put_right('')", "Why", tooltip="Every score, and what was left out"),
        Binding("e", "put_right('edit')", "Correct", tooltip="Change the memory that misled the reply"),
        Binding("d", "put_right('forget')", "Forget", tooltip="Into the trash; can be undone"),
        Binding("p", "put_right('pin')", "Pin", tooltip="Keep it from fading"),
    ]

    def __init__(self) -> None:
        super().__init__(id="panel")
        self.recall: Recall | None = None

    def compose(self) -> ComposeResult:
        """Heading, list, details of the highlighted item."""
        yield Static("Remembered", classes="side-title", markup=False)
        yield Static("What a reply draws on appears here.", id="panel-question", markup=False)
        yield OptionList(id="panel-items")
        yield Static("", id="panel-detail", markup=False)

    def show(self, recall: Recall | None, *, memory: bool = True) -> None:
        """Fill the panel; ``memory`` says whether memory is on."""
        self.recall = recall
        items = self.query_one("#panel-items", OptionList)
        self.query_one("#panel-detail", Static).display = False
        heading = self.query_one("#panel-question", Static)
        if recall is None:
            heading.update("What a reply draws on appears here.")
            items.clear_options()
            return
        off = "answered by rule: nothing had to be recalled" if memory else "memory is off"
        said = {"confident": "", "possible": "possibly related", "none": "nothing relevant is remembered", "off": off}[recall.state]
        took = f"{recall.milliseconds:.0f} ms" if recall.milliseconds else ""
        note = " · ".join(part for part in (said, took) if part)
        heading.update(Content.assemble(f"“{one_line(recall.question, 90)}”", (f"\n{note}" if note else "", "$foreground 60%")))
        ordered = recall.shown + [item for item in recall.items if not item.shown]
        self._ordered = ordered
        items.set_options([Option(describe(item)) for item in ordered])
        if ordered:
            items.highlighted = 0

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say how the score came about."""
        event.stop()
        item = self._ordered[event.option_index]
        parts = "  ".join(f"{one_line(name, 16)} {value:.2f}" for name, value in item.parts.items())
        lines = [line for line in (one_line(item.reason, 120), parts) if line]
        lines.append("Enter opens where it was said" if item.turn_id else "kept by hand, or its conversation is gone")
        detail = self.query_one("#panel-detail", Static)
        detail.update("\n".join(lines))
        detail.display = True

    def action_put_right(self, action: str) -> None:
        """Correct, forget or pin the highlighted memory, on the screen that says why it was recalled."""
        at = self.query_one("#panel-items", OptionList).highlighted
        if self.recall is not None and at is not None and self.recall.items:
            self.post_message(PutRight(self.recall, self._ordered[at].id, action))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go to the source."""
        event.stop()
        item = self._ordered[event.option_index]
        if item.session_id and item.turn_id:
            self.post_message(OpenTurn(item.session_id, item.turn_id))
        else:
            self.notify("This was not said in a conversation that still exists.", markup=False)
