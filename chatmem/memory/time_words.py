"""The words of time expressions: their patterns in order, and the tense that says which way an unclear one points."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from dateutil.easter import easter

MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NUMBERS = {
    word: value
    for value, words in enumerate(
        ("", "a|an|one", "two|a couple of|a couple|couple of", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    )
    for word in words.split("|")
    if word
}
VAGUE_NUMBERS = {"a few": (2, 5), "few": (2, 5), "several": (3, 7), "some": (2, 5)}
SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
DECADES = {"twenties": 2020, "sixties": 1960, "seventies": 1970, "eighties": 1980, "nineties": 1990}
FEASTS: dict[str, Callable[[int], date]] = {
    "christmas eve": lambda year: date(year, 12, 24),
    "christmas day": lambda year: date(year, 12, 25),
    "christmas": lambda year: date(year, 12, 25),
    "boxing day": lambda year: date(year, 12, 26),
    "new year's eve": lambda year: date(year, 12, 31),
    "new year's day": lambda year: date(year, 1, 1),
    "valentine's day": lambda year: date(year, 2, 14),
    "halloween": lambda year: date(year, 10, 31),
    "easter": easter,
    "thanksgiving": lambda year: date(year, 11, 22 + (3 - date(year, 11, 1).weekday()) % 7),
}

_MONTH = r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:19|20)\d\d)\b"
_NUMBER = r"(?P<number>\d{1,3}|" + "|".join(sorted([*NUMBERS, *VAGUE_NUMBERS], key=len, reverse=True)) + ")"
_UNIT = r"(?P<unit>day|week|fortnight|month|year|decade|weekend)(?:s|s')?\b"
_WEEKDAY = r"(?P<weekday>mon|tues|wednes|thurs|fri|satur|sun)day\b"
_SEASON = r"(?P<season>spring|summer|autumn|fall|winter)\b"
_PART = r"(?P<part>early|mid|middle of|late|the beginning of|the start of|the middle of|the end of|beginning of|start of|end of)"
_PERIOD = r"(?P<period>weekend|week|month|year)\b"

# In order: a pattern that is listed first keeps its words from the later ones.
PATTERNS = [
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("numeric", r"(?<![\d/.-])(?P<y>(?:19|20)\d\d)[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?![\d/-])"),
        ("numeric", r"(?<![\d/.-])(?P<a>\d{1,2})(?P<sep>[/.])(?P<b>\d{1,2})(?P=sep)(?P<y>(?:19|20)\d\d)(?![\d/-])"),
        (
            "days",
            rf"\b(?:from |between )?(?:the )?(?P<first>\d{{1,2}})(?:st|nd|rd|th)? ?(?:to|and|until|-|–) ?(?:the )?{_DAY} (?:of )?{_MONTH}(?:,? {_YEAR})?",
        ),
        ("days", rf"\b(?:from |between )?{_MONTH} (?P<first>\d{{1,2}})(?:st|nd|rd|th)? ?(?:to|and|until|-|–) ?{_DAY}\b(?!:)(?:,? {_YEAR})?"),
        ("months", rf"\b(?:from|between) (?P<from>{'|'.join(MONTHS)}) (?:to|and|until|through|till) {_MONTH}(?:,? (?:of )?{_YEAR})?"),
        ("years", r"\b(?:from|between) (?P<y>(?:19|20)\d\d) (?:to|and|until|through|till) (?P<year>(?:19|20)\d\d)\b"),
        ("weekdays", rf"\b(?:from|between) (?P<from>{'|'.join(DAYS)}) (?:to|and|until|through|till) {_WEEKDAY}"),
        ("month", rf"\b(?:the )?{_DAY} (?:of )?{_MONTH}(?:,? (?:of )?{_YEAR})?"),
        ("month", rf"\b{_MONTH} (?:the )?{_DAY}\b(?![\d:%]| ?(?:am|pm|times|people)\b)(?:,? {_YEAR})?"),
        (
            "part",
            rf"\b{_PART}[ -](?:in )?(?:(?:{_MONTH}(?:,? (?:of )?{_YEAR})?)|(?P<whole>(?:19|20)\d\d)\b|(?:(?P<which>last|next|this|the) )?(?P<period>month|year)\b)",
        ),
        ("month", rf"\b{_MONTH},? (?:of )?{_YEAR}"),
        ("month", rf"\b(?P<which>last|next|this|this past|this coming) {_MONTH}"),
        ("month", rf"\b(?:in|since|until|till|by|during|back in|around) {_MONTH}(?! (?:i|we|he|she|they)\b(?<!may))"),
        ("season", rf"\b(?:in |during |since )?(?:the )?{_SEASON} (?:of )?{_YEAR}"),
        ("season", rf"\b(?P<which>last|next|this|past|this past|this coming) {_SEASON}"),
        ("season", rf"\b(?:in|during) (?:the )?{_SEASON}"),
        ("weekday_apart", rf"\b(?P<number>a|one|two|three|2|3) weeks? (?P<side>ago|from)(?: (?:on|last|this|next))? {_WEEKDAY}"),
        ("weekdays_ago", r"\b(?P<number>two|three|four|2|3|4) (?P<weekday>mon|tues|wednes|thurs|fri|satur|sun)days ago\b"),
        ("weekday_week", rf"\b(?:on )?{_WEEKDAY},? (?:of )?(?P<which>last|next|this) week\b"),
        ("weekday_week", rf"\b(?P<which>last|next) week,? (?:on )?{_WEEKDAY}"),
        ("weekday_beyond", rf"\b(?:the )?{_WEEKDAY} (?P<beyond>before last|after next)\b"),
        ("beyond", rf"\b(?:the )?{_PERIOD} (?P<beyond>before last|after next)\b"),
        ("half", r"\b(?:half a year|(?P<number>a|one|two|three) (?:and a half years|years? and a half)) ago\b"),
        ("counted", rf"\b(?:about |around |roughly |over |almost |nearly )?{_NUMBER} {_UNIT} (?P<back>ago|earlier|back)\b"),
        ("hours", r"\b(?:\w+|an? (?:few|couple of)) (?:minutes?|hours?) ago\b"),
        ("lasting", rf"\b(?:in |over |during |for )?the (?P<which>last|past|next|coming) {_NUMBER} {_UNIT}"),
        ("lasting", rf"\b(?P<which>past|last|next) (?P<number>\d{{1,3}}|two|three|four|five|six|few|couple of) {_UNIT}"),
        ("counted", rf"\b(?P<forward>in|within) {_NUMBER} {_UNIT}(?: time)?"),
        ("counted", rf"\b{_NUMBER} {_UNIT} (?P<forward>from now|from today|from tomorrow)\b"),
        (
            "relative",
            r"\b(?P<relative>(?:the )?day before yesterday|(?:the )?day after tomorrow|yesterday|today|tonight|tomorrow|last night|this (?:morning|afternoon|evening))\b",
        ),
        ("since_year", r"\b(?:earlier|later) this (?P<period>week|month|year)\b"),
        ("period", rf"\b(?P<which>last|next|this|past|this past|this coming|the coming|over the|on the|at the) {_PERIOD}"),
        ("dated_weekday", rf"\b(?:on )?{_WEEKDAY},? the {_DAY}\b"),
        (
            "weekday",
            rf"\b(?:(?P<which>last|next|this|on|this past|this coming|by|until|since|coming) )?(?P<habit>every |each )?{_WEEKDAY}(?! (?:club|roast|league))",
        ),
        (
            "weekday",
            r"\b(?P<which>last|next|this|on|this past|this coming) (?P<weekday>mon|tues?|weds?|thu(?:rs?)?|fri|sat|sun)\b(?! (?:cream|set|dress|hat))\.?",
        ),
        (
            "decade",
            r"\b(?:in |during )?the (?:(?P<part>early|mid|late)[ -])?(?:(?P<y>19|20)?(?P<tens>\d)0'?s|(?P<words>sixties|seventies|eighties|nineties))(?!\w)",
        ),
        (
            "feast",
            rf"\b(?:(?P<which>last|next|this) )?(?P<feast>{'|'.join(FEASTS)})(?! (?:tree|present|gift|song|dinner|card|party|music|island|market)s?)\b(?:,? {_YEAR})?",
        ),
        (
            "year",
            rf"\b(?P<lead>in|since|until|till|during|back in|by|around|of|summer|class of) {_YEAR}(?! (?:euros|dollars|people|pounds|steps|words))",
        ),
        (
            "day_of_month",
            rf"\b(?:on |by |until )?the {_DAY}(?<=[tdh])\b(?=\W*$|[.,;!?)]|,? (?:at|for|of (?:this|next|last) month|about|with|to|and|but|so|because|from|until|when|we|i|my|not|\w+ing)\b)",
        ),
    )
]
_AHEAD = re.compile(
    r"\b(?:will|going to|gonna|plan(?:ning|s)?|upcoming|tomorrow|due|expect(?:ing|s)?|schedul\w+|book(?:ed|ing)|tickets?|reserv\w+|deadline|appointment|look(?:ing)? forward|"
    r"hop(?:e|es|ing) to|want to|intend|leaves?|arrives?|starts?|begins?|opens?|closes?|ends?|coming up|"
    r"(?:am|is|are|be) (?:\w+ )?(?!during|evening|morning|something|nothing|anything|everything|wedding|building|king|thing)\w+ing|(?:we|you|they|i)'(?:re|m) (?:\w+ )?\w+ing|(?:he|she|it|\w+)'s (?:\w+ )?\w+ing)\b|'ll\b",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"\b(?:was|were|had|did|didn't|got|went|came|met|made|took|saw|bought|sold|left|lost|found|broke|ran|won|gave|fell|felt|began|wrote|spent|taught|quit|flew|drove|ate|"
    r"built|brought|caught|paid|slept|sent|held|heard|became|swam|sang|hurt|cut|lent|stole|stolen|born|died|told|said|thought|knew|chose|drank|threw|tore|wore|spoke|woke|hit|been|"
    r"(?!need|bleed|feed|seed|speed|weed|breed|indeed|red\b|bed\b|wed\b|shed\b|sled\b|hundred|schedul|book|reserv|expect|plann)\w{2,}ed|ago|"
    rf"last (?:night|week|weekend|month|year|time|spring|summer|autumn|fall|winter|{'|'.join(DAYS)})|used to)\b",
    re.IGNORECASE,
)
_PUT_OFF = re.compile(
    rf"\b(?:moved|rescheduled|postponed|pushed|delayed|shifted|brought|put)(?: back| forward| off)? (?:to|until|till)(?: (?:{'|'.join(DAYS)}),?)?(?: the)? ?$",
    re.IGNORECASE,
)
_FEELING = re.compile(r"(?:\b(?:am|is|are|be)|'(?:m|re)) (?:(?:so|very|really|quite|too|also|still|a bit|\w+ly) )?$", re.IGNORECASE)
"""Before "worried" or "supposed to", which say nothing of the past then."""
_FIXTURE = re.compile(r"\b(?:exam|interview|dentist|surgery|operation|check-?up|viva|driving test)\b", re.IGNORECASE)
_DOING = re.compile(r"\W*(?!during|evening|morning|something|nothing|anything|everything|wedding|building|king|thing)\w{2,}ing\b", re.IGNORECASE)
_PRESENT = re.compile(r"\b(?:is|are|am|have|has|'s|'m|'re)\b|'(?:s|m|re|ve)\b", re.IGNORECASE)


def direction_of(text: str, match: re.Match[str]) -> int:
    """Where the words around an expression point: 1 ahead, -1 back, 0 unknown."""
    before = re.split(r"[.!?;]\s|, (?:and|but|so) | because ", text[: match.start()])[-1][-120:]
    after = re.split(r"[.!?;](?:\s|$)|,? (?:and|but|so|because) ", text[match.end() :])[0][:80]
    clause = before + " \0 " + after
    if _PUT_OFF.search(before):
        return 1
    past = [m.start() for m in _BEFORE.finditer(clause) if not (m[0].lower().endswith("ed") and _FEELING.search(clause[: m.start()]))]
    ahead = [m.start() for m in _AHEAD.finditer(clause)]
    if past and ahead:
        strong = re.search(r"\b(?:tickets?|book\w+|schedul\w+|reserv\w+|appointment|deadline|will|going to|gonna|plan\w*)\b", clause, re.IGNORECASE)
        here = clause.index("\0")
        nearest = max([at for at in past + ahead if at < here], default=-1)
        return 1 if nearest in ahead or (strong and not re.search(r"\b(?:was|were|had been|missed|cancelled)\b", clause, re.IGNORECASE)) else -1
    if past:
        return -1
    if ahead or _DOING.match(before) or _FIXTURE.search(before):
        return 1
    return 1 if _PRESENT.search(clause) and not re.search(r"\b(?:have|has|'ve|'s) been\b", clause, re.IGNORECASE) else 0
