"""The data of chatmem: what is stored, what is recalled, and the events of one turn.

Times are timezone-aware datetimes (stored as UTC); dates of events are calendar dates.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Clock = Callable[[], datetime]
"""Returns the present, timezone-aware in the user's zone. The core never asks the wall clock itself."""

Role = Literal["user", "assistant"]
TurnState = Literal["complete", "cut", "failed"]
Kind = Literal["fact", "event"]
Status = Literal["active", "superseded", "merged", "archived", "deleted"]
Polarity = Literal["positive", "negative"]
TimeSource = Literal["stated", "session", "none"]
Origin = Literal["rule", "llm", "user"]
SessionState = Literal["open", "closed", "consolidated"]
Actor = Literal["user", "rule", "llm", "job"]
Relation = Literal["Changed", "Cause", "Reason", "HinderedBy", "React", "Want", "SameTopic", "MergedInto"]
Op = Literal["INSERT", "PASS", "REPLACE", "END", "MERGE", "SPLIT", "FORGET", "RESTORE", "REINFORCE", "EDIT", "PIN", "LINK", "PURGE", "UNDO"]


class Record(BaseModel):
    """Base of all stored or exchanged data: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Session(Record):
    """One conversation. ``head`` is the newest turn of the branch now shown."""

    id: str
    profile: str = "default"
    title: str = ""
    started_at: datetime
    ended_at: datetime | None = None
    state: SessionState = "open"
    head: str | None = None


class Turn(Record):
    """One message. Immutable; ``parent`` makes branches (edit, regenerate) without destroying."""

    id: str
    session_id: str
    n: int
    parent: str | None
    role: Role
    content: str
    created_at: datetime
    state: TurnState = "complete"
    tokens: int | None = None
    model: str | None = None


class Memory(Record):
    """A fact or a dated event about the user; always with provenance.

    ``importance`` is 1..10; ``strength`` 1..10 grows with real use. ``valid_to`` is set when a newer
    fact took its place. ``event_start``/``event_end`` say when it happened (inclusive dates).
    """

    id: str
    profile: str = "default"
    kind: Kind
    text: str
    span: str = ""
    subject: str = "user"
    polarity: Polarity = "positive"
    keywords: list[str] = Field(default_factory=list)
    importance: int = 3
    pinned: bool = False
    event_start: date | None = None
    event_end: date | None = None
    time_source: TimeSource = "none"
    created_at: datetime
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    status: Status = "active"
    version: int = 1
    strength: int = 1
    access_count: int = 0
    last_access_at: datetime | None = None
    confidence: float = 1.0
    origin: Origin = "rule"


class Summary(Record):
    """A version of the summary of one session, or of the running summary across sessions; older versions are kept."""

    id: str
    profile: str = "default"
    kind: Literal["session", "running"]
    session_id: str | None
    version: int
    text: str
    created_at: datetime


class Candidate(Record):
    """What extraction proposes from one user turn; becomes a Memory when inserted.

    ``text`` is a standalone third-person sentence about "The user", or about others and things by their names; ``span`` the verbatim words it rests on;
    ``corrects`` the text of the memory that the user takes back with it.
    """

    kind: Literal["fact", "event"]
    text: str
    span: str
    corrects: str = Field(default="", exclude=True)  # no field of the memory
    subject: str = "user"
    polarity: Polarity = "positive"
    keywords: list[str] = Field(default_factory=list)
    importance: int = 3
    event_start: date | None = None
    event_end: date | None = None
    time_source: TimeSource = "none"


class Link(Record):
    """How one memory led to another; ``src`` is the older one (equal times: the smaller id). ``weight`` is 0..1."""

    src: str
    dst: str
    relation: Relation
    weight: float = 1.0
    origin: Origin = "rule"
    created_at: datetime


class Rows(Record):
    """The rows that an operation touched, on one side of it: a memory that did not exist is None.

    ``links`` holds only those that the operation removed (before) or added (after).
    """

    memories: dict[str, Memory | None] = Field(default_factory=dict)
    sources: dict[str, list[str]] = Field(default_factory=dict)
    links: list[Link] = Field(default_factory=list)


class Operation(Record):
    """One change of memory in the log. ``memory_id`` is the memory it is about, ``memories`` all that it touched.

    ``before`` and ``after`` are None once a memory in them was purged. ``undone_by`` is the id of the UNDO that took it back.
    """

    id: int = 0
    at: datetime
    actor: Actor
    op: Op
    memory_id: str
    memories: list[str] = Field(default_factory=list)
    reason: str = ""
    before: Rows | None = None
    after: Rows | None = None
    score: float | None = None
    undone_by: int | None = None


class JobRun(Record):
    """One run of a background job. ``cursor`` is how far it got; ``stats`` counts what it did."""

    id: str
    kind: str
    state: Literal["running", "done", "failed", "cancelled"]
    cursor: str | None = None
    started_at: datetime
    finished_at: datetime | None = None
    stats: dict[str, int | float | str] = Field(default_factory=dict)


class RecallItem(Record):
    """One thing recalled for a reply: a memory, or a round (a user turn with its reply) as evidence.

    ``score`` is the fused relevance in 0..1; ``parts`` holds each component by name.
    ``shown`` says whether it was placed in the prompt; ``reason`` why, or why not.
    ``turn_id`` is the turn it opens to. ``history`` says what a fact took the place of, the latest first.
    """

    source: Literal["memory", "round"]
    id: str
    kind: str
    text: str
    said_at: datetime
    event_start: date | None = None
    valid_to: datetime | None = None
    score: float
    parts: dict[str, float] = Field(default_factory=dict)
    shown: bool = False
    reason: str = ""
    history: list[str] = Field(default_factory=list)
    session_id: str | None = None
    turn_id: str | None = None


class Recall(Record):
    """Everything recall did for one question. ``state`` is "none" when nothing relevant is remembered."""

    id: str = ""
    question: str
    state: Literal["confident", "possible", "none", "off"]
    items: list[RecallItem] = Field(default_factory=list)
    milliseconds: float = 0.0

    @property
    def shown(self) -> list[RecallItem]:
        """The items that were placed in the prompt, best first."""
        return [item for item in self.items if item.shown]


class Usage(Record):
    """Cost of one reply. ``evaluated`` counts prompt tokens really run, ``reused`` those kept from the last turn."""

    prompt_tokens: int = 0
    evaluated: int = 0
    reused: int = 0
    reply_tokens: int = 0
    seconds_to_first_token: float = 0.0
    seconds: float = 0.0
    context: int = 0

    @property
    def tokens_per_second(self) -> float:
        """Generation speed after the first token; 0 when nothing was generated."""
        spent = self.seconds - self.seconds_to_first_token
        return (self.reply_tokens - 1) / spent if spent > 0 and self.reply_tokens > 1 else 0.0


class Recalled(Record):
    """First event of a turn: the stored user turn and what was recalled for it."""

    turn: Turn
    recall: Recall


class Token(Record):
    """A piece of the reply's text."""

    text: str


class Finished(Record):
    """The reply is complete and stored."""

    turn: Turn
    recall: Recall
    usage: Usage


class Cancelled(Record):
    """The reply was cut by the user; what had been said is stored, marked as cut."""

    turn: Turn
    recall: Recall
    usage: Usage


class Failed(Record):
    """No reply could be made; the user's turn is stored all the same."""

    turn: Turn | None
    message: str
    hint: str = ""


TurnEvent = Recalled | Token | Finished | Cancelled | Failed
