"""The gate on real histories: does it tell what was said from what was never said?

Each answerable question of a LongMemEval file is asked twice: of its whole history, and of the same history without the
rounds of its evidence sessions, where "nothing remembered" is right. (Some of those are answered elsewhere all the same:
what is near stays.) A question for advice is never refused, and counts apart. Prints the curve over the floor, for each half
of the questions (even and odd) and for all.

    python -m tests.bench.gate_haystack --data longmemeval_s.json.xz [--cache vectors.db] [--limit N]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np

from chatmem.cli.evaluation import open_embedder
from chatmem.config import MemorySettings, Paths, Settings
from chatmem.evaluate.datasets import Case, read_cases
from chatmem.evaluate.embedding import CachedEmbedder
from chatmem.evaluate.history import open_history
from chatmem.memory.query import asks_for_advice
from chatmem.memory.recall import EVIDENCE, Verdict, explain


def verdicts(case: Case, embedder: CachedEmbedder) -> tuple[Verdict, Verdict]:
    """What the gate says with the evidence and without."""
    question, gold = case.questions[0]
    with open_history(case, embedder) as history:
        hidden = [id_ for id_, (session, _) in history.places.items() if session in gold.sessions]
        ask = partial(
            explain,
            history.store,
            question.text,
            settings=MemorySettings(),
            today=question.at.date(),
            query_vector=embedder.vectors([question.text])[0],
            index=history.index,
            embedder=history.embedder,
        )
        return ask().verdict, ask(exclude=hidden).verdict


def main() -> int:
    """Print the curve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        embedder = open_embedder(stack, Paths(Path(folder)).make(), Settings(), options.cache)
        cases = [case for case in read_cases(options.data) if case.questions[0][1].recallable][: options.limit]
        pairs = [verdicts(case, embedder) for case in cases]
    advice = np.array([asks_for_advice(case.questions[0][0].text) for case in cases])
    said = np.where(advice, np.inf, [verdict.evidence for verdict, _ in pairs])
    never = np.array([verdict.evidence for _, verdict in pairs])[~advice]
    print(
        f"{len(pairs)} questions, {advice.sum()} of them for advice; in each pair: false 'nothing remembered' where it was said, right where it never was (advice apart)"
    )
    for floor in [*np.arange(0.5, 1.05, 0.05), EVIDENCE]:
        halves = (
            f"{np.mean(said[part] < floor):6.1%} {np.mean(never[part] < floor):6.1%}" for part in (slice(0, None, 2), slice(1, None, 2), slice(None))
        )
        print(f"floor {floor:.2f}:  even {next(halves)}   odd {next(halves)}   all {next(halves)}")
    false, right = (np.array([verdict.state == "none" for verdict in side]) for side in zip(*pairs, strict=True))
    print(f"as shipped: false {np.mean(false):.1%}, right {np.mean(right[~advice]):.1%} (with advice counted {np.mean(right):.1%})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
