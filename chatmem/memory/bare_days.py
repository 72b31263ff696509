"""A bare day ("the 19th") read with the day it belongs to, and what is moved to another day with what is remembered of it.

"Competition got moved to the 19th" says neither whose it is nor of which month.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from chatmem.memory.cues import MONTH, SHIFT
from chatmem.memory.time_words import DAYS
from chatmem.memory.times import written_range
from chatmem.types import Candidate, Memory
from chatmem.words import content_words, keywords

_THING = re.compile(r"The (?:user's )?(?P<thing>[\w-]+)(?= (?:is|was|got|has been|moved)\b)")
_HAS = r"^(?P<who>[\w' -]+?)(?: (?:has|is having)|'s got) (?:an?|the|her|his|their) (?P<what>(?:[\w'-]+ ){{0,3}}?{thing})\b"
_BARE_DAY = re.compile(
    rf"\b(?:to|till|until|on|now) (?:the )?(?:(?P<number>\d{{1,2}})(?:st|nd|rd|th)\b(?!,? (?:of|next|{MONTH})\b)|(?P<weekday>{'|'.join(DAYS)})\b(?!,? (?:the )?\d))",
    re.IGNORECASE,
)
_WRITTEN_DAY = re.compile(r" \((?P<day>[^()]*)\)\.$")
_FAR = 45  # days between the old day and the new
_CLOCK = r"\d{1,2}[:.]\d\d(?: ?[ap]m\b)?|\d{1,2} ?[ap]m\b|noon|midnight"
_TIME = re.compile(
    rf"\b(?:(?:at|to|till) (?P<clock>{_CLOCK})|at (?P<hour>(?:half (?:past )?|quarter (?:past|to) )?\d{{1,2}}\b)(?! (?:percent|euros|pounds|dollars|years?)\b))",
    re.IGNORECASE,
)


def undated(text: str) -> str:
    """A memory's sentence without the date that was written behind it."""
    return _WRITTEN_DAY.sub(".", text)


def with_new_time(candidate: Candidate, old: Memory) -> Candidate:
    """What the old memory says at the new time, where the candidate tells nothing but that: "the appointment is at 10 now"."""
    now, was = _TIME.search(candidate.text), _TIME.search(old.text)
    if not now or not was or candidate.event_start or len(content_words(candidate.text)) > 3:
        return candidate
    text = f"{old.text[: was.start()]}at {now['clock'] or now['hour']}{old.text[was.end() :]}"
    return candidate.model_copy(
        update={
            "text": text,
            "kind": old.kind,
            "event_start": old.event_start,
            "event_end": old.event_end,
            "keywords": keywords(text),
        }
    )


def moves(candidate: Candidate) -> bool:
    """Whether a candidate may be said anew by ``read_with``: it moves something, or names a time of day."""
    return SHIFT.search(candidate.text) is not None or _TIME.search(candidate.text) is not None


def read_with(candidate: Candidate, old: Memory, said: date) -> Candidate:
    """A candidate that moves what the old memory tells of, said of whom and what that is, and with its bare day ("the 19th") as near to the old one as may be, not before the day it was ``said``; any other candidate as it is."""
    if (timed := with_new_time(candidate, old)) is not candidate or not SHIFT.search(candidate.text):
        return timed
    text = candidate.text
    thing = _THING.match(text)
    if thing and (had := re.match(_HAS.format(thing=re.escape(thing["thing"])), old.text, re.IGNORECASE)):
        text = f"{had['who']}'s {had['what']}{text[thing.end() :]}"
    said_of = candidate.model_copy(update={"text": text, "keywords": keywords(text)})
    return beside(said_of, old.event_start, said) if old.event_start else said_of


def beside(candidate: Candidate, other: date, said: date, *, weekdays: bool = True) -> Candidate:
    """A candidate with its bare day ("on the 21st", and if asked "to Friday") as near to that of something else as may be, not before the day it was ``said``."""
    bare = _BARE_DAY.search(candidate.text)
    if bare is None or candidate.event_start is None or candidate.event_start != candidate.event_end or not (weekdays or bare["number"]):
        return candidate
    day = _nearest(bare, other, said)
    if day is None or abs(candidate.event_start - other) <= abs(day - other):
        return candidate
    text = _WRITTEN_DAY.sub(f" ({written_range(day, day)}).", candidate.text)
    return candidate.model_copy(update={"text": text, "event_start": day, "event_end": day})


def _nearest(bare: re.Match[str], old: date, said: date) -> date | None:
    """The day of this number or name nearest to the old one, the later of two."""
    days = (old + timedelta(days=shift) for shift in sorted(range(-_FAR, _FAR + 1), key=lambda shift: (abs(shift), -shift)) if shift)
    fits = (day for day in days if (day.day == int(bare["number"]) if bare["number"] else DAYS[day.weekday()] == bare["weekday"].lower()))
    return next((day for day in fits if day >= said), None)
