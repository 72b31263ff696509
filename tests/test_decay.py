"""Fading: a function of the row and the day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chatmem.config import MemorySettings
from chatmem.memory.decay import faded, retention
from chatmem.types import Memory

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SETTINGS = MemorySettings()
MEMORIES = st.builds(
    Memory,
    id=st.integers(1, 99).map(lambda n: f"m{n}"),
    kind=st.sampled_from(["fact", "event"]),
    text=st.just("The user likes tea."),
    importance=st.integers(1, 10),
    pinned=st.booleans(),
    strength=st.integers(1, 10),
    created_at=st.timedeltas(timedelta(0), timedelta(days=2000)).map(lambda age: NOW - age),
    last_access_at=st.none() | st.timedeltas(timedelta(0), timedelta(days=2000)).map(lambda age: NOW - age),
    event_end=st.none() | st.dates(NOW.date() - timedelta(days=900), NOW.date() + timedelta(days=900)),
    status=st.sampled_from(["active", "superseded"]),
)


@given(MEMORIES, st.timedeltas(timedelta(0), timedelta(days=900)), st.timedeltas(timedelta(0), timedelta(days=900)))
def test_retention_falls_with_time_and_never_leaves_0_to_1(memory: Memory, one: timedelta, other: timedelta) -> None:
    sooner, later = sorted((NOW + one, NOW + other))
    assert 0 <= retention(memory, later, SETTINGS) <= retention(memory, sooner, SETTINGS) <= 1


@given(MEMORIES, st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_use_weight_and_pins_only_help(memory: Memory, span: timedelta) -> None:
    now = NOW + span
    left = retention(memory, now, SETTINGS)
    assert retention(memory.model_copy(update={"strength": 10}), now, SETTINGS) >= left
    assert retention(memory.model_copy(update={"importance": 10}), now, SETTINGS) >= left
    assert retention(memory.model_copy(update={"last_access_at": now}), now, SETTINGS) == 1
    assert retention(memory.model_copy(update={"pinned": True}), now, SETTINGS) == 1


@given(st.lists(MEMORIES, max_size=12, unique_by=lambda memory: memory.id), st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_only_what_is_current_unpinned_slight_and_faint_goes(memories: list[Memory], span: timedelta) -> None:
    now = NOW + span
    heads = [memory.id for memory in memories[:2]]
    for memory, left in faded(memories, now, SETTINGS, heads):
        assert memory.status == "active"
        assert not memory.pinned
        assert memory.importance < SETTINGS.keep_importance
        assert memory.id not in heads
        assert left == retention(memory, now, SETTINGS) < SETTINGS.archive_below
        assert not (memory.event_end and memory.event_end >= now.date())


def test_the_default_half_lives() -> None:
    def days_until_gone(kind: str, importance: int, strength: int = 1) -> int:
        memory = Memory(id="m1", kind=kind, text="x", importance=importance, strength=strength, created_at=NOW)  # type: ignore[arg-type]
        return next(day for day in range(5000) if faded([memory], NOW + timedelta(days=day), SETTINGS))

    assert days_until_gone("event", 5) == 90
    assert days_until_gone("fact", 5) == 1094
    assert days_until_gone("event", 5, strength=2) == 180
