"""Weeks of made-up people's chat, as they type, and what they ask about it at the end: ``python -m tests.bench.weeks``.

The whole of chatmem with the bundled model, in a clean folder for each person. Prints of what was told how often its key
stands in what was recalled, and in the reply; of what was never told how often the reply says so. The rules were made
with the tuning half before one's eyes; nobody reads the other.

    python -m tests.bench.weeks [--heldout] [--errors]     # --errors lists those of the tuning half
    python -m tests.bench.weeks --recall     # recall alone, of the 192 people whose weeks the adapter learns from
    python -m tests.bench.weeks --memories   # the same people: whether one memory holds the key, not only the message

A file of ``tests/data/weeks`` is one person: messages, ``+N`` for N days later and a new conversation, ``# remarks``, and
``? question => key``, where ``a/b`` is either, ``&`` joins what must all be there, and ``-`` is for what was never told.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from chatmem.adapter.weeks import BEGIN, holds, read_week, recalled, weeks, words_of
from chatmem.chat import Chat, Conversation
from chatmem.cli.evaluation import open_embedder
from chatmem.config import Paths, Settings
from chatmem.evaluate.history import open_history
from chatmem.memory.echoes import refuses
from chatmem.memory.times import written
from chatmem.types import Finished, Recall

DATA = Path(__file__).resolve().parents[1] / "data" / "weeks"
STEP = timedelta(minutes=2)  # from message to message


@dataclass
class Clock:
    """A clock that is put forward by hand."""

    now: datetime = BEGIN

    def __call__(self) -> datetime:
        """The present, one second later each time."""
        self.now += timedelta(seconds=1)
        return self.now


@dataclass(frozen=True)
class Asked:
    """A question, the reply, what was recalled, and the verdicts; ``key`` is empty for what was never told."""

    question: str
    key: str
    reply: str
    recall: Recall

    @property
    def recalled(self) -> bool:
        """Whether the key stands in what was recalled and shown."""
        return holds(self.key, " ".join(f"{item.text} {written(item.event_start) if item.event_start else ''}" for item in self.recall.shown))

    @property
    def right(self) -> bool:
        """Whether the reply holds the key, or says that it is not known."""
        return holds(self.key, self.reply) if self.key else refuses(self.reply)


@dataclass
class Tally:
    """Counts by name: how many, and of how many."""

    done: Counter[str] = field(default_factory=Counter)
    of: Counter[str] = field(default_factory=Counter)

    def count(self, name: str, right: bool) -> None:
        """One more."""
        self.of[name] += 1
        self.done[name] += right

    def print(self) -> None:
        """A line for each name."""
        for name, of in self.of.items():
            print(f"{name:<40} {self.done[name] / of:6.1%} ({self.done[name]}/{of})")


def say(chat: Chat, conversation: Conversation, message: str) -> tuple[str, Recall]:
    """Send a message; the reply and what was recalled for it."""
    done = [event for event in chat.reply(conversation, message) if isinstance(event, Finished)]
    return done[-1].turn.content, done[-1].recall


def lived(file: Path, models: Path) -> Iterator[Asked]:
    """One person's weeks: the messages are said, the questions asked, each in a conversation of its own. The ``models`` serve all."""
    clock = Clock()
    case, asked, at = read_week(file)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "models").symlink_to(models)
        chat = Chat(Paths(Path(folder)).make(), Settings(), clock)
        try:
            chat.engine.wait(120)
            chat.embedder.wait(120)
            for past in case.sessions:
                clock.now = past.at
                conversation = chat.open(None)
                for turn in past.turns:
                    if turn.role == "user":
                        say(chat, conversation, turn.text)
                        clock.now += STEP
            clock.now = at
            for one in asked:
                chat.settle()
                yield Asked(one.question, one.key, *say(chat, chat.open(None), one.question))
        finally:
            chat.close()


def recall_alone() -> Tally:
    """Recall for the questions of those people whose weeks the adapter learns from; no reply is made."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        embedder = open_embedder(stack, Paths(Path(folder)).make(), Settings(), None)
        for file in weeks():
            for asked, found in recalled(file, embedder):
                kind = "told" if asked.key else "never told"
                tally.count(f"{kind}: nothing remembered", found.state == "none")
                if asked.key:
                    tally.count("told: in what was recalled", holds(asked.key, " ".join(map(words_of, found.shown))))
    return tally


def memories_alone() -> Tally:
    """What becomes a memory of all that those people tell, by rule; nothing is recalled."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        embedder = open_embedder(stack, Paths(Path(folder)).make(), Settings(), None)
        for file in weeks():
            case, asked, _ = read_week(file)
            with open_history(case, embedder, learn=True) as history:
                memories = history.store.memories(None)
                taught = {turn for turns in history.store.source_ids([memory.id for memory in memories]).values() for turn in turns}
                for turn in history.places:
                    if history.store.turn(turn).role == "user":
                        tally.count("messages that taught something", turn in taught)
            texts = [f"{memory.text} {written(memory.event_start) if memory.event_start else ''}" for memory in memories]
            for one in filter(lambda one: one.key, asked):
                tally.count("told: in one memory", any(holds(one.key, text) for text in texts))
    return tally


def main() -> int:
    """Print the shares, and the errors if asked."""
    if "--recall" in sys.argv or "--memories" in sys.argv:
        (recall_alone() if "--recall" in sys.argv else memories_alone()).print()
        return 0
    heldout, errors = "--heldout" in sys.argv, "--errors" in sys.argv and "--heldout" not in sys.argv
    tally = Tally()
    shared = tempfile.TemporaryDirectory()
    for file in sorted((DATA / ("heldout" if heldout else "tune")).glob("*.txt")):
        for asked in lived(file, Path(shared.name)):
            if asked.key:
                tally.count("told: in what was recalled", asked.recalled)
                tally.count("told: in the reply", asked.right)
                tally.count("told: refused though it was recalled", asked.recalled and refuses(asked.reply) and not asked.right)
            else:
                tally.count("never told: the reply says so", asked.right)
            if errors and not asked.right:
                print(
                    f"{file.stem} {'recalled' if asked.key and asked.recalled else asked.recall.state}: {asked.question} -> {asked.reply!r} (wanted {asked.key or 'a refusal'})"
                )
                for item in asked.recall.shown:
                    print("      ", " ".join(item.text.split())[:150])
    tally.print()
    shared.cleanup()
    return 0


if __name__ == "__main__":
    sys.exit(main())
