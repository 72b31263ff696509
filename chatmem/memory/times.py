"""Dates in words, resolved against the day on which they were said; and the time range a question asks about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NUMBERS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "a couple of": 2,
    "couple of": 2,
    "a few": 3,
}
_MONTH = r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_NUMBER = r"(?P<number>\d{1,3}|" + "|".join(sorted(NUMBERS, key=len, reverse=True)) + ")"
_UNIT = r"(?P<unit>day|week|month|year)s?"
_WEEKDAY = r"(?P<weekday>monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_PATTERNS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?P<iso>\d{4}-\d{2}-\d{2})\b",
        rf"\b{_DAY} (?:of )?{_MONTH}\b(?:,? {_YEAR}\b)?",
        rf"\b{_MONTH} {_DAY}\b(?!\d)(?:,? {_YEAR}\b)?",
        rf"\b{_MONTH},? (?:of )?{_YEAR}\b",
        rf"\b(?P<which>last|next|this) {_MONTH}\b",
        rf"\b(?:in|since|until|by|during) {_MONTH}\b",
        r"\b(?P<relative>the day before yesterday|the day after tomorrow|yesterday|today|tonight|tomorrow|last night|this (?:morning|afternoon|evening))\b",
        rf"\b{_NUMBER} {_UNIT} (?P<back>ago|earlier)\b",
        rf"\b(?:in|within) {_NUMBER} {_UNIT}\b",
        rf"\b{_NUMBER} {_UNIT} (?:from now|from today)\b",
        r"\b(?P<which>last|next|this|past) (?P<period>weekend|week|month|year|spring|summer|autumn|fall|winter)\b",
        rf"\b(?:(?P<which>last|next|this|on) )?{_WEEKDAY}\b",
        rf"\b(?:in|since|until|during|back in) {_YEAR}\b",
    )
]
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_HABIT = re.compile(r"\b(?:every|each|on)\s+$", re.IGNORECASE)
_DURATION = re.compile(r"\bhow (?:many|long|much time)\b.*\b(?:ago|since|between|before|after|until|passed)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Span:
    """A time expression: inclusive dates, and where it stands in the text."""

    start: date
    end: date
    text: str
    begin: int
    finish: int


def resolve(text: str, today: date) -> list[Span]:
    """The time expressions of a text, left to right, without overlaps.

    Ambiguous months and weekdays mean the nearest past one, unless the words before point ahead ("will", "plan", "visiting").
    """
    spans: list[Span] = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if any(match.start() < span.finish and span.begin < match.end() for span in spans):
                continue
            ahead = bool(
                re.search(
                    r"\b(?:will|going to|gonna|next|plan|planning|upcoming|tomorrow|is coming|visiting|flying|due)\b",
                    text[: match.start()][-80:],
                    re.IGNORECASE,
                )
            )
            try:
                found = _dates(match, today, ahead)
            except (ValueError, OverflowError):
                continue
            if found:
                spans.append(Span(*found, text=match[0], begin=match.start(), finish=match.end()))
    return sorted(spans, key=lambda span: span.begin)


def _dates(match: re.Match[str], today: date, ahead: bool) -> tuple[date, date] | None:
    part = match.groupdict()
    if part.get("iso"):
        day = date.fromisoformat(part["iso"])
        return day, day
    if part.get("month"):
        return _month(part, today, ahead)
    if part.get("relative"):
        words = part["relative"].lower()
        shift = {"the day before yesterday": -2, "the day after tomorrow": 2, "yesterday": -1, "last night": -1, "tomorrow": 1}.get(words, 0)
        day = today + timedelta(days=shift)
        return day, day
    if part.get("unit"):
        return _counted(part, today)
    if part.get("period"):
        return _period(part["which"].lower(), part["period"].lower(), today)
    if part.get("weekday"):
        return _weekday(match, part, today, ahead)
    if part.get("year"):
        year = int(part["year"])
        return date(year, 1, 1), date(year, 12, 31)
    return None


def _whole_month(year: int, month: int) -> tuple[date, date]:
    first = date(year, month, 1)
    return first, first + relativedelta(months=1, days=-1)


def _month(part: dict[str, str | None], today: date, ahead: bool) -> tuple[date, date]:
    month = next(i for i, name in enumerate(MONTHS, 1) if name.startswith(str(part["month"]).lower()[:3]))
    day = int(str(part["day"])) if part.get("day") else None
    which = (part.get("which") or "").lower()
    if part.get("year"):
        year = int(str(part["year"]))
    else:
        year = today.year
        first = date(year, month, day or 1)
        if which == "next" or ahead:
            year += (first if day else _whole_month(year, month)[1]) < today
        elif which != "this" and first > today:
            year -= 1
        if which == "last" and (year, month) == (today.year, today.month):
            year -= 1
    if day:
        return date(year, month, day), date(year, month, day)
    return _whole_month(year, month)


def _counted(part: dict[str, str | None], today: date) -> tuple[date, date]:
    word = str(part["number"]).lower()
    number = int(word) if word.isdigit() else NUMBERS[word]
    unit = str(part["unit"]).lower()
    shift = relativedelta(**{unit + "s": -number if part.get("back") else number})  # type: ignore[arg-type]
    day = today + shift
    if unit == "month":
        return _whole_month(day.year, day.month)
    if unit == "year":
        return date(day.year, 1, 1), date(day.year, 12, 31)
    return day, day


def _period(which: str, period: str, today: date) -> tuple[date, date]:
    step = {"last": -1, "past": -1, "this": 0, "next": 1}[which]
    monday = today - timedelta(days=today.weekday())
    if period == "week":
        start = monday + timedelta(weeks=step)
        return start, start + timedelta(days=6)
    if period == "weekend":
        start = monday + timedelta(weeks=step, days=5)
        return start, start + timedelta(days=1)
    if period == "month":
        day = today + relativedelta(months=step)
        return _whole_month(day.year, day.month)
    if period == "year":
        return date(today.year + step, 1, 1), date(today.year + step, 12, 31)
    start = date(today.year, _SEASONS[period], 1)
    if which in ("last", "past") and start + relativedelta(months=3) > today:
        start = start.replace(year=today.year - 1)
    if which == "next" and start <= today:
        start = start.replace(year=today.year + 1)
    return start, start + relativedelta(months=3, days=-1)


def _weekday(match: re.Match[str], part: dict[str, str | None], today: date, ahead: bool) -> tuple[date, date] | None:
    before = match.string[: match.start()]
    which = (part.get("which") or "").lower()
    if re.search(r"\b(?:every|each)\s+$", before, re.IGNORECASE) or not which:
        return None  # a habit, or a bare name of a day
    target = DAYS.index(str(part["weekday"]).lower())
    if which == "next" or (ahead and which in ("on", "this")):
        day = today + timedelta(days=(target - today.weekday() - 1) % 7 + 1)
    elif which == "this":
        day = today - timedelta(days=today.weekday()) + timedelta(days=target)
    else:
        day = today - timedelta(days=(today.weekday() - target - 1) % 7 + 1)
    return day, day


def question_range(text: str, today: date) -> tuple[date, date] | None:
    """The time range that a question asks about; None for none, and for questions about a duration."""
    if _DURATION.search(text):
        return None
    spans = [span for span in resolve(text, today) if span.start != today]
    return (min(span.start for span in spans), max(span.end for span in spans)) if spans else None


def written(day: date, *, weekday: bool = False) -> str:
    """A date as people write it: 2 March 2026."""
    text = f"{day.day} {MONTHS[day.month - 1].capitalize()} {day.year}"
    return f"{DAYS[day.weekday()].capitalize()}, {text}" if weekday else text
