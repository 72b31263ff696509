"""The model runtime as the app sees it: one GGUF in a child process that may crash without taking anything along.

Loading ends with a self-test. After a native crash the process is restarted in safe mode (llama.cpp without its
extra CPU buffers, which crash on some machines: llama.cpp issue 20824), and the machine remembers that.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from chatmem import catalogue
from chatmem.child import Child, ChildDied, ChildError
from chatmem.config import ModelSettings, Paths
from chatmem.errors import ContextTooSmall, EngineCrashed, Interrupted, ModelError, ModelLoadFailed, ModelNotFound
from chatmem.types import Record, Usage

EngineRole = Literal["chat", "embed"]
EngineState = Literal["stopped", "loading", "ready", "failed"]
NATIVE_CRASHES = {signal.SIGSEGV, signal.SIGILL, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE}
EMBED_CONTEXT = 512
Messages = Sequence[dict[str, str]]


class EngineInfo(Record):
    """What is loaded. ``parameters`` is a count; sizes in bytes; ``context`` in tokens; ``adapter`` names the one merged into the bundled model."""

    path: str
    name: str
    architecture: str
    parameters: int
    size_bytes: int
    context: int
    trained_context: int
    chat_template: bool
    safe_mode: bool
    adapter: str | None
    dimensions: int | None


def memory_available() -> int | None:
    """Bytes of memory free for use, None when the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def check_file(path: Path) -> int:
    """Read a model file's header; returns its size in bytes. Raises ModelNotFound or ModelLoadFailed, one sentence each."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            magic = file.read(4)
    except FileNotFoundError as error:
        raise ModelNotFound(f"There is no model file {path}.", "See `chatmem model list`.") from error
    except OSError as error:
        raise ModelNotFound(f"The model file {path} cannot be read: {error.strerror}.", "Check who owns it.") from error
    if magic != b"GGUF":
        raise ModelLoadFailed(f"{path.name} is not a GGUF model.", "Choose a file in the GGUF format, or run: chatmem model use smollm2-135m")
    free = memory_available()
    if free is not None and size > free:
        raise ModelLoadFailed(
            f"{path.name} needs {size / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are free.", "Close other programs or choose a smaller model."
        )
    return size


class Engine:
    """One model in one process. Calls from several threads take turns."""

    def __init__(self, model: Path, role: EngineRole, settings: ModelSettings, paths: Paths, notice: Callable[[str], None] = lambda _: None) -> None:
        self._model, self._role, self._settings, self._paths, self._notice = model, role, settings, paths, notice
        self._child = Child("chatmem.engine_process", paths.logs / f"engine-{role}.log")
        self._settled = threading.Event()
        self._starting = threading.Lock()
        self._closed = False
        self.state: EngineState = "stopped"
        self.error: ModelError | None = None
        self.info: EngineInfo | None = None

    def start(self) -> None:
        """Begin to load; returns at once."""
        self._settled.clear()
        self.state, self.error = "loading", None
        threading.Thread(target=self._load, name=f"load-{self._role}", daemon=True).start()

    def wait(self, timeout: float | None = None) -> EngineInfo:
        """Wait until the model is ready. Raises ModelError when it failed, TimeoutError when time ran out."""
        if self.state == "stopped":
            raise ModelLoadFailed("No model is loaded.", "Choose one with /model.")
        if not self._settled.wait(timeout):
            raise TimeoutError("The model is still loading.")
        if self.error is not None:
            raise self.error
        assert self.info is not None
        return self.info

    def close(self) -> None:
        """Let the model go."""
        self._closed = True
        self.state, self.error = "stopped", ModelLoadFailed("The model was let go.", "Choose one with /model.")
        self._child.end()
        self._settled.set()

    @property
    def pid(self) -> int | None:
        """The process that runs the model."""
        return self._child.pid

    # ------------------------------------------------------------------ loading

    def _load(self) -> None:
        with self._starting:
            try:
                size = check_file(self._model)
                file, adapter = self._adapted(size)
                try:
                    loaded = self._try_load(file, safe=self._safe_mode())
                except ChildDied as died:
                    if self._closed:
                        return
                    if died.signal not in NATIVE_CRASHES or self._safe_mode():
                        raise
                    self._remember_safe_mode(died.signal)
                    self._notice("The model process crashed while loading; it was restarted in safe mode.")
                    loaded = self._try_load(file, safe=True)
                self.info = EngineInfo(
                    path=str(self._model), size_bytes=size, safe_mode=self._safe_mode(), adapter=adapter.name if adapter else None, **loaded
                )
                self.state = "ready"
            except ModelError as error:
                self.state, self.error = "failed", error
            except ChildError as error:
                self.state = "failed"
                self.error = ModelLoadFailed(
                    f"{self._model.name} cannot be loaded: the file is damaged or of a kind this llama.cpp does not know.",
                    f"Get it again, or choose another with /model ({error}).",
                )
            except ChildDied as died:
                self.state = "failed"
                why = "ran out of memory" if died.signal == signal.SIGKILL else "crashed"
                self.error = ModelLoadFailed(
                    f"The model process {why} while loading {self._model.name}.",
                    "Choose a smaller model or context, or see the log in " + str(self._paths.logs),
                )
            finally:
                self._settled.set()

    def _adapted(self, size: int) -> tuple[Path, Path | None]:
        """The file to load: with the adapter made for this very model merged in, if there is one. What is amiss with that is said, and left out."""
        if self._role != "chat":
            return self._model, None
        try:
            adapter = catalogue.adapter_for(self._model, size, self._paths)
            return (catalogue.merged(self._model, adapter, self._paths, self._notice), adapter) if adapter else (self._model, None)
        except ModelError as error:
            self._notice(f"{error.message} The model runs without its adapter.")
            return self._model, None

    def _try_load(self, file: Path, *, safe: bool) -> dict[str, Any]:
        self._child.start()
        embed = self._role == "embed"
        result: dict[str, Any] = self._child.call(
            "load",
            path=str(file),
            embed=embed,
            context=EMBED_CONTEXT if embed else self._settings.context,
            threads=self._settings.threads or os.cpu_count() or 1,
            gpu_layers=self._settings.gpu_layers,
            safe=safe,
        )
        return result

    def _machine(self) -> dict[str, Any]:
        try:
            data = json.loads(self._paths.machine.read_text("utf-8"))
            return data if isinstance(data, dict) else {}
        except (OSError, ValueError):
            return {}

    def _safe_mode(self) -> bool:
        return bool(self._machine().get("safe_mode"))

    def _remember_safe_mode(self, number: int | None) -> None:
        name = signal.Signals(number).name if number else "an unknown signal"
        self._paths.machine.write_text(json.dumps(self._machine() | {"safe_mode": True, "why": f"the model process died of {name}"}), "utf-8")

    # ------------------------------------------------------------------ use

    def _crashed(self, died: ChildDied) -> EngineCrashed:
        """Restart after a death, and say what happened."""
        if not self._closed:
            if died.signal in NATIVE_CRASHES and not self._safe_mode():
                self._remember_safe_mode(died.signal)
            self.start()
        why = "was killed, perhaps for want of memory" if died.signal == signal.SIGKILL else "crashed"
        return EngineCrashed(f"The model process {why}; it is being restarted.", "Send again, or press the key to regenerate. Nothing said was lost.")

    def chat(
        self, messages: Messages, *, max_tokens: int, cancel: threading.Event | None = None, temperature: float | None = None
    ) -> Iterator[str | Usage]:
        """Stream a reply as pieces of text, and at the end one Usage. Stops soon after ``cancel`` is set, also inside a long prompt.

        Raises EngineCrashed (the process is restarted by itself), ContextTooSmall, or ModelError.
        """
        self.wait()
        s = self._settings
        sampling = {
            "temp": s.temperature if temperature is None else temperature,
            "top_p": s.top_p,
            "top_k": s.top_k,
            "min_p": s.min_p,
            "repeat_penalty": s.repeat_penalty,
            "seed": s.seed,
        }
        over = threading.Event()
        if cancel is not None:
            threading.Thread(target=self._watch, args=(cancel, over), daemon=True).start()
        try:
            for answer in self._child.request("chat", messages=list(messages), max_tokens=max_tokens, sampling=sampling):
                if "text" in answer:
                    yield answer["text"]
                elif "usage" in answer:
                    yield Usage.model_validate(answer["usage"])
        except ChildDied as died:
            raise self._crashed(died) from died
        except ChildError as error:
            raise _explain(error) from error
        finally:
            over.set()

    def _watch(self, cancel: threading.Event, over: threading.Event) -> None:
        while not over.is_set():
            if cancel.wait(0.05):
                while not over.is_set():  # the request may not have reached the child yet
                    self._child.cancel()
                    over.wait(0.05)
                return

    def _call(self, method: str, **args: Any) -> Any:
        self.wait()
        try:
            return self._child.call(method, **args)
        except ChildDied as died:
            raise self._crashed(died) from died
        except ChildError as error:
            raise _explain(error) from error

    def count(self, messages: Messages) -> int:
        """Tokens of a prompt, with the model's own chat template."""
        return int(self._call("count", messages=list(messages)))

    def json(self, messages: Messages, schema: dict[str, Any], *, max_tokens: int, cancel: threading.Event | None = None) -> Any:
        """A value that obeys a JSON schema, forced by grammar.

        Raises Interrupted soon after ``cancel`` is set, ModelError when the model does not finish its answer.
        """
        over = threading.Event()
        if cancel is not None:
            threading.Thread(target=self._watch, args=(cancel, over), daemon=True).start()
        try:
            return self._call("json", messages=list(messages), schema=schema, max_tokens=max_tokens)
        except ModelError as error:
            if cancel is not None and cancel.is_set():
                raise Interrupted("The model was needed for something else.", "It is tried again later.") from error
            raise
        finally:
            over.set()

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors (n, dim), float32, normalised."""
        info = self.wait()
        data = base64.b64decode(self._call("embed", texts=list(texts)))
        return np.frombuffer(data, "<f4").reshape(len(texts), info.dimensions or -1)


def _explain(error: ChildError) -> ModelError:
    if error.kind == "context":
        return ContextTooSmall(f"The prompt is too long: {error}.", "Start a new session, or raise model.context in the settings.")
    return ModelError(f"The model could not answer: {error}.", "Try again, or choose another model with /model.")
