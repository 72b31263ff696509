"""A year of somebody's life as messages, with the truth kept: what stays, what changes, what happens, and small talk."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.bench.life_words import EVENTS, FAVOURITES, OWN, PEOPLE, PERSONAL, SMALL_TALK, STABLE

FAVOURITE: list[tuple[str, ...]] = [
    ("my favourite {thing} is {value}", "my favourite {thing} is {value} now", "my favourite {thing} is now {value}, not {old} anymore"),
]
START = datetime(2025, 1, 1, 8, 0, tzinfo=UTC)
DAYS = 365


@dataclass(frozen=True)
class Said:
    """One message. ``key`` names what it is about ("" for small talk), ``value`` the words that must be remembered of it."""

    at: datetime
    text: str
    kind: str  # stable | changing | event | talk
    key: str = ""
    value: str = ""
    about: str = ""  # words that name the attribute, apart from its value


def year(seed: int) -> list[Said]:
    """The messages of a year in order: 64 stable facts, 124 changing ones, 200 events, and small talk between them."""
    rng = random.Random(seed)
    lines = [*_stable(rng), *_changing(rng), *_events(rng), *_talk(rng)]
    return sorted(lines, key=lambda said: said.at)


def _at(rng: random.Random, first: int, last: int) -> datetime:
    return START + timedelta(days=rng.randint(first, last), hours=rng.randint(0, 12), minutes=rng.randint(0, 59), seconds=rng.randint(0, 59))


def _stable(rng: random.Random) -> Iterator[Said]:
    for number, (text, value) in enumerate(STABLE):
        first = _at(rng, 0, 200)
        yield Said(first, text, "stable", f"stable {number}", value)
        if rng.random() < 0.3:  # people repeat themselves
            yield Said(first + timedelta(days=rng.randint(5, 120)), text, "stable", f"stable {number}", value)


def _changing(rng: random.Random) -> Iterator[Said]:
    attributes: list[tuple[str, str, list[tuple[str, ...]], list[str]]] = []
    for thing, values in FAVOURITES.items():
        attributes.append((f"favourite {thing}", thing, FAVOURITE, values))
    for name, (about, templates, values) in OWN.items():
        attributes.append((name, about, templates, values))
    for relation, name in PEOPLE:
        for what, (about, templates, values) in PERSONAL.items():
            filled = [tuple(text.replace("{who}", f"my {relation} {name}") for text in pair) for pair in templates]
            attributes.append((f"{name} {what}", f"{name} {about}", filled, values))
    for key, about, templates, values in attributes:
        chosen = rng.sample(values, 3 if rng.random() < 0.3 else 2)
        days = sorted(rng.sample(range(3, DAYS - 20), len(chosen)))
        for step, (value, day) in enumerate(zip(chosen, days, strict=True)):
            first, *later = templates[rng.randrange(len(templates))]
            text = first if step == 0 else rng.choice(later)
            text = text.format(value=value, old=chosen[step - 1] if step else "", thing=about)
            yield Said(_at(rng, day, day), f"{text[0].upper()}{text[1:]}.", "changing", key, value, about)


def _events(rng: random.Random) -> Iterator[Said]:
    number = 0
    while number < 200:
        template, words = EVENTS[number % len(EVENTS)]
        value = rng.choice(words) if number >= len(EVENTS) * len(words) else words[(number // len(EVENTS)) % len(words)]
        yield Said(_at(rng, 0, DAYS - 1), template.format(value=value), "event", f"event {number}", value)
        number += 1


def _talk(rng: random.Random) -> Iterator[Said]:
    for _ in range(500):
        yield Said(_at(rng, 0, DAYS - 1), rng.choice(SMALL_TALK), "talk")
