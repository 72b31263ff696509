"""A message that puts the one before it right: "actually it's on Friday", "sorry, I meant 12", "no wait, she's 7 not 6"."""

from __future__ import annotations

import re

from chatmem.memory.cues import MONTH, NUMBER_WORDS
from chatmem.memory.sentences import sentences
from chatmem.memory.time_words import DAYS, MONTHS
from chatmem.words import STOP_WORDS

LONGEST = 100  # characters of such a message
_VALUES = {
    "date": rf"(?:the )?\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{MONTH})|(?:{MONTH}) \d{{1,2}}(?:st|nd|rd|th)?|the \d{{1,2}}(?:st|nd|rd|th)",
    "day": rf"(?:next |this )?(?:{'|'.join(DAYS)})|tomorrow|today|yesterday",
    "month": rf"(?:next |this )?(?:{MONTH})",
    "time": r"\d{1,2}[:.]\d\d(?: ?[ap]m)?|\d{1,2} ?[ap]m|noon|midnight",
    "number": rf"\d+(?:[.,]\d+)*|{'|'.join(NUMBER_WORDS)}",
    "name": r"(?-i:[A-ZÀ-Þ])[\w'-]+(?: (?-i:[A-ZÀ-Þ])[\w'-]+)?",
    "words": r"[\w'-]+(?: [\w'-]+)?",
}
"""What can be put right by a word alone, the most telling first."""
_MISTAKEN = r"sorry|oops|whoops|correction|scratch that|scrap that|just checked|i checked|looked it up|my mistake|my bad|typo|i was wrong|(?:i got )?that(?:'s| was)? wrong"
_HESITANT = r"actually|no|nope|wait|hang on|hold on|ah|oh|hmm+"
_SORRY = rf"(?:(?:{_HESITANT}|{_MISTAKEN})\b[,.!: -]*)+"
_MEANT = r"(?:i meant(?: to say)?|i mean|make (?:it|that)|(?:it |that )?should (?:be|say|have been))(?: it's| it is)?"
_IS = r"(?:it|that|he|she|they)(?:'s| is| was|'re| are)(?: now| actually)?(?: called| named)?"
_MESSAGE = {
    kind: re.compile(
        rf"^(?P<sorry>{_SORRY})?(?:(?P<meant>{_MEANT})|{_IS})?(?: ?\b(?:on|in|at)\b)? ?(?:\b(?:an?|the|my) )?(?P<new>{value})"
        rf"(?:,? (?:not|instead of|rather than) (?:(?:on|in|at) )?(?P<old>{value}))?(?P<late>,? (?:sorry|actually|even|i mean|to be (?:exact|precise)|rather))?(?P<aside>[,.!;]+ ?.*|(?= they're | he's | she's | it's | we're ).*|)$",
        re.IGNORECASE,
    )
    for kind, value in _VALUES.items()
}
_WEAK = re.compile(rf"(?:(?:{_HESITANT})\b[,.!: -]*)+", re.IGNORECASE)
"""What also opens an answer ("no, thanks"): too little to take back a word that is no date, number or name."""


_NOT_BUT = re.compile(
    r"^(?:no,? )?not (?:(?:on|in|at) )?(?P<old>[\w'-]+),? (?:but|it's|it is|she's|he's) (?:(?:on|in|at) )?(?P<new>[\w'-]+)(?=$|[,.!])", re.IGNORECASE
)
"""“Not on Duolingo, it's Babbel”: the new one first, as the others have it."""
_WHY = re.compile(
    r"\b(?:corrected|autocorrect|typo|typing|mixed|wrong|forgot|misread|misspelled|misspelt|misheard|forgetting|miscounted|misremembered|can't count)\b",
    re.IGNORECASE,
)
"""How one comes to put it right, said behind it: "three!! forgot the kitten"."""


def corrected(message: str, before: str) -> tuple[str, str] | None:
    """What a message puts right in the one before it, as a sentence of that and with the new value in place of the old one.

    None when it puts nothing right, or when it is not clear what: the sentence must hold one value of the kind, or name the old one.
    """
    said = re.sub(r" (?:lol|haha)\b", "", " ".join(message.replace("’", "'").split())).lstrip("*")
    said = _NOT_BUT.sub(r"\g<new>, not \g<old>", said)
    if len(said) > LONGEST:
        return None
    for kind, pattern in _MESSAGE.items():
        match = pattern.match(said)
        if match is None or not (match["sorry"] or match["meant"] or match["old"] or match["late"] or _WHY.search(match["aside"])):
            continue
        for _, _, sentence in reversed(sentences(before)):
            found = _place(kind, sentence, match)
            if found and (right := _put(sentence, *found, match["new"])).casefold() != sentence.strip().casefold():
                return sentence.strip(), right
    return None


def _put(sentence: str, start: int, end: int, new: str) -> str:
    """A sentence with new words in a place of it: "a plumber" becomes "an electrician", and "2 cats" "3 cats" by "3" as by "3 cats"."""
    head, rest = sentence[:start], sentence[end:]
    if head.endswith((" a ", " an ")):
        head = re.sub(r" an? $", "", head) + (" an " if new[0].casefold() in "aeiou" else " a ")
    for said_again in (new.split()[-1], new):
        if len(new.split()) > 1 and rest.casefold().startswith(f" {said_again.casefold()}"):
            rest = rest[len(said_again) + 1 :]
    return f"{head}{new}{rest}".strip()


def _place(kind: str, sentence: str, match: re.Match[str]) -> tuple[int, int] | None:
    """Where in a sentence the value stands that is taken back: the one named, the only one of its kind, or what the new words resemble."""
    if match["old"] or kind != "words":
        wanted = re.escape(match["old"]) if match["old"] else _VALUES[kind]
        found = list(re.finditer(rf"(?<![\w'])(?:{wanted})(?![\w'])", sentence, re.IGNORECASE))
        if kind == "name" and not match["old"]:
            found = [one for one in found if one.start() and one[0] != "I" and one[0].casefold() not in (*DAYS, *MONTHS)]
        return found[0].span() if len(found) == 1 else None
    if not match["meant"] and not match["late"] and not _WHY.search(match["aside"]) and _WEAK.fullmatch(match["sorry"]):
        return None
    new = match["new"].split()
    if all(word.casefold() in STOP_WORDS for word in new):
        return None  # "I mean it"
    if len(new) == 2:  # "town hall" for "church hall", "room 21" for "room 12"
        alike = rf"\b\w+ {re.escape(new[1])}\b|\b{re.escape(new[0])} \w+\b"
    elif re.match(rf"(?:{_MEANT}|.*\b(?:correction|typo|scratch that|my mistake))\b", match[0][: match.start("new")], re.IGNORECASE) or _WHY.search(
        match["aside"]
    ):
        alike = r"\w+(?=[.!]*$)"
    else:
        return None
    found = list(re.finditer(alike, sentence, re.IGNORECASE))
    return found[0].span() if len(found) == 1 else None
