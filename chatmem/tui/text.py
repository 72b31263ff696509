"""Text made fit to show: no control characters, plain dates, short lines."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[@-_])")
# Everything a terminal could act on, and the invisible marks that reorder text; newline and tab are handled apart.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]")


def safe(text: str) -> str:
    """``text`` without escape sequences, control characters and direction overrides; line ends become newlines, tabs spaces."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    return _CONTROL.sub("", _ANSI.sub("", text))


def one_line(text: str, limit: int = 80) -> str:
    """``text`` on one line, cut with an ellipsis at ``limit`` characters."""
    line = " ".join(safe(text[: 1000 + 20 * limit]).split())  # of a book, only the beginning is looked at
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def show_date(moment: date | datetime) -> str:
    """A date as people write it: 3 March 2026; a moment is shown in the local zone."""
    if isinstance(moment, datetime):
        moment = moment.astimezone()
    return f"{moment.day} {moment:%B %Y}"


def day_label(moment: datetime, now: datetime) -> str:
    """The group a session belongs to in the sidebar."""
    days = (now.date() - moment.astimezone(now.tzinfo).date()).days
    if days <= 0:
        return "Today"
    if days == 1:
        return "Yesterday"
    if days < 7:
        return "This week"
    if days < 31:
        return "This month"
    return f"{moment:%B %Y}"


def is_question(text: str) -> bool:
    """Whether a message asks something (any script's question mark)."""
    return any("QUESTION MARK" in unicodedata.name(mark, "") for mark in text if not mark.isalnum() and not mark.isspace())


def slug(text: str) -> str:
    """A file name made from a title: letters, digits and hyphens."""
    return re.sub(r"[^\w]+", "-", one_line(text, 48).rstrip("…").lower()).strip("-_") or "conversation"


def thousands(count: int) -> str:
    """A token count in few characters: 940, 1.2k, 32k."""
    if count < 1000:
        return str(count)
    return f"{count / 1000:.1f}k" if count < 10_000 else f"{count / 1000:.0f}k"
