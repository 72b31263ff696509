"""Stored third-person sentences, said to the user."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmem.memory.person import first_person, second_person


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
        ("The user rarely eats meat.", "You rarely eat meat."),
        ("The user lives in Rome and works at a bank.", "You live in Rome and work at a bank."),
        ("The user was born in Leeds but now lives in York.", "You were born in Leeds but now live in York."),
        ("The user has cats and dogs.", "You have cats and dogs."),
        ("The user lives with a sister who is a vet and has a dog.", "You live with a sister who is a vet and has a dog."),
        ("The user's sister lives in Rome and works at a bank.", "Your sister lives in Rome and works at a bank."),
    ],
)
def test_sentences(stored: str, said: str) -> None:
    assert second_person(stored) == said


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("The user is allergic to cashews.", "I am allergic to cashews."),
        ("The user's dog Biscuit is a beagle.", "My dog Biscuit is a beagle."),
        ("The user was ill when the user moved.", "I was ill when I moved."),
        ("The user's sister gave the user a book.", "My sister gave me a book."),
        ("The user has a dog and is allergic to cats.", "I have a dog and am allergic to cats."),
        ("The user's wife and the user have a boat.", "My wife and I have a boat."),
        ("The user isn't fond of rain.", "I am not fond of rain."),
    ],
)
def test_sentences_as_the_user_would_say_them(stored: str, said: str) -> None:
    assert first_person(stored) == said


@given(st.text())
def test_no_trace_of_the_third_person_is_left(text: str) -> None:
    assert "The user" not in second_person(text)
    assert "The user" not in first_person(text)
