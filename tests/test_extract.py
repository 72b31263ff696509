"""Extraction by rule: what becomes a fact or an event, what never does, and commands in plain sentences."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmem.memory.extract import MAX_FACTS, command, extract, remember_text, secret, supported

SAID = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)

FACTS = [
    ("I'm allergic to cashews.", ["The user is allergic to cashews."]),
    ("im allergic to nuts", ["The user is allergic to nuts."]),
    ("my favourite band is Radiohead", ["The user's favourite band is Radiohead."]),
    ("I don't eat meat", ["The user doesn't eat meat."]),
    ("I've got two cats.", ["The user has got two cats."]),
    ("Well, I work as a nurse at St. Mary's hospital.", ["The user works as a nurse at St. Mary's hospital."]),
    ("I go running every Tuesday", ["The user goes running every Tuesday."]),
    ("I also play the cello.", ["The user also plays the cello."]),
    ("I used to live in Porto, but I moved because of my job", ["The user used to live in Porto.", "The user moved because of the user's job."]),
    ("I'm Ana and I live in Rome", ["The user is Ana.", "The user lives in Rome."]),
    ("Can you suggest a gift for my brother Tom, who loves chess?", ["The user's brother Tom loves chess.", "The user has a brother called Tom."]),
    ("What should I cook for my sister Marta tonight?", ["The user has a sister called Marta."]),
    ("Our landlord is Mr. Okafor. He is kind.", ["The user's landlord is Mr. Okafor."]),
]

NOTHING = [
    "What breed is my dog?",
    "Thanks, that helps!",
    "I think so",
    "I see",
    "I'm fine",
    "I need help with my essay",
    "I have a question",
    "If I were rich I'd buy a boat",
    "Imagine I live on Mars.",
    "Maybe I will move to Oslo",
    "He said my car is ugly",
    "My boss thinks I am lazy",
    "According to my sister I snore",
    "I'm just kidding, I have nine wives",
    "Write me a poem about the sea.",
    "```\nmy_dog = 'beagle'\nI am code\n```",
    "> I am a quoted line",
    'The letter says "I am your father".',
    "remember that my locker is 12",
    "forget that I like tea",
    "What do you know about me?",
    "my password is hunter2",
    "my card number is 4111 1111 1111 1111",
    "I'll try that",
    "I love it",
    "",
    "\x00\x1b[31m",
]


@pytest.mark.parametrize(("text", "facts"), FACTS)
def test_facts(text: str, facts: list[str]) -> None:
    assert [candidate.text for candidate in extract(text, SAID)] == facts


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_to_remember(text: str) -> None:
    assert extract(text, SAID) == []


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("We adopted a beagle named Biscuit yesterday!", date(2026, 11, 19), date(2026, 11, 19)),
        ("My sister Marta is visiting next week", date(2026, 11, 23), date(2026, 11, 29)),
        ("I moved to Lisbon in March 2024", date(2024, 3, 1), date(2024, 3, 31)),
        ("My daughter Emma turned six on 3 May.", date(2026, 5, 3), date(2026, 5, 3)),
        ("I ran a marathon two weeks ago", date(2026, 11, 6), date(2026, 11, 6)),
    ],
)
def test_events_have_their_dates(text: str, start: date, end: date) -> None:
    (event,) = extract(text, SAID)
    assert (event.kind, event.event_start, event.event_end, event.time_source) == ("event", start, end, "stated")


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("Remember that my locker is 12", ("remember", "my locker is 12")),
        ("please remember: I hate coriander", ("remember", "I hate coriander")),
        ("Forget that I like tea.", ("forget", "I like tea")),
        ("forget about my locker", ("forget", "my locker")),
        ("What do you know about me?", ("known", "")),
        ("So what do you remember about me", ("known", "")),
        ("Do you remember my dog's name?", None),
        ("Don't forget to smile", None),
        ("I forgot that", None),
        ("forget it", None),
        ("remember when we met?", None),
        ("What do you know about Mexico?", None),
    ],
)
def test_commands(text: str, order: tuple[str, str] | None) -> None:
    assert command(text) == order


def test_secrets_are_named_and_refused() -> None:
    assert secret("my password is hunter2") == "password"
    assert secret("card 4111-1111-1111-1111") == "card number"
    assert secret("my phone is 555 0100") is None
    assert remember_text("my PIN is 1234", SAID) is None
    assert remember_text("  ", SAID) is None


@given(st.text(max_size=300))
def test_any_text_gives_supported_facts_with_their_verbatim_span(text: str) -> None:
    for candidate in extract(text, SAID):
        assert candidate.span in text
        assert candidate.text


def test_support_means_every_content_word() -> None:
    assert supported("The user likes tea.", "I like tea")
    assert not supported("The user likes coffee.", "I like tea")


@settings(max_examples=10)
@given(st.sampled_from(["a ", "(", "I am ", "my my ", "é", "1 ", '"', "\n> I am "]))
def test_a_huge_paste_is_bounded(piece: str) -> None:
    assert len(extract(piece * (1_000_000 // len(piece)), SAID)) <= MAX_FACTS
