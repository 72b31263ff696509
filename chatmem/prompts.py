"""Find, check and render prompts: Markdown files with TOML front matter and Jinja in ``## system`` and ``## user``.

A file of the same name in the user's prompts folder wins over the shipped one.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from chatmem.errors import PromptError

if TYPE_CHECKING:
    from jinja2 import Template


class Prompt(BaseModel):
    """One prompt: its front matter and the text of its sections."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    purpose: str
    inputs: list[str]
    output: str
    max_tokens: int
    sections: dict[str, str]

    def render(self, section: str, **values: Any) -> str:
        """The text of a section for these inputs. Raises PromptError when one is missing or the template is wrong."""
        import jinja2

        try:
            return _template(self.sections[section]).render(**values).strip()
        except (jinja2.TemplateError, KeyError) as error:
            raise PromptError(f"Prompt {self.name} ({section}) cannot be rendered: {error}.", "Correct or remove your own copy of it.") from error


@lru_cache(maxsize=64)
def _template(text: str) -> Template:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # The result goes to a model, not to a page: nothing to escape.
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False).from_string(text)


def shipped_folder(name: str) -> Path:
    """The folder ``prompts`` or ``data`` that ships with chatmem: the checkout's own, else the one in the package."""
    checkout = Path(__file__).resolve().parent.parent / name
    if checkout.is_dir() and (checkout.parent / "pyproject.toml").is_file():
        return checkout
    return Path(str(resources.files("chatmem") / f"_{name}"))


def load_prompt(name: str, override: Path | None = None) -> Prompt:
    """Read a prompt by name; the user's ``override`` folder first. Raises PromptError that names the file."""
    candidates = [folder / f"{name}.md" for folder in (override, shipped_folder("prompts")) if folder]
    path = next((candidate for candidate in candidates if candidate.is_file()), None)
    if path is None:
        raise PromptError(f"There is no prompt named {name}.", "Reinstall chatmem.")
    try:
        text = path.read_text("utf-8")
        _, front, body = re.split(r"^\+\+\+\s*$", text, maxsplit=2, flags=re.MULTILINE)
        parts = re.split(r"^## (\w+)\s*$", body, flags=re.MULTILINE)
        sections = {title: content.strip("\n") for title, content in zip(parts[1::2], parts[2::2], strict=True)}
        return Prompt(name=name, sections=sections, **tomllib.loads(front))
    except (ValueError, TypeError, ValidationError, OSError) as error:
        raise PromptError(f"The prompt file {path} is malformed: {error}", "Compare it with the shipped one, or remove it.") from error
