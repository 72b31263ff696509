"""The words of time expressions: their patterns in order, and the tense that says which way an unclear one points.

The patterns know straight apostrophes only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from dateutil.easter import easter

MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SHORT_DAYS = "mon|tues?|weds?|thu(?:rs?)?|fri|sat|sun"
NUMBERS = {
    "a": 1,
    "an": 1,
    "a couple": 2,
    **{
        word: value
        for value, word in enumerate(
            "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty".split(),
            1,
        )
    },
}
_UNITS = "first second third fourth fifth sixth seventh eighth ninth".split()
_TEENS = "tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth".split()
ORDINALS = {
    word: value for value, word in enumerate([*_UNITS, *_TEENS, "twentieth", *(f"twenty-{word}" for word in _UNITS), "thirtieth", "thirty-first"], 1)
}
VAGUE_NUMBERS = {"a few": (2, 5), "few": (2, 5), "several": (3, 7), "some": (2, 5)}
SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
DECADES = {"twenties": 2020, "sixties": 1960, "seventies": 1970, "eighties": 1980, "nineties": 1990}
SHORT_UNITS = {"wk": "week", "yr": "year"}
FEASTS: dict[str, Callable[[int], date]] = {
    "christmas eve": lambda year: date(year, 12, 24),
    "christmas day": lambda year: date(year, 12, 25),
    "christmas": lambda year: date(year, 12, 25),
    "boxing day": lambda year: date(year, 12, 26),
    "new years eve": lambda year: date(year, 12, 31),
    "new years day": lambda year: date(year, 1, 1),
    "valentines day": lambda year: date(year, 2, 14),
    "halloween": lambda year: date(year, 10, 31),
    "easter monday": lambda year: easter(year) + timedelta(days=1),
    "easter": easter,
    "thanksgiving": lambda year: date(year, 11, 22 + (3 - date(year, 11, 1).weekday()) % 7),
}
"""By their names without apostrophes; a longer name before the shorter one that it begins with."""

_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|"
    r"dec(?:ember)?)\b(?:(?:(?<=\b\w\w\w)|(?<=sept))(?<!may)\.)?"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_NOT_MODAL = r"(?!(?<=may) (?:be|have|not|also|well|never|still|sound|seem|look|take|need|help)\b)"  # "this may be the last time"
_YEAR = r"(?P<year>(?:19|20)\d\d|'\d\d)\b"
_NUMBER = r"(?P<number>\d{1,3}|(?:a )?couple(?: of)?|" + "|".join(sorted([*NUMBERS, *VAGUE_NUMBERS], key=len, reverse=True)) + ")"
_UNIT = r"(?P<unit>day|week|wk|fortnight|month|year|yr|decade|weekend)(?:s|s')?\b"
_WEEKDAY = r"(?P<weekday>mon|tues|wednes|thurs|fri|satur|sun)day\b"
_SEASON = r"(?P<season>spring|summer|autumn|fall|winter)\b"
_PART = r"(?P<part>early|mid|middle of|late|the beginning of|the start of|the middle of|the end of|beginning of|start of|end of)"
_FEAST = "|".join(FEASTS).replace("s ", "'?s ")
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
        ("month", rf"\b(?:the )?(?P<nth>{'|'.join(sorted(ORDINALS, key=len, reverse=True))}) (?:day )?of {_MONTH}(?:,? (?:of )?{_YEAR})?"),
        ("month", rf"\b{_MONTH} (?:the )?{_DAY}\b(?![\d:%]| ?(?:am|pm|times|people)\b)(?:,? {_YEAR})?"),
        (
            "part",
            rf"\b{_PART}[ -](?:in )?(?:(?:{_MONTH}(?:,? (?:of )?{_YEAR})?)|(?P<whole>(?:19|20)\d\d)\b|"
            r"(?:(?P<which>last|next|this|the) )?(?P<period>month|year)\b)",
        ),
        ("month", rf"\b{_MONTH},? (?:of )?{_YEAR}"),
        ("month", rf"\b(?P<which>last|next|this|this past|this coming) {_MONTH}{_NOT_MODAL}"),
        ("month", rf"\b(?:in|from|to|since|until|till|by|during|back in|around) {_MONTH}{_NOT_MODAL}"),
        ("season", rf"\b(?:in |during |since )?(?:the )?{_SEASON} (?:of )?{_YEAR}"),
        ("season", rf"\b(?P<which>last|next|this|past|this past|this coming) {_SEASON}"),
        ("season", rf"\b(?:in|during|over) (?:the )?{_SEASON}"),
        ("day_of_month", rf"\b(?:on |by |until )?the {_DAY}(?<=[tdh]) of (?P<which>last|next|this) month\b"),
        (
            "weekday_apart",
            rf"\b(?P<number>a|one|two|three|2|3) (?P<unit>week|fortnight)s? (?:(?P<side>ago|from)(?: (?:on|last|this|next))?|on) {_WEEKDAY}",
        ),
        ("weekday_apart", rf"\b(?<!last )(?:on )?{_WEEKDAY} (?P<unit>week)\b(?! (?:of|\d))"),
        ("weekdays_ago", r"\b(?P<number>two|three|four|2|3|4) (?P<weekday>mon|tues|wednes|thurs|fri|satur|sun)days ago\b"),
        ("weekday_week", rf"\b(?:on )?{_WEEKDAY},? (?:of )?(?P<which>last|next|this) week\b"),
        ("weekday_week", rf"\b(?P<which>last|next) week,? (?:on )?{_WEEKDAY}"),
        ("weekday_beyond", rf"\b(?:the )?{_WEEKDAY} (?P<beyond>before last|after next)\b"),
        ("beyond", rf"\b(?:the )?{_PERIOD} (?P<beyond>before last|after next)\b"),
        ("half", r"\b(?:half a year|(?P<number>a|one|two|three) (?:and a half years|years? and a half)) ago\b"),
        ("anchored", rf"\b{_NUMBER} {_UNIT} (?:(?P<side>ago|from) )?(?P<relative>today|tomorrow|yesterday)\b"),
        ("counted", rf"\b(?:about |around |roughly |over |almost |nearly )?{_NUMBER} {_UNIT} (?P<back>ago|back)\b"),
        ("hours", r"\b(?:\w+|an? (?:few|couple of)) (?:minutes?|hours?) ago\b"),
        ("lasting", rf"\b(?:in |over |during |for )?the (?P<which>last|past|next|coming) {_NUMBER} {_UNIT}"),
        ("lasting", rf"\b(?P<which>past|last|next) (?P<number>\d{{1,3}}|two|three|four|five|six|few|couple of) {_UNIT}"),
        ("counted", rf"\b(?P<forward>in|within) {_NUMBER} {_UNIT}(?P<time>'? time)?"),
        ("counted", rf"\b{_NUMBER} {_UNIT} (?P<forward>from now|from today|from tomorrow)\b"),
        (
            "relative",
            r"\b(?P<relative>(?:the )?day before yesterday|(?:the )?day after tomorrow|yesterday|today|tonight|tomorrow|tmrw|"
            r"last night|this (?:morning|afternoon|evening))\b",
        ),
        ("since_year", r"\b(?:earlier|later) this (?P<period>week|month|year)\b"),
        ("period", rf"\b(?P<which>last|next|this|past|this past|this coming|the coming|over the|on the|at the|since the) {_PERIOD}"),
        ("dated_weekday", rf"\b(?:on )?{_WEEKDAY},? (?:the {_DAY}\b|(?P<nth>\d{{1,2}})(?:(?:st|nd|rd|th)\b|(?= at \d|[,.]|$)))"),
        (
            "weekday",
            rf"\b(?:(?P<which>last|next|this|on|this past|this coming|before|by|until|since|coming) )?"
            rf"(?P<habit>every |each )?{_WEEKDAY}(?! (?:club|roast|league|(?:morning|afternoon|evening|night)s)\b|,? the \d+[snrt])",
        ),
        (
            "weekday",
            rf"\b(?P<which>last|next|this|on|this past|this coming) (?P<weekday>{SHORT_DAYS})\b(?! (?:cream|set|dress|hat))\.?",
        ),
        ("weekday", r"\b(?P<weekday>tues|weds|thurs|fri)\b"),
        ("dated_weekday", rf"\b(?:on )?(?P<weekday>{SHORT_DAYS}),? (?:the )?(?P<nth>\d{{1,2}})(?:st|nd|rd|th)\b"),
        ("weekday", r"\b(?P<weekday>wed|thu|tue|(?<!\bi )(?<!\bhe )(?<!\bshe )(?<!\bwe )(?<!\bthey )(?<!\bwho )(?<!\bit )sat)(?=$|[,.;!?])"),
        ("weekday", rf"\b(?P<weekday>{SHORT_DAYS})(?= (?:morning|afternoon|evening|night|\d{{1,2}} ?[ap]m)\b)"),
        (
            "decade",
            r"\b(?:in |during )?the (?:(?P<part>early|mid|late)[ -])?(?:(?P<y>19|20)?(?P<tens>\d)0'?s|(?P<words>sixties|seventies|eighties|nineties))(?!\w)",
        ),
        (
            "feast",
            rf"\b(?<!orthodox )(?<!harvest )(?:(?P<which>last|next|this) )?(?P<feast>{_FEAST})\b"
            rf"(?! (?:tree|present|gift|song|dinner|card|party|music|island|market|light|shopping|eve|egg|jumper|decoration)s?\b)(?:,? {_YEAR})?",
        ),
        (
            "year",
            rf"\b(?P<lead>in|since|until|till|during|back in|by|around|of|summer|class of) {_YEAR}"
            r"(?! (?:euros|dollars|pounds|quid|bucks|people|fans|steps|words|calories|square)\b)",
        ),
        (
            "day_of_month",
            rf"\b(?:on |by |until )?the {_DAY}(?<=[tdh])\b"
            r"(?=\W*$|[.,;!?)]|,? (?:at|for|about|with|to|and|but|so|because|cos|coz|cuz|bc|cause|as|since|due|by|w|n|from|until|till|when|we|i|my|not|now|again|after|before|if|in|this|apparently|lol|ugh|thank|fingers|yay|pls|please|omg|btw|tho|though|actually|already|finally|instead|morning|evening|night|\w+ing)\b)",
        ),
    )
]
_CLAUSE_END = re.compile(
    rf"[.!?;](?:\s|$)|,? (?:and|but|so|because) (?!(?:on |in |the )?(?:{'|'.join(DAYS + MONTHS)})\b)",  # not in "on Friday and Saturday"
    re.IGNORECASE,
)
MOVED = r"(?:moved|changed|pushed|shifted|postponed|put off|bumped|delayed|rescheduled|switched|brought forward)"
"""To another day."""
_ING = r"(?!during|evening|morning|something|nothing|anything|everything|wedding|building|king|thing)\w{2,}ing"
_AHEAD = re.compile(
    r"\b(?:will|shall|can(?:'t|not)?(?! (?:you )?(?:tell|remember|believe|stop))|must(?! (?:say|admit))|should(?!'?ve| have|n'?t)|might|may (?:be|not|come|go|sit|do|get|take|start|end|need)|cant|wont|(?:needs?|has|have|got|gets?|gotta|ought) to(?! (?:(?-i:[A-ZÀ-Þ])|the\b|work\b|school\b|town\b|bed\b))|gotta|"
    r"(?<!was )(?<!were )(?:asked|invited|wanted|told|offered|promised|agreed|ordered) (?:[\w']+ ){0,3}?(?:to|for|if)|"
    r"(?:would|'d) like to|wants? (?:to|an?|the|my|our|it|him|her|me|us)|(?:am|is|are) to (?:be )?\w+|to be \w+ed|let's|remind|see (?:you|u|ya)|good luck|wish (?:me|us) luck|"
    r"going to|gonna|plan(?:ning|s)?|upcoming|tomorrow|due|expect(?:ing|s)?|schedul\w+|book(?:ed|ing)|tickets?|reserv\w+|deadline|appointment|"
    r"look(?:ing)? forward|hop(?:e|es|ing) to|intend|leaves?|arrives?|starts?|begins?|opens?|closes?|ends?|stops?|finish(?:es)?|coming up|"
    r"turns(?! out)|retires?|graduates?|moves|flies|runs out|goes|comes|gets|lands|takes|visits|returns|reopens|shuts|comes? (?:off|out|over|to stay)|(?<!was )(?<!were )(?<!been )(?:moving|coming|leaving|arriving|returning|flying|emigrating|sending)|collects|brings|delivers|(?<!was )(?<!were )(?:meant|supposed) to|signed up|(?:don't|dont|let me) forget|(?:i|we|they) (?:do it|pay (?:it|him|her|them|in)|turn \d|fly|go|move|meet|travel|play|see|sign|sit|perform|compete|defend|operate|exchange|complete|launch|leave|arrive)|signs|performs|competes|defends|"
    rf"(?:am|is|are|be|im|hes|shes|its|theyre|youre|\w+'(?:m|re|s)) (?:\w+ )?{_ING})\b|'ll\b",
    re.IGNORECASE,
)
_STRONG = re.compile(
    r"\b(?:tickets?|book\w+|schedul\w+|reserv\w+|appointment|deadline|will|shall|must|gotta|going to|gonna|plan\w*)\b", re.IGNORECASE
)
_DID = re.compile(r"\b(?:did|didn't)(?: (?!know|reali[sz]e|think|say|tell|mention|remember)\w+){0,3} $", re.IGNORECASE)
"""Before "(where did) we go" and "(I didn't) see you", which are not ahead."""
_BEFORE = re.compile(
    r"\b(?:was|were|had|did|didn't|wasnt|werent|hadnt|didnt|couldnt|got|went|came|met|made|took|saw|bought|sold|left(?! (?:one|eye|knee|foot|arm|hand|ear|shoulder|hip|leg|side|wrist|ankle|thumb)\b)|lost|found|broke|ran|won|gave|fell|felt|began|wrote|spent|taught|quit|"
    r"flew|drove|ate|built|brought|caught|paid|slept|sent|held|heard|became|swam|sang|hurt|cut|lent|stole|stolen|born|died|told|said|thought|knew|chose|"
    r"drank|threw|tore|wore|spoke|woke|hit|been|rang|bit|sat(?! +\0)|stood|forgot|rode|drew|grew|split|"
    r"(?!need|bleed|feed|seed|speed|weed|breed|indeed|red\b|bed\b|wed\b|shed\b|sled\b|hundred|scared|excited|tired|worried|bored|stressed|terrified|schedul|book|reserv|expect|plann)\w{2,}ed|ago|"
    rf"last (?:night|week|weekend|month|year|time|spring|summer|autumn|fall|winter|{'|'.join(DAYS)})|used to)\b",
    re.IGNORECASE,
)
_PUT_OFF = re.compile(
    r"\b(?:moved|(?:re)?scheduled|postponed|adjourned|pushed|bumped|shoved|delayed|shifted|switched|stretched|changed|brought|put|set)(?: [\w']+){0,4}? (?:to|until|till|for)"
    rf"(?: (?:{'|'.join(DAYS)}),?)?(?: the)? ?$",
    re.IGNORECASE,
)
_LEAD = re.compile(r"(?:from|to|by|until|till) ", re.IGNORECASE)
_FROM_THEN = re.compile(
    r"(?<!hungover )(?<!sore )(?<!tired )(?<!recovering )(?<!pics )(?<!photos )(?<!leftovers )(?<!knackered )\b(?:from|by|till?|until|starting|effective) (?:on )?(?:the )?$",
    re.IGNORECASE,
)
"""Just before the expression, unless something lasted that long: "they offered me the post from 1 May"."""
_FOR_THEN = re.compile(r"\bfor (?:the )?$", re.IGNORECASE)
"""Just before a day of the calendar: "she ordered a cake for the 12th"."""
_LASTED = re.compile(r"\b(?:was|were|did|had|been|lived|worked|stayed|lasted|took|studied|served|taught|ran)\b[^,]*$", re.IGNORECASE)
_MOVED = re.compile(r"\b(?:moved|changed|pushed|shifted|postponed|put off|bumped|delayed|cancelled|goes to|went to)\b.*, (?:the )?$", re.IGNORECASE)
"""A new date behind a comma: "they moved the festival, 11 December"."""
_NOW_THEN = re.compile(r" (?:now|instead)\b", re.IGNORECASE)
"""Just after it: "date moved, 1 May now"."""
_IS_THEN = re.compile(
    r"\b(?:(?:is|are|it's|its)(?: \w+ly)?(?: on)?|(?:now|maybe|perhaps|hopefully|probably|the rest|new date)(?: (?:on|in|at|by))?|come|"
    r"settled on|agreed on|counts? on|put (?:me|us|him|her|them|it) (?:down )?(?:on|for))(?: the)? $",
    re.IGNORECASE,
)
"""Just before the expression: "he told me that the exam is on Friday"."""
_SAID_IT = re.compile(r"\b(?:said|says?|reckons?|suggest(?:s|ed)?|chose|picked)(?: the)? $", re.IGNORECASE)
"""Just before a date that somebody named: "they said 16 January", but not "he said on Monday that"."""
_FEELING = re.compile(r"(?:\b(?:am|is|are|be)|'(?:m|re)) (?:(?:so|very|really|quite|too|also|still|a bit|\w+ly) )?$", re.IGNORECASE)
"""Before "worried" or "supposed to", which say nothing of the past then."""
_GETTING = re.compile(r"(?:(?:\b(?:am|is|are)|'(?:m|re|s)) (?:\w+ )?(?:getting|having|being)|\bget(?:s|ting)?) (?:\w+ ){0,3}$", re.IGNORECASE)
"""Before "married" or "my cast removed", which are ahead then."""
_HAVE = re.compile(r"(?:\b(?:have|has|haven't|hasn't|ive|weve|theyve|hes|shes)(?: \w+)?|'(?:ve|s)) $", re.IGNORECASE)
"""Before a "got" that is not past: "I've got a test", "what have I got on Friday"."""
_FIXTURE = re.compile(
    r"\b(?:exam|resit|retake|assignment|interview|dentist|surgery|operation|check-?up|viva|driving test|birthday|bday|anniversary|delivery|keys|fitting|hearing|move in|root canal|theory test|gig|show|match|wedding|training|second date|kick-?offs?)\b",
    re.IGNORECASE,
)
_GOT = re.compile(
    rf"\b(?:got|have|has) (?:(?:me|my|an?|the|our) )?(?:\w+ ){{0,2}}{_FIXTURE.pattern}(?: \w+){{0,4}} (?:on |in )?(?:the )?$", re.IGNORECASE
)
_DOING = re.compile(rf"\W*{_ING}\b", re.IGNORECASE)
_PRESENT = re.compile(
    r"\b(?:is|are|am|have|has|im|ive|hes|shes|theyre|its)\b|'(?:m|re|ve)\b"
    r"|\b(?:he|she|it|that|there|here|what|who|where|when|how)'s\b"  # other 's are possessives, but for
    r"|'s +(?:\0|\d|(?:on|in|at|not|an?|the|got|back|away|off|home|here|free|busy|open|closed)\b)"  # "mum's back on Friday", and
    r"|^\W*(?:\w+ )?\w+'s (?:[\w-]+ ){0,2} \0",  # "dad's party on Friday", which has no verb
    re.IGNORECASE,
)


def direction_of(text: str, match: re.Match[str]) -> int:
    """Where the words around an expression point: 1 ahead, -1 back, 0 unknown.

    Of several verbs the last one before the expression counts, and the first one after it where none stands before.
    """
    before = re.split(r"[.!?;]\s|, (?:and|but|so) | because ", text[: match.start()])[-1][-120:]
    after = _CLAUSE_END.split(text[match.end() : match.end() + 80])[0]
    clause = before + " \0 " + after
    if _is_named_ahead(before, after, match):
        return 1
    past = [m.start() for m in _BEFORE.finditer(clause) if _is_past(m)]
    ahead = [m.start() for m in _AHEAD.finditer(clause) if _STRONG.match(m[0]) or not _DID.search(clause[: m.start()])]
    if past and ahead:
        here = clause.index("\0")
        nearest = max([at for at in past + ahead if at < here], default=min(past + ahead))
        strong = _STRONG.search(clause) and not re.search(r"\b(?:was|were|had been|missed|cancelled)\b", clause, re.IGNORECASE)
        return 1 if nearest in ahead or strong else -1
    if past and not (min(past) > clause.index("\0") and not _BEFORE.match(after.lstrip()) and (_PRESENT.search(before) or _DOING.match(before))):
        return -1
    if ahead or _DOING.match(before) or _FIXTURE.search(before):
        return 1
    return 1 if _PRESENT.search(clause) and not re.search(r"\b(?:have|has|'ve|'s) been\b", clause, re.IGNORECASE) else 0


def _is_named_ahead(before: str, after: str, match: re.Match[str]) -> bool:
    """Whether the words right beside an expression put it ahead, whatever the verbs say: "they moved it to 1 May", "she asked me for the 12th"."""
    lead = _LEAD.match(match[0])
    to = before + (lead[0] if lead else "")
    if (
        _PUT_OFF.search(to)
        or _IS_THEN.search(before)
        or (_SAID_IT.search(before) and not match[0].lower().startswith("on "))
        or _MOVED.search(before)
        or _NOW_THEN.match(after)
        or _GOT.search(before)
    ):
        return True
    if (_FROM_THEN.search(to) or (match.groupdict().get("day") and _FOR_THEN.search(before))) and not _LASTED.search(before):
        return True
    piece = before.rpartition(", ")[2]
    return _FIXTURE.search(piece) is not None and not any(map(_is_past, _BEFORE.finditer(f"{piece} {after.partition(',')[0]}")))


def _is_past(word: re.Match[str]) -> bool:
    before = word.string[: word.start()]
    if word[0].lower() == "got":
        return not _HAVE.search(before)
    if word[0].lower().endswith("ed"):
        is_name = word[0].istitle() and before.strip()
        return not (is_name or _FEELING.search(before) or _GETTING.search(before))
    return True
