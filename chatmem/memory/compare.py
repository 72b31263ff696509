"""Two claims side by side: what the new one does to the old one. One rule after the other; the first that knows decides."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from chatmem.memory.claims import Claim, first_clause, read, same_subject
from chatmem.memory.cues import canonical, content_stem
from chatmem.memory.merge import listed

# Cosines of memory vectors (keys.memory_vectors), set on the design and hard pairs: python -m tests.bench.updates
NEAR = 0.64
NEAR_WITH_WORD = 0.33
NEAR_WITH_CUE = 0.21  # the sentence says that something changed or ended, and shares a word
ALIKE = 0.50  # paraphrases and changed values lie above it
SAME = 0.83
SURE = 0.86  # alike even though a word differs
SURE_ALL = 0.93  # alike even though words differ on both sides

Outcome = Literal["PASS", "REPLACE", "END", "APPEND"]
Found = tuple[Outcome, str] | None


@dataclass(frozen=True)
class Pair:
    """A new and an old claim side by side, with their cosine and the days on which they happened."""

    new: Claim
    old: Claim
    cosine: float
    new_days: frozenset[str]
    old_days: frozenset[str]

    @property
    def shared(self) -> frozenset[str]:
        """Content words of both."""
        return self.new.stems & self.old.stems

    @property
    def gained(self) -> frozenset[str]:
        """Content words that only the new sentence has, verbs apart."""
        return self.new.stems - self.old.stems - {self.new.verb, self.old.verb}

    @property
    def lost(self) -> frozenset[str]:
        """Content words that only the old sentence has, verbs apart."""
        return self.old.stems - self.new.stems - {self.new.verb, self.old.verb}


def same_person(new: Claim, old: Claim) -> bool:
    """Whether both claims are about one person."""
    if same_subject(new, old):
        return True
    # "Flatmate Jonas moved out" is about whom the user shares a flat with.
    return old.subject == "user" and "gone" in new.over and bool({canonical(word) for word in new.subject.split()[1:]} & old.names)


def moves_somebodys(new: Claim, old: Claim) -> bool:
    """Whether a thing that was moved, without saying whose it is, is what the old claim says that somebody has: "The competition got moved to the 19th"."""
    return new.shift and re.match(r"The (?!user\b)", new.text) is not None and bool(new.head) and new.head <= old.stems


def outcome_of(pair: Pair) -> tuple[Outcome, str]:
    """What the new claim does to the old one, and why; APPEND, with no reason, when nothing says otherwise."""
    new, old = pair.new, pair.old
    if new.text.casefold() == old.text.casefold() and pair.new_days == pair.old_days:
        return "PASS", "said in the same words"
    if not same_person(new, old):
        return (_shifted(pair) if moves_somebodys(new, old) else None) or ("APPEND", "")
    if _happened(new) and _happened(old):
        same = (
            (pair.cosine >= 0.92 or new.verb == old.verb)
            and pair.cosine >= SAME
            and pair.new_days == pair.old_days
            and new.numbers == old.numbers
            and new.names == old.names
            and not (pair.gained and pair.lost)
        )
        return ("PASS", "the same event") if same else ("APPEND", "")
    for rule in _RULES:
        if found := rule(pair):
            # One item of a list ended or changed: the others still hold, so the list stays.
            kept = found[0] in ("REPLACE", "END") and pair.lost and (parts := listed(old.text)) and len(parts[1]) > 1
            return ("APPEND", "") if kept else found
    return "APPEND", ""


def _happened(claim: Claim) -> bool:
    """An event that is past and left no lasting value behind."""
    return claim.past and claim.relation is None and not claim.status


def _show(words: frozenset[str]) -> str:
    return " ".join(sorted(words)) or "it"


# ---------------------------------------------------------------- rules, in order; None: the next one decides


def _given_up(pair: Pair) -> Found:
    old = pair.old
    if pair.new.given_up and not _happened(old) and pair.new.given_up <= old.stems | old.value | old.days | {number for number, _ in old.numbers}:
        return "REPLACE", f"the sentence names the old value: {_show(pair.new.given_up)}"
    return None


def _status(pair: Pair) -> Found:
    if pair.new.status and pair.old.status and pair.new.status != pair.old.status:
        return "REPLACE", f"the value changed: {pair.old.status} -> {pair.new.status}"
    return None


def _related(pair: Pair) -> Found:
    """One template fits both: a single value that differs was changed, one of several values stands beside the others."""
    new, old = pair.new, pair.old
    if new.relation is None or old.relation is None:
        return None
    if new.relation != old.relation:
        return ("APPEND", "") if new.relation[0] == old.relation[0] and new.relation[:2] != old.relation[:2] else None
    if new.negative != old.negative:
        if new.value == old.value:
            return ("END", f"over: {_show(old.value)}") if new.over else ("REPLACE", "the opposite holds now")
        return "APPEND", ""
    if new.relation == ("home",) and (moves := [claim.verb in _MOVES for claim in (new, old)]) != [False, False]:
        if moves[1] and (not moves[0] or new.value != old.value):
            return "APPEND", ""  # a move stays true, whatever came after it
        if not moves[1] and (new.value == old.value or (pair.new_days and new.value & new.names)):
            return "APPEND", ""  # that is how it came about, or long ago: extraction says by itself where one lives since a late one
    if new.value == old.value:
        return None if new.over or pair.gained - _UNITS - {*" ".join(new.relation).split()} else _same_value(pair)
    if new.relation[0] == "thing" and new.relation[2] == "sort" and pair.cosine < ALIKE:
        return "APPEND", ""
    if new.relation[0] == "household" and not new.now and not {"alon"} & (new.value | old.value):
        return "APPEND", ""
    if new.single and old.single and not new.added:
        if new.value < old.value:
            return "PASS", "already known in more detail"
        if new.value > old.value and not new.now:
            return "APPEND", ""
        return "REPLACE", f"the value changed: {_show(old.value)} -> {_show(new.value)}"
    if new.relation[0] == "prefers" and not new.added and (new.value & old.value or pair.cosine >= NEAR):
        return "REPLACE", "the preference changed"
    if new.value < old.value and not pair.gained:
        return "PASS", f"already known: {_show(new.value)}"
    return None if new.now else ("APPEND", "")


def _same_value(pair: Pair) -> Found:
    new, old = pair.new, pair.old
    if new.single and new.relation is not None and new.relation[0] != "thing" and (new.relation[0] == "age" or not (new.numbers and old.numbers)):
        return "PASS", f"already known: {_show(new.value)}"
    return None


_MOVES = frozenset(map(content_stem, ("moved", "relocated")))
_LOOSE = frozenset(
    map(
        canonical,
        "school job subscription membership account class contract plan habit course club group team home studies treatment penny everything full cent hunt search application month week year".split(),
    )
)
_ABSENT = frozenset(
    map(
        canonical,
        "missing away hospital abroad vacation trip travel lost visiting staying separated apart camp deployed prison garage repair flying break leave strike".split(),
    )
)
_FAULT = frozenset(
    map(
        canonical,
        """broken broke break crack cracked damaged leaking leak leaks faulty stuck sick ill flu cold injured injury injure hurt hurts pain sprained fever infection
        infected sore ache cough virus covid headache garage dead looking search searching lost missing swollen burnt blocked repair""".split(),
    )
)


def _ending(pair: Pair) -> Found:
    """The sentence says that something is over; with a second clause it also says what came instead."""
    if not pair.new.over or _happened(pair.old):
        return None
    new = read(first_clause(pair.new.text)) if pair.new.tail or ", " in pair.new.text else pair.new
    if not new.over:
        return None
    old = pair.old
    if new.subject.split()[1:] and {canonical(word) for word in new.subject.split()[1:]} & old.names and old.subject == "user":
        return "END", f"over: {_show(old.names)}"
    shared = new.stems & old.stems
    extra = new.stems - old.stems - _LOOSE - {new.verb}
    dead = (
        re.search(r"\b(?:died|passed away)\b", new.text) is not None
        and new.subject == old.subject != "user"
        and old.verb in _LIFE
        and old.relation is None
    )
    if dead or (new.subject == old.subject != "user" and old.relation == ("home",) and "died" in new.text):
        return "END", f"over: {new.subject} died"
    person = new.subject != "user" and bool(old.stems & (_ABSENT | _FAULT))
    if new.numbers - old.numbers and not new.over & {"mended", "returned"}:
        return None  # "left the office at six" is about one evening
    if extra or not (shared or person) or (new.dates and old.dates and not new.dates & old.dates):
        return None
    predicate = old.stems - old.head
    ends = "gone" in new.over
    ends = ends or ("stopped" in new.over and (not old.head or bool(shared & predicate)))
    ends = ends or ("mended" in new.over and bool(old.stems & _FAULT))
    ends = ends or ("returned" in new.over and bool((old.stems | {old.status}) & _ABSENT or new.names & old.names & shared))
    if not ends or (old.over and not old.negative):
        return None
    if pair.new.tail or (new.negative and not new.over & {"gone", "stopped", "mended", "returned"}):
        return "REPLACE", f"over, and something else came instead: {_show(shared)}"
    return "END", f"over: {_show(shared)}"


_JOB_LOST = re.compile(
    r"\blost (?:his|her|their|the user's) job(?! (?:at|in|as)\b)|\b(?:got|was|were|has been) (?:fired|laid off|made redundant)(?! (?:from|by|at)\b)",
    re.IGNORECASE,
)


def _job_lost(pair: Pair) -> Found:
    """A job lost, wherever it was: no other work that one does ("works out", "works on his motorbike") is over by it."""
    if not _JOB_LOST.search(pair.new.text):
        return None
    return ("END", "the job is lost") if pair.old.relation in (("employer",), ("occupation",)) and not pair.old.past else ("APPEND", "")


_PARTED = re.compile(r"\b(?:broke up|split up|parted ways|are divorced|got divorced|(?:is|are) not together)\b", re.IGNORECASE)
_COUPLE = re.compile(r"\b(?:boyfriend|girlfriend|bf|gf|partner|fiancée?|dating|seeing|engaged to|in a relationship|together with)\b", re.IGNORECASE)


def _parted(pair: Pair) -> Found:
    """A couple that is none any more: "we broke up" after "my boyfriend is called Tom"."""
    if pair.new.subject == pair.old.subject and not _happened(pair.old) and _PARTED.search(pair.new.text) and _COUPLE.search(pair.old.text):
        return None if pair.new.names - pair.old.names else ("END", "they are no couple any more")
    return None


_LIFE = frozenset({"live", "work", "be", "like", "plai", "go", "have"})

# What an old state becomes when the new sentence comes true: pairs of patterns on the old and the new sentence.
_TURNS = tuple(
    (re.compile(old, re.I), re.compile(new, re.I))
    for old, new in (
        (
            r"\b(?:unemployed|out of work|between jobs|looking for (?:a|an|another|new) (?:\w+ )?(?:job|work|position))\b",
            r"\b(?:got|found|started|landed|accepted|has) an? (?:\w+ )*(?:job|position)\b|\bworks? (?:at|for|as)\b|\bhired\b",
        ),
        (
            r"\b(?:pregnant|expecting)\b",
            r"\b(?:gave birth|had (?:a|the|their|her|his|the user's) (?:baby|(?:little |baby )?(?:boy|girl))\b|had twins|(?:was|were|is|are) born|miscarriage)\b",
        ),
        (r"\brents? (?:a|an|the)\b.*(?:flat|apartment|house|place|room)", r"\bbought (?:a|an|the) .*(?:flat|apartment|house|place)"),
        (
            r"\b(?:does not|doesn't) have (?:any )?(?:pets?|animals?)|\bhas no (?:pets?|animals?)",
            r"\b(?:adopted|bought|got|has) an? (?:\w+ )?(?:dog|cat|kitten|puppy|hamster|rabbit|parrot|pet)\b",
        ),
        (r"^The user(?:'s \w+)? (?:is studying|studies|is doing) .*\b(?:degree|master|bachelor|phd|university|college)\b", r"\bgraduated\b"),
        (r"\b(?:vegetarian|vegan)\b", r"\beats? (?:meat|fish|chicken|beef) (?:again|now)\b"),
        (
            r"\b(?:does not|doesn't) have (?:any )?(?:children|kids)|\bhas no (?:children|kids)",
            r"\bbecame a (?:father|mother|parent|dad|mum|mom)\b|\bhad a baby|\bhas an? (?:\w+ )?(?:son|daughter|baby|child)\b",
        ),
        (r"\b(?:applying|applied|waiting to hear)\b", r"\b(?:was|got|has been) (?:accepted|admitted|rejected|turned down)\b"),
        (r"\b(?:angry|furious|cross) with\b|\bfell out\b|\bnot (?:talk|speak)(?:ing)? to\b", r"\bfriends again\b|\bmade up\b|\breconciled\b"),
        (r"\blives? alone\b", r"\bmoved in with the user\b|\blives? with\b"),
    )
)


_GETTING = frozenset(
    map(canonical, "get getting buy buying find finding look adopt adopting rent renting accept sign signed bought found have".split())
)


def _wished(old: Claim) -> frozenset[str]:
    """What the old sentence wants to do: "wants to buy", "thinking about buying", "looking for"."""
    found = re.findall(r"(?:\bto |\babout |\bof )(\w+)|\b(looking) for|\b(saving) (?:up )?for", old.text)
    return frozenset(canonical(word) for words in found for word in words if word)


def came_about(pair: Pair) -> Found:
    """A wish, a search or a "not yet" that came true, or a state that the new one ends by its nature."""
    new, old = pair.new, pair.old
    if _happened(old) and not old.negative:
        return None
    if any(before.search(old.text) and after.search(new.text) for before, after in _TURNS):
        return "REPLACE", "what was so has turned into something else"
    if not old.wish or pair.cosine < NEAR_WITH_WORD + 0.1:
        return None
    if new.negative and not old.negative and re.search(r"\b(?:did not|didn't|will not|won't)\b", new.text) and pair.shared and not pair.gained:
        return "END", "it did not come about"
    if new.wish or new.negative or not (new.past or new.perfect or new.change or new.now):
        return None
    done = new.stems | {new.verb}
    if not (
        _wished(old) & done or (_wished(old) & _GETTING and done & _GETTING) or re.search(r"\b(?:not|never|undecided|waiting for)\b|n't\b", old.text)
    ):
        return None
    if re.search(r"\b(?:more|another)\b", old.text):
        return None
    if pair.shared - {old.verb} and (not pair.lost or re.search(r"\b(?:decided|chose|opted)\b", new.text)):
        return ("REPLACE", "it came about")
    return None


def _polarity(pair: Pair) -> Found:
    new, old = pair.new, pair.old
    if new.negative == old.negative or _happened(old) or not pair.shared or pair.cosine < ALIKE:
        return None
    return ("REPLACE", "the opposite holds now") if len(new.stems ^ old.stems) <= 2 and not (pair.gained and pair.lost) else None


_UNITS = frozenset(
    map(
        canonical,
        """day week month year hour minute second euro dollar pound kilo gram mg ml cm km mile metre meter litre percent time person piece cent size clock am pm
        start begin first""".split(),
    )
)


_PLAIN = frozenset(map(canonical, "be have start begin take happen meet weigh".split()))


def _slots(pair: Pair) -> Found:
    """One number, day or time differs and the rest is the same."""
    new, old = pair.new, pair.old
    if _happened(old) or (_happened(new) and not new.change) or new.added or pair.cosine < ALIKE - 0.1:
        return None
    gained, lost = pair.gained - _UNITS, pair.lost - _UNITS
    if new.verb != old.verb and not ({new.verb, old.verb} & _PLAIN or new.change):
        return None
    if (gained and lost) or len(gained) + len(lost) > 2 or not (pair.shared - _UNITS or (new.verb == old.verb != "be")):
        return None
    if _number_changed(pair) or any(
        _conflict(now, was) for now, was in ((new.days, old.days), (new.parts, old.parts), (new.dates, old.dates), (new.frequency, old.frequency))
    ):
        return "REPLACE", "a number or a time changed"
    if new.shift and not pair.gained and (old.days or old.dates or old.numbers or old.parts):
        return "REPLACE", "it was moved to another time"
    return None


def _shifted(pair: Pair) -> Found:
    """What had a day got another: "the exam is on the 19th", "the exam got moved to the 24th"."""
    new, old = pair.new, pair.old
    if not (new.shift or new.now) or not pair.new_days or not pair.old_days or pair.new_days == pair.old_days or _happened(old):
        return None
    if len(_NTH.findall(old.text)) > 1:
        return None  # "chemistry is on the 19th, biology on the 23rd"
    same = new.head and new.head <= old.head | old.stems | _NEXT and new.head & (old.stems if new.shift else old.head)
    return ("REPLACE", "it was moved to another day") if same else None


_NTH = re.compile(r"\d(?:st|nd|rd|th)\b")
_NEXT = frozenset(map(content_stem, ("next", "first", "new")))
_ASKS = frozenset(map(content_stem, "want wants ask asks cost costs charge charges offer offers pay pays".split())) | {"be"}
_MET = re.compile(
    r"\b(?:(?:came|come|comes|went|is|are|got|knocked|brought|put) (?:it |me |the user )?(?:down|up) (?:to )?|(?:dropped|lowered|raised|rose|fell|climbed|changed|cut) (?:it |the price |the rent )?(?:down |up )?to |(?:settled|agreed) (?:for|on|to) )(?:about |only )?[£$€]?\d",
    re.IGNORECASE,
)


def _price(pair: Pair) -> Found:
    """Somebody's price or that of a thing is another one: "the seller wants 29,000", "the seller came down to 27,500"."""
    new, old = pair.new, pair.old
    if not _MET.search(new.text) or len(old.numbers) != 1 or not new.numbers or new.numbers == old.numbers or _happened(old) or old.verb not in _ASKS:
        return None
    same = "user" not in (new.subject, old.subject) or bool(old.head and old.head <= new.stems)
    return ("REPLACE", "another price") if same else None


def _number_changed(pair: Pair) -> bool:
    """Numbers of one unit that differ; those of different units only when the rest is quite the same."""
    new, old = pair.new, pair.old
    units = {unit for _, unit in new.numbers} & {unit for _, unit in old.numbers}
    if units:
        return _conflict(frozenset(one for one in new.numbers if one[1] in units), frozenset(one for one in old.numbers if one[1] in units))
    return _conflict(new.numbers, old.numbers) and (new.verb == old.verb or new.change)


def _conflict(now: frozenset[Any], was: frozenset[Any]) -> bool:
    return bool(now and was) and not (now <= was or was <= now)


_EXCLUSIVE = tuple(
    frozenset(map(canonical, group.split()))
    for group in (
        "black white red green blue yellow orange purple pink brown grey gray silver golden beige turquoise",
        "long short",
        "big small large tiny huge",
        "dry wet",
        "paper digital",
        "hot cold warm",
        "stressed relaxed calm",
        "happy sad unhappy",
        "open closed",
        "rich poor",
        "loud quiet",
        "full part",
        "primary secondary",
        "beginner intermediate advanced",
        "smooth curly straight",
        "strong weak",
        "manual automatic",
        "healthy ill sick",
        "vegetarian vegan pescatarian",
        "bus tram train car bicycle walk subway metro drive",
        "tall short",
        "employed unemployed retired",
        "junior senior",
        "morning evening night",
        "near far",
        "empty full",
        "north south east west",
        "inside outside indoors outdoors",
        "easy difficult hard",
        "bored excited",
        "broken fine works",
        "clean dirty",
        "asleep awake",
        "owner tenant",
    )
)
"""Words of which one thing has only one at a time."""


def _exclusive(pair: Pair) -> Found:
    new, old = pair.new, pair.old
    if _happened(old) or new.added or not (pair.shared - _UNITS) or new.negative != old.negative:
        return None
    gained, lost = new.stems - old.stems, old.stems - new.stems
    if len(pair.gained) > 2 or len(pair.lost) > 2:
        return None
    for group in _EXCLUSIVE:
        alone = len(pair.gained - group) == len(pair.lost - group) == 0
        if gained & group and lost & group and (alone or new.now or pair.cosine >= NEAR):
            return "REPLACE", f"the value changed: {_show(lost & group)} -> {_show(gained & group)}"
    return None


def _changed(pair: Pair) -> Found:
    """A thing that the old sentence speaks of was given another value: "changed the plan to ..."."""
    new, old = pair.new, pair.old
    if not new.changed or not new.changed <= old.stems or _happened(old) or pair.cosine < NEAR_WITH_WORD or len(pair.lost) > 3 or new.added:
        return None
    return "REPLACE", f"changed: {_show(new.changed)}"


_MANIFOLD = frozenset(
    map(
        canonical, "be have like want learn see make write try look think feel play speak do start practice study know help cook grow collect".split()
    )
)
"""What one does with several things at a time: "learning German now" does not end the violin."""


def _now(pair: Pair) -> Found:
    """What holds "now", "instead" or as the "new" one, with the same verb or about the same thing."""
    new, old = pair.new, pair.old
    if not new.now or new.added or _happened(old) or old.perfect or pair.cosine < NEAR_WITH_WORD or new.negative != old.negative:
        return None
    same_thing = bool(new.head and new.head == old.head)
    if len(pair.gained) > 2 or len(pair.lost) > 2:
        return None  # two long sentences that happen to share a word
    same_act = (new.verb == old.verb and new.verb not in _MANIFOLD and not new.head) or bool(new.frame and new.frame == old.frame)
    if new.subject == old.subject != "user" and new.verb == old.verb == "be":
        same_act = True
    return ("REPLACE", "what holds now differs") if same_thing or same_act or (pair.shared - _UNITS - _MANIFOLD and pair.cosine >= ALIKE) else None


def _paraphrase(pair: Pair) -> Found:
    new, old = pair.new, pair.old
    if new.negative != old.negative or bool(new.over) != bool(old.over) or not new.names <= old.names or not new.numbers <= old.numbers:
        return None
    if (
        not new.frequency <= old.frequency
        or not new.days <= old.days
        or not new.parts <= old.parts
        or not pair.new_days <= pair.old_days
        or old.past != new.past
    ):
        return None
    if not pair.gained and (
        pair.cosine >= SAME
        or (not pair.lost and bool(pair.shared - new.names) and pair.cosine >= NEAR and new.wish == old.wish)
        or (pair.cosine >= ALIKE and new.verb == old.verb)
    ):
        return "PASS", "already known"
    return ("PASS", "the same in other words") if pair.cosine >= (SURE if len(pair.gained) + len(pair.lost) == 1 else SURE_ALL) else None


_DIED = re.compile(
    r"The user's (?:[\w-]+ )*?(?P<kind>[\w-]+)(?: (?P<name>[A-ZÀ-Þ][\w'-]*))? (?:has |sadly |just )*(?:died|passed away|passed|was put (?:down|to sleep)|had to be put (?:down|to sleep)|was run over|is dead)\b"
)
_HAS_ONE = r"The user (?:has|got|has got|adopted|rescued|bought|keeps) an? (?:[\w-]+ )*?(?:{kind}(?! \w*(?:called|named))|[\w-]+,? (?:called|named) {name})(?=$|[.,]| (?:who|and|from)\b)"


def _no_more(pair: Pair) -> Found:
    """Whom the user had, and who died: "has a dog called Max", "dog Max died yesterday"."""
    gone = _DIED.match(pair.new.text)
    if gone is None:
        return None
    had = _HAS_ONE.format(kind=re.escape(gone["kind"]), name=re.escape(gone["name"] or "(?!)"))
    return ("END", "who the user had died") if re.match(had, pair.old.text, re.IGNORECASE) else None


_SOMEONE = r"(?P<who>[A-ZÀ-Þ][\w'-]*|[Tt]he user's [\w' -]+?)"
_NOW = r"(?: has| have| just| finally)*"
_GIVEN_BACK = tuple(
    (re.compile(now), before)
    for now, before in (
        (
            rf"The user{_NOW} paid (?:back )?{_SOMEONE}(?: back| off)?(?=$|[.,]| (?:what|the|all|on|in|at|today|yesterday)\b)",
            r"The user owes {who}\b",
        ),
        (rf"{_SOMEONE}{_NOW} paid the user back\b", r"{who} (?:still )?owes the user\b"),
        (
            rf"{_SOMEONE}{_NOW} (?:gave|given|brought|returned) (?:the user )?(?:back )?(?:the user's|the|his|her) (?P<what>[\w-]+)",
            r"The user lent (?:{who} .*\b{what}\b|.*\b{what} to {who}\b)",
        ),
        (rf"The user{_NOW} got the (?:user's )?(?P<what>[\w-]+) back\b", r"The user lent .*\b{what}\b"),
    )
)
"""What a debt that was paid, and what was lent and is back, begin with, and what they end."""


def _given_back(pair: Pair) -> Found:
    """What was owed or lent, and no longer is: "owes Tom 50 euros", "paid Tom back"."""
    for now, before in _GIVEN_BACK:
        if back := now.match(pair.new.text):
            parts = {name: re.escape(words) for name, words in back.groupdict("").items()}
            return ("END", "it was given back") if re.match(before.format(**parts), pair.old.text, re.IGNORECASE) else None
    return None


_RULES: tuple[Callable[[Pair], Found], ...] = (
    _given_up,
    _status,
    _job_lost,
    _parted,
    _no_more,
    _given_back,
    _ending,
    came_about,
    _related,
    _polarity,
    _slots,
    _shifted,
    _price,
    _changed,
    _exclusive,
    _now,
    _paraphrase,
)
