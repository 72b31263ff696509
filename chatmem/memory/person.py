"""Say a stored third-person sentence to the user: "The user's dog is old." becomes "Your dog is old."."""

from __future__ import annotations

import re

_IRREGULAR = {
    "is": "are",
    "was": "were",
    "has": "have",
    "does": "do",
    "isn't": "aren't",
    "wasn't": "weren't",
    "hasn't": "haven't",
    "doesn't": "don't",
    "goes": "go",
}
_ADVERB = r"(?:also|always|often|never|now|usually|really|still|just|already|recently|sometimes|currently|once|only|both|no longer|finally|mostly)"
_SUBJECT = re.compile(rf"\b([Tt])he user((?: {_ADVERB})*) ([\w']+)")
_SAME = {
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
    "and",
    "or",
    "to",
    "in",
    "at",
    "for",
    "with",
    "from",
    "on",
    "about",
    "as",
    "won't",
    "can't",
}
_ENDS_IN_S = ("ss", "us", "is", "as")


def base_form(verb: str) -> str:
    """The plain form of a third-person verb ("likes" -> "like"); past and modal forms stay as they are."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb in _SAME or not verb.endswith("s") or verb.endswith(_ENDS_IN_S):
        return verb
    if verb.endswith("ies") and len(verb) > 4:
        return verb[:-3] + "y"
    if verb.endswith(("sses", "shes", "ches", "xes", "zzes", "oes")):
        return verb[:-2]
    return verb[:-1]


def second_person(text: str) -> str:
    """The same sentence said to the user."""
    text = re.sub(r"\b([Tt])he user's\b", lambda m: "Your" if m[1] == "T" else "your", text)
    text = _SUBJECT.sub(lambda m: f"{'You' if m[1] == 'T' else 'you'}{m[2]} {base_form(m[3])}", text)
    text = re.sub(r"\b([Tt])he user\b", lambda m: "You" if m[1] == "T" else "you", text)
    return re.sub(r"\b([Tt])heir own\b", lambda m: "Your own" if m[1] == "T" else "your own", text)
