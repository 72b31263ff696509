"""Small question sets and fake models for the tests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chatmem import catalogue
from chatmem.config import MemorySettings
from chatmem.evaluate.embedding import CachedEmbedder
from chatmem.evaluate.runner import Job
from chatmem.evaluate.systems import choose_systems
from chatmem.prompts import load_prompt
from chatmem.types import Usage
from chatmem.words import content_stems
from tests.conftest import Ticking


def question(
    number: int = 0, *, abstention: bool = False, kind: str = "single-session-user", prefix: str = "answer", marks: bool = True
) -> dict[str, Any]:
    """A question of the official schema: four sessions, of which the third holds the evidence."""
    pet, name = [("parrot", "Coco"), ("ferret", "Zorro"), ("turtle", "Atlas")][number % 3]
    talks = [
        [("user", "How do I descale a kettle?"), ("assistant", "Boil water with vinegar, then rinse it twice.")],
        [("user", "Tell me about the moons of Jupiter."), ("assistant", "There are four large ones and many small."), ("user", "And the rings?")],
        [("user", f"My {pet} is called {name} and sings at dawn."), ("assistant", f"A {pet} needs company in the morning.")],
        [("user", "Which bread keeps longest?"), ("assistant", "Rye, in a linen bag.")],
    ]
    sessions = [
        [{"role": role, "content": text, "has_answer": marks and place == 2 and role == "user"} for role, text in talk]
        for place, talk in enumerate(talks)
    ]
    ids = ["sharegpt_1", "ultrachat_2", f"{prefix}_{number}", "sharegpt_4"]
    return {
        "question_id": f"q{number}" + ("_abs" if abstention else ""),
        "question_type": kind,
        "question": f"What is my {pet} called?",
        "answer": name,
        "question_date": "2024/03/20 (Wed) 10:00",
        "haystack_dates": ["2024/03/01 (Fri) 10:00", "2024/03/05 (Tue) 11:30", "2024/03/02 (Sat) 09:15", "2024/03/10 (Sun) 20:00"],
        "haystack_session_ids": ids,
        "haystack_sessions": sessions,
        "answer_session_ids": [ids[2]],
    }


def conversation(name: str = "conv-1") -> dict[str, Any]:
    """A conversation of LoCoMo, with labels as untidy as the real ones."""
    return {
        "sample_id": name,
        "conversation": {
            "speaker_a": "Ana",
            "speaker_b": "Ben",
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": [
                {"speaker": "Ana", "dia_id": "D1:1", "text": "Hi Ben, I adopted a greyhound."},
                {"speaker": "Ben", "dia_id": "D1:2", "text": "How lovely, what is it called?", "blip_caption": "a thin dog on a sofa"},
                {"speaker": "Ana", "dia_id": "D1:3", "text": "She is called Comet."},
            ],
            "session_2_date_time": "12:10 am on 2 June, 2023",
            "session_2": [{"speaker": "Ben", "dia_id": "D2:1", "text": "I moved to Oslo for the tramway museum."}],
            "session_3_date_time": "9:00 am on 3 June, 2023",
        },
        "qa": [
            {"question": "What is Ana's greyhound called?", "answer": "Comet", "evidence": ["D1:1; D:1:03"], "category": 1},
            {"question": "Where did Ben move?", "answer": "Oslo", "evidence": ["D2:1"], "category": 4},
            {"question": "Why did Ana move to Rome?", "adversarial_answer": "work", "evidence": ["D2:1"], "category": 5},
            {"question": "What year is it?", "answer": 2023, "evidence": ["D"], "category": 3},
        ],
    }


def write(path: Path, elements: Sequence[Any]) -> Path:
    path.write_text(json.dumps(list(elements)), "utf-8")
    return path


def embed(texts: Sequence[str]) -> np.ndarray:
    """Bags of stems, hashed: near texts share words. Deterministic, and the size of the real embedder's."""
    out = np.zeros((len(texts), catalogue.EMBEDDER_DIMENSIONS), np.float32)
    for row, text in zip(out, texts, strict=True):
        for stem in content_stems(text) or {""}:
            row[int(hashlib.sha256(stem.encode()).hexdigest(), 16) % len(row)] += 1
        row /= np.linalg.norm(row)
    return out


class Echo:
    """A chat model that answers with a fixed text and keeps what it was given."""

    def __init__(self, reply: str = "It is called Coco.") -> None:
        self.reply = reply
        self.prompts: list[str] = []

    def chat(self, messages: Sequence[dict[str, str]], *, max_tokens: int, temperature: float | None = None) -> Iterator[str | Usage]:  # noqa: ARG002
        self.prompts.append("\n".join(message["content"] for message in messages))
        yield from self.reply.split(" ", 1)[:1]
        yield self.reply[len(self.reply.split(" ", 1)[0]) :]
        yield Usage(prompt_tokens=self.count(messages), reply_tokens=5, seconds=0.1)

    def count(self, messages: Sequence[dict[str, str]]) -> int:
        return sum(len(message["content"]) for message in messages) // 4


def job(folder: Path, data: Path, out: str = "run", systems: str = "chatmem,bm25,dense,last", **changes: Any) -> Job:
    embedder = CachedEmbedder(folder / "cache" / "vectors.db", "bags", embed)
    values: dict[str, Any] = {
        "data": data,
        "out": folder / out,
        "systems": choose_systems(systems.split(",")),
        "memory": MemorySettings(),
        "chat_prompt": load_prompt("chat"),
        "clock": Ticking(),
        "embedder": embedder,
    }
    return Job(**(values | changes))
