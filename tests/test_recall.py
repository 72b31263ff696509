"""Recall step by step: reading the question, candidates, fusion, the session's support, the gate, and what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatmem.config import MemorySettings, Paths
from chatmem.memory import operations
from chatmem.memory.context import excerpt
from chatmem.memory.fusion import Ranked, best_of, fuse, rank_sessions, spread_out
from chatmem.memory.keys import embed_rounds, own_statements, round_vectors
from chatmem.memory.query import analyse, asks_for_advice, asks_what_was_answered
from chatmem.memory.recall import COSINE_FLOOR, explain, judge, lift_by_session, recall
from chatmem.store import Store
from chatmem.types import Candidate, Recall, RecallItem
from chatmem.vectors import VectorIndex
from chatmem.words import content_stems, speaks_of_self, statements
from tests.conftest import Ticking

TODAY = date(2026, 3, 12)
TOPICS = ["dog", "beagle", "boat", "sail", "guitar", "lisbon", "bread", "job"]
SAID = [
    ("My dog is a beagle called Pepper.", "What a lovely dog."),
    ("I sail a small boat on the lake every Sunday.", "Sailing is fun."),
    ("Can you recommend a guitar shop?", "Try Frets on Elm Street, they sell guitars."),
    ("I moved to Lisbon for my job last year.", "Lisbon is sunny."),
    ("How do I bake bread?", "Flour, water, salt and time."),
]


def embed(texts: Sequence[str]) -> np.ndarray:
    """One dimension a topic, so that cosines are known; the last is for texts about none of them."""
    rows = [[float(topic in text.lower()) for topic in TOPICS] for text in texts]
    vectors = np.array([[*row, 0.0 if any(row) else 1.0] for row in rows], np.float32)
    normalised: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return normalised


@pytest.fixture
def talked(store: Store, clock: Ticking) -> Store:
    """A store in which five rounds were said in three sessions, with one memory, all with vectors."""
    for start, end in ((0, 2), (2, 4), (4, 5)):
        session, parent = store.new_session().id, None
        for user, reply in SAID[start:end]:
            turn = store.add_turn(session, "user", user, parent)
            parent = store.add_turn(session, "assistant", reply, turn.id).id
        clock.advance(days=3)
    ids = store.rounds()
    store.put_vectors("rounds", "e", ids, round_vectors([store.turn(id_).content for id_ in ids], embed))
    remember(store, "The user's dog is a beagle called Pepper.", ids[0])
    return store


def remember(store: Store, text: str, turn_id: str) -> str:
    memory, _ = operations.insert(store, Candidate(kind="fact", text=text, span=text), [turn_id], "rule")
    store.put_vectors("memories", "e", [memory.id], embed([text]))
    return memory.id


def ask(store: Store, question: str, *, meaning: bool = True, exclude: Sequence[str] = (), limit: int | None = None, **changes: Any) -> Recall:
    index = VectorIndex(store, "e", len(TOPICS) + 1, Paths(Path("unused")))
    return recall(
        store,
        question,
        settings=MemorySettings(**changes),
        today=TODAY,
        query_vector=embed([question])[0] if meaning else None,
        index=index if meaning else None,
        embedder="e",
        exclude=exclude,
        limit=limit,
    )


# ---------------------------------------------------------------------- the question


def test_a_question_is_read_into_words_and_days() -> None:
    query = analyse("Where did I sail last Sunday?", TODAY, lambda words: {word: 3.0 if word == "sail" else 1.0 for word in words})
    assert set(query.weights) == content_stems("sail sunday")  # "last" says when, not what
    assert query.asks_about(date(2026, 3, 8))
    assert not query.asks_about(date(2026, 1, 8))
    assert query.telling_share({"sail"}) > query.share({"sail"})
    assert not analyse("Where do I sail?", TODAY).asks_about(TODAY)
    assert set(analyse("How many days ago was it?", TODAY).weights) == {"dai", "ago"}  # where nothing else is said


def test_a_rare_word_tells_more_than_a_common_one(talked: Store) -> None:
    found = talked.rarity(["dog", "guitar", "zebra"])
    assert found["zebra"] > found["guitar"] > 0
    assert found["zebra"] > found["dog"] > 0


# ---------------------------------------------------------------------- the vector of a round


def test_a_round_is_found_by_what_was_stated_not_by_what_was_asked() -> None:
    message = "Can you recommend a guitar shop? By the way, I have a beagle at home. Do they sell bread?"
    assert [text for text, _ in own_statements(message)] == ["By the way, I have a beagle at home."]
    vector = round_vectors([message, "How do I bake bread?"], embed)
    assert np.allclose(vector, embed(["beagle", "bread"]))


def test_a_request_counts_less_than_a_statement() -> None:
    message = "I'm looking for a new guitar these days. I just sold my old boat to Ben."
    assert [weight for _, weight in own_statements(message)] == [0.5, 1.0]
    towards = embed(["guitar", "boat"]) @ round_vectors([message], embed)[0]
    assert towards[1] > towards[0]


def test_a_speakers_name_stays_with_each_statement() -> None:
    assert [text for text, _ in own_statements("Ana: I love it here. My boat is blue and new.")] == [
        "Ana: I love it here.",
        "Ana: My boat is blue and new.",
    ]


@given(st.lists(st.text(max_size=300), max_size=6))
def test_round_vectors_are_unit_vectors_one_a_message(messages: list[str]) -> None:
    vectors = round_vectors(messages, embed)
    assert len(vectors) == len(messages)
    assert all(abs(np.linalg.norm(vector) - 1) < 1e-5 for vector in vectors)


def test_among_people_the_message_before_counts_a_little_and_is_gone_when_erased(store: Store) -> None:
    session = store.new_session().id
    asked = store.add_turn(session, "user", "Ana: Does anybody sail a boat?", None)
    answer = store.add_turn(session, "user", "Ben: Me, every weekend!", asked.id)
    reply = store.add_turn(session, "assistant", "I play the guitar.", answer.id)
    after = store.add_turn(session, "user", "Ana: Lovely.", reply.id)
    ids = [asked.id, answer.id, after.id]
    vectors = embed_rounds(store, ids, embed)
    towards = vectors @ embed(["boat"])[0]
    assert towards[0] > 2 * towards[1] > 0
    assert towards[2] == 0  # a reply is between
    assert np.allclose(embed_rounds(store, ids[1:2], embed), vectors[1:2])
    store.put_vectors("rounds", "e", ids, vectors)
    store.erase_round(asked.id)
    assert store.without_vector("rounds", "e") == [answer.id]
    assert (embed_rounds(store, [answer.id], embed) @ embed(["boat"])[0])[0] == 0


# ---------------------------------------------------------------------- fusion

scores = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(-1e6, 1e6, allow_nan=False), max_size=8)
lists = st.dictionaries(st.sampled_from(["words", "meaning", "session"]), st.builds(Ranked, st.floats(0, 2), scores), max_size=3)


@given(lists)
def test_fused_scores_stay_between_0_and_1(found: dict[str, Ranked]) -> None:
    for parts in fuse(found).values():
        assert all(part >= 0 for part in parts.values())
        assert sum(parts.values()) <= 1 + 1e-9


@given(lists, st.floats(0, 1))
def test_a_sessions_support_keeps_scores_between_0_and_1_and_lowers_none(found: dict[str, Ranked], weight: float) -> None:
    fused = fuse({name: Ranked(ranked.weight, {f"s1_{id_}": score for id_, score in ranked.scores.items()}) for name, ranked in found.items()})
    before = {id_: sum(parts.values()) for id_, parts in fused.items()}
    lift_by_session(fused, weight)
    for id_, parts in fused.items():
        assert before[id_] - 1e-9 <= sum(parts.values()) <= 1 + 1e-9


def test_the_best_of_every_list_gets_all_there_is() -> None:
    fused = fuse({"words": Ranked(2.0, {"a": 8.0, "b": 4.0}), "meaning": Ranked(1.0, {"a": 0.5})})
    assert sum(fused["a"].values()) == pytest.approx(1.0)
    assert fused["b"] == {"words": pytest.approx(1 / 3)}
    assert best_of([("a", 1.0), ("b", 5.0), ("a", 3.0)]) == {"a": 3.0, "b": 5.0}


def test_spreading_out_prefers_groups_not_seen_yet() -> None:
    assert spread_out(["a1", "a2", "a3", "b1"], 3, 1, lambda id_: id_[0]) == ["a1", "a2", "b1"]
    assert spread_out(["a1", "a2"], 5, 1, lambda id_: id_[0]) == ["a1", "a2"]


def item(id_: str, score: float, session: str | None, **parts: float) -> RecallItem:
    known = {"cosine": 0.0, "overlap": 0.0, "telling": 0.0, **parts}
    return RecallItem(
        source="round", id=id_, kind="round", text=id_, said_at=datetime(2026, 1, 1, tzinfo=UTC), score=score, parts=known, session_id=session
    )


def test_sessions_are_ranked_by_their_best_item_and_a_little_of_the_next() -> None:
    ranked = rank_sessions([item("a", 0.8, "s1"), item("b", 0.8, "s2"), item("c", 0.7, "s2"), item("d", 0.9, None)])
    assert [session for session, _ in ranked] == ["s2", "s1"]


# ---------------------------------------------------------------------- the whole


def test_what_bears_on_the_question_comes_first_and_says_why(talked: Store) -> None:
    found = ask(talked, "What breed is my dog?")
    assert found.state == "confident"
    assert "beagle" in found.shown[0].text
    assert {"words", "meaning", "fused", "cosine", "overlap"} <= set(found.shown[0].parts)


def test_a_reply_is_found_by_its_own_words(talked: Store) -> None:
    found = ask(talked, "Which shop on Elm Street did you recommend?", meaning=False)
    assert "Frets" in found.shown[0].text


def test_what_was_never_mentioned_is_not_remembered(talked: Store) -> None:
    found = ask(talked, "When is the violin recital?")
    assert found.state == "none"
    assert not found.shown


def test_who_asks_about_their_own_gets_what_is_nearest(talked: Store) -> None:
    found = ask(talked, "When is my violin recital?")
    assert found.state == "possible"
    assert found.shown


def test_without_the_gate_something_is_always_offered(talked: Store) -> None:
    assert ask(talked, "When is my violin recital with the boat?", gate=False).state == "possible"


def test_the_gate_weighs_meaning_and_telling_words_together() -> None:
    assert judge([]).state == "none"
    assert judge([item("a", 0.5, "s1", cosine=0.2, telling=0.3)]).state == "none"
    assert judge([item("a", 0.5, "s1", cosine=0.25, telling=0.3)]).state == "possible"
    assert judge([item("a", 0.5, "s1", cosine=0.25), item("b", 0.5, "s1", telling=0.3)]).state == "none"  # no item has both
    assert judge([item("a", 0.5, "s1", cosine=0.1, telling=0.6)]).state == "possible"
    assert judge([item("a", 0.5, "s1", cosine=0.3, telling=0.1)]).state == "none"
    assert judge([item("a", 0.5, "s1", cosine=0.3, telling=0.1, time=0.1)]).state == "possible"  # on the day asked about
    assert judge([item("a", 0.5, "s1", cosine=0.6)]).state == "confident"
    assert judge([item("a", 0.5, "s1", telling=0.2)], by_words_alone=True).state == "none"
    assert judge([item("a", 0.5, "s1", telling=0.4)], by_words_alone=True).state == "possible"


def test_what_is_as_near_as_everything_else_says_little() -> None:
    best = item("a", 0.5, "s1", cosine=0.36, telling=0.2)
    assert judge([best]).state == "possible"
    assert judge([best, *(item(f"r{n}", 0.4, f"s{n}", cosine=0.3) for n in range(12))]).state == "none"
    assert judge([best, *(item(f"r{n}", 0.4, f"s{n}", cosine=0.02) for n in range(12))]).state == "possible"


def test_a_memory_is_told_from_all_the_others_that_are_as_near() -> None:
    def memory(name: str, cosine: float, telling: float = 0.0) -> RecallItem:
        found = item(name, 0.5, "s1", cosine=cosine, telling=telling)
        found.source = "memory"
        return found

    best = memory("m1", 0.3)
    assert judge([best]).state == "possible"
    assert judge([best, *(memory(f"m{n}", 0.2) for n in range(2, 20))]).state == "none"
    assert judge([best, *(memory(f"m{n}", 0.02) for n in range(2, 20))]).state == "possible"
    assert judge([memory("m1", 0.2)]).state == "none"
    assert judge([memory("m1", 0.2, telling=0.5)]).state == "possible"
    assert judge([memory("m1", 0.2)], floor=0.15).state == "possible"
    assert judge([memory("m1", 0.1)], floor=0.15).state == "none"
    assert judge([item("r1", 0.5, "s1", cosine=0.1)], floor=0.0).state == "none"  # it is memories that a floor is for


# ---------------------------------------------------------------------- what only says again what memory holds


@pytest.fixture
def asked(talked: Store) -> Store:
    """The same, after questions that memory was looked into for, two of them before the dog was told of, and one for advice."""
    session, parent = talked.new_session().id, None
    for question, reply, state in (
        ("What is my dog called?", "I have no memory of that. Tell me, and I will remember it.", "none"),
        ("Does anybody know my dog?", "I have no memory of your dog.", "possible"),
        ("What breed is my dog?", "Your dog is a poodle.", "confident"),
        ("What could I do with my dog?", "Teach the dog to sail.", "confident"),
    ):
        turn = talked.add_turn(session, "user", question, parent)
        kept = talked.add_recall(Recall.model_validate({"question": question, "state": state}), turn.id)
        parent = talked.add_turn(session, "assistant", reply, turn.id).id
        talked.set_recall_reply(kept.id, parent)
        talked.put_vectors("rounds", "e", [turn.id], embed([question]))
    return talked


@pytest.mark.parametrize("meaning", [True, False])
def test_a_question_asked_again_is_not_answered_by_itself(asked: Store, meaning: bool) -> None:
    found = ask(asked, "What breed is my dog called?", meaning=meaning)
    assert "beagle" in found.shown[0].text
    said = " ".join(item.text for item in found.items)
    assert "poodle" not in said
    assert "no memory" not in said
    assert "Teach the dog to sail" in said  # advice is news


def test_what_was_answered_is_found_when_that_is_asked(asked: Store) -> None:
    assert "poodle" in " ".join(item.text for item in ask(asked, "What did you tell me about my dog?").items)


def test_the_same_talk_imported_is_all_news(talked: Store) -> None:
    session = talked.new_session().id
    turn = talked.add_turn(session, "user", "What breed is my dog?", None)
    talked.add_turn(session, "assistant", "Your dog is a poodle.", turn.id)
    talked.put_vectors("rounds", "e", [turn.id], embed(["dog"]))
    assert "poodle" in " ".join(item.text for item in ask(talked, "Is my dog a poodle?").items)


@pytest.mark.parametrize(
    ("question", "about"),
    [
        ("What did you suggest for dinner?", True),
        ("Remind me what you said about the boat", True),
        ("Have I asked you this before?", True),
        ("What did we talk about on Monday?", True),
        ("Where did I go on holiday?", False),
        ("What have I bought this week?", False),
        ("Do you know where I live?", False),
    ],
)
def test_questions_about_the_talk_itself(question: str, about: bool) -> None:
    assert asks_what_was_answered(question) is about


@pytest.mark.parametrize(
    ("question", "advice"),
    [
        ("What could I watch tonight?", True),
        ("Where should I go for a long weekend in June?", True),
        ("Can you recommend some frames?", True),
        ("Pick something for my film evening, would you?", True),
        ("I need a dish for a dinner at my place. Ideas?", True),
        ("Help me choose a present for my mother.", True),
        ("What would you suggest for a first garden?", True),
        ("Which exercise did you recommend for my lower back?", False),
        ("Remind me of the tips you gave me about sleep.", False),
        ("Where did I leave the spare key?", False),
        ("How many books should have arrived?", False),
    ],
)
def test_advice_to_come_is_told_from_advice_given_and_from_facts(question: str, advice: bool) -> None:
    assert asks_for_advice(question) is advice


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("What could I cook for tonight?", True),
        ("Can you recommend a restaurant?", True),
        ("What can I bake?", True),
        ("can I eat bread?", True),
        ("can i have a latte", True),
        ("what should me and olu cook on friday?", True),
        ("can I have a look?", False),
        ("What could I read tonight?", False),  # not about food
        ("What did I cook on Monday?", False),  # not advice
    ],
)
def test_advice_on_food_minds_allergies(talked: Store, question: str, shown: bool) -> None:
    remember(talked, "The user is allergic to shellfish.", talked.rounds()[0])
    assert ("shellfish" in " ".join(item.text for item in ask(talked, question, meaning=False).shown)) is shown
    assert "shellfish" not in " ".join(item.text for item in ask(talked, question, meaning=False, diet_weight=0).shown)


def test_an_allergy_to_what_nobody_eats_is_no_matter_at_table(talked: Store) -> None:
    remember(talked, "The user is allergic to penicillin.", talked.rounds()[0])
    assert "penicillin" not in " ".join(item.text for item in ask(talked, "What could I cook for tonight?", meaning=False).shown)


def test_a_memory_is_asked_for_in_other_words(talked: Store) -> None:
    remember(talked, "The user works nights as a nurse.", talked.rounds()[0])
    found = ask(talked, "What is my occupation?", meaning=False)
    assert not found.shown  # not found by words
    found = ask(talked, "What is my occupation?")
    nurse = next(item for item in found.items if "nurse" in item.text)
    assert nurse.parts["telling"] == 1
    assert nurse.shown


def test_advice_gets_what_is_near_and_nothing_else(talked: Store) -> None:
    near = [item("a", 0.5, "s1", cosine=0.31, telling=0.1)]
    assert judge(near).state == "none"
    assert judge(near, advice=True).state == "possible"
    assert judge([item("a", 0.5, "s1", cosine=0.29)], advice=True).state == "none"
    found = ask(talked, "Any ideas for a violin recital?")
    assert found.state == "none"
    assert not found.shown


@pytest.mark.parametrize(
    ("text", "own"),
    [("Who teaches me Swedish?", True), ("where do we live", True), ("Tell me a joke.", False), ("how long do elephants live", False)],
)
def test_who_asks_about_themselves(text: str, own: bool) -> None:
    assert speaks_of_self(text) is own


def test_a_question_gets_a_few_items_however_far_they_are(talked: Store) -> None:
    def far(message: str) -> list[str]:
        return [one.text for one in ask(talked, message).shown if not one.parts["overlap"] and one.parts["cosine"] < COSINE_FLOOR]

    assert far("What is my beagle called?")
    assert not far("My beagle is called Pepper.")
    assert not far("Any ideas for my beagle?")


def test_a_long_round_costs_what_is_shown_of_it(store: Store) -> None:
    session, parent = store.new_session().id, None
    for number in range(3):
        turn = store.add_turn(session, "user", f"My beagle won race {number}.", parent)
        parent = store.add_turn(session, "assistant", "Dogs love to run. " * 400, turn.id).id
    ids = store.rounds()
    store.put_vectors("rounds", "e", ids, round_vectors([store.turn(id_).content for id_ in ids], embed))
    assert sum(one.shown for one in ask(store, "Which race did my beagle win?", budget=600).items) == 2
    assert sum(one.shown for one in ask(store, "Which race did my beagle win?", budget=700).items) == 3


def test_an_excerpt_keeps_what_somebody_says_about_themselves() -> None:
    text = (
        "Which frames suit a painting? I finished my first oil painting on Sunday. "
        + "A painting needs a frame. A frame for a painting is made of oak. " * 9
    )
    shown = excerpt(text, "When did I finish a frame for my painting?", 150)
    assert "I finished my first oil painting on Sunday." in shown
    assert "A frame for a painting is made of oak." in shown
    assert len(shown) <= 150
    assert excerpt("It rained.\nI stayed in.", "What?", 150) == "It rained. I stayed in."


def test_days_asked_about_are_favoured(talked: Store) -> None:
    asked = "What did I do with the boat or the guitar on 2 March 2026?"
    with_time = {one.id: one for one in ask(talked, asked).items}
    without = {one.id: one for one in ask(talked, asked, time_weight=0.0).items}
    early, late = talked.rounds()[1], talked.rounds()[2]
    assert with_time[early].parts["time"] > 0
    assert "time" not in with_time[late].parts
    assert with_time[early].score > without[early].score
    assert with_time[late].score == without[late].score


@pytest.mark.parametrize("key", ["dense_weight", "bm25_weight", "session_weight", "support_weight", "time_weight"])
def test_each_step_can_be_switched_off(talked: Store, key: str) -> None:
    found = ask(talked, "What breed is my dog?", **dict[str, Any]({key: 0.0}))
    assert "beagle" in found.shown[0].text


def test_with_every_list_switched_off_nothing_is_remembered(talked: Store) -> None:
    assert ask(talked, "What breed is my dog?", dense_weight=0.0, bm25_weight=0.0).items == []


def test_rounds_that_the_prompt_shows_anyway_are_left_out(talked: Store) -> None:
    first = talked.rounds()[0]
    assert first not in [one.id for one in ask(talked, "What breed is my dog?", exclude=[first]).items]


def test_forgotten_and_superseded_memories_are_never_recalled(talked: Store) -> None:
    turn = talked.rounds()[3]
    gone, old = remember(talked, "The user's boat is red.", turn), remember(talked, "The user's boat is blue.", turn)
    new = operations.new_memory(talked, Candidate(kind="fact", text="The user's boat is green.", span="green"), "rule", talked.clock())
    operations.forget(talked, [gone])
    operations.replace(talked, old, new, [turn])
    found = {one.id for one in ask(talked, "What colour is my boat?").items}
    assert not found & {gone, old}
    assert new.id in found


def test_purged_words_are_never_recalled(talked: Store) -> None:
    (memory,) = talked.memories()
    operations.purge(talked, [memory.id], words=True)
    assert not any("Pepper" in one.text for one in ask(talked, "Who is Pepper the beagle?").items)


def test_a_round_gives_way_to_a_memory_that_says_the_same(talked: Store) -> None:
    found = ask(talked, "What is my beagle called?")
    (left_out,) = [one for one in found.items if one.id == talked.rounds()[0]]
    assert not left_out.shown
    assert left_out.reason == "its fact is shown instead"


@pytest.mark.parametrize(
    ("message", "beside"),
    [
        ("I bought a boat called Tern, 1900 euros", True),  # a number that the memory lacks
        ("I bought a boat called Tern, Sven found it near the old harbour", True),
        ("I bought a boat called Tern yay", False),
    ],
)
def test_a_round_that_says_more_stands_beside_its_memory(talked: Store, message: str, beside: bool) -> None:
    turn = talked.add_turn(talked.new_session().id, "user", message, None)
    talked.put_vectors("rounds", "e", [turn.id], embed([message]))
    remember(talked, "The user bought a boat called Tern.", turn.id)
    shown = [one.text for one in ask(talked, "What is my boat called?").shown]
    assert "The user bought a boat called Tern." in shown
    assert (message in shown) is beside


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("When did Dr. Lee call?", ""),
        ("on which days do I run", ""),
        ("name everyone I work with", ""),
        ("I saw Dr. Lee. Is she kind?", "I saw Dr. Lee."),
        ("Name of my cat is Tom.", "Name of my cat is Tom."),
    ],
)
def test_what_asks_states_nothing(text: str, stated: str) -> None:
    assert statements(text) == stated


def test_another_profile_sees_nothing(talked: Store, paths: Paths, clock: Ticking) -> None:
    talked.close()
    other = Store.open(paths, "someone-else", clock)
    try:
        assert ask(other, "What breed is my dog?").items == []
    finally:
        other.close()


def test_an_explanation_accounts_for_every_step(talked: Store) -> None:
    index = VectorIndex(talked, "e", len(TOPICS) + 1, Paths(Path("unused")))
    question = "What breed is my dog?"
    told = explain(talked, question, settings=MemorySettings(), today=TODAY, query_vector=embed([question])[0], index=index, embedder="e")
    assert told.verdict.state == told.recall.state == "confident"
    assert told.candidates["rounds: words"] >= 1
    assert told.candidates["memories: meaning"] == 1
    assert set(told.milliseconds) == {"read the question", "candidates among rounds", "candidates among memories", "score", "gate", "choose"}


question_texts = st.lists(st.sampled_from([*TOPICS, "my", "what", "when", "violin", "Elm", "?", "2 March 2026", "\x00", '"', "*"]), max_size=8).map(
    " ".join
)
weights = st.sampled_from([0.0, 0.3, 1.0])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question_texts, weights, weights, weights, weights, weights, st.booleans(), st.integers(1, 8), st.integers(50, 200))
def test_whatever_is_asked_and_switched_off_limits_and_ranges_hold(
    talked: Store, question: str, dense: float, words: float, session: float, support: float, when: float, gate: bool, limit: int, budget: int
) -> None:
    found = ask(
        talked,
        question,
        limit=limit,
        dense_weight=dense,
        bm25_weight=words,
        session_weight=session,
        support_weight=support,
        time_weight=when,
        gate=gate,
        budget=budget,
    )
    assert len(found.shown) <= limit
    assert len(found.shown) <= 1 or sum(-(-len(one.text) // 4) for one in found.shown) <= budget
    assert all(0 <= one.score <= 1 for one in found.items)
    assert len({(one.source, one.id) for one in found.items}) == len(found.items)
    assert found.state != "none" or not found.shown


# ---------------------------------------------------------------------- a large store


@pytest.fixture
def crowded(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store where "tea" is in every turn and "quokka" in one, and questions may read but few rows."""
    monkeypatch.setattr("chatmem.store.conversations.MOST_ROWS", 5)
    with store.transaction():
        for number in range(12):
            session = store.new_session().id
            store.add_turn(session, "user", "I had tea and saw a quokka." if number == 3 else f"I had tea number {number}.", None)
    return store


def test_the_commonest_words_give_way_to_rarer_ones(crowded: Store) -> None:
    assert [id_ for id_, _ in crowded.bm25("tea quokka", "in_context", 10)] == ["s4_1"]
    assert len(crowded.bm25("tea", "in_context", 10)) == 10


def test_rows_of_other_profiles_do_not_crowd_out_ones_own(crowded: Store, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatmem.store.conversations.MOST_RANKED", 2)
    crowded.close()
    store = Store.open(paths, "other", crowded.clock)
    try:
        mine = store.add_turn(store.new_session().id, "user", "A pot of tea and a long afternoon in the garden of my aunt.", None)
        assert [id_ for id_, _ in store.bm25("tea", "text", 10)] == [mine.id]
    finally:
        store.close()
