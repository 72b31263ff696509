"""Relations that a sentence may state ("lives in", "favourite colour"), with their values: templates over third-person sentences."""

from __future__ import annotations

import re

from chatmem.memory.cues import NUMBER_WORDS, canonical, stems_of
from chatmem.words import tokens

_END = r"(?=,|\.|;|!| for | since | as | and | with | on | at | where | because |$)"
_WORKS = r"(?:works|is working|has worked|has been working|has a (?:new )?work|(?:got|found|has) a (?:new )?job|started (?:working|a job|a new job)|is employed|joined)"
_NO_PLACE = r"(?:linux|windows|macs?|macos|ubuntu|android|iphone|ios|python|java|javascript|rust|gmail|outlook|spotify|netflix|whatsapp|signal|telegram|slack|teams|zoom|notion|obsidian|chrome|firefox|github|google|apple|microsoft|amazon|marketing|sales|engineering|finance|accounting|support|research|hr|it)\b"
"""What one moves to without moving house."""
_SEVERAL = frozenset(
    map(
        canonical,
        "brother sister son daughter child cousin aunt uncle niece nephew friend colleague neighbour dog cat pet horse rabbit fish book song".split(),
    )
)
"""Who and what one can have several of: another name is another one."""
_TEMPLATES = tuple(
    (key, re.compile(pattern, re.I), single)
    for key, pattern, single in (
        (
            "home",
            rf"^(?:just |now |currently )*(?:lives|is living|has lived|has been living|resides|is based|has moved|moved|relocated) (?:back )?(?:in|to) (?P<v>(?!an? |the |my |{_NO_PLACE})[\w' -]+?){_END}",
            True,
        ),
        ("household", r"^(?:lives|is living) (?P<v>alone)\b|^(?:lives|is living) with (?P<w>.+)|^(?P<x>moved in with the user)", True),
        ("employer", rf"^(?:just |now |currently )*{_WORKS} (?:full[ -]time |part[ -]time |now )*(?:at|for|by) (?P<v>[\w'& -]+?){_END}", True),
        (
            "occupation",
            r"^(?:now |currently )*(?:works|is working|has been working|(?:has|got) a job) (?:now )?as (?:an? |the )?(?P<v>[\w' -]+?)(?: now)?(?=,|\.| at | for | in | since |$)",
            True,
        ),
        (
            "occupation",
            r"^(?:now |currently )*is (?:now )?an? (?P<v>(?!(?:\w+ )*(?:student|pupil|member|volunteer|guest|regular|patient|customer|parent|visitor|fan|trustee)\b)(?-i:[a-z][\w'-]+)(?: (?-i:[a-z][\w'-]+)){0,2}?) at (?:the )?(?-i:[A-Z])",
            True,
        ),
        (
            "name",
            r"^(?:'s (?:first |full )?name is|is (?:now )?called|changed (?:the|their) (?:first )?name to) (?P<v>[\w' -]+?)(?: now| instead)?(?=,|\.|$)"
            r"|^(?:goes by|(?:likes|wants|prefers) to be called) (?P<w>[\w' -]+?) (?:now|instead)(?=,|\.|$)",
            True,
        ),
        ("nickname", r"^(?:goes by|(?:likes|wants|prefers) to be called) (?P<v>[\w' -]+?)(?=,|\.|$)", True),
        ("age", r"^(?:is|turned|just turned|has turned) (?:now )?(?P<v>\d{1,3}|[a-z]+)(?: years? old)?(?: now| today)?(?=\.|,|$)", True),
        ("favourite", r"^'s favou?rite (?P<k>[\w' -]+?) (?:is|are)(?: now)? (?P<v>[^,.]+)", True),
        (
            "diet",
            r"^(?:is|became|has become|turned|has gone|went) (?:now )?(?:fully |completely )?(?:a |an )?(?P<v>vegetarian|vegan|pescatarian|omnivore)\b|^eats (?P<w>meat|fish|chicken|beef) (?:again|now)",
            True,
        ),
        ("prefers", r"^(?:now )?prefers (?P<v>[^,.]+?)(?: now| instead)?(?=,|\.|$)", False),
        ("speaks", r"^(?:now |also |can |fluently )*speaks? (?P<v>[A-Z]\w+)", False),
        ("learns", r"^(?:is|has been) (?:learning|studying|taking) (?:to (?:speak|play) )?(?:the )?(?P<v>[A-Za-z]+)(?: lessons| classes)?$", False),
        ("allergy", r"^(?:is |was )?(?:not )?allergic to (?P<v>[^,.]+)|^has an? (?P<w>[\w ]+?) allergy", False),
        ("plays", r"^(?:also |now |can )*plays? (?:the )?(?P<v>(?!on |with |in |at |for )[\w' ]+?)(?= on | with | in | at |,|\.|$)", False),
        ("called", r"^has (?:an?|another|one) (?:\w+ )?(?P<k>\w+) (?:called|named) (?P<v>[A-Z][\w'-]+)", False),
        ("called", r"^'s (?:new |old )?(?P<k>\w+(?: \w+){0,2}?)(?: is (?:now )?(?:called|named)|'s name is) (?P<v>[A-Z][\w' -]+)", True),
    )
)
_ATTRIBUTES = frozenset(
    map(
        canonical,
        """major minor profession occupation nationality religion size address email e-mail phone number laptop computer car grade level rank rating pronouns breed height weight bank
        doctor dentist provider employer deadline salary wage rent score record goal target budget nickname surname title dose limit balance average mileage username""".split(),
    )
)
"""Things that have one value at a time, whatever it looks like."""
_THING = re.compile(r"^'s (?:new |current )?(?P<k>[\w' -]{2,40}?) (?:is|are)(?: now)? (?P<v>.+?)(?: now)?$")


def relation_of(subject: str, body: str) -> tuple[tuple[str, ...] | None, frozenset[str], bool]:
    """The relation a sentence states, its value and whether there is one value at a time; (None, {}, False) when no template fits."""
    for key, pattern, single in _TEMPLATES:
        match = pattern.search(body)
        if not match:
            continue
        groups = match.groupdict()
        words = next((text for name, text in groups.items() if name != "k" and text), "")
        value = stems_of(words)
        if key == "age":
            value = frozenset({NUMBER_WORDS.get(words.casefold(), words)}) if words.isdigit() or words.casefold() in NUMBER_WORDS else frozenset()
        elif key == "household" and groups.get("x"):
            value = frozenset({canonical(subject.split()[0])})
        elif key == "prefers" and (both := re.split(r" (?:to|over) ", words)) and len(both) == 2:
            value = stems_of(both[0])
        elif key == "employer" and value <= {"home", "self", "compani"}:
            continue
        if not value:
            continue
        if key == "name" and subject != "user":
            person = subject.split()[0] if not subject.startswith("best") else subject
            return ("called", canonical(person)), value, canonical(person) not in _SEVERAL
        if key == "called":
            kind = canonical(groups["k"].split()[-1])
            return ("called", " ".join(sorted(stems_of(groups["k"])))), value, single and kind not in _SEVERAL
        return ((key, " ".join(sorted(stems_of(groups["k"])))) if groups.get("k") else (key,)), value, single
    identity = re.match(r"is (?:now )?(?:(?:Mr|Mrs|Ms|Dr|Prof)\.? )?(?P<v>[A-Z]\w+(?: [A-Z]\w+)?)(?: now)?$", body) if subject != "user" else None
    if identity:
        person = canonical(subject if subject.startswith("best") else subject.split()[0])
        return ("called", person), stems_of(identity["v"]), person not in _SEVERAL
    spouse = re.match(r"(?:is |has been |got )*(?:married|marry) (?:to )?(?P<v>[A-Z]\w+)", body)
    if spouse:
        return ("called", "spous"), stems_of(spouse["v"]), True
    match = _THING.match(body)
    attribute = match is not None and canonical(match["k"].split()[-1]) in _ATTRIBUTES
    if match and (value := stems_of(match["v"]) or frozenset(tokens(match["v"]))) and (kind := _value_kind(match["v"], attribute)):
        return ("thing", " ".join(sorted(stems_of(match["k"]))), kind), value, True
    return None, frozenset(), False


def _value_kind(value: str, attribute: bool) -> str:
    """The kind of a thing's value when only one of that kind can hold: a name, a sort, a number, a place; "" for adjectives and the like."""
    words = value.split()
    if not words or len(words) > 4:
        return ""
    if attribute:
        return "value"
    if words[0][0].isupper():
        return "name"
    if words[0].isdigit() or words[0] in NUMBER_WORDS:
        return "number"
    if words[0] in ("a", "an"):
        return "sort" if len(words) <= 3 else ""
    return words[0] if words[0] in ("on", "at", "in", "called") else ""
