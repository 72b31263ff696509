"""Memory that lives, with the real embedder: what changes, what ends, what fades, and the jobs that see to it."""

from __future__ import annotations

import pickle
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chatmem import jobs
from chatmem.chat import Chat
from chatmem.config import Paths, Settings
from chatmem.errors import Interrupted, NotFound
from chatmem.memory import operations
from chatmem.memory.context import Skill, build_messages
from chatmem.memory.keys import memory_vectors
from chatmem.memory.propose import Proposer
from chatmem.prompts import load_prompt
from chatmem.types import Candidate, Finished, Recall, RecallItem, Turn
from tests.conftest import Ticking, lend

pytestmark = pytest.mark.model


@pytest.fixture
def chat(paths: Paths, embed_model: Path, merged_model: Path, clock: Ticking) -> Iterator[Chat]:
    """A companion whose chat model is away: nobody answers here."""
    lend(paths, embed_model, merged_model)
    opened = Chat(paths, Settings(), clock)
    opened.engine.close()
    opened.embedder.wait(60)
    opened.settle()
    yield opened
    opened.close()


def say(chat: Chat, *texts: str, learn: bool = True) -> None:
    session, parent = chat.store.new_session(), None
    for text in texts:
        turn = chat.store.add_turn(session.id, "user", text, parent)
        parent = chat.store.add_turn(session.id, "assistant", "I see.", turn.id).id
    if learn:
        chat.learner.learn()


def current(chat: Chat) -> list[str]:
    return [memory.text for memory in chat.store.memories("active")]


def test_a_newer_fact_takes_the_place_of_the_older_which_stays_in_its_history(chat: Chat, clock: Ticking) -> None:
    say(chat, "I live in Rome.", "My sister Marta lives in Lima.")
    clock.advance(days=30)
    say(chat, "I live in Oslo now.")
    assert sorted(current(chat)) == ["The user lives in Oslo now.", "The user's sister Marta lives in Lima."]
    found = chat.recall("Where do I live?")
    known = [item for item in found.shown if item.source == "memory"]
    assert "Oslo" in known[0].text
    assert not any("Rome" in item.text for item in known)
    assert known[0].history == ["The user lives in Rome (until 1 April 2026)."]
    messages = build_messages(
        load_prompt("chat"),
        [],
        "Where did I live before Oslo?",
        chat.recall("Where did I live before Oslo?"),
        profile="",
        now=clock(),
        room=4000,
        skill="tiny",
        count=lambda _: 0,
    )
    assert "You live in Rome (until 1 April 2026)." in messages[-1]["content"]
    # Everything can be taken back.
    operations.undo(chat.store)
    assert sorted(current(chat)) == ["The user lives in Rome.", "The user's sister Marta lives in Lima."]


@pytest.mark.parametrize(
    ("texts", "remembered"),
    [
        (
            ("I live in Leeds with my dog Biscuit.", "We moved to York last week.", "I live in York now."),
            {"The user has a dog called Biscuit.", "The user lives in York.", "The user moved to York last week (23 February 2026 to 1 March 2026)."},
        ),
        (("I live in York.", "I moved to Paris in 2010."), {"The user lives in York.", "The user moved to Paris in 2010."}),
        (
            ("My sister Claire lives in Bristol.", "Claire moved to Bath."),
            {"The user's sister Claire lives in Bath.", "The user's sister Claire moved to Bath."},
        ),
        (("My dog Biscuit is a beagle.", "Actually Biscuit is not a beagle, he's a collie."), {"The user's dog Biscuit is a collie, not a beagle."}),
        (
            ("My sister Claire lives in Bristol and is an architect.", "My sister Claire lives in Bath now."),
            {"The user's sister Claire lives in Bath now.", "The user's sister Claire is an architect."},
        ),
        (("My name is Nora.", "My name is not Nora, it's Norah."), {"The user's name is Norah, not Nora."}),
        (("I work as a nurse at Saint James.", "I'm a midwife at York Hospital now."), {"The user works as a midwife at York Hospital now."}),
        (
            ("I have a dentist appointment next Friday.", "My dentist appointment was moved to Monday 9 March."),
            {"The user's dentist appointment was moved to Monday 9 March (9 March 2026)."},
        ),
        (
            ("I have an appointment with Dr. Weber on Monday at 9:30", "the appointment is at 10 now"),
            {"The user has an appointment with Dr. Weber on Monday at 10 (9 March 2026)."},
        ),
        (("dentist is thursday at 3", "dentist moved to 4pm"), {"The user's dentist is thursday at 4pm (5 March 2026)."}),
        (("I owe Tom 50 euros", "paid Tom back"), {"The user paid Tom back."}),
        (("I lent Anna my drill", "Anna gave the drill back"), {"Anna gave the drill back."}),
        (("my brother Ben owes me 20 quid", "Ben finally paid me back"), {"The user's brother Ben finally paid the user back."}),
        (
            ("baby won't sleep, she's 5 months. her name's Isla", "isla has her jabs on the 24th", "jabs got moved to 1 april"),
            {
                "The user's baby won't sleep.",
                "The user's baby is 5 months.",
                "The user's baby's name is Isla.",
                "The user's baby Isla's jabs got moved to 1 april (1 April 2026).",
            },
        ),
        (("my exam is on the 12th of May", "the exam is moved, it will be 16 May"), {"The user's exam was moved to 16 May (16 May 2026)."}),
        (("I owe Tom 50 euros", "paid Ana back"), {"The user owes Tom 50 euros.", "The user paid Ana back."}),
        (  # whose it is, and of which month, the older memory knows
            ("we have two kids, Ellie who's 9 and Sam", "Ellie has a gymnastics competition on 12 April", "competition got moved to the 19th"),
            {"The user has two kids, Ellie who's 9 and Sam.", "The user's kid Ellie's gymnastics competition got moved to the 19th (19 April 2026)."},
        ),
        (
            ("I have a job interview on Thursday.", "the interview got moved to the 23rd"),
            {"The user's job interview got moved to the 23rd (23 March 2026)."},
        ),
        (("we're flying to Lisbon on the 3rd of June", "flight got pushed to the 5th"), {"The flight got pushed to the 5th (5 June 2026)."}),
        (
            ("got a staffie called biscuit", "biscuit ate my shoes yesterday, had to ring the vet"),
            {
                "The user got a staffie called Biscuit.",
                "The user's staffie Biscuit ate the user's shoes yesterday (1 March 2026).",
                "The user had to ring the vet.",
            },
        ),
        (
            ("me and jess broke up last month", "jess wants to share custody of the dog", "my mate olu is vegan", "olu's moving in with us in May"),
            {
                "The user and Jess broke up last month (February 2026).",
                "Jess wants to share custody of the dog.",
                "The user's mate Olu is vegan.",
                "The user's mate Olu is moving in with the user in May (May 2026).",
            },
        ),
    ],
)
def test_corrections_in_plain_words_leave_what_is_true(chat: Chat, texts: tuple[str, ...], remembered: set[str]) -> None:
    for text in texts:
        say(chat, text)
    assert set(current(chat)) == remembered


@pytest.mark.parametrize(
    ("told", "question", "answer", "correction", "remembered"),
    [
        ("I live in Munich.", "where do I live?", "You live in Munich.", "no sorry, it's Hamburg", "The user lives in Hamburg."),
        (  # the memory says it in other words
            "my daughter Ellie has a gymnastics competition on 12 April",
            "when is ellie's competition?",
            "Ellie's competition is on 12 April.",
            "no, it's on the 20th of April",
            "The user's daughter Ellie has a gymnastics competition on 20th of April (20 April 2026).",
        ),
    ],
)
def test_an_answer_is_put_right_as_well(chat: Chat, told: str, question: str, answer: str, correction: str, remembered: str) -> None:
    say(chat, told)
    session = chat.store.new_session()
    asked = chat.store.add_turn(session.id, "user", question, None)
    answered = chat.store.add_turn(session.id, "assistant", answer, asked.id)
    chat.store.add_turn(session.id, "user", correction, answered.id)
    chat.learner.learn()
    assert current(chat) == [remembered]


def test_what_was_forgotten_on_purpose_is_not_recalled_from_the_talk(chat: Chat) -> None:
    say(chat, "My mum has been diagnosed with diabetes.", "I work as a nurse.")
    [sick] = chat.forget_candidates("my mum has diabetes")
    assert "diabetes" in " ".join(item.text for item in chat.recall("What does my mum suffer from?").shown)
    chat.forget([sick.id])
    assert "diabetes" not in " ".join(item.text for item in chat.recall("What does my mum suffer from?").items)
    assert "nurse" in " ".join(item.text for item in chat.recall("What do I work as?").shown)
    operations.undo(chat.store)
    chat.learner.embed_missing()
    assert "diabetes" in " ".join(item.text for item in chat.recall("What does my mum suffer from?").shown)


def test_an_order_to_forget_is_not_recalled(chat: Chat) -> None:
    say(chat, "My mum has been diagnosed with diabetes.")
    conversation = chat.open()
    for text in ("forget that my mum has diabetes", "yes"):
        assert isinstance([*chat.reply(conversation, text)][-1], Finished)
    chat.settle()
    assert chat.store.memories("active") == []
    assert [item.text for item in chat.recall("what do you know about my mum?").items] == []


def test_a_new_conversation_begins_with_what_still_holds(chat: Chat) -> None:
    say(chat, "My sister Marta lives in Oslo.", "I work as a nurse.")
    chat.learner.summarise(chat.store.sessions()[0].id)
    assert sorted(chat.open().profile.splitlines()) == ["The user works as a nurse.", "The user's sister Marta lives in Oslo."]
    chat.forget([memory.id for memory in chat.known() if "Marta" in memory.text])
    assert chat.open().profile == "The user works as a nurse."


def test_what_faded_is_still_found_in_the_talk(chat: Chat) -> None:
    say(chat, "My mum has been diagnosed with diabetes.")
    operations.forget(chat.store, [memory.id for memory in chat.store.memories("active")], "job", "faded")
    assert "diabetes" in " ".join(item.text for item in chat.recall("What does my mum suffer from?").shown)


def test_forgetting_takes_what_was_replaced_along(chat: Chat) -> None:
    say(chat, "my daughter Ellie has a gymnastics competition on 12 April", "competition got moved to the 19th")
    chat.forget([memory.id for memory in chat.store.memories("active")])
    assert "gymnastics" not in " ".join(item.text for item in chat.recall("When is Ellie's competition?").items)


def test_who_died_is_no_longer_there(chat: Chat) -> None:
    say(chat, "I have a dog named Max", "Max died yesterday")
    assert current(chat) == ["The user's dog Max died yesterday (1 March 2026)."]


def test_forgetting_what_no_longer_holds_leaves_what_does(chat: Chat) -> None:
    say(chat, "I live in Berlin.", "I live in Hamburg now.")
    assert chat.forget_candidates("I live in Berlin") == []
    assert [memory.text for memory in chat.forget_candidates("I live in Hamburg")] == ["The user lives in Hamburg now."]


def test_a_message_puts_the_one_before_it_right(chat: Chat) -> None:
    say(
        chat,
        "I ran 10 km yesterday.",
        "oops, 12",
        "My daughter Lea is 6.",
        "no wait, she's 7 not 6",
        "My son Max is 3.",
        "What is a good book?",
        "sorry, 4",
    )
    texts = current(chat)
    assert [text for text in texts if "km" in text] == ["The user ran 12 km yesterday (1 March 2026)."]
    assert [text for text in texts if "Lea" in text] == ["The user's daughter Lea is 7."]
    assert [text for text in texts if "Max" in text] == ["The user's son Max is 3."]  # the message before asked something
    assert [memory.text for memory in chat.store.memories("superseded") if "km" in memory.text] == ["The user ran 10 km yesterday (1 March 2026)."]


def proposing(chat: Chat, answer: list[str] | Exception) -> list[str]:
    """Let a model that gives this answer read; the messages that it is shown."""
    shown: list[str] = []

    def ask(messages: list[dict[str, str]], _schema: dict[str, Any], _most: int) -> Any:
        shown.append(messages[-1]["content"])
        if isinstance(answer, Exception):
            raise answer
        return {"facts": answer}

    chat.learner.proposer = Proposer(ask, load_prompt("extract"), load_prompt("summary"))
    return shown


def test_a_model_reads_after_the_rules_and_adds_what_they_miss(chat: Chat) -> None:
    proposing(chat, ["The user lives in Rome.", "The user speaks Hindi at home.", "The user's name is Otto."])
    say(chat, "I live in Rome. Hindi at home, english at work")
    assert {memory.text: memory.origin for memory in chat.store.memories("active")} == {
        "The user lives in Rome.": "rule",
        "The user speaks Hindi at home.": "llm",
    }
    assert chat.store.turns_for_model() == []


def test_a_model_that_is_needed_elsewhere_reads_later_and_the_rules_do_not_wait(chat: Chat) -> None:
    proposing(chat, Interrupted("The user talks.", ""))
    say(chat, "I live in Rome. Hindi at home, english at work", "Remember that I like tea.", "What is the capital of Peru?")
    assert "The user lives in Rome." in current(chat)
    assert [turn.content[:9] for turn in chat.store.turns_for_model()] == [
        "I live in"
    ]  # a command is carried out, a question about the world states nothing
    shown = proposing(chat, ["The user speaks Hindi at home."])
    chat.learner.learn()
    assert len(shown) == 1
    assert "The user speaks Hindi at home." in current(chat)
    chat.learner.learn()
    assert len(shown) == 1


def test_a_model_reads_neither_an_old_import_nor_what_was_erased(chat: Chat, clock: Ticking) -> None:
    shown = proposing(chat, Interrupted("The user talks.", ""))
    say(chat, "Hindi at home, english at work")
    chat.store.erase_round(chat.store.turns_for_model()[0].id)
    assert chat.store.turns_for_model() == []
    say(chat, "Swahili at home, english at work", learn=False)
    clock.advance(days=2)
    chat.learner.learn()
    assert chat.store.turns_for_model() == []
    assert len(shown) == 1


def test_what_was_said_again_is_one_memory_and_what_is_over_ends(chat: Chat, clock: Ticking) -> None:
    say(chat, "I work at Shell.")
    clock.advance(days=2)
    say(chat, "I work at Shell.")
    assert current(chat) == ["The user works at Shell."]
    assert len(chat.store.sources(chat.store.current_ids()[0])) == 2
    clock.advance(days=2)
    say(chat, "I don't work at Shell anymore.")
    assert [memory.kind for memory in chat.store.memories("active")] == ["event"]
    assert [memory.text for memory in chat.store.memories("superseded")] == ["The user works at Shell."]
    assert chat.store.operations()[0].op == "END"


def test_learning_twice_changes_nothing(chat: Chat) -> None:
    say(chat, "I live in Rome.", "I live in Oslo now.", "My dog Rex is a beagle.")
    before = chat.store.memories(None), chat.store.links(), len(chat.store.operations())
    chat.store._write("DELETE FROM learned")
    chat.learner.learn()
    assert (chat.store.memories(None), chat.store.links(), len(chat.store.operations())) == before


def test_the_index_follows_every_operation(chat: Chat) -> None:
    say(chat, "I live in Rome.", "I love green tea.", "My dog Rex is a beagle.")
    tea = next(memory for memory in chat.store.memories() if "tea" in memory.text)
    vector = memory_vectors([tea.text], chat.embedder.embed)[0]
    chat.index.wait()
    assert chat.index.search("memories", vector, 1)[0][0] == tea.id
    chat.reindex(operations.forget(chat.store, [tea.id]))
    assert tea.id not in [id_ for id_, _ in chat.index.search("memories", vector, 9)]
    chat.reindex(operations.restore(chat.store, [tea.id]))
    assert chat.index.search("memories", vector, 1)[0][0] == tea.id
    _, done = operations.edit(chat.store, tea.id, text="The user collects stamps.")
    chat.reindex([done])
    assert chat.settle()
    stamps = memory_vectors(["The user collects stamps."], chat.embedder.embed)[0]
    assert chat.index.search("memories", stamps, 1)[0] == (tea.id, pytest.approx(1, abs=1e-3))


def test_other_words_bring_other_links_and_undo_brings_back_the_old(chat: Chat, clock: Ticking) -> None:
    say(chat, "I bought a violin.")
    clock.advance(days=3)
    say(chat, "I adopted a puppy called Rex.")
    clock.advance(days=3)
    say(chat, "I bought a bow because of the violin.")
    clock.advance(days=3)
    say(chat, "I am happy about my puppy Rex.")
    store = chat.store
    violin, puppy, bow, happy = (
        next(memory for memory in store.memories() if word in memory.text) for word in ("a violin", "adopted", "bow", "happy")
    )

    def drawn(id_: str) -> set[tuple[str, str, str]]:
        return {(link.src, link.relation, link.dst) for link in store.links([id_])}

    before = drawn(bow.id)
    assert (violin.id, "Cause", bow.id) in before
    text = "The user bought a lead because of the puppy Rex."
    by_hand = operations.Link(src=puppy.id, dst=bow.id, relation="Want", origin="user", created_at=clock())
    operations.link(store, [by_hand])
    _, done = operations.edit(store, bow.id, text=text, links_of=chat.learner.linking([text]))
    after = drawn(bow.id)
    assert (violin.id, "Cause", bow.id) not in after
    assert {(puppy.id, "Cause", bow.id), (puppy.id, "Want", bow.id)} <= after  # a link made by hand stays
    assert any(dst == happy.id for _, _, dst in after)  # and to newer ones
    assert done is not None
    operations.undo(store, done.id)
    assert drawn(bow.id) == before | {(puppy.id, "Want", bow.id)}
    # Words that are not changed keep their links.
    operations.edit(store, bow.id, importance=9, links_of=lambda _: [])
    assert drawn(bow.id) == before | {(puppy.id, "Want", bow.id)}


def test_a_dry_run_changes_nothing_and_the_run_does_what_it_said(chat: Chat, clock: Ticking) -> None:
    say(chat, "I baked bread yesterday.", "I live in Rome.")
    pinned = operations.insert(chat.store, Candidate(kind="event", text="The user saw a fox.", span=""), [], "user")[0]
    operations.pin(chat.store, [pinned.id])
    clock.advance(days=300)
    log = len(chat.store.operations())
    steps = jobs.plan("decay", chat)
    assert [step.op for step in steps] == ["FORGET"]
    assert "bread" in steps[0].text
    assert len(chat.store.operations()) == log
    run = jobs.run("decay", chat)
    assert (run.state, run.stats) == ("done", {"planned": 1, "FORGET": 1})
    assert jobs.plan("decay", chat) == []
    assert sorted(current(chat)) == ["The user lives in Rome.", "The user saw a fox."]
    assert chat.store.operations()[0].actor == "job"
    assert chat.store.jobs("decay")[0] == run


def test_consolidating_learns_summarises_and_can_be_cancelled(chat: Chat, clock: Ticking) -> None:
    say(chat, "My dog Rex is a beagle.", learn=False)
    assert [step.op for step in jobs.plan("consolidate", chat)] == ["LEARN"]
    clock.advance(hours=2)
    cancelled = threading.Event()
    cancelled.set()
    assert jobs.run("consolidate", chat, cancel=cancelled).state == "cancelled"
    assert current(chat) == []
    assert jobs.run("consolidate", chat).stats == {"planned": 2, "LEARN": 1, "SUMMARISE": 1}
    session = chat.store.sessions()[0]
    assert session.state == "consolidated"
    summary = chat.store.summary("session", session.id)
    assert summary is not None
    assert "beagle" in summary.text
    assert jobs.plan("consolidate", chat) == []
    with pytest.raises(NotFound):
        jobs.run("tidy", chat)


def test_merging_makes_one_of_those_that_say_the_same(chat: Chat) -> None:
    ids = [
        operations.insert(chat.store, Candidate(kind="fact", text=text, span=""), [], "user")[0].id
        for text in ("The user likes green tea.", "The user likes green tea a lot.", "The user plays chess.")
    ]
    chat.learner.embed_missing()
    assert [set(step.ids) for step in jobs.plan("merge", chat)] == [set(ids[:2])]
    jobs.run("merge", chat)
    assert len(current(chat)) == 2
    assert chat.settle()
    assert chat.store.without_vector("memories", chat.embedder_id) == []


def test_the_schedule_survives_a_restart_and_runs_what_fell_due(chat: Chat) -> None:
    scheduler = jobs.Scheduler(chat)
    scheduler.start()
    first = {name: scheduler.next_run(name) for name in jobs.JOBS}
    assert all(first.values())
    scheduler.pause("merge")
    scheduler.stop()
    # The laptop slept: decay fell due long ago.
    with sqlite3.connect(chat.paths.schedule) as connection:
        (state,) = connection.execute("SELECT job_state FROM apscheduler_jobs WHERE id = 'decay'").fetchone()
        late = pickle.loads(state) | {"next_run_time": datetime(2020, 1, 1, tzinfo=UTC)}
        connection.execute("UPDATE apscheduler_jobs SET next_run_time = 1, job_state = ? WHERE id = 'decay'", [pickle.dumps(late)])
    again = jobs.Scheduler(chat)
    again.start()
    try:
        assert again.next_run("merge") is None
        assert again.next_run("reindex") == first["reindex"]
        deadline = threading.Event()
        for _ in range(100):
            if chat.store.jobs("decay"):
                break
            deadline.wait(0.1)
        assert chat.settle()
        assert [run.state for run in chat.store.jobs("decay")] == ["done"]  # once, however often it was missed
        again.resume("merge")
        assert again.next_run("merge") is not None
        assert chat.paths.schedule.stat().st_mode & 0o077 == 0
    finally:
        again.stop()


def test_verifying_finds_nothing_wrong_with_what_was_learnt(chat: Chat, clock: Ticking) -> None:
    say(chat, "I live in Rome.", "My sister Marta lives in Lima.")
    clock.advance(days=3)
    say(chat, "I live in Oslo now.", "I live in Oslo now.")
    assert chat.index.wait() == "ready"
    problems = [step.text for step in jobs.plan("verify", chat) if step.op == "PROBLEM"]
    assert problems == []


def test_a_tiny_model_gets_notes_or_the_conversation_not_both(chat: Chat, clock: Ticking) -> None:
    say(chat, "I live in Oslo.")
    before = [
        Turn(id=f"s9_{n}", session_id="s9", n=n, parent=None, role=role, content=text, created_at=clock(), model="m")
        for n, role, text in ((1, "user", "Hello"), (2, "assistant", "Hi"))
    ]

    def messages(message: str, skill: Skill) -> list[str]:
        found = chat.recall(message)
        made = build_messages(load_prompt("chat"), before, message, found, profile="", now=clock(), room=4000, skill=skill, count=lambda _: 0)
        return [one["content"] for one in made]

    assert len(messages("Where do I live?", "tiny")) == 2
    assert messages("Tell me a joke.", "tiny")[1:3] == ["Hello", "Hi"]
    assert messages("Where do I live?", "full")[1:3] == ["Hello", "Hi"]


def test_a_small_model_is_not_told_a_question_without_its_answer(clock: Ticking) -> None:
    def prompt(message: str, skill: Skill) -> str:
        items = [
            RecallItem(source="round", id=id_, kind="round", text=text, said_at=clock(), score=0.5, shown=True, session_id="s1", turn_id=id_)
            for id_, text in (("s1_1", "What could I cook?\nHow about a pilau."), ("s1_3", "I live in Oslo. What could I see?\nThe opera."))
        ]
        found = Recall(question=message, state="possible", items=items)
        made = build_messages(load_prompt("chat"), [], message, found, profile="", now=clock(), room=4000, skill=skill, count=lambda _: 0)
        return made[-1]["content"]

    assert "What could I cook" not in prompt("Where could I eat?", "trained")
    assert "I live in Oslo" in prompt("Where could I eat?", "trained")
    assert "pilau" in prompt("What did you suggest I cook?", "trained")
    assert "pilau" in prompt("Where could I eat?", "full")
