"""Orders about memory in plain sentences: "remember that …", "forget …", "what do you know about me?"."""

from __future__ import annotations

import re

_REMEMBER = re.compile(
    r"^(?:please |hey,? |chatmem,? |can you |could you )*(?:remember|note|keep in mind|don't forget|make a note)(?: this)?(?:,? (?:that )|: ?|, )(?P<rest>.{3,})$",
    re.IGNORECASE | re.DOTALL,
)
_FORGET = re.compile(
    r"^(?:please |chatmem,? |can you |could you )*(?:forget|stop remembering|erase|delete)(?: the memory)?(?: (?:that|about|what i (?:said|told you) about|everything about))? (?P<rest>.{2,})$",
    re.IGNORECASE | re.DOTALL,
)
_KNOWN = re.compile(
    r"^\W*(?:so |and |please |tell me )*what (?:(?:do|can) you (?:know|remember|recall|have)(?: (?:stored|saved))?|you know|(?:have i|did i) (?:told|tell|said|say)(?: to)?(?: you)?)"
    r" (?:about|on|of) (?:(?:me|us|myself)|(?P<about>[\w][\w' -]{0,60}?))(?: so far| yet| by now| then)?\W*$",
    re.IGNORECASE,
)


WOULD_FORGET = "I would forget:"
FORGOTTEN = "Done: I have forgotten"
NOTHING_TO_FORGET = "I have no memory of that, so there is nothing to forget."
ONLY_IN_THE_TIMELINE = "That no longer holds and stands only in the timeline:"


def is_forgetting(round_text: str) -> bool:
    """Whether a message and its reply, a line below it, are an order to forget: what was to be forgotten must not be recalled from that."""
    return any(f"\n{answer}" in round_text for answer in (WOULD_FORGET, FORGOTTEN, NOTHING_TO_FORGET, ONLY_IN_THE_TIMELINE))


def command(text: str) -> tuple[str, str] | None:
    """A plain-sentence order about memory: ("remember", what), ("forget", what), or ("known", about whom or what, "" for the user); None for other messages."""
    line = text.strip()
    if len(line) > 2000:
        return None
    if match := _KNOWN.match(line):
        return "known", match["about"] or ""
    if line.endswith("?"):
        return None
    if match := _REMEMBER.match(line):
        rest = match["rest"].strip()
        # "don't forget to smile" and "remember when we met" are talk, not orders.
        return None if re.match(r"(?:to|when|how|the time)\b", rest, re.IGNORECASE) else ("remember", rest)
    if (match := _FORGET.match(line)) and not re.match(r"(?:it|about it|that|to|me|the)$", match["rest"].strip(" .!"), re.IGNORECASE):
        return "forget", match["rest"].strip(" .!")
    return None
