"""Facts and dated events from the user's own words, by rule: third-person sentences with their verbatim span.

Questions, hypotheticals, requests, jokes, quotations, code, other people's statements and secrets are never
facts about the user. Nothing is taken from what chatmem itself said or recalled (a rival stored 97.8% junk that way).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime

from chatmem.memory.bare_days import beside
from chatmem.memory.claims import read
from chatmem.memory.clauses import FIRST, clauses, own_date, spell, with_new_day
from chatmem.memory.commands import command
from chatmem.memory.fragments import GREETING, who_writes
from chatmem.memory.handwritten import as_written_down, parts_of
from chatmem.memory.others import thing
from chatmem.memory.people import People, as_own, in_passing, introductions, is_many, somebody_new
from chatmem.memory.secrets import secret
from chatmem.memory.sentences import HOLE, sentences
from chatmem.memory.third_person import finish, possessive, third_person
from chatmem.memory.time_words import DAYS, MONTHS, MOVED
from chatmem.memory.times import resolve, written_range
from chatmem.memory.worth import LAUGHTER, about_others, heads, joking, reason_of, reports, states, takes_back, without_aside, worth_keeping
from chatmem.types import Candidate
from chatmem.words import content_words, keywords, tokens

__all__ = ["MAX_FACTS", "command", "extract", "importance", "remember_text", "secret", "supported"]

MAX_SENTENCE = 400
MAX_FACTS = 12
YEAR = 366  # days

_TOGETHER = re.compile(
    r"^(?:(?P<other>(?:my|our) [\w' -]{2,40}?|(?-i:[A-Z][\w'-]+)) and (?:i|me)|me and (?P<with>(?:my|our) [\w'-]+(?: (?-i:[A-Z][\w'-]+))?|(?!(?:the|you|him|her|them|that|this|then|work|school|everyone|everybody|others|all|family|people|food|love|life|money|sleep|mornings?|exercise|hubby|wife|husband)\b)[a-z]{3,}(?<![^s]s)(?= [a-z]))|i and (?P<and>(?:my|our) [\w'-]+)) (?P<rest>.+)$",
    re.IGNORECASE,
)


def remember_text(text: str, said_at: datetime) -> Candidate | None:
    """The user's own words as one memory, as they ask; None when there is nothing in them or they hold a secret."""
    words = " ".join(text.split())[:MAX_SENTENCE]
    if not content_words(words) or secret(words):
        return None
    written = as_written_down(words)
    sentence = written if written != words or words.startswith("The user") else f"The user wants remembered: {words}"
    return as_candidate(sentence, words, said_at, extra=2)


def extract(text: str, said_at: datetime, told: Sequence[str] = (), before: str = "") -> list[Candidate]:
    """Facts and events that a message states about the user, at most twelve. ``said_at`` is in the user's zone.

    ``told`` are sentences remembered of before about somebody whose name the message has, or of a thing that it names.
    ``before`` is the user's message before this one, whose people a pronoun at the beginning may mean.
    """
    found: dict[str, Candidate] = {}
    people = People(told)
    if before:
        people.meet(_mentioned(before))
    relations = " ".join(f"{person.relation} {person.name}" for person in people.known)
    previous: list[str] = []
    dated: date | None = None
    parts = sentences(text)
    greeted = len(parts) > 1 and _GREETING.fullmatch(parts[0][2].strip()) is not None
    for number, (begin, end, words) in enumerate(parts[1:] if greeted else parts):
        span = text[begin:end].strip()
        words = f"hi, {words}" if greeted and number == 0 else words
        if takes_back(span) and len(span) < 40:  # "Just kidding!" takes back the sentence before
            for key in previous:
                found.pop(key, None)
        previous = []
        if not span or len(span) > 2 * MAX_SENTENCE or secret(span) or command(span):
            continue
        for sentence, start in _facts(words, number, begin, people, told):
            source = text[start:end].strip()
            if not supported(sentence, f"{with_new_day(spell(source))} {source} {relations}") or secret(source):
                continue
            stated = [as_candidate(restated(part), source, said_at) for part in halves(sentence)]
            if dated:  # "home for Christmas, she lands on the 21st"
                stated = [beside(one, dated, said_at.date(), weekdays=False) for one in stated]
            dated = next((one.event_start for one in stated if one.event_start), dated)
            besides = [as_candidate(one, source, said_at) for one in implied(stated[0], said_at.date())]
            for candidate in (*besides, *stated):
                if candidate.text.casefold() not in found:
                    found[candidate.text.casefold()] = candidate
                    previous.append(candidate.text.casefold())
            if len(found) >= MAX_FACTS:
                return list(found.values())[:MAX_FACTS]
    return list(found.values())


def _mentioned(text: str) -> People:
    """The people of a message."""
    people = People()
    for number, (begin, _, words) in enumerate(sentences(text)):
        for clause in clauses(spell(words)):
            people.note(clause, number, begin)
    return people


def _facts(words: str, number: int, begin: int, people: People, told: Sequence[str] = ()) -> list[tuple[str, int]]:
    """The facts of one sentence, each with where the words it rests on begin."""
    spelled = spell(words)
    if number == 0:
        who, rest = who_writes(spelled)
        if who:
            return [(finish(third_person(who) or ""), begin), *_facts(rest, 1, begin, people, told)]
        spelled = own_date(spelled)
    if joking(spelled):
        laughed = _LAUGHTER.sub("", spelled)  # "I have 3 kids lol": many laugh at the end of what they mean
        meant = [] if joking(laughed) else _facts(laughed, number, begin, people)
        return [
            (sentence, start) for sentence, start in meant if sentence.startswith("The user's") or read(sentence).relation not in (None, ("age",))
        ]
    found: list[tuple[str, int]] = []
    if states(re.sub(r"\?$", "", spelled)) or spelled.endswith("?"):
        found += [(sentence, begin) for sentence in in_passing(spelled) if HOLE not in spelled and states(sentence)]
    for clause in clauses(spelled):
        plain = as_own(clause.strip(), told)
        if match := _TOGETHER.match(plain):
            if worth_keeping(f"we {match['rest'].removeprefix('both ').removeprefix('all ')}") and states(plain):
                other = possessive(match["other"] or match["with"] or match["and"])
                other = other.capitalize() if other.islower() and " " not in other else other
                other = other[:1].lower() + other[1:] if other.startswith("The user") else other
                found.append((finish(f"The user and {other} {possessive(match['rest'])}"), begin))
        elif (
            (hedge := _HEDGE.match(plain))
            and worth_keeping(plain[hedge.end() :])
            and (sentence := third_person(plain[hedge.end() :].rstrip(".!…,; ")))
        ):
            found.append((f"The user thinks {sentence[:1].lower()}{sentence[1:]}", begin))
        elif FIRST.match(plain):
            plain, whom = people.spelled_out(plain, number)
            cause = reason_of(plain)
            plain = cause if cause and worth_keeping(cause) else without_aside(plain)
            if (worth_keeping(plain) or reports(plain)) and (sentence := third_person(plain.rstrip(".!…,; "))):
                found.append((sentence, whom.begin if whom else begin))
        elif (about := _of_others(people, plain.rstrip(".!…,; "), number, begin)) is not None:
            found.append(about)
        elif (of_thing := thing(plain.rstrip(".!…,; "))) and states(plain):
            found.append((finish(possessive(of_thing)), begin))
        if (new := somebody_new(plain)) is not None:
            found.append((new, begin))
        people.note(plain, number, begin)
    if spelled.rstrip(" !").endswith("?") and (HOLE not in spelled):
        people.note(spelled, number, begin)
        if states(spelled.rstrip("?! ")) or (
            re.search(r"\b(?:you|should|would|could)\b", spelled, re.IGNORECASE) and not re.search(r"\b(?:said|says|told|thinks|if)\b", spelled)
        ):
            said = " ".join(sentence for sentence, _ in found)
            found += [(sentence, begin) for name, sentence in introductions(spelled) if name not in said or f"{name} loves" in said]
    return found


def _of_others(people: People, clause: str, number: int, begin: int) -> tuple[str, int] | None:
    """A clause about somebody in the user's life as a sentence, up to an aside that makes it not worth keeping; None where none is."""
    for part in (clause, *heads(clause, 2)):
        if (about := people.statement(part, number, begin)) is None:
            return None
        if about_others(about[1]):
            return about[0], about[2].begin
    return None


_GREETING = re.compile(rf"{GREETING}\W*", re.IGNORECASE)
_HEDGE = re.compile(r"i (?:think|guess|suspect) (?:that )?(?=(?:i|i'm|i've|my|we|we're|our)\b)", re.IGNORECASE)
_LAUGHTER = re.compile(rf",? *\b(?:{LAUGHTER}|he(?:he)+)\b", re.IGNORECASE)
_MOVED = re.compile(
    r"^(?P<who>The user(?:'s [\w' -]+?)?) (?:(?:has|have|just|recently|finally|already|also|now) )*(?:moved|relocated) (?:back )?to "
    r"(?P<place>[A-ZÀ-Þ][\w'’-]+(?: (?:(?:de|del|di|do|da|la|le|el|of|on|upon|am|an der) )?[A-ZÀ-Þ][\w'’-]+)*)(?P<rest>.*)$"
)
_NO_STAY = re.compile(r"\b(?:when|as an?|until|for|but|then|and|before|where|years? ago)\b")


def implied(candidate: Candidate, today: date) -> list[str]:
    """What a sentence says besides, for when it is itself replaced, or hard to find.

    Where somebody lives who moved there within a year, and the name of somebody whom the user lives with.
    """
    if re.match(r"The user lives\b.* with the user's ", candidate.text):
        return [sentence for _, sentence in introductions(candidate.span)]
    match = _MOVED.match(candidate.text)
    if match is None or _NO_STAY.search(match["rest"]) or (candidate.event_start and (today - candidate.event_start).days > YEAR):
        return []
    days = {word.casefold() for word in match["place"].split()} & {*DAYS, *MONTHS}
    if days or match["place"].isupper() or is_many(match["who"].split()[-1]) or read(candidate.text).relation != ("home",):
        return []
    return [f"{match['who']} lives in {match['place']}."]


_ROLE_AT = re.compile(r"^(The user(?:'s [\w' -]+?)?) is ((?:now )?an? [a-z][\w' -]*? at (?:the )?[A-ZÀ-Þ].*)$")


_HAS_YEARS = re.compile(r"^(?P<who>The user(?:'s [\w' -]+?)?|[A-ZÀ-Þ][\w'-]*) has (?P<age>[1-9]\d?) years(?: old)?\.$")


def restated(sentence: str) -> str:
    """Work said by its role, as work: "is a midwife at York Hospital" becomes "works as a midwife at York Hospital"; an age as English says it."""
    sentence = _HAS_YEARS.sub(r"\g<who> is \g<age>.", sentence)
    match = _ROLE_AT.match(sentence)
    relation = read(sentence).relation
    return f"{match[1]} works as {match[2].removeprefix('now ')}" if match and relation == ("occupation",) else sentence


def halves(sentence: str) -> list[str]:
    """A sentence whose first half has a value that may change ("lives in Bristol and is an architect"): each half stands alone."""
    parts = parts_of(sentence)
    alone = (
        len(parts) == 2
        and parts[1].startswith("The user")
        and read(parts[0]).single
        and not re.search(r"\b(?:it|there|them|that|this|so|both)\b", parts[1])
    )
    same = alone and read(parts[0]).relation != read(parts[1]).relation and read(parts[1]).verb != read(parts[0]).verb
    return [finish(part) for part in parts] if same else [sentence]


def supported(text: str, span: str) -> bool:
    """Whether every content word of a fact stands in the words it rests on (verb endings apart)."""
    have = set(tokens(span))

    def begins(word: str, base: str) -> bool:
        return word.startswith(base[:-1] if base.endswith("y") else base[: max(3, len(base) - 1)])  # flies, fly

    return all(
        word in have or any(begins(word, base) for base in have if len(base) > 1)
        for word in content_words(text.replace("wants to be called", "").removeprefix("The user's name is "))
        if word != "called"
    )


_HABIT = re.compile(
    r"\b(?:every|each|usually|always|since|\w+days|most|twice|daily|weekly|(?:birthday|anniversary)(?:'s| is| was| on)(?! (?:today|tomorrow|yesterday|(?:on )?the \d{1,2}(?:st|nd|rd|th)(?! of\b)|(?:on |this |next )\w+day)))\b",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\b(?:because|so that|which|whose|when|while|after|before|until)\b", re.IGNORECASE)
"""What follows has its own time, not that of the main clause."""
_STATE = re.compile(
    r"The user(?:'s [\w' ]+?)?(?: and [\w' ]+?)? (?:(?:also|still|now|really|currently) )*(?:is|are|has|likes|loves|works|lives|prefers|hates|speaks|wants)\b"
    r"(?! (?:(?:her|his|their) (?:\w+ ){0,2}?(?:on|tomorrow|next|this)\b|an? (?:\w+ )?(?:competition|recital|performance|tournament|audition|viewing|hearing|operation|op|scan|lesson|jab|check-?up|funeral|christening|final|resit|retake|gig|rehearsal|appointment|meeting|interview|exam|test|flight|date|trip|party|wedding|concert|surgery|deadline|presentation|reservation|booking|game|match|race|class reunion|show|due)|tickets|plans|due|scheduled|set|booked|on|to|got \w+ed|closing|opening|"
    r"been (?:promoted|diagnosed|accepted|hired|fired)|(?:just |finally |also |already )?\w+(?:ed|en|ught|one|ade|old)\b|(?:\w+ly )?(?!during|interesting|boring|amazing|outstanding)\w+ing\b))",
    re.IGNORECASE,
)


_MOVED_FROM = re.compile(rf"\b{MOVED}\b.* from (?:the )?$", re.IGNORECASE)


def as_candidate(sentence: str, span: str, said_at: datetime, *, extra: int = 0) -> Candidate:
    """A third-person sentence with its kind, subject, polarity, keywords, importance and dates; ``span`` is what it rests on."""
    spans = [
        one
        for one in resolve(sentence, said_at.date())
        if not one.text.lower().startswith(("since", "for "))
        and not _ASIDE.search(sentence[: one.begin])
        and not _HABIT.search(_part(sentence, one.begin))
    ]
    if (
        len(spans) > 1
        and _MOVED_FROM.search(sentence[: spans[0].begin])
        and re.fullmatch(r" (?:to|till|until) (?:the )?", sentence[spans[0].finish : spans[1].begin])
    ):
        spans = spans[1:]  # "moved from Thursday to Monday"
    if len(spans) > 1 and spans[0].start <= spans[1].start <= spans[1].end <= spans[0].end and spans[1].begin - spans[0].finish < 3:
        spans = spans[1:]  # "two years ago in March"
    event = bool(spans) and not _STATE.match(sentence)
    start, end = (spans[0].start, spans[0].end) if spans else (None, None)
    if spans and start and end and not re.search(r"\b(?:19|20)\d\d\b|0s\b", spans[0].text):
        sentence = f"{sentence.rstrip('.!')} ({written_range(start, end)})."
    owner = re.match(r"The user's (?:(?:new|old|current|present|former|previous|next) )?((?:[a-z]+[- ])?(?:in[- ]law|[a-z-]+))", sentence)
    return Candidate(
        kind="event" if event else "fact",
        text=sentence,
        span=span,
        subject=f"user's {owner[1]}" if owner else "user",
        polarity="negative" if _NEGATIVE.search(sentence) else "positive",
        keywords=keywords(sentence),
        importance=max(1, min(10, importance(sentence) + extra)),
        event_start=start,
        event_end=end,
        time_source="stated" if spans else "none",
    )


def _part(sentence: str, place: int) -> str:
    """What stands between two commas around a place."""
    end = sentence.find(", ", place)
    return sentence[sentence.rfind(", ", 0, place) + 1 : end if end > 0 else len(sentence)]


_NEGATIVE = re.compile(
    r"\b(?:not|never|no longer|doesn't|isn't|can't|cannot|won't|don't|didn't|hasn't|wasn't|aren't|haven't|hates?|dislikes?|without|stopped|quit|gave up)\b",
    re.IGNORECASE,
)
_WEIGHTY = re.compile(
    r"\b(?:name|named|called|born|birthday|married|wedding|wife|husband|partner|girlfriend|boyfriend|son|daughter|mother|father|mom|dad|mum|sister|brother|child|children|kids?|baby|pregnant|allerg\w+|diagnos\w+|disease|diabet\w+|medicat\w+|doctor|"
    r"surgery|celiac|asthma\w*|job|work|works|boss|company|career|divorc\w+|died|death|live|lives|moved|religio\w+|vegetarian|vegan|graduated|stud(?:y|ies|ied))\b",
    re.IGNORECASE,
)


def importance(sentence: str) -> int:
    """1..10 by cues: identity, health, family and work +2; numbers, dates and names +2; preference +1; hedges -2."""
    score = 3
    score += 2 * bool(_WEIGHTY.search(sentence))
    score += 2 * bool(re.search(r"\d|(?<!^)(?<![.!?] )\b[A-Z][a-z]+", sentence[4:]))
    score += bool(re.search(r"\b(?:likes?|loves?|hates?|prefers?|favou?rite|enjoys?|dislikes?|can't stand)\b", sentence, re.IGNORECASE))
    score -= 2 * bool(re.search(r"\b(?:thinks|sort of|kind of|a bit|probably|thinking (?:about|of)|considering|hopes)\b", sentence, re.IGNORECASE))
    return max(1, min(10, score))
