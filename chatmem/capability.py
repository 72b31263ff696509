"""What the loaded model may do for memory: basic (it only talks) or capable (it may propose, and is checked).

Models under a billion parameters are basic without a test: the bundled one gave the same label to all of 30 pairs and
copied examples when asked for facts. Larger ones show by six small tasks that they follow; one failure in a kind, or
more than one in all, is basic.
"""

from __future__ import annotations

import threading
from typing import Any, Literal

from pydantic import Field

from chatmem.engine import Engine
from chatmem.errors import Interrupted, ModelError
from chatmem.memory.context import SMALL_MODEL
from chatmem.types import Record

Profile = Literal["basic", "capable"]


class Capability(Record):
    """A profile, why, and the tasks of the self-test with their outcome."""

    profile: Profile
    reason: str
    tests: dict[str, bool] = Field(default_factory=dict)


_LISTS = (
    ("I have a cat called Miro and I live in Ghent.", ("miro", "ghent")),
    ("We sold the boat in 2019.", ("boat", "2019")),
    ("What time is it?", ()),
)
LABEL_QUESTION = (
    "Old note: {old}\nNew note: {new}\nDoes the new note say the same, does it change what the old note says, or is it about something different?"
)
_PAIRS = (
    ("The user lives in Rome.", "The user lives in Paris now.", "changed"),
    ("The user likes tea.", "The user is fond of tea.", "same"),
    ("The user has a dog.", "The user plays the flute.", "different"),
)


def assess(engine: Engine, override: Literal["auto", "basic", "capable"] = "auto", cancel: threading.Event | None = None) -> Capability:
    """The capability of the model that ``engine`` runs; ``override`` decides without a test.

    Raises ModelError when none is loaded, Interrupted soon after ``cancel`` is set.
    """
    info = engine.wait()
    if override != "auto":
        return Capability(profile=override, reason="set by the user")
    if info.parameters < SMALL_MODEL:
        return Capability(profile="basic", reason="fewer than a billion parameters")
    tests = {f"list {number}": _lists(engine, text, words, cancel) for number, (text, words) in enumerate(_LISTS, 1)}
    tests |= {f"label {label}": _label(engine, old, new, cancel) == label for old, new, label in _PAIRS}
    passed = sum(tests.values())
    capable = passed >= len(tests) - 1
    return Capability(profile="capable" if capable else "basic", reason=f"{passed} of {len(tests)} tasks of the self-test", tests=tests)


def _ask(engine: Engine, text: str, schema: dict[str, Any], cancel: threading.Event | None) -> Any:
    try:
        return engine.json([{"role": "user", "content": text}], schema, max_tokens=120, cancel=cancel)
    except Interrupted:
        raise
    except ModelError:
        return None


def _lists(engine: Engine, text: str, words: tuple[str, ...], cancel: threading.Event | None) -> bool:
    schema = {
        "type": "object",
        "properties": {"facts": {"type": "array", "maxItems": 5, "items": {"type": "string", "maxLength": 120}}},
        "required": ["facts"],
        "additionalProperties": False,
    }
    answer = _ask(engine, f'List the facts about the writer that this message states; an empty list if there are none.\n"{text}"', schema, cancel)
    if not isinstance(answer, dict):
        return False
    found = " ".join(str(item) for item in answer.get("facts", [])).casefold()
    return all(word in found for word in words) if words else not answer.get("facts")


def _label(engine: Engine, old: str, new: str, cancel: threading.Event | None) -> str | None:
    schema = {
        "type": "object",
        "properties": {"label": {"enum": ["same", "changed", "different"]}},
        "required": ["label"],
        "additionalProperties": False,
    }
    answer = _ask(engine, LABEL_QUESTION.format(old=old, new=new), schema, cancel)
    return answer.get("label") if isinstance(answer, dict) else None
