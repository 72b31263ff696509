"""Others and things in the user's life as the subject of a clause: their doctor, "Mr Foo", somebody called by name, the owner, the exam.

The user says of them what touches their own life ("the vet wants 340", "Arvid got bumped to December"), without saying whose they
are. A boss or a landlord is the user's; a doctor, an owner, a council stays "the doctor".
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from chatmem.memory.third_person import AFTER_HAS, AFTER_IS, begins_with_verb, is_present
from chatmem.memory.time_words import DAYS, MONTHS, SHORT_DAYS

OWN_ROLES = (
    "doctor|doc|gp|dentist|vet|nurse|surgeon|cardiologist|dermatologist|neurologist|oncologist|psychologist|psychiatrist|specialist|midwife|optician|pharmacist|physio"
    "|physiotherapist|therapist|coach|trainer|instructor|teacher|tutor|professor|lecturer|supervisor|headmaster|headmistress|boss|manager|foreman|dispatcher|team leader"
    "|landlord|landlady|lawyer|solicitor|notary|accountant|mechanic|plumber|electrician|builder|carpenter|roofer|tailor|hairdresser|barber|insurer|bank|priest|pastor"
    "|neighbou?r|trainee|apprentice|lodger|tenant|babysitter|childminder|cleaner|maid|gardener|caretaker|case worker|employer|cook|chef|waiter|waitress|bookkeeper|receptionist|minister|vicar|imam|rabbi|caseworker|social worker|probation officer|health visitor|dog walker|childminder|au pair|consultant|counsell?or|chiropractor|farrier"
)
_ONES_OWN = r"(?:boss|landlord|landlady|gp|dentist|employer|team leader|supervisor|foreman|case worker|lodger|trainee)"
"""Said without "my", they are the user's own nearly always; "the doctor" may be anybody's."""
_OFFICES = (
    "owner|seller|buyer|dealer|agent|estate agent|realtor|inspector|engineer|administrator|clerk|judge|examiner|organi[sz]er|conductor|director|council|school|clinic|hospital"
    "|garage|firm|company|office|committee|agency|shop|factory|caterer|photographer|baker|butcher|movers|government|ministry|church|club|choir|cooperative|union|insurance"
)
TITLE = r"(?:(?:mr|mrs|ms|dr|prof)\b\.?|(?-i:Miss|Don|Doña|Herr|Frau|Madame|Monsieur|Signora?|Señora?|Auntie|Uncle|Aunt|Tante|Pastor|Sister|Brother|Coach|Bishop|Nurse|Captain|Officer|Imam|Rabbi))"
_GENDERS = {
    "m": re.compile(r"(?:mr|don|herr|monsieur|signor|señor|uncle|pastor|brother|landlord|headmaster|priest|foreman)\b", re.IGNORECASE),
    "f": re.compile(r"(?:mrs|ms|miss|doña|frau|madame|signora|señora|auntie|aunt|tante|sister|landlady|midwife|headmistress|maid)\b", re.IGNORECASE),
}
NAME = r"[A-ZÀ-Þ][\w’'-]*[a-zß-ÿ](?<!['’]s)"
"""A word with a capital that is no possessive."""
_APPOSED = r"(?:,? (?:my|our) (?P<part>(?:[a-z]+ )?[a-z-]+),?(?= (?!and\b)[a-z]))?"
_ROLE = re.compile(
    rf"^(?:(?P<article>the|my|our) )?(?P<new>(?:new|old|other|head|former) )?(?P<role>(?:(?!the\b|my\b|our\b|his\b|her\b|their\b|and\b|but\b|every\b|any\b|no\b)[a-z]{{2,}} )?(?:{OWN_ROLES}|{_OFFICES}))"
    rf"(?P<at> (?:of|from|at|in) (?:(?:the|my|our) )?[\w’'-]+)?(?:,? (?P<name>(?:{TITLE} )?(?-i:{NAME})(?: (?-i:{NAME}))?),?)?(?P<short>['’]s)? (?P<rest>.+)$",
    re.IGNORECASE,
)
_TITLED = re.compile(
    rf"^(?P<name>{TITLE} [a-zà-þ][\w’'-]*[a-zß-ÿ](?<!['’]s)(?: (?-i:{NAME}))?){_APPOSED}(?P<short>['’]s)? (?P<rest>.+)$", re.IGNORECASE
)
_NAMED = re.compile(rf"^(?P<name>{NAME}(?: {NAME})?){_APPOSED}(?: (?:from|at|of) (?:the )?[\w'-]+)?(?P<short>['’]s)? (?P<rest>.+)$")
_SOME = re.compile(r"^(?P<name>they|someone|somebody|nobody|everyone|everybody)(?P<short>['’](?:re|ve|ll|s))? (?P<rest>.+)$", re.IGNORECASE)
_SHORT = {"re": "are", "ve": "have", "ll": "will"}
_MINE = re.compile(r"\b(?:me|us|my|our|mine)\b", re.IGNORECASE)
_PERSONAL = re.compile(
    r"(?:(?:has|is|was|had|just|also|now|finally|only|still) ){0,2}(?:quit|quits|wants|wanted|lent|lends|gave|gives|giving|rang|phoned|phones|came|comes|coming|bought|buys|buying|sold|sells|selling|lives|lived|living|works|worked|working|studies|studying|teaches|teaching|taught"
    r"|earns|owes|owed|paid|pays|paying|agreed|agrees|retired|retires|married|marries|marrying|died|borrowed|brings|brought|bringing|charges|sings|cooks|fixes|fixed|repairs|repaired|visits|visited|visiting|helps|helped|helping"
    r"|loves|hates|likes|drives|drove|driving|knows|lost|found|passed|failed|sent|sends|got|getting|gets|broke|fell|moved|moving|leaves|left|leaving|stays|staying|joined|joins|dropped|offers|offered|starts|started|starting|returns|returned|goes|went|going|took|takes|taking|plays|played|playing"
    r"|has (?:his|her|their)|has an? (?:[a-z]+ )?(?:exam|test|interview|appointment|competition|match|game|recital|concert|party|trip|flight|scan|operation|cold|fever|job)|pregnant|ill|sick|in hospital|a nurse|married|engaged|divorced|my|our)\b",
    re.IGNORECASE,
)
NO_NAMES = frozenset(
    "I The A An My And But So We It He She They This That These Those There Here When Where What Who How Why Which Oh Hey Thanks Thank In On At For From To By With Without Of As If Yes No Not Just Also You Your"
    " Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August September October November December Today Tomorrow Yesterday Tonight Last Next Only Even Still Now Then"
    " Everyone Everybody Someone Somebody Nobody Nothing Everything Something All Both One Two Three Half Another Other Some Many Most More Christmas Easter God Work School Home Life Dinner Lunch Breakfast Rent Money"
    " His Her Its Their Our Got Had Went Was Were Is Are Has Have Been Did Does Do Slept Saw Bought Sold Lost Found Paid Took Came Left Made Never Always Maybe Perhaps Good Bad New Old First Second Please Well Ok Okay".split()
)
"""Words that a sentence may begin with, and days and months: no names of people."""
_NO_STRANGERS = frozenset(
    "mum mom dad gran nan sister brother wife husband boss coach she they that this there what which who everybody nobody somebody someone also just then now well".split()
)
_PLURAL = re.compile(r"[a-z]+s (?:is|are|was|were|has|have|had|will|can|want|need|do|did|got|came|went)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Other:
    """Who a clause is about: their part in the user's life ("doctor", "" where only the name is known), name, gender (f, m or x), and what is said of them."""

    whose: str
    part: str
    name: str
    gender: str
    rest: str


def subject(clause: str, names: Collection[str] = ()) -> Other | None:
    """The other whom a clause is about; None where its subject is none, or not clearly one.

    ``names`` are those of people told of before, in small letters. A name that nobody told of is taken for somebody's where what
    people do is said of it ("Arvid quit"), so that "Paris is lovely" is about nobody.
    """
    if match := _ROLE.match(clause):
        return _of_role(match) if match["article"] or match["role"].islower() or re.fullmatch(OWN_ROLES, match["role"], re.IGNORECASE) else None
    if (match := _TITLED.match(clause)) and (rest := _predicate(match)):
        name = " ".join(word[:1].upper() + word[1:] for word in match["name"].split())
        return Other("The user's" if match["part"] else "", match["part"] or "", name, _gender(name), rest)
    if (match := _NAMED.match(clause)) and match["name"].split()[0] not in NO_NAMES and (rest := _predicate(match)):
        known = not {match["name"].casefold(), match["name"].split()[0].casefold()}.isdisjoint(names)
        if known or match["part"] or _PERSONAL.match(rest):
            return Other("The user's" if match["part"] else "", match["part"] or "", match["name"], "x", rest)
    first, _, rest = clause.partition(" ")
    if first.casefold() in names and begins_with_verb(rest):
        return Other("", "", first[:1].upper() + first[1:], "x", rest)
    return None


_UNKNOWN = re.compile(
    rf"^(?P<low>[a-zß-ÿ]{{3,}}) {_PERSONAL.pattern}|^(?:[Tt]he|[Aa]n?|[Ss]ome|[Oo]ne|[Tt]h(?:is|at)) (?:[\w'-]+ ){{0,3}}?(?P<noun>[\w-]+) {_PERSONAL.pattern}|(?:^|, |\b(?:and|with|met|meet|saw|see|take|took|marry|colleague|friend|sister|brother|cousin|husband|wife|boyfriend|girlfriend) )(?P<name>(?-i:{NAME}))(?=[,.]|$| [a-z])"
)


def strangers_in(clause: str, names: Collection[str]) -> bool:
    """Whether a clause has what may be the name of somebody unknown, whom a pronoun after it may mean; ``names`` of those known in small letters."""
    words = [re.split("['’]", match["name"] or match["low"] or match["noun"])[0] for match in _UNKNOWN.finditer(clause)]
    return any(word.casefold() not in names and word.capitalize() not in NO_NAMES and word.casefold() not in _NO_STRANGERS for word in words)


def some(clause: str) -> Other | None:
    """Those who do something to the user without being named: "they have given me space 31", "somebody stole my bike"; None for anything else."""
    match = _SOME.match(clause)
    if match is None or not _MINE.search(match["rest"]) or re.match(r"(?:tell|told|say|said|costs?|remind|look|seem)\b", match["rest"]):
        return None
    rest = match["rest"]
    if match["short"]:
        rest = f"{_SHORT.get(match['short'][1:], 'has' if re.match(AFTER_HAS, rest) else 'is')} {rest}"
    first, _, after = rest.partition(" ")
    if first in ("are", "were") and not re.match(r"(?:\w+ )?(?!going\b)\w+ing\b", after):  # "they were a gift from my sister" is of things
        return None
    return Other("", "", match["name"].capitalize(), "some", rest) if begins_with_verb(rest) or is_present(first) or first == "were" else None


def _of_role(match: re.Match[str]) -> Other | None:
    rest, name = _predicate(match), match["name"] or ""
    if not rest and not name and not match["short"] and re.fullmatch(OWN_ROLES, match["role"].split()[-1], re.IGNORECASE):
        first, _, after = match["rest"].partition(" ")
        if first.isalpha() and begins_with_verb(after) and not first.endswith(("s", "ed")):  # "coach bronwyn switched me"
            name, rest = first[:1].upper() + first[1:], after
    if not rest:
        return None
    role = f"{match['new'] or ''}{match['role']}".lower()
    own = (match["article"] or "the").lower() != "the" or re.fullmatch(rf"(?:new |old |former )?{_ONES_OWN}", role) is not None
    return Other("The user's" if own else "The", f"{role}{match['at'] or ''}", name, _gender(name) if name else _gender(role), rest)


def _predicate(match: re.Match[str]) -> str:
    """What is said of the subject, beginning with its verb; "" where no verb follows."""
    rest = match["rest"]
    if match["short"]:
        return f"is {rest}" if re.match(AFTER_IS, rest, re.IGNORECASE) else f"has {rest}" if re.match(AFTER_HAS, rest, re.IGNORECASE) else ""
    return rest if begins_with_verb(rest) and not _PLURAL.match(rest) else ""


def _gender(words: str) -> str:
    return next((gender for gender, pattern in _GENDERS.items() if pattern.match(words)), "x")


_DAY = rf"(?:(?:{'|'.join([*DAYS, *MONTHS])})s?\b|(?:{SHORT_DAYS})\b|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b|tomorrow\b|tonight\b|today\b|(?:next|this) \w+|(?:the )?\d{{1,2}}(?:st|nd|rd|th)\b|\d{{1,2}} (?:{'|'.join(MONTHS)}|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b|easter\b|christmas\b)"
_MONEY = r"(?:[£$€]|r|rs\.? ?)?\d[\d.,]*(?: ?(?:k|grand|thousand|million|mil|euros?|dollars?|pounds?|quid|bucks|lei|rupees?|yen|baht|pesos?|lari|crowns?|francs?|dinars?|percent|%))?\b"
_THINGS = re.compile(
    r"exams?|tests?|retest|resit|interview|wedding|match|game|derby|gig|concert|show|rehearsals?|practice|training|lease|rent|deadline|signing|closing|hearing|surgery|operation|op|scan|appointment|class|course|lessons?|party|trip|flight"
    r"|meeting|festival|competition|final|delivery|viewing|mediation|service|assignment|project|essay|paper|quiz|raffle|loan|bill|fees?|tickets?|price|deposit|budget|salary|pay|shift|visa|passport|licen[cs]e|haircut|naming|ceremony|funeral"
    r"|christening|jabs?|vaccinations?|injections?|results|keys|nursery|gymnastics|swimming|football|choir|yoga|therapy|physio|chemo|dialysis|check-?up|review|inspection|graduation|prom|due date|reunion|tournament|race|marathon|audition|recital|exhibition|fair|market|move|kitchen|bathroom|boiler|roof|car|bike|van|laptop|phone",
    re.IGNORECASE,
)
"""What a single word before a verb is surely no name: "lease is up", but "arvid got bumped"."""
_THING = re.compile(
    rf"^(?P<what>(?:(?:the|this) )?(?!(?:i|we|he|she|it|its|they|you|this|that|these|those|there|here|what|who|which|when|where|why|how|an?|another|some|my|our|his|her|their|your|one|everything|nothing|something|said|all|not|no|and|but|so|if|only|at|in|on|from|to|for|by|with|today|now|then|also|yo|bro|hey|ugh|ok|lah|dude)\b)"
    rf"[\w’'-]+(?: (?!(?:i|we|he|she|it|they|you|that|who|which|and|but|so|if|is|are|was|were|has|have|had|will|got)\b)[\w’'-]+){{0,4}}?)(?P<short>['’]s)? "
    rf"(?P<rest>(?:(?:(?:is|are|was|were|has been|have been|got|gets?|will be) (?:now |just |been )?|(?=\w+ (?:(?:back|forward|up) )?(?:to|till|until|from|by) {_DAY}))(?:moved|pushed|postponed|put (?:off|back)|brought forward|cancell?ed|delayed|changed|called off|bumped|rescheduled|shifted)\b(?: (?:back|forward|up))?(?:(?<=led)(?<!duled)(?=$|,| )|(?<=off)(?=$|,| )|(?= (?:to|till|until|from|by|because|cos)\b))"
    rf"|(?:is|are|was|were|starts?|begins?|ends?|opens?|closes?|runs?|goes|meets?|expires?|lands|arrives|comes (?:in|through|out|off)|kicks in|will (?:be|start|end|begin)|takes place)(?: up| over)? (?:now |set |booked |due |fixed |scheduled |only )?(?:on |at |for |from |in |till |until |by |after |before )?(?={_DAY})"
    rf"|(?:has to|have to|needs? to|must) be [\w -]{{3,30}} (?:by|before|on) (?:the )?(?={_DAY})|(?:now )?(?:costs?|goes for|(?:went|goes|is going|are going) (?:up|down) to|(?:has )?(?:dropped|rose|risen|fell|fallen|climbed|come down|came down|came|comes) to|stands? at|(?:is|are|was) (?:down|up|now|only|still) (?:to |at )?)(?: now| only| about| around)? ?(?={_MONEY}))\S*.*)$",
    re.IGNORECASE,
)


def thing(clause: str) -> str | None:
    """A clause on when a thing is, where it was moved to, or what it costs, with its subject said in full; None where it is none: "the exam got moved to the 11th"."""
    match = _THING.match(clause)
    if match is None:
        return None
    rest = match["rest"]
    if match["short"]:
        rest = f"is {rest}"
    what = match["what"]
    named = re.match(rf"(?:the|this)\b|[\w-]+['’]s |(?-i:{NAME})", what, re.IGNORECASE) or (" " not in what and not _THINGS.fullmatch(what))
    said = what if named else f"the {what}"
    return f"{said[:1].upper()}{said[1:]} {rest}"
