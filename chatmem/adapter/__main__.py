"""``python -m chatmem.adapter``: make the data, train, export and measure the adapter; each step reads what the one before wrote."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from chatmem import catalogue
from chatmem.adapter.families import load
from chatmem.config import Settings, find_paths
from chatmem.lora_gguf import merge
from chatmem.prompts import shipped_folder

BUILD = Path("build/adapter")
EVERYDAY = 50


def _base() -> Path:
    return catalogue.bundled_chat(find_paths())


def _shipped() -> Path:
    return shipped_folder("data") / "adapter" / str(load("adapter")["file"])


@click.group()
def main() -> None:
    """Data, training, export and measurement of the memory adapter."""


@main.command()
@click.option("--tokens", default=10_000_000, show_default=True, help="Tokens of examples.")
@click.option("--seed", default=101, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=BUILD / "data.npz", show_default=True)
def data(tokens: int, seed: int, out: Path) -> None:
    """Write the training examples."""
    from chatmem.adapter.measure import tokenizer
    from chatmem.adapter.packing import pack
    from chatmem.adapter.tasks import examples

    out.parent.mkdir(parents=True, exist_ok=True)
    packed = pack(examples(seed, "train"), tokenizer(_base()), tokens, lambda done: click.echo(f"\r{done / 1e6:.1f} M tokens", nl=False, err=True))
    packed.save(out)
    click.echo(f"\n{len(packed.ends)} examples, {len(packed.tokens)} tokens, {int(packed.wanted.sum())} of them learnt: {out}")


@main.command()
@click.option("--out", type=click.Path(path_type=Path), default=BUILD / "recalled_train.jsonl", show_default=True)
def recalled(out: Path) -> None:
    """Write what chatmem recalls of the made-up weeks as sets of notes and questions; the model as it ships words the refusals."""
    from chatmem.adapter.measure import Model
    from chatmem.adapter.weeks import refusals, sets_of, weeks
    from chatmem.cli.evaluation import open_embedder

    out.parent.mkdir(parents=True, exist_ok=True)
    refusal = refusals(Model(catalogue.merged(_base(), _shipped(), find_paths())))
    with ExitStack() as stack, out.open("w", encoding="utf-8") as file:
        embedder = open_embedder(stack, find_paths(), Settings(), out.with_name("vectors.db"))
        for number, week in enumerate(weeks(), 1):
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in sets_of(week, embedder, refusal))
            click.echo(f"\r{number} people", nl=False, err=True)
    click.echo(f"\n{out}")


@main.command()
@click.option("--data", "source", type=click.Path(path_type=Path, exists=True), default=BUILD / "data.npz", show_default=True)
@click.option("--tokens", default=19_000_000, show_default=True, help="Tokens to train on; examples repeat.")
@click.option("--rate", default=1e-3, show_default=True, help="Learning rate after the warm-up.")
@click.option("--step-tokens", default=16_384, show_default=True, help="Tokens of one step.")
@click.option("--start", type=click.Path(path_type=Path, exists=True), help="An adapter to go on from, such as the one that ships.")
@click.option("--out", type=click.Path(path_type=Path), default=BUILD, show_default=True)
def train(source: Path, tokens: int, rate: float, step_tokens: int, start: Path | None, out: Path) -> None:
    """Train, or go on where the last run stopped (needs torch: pip install 'chatmem[train]')."""
    from chatmem.adapter.packing import Packed
    from chatmem.adapter.train import Recipe
    from chatmem.adapter.train import train as run

    recipe = Recipe(rate=rate, tokens=tokens, step_tokens=step_tokens)
    click.echo(f"Checkpoint: {run(Packed.read(source), _base(), out, recipe, click.echo, start=start)}")


@main.command()
@click.option("--checkpoint", type=click.Path(path_type=Path, exists=True), default=BUILD / "checkpoint.pt", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=BUILD / "adapter.gguf", show_default=True)
def export(checkpoint: Path, out: Path) -> None:
    """Write the adapter as GGUF, and see that llama.cpp says the same as torch with it merged in."""
    from chatmem.adapter import export as exporting
    from chatmem.adapter.measure import Model, natural_trees

    model = exporting.load(_base(), checkpoint)
    click.echo(f"{out}: sha256 {exporting.write(model, out)}")
    merged = out.with_name("merged.gguf")
    merge(_base(), out, merged)
    llama, same, count = Model(merged), 0, 12
    for tree in natural_trees()[:count]:
        prompt = tree.prefix + tree.branches[0].context
        theirs, ours = llama.reply(prompt, 32).text, llama.text(exporting.greedy(model, llama.tokens(prompt), 32)).strip()
        same += theirs == ours
    click.echo(f"The same words from llama.cpp and torch: {same} of {count}")


@main.command()
@click.argument("new", type=click.Path(path_type=Path, exists=True))
@click.option("--old", type=click.Path(path_type=Path, exists=True), help="Default: the one that ships.")
@click.option("--share", default=0.7, show_default=True, help="Of the way from the old one to the new.")
@click.option("--out", type=click.Path(path_type=Path), default=BUILD / "blend.gguf", show_default=True)
def blend(new: Path, old: Path | None, share: float, out: Path) -> None:
    """Go part of the way from an adapter to one trained on from it: nearly all of what is new, with less forgotten."""
    from chatmem.adapter.blending import blend as write

    click.echo(f"{out}: sha256 {write(old or _shipped(), new, share, out)}")


@main.command("eval")
@click.option("--adapter", type=click.Path(path_type=Path, exists=True), help="Default: the one that ships.")
@click.option("--cases", default=60, show_default=True, help="Cases of held-out families.")
@click.option("--locomo", type=click.Path(path_type=Path, exists=True), help="A LoCoMo file of your own.")
@click.option("--extraction", type=click.Path(path_type=Path, exists=True), default=Path("tests/data/extraction/heldout.jsonl"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=BUILD, show_default=True)
def evaluate(adapter: Path | None, cases: int, locomo: Path | None, extraction: Path, out: Path) -> None:
    """The base and the base with the adapter merged in side by side, on what training never saw; writes the wrong answers and the everyday replies to --out."""
    from chatmem.adapter import measure
    from chatmem.adapter.tasks import everyday

    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = [json.loads(line) for line in extraction.read_text("utf-8").splitlines()]
    merge(_base(), adapter or _shipped(), out / "merged.gguf")
    models = {"base": measure.Model(_base()), "adapter": measure.Model(out / "merged.gguf")}
    found = measure.measure(models, cases=cases, locomo_file=locomo, rows=rows, report=lambda text: click.echo(text, err=True))
    click.echo(f"{'':58}{'base':>8}{'adapter':>9}{'of':>6}")
    for name in found["base"].of:
        click.echo(f"{name:58}{found['base'].share(name):8.3f}{found['adapter'].share(name):9.3f}{found['base'].of[name]:6}")
    speeds = measure.speed(models)
    for i, what in enumerate(("reading", "writing")):
        click.echo(
            f"{what + ', tokens per second':58}{speeds['base'][i]:8.1f}{speeds['adapter'][i]:9.1f}   ratio {speeds['adapter'][i] / speeds['base'][i]:.2f}"
        )
    said = [row[0][0] for row in everyday("test")][:EVERYDAY]
    lines = []
    for (message, base), (_, adapted) in zip(measure.everyday(models["base"], said), measure.everyday(models["adapter"], said), strict=True):
        lines += [f"## {message}", f"base: {base.text}", f"adapter: {adapted.text}", ""]
    (out / "everyday.md").write_text("\n".join(lines), "utf-8")
    (out / "wrong.md").write_text("\n\n".join(found["adapter"].errors), "utf-8")


if __name__ == "__main__":
    main()
