"""Timelines: which memories are linked, in which direction, and the paths through them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmem.memory.timeline import choose_links, components, describe, paths, relate, time_of
from chatmem.types import Link, Memory, Relation

START = datetime(2024, 3, 1, 12, 0, tzinfo=UTC)


def memory(text: str, id_: str = "m1", *, days: int = 0, day: date | None = None) -> Memory:
    return Memory(id=id_, kind="event" if day else "fact", text=text, event_start=day, created_at=START + timedelta(days=days))


def link(src: str, dst: str, relation: Relation = "SameTopic", weight: float = 0.5) -> Link:
    return Link(src=src, dst=dst, relation=relation, weight=weight, created_at=START)


def chain(*ids: str) -> dict[str, Memory]:
    return {id_: memory(f"The user did {id_}.", id_, days=i) for i, id_ in enumerate(ids)}


@pytest.mark.parametrize(
    ("old", "new", "cosine", "relation"),
    [
        ("The user lives in Lisbon.", "The user moved to Porto.", 0.6, "Changed"),
        ("The user got a new job in Berlin.", "The user is moving house because of the job in Berlin.", 0.5, "Cause"),
        ("The user is always tired.", "The user is tired because the neighbours are loud at night.", 0.5, "Reason"),
        ("The user's baby does not sleep.", "The user's baby does not sleep, so the user is looking for a nanny.", 0.5, "Cause"),
        ("The user is training for a marathon.", "The user can't run the marathon with this knee.", 0.5, "HinderedBy"),
        ("The user's daughter had an exam.", "The user is proud of the daughter's exam result.", 0.5, "React"),
        ("The user visited Norway.", "The user wants to see Norway again.", 0.5, "Want"),
        ("The user plays the cello.", "The user bought strings for the cello.", 0.5, "SameTopic"),
        ("The user plays the cello.", "The user waters the plants.", 0.40, None),
        ("The user wants to see Norway.", "The user wants to sleep.", 0.40, None),
        ("The user lives in Lisbon.", "The user moved to Porto.", 0.33, None),
    ],
)
def test_relations(old: str, new: str, cosine: float, relation: str | None) -> None:
    found = relate(memory(new, "new", days=1), memory(old, "old"), cosine)
    assert (found[0] if found else None) == relation


def test_a_relation_that_says_more_weighs_more() -> None:
    old, plain, wish = memory("The user visited Norway."), memory("The user has a map of Norway."), memory("The user wants to see Norway again.")
    same, want = relate(plain, old, 0.5), relate(wish, old, 0.5)
    assert same is not None
    assert want is not None
    assert same[1] < want[1] <= 1


def test_links_go_to_the_three_nearest_older_memories_above_the_gate() -> None:
    new = memory("The user bought strings for the cello.", "new", days=10)
    candidates = [(memory(f"The user plays the cello with friend {i}.", f"c{i}", days=i), 0.50 + i / 100) for i in range(5)]
    later = (memory("The user tunes the cello.", "later", days=11), 0.99)
    far = (memory("The user saw a cello.", "far"), 0.30)
    links = choose_links(new, [*candidates, later, far])
    assert [found.src for found in links] == ["c2", "c3", "c4"]
    assert {(found.dst, found.created_at, found.origin) for found in links} == {("new", new.created_at, "rule")}


def test_each_component_gets_one_more_link_from_its_most_recent_memory_unless_it_is_full() -> None:
    new = memory("The user bought strings for the cello.", "new", days=10)
    candidates = [(memory(f"The user plays the cello with friend {i}.", f"c{i}", days=9 - i), 0.50 + i / 100) for i in range(5)]
    together = frozenset(f"c{i}" for i in range(5))
    assert [found.src for found in choose_links(new, candidates, dict.fromkeys(together, together))] == ["c0", "c2", "c3", "c4"]
    full = together | {f"x{i}" for i in range(200)}
    assert choose_links(new, candidates, dict.fromkeys(full, full)) == []


def test_what_is_contradicted_but_still_current_is_not_linked_as_changed() -> None:
    (found,) = choose_links(memory("The user lives in Porto.", "new", days=1), [(memory("The user lives in Lisbon.", "old"), 0.8)])
    assert (found.src, found.relation) == ("old", "SameTopic")


def test_components_join_what_is_linked() -> None:
    found = components([link("a", "b"), link("c", "b"), link("x", "y")])
    assert found == {"a": {"a", "b", "c"}, "b": {"a", "b", "c"}, "c": {"a", "b", "c"}, "x": {"x", "y"}, "y": {"x", "y"}}


def test_a_time_is_that_of_the_event_else_of_the_mention() -> None:
    assert time_of(memory("The user ran.", day=date(2023, 5, 1))) == date(2023, 5, 1)
    assert time_of(memory("The user runs.")) == date(2024, 3, 1)


def test_a_path_runs_from_the_oldest_through_the_hit_to_the_newest_and_follows_changed() -> None:
    memories = chain("a", "b", "c", "d", "e")
    links = [link("a", "b", weight=0.9), link("b", "c"), link("c", "d", weight=0.9), link("c", "e", "Changed", 0.4)]
    assert paths(links, memories, "c") == [["a", "b", "c", "e"], ["a", "b", "c", "d"]]
    assert paths(links, memories, "c", limit=1) == [["a", "b", "c", "e"]]
    assert paths([], memories, "c") == []
    assert paths(links, memories, "unknown") == []


def test_a_long_path_keeps_its_ends_and_the_hit() -> None:
    ids = [f"m{i:02d}" for i in range(20)]
    links = [link(one, other) for one, other in pairwise(ids)]
    assert paths(links, chain(*ids), "m10") == [["m00", "m08", "m09", "m10", "m11", "m19"]]
    assert paths(links, chain(*ids), "m10", nodes=3) == [["m00", "m10", "m19"]]


def test_a_merged_memory_is_stood_for_by_what_it_became() -> None:
    memories = chain("a", "b", "c", "whole", "z")
    links = [link("a", "b"), link("b", "whole", "MergedInto"), link("c", "whole", "MergedInto"), link("whole", "z")]
    assert paths(links, memories, "whole") == [["a", "whole", "z"]]


def test_a_path_in_words() -> None:
    memories = {
        "a": memory("The user moved to Lisbon (1 March 2024 to 31 March 2024).", "a", day=date(2024, 3, 1)),
        "b": memory("The user moved to Porto.", "b", days=1, day=date(2024, 9, 2)),
    }
    assert describe(["a", "b"], memories, [link("a", "b", "Changed")]) == "2024-03 moved to Lisbon -> (Changed) 2024-09 moved to Porto"
    memories["b"] = memory("The user's sister visited.", "b", days=1, day=date(2024, 3, 9))
    assert describe(["a", "b"], memories) == "2024-03-01 moved to Lisbon -> 2024-03-09 sister visited"
    ended = memories["a"].model_copy(update={"valid_to": START})
    assert describe(["a"], {"a": ended}) == "2024-03 moved to Lisbon (until 2024-03-01)"


TEXTS = [
    "The user lives in Lisbon.",
    "The user moved to Porto.",
    "The user wants to leave Porto because of the rent.",
    "The user is happy about the flat in Porto.",
    "The user can't pay the rent in Porto.",
    "The user plays the cello.",
    "The user sold the cello.",
]


@st.composite
def histories(draw: st.DrawFn) -> tuple[dict[str, Memory], list[Link]]:
    """Memories in any order, some at the same moment, each linked to the earlier arrivals by the policy."""
    memories: dict[str, Memory] = {}
    links: list[Link] = []
    for i in draw(st.permutations(range(draw(st.integers(2, 12))))):
        new = memory(draw(st.sampled_from(TEXTS)), f"m{i:02d}", days=draw(st.integers(0, 5)))
        candidates = [(old, draw(st.floats(0, 1))) for old in memories.values()]
        links += choose_links(new, candidates, components(links) if draw(st.booleans()) else None)
        memories[new.id] = new
    return memories, links


@settings(max_examples=60, deadline=None)
@given(histories(), st.integers(3, 8), st.integers(1, 4))
def test_links_point_forward_in_time_and_paths_end_and_are_simple(history: tuple[dict[str, Memory], list[Link]], nodes: int, limit: int) -> None:
    memories, links = history

    def order(id_: str) -> tuple[datetime, str]:
        return memories[id_].created_at, id_

    assert all(order(found.src) < order(found.dst) for found in links)
    assert all(0 <= found.weight <= 1 for found in links)
    for hit in memories:
        found = paths(links, memories, hit, limit, nodes)
        assert found == paths(links[::-1], memories, hit, limit, nodes)
        assert len(found) <= limit
        for path in found:
            assert hit in path
            assert len(path) <= nodes
            assert path == sorted(set(path), key=order)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef"), st.sampled_from(["Changed", "Cause", "MergedInto"])), max_size=20))
def test_even_links_that_make_a_ring_give_paths_that_end(rows: list[tuple[str, str, Relation]]) -> None:
    memories = chain(*"abcdef")
    links = [link(src, dst, relation) for src, dst, relation in rows]
    for hit in memories:
        for path in paths(links, memories, hit):
            assert path == sorted(set(path))
