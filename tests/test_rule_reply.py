"""What is answered without the model, when it is too small to be trusted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import pytest

from chatmem.memory.extract import extract
from chatmem.memory.rule_reply import NO_MEMORY, now_reply, refused, rule_reply, said_reply
from chatmem.types import Recall, RecallItem

NOW = datetime(2026, 3, 2, tzinfo=UTC)
NURSE = RecallItem(source="memory", id="m1", kind="fact", text="The user works as a nurse.", said_at=NOW, score=0.4, shown=True)


def recalled(state: Literal["confident", "possible", "none"], *items: RecallItem) -> Recall:
    return Recall(question="What is my job?", state=state, items=list(items))


@pytest.mark.parametrize(
    ("message", "recall", "reply"),
    [
        ("What is my job?", recalled("none"), NO_MEMORY),
        ("What is my job?", recalled("possible", NURSE), "I am not sure. What comes closest in my memory: You work as a nurse."),
        ("What is my job?", recalled("confident", NURSE), None),
        ("Tell me a joke.", recalled("none"), None),
        ("how do I get wax out of a tablecloth", recalled("none"), None),
        ("What is the capital of Peru?", recalled("possible", NURSE), None),
        ("Good morning!", recalled("none"), None),
    ],
)
def test_a_question_gets_a_rule_only_when_memory_is_empty_or_unsure(message: str, recall: Recall, reply: str | None) -> None:
    assert rule_reply(message, recall, [], 1) == reply


def told(text: str, day: int) -> RecallItem:
    return NURSE.model_copy(update={"id": f"m{day}", "text": text, "said_at": NOW.replace(day=day)})


@pytest.mark.parametrize(
    ("message", "items", "reply"),
    [
        ("Do I have a dog?", [told("The user has a dog.", 2), told("The user doesn't have a dog any more.", 3)], "You don't have a dog any more."),
        ("Do I have a dog?", [told("The user doesn't have a dog.", 2), told("The user has a dog called Rex.", 3)], None),
        ("Is my dog a beagle?", [told("The user doesn't have a dog any more.", 3)], None),
        ("Why don't I work as a nurse?", [told("The user does not work as a nurse.", 3)], None),
        ("Where did I work before?", [told("The user no longer works at York Hospital.", 3)], None),
        ("Do I have a dog?", [told("The user's dog Max died.", 3)], "Your dog Max died."),
        ("how is Max?", [told("The user's dog Max died.", 3)], "Your dog Max died."),
        ("what happened to my dog?", [told("The user's dog Max died.", 3)], "Your dog Max died."),
        ("do I have a dog?", [told("The user's dog Max died.", 2), told("The user has a dog called Rex.", 3)], None),
        ("when did my dog die?", [told("The user's dog Max died.", 3)], None),
    ],
)
def test_what_is_no_longer_so_is_said_as_it_stands(message: str, items: list[RecallItem], reply: str | None) -> None:
    assert rule_reply(message, recalled("confident", *items), [], 1, trained=True) == reply


@pytest.mark.parametrize(
    ("message", "texts", "reply"),
    [
        ("what's my husband called", ["The user's husband Rui drives a van."], "Your husband is called Rui."),
        ("What is the name of my husband?", ["The user's husband Rui drives a van."], "Your husband is called Rui."),
        ("What is my pet called?", ["The user has a tortoise named Usain."], "Your pet is called Usain."),
        ("do you remember my boss's name?", ["The user moved house with the user's boss Ann."], "Your boss is called Ann."),
        ("What is my landlord's name?", ["The user's landlord is called Mr Okafor."], "Your landlord is called Mr Okafor."),
        ("What is my cat called?", ["The user has a cat called Tom.", "The user's cat Kim is old."], None),  # which of the two?
        ("What is my wife called?", ["The user's husband Rui drives a van."], None),
        ("Who is my husband?", ["The user's husband Rui drives a van."], None),
    ],
)
def test_a_name_that_memory_knows_is_said(message: str, texts: list[str], reply: str | None) -> None:
    items = [told(text, day) for day, text in enumerate(texts, 2)]
    assert rule_reply(message, recalled("confident", *items), [], 1, trained=True) == reply


def test_advice_on_food_gets_what_has_to_be_minded() -> None:
    shellfish = told("The user is allergic to shellfish.", 2).model_copy(update={"parts": {"diet": 0.3}})
    assert (
        rule_reply("What can I cook tonight?", recalled("possible", NURSE, shellfish), [], 1, trained=True)
        == "Mind this: you are allergic to shellfish."
    )
    assert rule_reply("What can I cook tonight?", recalled("confident", NURSE), [], 1, trained=True) is None
    assert rule_reply("What did I cook?", recalled("confident", shellfish), [], 1, trained=True) is None


def test_what_is_refused_names_the_nearest_memory_and_advice_is_not_refused_where_one_bears_on_it() -> None:
    refusal = "I have no memory of your seat."
    far = told("The user prefers window seats.", 2).model_copy(update={"parts": {"cosine": 0.5, "overlap": 0.5}})
    near = far.model_copy(update={"parts": {"cosine": 0.6, "overlap": 0.5}})
    assert refused("Which seat should I book?", recalled("confident", NURSE, far), refusal) == "What I remember of it: You prefer window seats."
    assert refused("Which seat should I book?", recalled("confident", NURSE), refusal) == refusal
    assert refused("Which seat did I book?", recalled("confident", NURSE, near), refusal) == f"{refusal} Nearest to it: You prefer window seats."
    assert refused("Which seat did I book?", recalled("confident", NURSE, far), refusal) == refusal


@pytest.mark.parametrize(
    "message", ["what day is it?", "What's the date today", "hey, what time is it now?", "which day of the week is it", "do you know what year it is"]
)
def test_the_day_and_the_time_are_told(message: str) -> None:
    assert now_reply(message, datetime(2026, 11, 29, 9, 5, tzinfo=UTC)) == "It is Sunday, 29 November 2026, 09:05."


@pytest.mark.parametrize("message", ["what day is the exam?", "what's the date of my exam", "what time is it in Lisbon?", "What year is my car?"])
def test_another_day_or_time_is_not_told_by_the_clock(message: str) -> None:
    assert now_reply(message, datetime(2026, 11, 29, 9, 5, tzinfo=UTC)) is None


def test_what_was_learnt_is_said_back_in_varied_words() -> None:
    message = "My sister Marta lives in Oslo and I play the cello."
    replies = [rule_reply(message, recalled("none"), extract(message, NOW), number) for number in (1, 3, 5)]
    assert len(set(replies)) == 3
    for reply in replies:
        assert reply is not None
        assert "our sister Marta lives in Oslo." in reply
        assert "ou play the cello." in reply


@pytest.mark.parametrize(
    ("message", "begins"),
    [
        ("my dad died last week", "I am sorry"),
        ("mum's been diagnosed with breast cancer", "I am sorry"),
        ("I failed my maths exam", "I am sorry"),
        ("i got the job at nhs!!", "How lovely!"),
        ("my sister is pregnant", "How lovely!"),
        ("mum is cancer free", "How lovely!"),
        ("I have type 1 diabetes", "Noted:"),
        ("my brother got married in 1998", "Noted:"),
    ],
)
def test_what_was_learnt_is_said_back_as_one_does_to_good_and_bad_news(message: str, begins: str) -> None:
    reply = rule_reply(message, recalled("none"), extract(message, NOW), 0)
    assert reply is not None
    assert reply.startswith(begins)


def test_the_last_message_is_known_word_for_word() -> None:
    assert said_reply("what did I just say?", "I like tea") == "You said: “I like tea”"
    assert said_reply("What did I say?", None) == "You have not said anything yet in this conversation."
    assert said_reply("what did I say about tea?", "I like tea") is None
