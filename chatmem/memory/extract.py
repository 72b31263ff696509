"""Facts and dated events from the user's own words, by rule: third-person sentences with their verbatim span.

Questions, hypotheticals, requests, jokes, quotations, code, other people's statements and secrets are never
facts about the user. Nothing is taken from what chatmem itself said or recalled (a rival stored 97.8% junk that way).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from chatmem.memory.times import resolve, written
from chatmem.types import Candidate
from chatmem.words import content_words

MAX_CHARACTERS = 8_000
MAX_SENTENCE = 400
MAX_FACTS = 12

_ABBREVIATION = re.compile(r"\b(?:mr|mrs|ms|dr|prof|st|vs|etc|e\.g|i\.e|no|approx)\.$", re.IGNORECASE)
_FENCE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_QUOTED = re.compile(r"\"[^\"\n]{0,400}\"|“[^”\n]{0,400}”")
_SPOKEN = {
    "im": "I'm",
    "ive": "I've",
    "dont": "don't",
    "doesnt": "doesn't",
    "cant": "can't",
    "wont": "won't",
    "didnt": "didn't",
    "isnt": "isn't",
    "wasnt": "wasn't",
}
_OPENER = re.compile(
    r"^(?:(?:well|so|oh|ok|okay|yes|yeah|yep|no|nope|hi|hey|hello|hi there|hello there|anyway|also|and|but|because|btw|by the way|actually|honestly|to be honest|fyi|you know|you see|guess what|i mean|good morning|good evening|"
    r"just so you know|fun fact|for context|as you know|today|right now|nowadays|these days|lately|now)\b[,:!;. ]*)+",
    re.IGNORECASE,
)
_KEEP_TIME = re.compile(r"^(?:today|right now|nowadays|these days|lately|now)\b", re.IGNORECASE)
_NOT_FACT = re.compile(
    r"^(?:i ?(?:think so|see|understand|know|agree|guess|mean|hope so|don't know|do not know|don't understand|wonder|wish|would|could|should|might|may|suppose|doubt|was (?:just )?(?:wondering|kidding|joking)|(?:just )?(?:want|need|would like) (?:you|to know|to ask|some help|help|your|advice|a (?:recipe|suggestion|recommendation|list))|"
    r"have (?:a|another|one more|one) (?:quick )?question|forgot|can't (?:believe|wait|tell)|'m (?:just )?(?:wondering|asking|kidding|joking|sorry|fine|ok|okay|good|here|back|done|not sure|sure|afraid|curious|looking for (?:advice|help|suggestions|recommendations))|"
    r"am (?:just )?(?:wondering|asking|kidding|joking|sorry|fine|ok|okay|good|here|back|done|not sure|sure|afraid|curious|looking for (?:advice|help|suggestions|recommendations))|"
    r"appreciate|love (?:that|it|this)|like (?:that|it|this)|hate (?:that|it|this)|get it|got it|feel you|thank|meant|said|asked|told you|apologi[sz]e|'d|'ll (?:try|think|do|see|take|check|let|keep|have to))|"
    r"my (?:question|point|bad|mistake|goodness|god|apologies)|we (?:should|could|can|need|were talking))\b",
    re.IGNORECASE,
)
_HYPOTHETICAL = re.compile(
    r"\b(?:if i|if we|if my|imagine|suppose|supposing|pretend|what if|would be|would have|could have|were i|hypothetically|let's say|maybe|perhaps|might|just kidding|jk|lol|lmao|haha)\b",
    re.IGNORECASE,
)
_HEARSAY = re.compile(r"\b(?:said|says|told me|claims?|claimed|according to|thinks|thought|believes|heard|rumou?r|wrote)\b", re.IGNORECASE)
_CLAUSES = re.compile(r",? (?:and|but) (?=(?:i|i'm|i've|my|we|our)\b)", re.IGNORECASE)
_FIRST = re.compile(r"^(?:i\b|i'|my\b|our\b|we\b|we'|mine\b)", re.IGNORECASE)
_PASSING = re.compile(r"\b(my|our) ((?:[a-z]+[- ]){0,2}[a-z]+),? ([A-Z][\w'-]+),? who(?: is|'s)? ([^,.?!;]{3,80})")
_CALLED = re.compile(
    r"\bmy ((?:[a-z]+[- ]){0,1}(?:brother|sister|son|daughter|wife|husband|partner|girlfriend|boyfriend|mother|mom|mum|father|dad|cat|dog|friend|boss|cousin|aunt|uncle|niece|nephew|grandmother|grandfather)) ([A-Z][a-z]+)\b"
)

_VERBS = {
    "am": "is",
    "'m": "is",
    "are": "is",
    "was": "was",
    "were": "was",
    "have": "has",
    "'ve": "has",
    "do": "does",
    "don't": "doesn't",
    "haven't": "hasn't",
    "aren't": "isn't",
    "weren't": "wasn't",
}
_FIXED = {
    "can",
    "could",
    "will",
    "would",
    "should",
    "must",
    "may",
    "might",
    "had",
    "did",
    "didn't",
    "can't",
    "cannot",
    "won't",
    "wouldn't",
    "couldn't",
    "used",
    "wasn't",
    "isn't",
    "'ll",
    "'d",
    "shall",
    "been",
    "got",
    "became",
    "began",
    "met",
    "went",
    "took",
    "made",
    "saw",
    "bought",
    "sold",
    "left",
    "lost",
    "found",
    "broke",
    "ran",
    "won",
    "grew",
    "came",
    "gave",
    "told",
    "fell",
    "felt",
    "kept",
    "wrote",
    "spent",
    "thought",
    "taught",
    "read",
    "put",
    "quit",
    "set",
    "cut",
    "hurt",
    "let",
    "ate",
    "drank",
    "drove",
    "flew",
    "swam",
    "sang",
    "chose",
    "spoke",
    "woke",
    "built",
    "brought",
    "caught",
    "paid",
    "said",
    "sat",
    "slept",
    "stood",
    "understood",
    "knew",
    "threw",
    "hid",
    "held",
    "heard",
    "led",
    "meant",
    "sent",
    "shot",
    "stuck",
    "wore",
    "forgot",
}
_ADVERBS = {
    "just",
    "also",
    "really",
    "always",
    "never",
    "often",
    "usually",
    "recently",
    "still",
    "finally",
    "already",
    "now",
    "currently",
    "once",
    "mostly",
    "sometimes",
    "only",
    "actually",
    "absolutely",
    "both",
    "even",
    "definitely",
    "probably",
    "rarely",
    "hardly",
    "secretly",
    "originally",
    "officially",
    "truly",
    "totally",
}

_SECRETS = (
    ("password", re.compile(r"\b(?:password|passcode|passphrase|pin(?: code| number)?)\b\s*(?:is|:|=|for [\w ]{1,30} is)\s*\S+", re.IGNORECASE)),
    ("private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    (
        "access key",
        re.compile(r"\b(?:sk-[A-Za-z0-9_-]{16,}|ghp_[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16}|xox[abp]-[\w-]{10,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*)"),
    ),
    ("access key", re.compile(r"\b(?:api[ _-]?key|secret[ _-]?key|access[ _-]?token)\b\s*(?:is|:|=)\s*\S{8,}", re.IGNORECASE)),
    ("social security number", re.compile(r"\b\d{3}-\d{2}-\d{4}\b")),
    ("bank account number", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")),
)
_CARD = re.compile(r"\b\d(?:[ -]?\d){12,18}\b")

_REMEMBER = re.compile(
    r"^(?:please |hey,? |chatmem,? |can you |could you )*(?:remember|note|keep in mind|don't forget|make a note)(?: this)?(?:,? (?:that )|: ?|, )(?P<rest>.{3,})$",
    re.IGNORECASE | re.DOTALL,
)
_FORGET = re.compile(
    r"^(?:please |chatmem,? |can you |could you )*(?:forget|stop remembering|erase|delete)(?: the memory)?(?: (?:that|about|what i (?:said|told you) about|everything about))? (?P<rest>.{2,})$",
    re.IGNORECASE | re.DOTALL,
)
_KNOWN = re.compile(
    r"^\W*(?:so |and |please |tell me )*what (?:do|can) you (?:know|remember|recall|have)(?: (?:stored|saved))? (?:about|on) (?:me|us|myself)\b[^a-z]*$",
    re.IGNORECASE,
)


def secret(text: str) -> str | None:
    """What kind of secret the text holds (password, card number, …); None when none. Such text never becomes a memory."""
    for kind, pattern in _SECRETS:
        if pattern.search(text):
            return kind
    for match in _CARD.finditer(text):
        if _luhn([int(c) for c in match[0] if c.isdigit()]):
            return "card number"
    return None


def _luhn(digits: list[int]) -> bool:
    doubled = [d if i % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def command(text: str) -> tuple[str, str] | None:
    """A plain-sentence order about memory: ("remember", what), ("forget", what) or ("known", ""); None for other messages."""
    line = text.strip()
    if len(line) > 2000:
        return None
    if _KNOWN.match(line):
        return "known", ""
    if line.endswith("?"):
        return None
    if match := _REMEMBER.match(line):
        rest = match["rest"].strip()
        # "don't forget to smile" and "remember when we met" are talk, not orders.
        return None if re.match(r"(?:to|when|how|the time)\b", rest, re.IGNORECASE) else ("remember", rest)
    if (match := _FORGET.match(line)) and not re.match(r"(?:it|about it|that|to|me|the)$", match["rest"].strip(" .!"), re.IGNORECASE):
        return "forget", match["rest"].strip(" .!")
    return None


def remember_text(text: str, said_at: datetime) -> Candidate | None:
    """The user's own words as one memory, as they ask; None when there is nothing in them or they hold a secret."""
    words = " ".join(text.split())[:MAX_SENTENCE]
    if not content_words(words) or secret(words):
        return None
    sentence = _third_person(_spell(words)) or f"The user wants remembered: {words}"
    return _candidate(sentence, words, said_at, extra=2)


def extract(text: str, said_at: datetime) -> list[Candidate]:
    """Facts and events that a message states about the user, at most twelve. ``said_at`` is in the user's zone."""
    found: dict[str, Candidate] = {}
    for raw in _sentences(text):
        span = raw.strip()
        if not span or secret(span) or command(span):
            continue
        sentences = [*_passing(span)]
        spelled = _spell(span)
        body = spelled if _KEEP_TIME.match(spelled) and not _FIRST.match(_OPENER.sub("", spelled)) else _OPENER.sub("", spelled)
        sentences += [sentence for clause in _CLAUSES.split(body) if _states_a_fact(clause) and (sentence := _third_person(clause))]
        for sentence in sentences:
            if supported(sentence, spelled + " " + span):
                found.setdefault(sentence.casefold(), _candidate(sentence, span, said_at))
            if len(found) == MAX_FACTS:
                return list(found.values())
    return list(found.values())


def supported(text: str, span: str) -> bool:
    """Whether every content word of a fact stands in the words it rests on (verb endings apart)."""
    have = set(content_words(span))
    return all(
        word in have or any(word.startswith(base[: max(3, len(base) - 1)]) for base in have) for word in content_words(text) if word != "called"
    )


def _sentences(text: str) -> Iterator[str]:
    text = _FENCE.sub(" ", text[:MAX_CHARACTERS])
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 12 or any(line.lstrip().startswith(">") for line in lines):
        lines = [line for line in lines if not line.lstrip().startswith((">", "|", "#", "$"))]
        if len(lines) > 12:  # a pasted document: only its frame, the first and last lines, can be the user's own words
            lines = [lines[0], lines[-1]]
    for line in lines:
        begin = 0
        for match in re.finditer(r"[.!?…]+(?=\s|$)|;|\s[-–—]\s", line):
            if _ABBREVIATION.search(line[begin : match.end()]):
                continue
            yield line[begin : match.end()].rstrip(";")
            begin = match.end()
        yield line[begin:]


def _spell(text: str) -> str:
    text = text.replace("’", "'")
    text = re.sub(r"\b[a-z]+\b", lambda m: _SPOKEN.get(m[0], m[0]), text)
    text = re.sub(r"\b(?:gonna)\b", "going to", text)
    return " ".join(text.split())


def _states_a_fact(body: str) -> bool:
    plain = body.strip()
    words = content_words(plain)
    return not (
        len(plain) > MAX_SENTENCE
        or not words
        or plain.endswith("?")
        or not _FIRST.match(plain)
        or _NOT_FACT.match(plain)
        or _HYPOTHETICAL.search(plain)
        or _HEARSAY.search(plain)
        or _QUOTED.search(plain)
        or (len(words) < 2 and not re.search(r"\b(?:am|'m|is|have|like|love|hate|play|speak|work)\b", plain, re.IGNORECASE))
    )


def _passing(span: str) -> Iterator[str]:
    """Facts said on the way: "my brother Tom, who loves chess"."""
    if _HYPOTHETICAL.search(span) or _QUOTED.search(span):
        return
    for match in _PASSING.finditer(span):
        verb = "is " if re.search(r"who(?: is|'s) ", match[0]) else ""
        yield _finish(f"The user's {match[2]} {match[3]} {verb}{match[4].strip()}")
    if span.rstrip().endswith("?") and not _HEARSAY.search(span):
        for match in _CALLED.finditer(span):
            yield f"The user has a {match[1]} called {match[2]}."


def _third_person(body: str) -> str | None:
    """A first-person sentence as one about the user; None when it is not one."""
    body = body.strip().rstrip(".!…,; ")
    first, _, rest = body.partition(" ")
    low = first.lower()
    if low in ("my", "our", "mine"):
        text = f"The user's {rest}"
    elif low.startswith(("i'", "we'")) and len(low) > 2:
        text = f"The user {_verb(low[low.index(chr(39)) :])} {rest}"
    elif low in ("i", "we"):
        words = rest.split(" ")
        place = next((i for i, word in enumerate(words) if word.lower().strip(",") not in _ADVERBS), 0)
        words[place] = _verb(words[place])
        text = "The user " + " ".join(words)
    else:
        return None
    return _finish(_pronouns(text))


def _verb(verb: str) -> str:
    low = verb.lower()
    if low in _VERBS:
        return _VERBS[low]
    if low in _FIXED or low.endswith("ed") or not low.isalpha():
        return "has" if low == "'ve" else {"'ll": "will", "'d": "had"}.get(low, verb)
    if low.endswith(("s", "sh", "ch", "x", "z")) or low in ("go", "do"):
        return verb + "es"
    if low.endswith("y") and len(low) > 1 and low[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + "s"


def _pronouns(text: str) -> str:
    text = re.sub(
        r"\b(and|but|because|so|since|while|when|that|which|,) (i|we)('m|'ve| am| have| was| were| do| don't)?(?= )(?: (\w+))?",
        _clause,
        text,
        flags=re.IGNORECASE,
    )
    text = re.sub(r"\b(?:my|our)\b", "the user's", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(?:myself|ourselves)\b", "themselves", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(?:me|us|I)\b", "the user", text)
    return re.sub(r"\bmine\b", "the user's", text)


def _clause(match: re.Match[str]) -> str:
    verb, following = (match[3] or "").strip(), match[4] or ""
    if verb:
        return f"{match[1]} the user {_verb(verb)}" + (f" {following}" if following else "")
    if following.lower() in _ADVERBS or not following:
        return f"{match[1]} the user" + (f" {following}" if following else "")
    return f"{match[1]} the user {_verb(following)}"


def _finish(text: str) -> str:
    text = " ".join(text.split()).strip(" ,;:")
    return text if text.endswith((".", "!")) else text + "."


def _candidate(sentence: str, span: str, said_at: datetime, *, extra: int = 0) -> Candidate:
    today = said_at.date()
    spans = [] if re.search(r"\b(?:every|each|usually|always|since)\b", sentence, re.IGNORECASE) else resolve(sentence, today)
    event = bool(spans) and not re.match(
        r"The user(?:'s [\w ]+)? (?:is|are|has|likes|loves|works|lives)\b(?! (?:visiting|going|flying|moving|travelling|traveling|getting|meeting|starting|coming|having|seeing))",
        sentence,
    )
    start, end = (spans[0].start, spans[0].end) if spans else (None, None)
    if (
        spans
        and start
        and end
        and re.search(r"\b(?:yesterday|today|tonight|tomorrow|ago|last|next|this|in \w+ (?:day|week|month)s?)\b", spans[0].text, re.IGNORECASE)
    ):
        stamp = written(start) if start == end else f"{written(start)} to {written(end)}"
        sentence = f"{sentence.rstrip('.!')} ({stamp})."
    owner = re.match(r"The user's ((?:[a-z]+ )?[a-z]+)", sentence)
    return Candidate(
        kind="event" if event else "fact",
        text=sentence,
        span=span,
        subject=f"user's {owner[1]}" if owner else "user",
        polarity="negative"
        if re.search(r"\b(?:not|never|no longer|doesn't|isn't|can't|cannot|won't|don't|didn't|hates?|dislikes?)\b", sentence, re.IGNORECASE)
        else "positive",
        keywords=list(dict.fromkeys(content_words(sentence)))[:12],
        importance=max(1, min(10, importance(sentence) + extra)),
        event_start=start,
        event_end=end,
        time_source="stated" if spans else "none",
    )


_WEIGHTY = re.compile(
    r"\b(?:name|called|born|birthday|married|wife|husband|partner|son|daughter|mother|father|mom|dad|mum|sister|brother|child|children|kids?|baby|pregnant|allerg\w+|diagnos\w+|disease|diabet\w+|medicat\w+|doctor|surgery|job|work|works|boss|company|career|divorc\w+|died|death|live|lives|moved|religio\w+|vegetarian|vegan)\b",
    re.IGNORECASE,
)


def importance(sentence: str) -> int:
    """1..10 by cues: identity, health, family and work +2; numbers, dates and names +2; preference +1; hedges -2."""
    score = 3
    score += 2 * bool(_WEIGHTY.search(sentence))
    score += 2 * bool(re.search(r"\d|(?<!^)(?<![.!?] )\b[A-Z][a-z]+", sentence[4:]))
    score += bool(re.search(r"\b(?:likes?|loves?|hates?|prefers?|favou?rite|enjoys?|dislikes?)\b", sentence, re.IGNORECASE))
    score -= 2 * bool(re.search(r"\b(?:i think|sort of|kind of|a bit|probably|thinking about|considering)\b", sentence, re.IGNORECASE))
    return max(1, min(10, score))
