"""Weeks of made-up people's chat, and what chatmem recalls for their questions: notes to train on as the app makes them.

A file of ``data/adapter/weeks`` is one person: messages as they type them, ``+N`` for N days later and a new conversation,
``# remarks``, and ``? question => key => answer``. In a key ``a/b`` is either, ``&`` joins what must all be there, and ``-`` is
for what was never told.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from chatmem.adapter.cases import Case, Note, Question
from chatmem.adapter.measure import Model
from chatmem.adapter.tasks import answer_tree
from chatmem.config import MemorySettings
from chatmem.evaluate import datasets
from chatmem.evaluate.datasets import PastSession, Said
from chatmem.evaluate.embedding import CachedEmbedder
from chatmem.evaluate.history import open_history
from chatmem.memory.context import notes_of
from chatmem.memory.query import asks_what_was_answered
from chatmem.memory.recall import recall
from chatmem.memory.rule_reply import REFUSAL
from chatmem.memory.times import written
from chatmem.prompts import shipped_folder
from chatmem.types import Recall, RecallItem
from chatmem.words import content_stems

BEGIN = datetime(2026, 11, 9, 19).astimezone()
REPLY = "Thank you for telling me."
QUESTIONS = 8
"""Questions to a set of notes: its own, and others of the same person that it answers as well. Notes cost most of the tokens."""
NEVER = 0.75
"""Share of sets that get one more question, on what was never told."""
MOST = 40
"""Tokens of a refusal."""
GROUNDED = 0.7
"""Share of an answer's words that notes and question hold; with less of them it says what the notes do not."""
_KINDS = (
    ("ago", r"\bhow long ago\b"),
    ("when", r"\b(?:when|what day|which day|what date|what year)\b"),
    ("update", r"\b(?:now|still|these days|at the moment|currently)\b"),
    ("why", r"\b(?:why|reason)\b"),
)


@dataclass(frozen=True)
class Asked:
    """A question at the end of somebody's weeks; ``key`` and ``answer`` are empty for what was never told."""

    question: str
    key: str
    answer: str


def weeks() -> list[Path]:
    """The files of all people."""
    return sorted((shipped_folder("data") / "adapter" / "weeks").glob("*.txt"))


def holds(key: str, text: str) -> bool:
    """Whether all that a key asks for stands in a text, as whole words; "13th of May" and "May 13" are 13 may."""
    plain = re.sub(r"(\d)(?:st|nd|rd|th)\b(?: of)?", r"\1", text.casefold().replace(",", "").replace("’", "'"))
    return all(any(re.search(rf"(?<!\w){re.escape(one.strip().replace(',', ''))}", plain) for one in part.split("/")) for part in key.split("&"))


def words_of(item: RecallItem) -> str:
    """What an item says of the user, with its day: a memory, or a message without its reply."""
    said = item.text if item.source == "memory" else item.text.partition("\n")[0]
    return f"{said} {written(item.event_start)}" if item.event_start else said


def read_week(file: Path) -> tuple[datasets.Case, list[Asked], datetime]:
    """A person's conversations, the questions, and when they are asked."""
    at = BEGIN
    sessions: list[tuple[datetime, list[Said]]] = [(at, [])]
    asked: list[Asked] = []
    for line in filter(None, map(str.strip, file.read_text("utf-8").splitlines())):
        if line.startswith("+"):
            at += timedelta(days=int(line[1:]))
            sessions.append((at, []))
        elif line.startswith("?"):
            question, key, answer = [*(part.strip() for part in line[1:].split("=>")), ""][:3]
            asked.append(Asked(question, "" if key == "-" else key.casefold(), answer))
        elif not line.startswith("#"):
            sessions[-1][1].extend((Said("user", line), Said("assistant", REPLY)))
    told = tuple(PastSession(day, tuple(turns)) for day, turns in sessions if turns)
    return datasets.Case("longmemeval", file.stem, told), asked, at


def recalled(file: Path, embedder: CachedEmbedder) -> Iterator[tuple[Asked, Recall]]:
    """Each question of a person with what is recalled for it, after all was learnt that they said."""
    case, asked, at = read_week(file)
    with open_history(case, embedder, learn=True) as history:
        for one, vector in zip(asked, embedder.vectors([one.question for one in asked]), strict=True):
            yield (
                one,
                recall(
                    history.store,
                    one.question,
                    settings=MemorySettings(),
                    today=at.date(),
                    query_vector=vector,
                    index=history.index,
                    embedder=history.embedder,
                ),
            )


def sets_of(file: Path, embedder: CachedEmbedder, refusal: Callable[[str], str]) -> list[dict[str, Any]]:
    """Sets of notes and questions, in the form of the hand-written ones; ``refusal`` says of a question that memory does not hold the answer.

    Each set is what was recalled for one question (or more, where one's notes are among another's), as the prompt shows it. It is asked what
    it answers, and what it does not: what recall missed, and what was never told. A set that asks only what others ask already is left out.
    """
    rng = random.Random(file.stem)
    today = read_week(file)[2].date()
    found = [(one, of) for one, of in recalled(file, embedder) if not asks_what_was_answered(one.question)]
    never = [one for one, _ in found if not one.key]
    sets: list[tuple[Recall, list[Asked]]] = []
    for one, of in sorted(found, key=lambda pair: -len(pair[1].shown)):
        ids = _ids(of)
        home = next((asked for notes, asked in sets if ids <= _ids(notes) and len(asked) < QUESTIONS), None)
        if home is not None:
            home.append(one)
        elif ids:
            sets.append((of, [one]))
    rng.shuffle(sets)
    done: set[Asked] = set()
    lines = []
    for notes, asked in sets:
        if done >= set(asked):
            continue
        shown = " ".join(map(words_of, notes.shown))
        others = [one for one, of in rng.sample(found, len(found)) if one not in asked and _answers(one, of, notes, shown)]
        asked += others[: max(0, QUESTIONS - len(asked))]
        done.update(asked)
        if never and rng.random() < NEVER:
            asked.append(rng.choice(never))
        qa = [
            line for one in dict.fromkeys(asked) if (line := _answered(one, shown) if one.key and holds(one.key, shown) else _refused(one, refusal))
        ]
        texts = [
            f"{note['text']} ({note['date']})" for _, note in sorted(notes_of(notes.question, notes, today, "trained"), key=lambda dated: dated[0])
        ]
        lines += [{"notes": texts, "qa": qa}] if qa and texts else []
    return lines


def refusals(model: Model) -> Callable[[str], str]:
    """How a model that was trained to refuse does so, whatever is asked: its own words keep it from learning others."""

    @cache
    def refusal(question: str) -> str:
        case = Case(BEGIN.date(), [Note("You like tea.", BEGIN.date())], [Question(question, "", (), "absent")])
        tree = answer_tree(random.Random(0), "test", case, alone=True)
        return f"{REFUSAL} {model.reply(tree.prefix + tree.branches[0].context + REFUSAL, MOST).text}"

    return refusal


def _ids(recall: Recall) -> set[str]:
    return {item.id for item in recall.shown}


def _answers(one: Asked, recall: Recall, notes: Recall, shown: str) -> bool:
    """Whether these notes, ``shown`` in words, answer another question: all that its own recall found for it stands in them."""
    evidence = {item.id for item in recall.shown if any(holds(part, words_of(item)) for part in one.key.split("&"))} if one.key else set()
    return bool(evidence) and evidence <= _ids(notes) and holds(one.key, shown)


def _answered(one: Asked, shown: str) -> dict[str, Any] | None:
    """The question with its answer; None where the answer says what the notes do not: a name, a number, or much else."""
    told = f"{shown} {one.question}"
    known = set(re.findall(r"\w+", told.casefold()))
    words = re.findall(r"\w+", one.answer)
    stems = content_stems(one.answer)
    if any((word[0].isupper() or word[0].isdigit()) and word.casefold() not in known for word in words[1:]):
        return None
    if stems and len(stems & content_stems(told)) < GROUNDED * len(stems):
        return None
    kind = next((name for name, pattern in _KINDS if re.search(pattern, one.question, re.IGNORECASE)), "fact")
    return {"q": one.question, "a": one.answer, "key": [part.split("/")[0].strip() for part in one.key.split("&")], "kind": kind}


def _refused(one: Asked, refusal: Callable[[str], str]) -> dict[str, Any]:
    return {"q": one.question, "a": refusal(one.question), "key": [], "kind": "abstain"}
