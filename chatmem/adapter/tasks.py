"""Training examples of every task that the adapter learns, in chatmem's own prompts and in other words.

An example is a tree: one prefix (system part, conversation, notes) and branches (a question and the reply wanted), so
that notes are encoded once for all questions about them. Prefix, context and reply make exactly one ChatML conversation.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from chatmem.adapter.cases import Case, Note, Question, Writer, sentence, spoken, wordings, write_case
from chatmem.adapter.families import Fill, Split, grammar
from chatmem.capability import LABEL_QUESTION
from chatmem.memory.context import note_line, with_dates
from chatmem.memory.third_person import third_person
from chatmem.memory.times import age, written
from chatmem.prompts import load_prompt, shipped_folder
from chatmem.words import is_question

OWN_PROMPT = 0.7
"""Share of examples in chatmem's own words; the others keep the adapter from depending on them."""
END = "<|im_end|>\n"
REPLY = "<|im_start|>assistant\n"
DEFAULT_SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
"""What the model's chat template puts in front of a conversation that has no system part."""


@dataclass(frozen=True)
class Branch:
    """What follows the prefix up to the reply, the reply, and what is tested by it."""

    context: str
    reply: str
    question: Question | None = None


@dataclass(frozen=True)
class Tree:
    """One example: a shared prefix and its branches."""

    task: str
    prefix: str
    branches: tuple[Branch, ...]


def turn(role: str, text: str) -> str:
    """One ChatML turn."""
    return f"<|im_start|>{role}\n{text}{END}"


@cache
def natural(name: str) -> list[dict[str, Any]]:
    """The hand-written lines of data/adapter/NAME.jsonl."""
    text = (shipped_folder("data") / "adapter" / f"{name}.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines() if line.strip()]


@cache
def everyday(split: Split) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Everyday conversations, each a row of (user, companion); every tenth is for tests."""
    rows = []
    for line in natural("chat"):
        turns = line.get("turns") or [["user", line["user"]], ["assistant", line["assistant"]]]
        said = [text for _, text in turns]
        rows.append(tuple(zip(said[::2], said[1::2], strict=True)))
    return tuple(row for i, row in enumerate(rows) if (i % 10 == 9) == (split == "test"))


@cache
def small_talk(split: Split) -> tuple[tuple[str, str], ...]:
    """Exchanges in which nothing is said about the user."""
    own = re.compile(r"\b(?:i|i'\w+|my|we|our|me)\b", re.IGNORECASE)
    return tuple(row[0] for row in everyday(split) if not own.search(row[0][0]) or is_question(row[0][0]))


# ---------------------------------------------------------------------- answering from notes


def answer(rng: random.Random, split: Split) -> Tree:
    """Questions about a generated case."""
    return answer_tree(rng, split, write_case(rng, split, [said for said, _ in small_talk(split)]))


def natural_answer(rng: random.Random, split: Split) -> Tree:
    """Questions about hand-written notes, in a new order and on other days each time; later lines, new to the adapter that is trained on, come more often."""
    lines = natural("grounded_test" if split == "test" else "grounded_train")
    line = lines[min(int(rng.triangular(0, len(lines), len(lines))), len(lines) - 1)]
    case = natural_case(rng, line)
    return answer_tree(rng, split, _mixed(rng, case) if split == "train" and rng.random() < 0.4 else case, phrased=0.5)


def recalled_answer(rng: random.Random, split: Split) -> Tree:
    """Questions about what chatmem recalled of made-up people's weeks (``weeks``): the app's own notes, several of them beside the point."""
    return answer_tree(rng, split, natural_case(rng, rng.choice(natural("recalled_train"))), phrased=0.05)


_BRACKETED = re.compile(r"\[[^\]]*\d{4}\]")
_DATED = re.compile(r" \((\d{1,2} \w+ \d{4}), ([^()]+)\)$")


def natural_case(rng: random.Random, line: dict[str, Any]) -> Case:
    """Hand-written notes with their dates; notes without one get a day before the earliest that has one."""
    stated = [(match, datetime.strptime(match[1], "%d %B %Y").date()) for note in line["notes"] if (match := _DATED.search(note))]
    today = max((day + _span(match[2]) for match, day in stated), default=date(2022, 6, 1) + timedelta(days=rng.randrange(2000)))
    first = min([today, *(day for _, day in stated)])
    # Undated notes keep their order: a later one may be the newer state of things.
    undated = iter(sorted(first - timedelta(days=rng.randint(1, 400)) for _ in line["notes"]))
    notes = []
    for text in line["notes"]:
        match = _DATED.search(text)
        day = datetime.strptime(match[1], "%d %B %Y").date() if match else next(undated)
        words = _DATED.sub("", text)
        notes.append(Note(with_dates(words, day) if " said: " in words[:30] and not _BRACKETED.search(words) else words, day))
    printed = {match[2]: age(day, today) for match, day in stated}

    def reprint(text: str) -> str:
        return re.sub("|".join(map(re.escape, printed)), lambda found: printed[found[0]], text) if printed else text

    questions = [
        Question(
            q["q"],
            reprint(q["a"]),
            tuple(reprint(key) for key in q["key"]),
            "absent" if q["kind"] == "abstain" else q["kind"],
            phrase=reprint(q.get("short", "")),
        )
        for q in line["qa"]
    ]
    rng.shuffle(questions)
    return Case(today, notes, questions)


def _mixed(rng: random.Random, case: Case) -> Case:
    """A hand-written case among one to three notes of another, whose unanswerable questions stay so."""
    other = natural_case(rng, rng.choice(natural("grounded_train")))
    shift = case.today - other.today
    notes = [replace(note, day=note.day + shift) for note in other.notes if "[" not in note.text]
    absent = [question for question in other.questions if question.kind == "absent"]
    case.notes += rng.sample(notes, min(len(notes), rng.randint(1, 3)))
    case.questions += rng.sample(absent, min(len(absent), 1))
    return case


def _span(text: str) -> timedelta:
    """The time that an age in words stands for."""
    if text in ("today", "yesterday", "tomorrow"):
        return timedelta(days={"today": 0, "yesterday": 1, "tomorrow": -1}[text])
    match = re.search(r"(\d+|a|an|one|two|three|four|five|six) (day|week|month|year)", text)
    if not match:
        return timedelta(days=30)
    number = int(match[1]) if match[1].isdigit() else {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}[match[1]]
    days = round(number * {"day": 1, "week": 7, "month": 30.44, "year": 365.25}[match[2]])
    return timedelta(days=-days if text.startswith("in ") else days)


def answer_tree(rng: random.Random, split: Split, case: Case, *, alone: bool = False, phrased: float = 0.1) -> Tree:
    """A case in a prompt: notes, then each question with its answer; sometimes a question that has nothing to do with them.

    ``alone`` leaves out any earlier conversation. ``phrased`` is the share of questions to which a short phrase is asked for as well.
    """
    prompts = wordings()["prompts"]
    own = split == "test" or rng.random() < OWN_PROMPT
    case.notes.sort(key=lambda note: note.day)  # the newest last: a small model takes the last word for the newest, and cannot compare dates
    earlier = [] if alone else _earlier(rng, split, case) + (_told_now(rng, case) if split == "train" and rng.random() < 0.15 else [])
    prefix, ask = _notes_prompt(rng, case, own=own)
    put = "{q}" if own or not case.notes else rng.choice(prompts["message"])
    head = turn("system", _system(rng, "answer", own=own)) + "".join(turn("user", said) + turn("assistant", reply) for said, reply in earlier)
    branches = []
    for question in case.questions:
        if question.earlier is not None and question.earlier not in earlier:
            continue
        asked = question.asked if split == "test" else _casual(rng, question.asked)
        branches.append(Branch(ask(put.format(q=asked)), question.answer + END, question))
        if split == "train" and question.phrase and rng.random() < phrased:
            branches.append(Branch(ask(rng.choice(prompts["phrase"]).format(q=asked)), question.phrase + END, question))
    if split == "train" and rng.random() < 0.35:
        said, reply = rng.choice(everyday(split))[0]
        branches.append(Branch(ask(put.format(q=said)), reply + END))
    rng.shuffle(branches)
    return Tree("answer", head + "<|im_start|>user\n" + prefix, tuple(branches[:10]))


def _earlier(rng: random.Random, split: Split, case: Case) -> list[tuple[str, str]]:
    """What was said before in this conversation: the question that a follow-up refers to, or anything."""
    follow = [question.earlier for question in case.questions if question.earlier]
    if follow and rng.random() < 0.7:
        return [rng.choice(follow)]
    if rng.random() < 0.75:
        return []
    if rng.random() < 0.5:
        return list(rng.choice(everyday(split)))[:2]
    other = write_case(rng, split, (), size=rng.randint(1, 3))
    return [(question.asked, question.answer) for question in other.questions if question.earlier is None][: rng.randint(1, 3)]


def _told_now(rng: random.Random, case: Case) -> list[tuple[str, str]]:
    """Moves up to two statements from the notes into the conversation itself: what was just said is known as well."""
    answers = " ".join(question.answer for question in case.questions)
    free = [
        note
        for note in case.notes
        if note.text.startswith("I said: ")
        and "You answered: " not in note.text
        and written(note.day) not in answers
        and not any(question.kind in ("update", "changed", "ago") for question in case.questions)
    ]
    chosen = rng.sample(free, min(len(free), rng.choice([1, 1, 2])))
    case.notes = [note for note in case.notes if note not in chosen]
    return [(note.text.removeprefix("I said: "), rng.choice(wordings()["said"]["heard"])) for note in chosen]


def _casual(rng: random.Random, asked: str) -> str:
    """A question as people type it."""
    way = rng.random()
    if way < 0.12:
        return (asked[0].lower() + asked[1:]).rstrip("?")
    if way < 0.2:
        return asked.lower()
    if way < 0.32:
        opener = rng.choice(wordings()["question"]["before"])
        return opener + asked[0].lower() + asked[1:]
    return asked


def chat_system() -> str:
    """The system part of the app's own chat prompt."""
    return load_prompt("chat").render("system", profile="", notes=[], message="", nothing=False, question=False, dates=True, today="")


def _system(rng: random.Random, task: str, *, own: bool) -> str:
    if own:
        return chat_system()
    prompts = wordings()["prompts"]
    return rng.choice(prompts[task]).replace("{name}", rng.choice(prompts["names"]))


def _notes_prompt(rng: random.Random, case: Case, *, own: bool) -> tuple[str, Callable[[str], str]]:
    """The user's part up to the end of the notes, and what makes a question follow it."""
    if not case.notes:
        return "", lambda asked: asked + END + REPLY
    if own:
        notes = [note_line(note.text, note.day, case.today) for note in case.notes]
        mark = "\N{OBJECT REPLACEMENT CHARACTER}"
        values = {"today": written(case.today), "notes": notes, "message": mark, "profile": "", "nothing": False, "question": False, "dates": True}
        prefix, _, rest = load_prompt("chat").render("user", **values).rpartition(mark)
        bare = prefix.rstrip("\n")
        return bare, lambda asked: prefix[len(bare) :] + asked + rest + END + REPLY
    prompts = wordings()["prompts"]
    ages = rng.random() < 0.8
    styles = ("- {t} ({d})", "[{d}] {t}", "{n}. {t} ({d})", "- {d}: {t}", "- {t}")
    style = (
        rng.choice(styles[:4])
        if any(question.kind in ("when", "ago", "which first", "update", "changed") for question in case.questions)
        else rng.choice(styles)
    )
    lines = [
        style.format(t=note.text, d=written(note.day) + (f", {age(note.day, case.today)}" if ages else ""), n=i)
        for i, note in enumerate(case.notes, 1)
    ]
    prefix = rng.choice(prompts["header"]).format(today=written(case.today)) + "\n" + "\n".join(lines)
    return prefix, lambda asked: "\n\n" + asked + END + REPLY


# ---------------------------------------------------------------------- extraction, summaries, labels


MESSAGES = 6
"""Messages to one tree of extraction: they share the system part."""


def extraction(rng: random.Random, split: Split) -> Tree:
    """The facts that each of several messages states about its writer, as JSON."""
    own = split == "test" or rng.random() < OWN_PROMPT
    prompt = load_prompt("extract")
    system = prompt.render("system", message="", today="") if own else rng.choice(wordings()["prompts"]["extract"])
    branches = []
    for _ in range(MESSAGES):
        message, facts = _message(rng, split)
        day = written(date(2022, 6, 1) + timedelta(days=rng.randrange(2000)))
        user = (
            prompt.render("user", message=message, today=day)
            if own
            else rng.choice([message, f"Message: {message}", f'Today is {day}.\n"{message}"'])
        )
        reply = json.dumps({"facts": facts}, ensure_ascii=False)
        branches.append(Branch(user + END + REPLY, reply + END, Question(message, "", tuple(facts), "extraction")))
    return Tree("extraction", turn("system", system) + "<|im_start|>user\n", tuple(branches))


def _message(rng: random.Random, split: Split) -> tuple[str, list[str]]:
    """A message and its facts: written by hand, which are many and new, small talk without any, or generated."""
    if split == "train" and rng.random() < 0.7:
        line = rng.choice(natural("extract_train"))
        return line["message"], line["facts"]
    if rng.random() < 0.3:
        return rng.choice(small_talk(split))[0], []
    said, facts = _statements(rng, split)
    message = Writer(rng, split).said(" ".join(said)) if rng.random() < 0.7 else " ".join(said)
    return (f"{rng.choice(small_talk(split))[0]} {message}" if rng.random() < 0.2 else message), facts


_WHEN = ("yesterday", "last week", "on Friday", "two days ago", "last month", "this morning", "", "", "")


def _statements(rng: random.Random, split: Split) -> tuple[list[str], list[str]]:
    """One to three statements as the user makes them, and each in the third person."""
    said: list[str] = []
    facts: list[str] = []
    used: set[str] = set()
    families = grammar(split)
    for _ in range(rng.choice([1, 1, 1, 2, 2, 3])):
        fill = Fill(rng, split)
        way = rng.random()
        if way < 0.5:
            family = rng.choice([family for family in families.facts if family.say and family.name not in used])
            used.add(family.name)
            clause = fill(family.say).rstrip(".")
        elif way < 0.75:
            event = rng.choice(families.events)
            details = rng.sample(event.details, min(len(event.details), rng.choice([0, 1, 1])))
            when = rng.choice(_WHEN)
            clause = "I " + fill(event.did) + "".join(fill(families.details[detail][0]) for detail in details) + (f" {when}" if when else "")
        else:
            entity = Writer(rng, split).somebody()
            row = rng.choice([row for name, row in families.grids["person"].items() if name != "name"])
            clause = spoken(entity.put(fill(row[0]), to_user=False))
        fact = third_person(clause) if re.match(r"(?i)(?:i|my)\b", clause) else None
        if fact is None:
            continue
        said.append(sentence(clause) if rng.random() < 0.8 else clause + ".")
        facts.append(sentence(fact))
    return (said, facts) if said else _statements(rng, split)


def summary(rng: random.Random, split: Split) -> Tree:
    """A conversation in a few sentences about the user, as JSON."""
    lines, sentences = [], []
    for _ in range(rng.randint(2, 4)):
        if rng.random() < 0.35:
            said, reply = rng.choice(small_talk(split))
            lines += [f"User: {said}", f"Companion: {reply}"]
            continue
        statements, facts = _statements(rng, split)
        lines += [
            f"User: {' '.join(statements)}",
            "Companion: " + rng.choice(["Good to know.", "Thank you for telling me.", "I see.", "How nice!", f"Noted: {facts[0]}"]),
        ]
        sentences += facts
    text = "\n".join(lines)
    if split == "test" or rng.random() < OWN_PROMPT:
        prompt = load_prompt("summary")
        system, user = (prompt.render(part, conversation=text) for part in ("system", "user"))
    else:
        system, user = rng.choice(wordings()["prompts"]["summary"]), text
    wanted = list(dict.fromkeys(sentences))[:5]
    return _single("summary", system, user, json.dumps({"sentences": wanted}, ensure_ascii=False), Question(text, "", tuple(wanted), "summary"))


def label(rng: random.Random, split: Split) -> Tree:
    """Whether a new note says the same as an old one, changes it, or is about something different."""
    families = grammar(split).facts
    kind = rng.choice(["same", "changed", "different"])
    fit = {
        "same": [f for f in families if " | " in f.mem or split == "test"],
        "changed": [f for f in families if f.update],
        "different": list(families),
    }
    family = rng.choice(fit[kind])
    fill = Fill(rng, split)
    if kind == "different":
        other = rng.choice([f for f in families if f.name != family.name])
        old, new = fill(family.mem), Fill(rng, split)(other.mem)
    elif kind == "changed":
        old = fill(family.mem)
        new = fill.changed(family.update)(family.mem)
    else:
        wordings_ = family.mem.split(" | ")
        first, second = rng.sample(wordings_, 2) if len(wordings_) > 1 else (wordings_[0], wordings_[0])
        old, new = fill(first), fill(second)
    if kind != "same" and old == new:
        return label(rng, split)
    if rng.random() < 0.3 and kind != "same":
        new = new.rstrip(".") + " now."
    user = LABEL_QUESTION.format(old=old, new=new)
    return _single("label", DEFAULT_SYSTEM, user, json.dumps({"label": kind}), Question(user, kind, (kind,), "label"))


def chat(rng: random.Random, split: Split) -> Tree:
    """Everyday conversation, which must not get worse."""
    rows = everyday(split)
    own = rng.random() < OWN_PROMPT
    row = rng.choice(rows)
    cut = rng.randrange(len(row))
    before = [*rng.choice(rows)[:1], *row[:cut]] if rng.random() < 0.3 else list(row[:cut])
    head = turn("system", _system(rng, "chat", own=own)) + "".join(turn("user", said) + turn("assistant", reply) for said, reply in before)
    branches = [Branch(row[cut][0] + END + REPLY, row[cut][1] + END)]
    if cut == 0:
        branches += [Branch(said + END + REPLY, reply + END) for said, reply in (rng.choice(rows)[0] for _ in range(3))]
    return Tree("chat", head + "<|im_start|>user\n", tuple(branches))


def _single(task: str, system: str, user: str, reply: str, question: Question) -> Tree:
    return Tree(task, turn("system", system) + turn("user", user) + REPLY, (Branch("", reply + END, question),))


TASKS: dict[str, tuple[Callable[[random.Random, Split], Tree], float]] = {
    "answer": (answer, 0.12),
    "natural answer": (natural_answer, 0.30),
    "recalled answer": (recalled_answer, 0.30),
    "extraction": (extraction, 0.14),
    "summary": (summary, 0.03),
    "label": (label, 0.03),
    "chat": (chat, 0.08),
}
"""What makes an example of each task, and its share of all examples."""


def examples(seed: int, split: Split, tasks: Sequence[str] = tuple(TASKS)) -> Iterator[Tree]:
    """An endless row of examples; the same seed gives the same ones."""
    rng = random.Random(seed)
    weights = [TASKS[task][1] for task in tasks]
    while True:
        tree = TASKS[rng.choices(tasks, weights)[0]][0](rng, split)
        if tree.branches:
            yield tree
