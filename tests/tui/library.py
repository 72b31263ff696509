"""A chat over a real store, without models: what the memory screens are tested on; and a store as large as one likes."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from chatmem.config import Paths
from chatmem.memory import operations
from chatmem.store import Store
from chatmem.types import Candidate, Kind, Link, Memory, Operation, Polarity, Recall, Rows, Turn

from .fakes import NOW, FakeChat


class Background:
    """Runs what it is given at once."""

    def __init__(self) -> None:
        self.closing = threading.Event()
        self.ran: list[str] = []

    def submit(self, label: str, work: Callable[[], object], *, key: str | None = None) -> None:
        """Run it here and now."""
        self.ran.append(key or label)
        work()


class StoreChat(FakeChat):
    """The fake chat's talk, over the real tables."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store: Store = store  # type: ignore[assignment]
        self.settings.memory.fact_days, self.settings.memory.event_days = 365, 30  # the stored screens show what is kept
        self.reindexed: list[str] = []
        self.rebuilt = 0
        self.near: Recall | None = None
        self.clock = store.clock
        self.index = self
        self.learner = self
        self.links_of: Callable[[Memory], list[Link]] | None = None
        self.background = Background()  # type: ignore[assignment]

    def _keep(self, user: Turn, turn: Turn, recall: Recall) -> None:
        """Keep what was recalled for a reply, and that its memories were used."""
        self.store.set_recall_reply(self.store.add_recall(recall, user.id).id, turn.id)
        operations.reinforce(self.store, [item.id for item in recall.shown if item.source == "memory"])

    def reindex(self, done: Sequence[Operation | None]) -> None:
        """Remember which memories were to be indexed anew."""
        self.reindexed += [id_ for operation in done if operation for id_ in operation.memories]

    def rebuild(self) -> None:
        """Remember that the index was rebuilt."""
        self.rebuilt += 1

    def linking(self, texts: Sequence[str]) -> Callable[[Memory], list[Link]] | None:
        """How memories with these words are linked, as scripted."""
        del texts
        return self.links_of

    def recall(self, question: str, limit: int | None = None) -> Recall:
        """The scripted recall."""
        del limit
        return self.near or Recall(question=question, state="none")

    def known(self) -> list[Memory]:
        """Current memories."""
        return self.store.memories("active")

    def close(self) -> None:
        """The test closes the store."""
        self.closed = True


class Clock:
    """A clock that the test sets; it moves on a second at each look."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def open_store(paths: Paths, now: datetime = NOW) -> Store:
    """An empty store whose clock stands at ``now``."""
    return Store.open(paths.make(), "default", Clock(now))


def tell(
    store: Store,
    session_id: str,
    words: str,
    memory: str,
    *,
    kind: Kind = "fact",
    day: date | None = None,
    importance: int = 5,
    polarity: Polarity = "positive",
) -> Memory:
    """Say something in a session and learn a memory from it."""
    turn = store.add_turn(session_id, "user", words, store.session(session_id).head)
    store.add_turn(session_id, "assistant", "I see.", turn.id)
    candidate = Candidate(
        kind=kind,
        text=memory,
        span=words,
        importance=importance,
        polarity=polarity,
        event_start=day,
        event_end=day,
        time_source="stated" if day else "none",
    )
    made, _ = operations.insert(store, candidate, [turn.id], reason="learnt from what was said")
    store.mark_learned(turn)
    return made


def small_library(store: Store) -> dict[str, Memory]:
    """A life in a dozen memories: a move, a change of job, a marathon, something hostile, something forgotten."""
    clock = store.clock
    assert isinstance(clock, Clock)
    made: dict[str, Memory] = {}

    def at(days: int) -> None:
        clock.now = NOW - timedelta(days=days)

    at(400)
    first = store.new_session("Settling in").id
    made["porto"] = tell(store, first, "I live in Porto.", "The user lives in Porto.", importance=7)
    made["nurse"] = tell(store, first, "I work as a nurse.", "The user works as a nurse.", importance=8)
    made["tea"] = tell(store, first, "I drink green tea.", "The user drinks green tea.", importance=2)
    at(90)
    second = store.new_session("Moving to Lisbon").id
    made["job"] = tell(
        store, second, "I got a job at St Mary's.", "The user got a job at St Mary's.", kind="event", day=date(2025, 12, 10), importance=7
    )
    made["moved"] = tell(store, second, "I moved to Lisbon.", "The user moved to Lisbon.", kind="event", day=date(2025, 12, 14), importance=7)
    turn = store.add_turn(second, "user", "So I live in Lisbon now.", store.session(second).head)
    lisbon = operations.new_memory(
        store, Candidate(kind="fact", text="The user lives in Lisbon.", span="So I live in Lisbon now.", subject="user", importance=7)
    )
    operations.replace(store, made["porto"].id, lisbon, [turn.id], reason="another place to live")
    store.mark_learned(turn)
    made["lisbon"] = lisbon
    operations.link(
        store,
        [
            Link(src=made["job"].id, dst=made["moved"].id, relation="Cause", weight=0.8, created_at=clock.now),
            Link(src=made["moved"].id, dst=lisbon.id, relation="Cause", weight=0.8, created_at=clock.now),
        ],
    )
    at(20)
    third = store.new_session("Marathon plan").id
    made["run"] = tell(store, third, "I train for a marathon.", "The user is training for a marathon in October.", importance=6)
    made["runs"] = tell(store, third, "I run a lot.", "The user runs three times a week.", importance=4)
    made["hostile"] = tell(store, third, "[bold]x[/]", "The user's file is [bold]/tmp/x[/] \x1b[31mred\x1b[0m 👩‍👩‍👧 שלום.", importance=3)
    at(4)
    fourth = store.new_session("A name for the puppy").id
    made["dog"] = tell(store, fourth, "My beagle is called Biscuit.", "The user's dog Biscuit is a beagle.", importance=7)
    made["vet"] = tell(store, fourth, "Vet on Friday.", "The user takes Biscuit to the vet.", kind="event", day=date(2026, 3, 20), importance=5)
    operations.pin(store, [made["dog"].id])
    operations.forget(store, [made["tea"].id], "job", "faded: retention 0.02")
    store.add_summary("session", fourth, "- The user has a puppy.")
    store.add_summary("session", fourth, "- The user's dog Biscuit is a beagle.\n- A vet on Friday.")
    store.add_summary("running", None, "- The user lives in Porto.")
    store.add_summary("running", None, "- The user lives in Lisbon.\n- The user's dog Biscuit is a beagle.")
    clock.now = NOW
    return made


WORDS = (
    "river garden window bicycle teacher mountain coffee piano winter summer doctor market bridge kitchen letter camera island forest novel train "
    "museum violin harbour engine planet recipe football painter holiday journal castle desert orchard lantern compass saddle harvest meadow"
).split()


def large_library(store: Store, count: int, seed: int = 7) -> None:
    """``count`` memories over six years: facts and events, a tenth out of recall, some pinned, some linked."""
    rng = random.Random(seed)
    start = datetime(2020, 3, 1, 9, tzinfo=UTC)
    clock = store.clock
    assert isinstance(clock, Clock)
    with store.transaction():
        turns: list[str] = []
        for n in range(count // 40):
            clock.now = start + timedelta(hours=n * 40)
            session = store.new_session(f"About the {rng.choice(WORDS)}")
            parent = None
            for _ in range(4):
                parent = store.add_turn(session.id, "user", f"I said something about {rng.choice(WORDS)} and {rng.choice(WORDS)}.", parent).id
                turns.append(parent)
        previous: Memory | None = None
        for n in range(count):
            said = start + timedelta(minutes=n * 60 * 24 * 365 * 6 / count)
            kind: Kind = "event" if rng.random() < 0.35 else "fact"
            day = said.date() - timedelta(days=rng.randrange(20)) if kind == "event" else None
            roll = rng.random()
            memory = Memory(
                id=store.next_memory_id(),
                kind=kind,
                text=f"The user {rng.choice(('likes', 'bought', 'lost', 'visited', 'wants'))} the {rng.choice(WORDS)} near the {rng.choice(WORDS)} number {n}.",
                importance=rng.randrange(1, 11),
                pinned=rng.random() < 0.02,
                event_start=day,
                event_end=day,
                created_at=said,
                valid_from=said,
                status="archived" if roll < 0.05 else "superseded" if roll < 0.08 else "merged" if roll < 0.1 else "active",
                strength=rng.randrange(1, 6),
                access_count=rng.randrange(5),
                last_access_at=said + timedelta(days=rng.randrange(60)) if rng.random() < 0.4 else None,
            )
            store.put_memory(memory)
            store.set_sources(memory.id, [turns[n * len(turns) // count]])
            store.log(Operation(at=said, actor="rule", op="INSERT", memory_id=memory.id, memories=[memory.id], before=Rows(), after=Rows()))
            if previous is not None and rng.random() < 0.15:
                store.put_links([Link(src=previous.id, dst=memory.id, relation=rng.choice(("Changed", "Cause", "Reason")), created_at=said)])
            previous = memory
    clock.now = datetime(2026, 3, 14, 12, tzinfo=UTC)
