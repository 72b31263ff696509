"""Does a cosine to a memory tell what is remembered from what was never said? ``python -m tests.bench.gate``.

Prints, for each floor, the share of answerable questions above it and of never-mentioned things below it, with the
bundled embedder and facts as extraction writes them.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from chatmem import catalogue
from chatmem.config import Paths, Settings
from chatmem.engine import Engine
from chatmem.memory.extract import extract
from tests.bench.first_days import FACTS

MORE = [
    ("I speak Finnish and Swedish.", "Which languages do I know?"),
    ("We have a sauna by the lake.", "Do we own a place to relax?"),
    ("I take metformin for my diabetes.", "What medicine do I use?"),
    ("My wife Clara is a violin maker.", "What does my spouse do for a living?"),
    ("I moved from Bristol to Porto in 2019.", "Where did I live earlier?"),
    ("I can't eat gluten.", "What should I avoid in food?"),
    ("My son plays football on Wednesdays.", "When is my kid's practice?"),
    ("I'm reading Middlemarch.", "What book am I on?"),
    ("I have two cats, Miso and Tofu.", "What are my pets called?"),
    ("My car is a blue Skoda.", "What do I drive?"),
    ("I graduated in chemistry.", "What was my degree?"),
    ("I'm afraid of heights.", "What scares me?"),
]
NEVER = """What is the name of my accountant?|What is my blood type?|Where did I go to school?|Who is my best friend?|What is my favourite colour?
How tall am I?|What is my wifi name?|When is my wedding anniversary?|What size are my shoes?|Which gym do I go to?|What is my hamster's name?
Where do my parents live?|What did I eat for breakfast?|What is my favourite film?|Who is my boss?|What is my street called?
When is my dentist appointment?|Which phone do I have?|What did I buy last week?|How many siblings do I have?|What team do I support?
Do I have any tattoos?|What is my middle name?|Where did I go on holiday?|What is my mother's maiden name?|Which bank do I use?
Am I left-handed?|What games do I play?|What did my doctor say?|Which newspaper do I read?""".replace("\n", "|").split("|")


def main() -> int:
    """Print the curve."""
    pairs = [(said, asked) for said, asked, *_ in FACTS] + MORE
    with tempfile.TemporaryDirectory() as folder:
        paths = Paths(Path(folder)).make()
        engine = Engine(catalogue.bundled_embedder(paths), "embed", Settings().model, paths)
        engine.start()
        try:
            now = datetime(2026, 3, 2, tzinfo=UTC)
            facts = [candidate.text for said, _ in pairs for candidate in extract(said, now)]
            vectors = engine.embed(facts)
            known = (engine.embed([asked for _, asked in pairs]) @ vectors.T).max(axis=1)
            never = (engine.embed(NEVER) @ vectors.T).max(axis=1)
        finally:
            engine.close()
    print(f"{len(facts)} facts, {len(pairs)} questions on them, {len(NEVER)} on what was never said")
    for floor in np.arange(0.2, 0.5, 0.04):
        print(f"floor {floor:.2f}: on facts, above {np.mean(known >= floor):.0%}; never said, below {np.mean(never < floor):.0%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
