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
