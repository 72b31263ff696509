"""Does recall tell what is remembered from what was never said? ``python -m tests.bench.gate``.

Asks real stores about facts that they hold and about things never mentioned, and prints how often "nothing is
remembered" is the answer: for 24 facts said in a conversation, which chose nothing, and for stores that hold 5 to 150 of
the adapter's families of facts, on which the floor was set.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from chatmem import catalogue
from chatmem.adapter.cases import sentence
from chatmem.adapter.families import Family, Fill, grammar
from chatmem.config import MemorySettings, Paths, Settings
from chatmem.engine import Engine
from chatmem.memory import operations
from chatmem.memory.keys import embed_rounds, memory_vectors
from chatmem.memory.learn import learn_turn
from chatmem.memory.recall import recall
from chatmem.store import Store
from chatmem.types import Candidate
from chatmem.vectors import VectorIndex
from tests.bench.first_days import FACTS

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SIZES = (5, 15, 30, 80, 150)
STORES = 6  # of each size
ASKED = 30  # questions of each kind to a store
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


def refused(store: Store, engine: Engine, questions: Sequence[str]) -> float:
    """The share of questions for which nothing is remembered."""
    index = VectorIndex(store, catalogue.EMBEDDER_ID, catalogue.EMBEDDER_DIMENSIONS, Paths(Path("unused")))
    verdicts = [
        recall(
            store,
            question,
            settings=MemorySettings(),
            today=NOW.date(),
            query_vector=vector,
            index=index,
            embedder=catalogue.EMBEDDER_ID,
        ).state
        for question, vector in zip(questions, engine.embed(questions), strict=True)
    ]
    return float(np.mean([state == "none" for state in verdicts]))


def said(engine: Engine, folder: Path) -> tuple[float, float]:
    """Refusals of questions on facts said in a conversation, and of those on what was never said."""
    pairs = [(said, asked) for said, asked, *_ in FACTS] + MORE
    store = Store.open(Paths(folder).make(), "default", lambda: NOW)
    session, parent = store.new_session().id, None
    for text, _ in pairs:
        turn = store.add_turn(session, "user", text, parent)
        parent = store.add_turn(session, "assistant", "Noted.", turn.id).id
        learn_turn(store, turn, engine.embed, catalogue.EMBEDDER_ID)
    ids = store.rounds()
    store.put_vectors("rounds", catalogue.EMBEDDER_ID, ids, embed_rounds(store, ids, engine.embed))
    found = refused(store, engine, [asked for _, asked in pairs]), refused(store, engine, NEVER)
    store.close()
    return found


def filled(rng: random.Random, family: Family) -> tuple[str, str]:
    """A fact of a family and a question about it."""
    fill = Fill(rng, "test" if family in grammar("test").facts else "train")
    return sentence(fill(family.mem)), fill(rng.choice(family.ask)[0])


def kept(engine: Engine, folder: Path, size: int, seed: int) -> tuple[float, float]:
    """The same for a store of so many facts, no two of a kind, and questions on other kinds."""
    rng = random.Random(seed)
    families = [family for family in (*grammar("train").facts, *grammar("test").facts) if "user" in family.mem]
    rng.shuffle(families)
    facts = [filled(rng, family) for family in families[:size]]
    others = [filled(rng, family)[1] for family in families[size : size + ASKED]]
    store = Store.open(Paths(folder).make(), "default", lambda: NOW)
    with store.transaction():
        for text, _ in facts:
            operations.insert(store, Candidate(kind="fact", text=text, span=text), [], "user")
    ids = store.without_vector("memories", catalogue.EMBEDDER_ID)
    store.put_vectors("memories", catalogue.EMBEDDER_ID, ids, memory_vectors([store.memory(id_).text for id_ in ids], engine.embed))
    found = refused(store, engine, [asked for _, asked in facts[:ASKED]]), refused(store, engine, others)
    store.close()
    return found


def main() -> int:
    """Print the shares."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = Paths(folder / "models").make()
        engine = Engine(catalogue.bundled_embedder(paths), "embed", Settings().model, paths)
        engine.start()
        try:
            print(f"{'facts':>20}  refused though said  never said, refused")
            known, never = said(engine, folder / "said")
            print(f"{'said in conversation':>20}  {known:>19.1%}  {never:>19.1%}")
            for size in SIZES:
                shares = np.mean([kept(engine, folder / f"{size}-{seed}", size, seed) for seed in range(STORES)], axis=0)
                print(f"{size:>20}  {shares[0]:>19.1%}  {shares[1]:>19.1%}")
        finally:
            engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
