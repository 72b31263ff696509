"""What every command needs: the clock, the data folder, and ways to print. Data goes to stdout, narration to stderr."""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import click

from chatmem.config import Paths, find_paths, load_settings

if TYPE_CHECKING:
    from chatmem.chat import Chat
    from chatmem.config import Settings
    from chatmem.store import Store


def now() -> datetime:
    """The one wall clock: the present in the user's zone."""
    return datetime.now().astimezone()


def load() -> tuple[Paths, Settings]:
    """The data folder, made if need be, and the settings in force."""
    paths = find_paths().make()
    # Nothing is logged to the terminal, which the app draws on.
    logging.basicConfig(filename=paths.logs / "app.log", level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    return paths, load_settings(paths)


def note(text: str) -> None:
    """Say something to the person, on stderr."""
    click.echo(text, err=True)


def end_with_terminal() -> None:
    """From now on the process ends, as by SIGHUP, when the terminal of its standard input goes away.

    The signal itself may never come: it goes to the first process of the terminal, and ``make`` or a shell there may wait for
    this one to end. Textual's writer would then fail, its queue fill, and both the app and a core be held for ever.
    What is stored is whole at any moment, so that there is nothing to wait for.
    """

    def wait() -> None:
        terminal = select.poll()
        terminal.register(sys.stdin.fileno(), 0)
        terminal.poll()  # of no event but the hang-up, which is always told
        os._exit(128 + signal.SIGHUP)

    threading.Thread(target=wait, name="hang-up", daemon=True).start()


@contextmanager
def open_chat() -> Iterator[Chat]:
    """The whole companion, models included. Raises StoreLocked while another chatmem is open."""
    from chatmem.chat import Chat

    paths, settings = load()
    chat = Chat(paths, settings, now, note)
    try:
        yield chat
    finally:
        chat.close()


@contextmanager
def open_store(*, read_only: bool = False) -> Iterator[Store]:
    """The database alone; to read it, the app may be open meanwhile."""
    from chatmem.store import Store

    paths, settings = load()
    store = Store.open(paths, settings.profile, now, read_only=read_only)
    try:
        yield store
    finally:
        store.close()


def print_table(columns: list[str], rows: list[list[str]]) -> None:
    """Rows of plain text under a heading; neither markup nor escape sequences in them act."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from chatmem.tui.text import safe

    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(safe(cell)) for cell in row))
    Console().print(table)


def print_json(value: object) -> None:
    """A value as indented JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
