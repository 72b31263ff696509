"""Rounds that only say again what memory holds: a question, and the reply that memory gave.

Asked again, such a question is nearest to itself. Recalled, it would stand where the fact should, go on saying what has
changed since, and take an earlier "I have no memory of that" for an answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from chatmem.memory.query import asks_for_advice, asks_what_was_answered
from chatmem.store import Store
from chatmem.words import statements

_REFUSAL = re.compile(
    r"\b(?:no|not any|don['’]?t have (?:any |a |that |this |enough )?|do not have (?:any |a |that |this |enough )?|without) ?(?:memor(?:y|ies)|record|information|mention|details?)\b"
    r"|\b(?:don['’]?t|do not|can(?:no|['’])?t|could(?:n['’]?t| not)|did(?:n['’]?t| not)|have(?:n['’]?t| not)|never|has(?:n['’]?t| not)|was(?:n['’]?t| not)|were(?:n['’]?t| not)) "
    r"(?:\w+ ){0,3}?(?:know|remember|recall|mention(?:ed)?|find|told|say|said|state[d]?|talk(?:ed)?|shared?|discuss(?:ed)?|determine|answer)\b"
    r"|\bnot (?:enough|sufficient) information\b|\binformation (?:\w+ ){0,3}(?:not|insufficient)\b|\b(?:is|was) not (?:mentioned|stated|given|specified|provided|known)\b"
    r"|\bnothing (?:about|on) (?:that|this|it)\b|\bunknown\b|\bi['’]?m not sure\b|\bi am not sure\b",
    re.IGNORECASE,
)


def refuses(answer: str) -> bool:
    """Whether an answer says that it does not know, or that this was never mentioned."""
    return not answer.strip() or _REFUSAL.search(answer) is not None


def echoes(store: Store, round_ids: Sequence[str], question: str) -> set[str]:
    """Those of these rounds that say nothing of their own; none when the ``question`` is about what chatmem answered.

    Only rounds for which chatmem looked into memory itself: in imported talk every reply is news.
    """
    if asks_what_was_answered(question):
        return set()
    return {id_ for id_, said, reply, remembered in store.answered_from_memory(round_ids) if _says_nothing(said, reply, remembered)}


def _says_nothing(said: str, reply: str, remembered: bool) -> bool:
    if statements(said).strip():
        return False
    return refuses(reply) or (remembered and not asks_for_advice(said))
