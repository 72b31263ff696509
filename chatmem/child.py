"""A worker in a process of its own, spoken to in JSON lines: native crashes stay there.

Parent: ``Child``. Child: ``serve``. A request is ``{"id", "method", "args"}``; its answers carry the id and end
with ``done`` or ``error``. ``{"cancel": id}`` may be sent at any time. The child ends when its standard input does,
so it never outlives the app.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO


class ChildDied(Exception):
    """The process is gone. ``signal`` is what killed it, None when it left by itself."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"child ended with {code}")
        self.signal = -code if code is not None and code < 0 else None


class ChildError(Exception):
    """The child answered with an error of a kind."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Child:
    """One worker process. Requests of several threads take turns; ``cancel`` may come from any thread."""

    def __init__(self, module: str, log: Path) -> None:
        self._module, self._log = module, log
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._turn = threading.Lock()
        self._life = threading.RLock()
        self._ended = False
        self._writing = threading.Lock()
        self._last = 0

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id, None before the start."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process; what native code prints goes to the log. Raises ChildDied after `end`."""
        with self._life:
            if self._ended:
                raise ChildDied(None)
            self.kill()
            self._log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                process = subprocess.Popen(
                    [sys.executable, "-m", self._module],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    start_new_session=True,
                    env={**os.environ, "PYTHONUNBUFFERED": "1"},
                )
            finally:
                os.close(log)
            assert process.stdout is not None
            self._process, self._answers = process, queue.Queue()
            threading.Thread(target=_read, args=(process.stdout, self._answers), daemon=True).start()

    def request(self, method: str, *, timeout: float | None = None, **args: object) -> Iterator[dict[str, Any]]:
        """Ask, and yield each answer until the last. Raises ChildDied, ChildError, or TimeoutError between two answers."""
        with self._turn:
            self._last += 1
            mine = self._last
            self._send({"id": mine, "method": method, "args": args})
            finished = False
            try:
                while not finished:
                    try:
                        answer = self._answers.get(timeout=timeout)
                    except queue.Empty:
                        raise TimeoutError(f"{method} took more than {timeout} s") from None
                    if answer is None:
                        finished = True
                        process = self._process
                        raise ChildDied(process.wait() if process else None)
                    if answer["id"] != mine:
                        continue  # left over from a request that was given up
                    finished = "done" in answer or "error" in answer
                    if "error" in answer:
                        raise ChildError(answer.get("kind", "error"), answer["error"])
                    yield answer
            finally:
                if not finished:
                    self.cancel()

    def call(self, method: str, *, timeout: float | None = None, **args: object) -> Any:
        """Ask for one result."""
        result = None
        for answer in self.request(method, timeout=timeout, **args):
            result = answer.get("result")
        return result

    def cancel(self) -> None:
        """Ask the child to stop what it does now."""
        with contextlib.suppress(ChildDied):
            self._send({"cancel": self._last})

    def _send(self, message: dict[str, Any]) -> None:
        with self._writing:
            process = self._process
            if process is None or process.stdin is None:
                raise ChildDied(None)
            try:
                process.stdin.write(json.dumps(message).encode() + b"\n")
                process.stdin.flush()
            except (ValueError, OSError):
                raise ChildDied(process.wait()) from None

    def end(self) -> None:
        """Kill the process, and let none be started again."""
        with self._life:
            self._ended = True
            self.kill()

    def kill(self) -> None:
        """Kill the process now. Harmless when it is gone; may be called from several threads."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            with self._writing, contextlib.suppress(OSError):
                if process.stdin is not None:
                    process.stdin.close()


def _read(stream: BinaryIO, answers: queue.Queue[dict[str, Any] | None]) -> None:
    with stream:
        for line in stream:
            try:
                answers.put(json.loads(line))
            except ValueError:
                continue
    answers.put(None)


Handler = Callable[..., Any]


def serve(handlers: dict[str, Handler]) -> None:
    """Child side: answer requests until the input ends. A handler may be a generator: each item is an answer.

    ``handlers["cancel"]`` is called from another thread when the parent cancels. An exception becomes an error
    whose kind is the exception's ``kind`` attribute or its class name.
    """
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever native code prints must not get between the lines
    requests: queue.Queue[dict[str, Any] | None] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin.buffer:
            message = json.loads(line)
            if "cancel" in message:
                handlers["cancel"](message["cancel"])
            else:
                requests.put(message)
        os._exit(0)  # the app is gone; nothing here is worth finishing

    threading.Thread(target=listen, daemon=True).start()

    def answer(message: dict[str, Any]) -> None:
        out.write(json.dumps(message).encode() + b"\n")

    while (request := requests.get()) is not None:
        id_ = request["id"]
        try:
            handlers["begin"](id_)
            result = handlers[request["method"]](**request["args"])
            if isinstance(result, Iterator):
                for item in result:
                    answer({"id": id_, **item})
                answer({"id": id_, "done": True})
            else:
                answer({"id": id_, "result": result, "done": True})
        except Exception as error:
            answer({"id": id_, "error": str(error), "kind": getattr(error, "kind", type(error).__name__)})
