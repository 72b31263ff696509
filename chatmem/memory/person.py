"""A stored third-person sentence said to the user, or as the user would: "The user's dog is old.", "Your dog is old.", "My dog is old."."""

from __future__ import annotations

import re
from collections.abc import Callable

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
_OF_I = {"is": "am", "isn't": "am not", "was": "was", "wasn't": "wasn't"}
_ADVERB = r"(?:also|always|often|never|now|usually|really|still|just|already|recently|sometimes|currently|once|only|both|no longer|finally|mostly|seldom|almost|even|[a-z]+ly)"
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
_AS_WELL = re.compile(
    rf"^The user (?:(?!\b(?:who|whose|that|which|because|when|where|while|if|than|says?)\b|['’]s|,? and the )[^.;])*? (?:and|but)(?: {_ADVERB})* "
    r"(?P<verb>is|isn't|was|has|does|doesn't|works|lives|plays|loves|likes|hates|studies|teaches|speaks|drives|runs|wants|goes|plans|needs|takes|makes|eats|drinks|keeps|uses|owns|prefers|wears|reads|sings|walks|sleeps|enjoys|knows)\b"
)
"""A second verb of the user's: "The user lives in Rome and works at a bank."."""
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


def _with_plain_second_verb(text: str, form: Callable[[str], str]) -> str:
    match = _AS_WELL.match(text)
    return text if match is None else text[: match.start("verb")] + form(match["verb"]) + text[match.end("verb") :]


def second_person(text: str) -> str:
    """The same sentence said to the user."""
    text = _with_plain_second_verb(text, base_form)
    text = re.sub(r"\b([Tt])he user's\b", lambda m: "Your" if m[1] == "T" else "your", text)
    text = _SUBJECT.sub(lambda m: f"{'You' if m[1] == 'T' else 'you'}{m[2]} {base_form(m[3])}", text)
    text = re.sub(r"\b([Tt])he user\b", lambda m: "You" if m[1] == "T" else "you", text)
    return re.sub(r"\b([Tt])heir own\b", lambda m: "Your own" if m[1] == "T" else "your own", text)


_ME = re.compile(r"(?<=[a-z] )the user\b(?!['’])")
_BEFORE_I = re.compile(
    r"(?:\b(?:and|or|but|so|that|because|when|where|while|if|than|as|since|before|after|until|which|who|though|thinks?|says?|hopes?)|^) $"
)


def _form_of_i(verb: str) -> str:
    return _OF_I.get(verb) or base_form(verb)


def first_person(text: str) -> str:
    """The same sentence as the user would say it."""
    text = _with_plain_second_verb(text, _form_of_i)
    text = re.sub(r"\b([Tt])he user['’]s\b", lambda m: "My" if m[1] == "T" else "my", text)
    text = _ME.sub(lambda m: m[0] if _BEFORE_I.search(text[: m.start()]) else "me", text)
    text = _SUBJECT.sub(lambda m: f"I{m[2]} {_form_of_i(m[3])}", text)
    text = re.sub(r"\b[Tt]he user\b", "I", text)
    return re.sub(r"\b([Tt])heir own\b", lambda m: "My own" if m[1] == "T" else "my own", text)
