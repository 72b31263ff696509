"""The model's own process: loads one GGUF with llama.cpp, streams replies, forces JSON, embeds.

Run by ``chatmem.engine`` only. Errors carry a ``kind`` that the parent turns into words.
"""

from __future__ import annotations

import base64
import codecs
import ctypes
import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from chatmem.child import serve

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
MOST_KEPT = 1_000_000_000
"""Bytes of an evaluated conversation that are put aside while the model does other work."""
# A word-joiner inside keeps such words readable but no longer special to the tokenizer.
_SPECIAL = re.compile(r"<(?=[|/]|s>|bos>|eos>|start_of|end_of|think)|\[(?=/?INST\])")


class Refused(Exception):
    """A request that cannot be met; ``kind`` names the reason for the parent."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Runtime:
    """One model and what it is doing."""

    def __init__(self) -> None:
        self.llama: Any = None
        self.cancelled = -1
        self.current = -1
        self._abort: Any = None
        self._template: Any = None

    def begin(self, id_: int) -> None:
        """A request starts."""
        self.current = id_

    def cancel(self, id_: int) -> None:
        """Stop the request with this id, even inside a long prompt."""
        self.cancelled = id_

    @property
    def stopped(self) -> bool:
        """Whether the current request was cancelled."""
        return self.cancelled == self.current

    def load(self, path: str, embed: bool, context: int, threads: int, gpu_layers: int, safe: bool) -> dict[str, Any]:
        """Load the model and read a short prompt, so that a machine where it crashes is known at once."""
        import llama_cpp

        if safe:
            default = llama_cpp.llama_model_default_params

            def without_extra_buffers() -> Any:
                params = default()
                params.use_extra_bufts = False
                return params

            llama_cpp.llama_cpp.llama_model_default_params = without_extra_buffers
        try:
            self.llama = llama_cpp.Llama(
                path,
                n_ctx=context,
                n_batch=context if embed else 512,
                n_ubatch=512,
                n_threads=threads,
                n_threads_batch=threads,
                n_gpu_layers=gpu_layers,
                embedding=embed,
                flash_attn=embed,
                verbose=False,
            )
        except (ValueError, AssertionError) as error:
            raise Refused("load", str(error)) from error
        self._abort = llama_cpp.ggml_abort_callback(lambda _: self.stopped)
        llama_cpp.llama_set_abort_callback(self.llama.ctx, self._abort, ctypes.c_void_p(None))
        self._test(embed)
        metadata = self.llama.metadata
        if not embed:
            self._template = _compile(metadata.get("tokenizer.chat_template") or CHATML)
        return {
            "name": metadata.get("general.name") or path.rpartition("/")[2],
            "architecture": metadata.get("general.architecture", ""),
            "parameters": int(llama_cpp.llama_model_n_params(self.llama.model)),
            "context": int(self.llama.n_ctx()),
            "trained_context": int(llama_cpp.llama_model_n_ctx_train(self.llama.model)),
            "chat_template": "tokenizer.chat_template" in metadata,
            "dimensions": int(self.llama.n_embd()) if embed else None,
        }

    def _test(self, embed: bool) -> None:
        if embed:
            vector = np.asarray(self.llama.embed("test"))
            if vector.ndim != 1:
                raise Refused("load", "it is not an embedding model")
        else:
            # Several tokens: a batch takes other code than a single one (llama.cpp's AMX kernels crash on nothing less).
            self.llama.eval(self.llama.tokenize(b"Hello, how are you today?"))
            self.llama.reset()

    # ------------------------------------------------------------------ prompts

    def _tokens(self, messages: Sequence[dict[str, str]]) -> list[int]:
        rendered = self._render([{"role": m["role"], "content": _SPECIAL.sub(lambda s: s[0] + "\u2060", m["content"])} for m in messages])
        bos = self.llama.metadata.get("tokenizer.ggml.add_bos_token", "false") == "true"
        text = rendered.encode("utf-8", "replace")
        begin = self._special("bos")
        tokens: list[int] = self.llama.tokenize(text, add_bos=bos and not rendered.startswith(begin or "\0"), special=True)
        return tokens

    def _special(self, which: str) -> str:
        token = self.llama.token_bos() if which == "bos" else self.llama.token_eos()
        return "" if token < 0 else self.llama.detokenize([token], special=True).decode("utf-8", "replace")

    def _render(self, messages: list[dict[str, str]]) -> str:
        values = {"add_generation_prompt": True, "bos_token": self._special("bos"), "eos_token": self._special("eos"), "enable_thinking": False}
        try:
            return str(self._template.render(messages=messages, **values))
        except Exception:  # a template may refuse the system role or two user turns in a row: fold and try again
            return str(self._template.render(messages=_fold(messages), **values))

    def count(self, messages: Sequence[dict[str, str]]) -> int:
        """Tokens of the whole prompt."""
        return len(self._tokens(messages))

    def chat(self, messages: Sequence[dict[str, str]], max_tokens: int, sampling: dict[str, float]) -> Iterator[dict[str, Any]]:
        """Stream a reply: ``{"text"}``*, then ``{"usage"}``."""
        yield from self._generate(self._tokens(messages), max_tokens, sampling, None)

    def json(self, messages: Sequence[dict[str, str]], schema: dict[str, Any], max_tokens: int) -> Any:
        """A value that obeys the schema. The conversation that was being held stays evaluated, so that its next reply does not wait."""
        from llama_cpp.llama_grammar import LlamaGrammar

        grammar = LlamaGrammar.from_json_schema(json.dumps(schema), verbose=False)
        with self._conversation_kept():
            parts = [item.get("text", "") for item in self._generate(self._tokens(messages), max_tokens, {"temp": 0.0}, grammar)]
        try:
            return json.loads("".join(parts))
        except ValueError as error:
            raise Refused("json", "the model did not finish its answer") from error

    @contextmanager
    def _conversation_kept(self) -> Iterator[None]:
        """Put what is evaluated back afterwards: 23 KB a token for the bundled model, 10 ms for a long talk."""
        import llama_cpp

        llama, count = self.llama, self.llama.n_tokens
        size = llama_cpp.llama_state_seq_get_size(llama.ctx, 0) if count else 0
        state = (ctypes.c_uint8 * size)() if 0 < size <= MOST_KEPT else None
        known = llama.input_ids[:count].copy()
        if state is not None:
            llama_cpp.llama_state_seq_get_data(llama.ctx, state, size, 0)
        try:
            yield
        finally:
            if state is not None:
                llama.reset()
                llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(llama.ctx), True)
                if llama_cpp.llama_state_seq_set_data(llama.ctx, state, size, 0):
                    llama.input_ids[:count] = known
                    llama.n_tokens = count
                    llama._requires_eval = True  # the last token's scores are not restored

    def _generate(self, tokens: list[int], max_tokens: int, sampling: dict[str, float], grammar: Any) -> Iterator[dict[str, Any]]:
        room = self.llama.n_ctx() - len(tokens)
        if room < 8:
            raise Refused("context", f"{len(tokens)} tokens do not fit a context of {self.llama.n_ctx()}")
        started = time.perf_counter()
        first = 0.0
        said = 0
        reused = self._common(tokens)
        decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        seed = int(sampling.pop("seed", -1))
        if seed >= 0:
            self.llama.set_seed(seed)
        hidden = _HideThoughts()
        try:
            for token in self.llama.generate(tokens, grammar=grammar, **sampling):
                if not said:
                    first = time.perf_counter() - started
                if self.stopped or said >= min(max_tokens, room - 1) or self._ends(token):
                    break
                said += 1
                text = hidden.pass_on(decoder.decode(self.llama.detokenize([token], prev_tokens=[token], special=False)))
                if text:
                    yield {"text": text}
        except RuntimeError:
            if not self.stopped:  # decode returns 2 when the abort callback stopped it
                raise
        rest = hidden.rest()
        if rest:
            yield {"text": rest}
        evaluated = len(tokens) - reused if said or not self.stopped else max(0, self.llama.n_tokens - reused)
        yield {
            "usage": {
                "prompt_tokens": len(tokens),
                "evaluated": evaluated,
                "reused": reused,
                "reply_tokens": said,
                "seconds_to_first_token": first,
                "seconds": time.perf_counter() - started,
                "context": self.llama.n_ctx(),
            }
        }

    def _common(self, tokens: list[int]) -> int:
        """How many tokens at the head are already evaluated; the last is always run again."""
        known = self.llama.input_ids[: self.llama.n_tokens]
        n = min(len(known), len(tokens) - 1)
        differ = np.nonzero(known[:n] != np.asarray(tokens[:n]))[0]
        return int(differ[0]) if len(differ) else n

    def _ends(self, token: int) -> bool:
        import llama_cpp

        return bool(llama_cpp.llama_token_is_eog(llama_cpp.llama_model_get_vocab(self.llama.model), token))

    # ------------------------------------------------------------------ embeddings

    def embed(self, texts: Sequence[str]) -> str:
        """Float32 vectors (n, dim), normalised, as base64. One call a text: short ones are faster so than in a batch."""
        rows = []
        for text in texts:
            vector = np.asarray(self.llama.embed(text or " ", truncate=True), np.float32)
            rows.append(vector / (np.linalg.norm(vector) or 1.0))
        return base64.b64encode(np.stack(rows).astype("<f4").tobytes()).decode()


class _HideThoughts:
    """Leaves out what a thinking model writes between <think> tags."""

    def __init__(self) -> None:
        self._held = ""
        self._inside = False
        self._begun = False

    def pass_on(self, text: str) -> str:
        """The part of the text that may be shown now."""
        if self._begun:
            return text
        self._held += text
        if self._inside:
            _, tag, after = self._held.partition("</think>")
            if not tag:
                return ""
            self._begun = True
            return after.lstrip()
        start = self._held.lstrip()
        if start.startswith("<think>"):
            self._inside = True
            self._held = start.removeprefix("<think>")
            return self.pass_on("")
        if "<think>".startswith(start):
            return ""
        self._begun = True
        return self._held

    def rest(self) -> str:
        """What is still held at the end."""
        return "" if self._begun or self._inside else self._held


def _compile(template: str) -> Any:
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message: str) -> None:
        raise ValueError(message)

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, autoescape=False, extensions=[loopcontrols])
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = lambda form: time.strftime(form)
    return environment.from_string(template)


def _fold(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """The system part inside the first user message, and neighbours of one role joined."""
    folded: list[dict[str, str]] = []
    for message in messages:
        role = "user" if message["role"] == "system" else message["role"]
        if folded and folded[-1]["role"] == role:
            folded[-1]["content"] += "\n\n" + message["content"]
        else:
            folded.append({"role": role, "content": message["content"]})
    return folded


def main() -> None:
    """Serve one model."""
    runtime = Runtime()
    serve({name: getattr(runtime, name) for name in ("begin", "cancel", "load", "count", "chat", "json", "embed")})


if __name__ == "__main__":
    main()
