"""Question sets in one shape: LongMemEval (official files and our own sets) and LoCoMo.

What a system may see (``Case.sessions``, ``Question``) is kept apart from what only the scorer may see (``Gold``):
session ids, titles, ``has_answer`` and everything else that could give the answer away stay on the scorer's side. The
store gives every session a new id of its own. Places in the history are pairs (session, turn), both counted from 0 in
order of time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from chatmem.evaluate.json_stream import DatasetError, read_elements
from chatmem.types import Role

Layout = Literal["longmemeval", "locomo"]
Place = tuple[int, int]
LOCOMO_TYPES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}


@dataclass(frozen=True, slots=True)
class Said:
    """One turn of the history."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class PastSession:
    """One session of the history: when it began, and its turns. It has no id and no title."""

    at: datetime
    turns: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What the system is asked, and when."""

    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Gold:
    """What only the scorer knows about a question.

    ``sessions`` and ``turns`` are the places of the evidence; ``recallable`` is False where retrieval is not scored
    (abstention in LongMemEval, no evidence given in LoCoMo). ``must_include`` holds groups of words of which one each
    has to be in the answer.
    """

    id: str
    type: str
    answer: str
    abstention: bool
    sessions: frozenset[int]
    turns: frozenset[Place]
    recallable: bool = True
    answer_type: str = ""
    must_include: tuple[tuple[str, ...], ...] = ()
    must_not_include: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One history with the questions about it (LongMemEval: one each; LoCoMo: about two hundred)."""

    layout: Layout
    id: str
    sessions: tuple[PastSession, ...]
    questions: tuple[tuple[Question, Gold], ...] = field(default_factory=tuple)

    def round_of(self, place: Place) -> Place:
        """The round that a turn belongs to, as the place of its user turn (of the turn itself when none comes before it)."""
        session, turn = place
        turns = self.sessions[session].turns
        for index in range(turn, -1, -1):
            if turns[index].role == "user":
                return session, index
        return session, 0

    def rounds(self) -> list[Place]:
        """Every round, by its user turn, oldest first."""
        return [(s, t) for s, session in enumerate(self.sessions) for t, said in enumerate(session.turns) if said.role == "user"]


def read_cases(path: Path) -> Iterator[Case]:
    """Stream the cases of a file or folder, whatever its layout. Raises DatasetError that names the element at fault."""
    for number, element in enumerate(read_elements(path), 1):
        try:
            if "haystack_sessions" in element:
                yield longmemeval_case(element)
            elif "qa" in element:
                yield locomo_case(element, f"conversation-{number}")
            else:
                raise KeyError("haystack_sessions")
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise DatasetError(
                f"{path.name}: element {number} is neither a LongMemEval question nor a LoCoMo conversation ({type(error).__name__}: {error}).",
                "The layouts are described in docs/evaluation.md.",
            ) from error


def parse_date(text: str) -> datetime:
    """A date of LongMemEval ("2023/07/01 (Sat) 23:13") or LoCoMo ("1:56 pm on 8 May, 2023"), in the machine's zone.

    The files name no zone; taking the machine's own makes their calendar days the same everywhere.
    """
    if match := re.fullmatch(r"\s*(\d{4})/(\d{1,2})/(\d{1,2})(?:\s*\(\w+\))?(?:\s+(\d{1,2}):(\d{2}))?\s*", text):
        year, month, day, hour, minute = (int(part or 0) for part in match.groups())
        return datetime(year, month, day, hour, minute).astimezone()
    if match := re.fullmatch(r"\s*(\d{1,2}):(\d{2})\s*([ap]m) on (\d{1,2}) (\w+),? (\d{4})\s*", text, re.IGNORECASE):
        clock_hour, clock_minute, half, day_text, month_name, year_text = match.groups()
        moment = datetime.strptime(f"{day_text} {month_name[:3]} {year_text}", "%d %b %Y")
        return (moment + timedelta(hours=int(clock_hour) % 12 + 12 * (half.lower() == "pm"), minutes=int(clock_minute))).astimezone()
    raise ValueError(f"not a date: {text!r}")


def longmemeval_case(element: Mapping[str, Any]) -> Case:
    """A question of an official LongMemEval file or of our own sets, its sessions put in order of time."""
    moments = [parse_date(text) for text in element["haystack_dates"]]
    ids, haystack = element["haystack_session_ids"], element["haystack_sessions"]
    if not len(moments) == len(ids) == len(haystack):
        raise ValueError("haystack_dates, haystack_session_ids and haystack_sessions differ in length")
    order = sorted(range(len(haystack)), key=lambda index: moments[index])  # stable: equal times stay in file order
    sessions = tuple(
        PastSession(moments[index], tuple(Said(_role(turn["role"]), str(turn["content"])) for turn in haystack[index])) for index in order
    )
    evidence = set(element["answer_session_ids"])
    question_id = str(element["question_id"])
    abstention = "_abs" in question_id
    gold = Gold(
        id=question_id,
        type=str(element["question_type"]),
        answer=str(element["answer"]),
        abstention=abstention,
        sessions=frozenset(place for place, index in enumerate(order) if ids[index] in evidence),
        turns=frozenset(
            (place, number) for place, index in enumerate(order) for number, turn in enumerate(haystack[index]) if turn.get("has_answer")
        ),
        recallable=not abstention,
        answer_type=str(element.get("answer_type", "")),
        must_include=tuple((group,) if isinstance(group, str) else tuple(group) for group in element.get("must_include", ())),
        must_not_include=tuple(element.get("must_not_include", ())),
    )
    return Case("longmemeval", question_id, sessions, ((Question(str(element["question"]), parse_date(element["question_date"])), gold),))


def _role(role: str) -> Role:
    if role not in ("user", "assistant"):
        raise ValueError(f"role {role!r}")
    return "user" if role == "user" else "assistant"


def locomo_case(element: Mapping[str, Any], fallback_id: str) -> Case:
    """A conversation of LoCoMo, from the one-file or the per-conversation layout.

    Two people speak and neither is an assistant, so every utterance becomes one stored user turn "Name: words" (a photo
    is given by its caption): a round is then one turn, and turn@k counts what it says. Questions carry no date: they
    are asked a day after the last session.
    """
    conversation = element.get("conversation", element)
    numbers = sorted(int(match[1]) for key in conversation if (match := re.fullmatch(r"session_(\d+)", key)) and conversation[key])
    moments = {number: parse_date(conversation[f"session_{number}_date_time"]) for number in numbers}
    numbers.sort(key=lambda number: moments[number])
    places: dict[str, Place] = {}
    sessions = []
    for index, number in enumerate(numbers):
        turns: list[Said] = []
        for turn in conversation[f"session_{number}"]:
            places[_dialogue_id(turn["dia_id"])] = (index, len(turns))
            photo = f" [shares a photo: {turn['blip_caption']}]" if turn.get("blip_caption") else ""
            turns.append(Said("user", f"{turn['speaker']}: {turn.get('text') or ''}{photo}"))
        sessions.append(PastSession(moments[number], tuple(turns)))
    name = str(element.get("sample_id", fallback_id))
    asked = max(moments.values()) + timedelta(days=1)
    questions = []
    for index, item in enumerate(element["qa"]):
        category = int(item["category"])
        # A few labels hold several ids in one string, or a stray colon or zero.
        cited = [_dialogue_id(match) for text in item.get("evidence", ()) for match in re.findall(r"D:?\d+:\d+", str(text))]
        turns_cited = frozenset(places[id_] for id_ in cited if id_ in places)
        gold = Gold(
            id=f"{name}-q{index}",
            type=LOCOMO_TYPES.get(category, f"category {category}"),
            answer=str(item.get("answer", "")),
            abstention=category == 5,
            sessions=frozenset(session for session, _ in turns_cited),
            turns=turns_cited,
            recallable=bool(turns_cited),
            answer_type="abstain" if category == 5 else "",
            must_not_include=(str(item["adversarial_answer"]),) if item.get("adversarial_answer") else (),
        )
        questions.append((Question(str(item["question"]), asked), gold))
    return Case("locomo", name, tuple(sessions), tuple(questions))


def _dialogue_id(text: str) -> str:
    session, turn = re.findall(r"\d+", text)
    return f"D{int(session)}:{int(turn)}"
