"""The bundled model with its adapter and without, side by side: greedy, the same prompts, nothing that training saw.

Held out are whole families of facts, attributes and events, their values, and the hand-written notes of
``grounded_test.jsonl``. LoCoMo is read from a file of one's own (its licence does not let us ship it).
"""

from __future__ import annotations

import json
import random
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from chatmem.adapter import tasks
from chatmem.adapter.cases import Case, Note, Question, wordings
from chatmem.adapter.tasks import Tree, answer_tree
from chatmem.evaluate.datasets import read_cases
from chatmem.evaluate.scoring import begins, f1, normalise
from chatmem.memory.context import with_dates
from chatmem.memory.echoes import refuses
from chatmem.memory.extract import extract
from chatmem.memory.propose import FACTS_SCHEMA, SUMMARY_SCHEMA, propose_facts, propose_summary
from chatmem.memory.summarize import summarize_session
from chatmem.prompts import load_prompt
from chatmem.types import Turn

SEED = 20260614
EPOCH = datetime(2023, 5, 8, 12, tzinfo=UTC)
LONGEST_EVIDENCE = 2400
"""Characters of gold evidence that a LoCoMo prompt takes; questions with more are left out."""


@dataclass(frozen=True)
class Reply:
    """What a model said, and the seconds it took."""

    text: str
    seconds: float
    tokens: int


def tokenize(llama: Any, text: str) -> list[int]:
    """Tokens of a prompt, as the app makes them; ChatML marks are one token each."""
    found: list[int] = llama.tokenize(text.encode(), add_bos=False, special=True)
    return found


def tokenizer(base: Path) -> Callable[[str], list[int]]:
    """The runtime's own tokenizer, without the weights, so that training and the app agree on every token."""
    from llama_cpp import Llama

    return partial(tokenize, Llama(str(base), vocab_only=True, verbose=False))


class Model:
    """A model in this process: the bundled one, or that with an adapter merged in."""

    def __init__(self, file: Path, threads: int = 2) -> None:
        from llama_cpp import Llama

        self._llama = Llama(str(file), n_ctx=4096, n_threads=threads, n_threads_batch=threads, verbose=False)

    def tokens(self, text: str) -> list[int]:
        """Tokens of a prompt."""
        return tokenize(self._llama, text)

    def text(self, tokens: Sequence[int]) -> str:
        """The words of tokens."""
        return str(self._llama.detokenize(list(tokens)).decode("utf-8", "replace"))

    def reply(self, prompt: str, most: int) -> Reply:
        """The likeliest reply of at most ``most`` tokens."""
        begun = time.perf_counter()
        answer: Any = self._llama.create_completion(self.tokens(prompt), max_tokens=most, temperature=0.0, stop=["<|im_end|>"])
        text = str(answer["choices"][0]["text"]).strip()
        return Reply(text, time.perf_counter() - begun, int(answer["usage"]["completion_tokens"]))


@dataclass
class Tally:
    """Right answers of all, by name."""

    right: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    of: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    errors: list[str] = field(default_factory=list)

    def count(self, name: str, right: float) -> None:
        """One more case: 1 for right, 0 for wrong, or a share."""
        self.right[name] += right
        self.of[name] += 1

    def share(self, name: str) -> float:
        """Share of right ones, nan where none was asked."""
        return self.right[name] / self.of[name] if self.of[name] else float("nan")


def holds(answer: str, key: str) -> bool:
    """Whether the words of a key stand in an answer as whole words, case aside."""
    return re.search(rf"(?<!\w){re.escape(key.casefold())}(?:s|es)?(?!\w)", answer.casefold()) is not None


def judge(question: Question, answer: str) -> bool:
    """Right: every key is there and nothing forbidden, or, where the notes do not hold the answer, a plain refusal."""
    if question.absent:
        return refuses(answer)
    return all(holds(answer, key) for key in question.keys) and not any(holds(answer, key) for key in question.forbidden)


def described(question: Question, answer: str, tree: Tree) -> str:
    """A wrong answer, with the notes it was asked about."""
    return f"[{question.kind}] {question.asked} -> {answer!r} (wanted {question.answer!r})\n{tree.prefix.rpartition('<|im_start|>user')[2]}"


def grounded(model: Model, trees: Sequence[Tree], tally: Tally, prefix: str) -> None:
    """Questions about notes. Counts rightness by kind, and refusals where the answer was there."""
    for tree in trees:
        for branch in tree.branches:
            if (question := branch.question) is None:
                continue
            answer = model.reply(tree.prefix + branch.context, 48).text
            right = judge(question, answer)
            tally.count(
                f"{prefix}: {'not in the notes, refused' if question.absent else 'newest value' if question.kind == 'update' else 'answered right'}",
                right,
            )
            tally.count(f"{prefix} by kind: {question.kind}", right)
            if not question.absent:
                tally.count(f"{prefix}: refused though it was there", refuses(answer) and question.kind != "other")
            if not right:
                tally.errors.append(described(question, answer, tree))


def generated_trees(count: int) -> list[Tree]:
    """Cases of held-out families and values."""
    return [tree for tree, _ in zip(tasks.examples(SEED, "test", ["answer"]), range(count), strict=False)]


def natural_trees() -> list[Tree]:
    """The hand-written notes that training never saw, each once, without an earlier conversation."""
    rng = random.Random(SEED)
    return [
        answer_tree(rng, "test", tasks.natural_case(random.Random(SEED + i), line), alone=True)
        for i, line in enumerate(tasks.natural("grounded_test"))
    ]


def locomo_trees(path: Path, most: int) -> list[Tree]:
    """LoCoMo questions with their gold evidence as notes; adversarial ones have no answer and are left out."""
    rng = random.Random(SEED)
    found = []
    for case in read_cases(path):
        for asked, gold in case.questions:
            said = [(case.sessions[session].at.date(), case.sessions[session].turns[turn].text) for session, turn in sorted(gold.turns)]
            if gold.abstention or not said or sum(len(text) for _, text in said) > LONGEST_EVIDENCE:
                continue
            notes = [Note(with_dates(re.sub(r"^(\w+): ", r"\1 said: ", text), day), day) for day, text in said]
            question = Question(f"{asked.text}\n{wordings()['prompts']['phrase'][0].partition(chr(10))[2]}", gold.answer, (), gold.type)
            found.append(answer_tree(rng, "test", Case(asked.at.date(), notes, [question]), alone=True))
    rng.shuffle(found)
    return found[:most]


def locomo(model: Model, trees: Sequence[Tree], tally: Tally) -> None:
    """Token F1 of answers, by question type."""
    for tree in trees:
        branch = tree.branches[0]
        question = branch.question
        assert question is not None
        answer = model.reply(tree.prefix + branch.context, 40).text
        score = f1(normalise(question.answer), normalise(answer))
        tally.count("LoCoMo with its evidence: token F1", score)
        tally.count(f"LoCoMo by kind: {question.kind}", score)
        if score < 0.5:
            tally.errors.append(described(question, answer, tree))


def locomo_sessions(path: Path) -> list[tuple[list[Turn], list[str]]]:
    """Every fourth LoCoMo session, the first speaker as the user, with what its annotators observed of that speaker."""
    found = []
    for sample in json.loads(path.read_text("utf-8")):
        spoken = sample["conversation"]
        user = spoken["speaker_a"]
        for number in range(2, 20, 4):
            observed = sample["observation"].get(f"session_{number}_observation", {}).get(user)
            if observed and f"session_{number}" in spoken:
                turns = [
                    Turn(id=f"t{n}", session_id="s1", n=n, parent=None, role="user" if turn["speaker"] == user else "assistant", content=turn["text"], created_at=EPOCH)
                    for n, turn in enumerate(spoken[f"session_{number}"])
                ]  # fmt: skip
                found.append((turns, [text.replace(user, "The user") for text, *_ in observed]))
    return found


def locomo_summaries(model: Model, sessions: Sequence[tuple[list[Turn], list[str]]], tally: Tally) -> None:
    """How near a sentence of the session's summary comes to each thing observed: the model's, checked as in the app, and the rules'."""
    prompt = load_prompt("summary")

    def ask(messages: list[dict[str, str]], _schema: dict[str, Any], most: int) -> Any:
        return parsed(model.reply("".join(tasks.turn(m["role"], m["content"]) for m in messages) + tasks.REPLY, most).text, SUMMARY_SCHEMA) or {}

    for turns, observed in sessions:
        facts = [fact for turn in turns if turn.role == "user" for fact in extract(turn.content, turn.created_at)]
        for name, lines in (("the model", propose_summary(ask, prompt, turns)), ("the rules", summarize_session(turns, facts).splitlines())):
            said = [normalise(line) for line in lines]
            for text in observed:
                tally.count(f"LoCoMo sessions summarised by {name}: F1", max((f1(normalise(text), one) for one in said), default=0.0))


def json_tasks(model: Model, rows: Sequence[dict[str, Any]], tally: Tally) -> None:
    """Extraction from labelled messages, summaries and labels, without a grammar. Rows as in tests/data/extraction."""
    prompt = load_prompt("extract")
    found = wrong = labels = hit = 0
    for row in rows:
        said = datetime.combine(date.fromisoformat(row["said"]), datetime.min.time(), UTC).replace(hour=12)
        replies: list[Any] = []

        def ask(messages: list[dict[str, str]], _schema: dict[str, Any], most: int, replies: list[Any] = replies) -> Any:
            text = "".join(tasks.turn(m["role"], m["content"]) for m in messages) + tasks.REPLY
            replies.append(parsed(model.reply(text, most).text, FACTS_SCHEMA))
            return replies[-1] or {"facts": []}

        accepted, _ = propose_facts(ask, prompt, row["text"], said, [])
        tally.count("JSON valid without a grammar", replies[0] is not None)
        wanted = [label["must"] for label in row["expect"]]
        also = [*wanted, *row.get("also", [])]
        found += len(accepted)
        wrong += sum(not any(begins(one.text, must) for must in also) for one in accepted)
        labels += len(wanted)
        hit += sum(any(begins(one.text, must) for one in accepted) for must in wanted)
    precision, recall = (1 - wrong / found if found else 0.0), (hit / labels if labels else 0.0)
    tally.count("extraction, validated: precision", precision)
    tally.count("extraction, validated: recall", recall)
    tally.count("extraction, validated: F1", 2 * precision * recall / (precision + recall) if precision + recall else 0.0)
    for tree, _ in zip(tasks.examples(SEED, "test", ["summary"]), range(40), strict=False):
        answer = parsed(model.reply(tree.prefix, 200).text, SUMMARY_SCHEMA)
        tally.count("JSON valid without a grammar", answer is not None)
        question = tree.branches[0].question
        assert question is not None
        sentences = [normalise(str(one)) for one in (answer or {}).get("sentences", [])]
        best = [max((f1(normalise(want), said) for said in sentences), default=0.0) for want in question.keys]
        tally.count("summary: word F1 of each thing said", sum(best) / len(best) if best else float(not sentences))
    for tree, _ in zip(tasks.examples(SEED, "test", ["label"]), range(90), strict=False):
        answer = parsed(model.reply(tree.prefix, 20).text, {"properties": {"label": {}}})
        question = tree.branches[0].question
        assert question is not None
        tally.count("JSON valid without a grammar", answer is not None)
        tally.count("update pairs labelled right", (answer or {}).get("label") == question.answer)


def parsed(text: str, schema: dict[str, Any]) -> dict[str, Any] | None:
    """The JSON object of a reply, if it is one with the schema's keys."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) and set(value) == set(schema["properties"]) else None


def everyday(model: Model, messages: Sequence[str]) -> Iterator[tuple[str, Reply]]:
    """Replies to everyday messages in the app's own prompt."""
    for message in messages:
        yield message, model.reply(tasks.turn("system", tasks.chat_system()) + tasks.turn("user", message) + tasks.REPLY, 120)


def speed(models: dict[str, Model], rounds: int = 6) -> dict[str, tuple[float, float]]:
    """Tokens per second of reading a prompt and of writing 64 tokens, models in turn so that both see the same machine; medians."""
    prompt = natural_trees()[0].prefix + "\n\nTell me a long story about a lighthouse." + tasks.END + tasks.REPLY
    took: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for i in range(rounds):
        for name, model in models.items():
            text = prompt.replace("system\n", f"system\n{i} ", 1)  # nothing is reused of the last round
            reading = model.reply(text, 1)
            writing = model.reply(text, 64)
            took[name].append((len(model.tokens(text)) / reading.seconds, writing.tokens / writing.seconds))
    return {name: (sorted(read for read, _ in both)[rounds // 2], sorted(write for _, write in both)[rounds // 2]) for name, both in took.items()}


def measure(
    models: dict[str, Model], *, cases: int, locomo_file: Path | None, rows: Sequence[dict[str, Any]], report: Callable[[str], None]
) -> dict[str, Tally]:
    """All measures of these models, by name."""
    trees, natural = generated_trees(cases), natural_trees()
    from_locomo = locomo_trees(locomo_file, 300) if locomo_file else []
    sessions = locomo_sessions(locomo_file) if locomo_file else []
    found = {}
    for name, model in models.items():
        tally = Tally()
        report(f"{name}: held-out families")
        grounded(model, trees, tally, "held-out families")
        report(f"{name}: hand-written notes")
        grounded(model, natural, tally, "hand-written notes")
        if from_locomo:
            report(f"{name}: LoCoMo")
            locomo(model, from_locomo, tally)
            locomo_summaries(model, sessions, tally)
        report(f"{name}: JSON tasks")
        json_tasks(model, rows, tally)
        found[name] = tally
    return found
