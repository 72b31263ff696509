"""One thread for work that must never keep the user waiting: tasks one after another, in the order they came."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from chatmem.errors import ChatmemError


class Background:
    """Runs tasks in turn. An error of a task is told to the user in a sentence; the next one runs all the same."""

    def __init__(self, notice: Callable[[str], None]) -> None:
        self._notice = notice
        self._queue: queue.Queue[tuple[str, Callable[[], object]] | None] = queue.Queue()
        self._waiting: set[str] = set()
        self._guard = threading.Lock()
        self.doing = ""
        self.closing = threading.Event()
        """Set when the app closes: long tasks look at it and stop between two items."""
        self._thread = threading.Thread(target=self._run, name="chatmem-background", daemon=True)
        self._thread.start()

    def submit(self, label: str, work: Callable[[], object], *, key: str | None = None) -> None:
        """Run ``work`` when its turn comes. Of tasks with the same ``key`` only one waits at a time."""
        key = key or label
        with self._guard:
            if key in self._waiting:
                return
            self._waiting.add(key)
        self._queue.put((label, lambda: self._begin(key, work)))

    def _begin(self, key: str, work: Callable[[], object]) -> None:
        with self._guard:
            self._waiting.discard(key)
        work()

    def settle(self, timeout: float = 60) -> bool:
        """Wait until all is done; False when time ran out."""
        done = threading.Event()

        def join() -> None:
            self._queue.join()
            done.set()

        threading.Thread(target=join, daemon=True).start()
        return done.wait(timeout)

    def close(self, timeout: float = 3) -> None:
        """Stop after the item in hand; what is left over is found again at the next start."""
        self.closing.set()
        self._queue.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        while (task := self._queue.get()) is not None:
            self.doing, work = task
            try:
                if not self.closing.is_set():
                    work()
            except ChatmemError as error:
                if not self.closing.is_set():
                    self._notice(f"Background work stopped ({self.doing}): {error.message}")
            except Exception as error:  # a fault of ours: the rest must go on, and its trace belongs in the log
                logging.getLogger(__name__).exception("task %s failed", self.doing)
                self._notice(f"Background work failed ({self.doing}): {type(error).__name__}. See logs/app.log.")
            finally:
                self.doing = ""
                self._queue.task_done()
        self._queue.task_done()
