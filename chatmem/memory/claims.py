"""What a third-person sentence claims: about whom, which relation, which value, and whether it holds, held or is over.

Reads the form that extraction writes ("The user ...", "The user's sister ..."). Everything here is a rule over words,
so that two sentences can be compared without a model (see chatmem.memory.compare).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from chatmem.memory.cues import (
    ADDED,
    BEFORE_DATE,
    CHANGE,
    CUES,
    DATE,
    ENDING_WORDS,
    FREQUENCY,
    IDIOMS,
    LEAD,
    MONEY,
    NEGATIVE,
    NEGATIVE_VERB,
    NOW,
    NUMBER_WORDS,
    OFTEN,
    OVER,
    OVER_RE,
    PARTS,
    PAST,
    PEOPLE,
    PERFECT,
    SAME,
    SHIFT,
    STAMP,
    TAIL,
    WHEN,
    WISH,
    canonical,
    content_stem,
    stems_of,
)
from chatmem.memory.others import NAME, TITLE
from chatmem.memory.relations import relation_of
from chatmem.memory.times import DAYS, MONTHS
from chatmem.words import STOP_WORDS, tokens

_FRAME = re.compile(r"(?!is |are |was |goes |went )\w+s (?:at|on|in|with|as|to|by|under|for)\b", re.I)


@dataclass(frozen=True)
class Claim:
    """One sentence, taken apart. Words are lower-case stems in one spelling (mum = mother, kids = child).

    ``relation`` and ``value`` are set when a template fits ("lives in Lisbon" is ("home",) and {"lisbon"}); ``single`` says that
    the relation has one value at a time. ``stems`` holds the content without numbers, dates and cue words; ``head`` what a
    possessive sentence is about ("The user's car is red": car), ``frame`` a verb with its preposition ("reports to"). ``over`` has the kinds of ending that the sentence names,
    ``given_up`` the words of a value that it names as the old one ("from X to Y"), ``changed`` the thing that was given
    another value ("changed the plan to ..."), ``tail`` whether a second clause says what came instead;
    ``status`` is the marital status that it states.
    """

    text: str
    subject: str
    verb: str
    frame: str
    stems: frozenset[str]
    head: frozenset[str]
    names: frozenset[str]
    numbers: frozenset[tuple[str, str]]
    days: frozenset[str]
    parts: frozenset[str]
    dates: frozenset[str]
    frequency: frozenset[str]
    relation: tuple[str, ...] | None
    value: frozenset[str]
    single: bool
    negative: bool
    over: frozenset[str]
    change: bool
    shift: bool
    now: bool
    added: bool
    past: bool
    perfect: bool
    wish: bool
    given_up: frozenset[str]
    changed: frozenset[str]
    tail: bool
    status: str


_PERSON = re.compile(
    r"(?:(?:new|old|current|former|late|own|dear|big|little|older|younger|elder|twin|eldest|youngest|oldest|good|close) )*"
    r"(?P<kin>(?:best )?[a-zé]+(?:-in-law)?)(?: (?P<name>[A-Z][\w-]+))?(?P<own>'s)?(?=$|,|\.| (?:[A-Z]|and |no |who |\w+(?:s|ed|ly|n't)\b|will |can |cannot |could |would |did |had |just |also |never |always |now |got |went |took |came |left |died|quit |bought |"
    r"sold |made |met |saw |gave |became |began |found |lost |won |broke |grew |fell |told |ran |wrote |read |moved|are |were |have |do |does )|(?<='s) )"
)


_NAMED = re.compile(rf"(?:{TITLE} )?(?P<name>{NAME})(?: {NAME})? (?=[a-z])")


def subject_of(text: str, field: str = "user") -> tuple[str, str]:
    """The person a sentence is about ("user", "sister", "friend sam", "named sam") and the rest of it; possessions stay with their owner, "the exam" is the user's."""
    match = re.match(r"(?:The )?user(?P<own>'s)? +", text, re.I)
    if not match and (thing := re.match(r"The (?=[a-z])", text)):
        return "user", f"'s {text[thing.end() :]}"
    if not match and (named := _NAMED.match(text)):
        return f"named {named['name'].casefold()}", text[named.end() :]
    if not match:
        return (field.removeprefix("user's ").strip().casefold() or "user"), text
    rest = text[match.end() :]
    if not match["own"]:
        return "user", rest
    person = _PERSON.match(rest)
    kin = person["kin"] if person else ""
    if person is None or kin.removeprefix("best ") not in PEOPLE:
        return "user", "'s " + rest
    after = rest[person.end() :].lstrip(" ,")
    if person["own"]:
        if kin in ("doctor", "therapist", "teacher") and re.match(r"appointment|office|practice|visit", after):
            return "user", "'s " + rest
        after = "'s " + after
    name = f" {person['name'].casefold()}" if person["name"] else ""
    return SAME.get(kin, kin) + name, after


def same_subject(a: Claim, b: Claim) -> bool:
    """Whether two claims may be about one person: "sister" and "named maria" fit "sister maria", but not "sister julia"."""
    if a.subject == b.subject:
        return True
    first, second = a.subject.split(), b.subject.split()
    if "named" in (first[0], second[0]):
        return first[-1] == second[-1]
    return first[0] == second[0] and first[0] not in ("user", "best") and (len(first) == 1 or len(second) == 1)


_FRAME = re.compile(r"(?!is |are |was |goes |went )\w+s (?:at|on|in|with|as|to|by|under|for)\b", re.I)
_STATUS = re.compile(
    r"^(?:now |got |is |are |has been |recently |both )*(single|engaged|married|divorced|widowed|separated|dating)\b(?! (?:parent|mother|father|malt|room))",
    re.I,
)
_GIVEN_UP = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"\b(?:switched|changed|moved|went|converted|transferred|upgraded|downgraded|raised|lowered|reduced|increased|grew|rose|fell|dropped|swapped)\b[\w' ]*? from (?P<old>[\w' -]+?) to (?=\w)",
        r"\b(?:gave up|dropped|left) (?P<old>[\w' -]+?) for (?=\w)",
        r"\b(?:instead of|rather than) (?P<old>[\w' -]+?)(?= now| in | on | at |,|\.|$)",
        r"(?:,| and) not (?P<old>(?:in |on |at )?(?:the |a |an )?[\w'-]+(?: [\w'-]+)?)$",
        r"\b(?<!does )(?<!do )(?<!did )not (?P<old>(?:in |on |at |the |a |an )*[\w'-]+(?: [\w'-]+)?),? but (?=\w)",
        r"\b(?:traded|swapped|exchanged|replaced) (?P<old>[\w' -]+?) (?:in )?(?:for|with|by) (?=\w)",
        r"\bused to be (?P<old>[\w' -]+?),? but (?:now )?(?:it )?(?:is )?(?=\w)",
    )
)


@lru_cache(maxsize=20_000)
def read(text: str, field: str = "user") -> Claim:
    """Take a sentence apart. ``field`` is the stored subject, used when the sentence does not name one."""
    plain = " ".join(text.replace("’", "'").split()).rstrip(".! ")
    plain = re.sub(r"\b(mother|father|sister|brother|son|daughter) in law\b", r"\1-in-law", plain)
    subject, body = subject_of(plain, field)
    body = re.sub(r"^and (?:the user's )?(\w+) (.+)$", r"\2 with \1", body)
    body = re.sub(r" for good\b", "", body)
    body = re.split(r",? because ", STAMP.sub(" ", body), maxsplit=1)[0].rstrip()
    for idiom, simple in IDIOMS:
        body = idiom.sub(simple, body)
    given_up: frozenset[str] = frozenset()
    kept = body
    for pattern in _GIVEN_UP:
        if (match := pattern.search(kept)) and (old := stems_of(match["old"])):
            given_up |= old
            kept = f"{kept[: match.start()]} {kept[match.end() :]}".strip()
    over = frozenset(kind for kind, pattern in OVER_RE.items() if pattern.search(body))
    dates = frozenset(date.casefold() for date in DATE.findall(kept))
    clean = " ".join(WHEN.sub(" ", BEFORE_DATE.sub(" ", DATE.sub("\0", kept)).replace("\0", " ")).split())
    clean = re.sub(r"([$€£])(\d[\d.,]*)", lambda found: f"{found[2]} {MONEY[found[1]]}", clean)
    clean = re.sub(r" since (?:the )?\w+(?: \w+)?$", "", clean) if clean.count(" ") > 3 else clean
    clean = re.sub(r"(?<=\d)[.:](?=\d)", "x", re.sub(r"(?<=\d),(?=\d{3})", "", clean))  # 7:40 and 9.99 are one number each
    relation, value, single = relation_of(subject, clean)
    who = frozenset[str]()
    if relation and (relation[0] == "called" or "moved in with the user" in body):
        subject, who = "user", stems_of(subject)  # who is whose is about the user
    words = tokens(clean)
    if over:
        clean = " ".join(re.sub("|".join(f"\\b(?:{OVER[kind]})\\b" for kind in sorted(over)), _only_objects, clean, flags=re.I).split())
    numbers, days, parts, stems = _content(tokens(clean))
    head = re.match(r"'s (.{2,40}?) (?:is|are|was|were|has|have|had|will|\w+ed|\w+s)\b", clean)
    return Claim(
        text=plain,
        subject=subject,
        verb=_verb(clean, words),
        frame=frame[0].casefold() if (frame := _FRAME.match(clean)) else "",
        stems=stems | who,
        head=stems_of(head[1]) if head else frozenset(),
        names=frozenset(
            canonical(name)
            for name in re.findall(r"(?<=[ ,])[A-Z][\w-]*", " " + clean)
            if name.casefold().rstrip("s") not in DAYS and name.casefold() not in MONTHS
        ),
        numbers=numbers,
        days=days,
        parts=parts,
        dates=dates,
        frequency=frozenset(OFTEN.get(found.casefold(), found.casefold()) for found in FREQUENCY.findall(clean)),
        relation=relation,
        value=value,
        single=single,
        negative=bool(NEGATIVE.search(kept)) != bool(NEGATIVE_VERB.match(kept)),
        over=over,
        change=bool(CHANGE.search(body)),
        shift=bool(SHIFT.search(body)),
        now=bool(NOW.search(body)),
        added=bool(ADDED.search(body)),
        past=_is_past(body),
        perfect=bool(PERFECT.match(body)),
        wish=bool(WISH.search(body)),
        given_up=given_up,
        changed=_changed(clean),
        tail=bool(over and TAIL.search(body)),
        status=_status(body),
    )


def _only_objects(match: re.Match[str]) -> str:
    """What ended stays when it stands inside the words for ending: "gave the hamster away"."""
    return " ".join(word for word in match[0].split() if word.casefold() not in ENDING_WORDS)


def first_clause(text: str) -> str:
    """The sentence up to "and is ...", "and works ..." or a comma: what ended, without what came instead and what is said besides."""
    return TAIL.split(text, maxsplit=1)[0].split(", ", maxsplit=1)[0]


def _is_past(body: str) -> bool:
    if body.startswith("'s "):
        return bool(re.match(r"'s [\w' -]{2,40}? (?:was|were|had|went|took|came|died)\b", body, re.I))
    return bool(PAST.match(body)) and not re.match(r"(?:was|were) born|was (?:hired|transferred|accepted|promoted)", body)


_CHANGED = (
    re.compile(r"\b(?:changed|switched|raised|lowered|increased|reduced|converted|upgraded|downgraded|cut|doubled|extended|shortened|moved) (?:the |an? |its )?(?P<o>(?!to )[\w' -]+?) (?:in)?to\b", re.I),
    re.compile(r"\b(?:transferred|moved|promoted|upgraded|downgraded|demoted|changed|switched) (?:up |down |over |back )*to (?:the |an? )?(?:\w+ ){1,2}?(?P<o>\w+)(?= of | at | in |,|$)", re.I),
)  # fmt: skip


def _changed(body: str) -> frozenset[str]:
    return next((stems_of(match["o"]) for pattern in _CHANGED if (match := pattern.search(body))), frozenset())


def _status(body: str) -> str:
    match = _STATUS.match(body)
    return match[1].casefold() if match else ""


_HELPERS = dict.fromkeys("is are was were be been being".split(), "be") | dict.fromkeys("has have had".split(), "have")
_HELPERS |= dict.fromkeys("do does did doesn don didn can cannot could will would won gets got to started starts began".split(), "")


def _verb(body: str, words: list[str]) -> str:
    if body.startswith("'s "):
        return "be"
    helper = ""
    for word in words:
        if not helper and (word.isdigit() or word in NUMBER_WORDS):
            return "do" if "do" in words else "be"
        if word not in LEAD:
            participle = word.endswith(("ed", "en", "ing")) if helper == "have" else word.endswith(("ed", "ing"))
            return content_stem(word) if participle or not helper else helper
        if word in _HELPERS:
            helper = _HELPERS[word]
    return helper or "be"


def _content(words: Iterable[str]) -> tuple[frozenset[tuple[str, str]], frozenset[str], frozenset[str], frozenset[str]]:
    """Numbers with their units, days of the week, parts of the day or year, and the other content stems."""
    numbers: set[tuple[str, str]] = set()
    days: set[str] = set()
    parts: set[str] = set()
    stems: set[str] = set()
    listed = list(words)
    for i, word in enumerate(listed):
        if any(character.isdigit() for character in word) or word in NUMBER_WORDS:
            after = next((w for w in listed[i + 1 : i + 3] if w not in ("a", "an", "of", "the", "old")), "")
            plain = after.isalpha() and after not in STOP_WORDS | CUES and after not in NUMBER_WORDS
            numbers.add((NUMBER_WORDS.get(word, word), canonical(after) if plain else ""))
        elif word.rstrip("s") in DAYS:
            days.add(word.rstrip("s"))
        elif word in PARTS or word in MONTHS:
            parts.add(PARTS.get(word, word))
        elif word not in STOP_WORDS and word != "user" and len(word) > 1 and word not in CUES:
            stems.add(content_stem(word))
    return frozenset(numbers), frozenset(days), frozenset(parts), frozenset(stems)
