"""The command line over a real store: plain text, exit codes, and reading while the app is open."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from chatmem.cli import cli
from chatmem.config import Paths
from chatmem.store import Store
from tests.conftest import Ticking

ROOT = Path(__file__).parent.parent


def chatmem(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    return subprocess.run([sys.executable, "-m", "chatmem", *arguments], check=False, cwd=ROOT, capture_output=True, text=True)


def test_sessions_are_listed_and_searched_as_plain_text_while_the_app_is_open(store: Store) -> None:
    session = store.new_session("[bold]title\x1b[31m")
    store.add_turn(session.id, "user", "my beagle \x1b]0;owned\x07 [/red] barks", None)
    runner = CliRunner()
    listed = runner.invoke(cli, ["session", "list"])
    assert listed.exit_code == 0
    assert "[bold]title" in listed.output
    found = runner.invoke(cli, ["session", "search", "beagle"])
    assert "[/red] barks" in found.output
    assert "\x1b" not in listed.output + found.output
    data = json.loads(runner.invoke(cli, ["session", "search", "beagle", "--json"]).output)
    assert data[0]["session_id"] == session.id


def test_an_error_is_a_sentence_and_a_hint_on_stderr(store: Store) -> None:
    done = chatmem("session", "rename", "s99", "x")
    assert done.returncode == 1
    assert "Another chatmem has" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["session", "rename", "s99", "x"], 1, "There is no session s99."),
        (["config", "model.nonsense"], 2, "There is no setting model.nonsense."),
        (["config", "model.temperature", "hot"], 1, "model.temperature"),
        (["nonsense"], 2, "No such command"),
        (["model", "use", "gpt-9"], 1, "gpt-9"),
        (["jobs", "run", "tidy"], 1, "There is no job tidy."),
    ],
)
def test_exit_codes(paths: Paths, arguments: list[str], code: int, words: str) -> None:
    done = chatmem(*arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_setting_that_is_set_is_read_back(paths: Paths) -> None:
    assert chatmem("config", "model.temperature", "0.7").returncode == 0
    assert chatmem("config", "model.temperature").stdout.strip() == "0.7"


def test_jobs_are_listed_without_a_model(paths: Paths) -> None:
    store = Store.open(paths, "default", Ticking())
    store.close()
    rows = json.loads(chatmem("jobs", "list", "--json").stdout)
    assert {"consolidate", "merge", "decay", "verify", "reindex"} == {row["name"] for row in rows}
    assert all(row["last"] is None for row in rows)


def test_the_app_ends_with_its_terminal_even_when_no_signal_tells_it(paths: Paths) -> None:
    # A session of its own that does not control the terminal: nobody sends SIGHUP, as where a shell or make waits between.
    ours, theirs = pty.openpty()
    app = subprocess.Popen([sys.executable, "-m", "chatmem"], cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    try:
        drawn = b""
        while b"chatmem" not in drawn:
            drawn += os.read(ours, 4096)
        os.close(ours)
        assert app.wait(60) == 128 + signal.SIGHUP
    finally:
        app.kill()
    Store.open(paths, "default", Ticking()).close()
