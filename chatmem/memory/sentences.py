"""The user's own words in a message: its sentences without code, quotations, pasted documents, verse or roleplay."""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_CHARACTERS = 8_000
HOLE = "▮"
"""Stands for words that are not the user's own (a quotation, code); a sentence with one states nothing of theirs."""

_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_INLINE = re.compile(r"`[^`\n]+`")
_QUOTED = re.compile(r"\"[^\"\n]{1,600}\"|“[^”\n]{1,600}”|«[^»\n]{1,600}»|(?<!\w)['‘](?:[^'‘’\n]|(?<=\w)['’](?=\w)){8,600}['’](?!\w)")
_ABBREVIATION = re.compile(r"(?:\b(?:mr|mrs|ms|dr|prof|st|vs|etc|e\.g|i\.e|no|approx|jr|sr|a\.m|p\.m)|(?<![\w'’])(?-i:[A-Z]))\.$", re.IGNORECASE)
_BREAK = re.compile(r"[.!?…]+[\"')\]]*(?=\s|$)|;(?=\s|$)|\s[-–—]{1,2}\s|—")
_PLAY = re.compile(
    r"\b(?:role-?play\w*|pretend\w*|act as|let's play|stay in character|in character|once upon a time|continue (?:the|this|my) story|knock knock|walks? into a bar|"
    r"(?:answer|talk|speak|reply) (?:like|in|as) (?:a |an )?(?:pirate|robot|\w+ speak)|imagine)\b|^\W*(?:you are|you're|you will be) (?:a|an|my|the|now)\b",
    re.IGNORECASE,
)
# A task or a heading whose colon is followed by someone's text: "Translate this: …", "Here's her bio: …", "the manual says: …".
_MATERIAL = re.compile(
    r"(?:(?:^|[.!?\n,])[ \t]*(?:(?:please|hey|hi|hello|ok|okay|now|and|then|can you|could you|would you|will you|help me(?: to)?|i (?:need|want) you to|i'd like you to),? )*(?:translate|proof-?read|correct|fix|check|edit|rewrite|rephrase|paraphrase|summari[sz]e|shorten|improve|polish|analy[sz]e|explain|review|continue|complete|format|"
    r"write|draft|generate|create|make|calculate|compute|solve|classify|rate|compare|read|answer)\b[^:\n.!?]{0,120}|\bhere(?:'s|’s| is| are| goes)\b[^:\n.!?]{0,80}|"
    r"\b(?:says?|said|reads?|wrote|goes|states?|saying|text|quote|prompt|error|question|riddle|exercise|problem|message|email|letter|story(?! short)|joke|lyrics|poem|output|log|example|version|draft|transcript|persona|character|scenario|role-?play|context from \w+)\b[^:\n.!?]{0,20}):(?=\s)",
    re.IGNORECASE,
)
_LETTER = re.compile(r"^[ \t]*(?:dear [^\n]{1,60},?|from: [^\n]+|subject: [^\n]+|to whom it may concern)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_PARAGRAPH_REFERENCE = re.compile(
    r"\b(?:this|these|the following|the above|that|the) (?:\w+ )?(?:letter|text|email|e-mail|comment|paragraph|essay|story|message|poem|verse|lyrics?|song|bio|tweet|post|article|review|speech|passage|extract|quote|line|stanza|chorus|code|error|snippet|function|abstract|cv|resume|dialogue)s?\b|"
    r"\b(?:second|next|another|first|last|final) (?:verse|stanza|chorus|paragraph|line)\b",
    re.IGNORECASE,
)
_CODE_LINE = re.compile(
    r"^\s*(?:>|\||#|\$ |//|/\*|<\w+|</|@\w|def \w+\(|class \w+[:(]|import \w|from \w+ import|return\b|const |let \w+ ?=|var |function\b|public |private |SELECT\b|INSERT\b|UPDATE \w+ SET|Traceback|File \"|at \w+\.\w+\(|\w+ ?= ?[\w\[\{\"'(]|[{}\[\]();]+\s*$|\w+: command not found|(?:bash|sh|zsh): )"
)
_ACTION = re.compile(r"^\s*\*[^*\n]+\*\s*$|^\s*(?:user|me|assistant|bot|ai|human|q|a)\s*:", re.IGNORECASE)


def sentences(text: str) -> list[tuple[int, int, str]]:
    """The sentences that are the user's own: (begin, end, words), where text[begin:end] is verbatim.

    ``words`` has the same length; what was quoted inside it is ``HOLE``. At most 8,000 characters of the message are read.
    """
    if len(text) > MAX_CHARACTERS:  # the frame of a long paste: the user's own words stand before or after it
        half = MAX_CHARACTERS // 2
        head = text[:half]
        head = head[: max(head.rfind("\n"), head.rfind(". ") + 1, 0)]
        tail = text[-half:]
        skip = tail.find("\n") + 1 or len(tail)
        own = [*_of_window(head, "first")]
        begin = len(text) - half + skip
        return own + [(begin + start, begin + end, words) for start, end, words in _of_window(tail[skip:], "last")]
    return list(_of_window(text, "whole"))


def _of_window(text: str, part: str) -> Iterator[tuple[int, int, str]]:
    masked = "".join(c if c == "\n" or c.isprintable() else " " for c in text)
    masked = _FENCE.sub(lambda m: "\n" * len(m[0]), masked)
    masked = _INLINE.sub(lambda m: HOLE * len(m[0]), masked)
    masked = _QUOTED.sub(_quotation, masked)
    if _PLAY.search(masked):
        return
    if match := _MATERIAL.search(masked):
        masked = masked[: match.end() - 1]
    for begin, end in _lines(masked, part):
        for first, last in _breaks(masked[begin:end]):
            words = masked[begin + first : begin + last]
            if words.strip(" \n-–—•*;,"):
                yield begin + first, begin + last, words


def _quotation(match: re.Match[str]) -> str:
    """A title or a nickname in quotation marks stays ("Becoming Nicole"); any other quotation is a hole."""
    inner = match[0][1:-1].split()
    title = (
        0 < len(inner) <= 6
        and all(word[:1].isupper() or word[:1].isdigit() or (word.islower() and len(word) < 4) for word in inner)
        and inner[0][:1].isupper()
    )
    if title and not re.match(r"(?:i|my|we|i'm|i've)\b", match[0][1:], re.IGNORECASE) and match[0][-2:-1] not in ".!?,":
        return " " + match[0][1:-1] + " "
    return HOLE * len(match[0])


def _lines(text: str, part: str) -> list[tuple[int, int]]:
    """Where the lines stand that can be the user's own words; ``part`` says which part of the message the text is."""
    spans: list[tuple[int, int]] = []
    begin = 0
    for line in text.split("\n"):
        if line.strip():
            spans.append((begin, begin + len(line)))
        begin += len(line) + 1
    quoted = any(_CODE_LINE.match(text[a:b]) for a, b in spans)
    if _LETTER.search(text):
        return []
    if len(spans) > 1:
        asking = [(a, b) for a, b in spans if _PARAGRAPH_REFERENCE.search(text[a:b])]
        if asking:
            return asking
        if quoted or len(spans) > 12:
            spans = [(a, b) for a, b in spans if not _CODE_LINE.match(text[a:b])]
            if len(spans) > 12:  # a pasted document: only its first and last lines can be the user's own
                spans = _frame(text, spans, part)
    if part != "whole":
        spans = _frame(text, spans, part)
    return [(a, b) for a, b in spans if not _CODE_LINE.match(text[a:b]) and not _ACTION.match(text[a:b])]


def _frame(text: str, spans: list[tuple[int, int]], part: str) -> list[tuple[int, int]]:
    """The first line, and the last one when an empty line sets it apart."""
    first = spans[:1] if part != "last" else []
    apart = len(spans) > 1 and text[spans[-2][1] : spans[-1][0]].count("\n") > 1
    last = spans[-1:] if part != "first" and apart else []
    return first + [span for span in last if span not in first]


def _breaks(line: str) -> Iterator[tuple[int, int]]:
    begin = 0
    for match in _BREAK.finditer(line):
        if match[0] == "." and _ABBREVIATION.search(line[begin : match.end()]):
            continue
        last = match.end() if match[0].strip()[:1] in ".!?…" else match.start()
        yield begin, last
        begin = match.end()
    yield begin, len(line)
