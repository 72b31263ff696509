"""A first day in a real terminal: chat, look at what was learnt, correct, merge, forget, undo, run a job, change the look, leave.

Drives the app and the bundled models in tmux as a person would, then asserts the state in SQLite. Prints a table of the
steps; the exit code is 1 when one failed.

    python -m tests.bench.first_day
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from chatmem.cli.terminal import now
from chatmem.config import Paths, load_settings
from chatmem.store import Store
from chatmem.types import Memory, Status

from .first_days import open_app, screen, send, tmux

TOLD = [
    "My dog Biscuit is a beagle.",
    "I live in Porto.",
    "I'm allergic to cashews.",
    "I work as a nurse at St Mary's hospital.",
    "My favourite band is Radiohead.",
    "I listen to Radiohead every day.",
]
CORRECTED = "The user lives in Braga."
MERGED = "The user listens to Radiohead every day, their favourite band."


class Failed(Exception):
    """A step did not do what it should; says what was seen."""


def press(*keys: str) -> None:
    """Press keys, by tmux's names."""
    for key in keys:
        tmux("send-keys", "-t", "app", key)
        time.sleep(0.15)


def type_(text: str) -> None:
    """Type words."""
    tmux("send-keys", "-t", "app", "-l", text)
    time.sleep(0.3)


def until(what: str, holds: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something holds. Raises Failed."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise Failed(f"{what} never came; the screen:\n{screen()}")
        time.sleep(0.1)


def shows(*texts: str) -> None:
    """Wait until the screen shows all these."""
    until(" and ".join(map(repr, texts)), lambda: all(text in screen() for text in texts))


class Day:
    """The steps of the day; the store is read beside the running app."""

    def __init__(self, home: Path) -> None:
        self.paths = Paths(home)
        self.rows: list[tuple[str, bool, float, str]] = []

    def memories(self, words: str = "", status: Status | None = "active") -> list[Memory]:
        """What SQLite holds now."""
        store = Store.open(self.paths, "default", now, read_only=True)
        try:
            return [memory for memory in store.memories(status) if words.lower() in memory.text.lower()]
        finally:
            store.close()

    def step(self, name: str, do: Callable[[], None]) -> None:
        """Do a step, unless one before it failed."""
        if self.rows and not self.rows[-1][1]:
            return
        began = time.monotonic()
        try:
            do()
        except (Failed, SystemExit) as error:
            self.rows.append((name, False, time.monotonic() - began, str(error)))
        else:
            self.rows.append((name, True, time.monotonic() - began, ""))

    # ------------------------------------------------------------------ the steps

    def chat(self) -> None:
        """Tell a few facts; each is learnt."""
        open_app(self.paths.home)
        for told in TOLD:
            send(told)
        until("six memories", lambda: len(self.memories()) >= len(TOLD))

    def look(self) -> None:
        """Open the memories: they are on the screen."""
        press("F3")
        shows("1 Facts", "Biscuit", "cashews", "Radiohead")

    def filter(self, words: str, gone: str) -> None:
        """Filter as one types; the line with ``gone`` goes."""
        press("/")
        type_(words)
        until(f"only {words}", lambda: "1 found" in screen() or "2 found" in screen())
        if gone in screen():
            raise Failed(f"{gone} is still listed:\n{screen()}")
        press("Enter")

    def clear(self) -> None:
        """Escape clears the filter."""
        press("Escape")
        until("all memories", lambda: " found" not in screen())

    def correct(self) -> None:
        """Find one, write it anew."""
        self.filter("Porto", "Biscuit")
        press("e")
        shows("Edit the memory")
        press("C-a")
        press("C-e", "C-u")  # to the end, then everything before it
        type_(CORRECTED)
        press("C-s")
        until("the correction", lambda: self.memories("Braga") and not self.memories("Porto"))
        self.clear()

    def merge(self) -> None:
        """Mark two, see what they would become, merge."""
        self.filter("Radiohead", "Biscuit")
        press("C-a", "m")
        shows("Merge 2 memories into one", "importance")
        press("C-e", "C-u")
        type_(MERGED)
        time.sleep(1)
        press("C-s")
        until("one memory of Radiohead", lambda: [memory.text for memory in self.memories("Radiohead")] == [MERGED])
        if len(self.memories("Radiohead", "merged")) != 2:
            raise Failed("the originals are not kept as merged")
        self.clear()

    def forget(self) -> None:
        """Forget one; it goes to the trash."""
        self.filter("cashews", "Biscuit")
        press("d")
        until("the forgotten one in the trash", lambda: not self.memories("cashews") and self.memories("cashews", "archived"))
        self.clear()

    def undo(self) -> None:
        """What will be undone is said; undo brings it back."""
        shows("forgot")
        press("u")
        until("the forgotten one back", lambda: self.memories("cashews"))

    def job(self) -> None:
        """Run one now; its run is listed."""
        press("Escape")
        until("the chat", lambda: "1 Facts" not in screen())
        press("F5")
        shows("Upkeep", "decay")
        press("n")
        shows("✓ done")
        press("Escape")
        until("the chat", lambda: "Upkeep" not in screen().splitlines()[0])

    def theme(self) -> None:
        """From the palette; it is kept."""
        press("C-p")
        type_("dark and light")
        shows("Switch between dark and light")
        press("Down", "Enter")
        until("the light theme", lambda: load_settings(self.paths).ui.theme == "chatmem-light", 10)

    def leave(self) -> None:
        """Quit; nothing is left running on the data."""
        press("C-q")
        until("the end of the app", lambda: "app" not in tmux("list-sessions", "-F", "#S").split(), 30)

    def state(self) -> None:
        """What the day left in the tables."""
        store = Store.open(self.paths, "default", now)
        try:
            active = {memory.text for memory in store.memories("active")}
            operations = [operation.op for operation in store.operations()]
            jobs = store.jobs(None, 20)
            turns = [turn for session in store.sessions() for turn in store.turns(session.id)]
        finally:
            store.close()
        wanted = {
            "the corrected memory": CORRECTED in active,
            "the merged memory": MERGED in active,
            "no older words": not any("Porto" in text for text in active) and sum("Radiohead" in text for text in active) == 1,
            "the memory that was brought back": any("cashews" in text for text in active),
            "EDIT, MERGE, FORGET and UNDO in the log": {"EDIT", "MERGE", "FORGET", "UNDO"} <= set(operations),
            "a finished job": any(run.state == "done" for run in jobs),
            "every word that was said": [turn.content for turn in turns if turn.role == "user"] == TOLD,
            "a reply to each": sum(turn.role == "assistant" for turn in turns) == len(TOLD),
        }
        if missing := [what for what, there in wanted.items() if not there]:
            raise Failed(f"SQLite lacks {', '.join(missing)}; active: {sorted(active)}; log: {operations}")


def main() -> int:
    """Play the day and print the steps."""
    if shutil.which("tmux") is None:
        print("tmux is not installed: apt install tmux")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        day = Day(Path(folder))
        try:
            day.step("chat: six facts are told and learnt", day.chat)
            day.step("memories (F3): they are listed", day.look)
            day.step("filter (/), then correct (e) one", day.correct)
            day.step("mark two, merge (m) them", day.merge)
            day.step("forget (d) one", day.forget)
            day.step("undo (u) brings it back", day.undo)
            day.step("upkeep (F5): run a job now (n)", day.job)
            day.step("change the look from the palette", day.theme)
            day.step("quit (Ctrl+Q)", day.leave)
            day.step("the state in SQLite", day.state)
        finally:
            tmux("kill-server")
    print(f"{'step':<44} {'':<7} seconds")
    for name, ok, seconds, why in day.rows:
        print(f"{name:<44} {'ok' if ok else 'FAILED':<7} {seconds:>6.1f}{f'  {why}' if why else ''}")
    ok = len(day.rows) == 10 and all(row[1] for row in day.rows)
    print("the day went well" if ok else "the day did not come to its end")
    return 0 if ok else 1


if __name__ == "__main__":
    os.environ.pop("NO_COLOR", None)
    sys.exit(main())
