"""The four views of the memory screen: which keys, in which order, what is read for them, and how they are drawn.

A key is a memory's or session's id, a month or year of the timeline, or a link under a memory ("m7>Cause>m2").
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from chatmem.config import MemorySettings
from chatmem.memory.decay import retention
from chatmem.memory.times import MONTHS
from chatmem.store.pages import OUT, Ids, MemoryLine, Order, SessionLine, Span, Wanted
from chatmem.tui import lines
from chatmem.tui.lines import FACTS, TRASH, Column, Pieces

if TYPE_CHECKING:
    from chatmem.store import Store

Name = Literal["facts", "timeline", "sessions", "trash"]
Zoom = Literal["day", "month", "year"]

TITLES: dict[Name, str] = {"facts": "Facts", "timeline": "Timeline", "sessions": "Sessions", "trash": "Trash"}
ORDERS: tuple[Order, ...] = ("said", "since", "importance", "retention", "recalled", "text")
"""What the order key goes through; the header's titles offer the rest."""


KEPT = 12
"""Orders and matches kept at once."""


@dataclass(frozen=True)
class Look:
    """What the screen shows: a view, what is wanted in it, and how far the timeline is zoomed."""

    name: Name = "facts"
    wanted: Wanted = Wanted()  # noqa: RUF009
    zoom: Zoom = "day"


class Page(NamedTuple):
    """Keys in order, and what was read for some of them."""

    keys: Sequence[str]
    lines: dict[str, Any]


def memory_of(key: str) -> str:
    """The memory a key stands for: the other end for a link, "" for what is no memory."""
    if ">" in key:
        return key.rpartition(">")[2]
    return key if key.startswith("m") else ""


def markable(key: str) -> bool:
    """Memories can be marked; links, months and sessions cannot."""
    return key.startswith("m") and ">" not in key


def columns(look: Look) -> tuple[Column, ...]:
    """The columns of a view that has a header to click on."""
    return FACTS if look.name == "facts" else TRASH if look.name == "trash" else ()


def wanted_for(look: Look) -> Wanted:
    """The statuses that a view is about, unless the filter names others."""
    chosen = look.wanted
    if look.name == "trash":
        statuses = tuple(status for status in chosen.statuses if status in OUT) or OUT
        return replace(chosen, statuses=statuses, order="changed" if chosen.order == "said" else chosen.order)
    if look.name == "timeline":
        return replace(chosen, statuses=("active", "superseded") if chosen.statuses == ("active",) else chosen.statuses, order="since")
    return chosen


class Reader:
    """Reads keys, and keeps the last few orders and matches until memory changes, so that a letter of the filter sorts nothing anew."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._change = -1
        self._orders: dict[Wanted, Sequence[str]] = {}
        self._matches: dict[str, np.ndarray] = {}
        self._counts: dict[str, int] = {}
        self._links: dict[str, list[str]] | None = None
        self._spans: dict[tuple[Zoom, Wanted], list[Span]] = {}

    def _renew(self) -> None:
        """Let go of what was kept when memory has changed since."""
        change = self._store.last_change()
        if change != self._change:
            self._change, self._orders, self._matches, self._counts, self._links, self._spans = change, {}, {}, {}, None, {}

    def links(self) -> dict[str, list[str]]:
        """The links of every memory, as keys."""
        self._renew()
        if self._links is None:
            self._links = link_keys(self._store.drawn_links())
        return self._links

    def spans(self, length: Literal["month", "year"], wanted: Wanted, now: datetime) -> list[Span]:
        """Months or years with what fell into them."""
        self._renew()
        if (length, wanted) not in self._spans:
            self._spans = dict([*self._spans.items()][-KEPT:]) | {(length, wanted): self._store.spans(length, wanted, now)}
        return self._spans[length, wanted]

    def counts(self) -> dict[str, int]:
        """How many memories have each status."""
        self._renew()
        if not self._counts:
            self._counts = self._store.memory_counts()
        return self._counts

    def ids(self, wanted: Wanted, settings: MemorySettings, now: datetime) -> Sequence[str]:
        """Ids of the memories wanted, in order."""
        if wanted.ids is not None:
            return self._store.wanted_ids(wanted, settings, now)
        self._renew()
        every, words = replace(wanted, words=""), wanted.words.strip()
        if every not in self._orders:
            self._orders = dict([*self._orders.items()][-KEPT:]) | {every: self._store.wanted_ids(every, settings, now)}
        ids = self._orders[every]
        if not words:
            return ids
        if words not in self._matches:
            self._matches = dict([*self._matches.items()][-KEPT:]) | {words: self._store.matching(words)}
        assert isinstance(ids, Ids)
        return ids.among(self._matches[words])

    def first_ids(self, wanted: Wanted, settings: MemorySettings, now: datetime, count: int) -> Sequence[str]:
        """The first ids alone, which costs less than all of them; empty when all are at hand, or nothing is saved by it."""
        self._renew()
        if wanted.narrowed or replace(wanted, words="") in self._orders:
            return []
        return self._store.wanted_ids(wanted, settings, now, count)


def link_keys(links: Sequence[tuple[str, str, str]]) -> dict[str, list[str]]:
    """For each memory its links as keys: from the newer end with "<" before the other, from the older end with ">"."""
    under: dict[str, list[str]] = defaultdict(list)
    for src, dst, relation in links:
        under[dst].append(f"{dst}>{relation}<>{src}")
        under[src].append(f"{src}>{relation}>{dst}")
    return under


def read_keys(reader: Reader, store: Store, look: Look, settings: MemorySettings, now: datetime) -> Page:
    """The keys of a view; for months and years also what is drawn for them."""
    wanted = wanted_for(look)
    if look.name == "sessions":
        return Page(store.session_ids(wanted.words), {})
    if look.name == "timeline" and look.zoom != "day":
        spans = reader.spans(look.zoom, wanted, now)
        most = max((found.facts + found.events for found in spans), default=1)
        return Page([found.label for found in spans], {found.label: (found, most) for found in spans})
    ids = reader.ids(wanted, settings, now)
    return Page(_with_links(ids, reader.links()) if look.name == "timeline" else ids, {})


def first_keys(reader: Reader, store: Store, look: Look, settings: MemorySettings, now: datetime, count: int) -> list[str]:
    """The first keys of a list of memories, to show while the others are read; none when there is no gain in it."""
    if look.name == "sessions" or (look.name == "timeline" and look.zoom != "day"):
        return []
    ids = reader.first_ids(wanted_for(look), settings, now, count)
    if len(ids) < count:
        return []
    return _with_links(ids, link_keys(store.drawn_links(ids))) if look.name == "timeline" else list(ids)


def _with_links(ids: Sequence[str], links: Mapping[str, Sequence[str]]) -> list[str]:
    """The links of each memory under it."""
    keys: list[str] = []
    for id_ in ids[:]:
        keys.append(id_)
        if id_ in links:
            keys += links[id_]
    return keys


def read_lines(store: Store, look: Look, keys: Sequence[str]) -> dict[str, Any]:
    """What is drawn for these keys, by memory or session id; what is gone is left out."""
    if look.name == "sessions":
        return dict(store.session_lines(keys))
    if look.name == "timeline" and look.zoom != "day":
        return {}
    ids = list(dict.fromkeys(id_ for key in keys for id_ in (key.partition(">")[0], memory_of(key))))
    return dict(store.memory_lines(ids))


def draw(look: Look, key: str, above: str | None, width: int, read: Mapping[str, Any], settings: MemorySettings, now: datetime) -> Pieces | None:
    """One line of a view; None when it is not read yet."""
    line = read.get(memory_of(key) or key)
    match line:
        case MemoryLine() if ">" in key:
            _, relation, _ = key.split(">", 2)
            return lines.linked(relation.rstrip("<"), relation.endswith("<"), line, width)
        case MemoryLine() if look.name == "timeline":
            previous = read.get(above.partition(">")[0]) if above else None
            return lines.moment(line, previous if isinstance(previous, MemoryLine) else None, width)
        case MemoryLine() if look.name == "trash":
            return lines.trash(line, width)
        case MemoryLine():
            return lines.fact(line, width, now, retention(line.memory, now, settings))
        case SessionLine():
            return lines.session(line, width)
        case (Span() as found, int() as most):
            return lines.span(found, most, width)
    return None


def place_of(store: Store, look: Look, day: date, settings: MemorySettings, now: datetime) -> str | None:
    """Where the timeline stands at a day: the key of the newest thing not after it."""
    if look.zoom != "day":
        return f"{day:%Y-%m}" if look.zoom == "month" else f"{day:%Y}"
    wanted = wanted_for(look)
    ids = store.wanted_ids(replace(wanted, until=min(day, wanted.until) if wanted.until else day), settings, now, 1)
    return ids[0] if ids else None


def narrowing(look: Look) -> str:
    """The filter in words, "" when nothing is filtered out."""
    wanted, parts = look.wanted, list[str]()
    if wanted.ids is not None:
        parts.append("by meaning")
    if wanted.kind:
        parts.append(f"{wanted.kind}s")
    if wanted.pinned is not None:
        parts.append("pinned" if wanted.pinned else "not pinned")
    if look.name != "sessions" and wanted.statuses != ("active",):
        parts.append("any standing" if len(wanted.statuses) > 3 else " or ".join(lines.STANDING[status] for status in wanted.statuses))
    if wanted.since:
        parts.append(f"from {lines.short_date(wanted.since)}")
    if wanted.until:
        parts.append(f"to {lines.short_date(wanted.until)}")
    return " · ".join(parts)


def parse_day(text: str, today: date) -> tuple[date, date]:
    """The days meant by "2025", "2025-12", "March 2025", "2025-12-14", "today" or "yesterday", first and last. Raises ValueError."""
    words = text.strip().lower()
    if words in ("today", "yesterday"):
        day = today if words == "today" else date.fromordinal(today.toordinal() - 1)
        return day, day
    if named := re.fullmatch(r"([a-z]{3,})\.? (\d{4})", words):
        months = [month for month, name in enumerate(MONTHS, 1) if name.startswith(named[1])]
        words = "-".join([named[2], *map(str, months)]) if months else words
    parts = [int(part) for part in words.replace("/", "-").split("-")]
    if len(parts) == 1:
        return date(parts[0], 1, 1), date(parts[0], 12, 31)
    if len(parts) == 2:
        following = date(parts[0] + parts[1] // 12, parts[1] % 12 + 1, 1)
        return date(parts[0], parts[1], 1), date.fromordinal(following.toordinal() - 1)
    year, month, day_ = parts
    return date(year, month, day_), date(year, month, day_)
