"""``chatmem recall``: what would be recalled for a question, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from chatmem.cli.terminal import json_option, note, open_chat, print_json, print_table

if TYPE_CHECKING:
    from chatmem.memory.recall import Explanation

VERDICTS = {"confident": "remembered", "possible": "possibly related", "none": "nothing remembered about this", "off": "memory is off"}


@click.command("recall")
@click.argument("question")
@click.option("--limit", type=click.IntRange(1, 100), help="Most items to show.")
@click.option("--all", "everything", is_flag=True, help="Also what was found and left out, with the reason.")
@json_option
def recall_command(question: str, limit: int | None, everything: bool, as_json: bool) -> None:
    """Show what would be recalled for QUESTION: each step, every part of each score, and the prompt it ends in."""
    with open_chat() as chat:
        chat.embedder.wait(60)
        chat.settle()  # what was said last may not be embedded yet
        found = chat.explain(question, limit)
        block, tokens = chat.prompt_block(found.recall)
    if as_json:
        days = [day.isoformat() for day in found.query.days] if found.query.days else None
        print_json(
            found.recall.model_dump(mode="json")
            | {"words": dict(found.query.weights), "days": days, "verdict": vars(found.verdict)}
            | {"candidates": found.candidates, "steps_ms": found.milliseconds, "prompt": block, "prompt_tokens": tokens}
        )
        return
    _print(found, everything)
    note(f"\nThe prompt ({tokens} tokens):")
    click.echo(block)


def _print(found: Explanation, everything: bool) -> None:
    verdict = found.verdict
    note(
        f"{VERDICTS[verdict.state]} · closest by meaning {verdict.cosine:.2f}, telling words found {verdict.telling:.0%} · {found.recall.milliseconds:.0f} ms"
    )
    note("words: " + ", ".join(f"{word} {weight:.1f}" for word, weight in found.query.weights.items()))
    if found.query.days:
        note(f"days: {found.query.days[0]} to {found.query.days[1]}")
    note("candidates: " + ", ".join(f"{name} {count}" for name, count in found.candidates.items()))
    note("steps: " + ", ".join(f"{name} {spent:.1f} ms" for name, spent in found.milliseconds.items()))
    rows = []
    for item in found.recall.items if everything else found.recall.shown:
        parts = " ".join(f"{name} {value:.2f}" for name, value in item.parts.items())
        text = " ".join(" ".join([item.text, *item.history]).split())[:200]
        rows.append([f"{item.said_at.astimezone():%Y-%m-%d}", item.kind, f"{item.score:.2f}", parts, "" if item.shown else item.reason, text])
    if rows:
        print_table(["said", "kind", "score", "parts", "left out", "text"], rows)
