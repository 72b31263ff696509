"""Our own question set, generated from authored scenarios by seed, in the official LongMemEval schema.

``python -m chatmem.evaluate.question_set`` writes ``data/questions/chatmem-questions.json.xz`` from the TOML files in
``data/questions/source``. Every scenario gives as many questions as its slots have values, each with a history of its
own: its evidence, sessions that come near it, and everyday talk, 20 to 50 sessions in all.
"""

from __future__ import annotations

import json
import lzma
import random
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from chatmem.errors import ChatmemError
from chatmem.prompts import shipped_folder

SEED = 20
NAME = "chatmem-questions.json.xz"
FILLER = "filler.toml"
SESSIONS = (20, 50)
VARIANTS = 9  # of a card of everyday talk
OTHERS = (3, 6)  # sessions of other scenarios in a history
SPAN_DAYS = 200
Turns = list[dict[str, Any]]
Element = dict[str, Any]
Elsewhere = tuple[str, tuple[str, ...], Turns]  # scenario, what it must not meet, a session of it


class QuestionSetError(ChatmemError):
    """A scenario file is wrong."""


def generate(source: Path, seed: int = SEED) -> list[Element]:
    """All questions, the same for the same seed and sources. Raises QuestionSetError that names the scenario."""
    filler = everyday_talk(_read(source / FILLER)["card"], random.Random(f"{seed} filler"))
    questions = []
    elsewhere = _other_lives(source)
    for name, number, variant, common, scenario, slots in _variants(source):
        # A generator for each question: adding a scenario changes no other question.
        chance = random.Random(f"{seed} {name} {number} {variant}")
        try:
            questions.append(_question(f"{name}-{number:02}-{variant}", variant, common, scenario, slots, filler, elsewhere, chance))
        except (KeyError, IndexError, ValueError) as error:
            raise QuestionSetError(f"{name}.toml, scenario {number}: {type(error).__name__} {error}.", "Compare it with its neighbours.") from error
    return questions


def _other_lives(source: Path) -> list[Elsewhere]:
    """Sessions of all scenarios, with nothing marked: personal talk that is beside the point of another question."""
    found: list[Elsewhere] = []
    for name, number, _, _, scenario, slots in _variants(source):
        talks = [fill(plan["talk"], slots) for plan in scenario["session"]] + [fill(talk, slots) for talk in scenario.get("near", ())]
        for talk in talks:
            turns = [{**turn, "has_answer": False} for turn in parse_talk(talk)]
            found.append((f"{name}-{number:02}", tuple(scenario.get("apart", ())), turns))
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise QuestionSetError(f"{path.name} cannot be read: {error}.", "Correct the file.") from error


def _variants(source: Path) -> Iterator[tuple[str, int, int, Mapping[str, Any], Mapping[str, Any], dict[str, str]]]:
    for path in sorted(source.glob("*.toml")):
        if path.name == FILLER:
            continue
        data = _read(path)
        for number, scenario in enumerate(data["scenario"], 1):
            lists = scenario["slots"] | scenario.get("extra", {})
            for variant in range(min(map(len, scenario["slots"].values()))):
                slots = {key: values[variant] for key, values in lists.items()}
                for key, value in list(slots.items()):  # a value may use another slot
                    slots[key] = fill(value, slots)
                yield path.stem, number, variant, data, scenario, slots


def fill(text: str, slots: Mapping[str, str]) -> str:
    """The text with its slots filled; ``{name_cap}`` begins with a capital. Raises KeyError for an unknown slot."""
    caps = {f"{key}_cap": value[:1].upper() + value[1:] for key, value in slots.items()}
    return text.format_map({**caps, **slots})


def parse_talk(text: str) -> Turns:
    """Lines "U words" and "A words" as turns; a star after the letter marks the evidence. Raises ValueError."""
    turns: Turns = []
    for line in text.strip().splitlines():
        who, _, words = line.partition(" ")
        role = {"U": "user", "A": "assistant"}.get(who.rstrip("*"))
        if role is None or not words:
            raise ValueError(f"not a turn: {line!r}")
        turns.append({"role": role, "content": words, "has_answer": who.endswith("*")})
    return turns


def everyday_talk(cards: Sequence[Mapping[str, Any]], chance: random.Random) -> list[Turns]:
    """The pool of sessions about nothing in particular: up to VARIANTS of each card, all different."""
    pool: list[Turns] = []
    for card in cards:
        made: list[str] = []
        for _ in range(VARIANTS * 3):
            picks = {key: chance.randrange(len(values)) for key, values in card["slots"].items()}
            slots = {key: values[picks[key]] for key, values in card["slots"].items()}
            if "extra" in card:
                slots |= {key: values[picks[key.rstrip("2")]] for key, values in card["extra"].items()}
            text = fill(card["talk"], slots)
            if text not in made:
                made.append(text)
            if len(made) == VARIANTS:
                break
        pool += [parse_talk(text) for text in made]
    return pool


def _question(
    id_: str,
    variant: int,
    common: Mapping[str, Any],
    scenario: Mapping[str, Any],
    slots: Mapping[str, str],
    filler: Sequence[Turns],
    elsewhere: Sequence[Elsewhere],
    chance: random.Random,
) -> Element:
    asked = datetime(2024, 1, 8, 18, 0) + timedelta(days=chance.randrange(600), minutes=chance.randrange(240))
    days = [plan["ago"] + chance.randint(-plan.get("jitter", 0), plan.get("jitter", 0)) for plan in scenario["session"]]
    values = dict(slots)
    if days:
        spans = {"days": days[0] - days[-1], "days_ago": days[0]}
        values |= {name: str(abs(span)) for name, span in spans.items()}
        values |= {name.replace("days", "weeks"): str(abs(span) // 7) for name, span in spans.items()}
    dated: list[tuple[datetime, str, Turns]] = []
    for ago, plan in zip(days, scenario["session"], strict=True):
        # Before the hour of the question, so that days count the same by date and by hour.
        moment = asked.replace(hour=7) - timedelta(days=ago) + timedelta(minutes=chance.randrange(600))
        dated.append((moment, "answer", parse_talk(fill(plan["talk"], slots))))
    count = chance.randint(*SESSIONS) - len(dated)
    talks = [parse_talk(fill(talk, slots)) for talk in scenario.get("near", ())]
    apart = set(scenario.get("apart", ()))
    talks += chance.sample([talk for key, tags, talk in elsewhere if key != id_[:-2] and apart.isdisjoint(tags)], chance.randint(*OTHERS))
    talks += chance.sample(list(filler), count - len(talks))
    for talk in talks:
        ago = chance.randrange(1, SPAN_DAYS)
        dated.append((asked.replace(hour=7) - timedelta(days=ago) + timedelta(minutes=chance.randrange(900)), "talk", talk))
    dated.sort(key=lambda entry: entry[0])
    abstention = bool(common.get("abstention"))
    ids = [f"{kind}_{id_}_{place:02}" for place, (_, kind, _) in enumerate(dated)]
    element: Element = {
        "question_id": id_ + ("_abs" if abstention else ""),
        "question_type": scenario.get("type", common.get("type")),
        "question": fill(scenario["ask"][variant % len(scenario["ask"])], values),
        "answer": fill(scenario["answer"], values),
        "question_date": _date(asked),
        "haystack_dates": [_date(moment) for moment, _, _ in dated],
        "haystack_session_ids": ids,
        "haystack_sessions": [talk for _, _, talk in dated],
        "answer_session_ids": [name for name in ids if name.startswith("answer")],
    }
    if "answer_type" in scenario or abstention:
        element["answer_type"] = "abstain" if abstention else scenario["answer_type"]
    if "must" in scenario:
        element["must_include"] = [[fill(word, values) for word in group] for group in scenario["must"]]
    if "must_not" in scenario:
        element["must_not_include"] = [fill(word, values) for word in scenario["must_not"]]
    return element


def _date(moment: datetime) -> str:
    return f"{moment:%Y/%m/%d (%a) %H:%M}"


def packed(questions: Sequence[Element]) -> bytes:
    """The set as it is shipped: JSON, one question a line, xz."""
    lines = ",\n".join(json.dumps(question, ensure_ascii=False, separators=(",", ":")) for question in questions)
    return lzma.compress(f"[\n{lines}\n]\n".encode(), preset=9)


def main() -> None:
    """Write the shipped file."""
    folder = shipped_folder("data") / "questions"
    (folder / NAME).write_bytes(packed(generate(folder / "source")))


if __name__ == "__main__":
    main()
