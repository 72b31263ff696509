"""Dates in words, resolved against the day on which they were said; and the time range a question asks about.

Own rules rather than a library: dateparser gives points, not ranges, and no date for "last Tuesday" (its issue 573).
Weeks begin on Monday; "next Friday" is the one of next week, "last Friday" the latest one before today, "this Friday"
the one of this week. What cannot be known (10/03/2024, "the other day", "recently") gives nothing rather than a guess.
"""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from dateutil.relativedelta import relativedelta

from chatmem.memory.time_words import (
    DAYS,
    DECADES,
    FEASTS,
    MONTHS,
    MOVED,
    NUMBERS,
    ORDINALS,
    PATTERNS,
    SEASONS,
    SHORT_DAYS,
    SHORT_UNITS,
    VAGUE_NUMBERS,
    direction_of,
)

__all__ = ["DAYS", "MONTHS", "NUMBERS", "Span", "age", "question_range", "resolve", "written", "written_range"]

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

    A month, day or weekday without a year means the nearest one in the direction of the sentence's tense; without any, a month or a date is
    the nearest either way and a day of the month lies ahead, as people name it to somebody they tell of their days.
    What follows "since" lies back, and its range goes on until today.
    """
    plain = text.replace("’", "'")
    spans: list[Span] = []
    for name, pattern in PATTERNS:
        for match in pattern.finditer(plain):
            if any(match.start() < span.finish and span.begin < match.end() for span in spans):
                continue
            if name == "weekday" and any(re.fullmatch(r",? (?:the )?", text[match.end() : span.begin]) for span in spans if span.begin > match.end()):
                continue  # "Sunday, 3 May"
            since = match[0].lower().startswith("since ") or _SINCE.search(plain[: match.start()][-12:])
            try:
                found = _RULES[name](match, today, -1 if since else direction_of(plain, match))
            except (ValueError, OverflowError):
                continue
            if found:
                start, end = found
                if since and start <= today:
                    end = today
                spans.append(Span(start, end, text=text[match.start() : match.end()], begin=match.start(), finish=match.end()))
    return sorted(spans, key=lambda span: span.begin)


_SINCE = re.compile(r"\bsince (?:the )?$", re.IGNORECASE)

Range = tuple[date, date] | None


def _day(day: date) -> tuple[date, date]:
    return day, day


def _whole_month(year: int, month: int) -> tuple[date, date]:
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def _month_number(word: str) -> int:
    return next(i for i, name in enumerate(MONTHS, 1) if name.startswith(word.lower()[:3]))


def _weekday_number(word: str) -> int:
    return next(i for i, name in enumerate(DAYS) if name.startswith(word.lower()[:3]))


def _year_number(word: str, today: date) -> int:
    """The year of 2022 and of '22, which is at most ten years ahead."""
    if len(word) == 4:
        return int(word)
    year = today.year - today.year % 100 + int(word[1:])
    return year if year <= today.year + 10 else year - 100


def _numeric(match: re.Match[str], _today: date, _direction: int) -> Range:
    part = match.groupdict()
    if part.get("m"):
        return _day(date(int(part["y"]), int(part["m"]), int(part["d"])))
    first, second, year = int(part["a"]), int(part["b"]), int(part["y"])
    if part["sep"] == "." or first > 12 or first == second:
        return _day(date(year, second, first))
    return _day(date(year, first, second)) if second > 12 else None


def _nearest(make: Callable[[int], tuple[date, date]], today: date, direction: int) -> tuple[date, date]:
    """The dates in the nearest year that has them (29 February), ahead or back, or either way where the direction is unknown."""
    if direction == 0:
        back, ahead = _nearest(make, today, -1), _nearest(make, today, 1)
        return ahead if ahead[0] - today <= today - back[1] else back
    step = 1 if direction > 0 else -1
    for year in count(today.year, step):
        if abs(year - today.year) > 8:
            raise ValueError("no such day")
        try:
            start, end = make(year)
        except ValueError:
            continue
        if (direction > 0 and end >= today) or (direction <= 0 and start <= today):
            return start, end
    raise ValueError


def _this(make: Callable[[int], tuple[date, date]], today: date, direction: int) -> tuple[date, date]:
    """The dates in this year, or in the one before or after it for "this December was cold" and "this spring I will" said in March and in June."""
    found = make(today.year)
    if direction < 0 and found[0] > today:
        return make(today.year - 1)
    return make(today.year + 1) if direction > 0 and found[1] < today else found


_FINAL = re.compile(r"\b(?:my|his|their|our|your) $", re.IGNORECASE)  # not "her": "I saw her last week"


def _counts_from_elsewhere(match: re.Match[str], which: str, direction: int) -> bool:
    """Whether "last" or "next" is not seen from today: "my last week at work", "the last week of June", "the next week he proposed"."""
    before, after = match.string[: match.start()], match.string[match.end() :]
    if which == "last":
        return bool(_FINAL.search(before) or re.match(r" of (?!course)", after, re.IGNORECASE))
    return which == "next" and direction < 0 and before.lower().endswith("the ")


def _month(match: re.Match[str], today: date, direction: int) -> Range:
    part = match.groupdict()
    month = _month_number(part["month"])
    day = ORDINALS[part["nth"].lower()] if part.get("nth") else int(part["day"]) if part.get("day") else None
    which = (part.get("which") or "").lower()

    def make(year: int) -> tuple[date, date]:
        return _day(date(year, month, day)) if day else _whole_month(year, month)

    if part.get("year"):
        return make(_year_number(part["year"], today))
    if _UP_TO.search(match.string[: match.end()]):
        return None  # "October to May", as every year
    if which == "this":
        return _this(make, today, direction)
    if said := _YEAR_BEFORE.search(match.string[: match.start()]) or _YEAR_AFTER.match(match.string, match.end()):
        word = (said["years"] or "").lower()
        number = int(word) if word.isdigit() else NUMBERS.get(word)
        shift = {"last": -1, "this": 0, "next": 1}.get((said["which"] or "").lower(), -number if number else None)
        return None if shift is None else make(today.year + shift)  # "in March last year", "two years ago in March", but not "every year in June"
    if which in ("next", "this coming"):
        return _nearest(make, today if month != today.month else today + relativedelta(months=1, day=1), 1)
    if which in ("last", "this past"):
        return _nearest(make, today if month != today.month else today.replace(day=1) - timedelta(days=1), -1)
    if day and (day, month) != (29, 2) and (named := _NAMED_DAY.search(match.string[: match.start()])):
        for year in (today.year, today.year - 1, today.year + 1):  # "Thursday 3 December" is in one of them at most
            there = date(year, month, day)
            if there.weekday() == _weekday_number(named[1]) and (direction == 0 or (there >= today) == (direction > 0)):
                return _day(there)
    return _nearest(make, today, direction)


_UP_TO = re.compile(rf"\b(?:{'|'.join(MONTHS)}) to \w+$", re.IGNORECASE)
_NAMED_DAY = re.compile(rf"\b({'|'.join(DAYS)}|{SHORT_DAYS}),? (?:the )?$", re.IGNORECASE)
_THE_YEAR = r"(?:(?P<which>last|next|this|every|each) year|(?P<years>\w+) years? ago)"
_YEAR_BEFORE = re.compile(rf"\b{_THE_YEAR},? $", re.IGNORECASE)
_YEAR_AFTER = re.compile(rf"(?<!\.),? (?:of )?{_THE_YEAR}\b", re.IGNORECASE)


_MOVED_FROM = re.compile(rf"\b{MOVED} $", re.IGNORECASE)


def _days(match: re.Match[str], today: date, direction: int) -> Range:
    month, first, last = _month_number(match["month"]), int(match["first"]), int(match["day"])

    def make(year: int) -> tuple[date, date]:
        return date(year, month, first), date(year, month, last)

    if last < first:
        return None
    if match[0].lower().startswith("from ") and _MOVED_FROM.search(match.string[: match.start()]):
        first = last  # "moved from the 3rd to the 10th of December"
    return make(_year_number(match["year"], today)) if match["year"] else _nearest(make, today, direction)


def _months(match: re.Match[str], today: date, direction: int) -> Range:
    first, last = _month_number(match["from"]), _month_number(match["month"])

    def make(year: int) -> tuple[date, date]:
        return date(year - (last < first), first, 1), _whole_month(year, last)[1]

    return make(_year_number(match["year"], today)) if match["year"] else _nearest(make, today, direction)


def _years(match: re.Match[str], _today: date, _direction: int) -> Range:
    start, end = int(match["y"]), int(match["year"])
    return (date(start, 1, 1), date(end, 12, 31)) if start <= end else None


def _weekdays(match: re.Match[str], today: date, direction: int) -> Range:
    first, last = _weekday_number(match["from"]), _weekday_number(match["weekday"])
    start = _step(today, first, direction or -1)
    return start, start + timedelta(days=(last - first) % 7)


def _part(match: re.Match[str], today: date, direction: int) -> Range:
    words = match.groupdict()
    which, part = (words["which"] or "").lower(), words["part"].lower()
    third = 0 if "early" in part or "beginning" in part or "start" in part else 1 if "mid" in part else 2
    edge = " of" in part and "mid" not in part
    if words["month"] or words["period"] == "month":
        if words["month"]:
            month = _month_number(words["month"])
            year = _year_number(words["year"], today) if words["year"] else None
            found = _whole_month(year, month) if year else _nearest(lambda year: _whole_month(year, month), today, direction)
        else:
            day = today + relativedelta(months={"last": -1, "next": 1}.get(which, 0))
            found = _whole_month(day.year, day.month)
        first, last = found
        if edge:
            return (first, first + timedelta(days=6)) if third == 0 else (last - timedelta(days=6), last)
        return [(first, first.replace(day=10)), (first.replace(day=10), first.replace(day=20)), (first.replace(day=21), last)][third]
    year = int(words["whole"]) if words["whole"] else today.year + {"last": -1, "next": 1}.get(which, 0)
    if edge:
        return _whole_month(year, 1) if third == 0 else _whole_month(year, 12)
    return date(year, 1 + 4 * third, 1), _whole_month(year, 4 + 4 * third)[1]


def _season(match: re.Match[str], today: date, direction: int) -> Range:
    part = match.groupdict()
    which = (part.get("which") or "").lower()
    month = SEASONS[part["season"].lower()]

    def make(year: int) -> tuple[date, date]:
        start = date(year, month, 1)
        return start, start + relativedelta(months=3, days=-1)

    if part.get("year"):
        return make(_year_number(part["year"], today))
    if _counts_from_elsewhere(match, which, direction):
        return None
    if which == "this":
        return make(today.year - 1) if month == 12 and today.month < 3 else _this(make, today, direction)
    if which in ("last", "past", "this past"):  # over before today
        return next(found for year in count(today.year, -1) if (found := make(year))[1] < today)
    if which in ("next", "this coming"):
        return next(found for year in count(today.year) if (found := make(year))[0] > today)
    if direction == 0:
        return None  # "in summer" is a habit
    return _nearest(make, today, direction)


def _relative(match: re.Match[str], today: date, _direction: int) -> Range:
    return _day(_relative_day(match["relative"], today))


def _relative_day(words: str, today: date) -> date:
    shifts = {"day before yesterday": -2, "day after tomorrow": 2, "yesterday": -1, "last night": -1, "tomorrow": 1, "tmrw": 1}
    return today + timedelta(days=shifts.get(words.lower().removeprefix("the "), 0))


def _step(today: date, weekday: int, direction: int) -> date:
    """The nearest such weekday strictly after (1) or before (-1) today."""
    return (
        today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
        if direction > 0
        else today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1)
    )


_TIMES_A_WEEK = re.compile(r"\b(?:once|twice|times|days|hours|for) $", re.IGNORECASE)  # "twice a week on Friday"


def _weekday_apart(match: re.Match[str], today: date, direction: int) -> Range:
    """Weeks from a weekday: "a week ago Tuesday", "two weeks from Friday"; ahead only: "a week on Friday", "Friday week"."""
    part = match.groupdict()
    side = (part.get("side") or "").lower()
    if not side and (direction < 0 or _TIMES_A_WEEK.search(match.string[: match.start()])):
        return None
    sign = -1 if side == "ago" else 1
    weeks = _number(part.get("number") or "one") * (2 if part["unit"].lower() == "fortnight" else 1)
    return _day(_step(today, _weekday_number(match["weekday"]), sign) + timedelta(weeks=sign * weeks))


def _weekdays_ago(match: re.Match[str], today: date, _direction: int) -> Range:
    return _day(_step(today, _weekday_number(match["weekday"]), -1) - timedelta(weeks=_number(match["number"]) - 1))


def _monday(today: date, weeks: int) -> date:
    return today - timedelta(days=today.weekday()) + timedelta(weeks=weeks)


def _weekday_week(match: re.Match[str], today: date, _direction: int) -> Range:
    weeks = {"last": -1, "this": 0, "next": 1}[match["which"].lower()]
    return _day(_monday(today, weeks) + timedelta(days=_weekday_number(match["weekday"])))


def _weekday_beyond(match: re.Match[str], today: date, _direction: int) -> Range:
    sign = -1 if "before" in match["beyond"].lower() else 1
    return _day(_step(today, _weekday_number(match["weekday"]), sign) + timedelta(weeks=sign))


def _periods(period: str, step: int, today: date) -> tuple[date, date]:
    """The week, weekend, month or year that lies ``step`` of them from today's."""
    if period in ("week", "weekend"):
        start = _monday(today, step)
        return (start, start + timedelta(days=6)) if period == "week" else (start + timedelta(days=5), start + timedelta(days=6))
    if period == "month":
        day = today + relativedelta(months=step)
        return _whole_month(day.year, day.month)
    return date(today.year + step, 1, 1), date(today.year + step, 12, 31)


def _beyond(match: re.Match[str], today: date, _direction: int) -> Range:
    return _periods(match["period"].lower(), -2 if "before" in match["beyond"].lower() else 2, today)


def _period(match: re.Match[str], today: date, direction: int) -> Range:
    which, period = match["which"].lower(), match["period"].lower()
    if _counts_from_elsewhere(match, which, direction):
        return None
    if which in ("on the", "at the", "over the", "since the"):
        if period != "weekend" or direction == 0:
            return None
        over = today.weekday() > 5 or direction > 0  # on a Sunday, "over the weekend" is this one
        return _periods("weekend", 0 if over else -1, today)
    if which == "this" and period == "weekend" and today.weekday() < 5 and direction < 0:
        return _periods(period, -1, today)
    if which in ("past", "this past") and period != "weekend":  # up to now, whatever the calendar says
        return _shift(today, period, -1), today
    step = {"this": 0, "next": 1, "this coming": 0 if period == "weekend" else 1, "the coming": 0 if period == "weekend" else 1}.get(which, -1)
    return _periods(period, step, today)


def _number(word: str) -> int:
    return int(word) if word.isdigit() else NUMBERS["a couple" if "couple" in word.lower() else word.lower()]


def _unit(match: re.Match[str]) -> str:
    unit = match["unit"].lower()
    return SHORT_UNITS.get(unit, unit)


_NOT_DONE = re.compile(r"\b(?:(?:haven|hasn|hadn)'t|(?:not|never) \w+(?:en|ed))\b(?:(?! and | but )[^.,!?])*$", re.IGNORECASE)
_TOLD_TO = re.compile(r"\b(?:said|told \w+|asked \w+) to \w+[^.,!?]*$", re.IGNORECASE)
"""Before "in two weeks": how long something has not happened, and what is still to come."""


def _counted(match: re.Match[str], today: date, direction: int) -> Range:
    part = match.groupdict()
    if (part.get("forward") or "").lower() == "in" and not part["time"]:
        before = match.string[: match.start()]
        if (direction < 0 and not _TOLD_TO.search(before)) or _NOT_DONE.search(before):
            return None  # how long it took: "I lost 5 kilos in two months"
    unit, word, back = _unit(match), part["number"].lower(), bool(part.get("back"))
    sign = -1 if back else 1
    if word in VAGUE_NUMBERS:
        low, high = VAGUE_NUMBERS[word]
        ends = sorted([_shift(today, unit, sign * low), _shift(today, unit, sign * high)])
        return ends[0], ends[1]
    number = _number(word)
    if (part.get("forward") or "").lower() == "within":
        return today, _shift(today, unit, number)
    if unit in ("weekend", "month", "year"):
        return _periods(unit, sign * number, today)
    if unit == "decade":
        return _periods("year", sign * 10 * number, today)
    return _day(_shift(today, unit, sign * number))


_HOW_OLD = re.compile(r"(?:\b(?:is|are|am|been)|'(?:s|m|re)) $", re.IGNORECASE)


def _anchored(match: re.Match[str], today: date, direction: int) -> Range:
    """Units from a named day: "a year ago today", and "two weeks today" where it cannot tell an age ("the baby is two weeks today")."""
    unit, word, side = _unit(match), match["number"].lower(), (match["side"] or "").lower()
    if word in VAGUE_NUMBERS:
        return None
    if not side and (unit not in ("week", "fortnight") or direction <= 0 or _HOW_OLD.search(match.string[: match.start()])):
        return None
    return _day(_shift(_relative_day(match["relative"], today), unit, -_number(word) if side == "ago" else _number(word)))


def _shift(today: date, unit: str, number: int) -> date:
    if unit in ("week", "weekend", "fortnight"):
        return today + timedelta(weeks=number * (2 if unit == "fortnight" else 1))
    return today + relativedelta(**{{"decade": "year"}.get(unit, unit) + "s": number * (10 if unit == "decade" else 1)})  # type: ignore[arg-type]


def _half(match: re.Match[str], today: date, _direction: int) -> Range:
    months = 12 * _number(match["number"]) + 6 if match["number"] else 6
    return _periods("month", -months, today)


def _lasting(match: re.Match[str], today: date, _direction: int) -> Range:
    if _counts_from_elsewhere(match, match["which"].lower(), 0):
        return None
    word = match["number"].lower()
    number = VAGUE_NUMBERS[word][1] if word in VAGUE_NUMBERS else _number(word)
    ahead = match["which"].lower() in ("next", "coming")
    other = _shift(today, _unit(match), number if ahead else -number)
    return (today, other) if ahead else (other, today)


def _since_year(match: re.Match[str], today: date, _direction: int) -> Range:
    start, end = _periods(match["period"].lower(), 0, today)
    return (start, today) if match[0].lower().startswith("earlier") else (today, end)


def _dated_weekday(match: re.Match[str], today: date, direction: int) -> Range:
    """The nearest month, within half a year, in which the 6th is a Saturday for "Saturday the 6th" and "Saturday 6th"."""
    for step in sorted(range(-6, 7), key=abs):
        first = today.replace(day=1) + relativedelta(months=step)
        found = first + timedelta(days=int(match.groupdict().get("day") or match["nth"]) - 1)
        there = found.month == first.month and found.weekday() == _weekday_number(match["weekday"])
        if there and (direction == 0 or found == today or (found > today) == (direction > 0)):
            return _day(found)
    return None


def _day_of_month(match: re.Match[str], today: date, direction: int) -> Range:
    if which := match.groupdict().get("which"):
        first = _periods("month", {"last": -1, "this": 0, "next": 1}[which.lower()], today)[0]
        return _day(first.replace(day=int(match["day"])))
    if _NAMED_DAY.search(match.string[: match.start()]):
        return None  # a dated weekday that fits no month
    return _of_month(int(match["day"]), today, direction)


def _of_month(day: int, today: date, direction: int) -> Range:
    for step in range(4):
        first = today.replace(day=1) + relativedelta(months=step if direction >= 0 else -step)
        if day <= calendar.monthrange(first.year, first.month)[1]:
            found = first.replace(day=day)
            if (direction >= 0 and found >= today) or (direction < 0 and found <= today):
                return _day(found)
    return None


_HABIT = re.compile(r"\b(?:usually|always)(?: \w+)? $|\b(?:every|each|(?:once|twice|times) a) week,? $", re.IGNORECASE)
_OTHER_DAY = re.compile(
    r"\b(?:the|a|an|my|our|this|some|every|each|most|other)(?: (?:other|last|first|second|third|fourth|single|odd|whole|usual|regular|free|busy|following|previous))? $"  # "the Sunday mass", "every other Friday"
    r"|\b(?:one|that|black|good|easter|ash|palm|cyber|shrove|maundy|sheffield) $",  # "one Saturday", "Ash Wednesday"
    re.IGNORECASE,
)
_AMONG_DAYS = re.compile(
    rf"(?<!from )(?<!between )\b(?:{'|'.join(DAYS)})(?: | to | till | through |-)(?:{'|'.join(DAYS)})\b|\b(?:{SHORT_DAYS})(?:,? | and | to |-)(?:{SHORT_DAYS})\b",
    re.IGNORECASE,
)
"""A list of days without more, as of every week: "mornings, Monday Tuesday Thursday", "wed and fri"."""
_BARE = re.compile(r"(?:^|[.!?;,] )(?:(?!(?:i|we|he|she|they|you|it|is|are|am|every|each|most|some|and|or)\b)[\w'-]+ ){1,5}$", re.IGNORECASE)
"""What is named with its day and no more, to come: "cup final saturday", "appraisal monday"."""
_IT_IS = re.compile(r"\b(?:it's|it is|is it|today is|today's) (?:only |already |finally |still |just )?$", re.IGNORECASE)


def _weekday(match: re.Match[str], today: date, direction: int) -> Range:
    part = match.groupdict()
    which, weekday = (part.get("which") or "").lower(), _weekday_number(part["weekday"])
    before = match.string[: match.start()]
    if (
        part.get("habit")
        or _HABIT.search(before)
        or _AMONG_DAYS.search(match.string[max(0, match.start() - 12) : match.end() + 12])
        or _counts_from_elsewhere(match, which, direction)
    ):
        return None
    if not which and _IT_IS.search(before):
        return _day(today) if weekday == today.weekday() else None
    if not which and (_OTHER_DAY.search(before) or (direction == 0 and not _BARE.search(before))):
        return None
    if which == "next":
        return _day(_monday(today, 1) + timedelta(days=weekday))
    if which in ("this coming", "coming", "by", "until"):
        return _day(_step(today, weekday, 1))
    if which in ("last", "this past", "since"):
        return _day(_step(today, weekday, -1))
    if which == "this":
        this = _monday(today, 0) + timedelta(days=weekday)
        otherwise = (direction > 0 and this < today) or (direction < 0 and this > today)
        return _day(_step(today, weekday, direction) if otherwise else this)
    return _day(_step(today, weekday, direction or 1))


def _decade(match: re.Match[str], _today: date, _direction: int) -> Range:
    part = match.groupdict()
    if part["words"]:
        start = DECADES[part["words"].lower()]
    else:
        tens = int(part["tens"]) * 10
        start = int(part["y"]) * 100 + tens if part["y"] else (1900 if tens >= 30 else 2000) + tens
    low, high = {"early": (0, 3), "mid": (4, 6), "late": (7, 9)}.get((part["part"] or "").lower(), (0, 9))
    return date(start + low, 1, 1), date(start + high, 12, 31)


_BESIDE = re.compile(r"\b(?:\w*days?|weeks?|weekend|months?|night|morning) (?:before|after) $", re.IGNORECASE)  # "two weeks before Christmas"


def _feast(match: re.Match[str], today: date, direction: int) -> Range:
    which, feast = (match["which"] or "").lower(), FEASTS[match["feast"].lower().replace("'", "")]
    before = match.string[: match.start()]

    def make(year: int) -> tuple[date, date]:
        return _day(feast(year))

    if match["year"]:
        return make(_year_number(match["year"], today))
    if which == "this":
        return _this(make, today, direction)
    if re.search(r"\b(?:every|each) $", before, re.IGNORECASE) or _BESIDE.search(before):
        return None
    if re.search(r"\b(?:until|by) $", before, re.IGNORECASE):
        return _nearest(make, today, 1)
    if re.search(r"\b(?:before|after) $", before, re.IGNORECASE):
        return _nearest(make, today, direction or 1)
    if not which and direction == 0:
        return None
    return _nearest(make, today, {"next": 1, "last": -1}.get(which, direction))


def _year(match: re.Match[str], today: date, _direction: int) -> Range:
    year = _year_number(match["year"], today)
    if match["lead"].lower() in ("of", "around", "by") and year % 100 == 0:
        return None  # as likely an amount: "a loan of 2000"
    return date(year, 1, 1), date(year, 12, 31)


_RULES: dict[str, Callable[[re.Match[str], date, int], Range]] = {
    "numeric": _numeric,
    "days": _days,
    "months": _months,
    "years": _years,
    "weekdays": _weekdays,
    "month": _month,
    "part": _part,
    "season": _season,
    "relative": _relative,
    "weekday_apart": _weekday_apart,
    "weekdays_ago": _weekdays_ago,
    "weekday_week": _weekday_week,
    "weekday_beyond": _weekday_beyond,
    "beyond": _beyond,
    "half": _half,
    "anchored": _anchored,
    "counted": _counted,
    "hours": lambda _match, today, _direction: _day(today),
    "lasting": _lasting,
    "since_year": _since_year,
    "period": _period,
    "dated_weekday": _dated_weekday,
    "weekday": _weekday,
    "decade": _decade,
    "feast": _feast,
    "year": _year,
    "day_of_month": _day_of_month,
}


def question_range(text: str, today: date) -> tuple[date, date] | None:
    """The time range that a question asks about; None for none, and for questions about a duration."""
    if _DURATION.search(text):
        return None
    spans = [span for span in resolve(text, today) if (span.start, span.end) != (today, today)]
    return (min(span.start for span in spans), max(span.end for span in spans)) if spans else None


def written(day: date, *, weekday: bool = False) -> str:
    """A date as people write it: 2 March 2026."""
    text = f"{day.day} {MONTHS[day.month - 1].capitalize()} {day.year}"
    return f"{DAYS[day.weekday()].capitalize()}, {text}" if weekday else text


def written_range(start: date, end: date) -> str:
    """From one date to another in the shortest words that say it: 1 May 2026, May 2026, 2026, 1 May 2026 to 7 May 2026."""
    if start == end:
        return written(start)
    if (start.month, start.day, end.month, end.day) == (1, 1, 12, 31):
        return str(start.year) if start.year == end.year else f"{start.year} to {end.year}"
    if start.day == 1 and (end + timedelta(days=1)).day == 1 and (start.year, start.month) == (end.year, end.month):
        return written(start).partition(" ")[2]
    return f"{written(start)} to {written(end)}"


_AGES = ((14, 1, "day"), (60, 7, "week"), (730, 30.44, "month"), (math.inf, 365.25, "year"))
"""Below how many days an age is told in a unit, and the unit's days."""


def age(day: date, today: date) -> str:
    """How far a day is from today, in words: "3 weeks ago", "in 2 days". Small models copy it where they cannot reckon."""
    days = abs((today - day).days)
    if days == 0:
        return "today"
    if days == 1:
        return "yesterday" if day < today else "tomorrow"
    length, unit = next((length, unit) for limit, length, unit in _AGES if days < limit)
    number = round(days / length)
    return f"{number} {unit}s ago" if day < today else f"in {number} {unit}s"
