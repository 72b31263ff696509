"""``chatmem model``: list, use, add, pull, info."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from chatmem.cli.terminal import json_option, load, note, print_json, print_table
from chatmem.config import save_setting

WORK = {
    "basic": "by rule: extraction, updates, links, summaries; the model only talks",
    "capable": "by rule, and the model proposes facts and summaries, each checked against what was said",
}


@click.group("model")
def model_group() -> None:
    """Models: list, use, add, pull, info."""


@model_group.command("list")
@json_option
def model_list(as_json: bool) -> None:
    """The catalogue, and which models are on this machine."""
    from chatmem import catalogue

    paths, settings = load()
    here = {model.name for model in catalogue.installed(paths)}
    rows = [*catalogue.entries(), *(model for model in catalogue.installed(paths) if model.name not in {m.name for m in catalogue.entries()})]
    if as_json:
        print_json([model.model_dump(mode="json") | {"installed": model.name in here, "in_use": model.name == settings.model.name} for model in rows])
        return
    print_table(
        ["", "name", "size", "memory", "licence", "note"],
        [
            [
                "●" if m.name == settings.model.name else "✓" if m.name in here else "",
                m.name,
                _size(m.size_bytes),
                _size(m.memory_bytes),
                m.licence,
                m.note,
            ]
            for m in rows
        ],
    )


@model_group.command("use")
@click.argument("name")
def model_use(name: str) -> None:
    """Chat with this model from now on (a name of `model list`, or a path to a .gguf file)."""
    from chatmem import catalogue

    paths, _ = load()
    path = catalogue.find(name, paths)
    save_setting(paths, "model.name", str(path) if Path(name).suffix == ".gguf" else name)
    note(f"chatmem will use {name}.")


@model_group.command("add")
@click.argument("path", type=click.Path(path_type=Path))
def model_add(path: Path) -> None:
    """Add a local GGUF file by its path."""
    from chatmem import catalogue

    paths, _ = load()
    model = catalogue.add(path, paths)
    note(f"Added {model.name}. Use it with: chatmem model use {model.name}")


@model_group.command("pull")
@click.argument("name")
def model_pull(name: str) -> None:
    """Download a catalogue model from its hub (the only command that uses the network)."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    from chatmem import catalogue

    paths, _ = load()
    with Progress(BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task(name, total=None)
        catalogue.pull(name, paths, lambda done, total: progress.update(task, completed=done, total=total or None))
    entry = next((model for model in catalogue.installed(paths) if model.name == name.lower()), None)
    if entry is not None and entry.verified:
        note(f"Its sha256 is the one that the {entry.verified} states.")
    note(f"Ready. Use it with: chatmem model use {name}")


@model_group.command("info")
@json_option
def model_info(as_json: bool) -> None:
    """Load the model in use and say what it is, and what it may do for memory."""
    from chatmem import catalogue
    from chatmem.capability import assess
    from chatmem.engine import Engine

    paths, settings = load()
    engine = Engine(catalogue.find(settings.model.name, paths), "chat", settings.model, paths, note)
    try:
        engine.start()
        info = engine.wait()
        capability = assess(engine, settings.model.capability)
    finally:
        engine.close()
    data: dict[str, Any] = info.model_dump(mode="json") | {"capability": capability.profile, "because": capability.reason}
    data |= {test: "passed" if passed else "failed" for test, passed in capability.tests.items()}
    data["memory work"] = WORK[capability.profile]
    if as_json:
        print_json(data)
    else:
        print_table(["", ""], [[key.replace("_", " "), str(value)] for key, value in data.items()])


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
