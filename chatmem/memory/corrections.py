"""A message that puts the one before it right: "actually it's on Friday", "sorry, I meant 12", "no wait, she's 7 not 6"."""

from __future__ import annotations

import re

from chatmem.memory.cues import NUMBER_WORDS
from chatmem.memory.sentences import sentences
from chatmem.memory.time_words import DAYS, MONTHS

LONGEST = 100  # characters of such a message
_MONTH = "|".join(MONTHS)
_VALUES = {
    "date": rf"(?:the )?\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{_MONTH})|(?:{_MONTH}) \d{{1,2}}(?:st|nd|rd|th)?|the \d{{1,2}}(?:st|nd|rd|th)",
    "day": rf"(?:next |this )?(?:{'|'.join(DAYS)})|tomorrow|today|yesterday",
    "month": rf"(?:next |this )?(?:{_MONTH})",
    "time": r"\d{1,2}[:.]\d\d(?: ?[ap]m)?|\d{1,2} ?[ap]m|noon|midnight",
    "number": rf"\d+(?:[.,]\d+)*|{'|'.join(NUMBER_WORDS)}",
    "name": r"(?-i:[A-ZÀ-Þ])[\w'-]+(?: (?-i:[A-ZÀ-Þ])[\w'-]+)?",
}
"""What can be put right by a word alone, the most telling first."""
_SORRY = (
    r"(?:(?:actually|sorry|oops|whoops|no|nope|wait|hang on|hold on|correction|scratch that|my mistake|my bad|typo|ah|oh|hmm+|i was wrong"
    r"|(?:i got )?that(?:'s| was)? wrong)\b[,.!: -]*)+"
)
_MEANT = r"(?:i meant(?: to say)?|i mean|make (?:it|that)|(?:it |that )?should (?:be|say|have been))(?: it's| it is)?"
_IS = r"(?:it|that|he|she|they)(?:'s| is| was|'re| are)(?: now| actually)?(?: called| named)?"
_MESSAGE = {
    kind: re.compile(
        rf"^(?P<sorry>{_SORRY})?(?:(?P<meant>{_MEANT})|{_IS})?(?: ?\b(?:on|in|at)\b)? ?(?P<new>{value})"
        rf"(?:,? (?:not|instead of|rather than) (?:(?:on|in|at) )?(?P<old>{value}))?(?P<late>,? (?:sorry|actually))?[.! ]*$",
        re.IGNORECASE,
    )
    for kind, value in _VALUES.items()
}


def corrected(message: str, before: str) -> tuple[str, str] | None:
    """What a message puts right in the one before it, as a sentence of that and with the new value in place of the old one.

    None when it puts nothing right, or when it is not clear what: the sentence must hold one value of the kind, or name the old one.
    """
    said = " ".join(message.replace("’", "'").split())
    if len(said) > LONGEST:
        return None
    for kind, pattern in _MESSAGE.items():
        match = pattern.match(said)
        if match is None or not (match["sorry"] or match["meant"] or match["old"] or match["late"]):
            continue
        for _, _, sentence in reversed(sentences(before)):
            found = list(re.finditer(rf"(?<![\w'])(?:{_VALUES[kind]})(?![\w'])", sentence, re.IGNORECASE))
            if kind == "name":
                found = [one for one in found if one.start() and one[0] != "I" and one[0].casefold() not in (*DAYS, *MONTHS)]
            if match["old"]:
                found = [one for one in found if one[0].casefold() == match["old"].casefold()]
            if len(found) == 1 and found[0][0].casefold() != match["new"].casefold():
                return sentence.strip(), f"{sentence[: found[0].start()]}{match['new']}{sentence[found[0].end() :]}".strip()
    return None
