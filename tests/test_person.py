"""Stored third-person sentences, said to the user."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmem.memory.person import second_person


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("The user is allergic to cashews.", "You are allergic to cashews."),
        ("The user's dog Biscuit is a beagle.", "Your dog Biscuit is a beagle."),
        ("The user has a sister.", "You have a sister."),
        ("The user likes tea and the user's cat hates it.", "You like tea and your cat hates it."),
        ("The user moved to Lisbon.", "You moved to Lisbon."),
        ("The user watches films.", "You watch films."),
        ("The user studies law.", "You study law."),
        ("The user doesn't eat meat.", "You don't eat meat."),
        ("The user also plays the cello.", "You also play the cello."),
        ("The user goes running.", "You go running."),
        ("The user discusses plans.", "You discuss plans."),
        ("Marta told the user a story.", "Marta told you a story."),
        ("The user was born in 1990.", "You were born in 1990."),
    ],
)
def test_sentences(stored: str, said: str) -> None:
    assert second_person(stored) == said


@given(st.text())
def test_no_trace_of_the_third_person_is_left(text: str) -> None:
    assert "The user" not in second_person(text)
