"""What people write by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmem.memory.handwritten import as_written_down, parts_of


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("I like tea", "The user likes tea."),
        ("my sister is called Ana", "The user's sister is called Ana."),
        ("I'm a nurse. My dog is old.", "The user is a nurse. The user's dog is old."),
        ("The user likes tea", "The user likes tea"),
        ("Ana said I like tea", "Ana said I like tea"),
        ("", ""),
    ],
)
def test_the_first_person_becomes_the_user(written: str, kept: str) -> None:
    assert as_written_down(written) == kept


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("The user likes tea. The user likes rain.", ["The user likes tea.", "The user likes rain."]),
        ("The user likes tea and hates coffee.", ["The user likes tea.", "The user hates coffee."]),
        ("The user likes tea and coffee.", ["The user likes tea.", "The user likes coffee."]),
        ("The user grows figs, plums and pears.", ["The user grows figs.", "The user grows plums.", "The user grows pears."]),
        ("The user moved to Leeds and bought a house.", ["The user moved to Leeds.", "The user bought a house."]),
        ("The user has 2 cats and 3 dogs.", ["The user has 2 cats.", "The user has 3 dogs."]),
        ("The user's sister plays chess and the piano.", ["The user's sister plays chess.", "The user's sister plays the piano."]),
        ("The user broke a leg and the user's friend Anna drove home.", ["The user broke a leg.", "The user's friend Anna drove home."]),
        ("The user has a dog and Biscuit is a beagle.", ["The user has a dog.", "Biscuit is a beagle."]),
        ("The user likes tea.", ["The user likes tea."]),
    ],
)
def test_a_split_is_guessed_in_whole_sentences(text: str, parts: list[str]) -> None:
    assert parts_of(text) == parts


@given(st.text(max_size=200))
def test_any_text_can_be_written_and_split(text: str) -> None:
    assert "".join(as_written_down(text).split()) or not text.split()
    assert all(part.strip() for part in parts_of(text))
