"""How memories, sessions and months look as lines of a list: pure functions from data to pieces of text.

A piece is text and the name of its style ("" is plain); the pieces of a line fill exactly the width asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from chatmem.store.pages import MemoryLine, Order, SessionLine, Span
from chatmem.tui.text import one_line
from chatmem.types import Memory

Pieces = list[tuple[str, str]]

BAR = 6

STANDING = {"active": "current", "superseded": "no longer true", "merged": "merged", "archived": "forgotten", "deleted": "erased"}
"""What a status is called on the screen."""

LINKED = {
    "Changed": ("changed from", "changed into"),
    "Cause": ("because of", "led to"),
    "Reason": ("for the reason", "is the reason for"),
    "HinderedBy": ("hindered by", "hindered"),
    "React": ("in reaction to", "brought about"),
    "Want": ("wanted since", "made wanted"),
    "SameTopic": ("goes with", "goes with"),
    "MergedInto": ("came from", "went into"),
}
"""A link in words: seen from its newer end, and from its older end."""


def fit(text: str, width: int) -> str:
    """``text`` on one line in exactly ``width`` cells, cut with an ellipsis."""
    line = one_line(text, 2000)
    if cell_len(line) > width:
        line = set_cell_size(line, max(0, width - 1)).rstrip() + "…" if width > 0 else ""
    return set_cell_size(line, max(0, width))


def short_date(moment: date | datetime | None) -> str:
    """A date in eleven cells: "14 Dec 2025"; moments in the local zone, nothing for None."""
    if moment is None:
        return ""
    if isinstance(moment, datetime):
        moment = moment.astimezone()
    return f"{moment.day} {moment:%b %Y}"


def ago(moment: datetime | None, now: datetime) -> str:
    """How long ago, in few cells: today, 3 d, 5 mo, 2 y; "never" for None."""
    if moment is None:
        return "never"
    days = (now.date() - moment.astimezone(now.tzinfo).date()).days
    if days <= 0:
        return "today"
    if days < 60:
        return f"{days} d"
    return f"{days // 30} mo" if days < 730 else f"{days // 365} y"


def bar(share: float, cells: int = BAR) -> tuple[str, str]:
    """A share of 0..1 as filled and empty cells; more than nothing always shows."""
    full = round(max(0.0, min(1.0, share)) * cells)
    full = max(full, 1) if share > 0.005 else full
    return "▰" * full, "▱" * (cells - full)


def when(memory: Memory) -> date | datetime:
    """The day it happened, or when it began to hold."""
    return memory.event_start or memory.valid_from or memory.created_at


class Column(NamedTuple):
    """A column: what it orders by, its title, its width (0 takes what is left), and the least list width that shows it."""

    order: Order
    title: str
    width: int
    least: int = 0


FACTS = (
    Column("text", "memory", 0),
    Column("kind", "kind", 7, 60),
    Column("since", "since", 12, 50),
    Column("changed", "until", 12, 130),
    Column("importance", "imp", 5, 96),
    Column("retention", "kept", 12, 36),
    Column("strength", "str", 5, 130),
    Column("recalled", "recalled", 10, 104),
    Column("sources", "said", 6, 130),
)
TRASH = (
    Column("text", "memory", 0),
    Column("kind", "what became of it", 18, 40),
    Column("changed", "when", 12, 60),
    Column("sources", "why", 34, 96),
)


def layout(columns: Sequence[Column], width: int) -> list[tuple[Column, int]]:
    """The columns shown in ``width`` cells, each with its own width."""
    shown = [column for column in columns if column.least <= width]
    rest = width - 2 - sum(column.width for column in shown)
    return [(column, column.width or max(1, rest)) for column in shown]


def header(columns: Sequence[Column], width: int, order: Order, reverse: bool) -> Pieces:
    """The titles, an arrow at the one that orders the list."""
    pieces: Pieces = [("  ", "")]
    for column, cells in layout(columns, width):
        arrow = ("↑" if reverse else "↓") if column.order == order else ""
        pieces.append((fit(f"{column.title} {arrow}", cells), "bold" if arrow else "dim"))
    return pieces


def column_at(columns: Sequence[Column], width: int, x: int) -> Column | None:
    """Which title stands at a cell of the header."""
    left = 2
    for column, cells in layout(columns, width):
        if left <= x < left + cells:
            return column
        left += cells
    return None


def fact(line: MemoryLine, width: int, now: datetime, left: float) -> Pieces:
    """A memory in the table; ``left`` is its retention."""
    memory = line.memory
    pieces: Pieces = [("★ " if memory.pinned else "  ", "accent")]
    for column, cells in layout(FACTS, width):
        match column.order:
            case "text":
                pieces.append((fit(memory.text, cells - 1) + " ", ""))
            case "kind":
                pieces.append((fit(memory.kind, cells), "dim"))
            case "since":
                pieces.append((fit(short_date(when(memory)), cells), "dim"))
            case "changed":
                pieces.append((fit(short_date(memory.valid_to or memory.event_end), cells), "dim"))
            case "importance":
                pieces.append((fit(f"{memory.importance}", cells), "dim"))
            case "retention":
                full, empty = bar(left)
                pieces += [(full, "accent" if left >= 0.25 else "warning"), (empty, "faint"), (f" {left:.0%}".ljust(cells - BAR), "dim")]
            case "strength":
                pieces.append((fit(f"{memory.strength}", cells), "dim"))
            case "recalled":
                pieces.append((fit(ago(memory.last_access_at, now), cells), "dim"))
            case "sources":
                pieces.append((fit(f"{line.sources}×" if line.sources else "by hand", cells), "dim"))
    return pieces


def trash(line: MemoryLine, width: int) -> Pieces:
    """A memory that is out of recall, with what became of it and why."""
    pieces: Pieces = [("★ " if line.memory.pinned else "  ", "accent")]
    for column, cells in layout(TRASH, width):
        match column.order:
            case "text":
                pieces.append((fit(line.memory.text, cells - 1) + " ", "dim"))
            case "kind":
                pieces.append((fit(STANDING[line.memory.status], cells), "warning"))
            case "changed":
                pieces.append((fit(short_date(line.changed_at or line.memory.valid_to), cells), "dim"))
            case _:
                pieces.append((fit(f"{by(line.actor)}{line.reason}", cells), "dim"))
    return pieces


def by(actor: str) -> str:
    """Who did it, as the beginning of a reason."""
    return {"user": "you: ", "job": "job: ", "llm": "model: "}.get(actor, "")


def moment(line: MemoryLine, above: MemoryLine | None, width: int) -> Pieces:
    """A memory on the timeline; the parts of its date that the line above has too are left out."""
    memory = line.memory
    here, over = _day(memory), _day(above.memory) if above else None
    same_year = over is not None and over.year == here.year
    same_month = same_year and over is not None and over.month == here.month
    gutter = f"{'    ' if same_year else f'{here:%Y}'} {'   ' if same_month else f'{here:%b}'} {'  ' if over == here else f'{here.day:2}'}  "
    glyph = "◆" if memory.kind == "event" else "○"
    until = f"  until {short_date(memory.valid_to)}" if memory.valid_to else ""
    body = width - len(gutter) - 2
    cells = max(1, body - len(until))
    text = fit(memory.text, cells).rstrip() if until else fit(memory.text, cells)
    pad = " " * max(0, body - cell_len(text) - len(until))
    return [(gutter, "bold"), (f"{glyph} ", "accent"), (text, "gone" if memory.valid_to else ""), (until + pad, "dim")]


def linked(relation: str, newer: bool, other: MemoryLine, width: int) -> Pieces:
    """A link under a memory of the timeline: how, to what, and when that was."""
    words = LINKED.get(relation, (relation, relation))[0 if newer else 1]
    lead = f"{'':13}{'↑' if newer else '↓'} {words} "
    tail = f"  {short_date(when(other.memory))}"
    return [
        (lead[:width], "faint"),
        (fit(other.memory.text, max(0, width - len(lead) - len(tail))), "dim"),
        (tail if width > len(lead) else "", "faint"),
    ]


def span(found: Span, most: int, width: int) -> Pieces:
    """A month or a year of the timeline as a bar with its counts."""
    total = found.facts + found.events
    label = f"{date(int(found.label[:4]), int(found.label[5:]), 1):%Y %B}" if len(found.label) > 4 else found.label
    counts = f"{total:,}: {found.facts:,} fact{'s' * (found.facts != 1)}, {found.events:,} event{'s' * (found.events != 1)}"
    counts += f", {found.ended:,} ended" if found.ended else ""
    cells = max(4, width - 17 - len(counts))
    full = max(1, round(total / max(1, most) * cells))
    return [(fit(label, 16), "bold"), ("━" * full, "accent"), (" " + fit(counts, max(0, width - 17 - full)), "dim")]


def session(line: SessionLine, width: int) -> Pieces:
    """A session with its counts and the beginning of its summary."""
    told = f"{line.turns} turns · {line.memories} {'memory' if line.memories == 1 else 'memories'}"
    title = min(34, max(12, width // 3))
    rest = width - 13 - title - 24
    pieces: Pieces = [
        (fit(short_date(line.started_at), 13), "dim"),
        (fit(line.title or "New conversation", title - 1) + " ", ""),
        (fit(told, 24), "dim"),
    ]
    summary = " · ".join(part.strip("- ") for part in line.summary.splitlines() if part.strip("- "))
    return [*pieces, (fit(summary or ("not summarised yet" if line.state == "open" else ""), rest), "faint")] if rest > 8 else pieces


def _day(memory: Memory) -> date:
    moment = when(memory)
    return moment.astimezone().date() if isinstance(moment, datetime) else moment
