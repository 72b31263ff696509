"""Replies by rule, for a model too small to be trusted with them.

A model under a billion parameters invents a name sooner than it admits a gap, and answers "my sister lives in Oslo"
with a welcome to Norway. Where a rule knows the right words it says them; for all else the model speaks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from chatmem.memory.cues import NEGATIVE
from chatmem.memory.histories import asks_for_history
from chatmem.memory.people import names_of
from chatmem.memory.person import second_person
from chatmem.memory.query import asks_for_advice, asks_for_food
from chatmem.memory.recall import near_by_both, nearness
from chatmem.memory.times import written
from chatmem.types import Candidate, Recall
from chatmem.words import content_stems, is_personal, is_question

NO_MEMORY = "I have no memory of that. Tell me, and I will remember it."
REFUSAL = "I have no memory of"  # how the adapter taught the bundled model to refuse
NOT_SURE = "I am not sure. What comes closest in my memory: {}"
ADVICE = "What I remember of it: {}"
NEAREST = "{} Nearest to it: {}"
NAMED = 0.8  # nearness of a memory that is named beside a refusal
OPENERS = ("Noted: {}", "I will remember that: {}", "Good to know. {}")
SORRY = ("I am sorry to hear that. I will remember: {}", "I am sorry. I keep it in mind: {}")
GLAD = ("How lovely! I will remember: {}", "I am glad to hear that. I keep it in mind: {}")
_SAD = re.compile(
    r"\b(?:died|passed away|(?:was|were|been|be) (?:put (?:down|to sleep)|made redundant|laid off|fired|sacked|evicted|burgled|robbed|mugged|rejected)|lost (?:(?:his|her|their|your) (?:job|home|house|baby|sight|hearing|wallet|purse|keys|phone)|the baby)"
    r"|broke up|split up|splitting up|breaking up|(?:getting|got|is getting) (?:divorced|separated)|dumped you|left you|diagnosed with|cancer|tumou?r|leukaemia|dementia|alzheimer\w*|miscarriage|had an? (?:stroke|heart attack|accident|miscarriage|fall)"
    r"|(?:is|are) (?:in hospital|very ill|seriously ill|dying|not eating)|failed|(?:broke|fractured|sprained|tore|dislocated) (?:his|her|their|your)|(?:got|was|were|been) (?:stolen|nicked|broken into|scammed)|funeral|didn't get|did not get)\b",
    re.IGNORECASE,
)
_GLAD = re.compile(
    r"\b(?:(?:has |have |just )?got engaged|(?:is|are) engaged|(?:is|are) getting married|(?:just )?got married|(?:is|are) (?:now )?pregnant|(?:is|are) expecting|had (?:a|her|his|their) (?:baby|boy|girl)|(?:was|were) (?:just )?(?:born|promoted|accepted|hired)|(?:got|landed|has got) (?:the|a new|an?) (?:\w+ ){0,3}?(?:job|role|promotion|place|offer)"
    r"|has a new job|passed (?:the|your|his|her|their)|graduated|won|got into (?-i:[A-Z])\w+|cancer[- ]free|all clear|bought (?:a|the|your first) (?:house|flat|home)|out of hospital)\b",
    re.IGNORECASE,
)
_NO_GOOD = re.compile(
    r"\b(?:hates?|can't stand|dislikes?|(?:don't|doesn't) like|scared|afraid|terrified|allergic|allergy|intolerant|diabet\w+|asthma|depress\w+|anxi\w+|pain|hurts?|aches?|bad|worse|worst|ill|sick|broken|lost|late|debt|owes?|lonely|struggling)\b",
    re.IGNORECASE,
)
"""What is not good to know."""
_LONG_AGO = re.compile(
    r"\b(?:in (?:19|20)\d\d|(?:19|20)\d\d\b(?=\.$)|years ago|as a (?:kid|child)|when (?:you|he|she) (?:was|were)|used to)\b", re.IGNORECASE
)
_NAME_ASKED = re.compile(
    r"^\W*(?:(?:so|and|hey|ok|remind me),? )*(?:do you (?:know|remember) )?(?:(?:what|who)(?:['’]?s| is| was| are)? )?"
    r"(?:the names? of (?:my|our) (?P<of>[\w-]+(?: [\w-]+)?)|my (?P<who>[\w-]+(?: [\w-]+)?)(?:['’]?s?['’]? names?(?: is| are)?|(?: is| are)? (?:called|named)))(?: again)?\W*$",
    re.IGNORECASE,
)
"""“What's my husband called?”, “my sister's name?”, “do you remember what my dog is called”."""
_NOW_ASKED = re.compile(
    r"^\W*(?:(?:so|and|hey|ok|hi|please|do you know|can you tell me|tell me)\b,? ?)*"
    r"(?:(?:what|which) (?:day|date|time|year|month|day of the (?:week|month)) (?:is it|it is|is today)|what(?:['’]?s| is) (?:the |today['’]?s )(?:date|day|time|year))"
    r"(?: (?:now|today|right now|please|again))*\W*$",
    re.IGNORECASE,
)
_ALIVE_ASKED = re.compile(r"\b(?:do (?:i|we) (?:still )?have|how(?:['’]?s| is| are)|alive|what happened to)\b", re.IGNORECASE)
_DIED = re.compile(r"\b(?:died|passed away|put (?:down|to sleep))\b", re.IGNORECASE)
_SAID_ASKED = re.compile(
    r"^\W*(?:(?:so|and|hey|ok|wait)\b,? )*what (?:did i|have i) (?:just |last )?(?:say|said|write|written|asked?|told|tell|typed?)(?: (?:you|just now|before that|before this|last|again))*\W*$",
    re.IGNORECASE,
)
MAX_REPEATED = 3  # facts said back; the rest is learnt in silence


def rule_reply(message: str, recall: Recall, candidates: Sequence[Candidate], number: int, *, trained: bool = False) -> str | None:
    """What to answer without the model, or None to let it speak.

    Nothing remembered about a question on the user: say so; something that may only bear on it: say that; that what is
    asked about is not so, the name of somebody, an allergy where advice on food is asked for: say it. A statement that
    teaches something: say it back, so that the user sees what was understood. ``number`` of the turn varies the wording.
    A model ``trained`` to refuse what its notes do not hold judges by itself whether something that may bear on the
    question answers it.
    """
    if is_question(message):
        if said := _what_is_over(message, recall) or _name_asked(message, recall) or _diet_minded(message, recall):
            return said
        if not is_personal(message) or recall.state not in ("none", "possible"):
            return None
        closest = next((item for item in recall.shown if item.source == "memory"), None)
        if recall.state == "none" or not recall.shown:
            return NO_MEMORY
        if trained:
            return None
        return NOT_SURE.format(second_person(closest.text)) if closest else None
    if not candidates:
        return None
    facts = [second_person(candidate.text) for candidate in candidates[:MAX_REPEATED]]
    lead = " ".join(facts)
    openers = _openers(lead)
    opener = openers[number // 2 % len(openers)]
    return opener.format(lead[0].lower() + lead[1:] if ": {}" in opener and re.match(r"(?:You|Your|The|They)\b", lead) else lead)


def _openers(said: str) -> Sequence[str]:
    """How to begin when this is said back: as one does to good or bad news, or plainly."""
    if _GLAD.search(said):
        if not _LONG_AGO.search(said):
            return GLAD
    elif _SAD.search(said):
        return SORRY
    return OPENERS[:2] if _NO_GOOD.search(said) else OPENERS


def now_reply(message: str, now: datetime) -> str | None:
    """The day and the time, where somebody asks just that: no model can know it."""
    return f"It is {written(now.date(), weekday=True)}, {now:%H:%M}." if _NOW_ASKED.match(message) else None


def said_reply(message: str, before: str | None) -> str | None:
    """The user's own last message, where somebody asks just for that."""
    if not _SAID_ASKED.match(message):
        return None
    return f"You said: “{before}”" if before else "You have not said anything yet in this conversation."


def may_refuse(begun: str) -> bool:
    """Whether a reply that begins so is, or may still become, a refusal as the bundled model says it."""
    text = begun.lstrip()
    return text.startswith(REFUSAL) or REFUSAL.startswith(text)


def refused(message: str, recall: Recall, refusal: str) -> str:
    """What to say where a model refuses with these words: the nearest memory beside them, or alone where advice is asked for, which no memory holds.

    Of 33 refusals of what made-up people had told, 7 then name a memory, 3 of them the one that was wanted; of 52 of what they had not told, 13 name
    one of the same thing (tuning half of tests.bench.weeks).
    """
    if not refusal.startswith(REFUSAL):  # cut short
        return refusal
    memories = sorted((item for item in recall.shown if item.source == "memory"), key=nearness, reverse=True)
    if asks_for_advice(message):
        return next((ADVICE.format(second_person(item.text)) for item in memories if near_by_both(item)), refusal)
    if memories and nearness(memories[0]) >= NAMED:
        return NEAREST.format(refusal, second_person(memories[0].text))
    return refusal


def _name_asked(message: str, recall: Recall) -> str | None:
    """The name that is asked for, where memory knows one and only one: a small model, asked what somebody is called, refuses."""
    match = _NAME_ASKED.match(message)
    who = (match["of"] or match["who"]).casefold() if match else ""
    names = names_of(who, [item.text for item in recall.items if item.source == "memory"]) if who else []
    return f"Your {who} is called {names[0]}." if len(names) == 1 else None


def _diet_minded(message: str, recall: Recall) -> str | None:
    """What has to be minded where advice on food is asked for: a small model would suggest it, or refuse."""
    minded = [item.text for item in recall.shown if item.parts.get("diet", 0.0) > 0][:MAX_REPEATED] if asks_for_food(message) else []
    said = " ".join(map(second_person, minded))
    return f"Mind this: {said[0].lower()}{said[1:]}" if said else None


def _what_is_over(message: str, recall: Recall) -> str | None:
    """The newest memory about all that is asked, where it denies it: a small model answers "Do I have a dog?" by the dog, not by the "not"."""
    asked = content_stems(re.sub(r"\b(?:what happened to|still alive|alive)\b", "", message, flags=re.IGNORECASE))
    about = [item for item in recall.shown if item.source == "memory" and asked and asked <= content_stems(item.text)]
    newest = max(about, key=lambda item: item.said_at, default=None)
    over = newest is not None and (NEGATIVE.search(newest.text) or (_ALIVE_ASKED.search(message) and _DIED.search(newest.text)))
    if newest is None or not over or NEGATIVE.search(message) or asks_for_history(message):
        return None
    return second_person(newest.text)
