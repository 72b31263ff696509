"""Start-up and turns, measured on this machine: first paint, usable input, prompt reuse, cancelling, recall.

Every ratio is of two figures from this same run.

    python -m tests.bench.turns
"""

from __future__ import annotations

import os
import pty
import re
import select
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from chatmem.chat import Chat
from chatmem.cli.terminal import now
from chatmem.config import Paths, Settings
from chatmem.types import Cancelled, Finished, Token

ROOT = Path(__file__).resolve().parents[2]
FILLER = (
    "The old man walked along the river for a while and then sat in the park with a book, thinking about nothing much at all, "
    "until it grew cold and he went home to cook some soup with carrots and a bit of ginger for the evening."
)


def start_up(home: Path) -> tuple[float, float]:
    """Seconds from process start to the first paint, and to a typed letter on the screen, in a real pseudo-terminal."""
    master, slave = pty.openpty()
    import fcntl
    import struct
    import termios

    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    began = time.perf_counter()
    environment = {**os.environ, "CHATMEM_HOME": str(home), "TERM": "xterm-256color"}
    process = subprocess.Popen([sys.executable, ROOT / "tui.py"], stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True)
    os.close(slave)
    seen, painted, typed = b"", 0.0, 0.0
    end = began + 20
    while time.perf_counter() < end and not typed:
        if select.select([master], [], [], 0.02)[0]:
            seen += os.read(master, 65536)
            plain = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", seen)
            if not painted and b"Enter sends" in plain:
                painted = time.perf_counter() - began
                os.write(master, b"zqzq")
            if painted and b"zqzq" in plain:
                typed = time.perf_counter() - began
    process.kill()
    process.wait()
    os.close(master)
    return painted, typed


def first_token(chat: Chat, fresh: bool) -> tuple[float, int, int, int]:
    """Turn ten of a conversation with some 2,000 tokens of history: seconds to the first token, and tokens evaluated, reused, of how many."""
    conversation = chat.open()
    for i in range(9):
        list(chat.reply(conversation, f"Part {i} of a story. {FILLER} {FILLER}"))
    if fresh:  # another process: nothing is evaluated yet
        chat.use_model(chat.settings.model.name)
        chat.engine.wait()
    began = time.perf_counter()
    at = 0.0
    for event in chat.reply(conversation, "What did the old man cook in the evening?"):
        if isinstance(event, Token) and not at:
            at = time.perf_counter() - began
        if isinstance(event, Finished):
            return at, event.usage.evaluated, event.usage.reused, event.usage.prompt_tokens
    raise SystemExit("the tenth turn did not finish")


def cancel_delay(chat: Chat, text: str, after: float) -> float:
    """Seconds from setting cancel to the end of the turn."""
    cancel = threading.Event()
    set_at = 0.0

    def stop() -> None:
        nonlocal set_at
        set_at = time.perf_counter()
        cancel.set()

    threading.Timer(after, stop).start()
    events = list(chat.reply(chat.open(temporary=True), text, cancel=cancel))
    if not isinstance(events[-1], Cancelled):
        raise SystemExit("it ended before it was cancelled")
    return time.perf_counter() - set_at


def main() -> None:
    """Print every figure."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        paths = Paths(home).make()
        settings = Settings()
        settings.model.temperature = 0
        settings.model.max_reply_tokens = 24
        chat = Chat(paths, settings, now)  # also prepares the embedder, once
        chat.embedder.wait()
        chat.engine.wait()
        warm, evaluated, reused, total = first_token(chat, fresh=False)
        print(f"turn 10, prefix reused:  {warm * 1000:6.0f} ms to the first token; evaluated {evaluated}, reused {reused} of {total} tokens")
        cold, evaluated, reused, total = first_token(chat, fresh=True)
        print(f"the same from nothing:   {cold * 1000:6.0f} ms to the first token; evaluated {evaluated}, reused {reused} of {total} tokens")
        print(f"ratio: {cold / warm:.1f}")
        settings.model.max_reply_tokens = 400
        print(f"cancel while generating: {cancel_delay(chat, 'Write a long story about a ship, with many chapters.', 0.4) * 1000:.0f} ms")
        print(f"cancel in a long prompt: {cancel_delay(chat, 'word ' * 6000, 1.0) * 1000:.0f} ms")
        chat.settle()
        times = [chat.recall(f"what did I cook on day {i}").milliseconds for i in range(30)]
        print(f"recall over {chat.store.counts()['turns']} turns: p50 {statistics.median(times):.0f} ms, worst {max(times):.0f} ms")
        chat.close()
        paints = [start_up(home) for _ in range(5)]
        print(f"first paint:  median {statistics.median(p for p, _ in paints):.2f} s, worst {max(p for p, _ in paints):.2f} s")
        print(f"usable input: median {statistics.median(t for _, t in paints):.2f} s, worst {max(t for _, t in paints):.2f} s")


if __name__ == "__main__":
    main()
