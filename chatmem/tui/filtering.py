"""The form that narrows a list of memories: kind, standing, pinned, dates."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from chatmem.store.pages import OUT, Wanted
from chatmem.tui.dialogs import Line, Switch
from chatmem.tui.views import parse_day
from chatmem.types import Kind, Status

KINDS: dict[str, Kind | None] = {"all kinds": None, "facts": "fact", "events": "event"}
PINNED: dict[str, bool | None] = {"pinned or not": None, "pinned": True, "not pinned": False}
STANDINGS: dict[str, tuple[Status, ...]] = {
    "current": ("active",),
    "current or no longer true": ("active", "superseded"),
    "no longer true": ("superseded",),
    "forgotten": ("archived",),
    "merged": ("merged",),
    "everything": ("active", *OUT),
}


class Narrow(ModalScreen[Wanted | None]):
    """Switches and two dates; gives what is wanted, None when left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("ctrl+s", "save", "Apply"),
        Binding("ctrl+r", "clear", "Clear", priority=True),
    ]

    def __init__(self, wanted: Wanted, today: date) -> None:
        super().__init__()
        self._wanted, self._today = wanted, today

    def compose(self) -> ComposeResult:
        """The fields."""
        wanted = self._wanted
        with VerticalScroll(classes="dialog dense", can_focus=False):
            yield Static("Show only", classes="dialog-title", markup=False)
            for name, label, table, now in (
                ("kind", "Kind", KINDS, wanted.kind),
                ("standing", "Standing", STANDINGS, wanted.statuses),
                ("pinned", "Pinned", PINNED, wanted.pinned),
            ):
                with Horizontal(classes="form-row"):
                    yield Label(label)
                    words = next((text for text, value in table.items() if value == now), next(iter(table)))
                    yield Switch(list(table), words, name)
            with Horizontal(classes="form-row"):
                yield Label("From")
                yield Line(wanted.since.isoformat() if wanted.since else "", id="since", compact=True, placeholder="2025, 2025-12 or 2025-12-14")
            with Horizontal(classes="form-row"):
                yield Label("To")
                yield Line(wanted.until.isoformat() if wanted.until else "", id="until", compact=True, placeholder="2026")
            yield Static("", classes="form-problem", markup=False)
            yield Static("Enter turns a switch · Ctrl+S applies · Esc leaves", classes="dialog-hint", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Clear", id="clear", flat=True)
                yield Button("Apply", id="save", flat=True)

    def _read(self) -> Wanted:
        """Raises ValueError with the sentence to show."""
        bounds = []
        for name, end in (("since", 0), ("until", 1)):
            text = self.query_one(f"#{name}", Input).value
            try:
                bounds.append(parse_day(text, self._today)[end] if text.strip() else None)
            except (ValueError, IndexError) as error:
                raise ValueError(f"“{text}” is no date. Write 2025, 2025-12 or 2025-12-14.") from error
        label = {name: self.query_one(f"#{name}", Switch).value for name in ("kind", "standing", "pinned")}
        return replace(
            self._wanted,
            kind=KINDS[label["kind"]],
            statuses=STANDINGS[label["standing"]],
            pinned=PINNED[label["pinned"]],
            since=bounds[0],
            until=bounds[1],
        )

    @on(Input.Changed)
    def check(self) -> None:
        """Say what is wrong while it is written."""
        try:
            self._read()
            self.query_one(".form-problem", Static).update("")
        except ValueError as error:
            self.query_one(".form-problem", Static).update(f"✕ {error}")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Apply or clear."""
        if event.button.id == "clear":
            self.action_clear()
        else:
            self.action_save()

    def on_input_submitted(self) -> None:
        """Enter in a date applies."""
        self.action_save()

    def action_save(self) -> None:
        """Answer, when nothing is wrong."""
        try:
            self.dismiss(self._read())
        except ValueError as error:
            self.query_one(".form-problem", Static).update(f"✕ {error}")

    def action_clear(self) -> None:
        """Show everything current again."""
        self.dismiss(Wanted(words=self._wanted.words, order=self._wanted.order, reverse=self._wanted.reverse))

    def action_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(None)
