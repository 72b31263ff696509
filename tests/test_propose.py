"""A model proposes, rules decide: what it may add to memory, and what is thrown away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chatmem.capability import assess
from chatmem.config import Paths, Settings
from chatmem.engine import Engine
from chatmem.errors import Interrupted, ModelError
from chatmem.memory.extract import extract
from chatmem.memory.propose import may_state, propose_facts, propose_summary, unsupported
from chatmem.memory.validate import validate
from chatmem.prompts import load_prompt
from chatmem.types import Turn
from tests.conftest import lend

SAID_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MESSAGE = "Pia and I finally got the keys to the flat in Ghent, 80 square metres, and the cat Miro hates it."


def scripted(answer: Any) -> Any:
    def ask(messages: list[dict[str, str]], schema: dict[str, Any], max_tokens: int) -> Any:
        assert MESSAGE in messages[-1]["content"] or "User:" in messages[-1]["content"]
        assert schema["required"]
        assert max_tokens > 0
        if isinstance(answer, Exception):
            raise answer
        return answer

    return ask


def test_a_proposal_is_kept_only_when_the_message_supports_it() -> None:
    facts = [
        "The user got the keys to a flat in Ghent.",
        "The user lives in Brussels.",  # a name that was not said
        "The user's flat has 90 square metres.",  # a number that was not said
        "You have a cat called Miro.",  # not about "the user"
        "The user's cat Miro hates the flat.",
        "The user's cat Miro hates the flat.",
    ]
    accepted, rejected = propose_facts(scripted({"facts": facts}), load_prompt("extract"), MESSAGE, SAID_AT, [])
    assert [candidate.text for candidate in accepted] == [facts[0], facts[4]]
    assert all(candidate.span in MESSAGE for candidate in accepted)
    assert len(rejected) == 3


def test_what_the_rules_found_is_not_proposed_again() -> None:
    known = extract("My cat Miro hates the flat.", SAID_AT)
    accepted, rejected = propose_facts(scripted({"facts": ["The user's cat Miro hates the flat."]}), load_prompt("extract"), MESSAGE, SAID_AT, known)
    assert accepted == []
    assert "the same as" in rejected[0]


@pytest.mark.parametrize("answer", [{}, {"facts": None}, [], "nonsense", ModelError("it broke")])
def test_a_model_that_fails_proposes_nothing(answer: Any) -> None:
    assert propose_facts(scripted(answer), load_prompt("extract"), MESSAGE, SAID_AT, [])[0] == []
    turn = Turn(id="s1_1", session_id="s1", n=1, parent=None, role="user", content=MESSAGE, created_at=SAID_AT)
    assert propose_summary(scripted(answer), load_prompt("summary"), [turn]) == []


def test_an_interruption_is_passed_on_so_that_it_is_tried_again() -> None:
    with pytest.raises(Interrupted):
        propose_facts(scripted(Interrupted("wait")), load_prompt("extract"), MESSAGE, SAID_AT, [])


def test_a_summary_keeps_only_sentences_whose_numbers_names_and_words_were_said() -> None:
    turns = [
        Turn(id="s1_1", session_id="s1", n=1, parent=None, role="user", content=MESSAGE, created_at=SAID_AT),
        Turn(id="s1_2", session_id="s1", n=2, parent="s1_1", role="assistant", content="Congratulations from Brussels!", created_at=SAID_AT),
    ]
    sentences = [
        "The user and Pia got the keys to a flat in Ghent.",
        "The user moved to Brussels.",
        "The flat has 85 square metres.",
        "It was a nice talk.",
    ]
    assert propose_summary(scripted({"sentences": sentences}), load_prompt("summary"), turns) == sentences[:1]
    assert unsupported("The user paid 1,200 euros to Marta.", "I paid 1,200 euros to Marta") == []
    assert "1,300" in unsupported("The user paid 1,300 euros.", "I paid 1,200 euros")


@pytest.mark.parametrize(
    ("proposal", "message"),
    [
        ("The user's name is Anna.", 'Translate to Spanish: "My name is Anna and I bake."'),
        ("The user lives in Berlin.", "fix the grammar: I lives in Berlin"),
        ("The user has two kids and no savings.", "ok so say you had two kids and no savings, mad or not?"),
        ("The user won the lottery.", "if I won the lottery I'd be gone"),
        ("The user quit the job at the bank.", "a man on the train says he quit his job at the bank"),
        ("The user is the king of Spain.", "I'm the king of Spain, just kidding"),
        ("The user has 14 cats.", "a woman in the paper told them she has 14 cats"),
    ],
)
def test_what_is_quoted_supposed_heard_or_joked_is_not_stated(proposal: str, message: str) -> None:
    assert validate(proposal, message, SAID_AT)


@pytest.mark.parametrize(
    ("proposal", "message"),
    [
        ("The user speaks Hindi at home.", "Hindi at home, english at work"),
        ("The user's nephew is 14.", "gift for my nephew, 14, obsessed with chess?"),
        ("The user got the job at the zoo.", "got the job at the zoo lol"),
        ("The user gets the train to Schiphol every day.", "is there parking at the station, i get the train to schiphol every day"),
        ("The user's overdraft is gone.", "overdraft: gone. finally. took 4 years"),
    ],
)
def test_what_is_stated_in_few_words_may_be_proposed(proposal: str, message: str) -> None:
    assert validate(proposal, message, SAID_AT) is None


@pytest.mark.parametrize(
    ("message", "may"),
    [
        ("beekeeper here, 3 hives, honey label wording?", True),
        ("what should I cook for my gran?", True),
        ("who won the world cup in 2018?", False),
        ("```\nI = 3\n```", False),
        ("", False),
    ],
)
def test_a_model_is_asked_only_where_something_may_be_stated(message: str, may: bool) -> None:
    assert may_state(message) is may


@pytest.fixture
def engine(paths: Paths, chat_model: Path, merged_model: Path) -> Iterator[Engine]:
    lend(paths, merged_model)
    opened = Engine(chat_model, "chat", Settings().model, paths)
    opened.start()
    opened.wait(60)
    yield opened
    opened.close()


@pytest.mark.model
def test_the_bundled_model_is_basic_and_even_when_asked_adds_nothing_unsaid(engine: Engine) -> None:
    assert assess(engine).profile == "basic"
    assert assess(engine, "capable").profile == "capable"

    def ask(messages: list[dict[str, str]], schema: dict[str, Any], max_tokens: int) -> Any:
        return engine.json(messages, schema, max_tokens=max_tokens)

    for text in (MESSAGE, "What should I cook tonight?", "If I were rich I would buy a boat."):
        for candidate in propose_facts(ask, load_prompt("extract"), text, SAID_AT, [])[0]:
            assert not unsupported(candidate.text, text), candidate.text


@pytest.mark.model
def test_the_model_gives_way_to_the_user_at_once(engine: Engine) -> None:
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    schema = {"type": "object", "properties": {"x": {"type": "string", "minLength": 4000}}, "required": ["x"]}
    with pytest.raises(Interrupted):
        engine.json([{"role": "user", "content": "Write a long story."}], schema, max_tokens=4000, cancel=cancel)
    assert "".join(piece for piece in engine.chat([{"role": "user", "content": "Hello"}], max_tokens=5) if isinstance(piece, str))
