"""Twelve facts in a real terminal: told over two sessions, the app killed, each asked about afterwards.

Drives the app in tmux as a person would, and reads the recall record in SQLite and the screen. Prints a table;
the exit code is 1 when fewer than eleven are found or a word is lost.

    python -m tests.bench.first_days
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from chatmem.cli.terminal import now
from chatmem.config import Paths
from chatmem.store import Store

ROOT = Path(__file__).resolve().parents[2]
SESSION = f"chatmem-{os.getpid()}"
FACTS = [
    ("My dog Biscuit is a beagle.", "What breed is my dog?", "beagle"),
    ("I moved to Lisbon in March 2024.", "When did I move to Lisbon?", "March 2024"),
    ("I'm allergic to cashews.", "What am I allergic to?", "cashews"),
    ("I work as a nurse at St Mary's hospital.", "What is my job?", "nurse"),
    ("My sister Marta lives in Oslo.", "Where does my sister live?", "Oslo"),
    ("My favourite band is Radiohead.", "Which band do I like most?", "Radiohead"),
    ("I'm training for a marathon in October.", "What am I training for?", "marathon"),
    ("I drive a red Honda Civic.", "Which car do I drive?", "Honda"),
    ("My daughter Emma turned six on 3 May.", "How old is my daughter?", "six"),
    ("I am learning to play the cello.", "Which instrument am I learning?", "cello"),
    ("I prefer window seats on planes.", "Which seat should I book for my flight?", "window"),
    ("My landlord is called Mr Okafor.", "What is my landlord's name?", "Okafor"),
]


def tmux(*arguments: str) -> str:
    """Run tmux and give what it prints."""
    return subprocess.run(["tmux", "-L", SESSION, *arguments], check=False, capture_output=True, text=True).stdout


def screen() -> str:
    """The text on the screen."""
    return tmux("capture-pane", "-p", "-t", "app")


def wait_for(text: str, seconds: float = 60) -> None:
    """Wait until the screen shows a text."""
    end = time.monotonic() + seconds
    while text not in screen():
        if time.monotonic() > end:
            raise SystemExit(f"the screen never showed {text!r}:\n{screen()}")
        time.sleep(0.1)


def open_app(home: Path) -> None:
    """Start the app in a fresh terminal of 160 x 50."""
    tmux("new-session", "-d", "-s", "app", "-x", "160", "-y", "50", f"CHATMEM_HOME={home} {sys.executable} {ROOT / 'tui.py'}")
    wait_for("ready")


def kill_app() -> None:
    """SIGKILL, as a power cut would."""
    pid = int(tmux("display-message", "-p", "-t", "app", "#{pane_pid}"))
    os.kill(pid, signal.SIGKILL)
    tmux("kill-server")
    time.sleep(1)


def send(text: str) -> None:
    """Type a message, send it, and wait for the reply to end."""
    tmux("send-keys", "-t", "app", "-l", text)
    tmux("send-keys", "-t", "app", "Enter")
    time.sleep(0.5)
    end = time.monotonic() + 60
    while "Stop" in screen().splitlines()[-1] and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(0.3)


def main() -> int:
    """Play the two days and print what was found."""
    if shutil.which("tmux") is None:
        print("tmux is not installed: apt install tmux")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        try:
            open_app(home)
            for told, _, _ in FACTS[:6]:
                send(told)
            tmux("send-keys", "-t", "app", "C-n")
            for told, _, _ in FACTS[6:]:
                send(told)
            kill_app()
            open_app(home)
            seen = []
            for _, question, word in FACTS:
                tmux("send-keys", "-t", "app", "C-n")
                time.sleep(0.3)
                send(question)
                seen.append(word.lower() in screen().lower())
            kill_app()
        finally:
            tmux("kill-server")
        store = Store.open(Paths(home), "default", now)
        turns = [turn for session in reversed(store.sessions()) for turn in store.turns(session.id)]
        told = {turn.content for turn in turns if turn.role == "user"}
        found = 0
        for (fact, question, word), on_screen in zip(FACTS, seen, strict=True):
            turn = next((turn for turn in turns if turn.content == question), None)
            recall = store.recall_of(turn.id) if turn else None
            place = next((i for i, item in enumerate(recall.shown, 1) if word.lower() in item.text.lower()), 0) if recall else 0
            found += on_screen and 0 < place <= 3
            print(f"{'yes' if on_screen else 'NO':4} place {place or '-'}  {'kept' if fact in told else 'LOST'}  {question}")
        kept = sum(fact in told for fact, _, _ in FACTS)
        store.close()
    print(f"on screen and in the first three: {found} of {len(FACTS)}; words kept: {kept} of {len(FACTS)}")
    return 0 if found >= 11 and kept == len(FACTS) else 1


if __name__ == "__main__":
    raise SystemExit(main())
