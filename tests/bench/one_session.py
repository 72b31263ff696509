"""Twelve facts told and then asked in one session: how many of the bundled model's replies hold the word that was asked for?

python -m tests.bench.one_session
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import closing
from datetime import datetime
from pathlib import Path

from chatmem.chat import Chat, Finished
from chatmem.config import Paths, Settings
from tests.bench.first_days import FACTS


def main() -> int:
    """Print each reply, and how many hold the word."""
    right = 0
    with tempfile.TemporaryDirectory() as folder, closing(Chat(Paths(Path(folder)).make(), Settings(), lambda: datetime.now().astimezone())) as chat:
        chat.engine.wait()
        conversation = chat.open()
        for told, _, _ in FACTS:
            list(chat.reply(conversation, told))
        for _, question, word in FACTS:
            *_, last = chat.reply(conversation, question)
            said = last.turn.content if isinstance(last, Finished) else ""
            right += word.lower() in said.lower()
            print(f"{question} {' '.join(said.split())}")
    print(f"{right} of {len(FACTS)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
