"""Prompts: every shipped one renders, a user's own wins, and a broken one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatmem.errors import PromptError
from chatmem.prompts import load_prompt, shipped_folder

VALUES = {
    "profile": "",
    "notes": [{"date": "2 May 2026", "text": "You like tea"}],
    "today": "3 May 2026",
    "message": "Hi {{ x }}",
    "nothing": False,
    "question": True,
    "dates": True,
}


def test_every_shipped_prompt_renders_with_its_declared_inputs() -> None:
    import jinja2
    import jinja2.meta

    files = sorted(shipped_folder("prompts").glob("*.md"))
    assert files
    for file in files:
        if file.stem == "README":
            continue
        prompt = load_prompt(file.stem)
        used = set()
        for section in prompt.sections.values():
            used |= jinja2.meta.find_undeclared_variables(jinja2.Environment(autoescape=True).parse(section))
        assert used == set(prompt.inputs)


def test_values_are_never_read_as_templates() -> None:
    text = load_prompt("chat").render("user", **VALUES)
    assert "Hi {{ x }}" in text
    assert "You like tea (2 May 2026)" in text


def test_the_users_own_prompt_wins_and_a_broken_one_is_named(tmp_path: Path) -> None:
    own = tmp_path / "chat.md"
    own.write_text('+++\npurpose = "x"\ninputs = []\noutput = "text"\nmax_tokens = 9\n+++\n## system\nMine.\n')
    assert load_prompt("chat", tmp_path).render("system") == "Mine."
    own.write_text("no front matter")
    with pytest.raises(PromptError, match=r"chat\.md is malformed"):
        load_prompt("chat", tmp_path)
    with pytest.raises(PromptError, match="no prompt named"):
        load_prompt("absent")
