"""Cases of remembering: dated notes about the user and the questions that they do and do not answer.

A case is what recall would give with a question: one to eight notes in any order, some of them beside the point. About
two in five questions have no answer in it, half of those near misses (another attribute of the same person, the same
attribute of another, a detail that was not told), because the share and nearness of such questions decides whether a
small model invents or refuses.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache

from chatmem.adapter.families import Asked, Family, Fill, Grammar, Split, banks, grammar, load, own_banks
from chatmem.memory.context import with_dates
from chatmem.memory.extract import extract
from chatmem.memory.person import second_person
from chatmem.memory.times import age, resolve, written

NUMBERS = ("no", "one", "two", "three", "four", "five", "six")
NO_MEMORY = "I have no memory of {}."
_PAST_VERBS = frozenset("got went saw had won ran met took gave wrote wear came sold bought did was were left made".split())
_PRONOUNS = {"she": ("she", "her"), "he": ("he", "his")}


@dataclass(frozen=True)
class Note:
    """What the prompt shows of one memory: words said to the user, and the day of it."""

    text: str
    day: date


@dataclass(frozen=True)
class Question:
    """A question, the answer wanted, keys that a right answer holds and that it must not hold, and the ability it tests.

    ``earlier`` is a question and answer that the conversation had just before, to which this one refers; ``phrase`` is the
    answer where a short phrase is asked for, empty where there is none.
    """

    asked: str
    answer: str
    keys: tuple[str, ...]
    kind: str
    forbidden: tuple[str, ...] = ()
    earlier: tuple[str, str] | None = None
    phrase: str = ""

    @property
    def absent(self) -> bool:
        """Whether the notes do not hold the answer."""
        return self.kind in ("absent", "near miss")


@dataclass
class Case:
    """Notes, and questions about them on one day."""

    today: date
    notes: list[Note] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


@dataclass(frozen=True)
class Entity:
    """Somebody or something of the user's: "my sister", or a bare name. ``grid`` names its attributes, ``pronoun`` may stand for it."""

    my: str
    grid: str
    pronoun: str = ""

    def put(self, template: str, *, to_user: bool) -> str:
        """A template with the entity in it, as the user says it or as it is said to the user."""
        name = self.my if not to_user else re.sub(r"^my\b", "your", self.my)
        return template.replace("{Xs}", name + ("'" if name.endswith("s") else "'s")).replace("{X}", name)

    def refer(self, template: str) -> str:
        """A template with the pronoun in the entity's place."""
        he, his = _PRONOUNS[self.pronoun]
        return template.replace("{Xs}", his).replace("{X}", he)


@cache
def wordings() -> dict[str, dict[str, list[str]]]:
    """data/adapter/wordings.toml, with comma lists split."""
    return {
        table: {name: [part.strip() for part in value.split(",")] if isinstance(value, str) else value for name, value in rows.items()}
        for table, rows in load("wordings").items()
    }


def sentence(text: str) -> str:
    """A clause as a sentence."""
    text = text[:1].upper() + text[1:]
    return text if text[-1] in ".!?" else text + "."


def spoken(text: str) -> str:
    """A template in the user's own words: "gave the user a book" -> "gave me a book"."""
    return re.sub(r"\bthe user\b", "me", re.sub(r"\bthe user got\b", "I got", text))


def to_user(text: str) -> str:
    """A first-person template said to the user: "had my first lesson" -> "had your first lesson"."""
    text = second_person(text)
    for mine, yours in (("my", "your"), ("I", "you"), ("me", "you")):
        text = re.sub(rf"\b{mine}\b", yours, text)
    return text


def as_in(key: str, answer: str) -> str:
    """A key with the capitals that it has in the answer."""
    place = answer.casefold().find(key.casefold())
    return answer[place : place + len(key)] if place >= 0 else key


def yours(text: str) -> str:
    """What the user owns, said to the user."""
    return re.sub(r"\bmy\b", "your", text)


def as_yes_no(answer: str) -> str | None:
    """The question that a "yes" to this answer answers: "You live in Rome" -> "Do I live in Rome?"; None where the verb does not allow it."""
    words = answer.rstrip(".").split(" ")
    if words[:2] == ["You", "are"]:
        return "Am I " + " ".join(words[2:]) + "?"
    if words[0] == "You" and words[1].isalpha() and words[1] not in _PAST_VERBS | {"have", "can", "usually"} and not words[1].endswith("ed"):
        return "Do I " + " ".join(words[1:]) + "?"
    match = re.fullmatch(r"Your ([\w' ]+?) is (.+)", answer.rstrip("."))
    return f"Is my {match[1]} {match[2]}?" if match else None


class Writer:
    """Writes one case: adds statements as notes, and what may be asked about each."""

    def __init__(self, rng: random.Random, split: Split) -> None:
        self.rng, self.split = rng, split
        self.grammar: Grammar = grammar(split)
        self.case = Case(date(2022, 6, 1) + timedelta(days=rng.randrange(2000)))
        self._banks: set[str] = set()
        self._families: set[str] = set()
        self._entities: set[str] = set()
        self._happened: tuple[str, str, date] | None = None  # the last event: its kind, past tense and day

    # ------------------------------------------------------------------ notes

    def day(self) -> date:
        """A day in the past, recent ones more often."""
        return self.case.today - timedelta(days=int(self.rng.triangular(0, 900, 60)))

    def note(self, told: str, said: str = "", day: date | None = None) -> date:
        """Remember a statement: as a memory, in the user's own words, or as the rules of extraction write it; returns its day."""
        day = day or self.day()
        way = self.rng.random()
        text = sentence(second_person(told))
        if said and way < 0.32:
            text = "I said: " + self.said(said)
        elif said and way < 0.42:
            found = extract(sentence(said), datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
            text = second_person(found[0].text) if len(found) == 1 else text
        self.case.notes.append(Note(text, day))
        return day

    def said(self, text: str) -> str:
        """The user's words, often with something around them."""
        rng, around = self.rng, wordings()["said"]
        text = text.rstrip(".")
        if rng.random() < 0.35:
            text = rng.choice(around["before"]) + text
        elif rng.random() < 0.6:
            text = text[:1].upper() + text[1:]
        text += rng.choice([".", ".", "", "!"])
        if rng.random() < 0.35:
            text = text.rstrip() + ("" if text[-1] in ".!" else ".") + rng.choice(around["after"])
        return text

    def distract(self, lines: Sequence[str]) -> None:
        """A note that answers nothing."""
        self.case.notes.append(Note("I said: " + self.rng.choice(lines), self.day()))

    # ------------------------------------------------------------------ questions

    def ask(
        self, asked: str, answer: str, keys: Sequence[str], kind: str, forbidden: Sequence[str] = (), earlier: tuple[str, str] | None = None
    ) -> None:
        """Add a question unless the same one is there already."""
        if all(asked != question.asked for question in self.case.questions):
            answer = sentence(answer)
            phrase = ", ".join(as_in(key, answer) for key in keys) if kind in ("fact", "when", "list") else ""
            self.case.questions.append(Question(asked, answer, tuple(keys), kind, tuple(forbidden), earlier, phrase))

    def absent(self, asked: str, topic: str, *, near: bool) -> None:
        """Add a question that the notes do not answer."""
        self.ask(asked, NO_MEMORY.format(topic), (), "near miss" if near else "absent")

    def asks(self, asked: Asked, fill: Fill, kind: str, forbidden: Sequence[str] = ()) -> None:
        """A family's question and its answer; sometimes as a yes-or-no question, true or false."""
        question, answer, key, _ = asked
        right = yours(fill(answer))
        keys = [yours(fill(part)) for part in key.split(" & ")]
        self.ask(fill(question), right, keys, kind, forbidden)
        if kind == "fact" and self.rng.random() < 0.25 and (yes := as_yes_no(right)):
            if self.rng.random() < 0.5:
                self.ask(yes, f"Yes, {right[0].lower() + right[1:]}", ["yes"], "yes or no")
            elif len(keys) == 1 and (slot := key.strip("{}")) in fill.values:
                wrong = yours(fill.changed(slot)(answer))
                if wrong != right and (asked_wrong := as_yes_no(wrong)):
                    self.ask(asked_wrong, f"No, {right[0].lower() + right[1:]}", ["no", *keys], "yes or no")

    def about_telling(self, topic: str, day: date) -> None:
        """When something was told: from the date beside the note."""
        if not topic.startswith(("your ", "the ")) or self.rng.random() > 0.2:
            return
        asked = self.rng.choice(wordings()["question"]["told"]).format(what=re.sub(r"\byou\b", "I", re.sub(r"\byour\b", "my", topic)))
        self.ask(asked, f"You told me on {written(day)}", [written(day)], "when")

    # ------------------------------------------------------------------ kinds of statements

    def _free(self, wanted: bool | None = None) -> Family | None:
        free = [
            f
            for f in self.grammar.facts
            if not f.own_banks & self._banks and f.name not in self._families and (wanted is None or bool(f.update) == wanted)
        ]
        if not free:
            return None
        family = self.rng.choice(free)
        self._families.add(family.name)
        return family

    def fact(self) -> None:
        """Something about the user."""
        family = self._free()
        if family is None:
            return
        self._banks |= family.own_banks
        fill = Fill(self.rng, self.split)
        day = self._fact_note(family, fill)
        kind = "assistant" if not family.say else "fact"
        for asked in family.ask:
            self.asks(asked, fill, kind)
            self.about_telling(fill(asked[3]), day)

    def _fact_note(self, family: Family, fill: Fill, day: date | None = None) -> date:
        if family.say or self.rng.random() < 0.6:
            return self.note(fill(family.mem), fill(family.say), day)
        words, key = wordings()["said"], fill(family.ask[0][2])
        topic = re.sub(r"^\w+ing ", "", fill(family.ask[0][3]))
        words_ = self.rng.choice(words["requested"]).format(x=topic), self.rng.choice(words["suggested"]).format(x=key)
        day = day or self.day()
        self.case.notes.append(Note(f"I said: {words_[0]} You answered: {sentence(words_[1])}", day))
        return day

    def update(self) -> None:
        """Something about the user that has changed once or twice: the newest holds."""
        family = self._free(wanted=True)
        if family is None:
            return
        self._banks |= family.own_banks
        fills = [Fill(self.rng, self.split)]
        fills[0](" ".join([family.mem.replace(" | ", " "), family.say.replace(" | ", " "), *(a[1] + a[2] for a in family.ask)]))
        for _ in range(self.rng.choice([1, 1, 1, 2])):
            fills.append(fills[-1].changed(family.update))
        days = sorted({self.day() for _ in fills})
        if len(days) < len(fills) or len({fill.values[family.update] for fill in fills}) < len(fills):
            return
        if self.rng.random() < 0.4:
            line = (
                second_person(fills[-1](family.mem)) + " Before that: " + " ".join(second_person(fill(family.mem)) for fill in reversed(fills[:-1]))
            )
            self.case.notes.append(Note(line, days[-1]))
        else:
            for fill, day in zip(fills, days, strict=True):
                self._fact_note(family, fill, day)
        now, before = fills[-1], fills[-2]
        for asked in family.ask:
            if f"{{{family.update}}}" not in asked[2]:
                self.asks(asked, now, "fact")
                continue
            old = [fill(part) for fill in fills[:-1] for part in asked[2].split(" & ")]
            self.asks(asked, now, "update", [value for value in old if value not in now(asked[1])])
            topic = re.sub(r"\byou\b", "I", re.sub(r"\byour\b", "my", now(asked[3])))
            past, present = before(asked[2]), now(asked[2])
            self.ask(
                self.rng.choice(wordings()["question"]["changed"]).format(what=topic),
                f"Before it was {past}, now it is {present}",
                [past, present],
                "changed",
            )

    def person(self) -> None:
        """One or two things about somebody: asked by name, by pronoun, and about what was not told."""
        self._about("person", self.somebody())

    def thing(self) -> None:
        """One or two things about a possession."""
        self._about("thing", Entity("my " + self.rng.choice(wordings()["things"]["train" if self.split == "train" else "held"]), "thing"))

    def pet(self) -> None:
        """One or two things about an animal."""
        if self.grammar.grids["pet"]:
            self._about("pet", Entity("my " + self.rng.choice(wordings()["pets"]["train"]), "pet"))

    def somebody(self) -> Entity:
        """A person of the user's, by name, by relation or by both."""
        people, rng = wordings()["people"], self.rng
        name = rng.choice(banks(self.split)["person"])
        relations = people["held"] if self.split == "test" else people["named"]
        way = rng.random()
        if way < 0.25:
            return Entity(name, "person")
        if way < 0.4:
            return Entity(f"my {rng.choice(relations)} {name}", "person")
        if self.split == "test":
            return Entity("my " + rng.choice(relations), "person")
        kind = rng.choice(["she", "he", "they"])
        return Entity("my " + rng.choice(people[kind]), "person", kind if kind in _PRONOUNS else "")

    def _attributes(self, entity: Entity) -> list[tuple[str, ...]]:
        rows = self.grammar.grids[entity.grid]
        skip = {"name"} if entity.grid == "person" and not entity.my.islower() else set()
        return [row for name, row in rows.items() if name not in skip]

    def _about(self, grid: str, entity: Entity) -> None:
        head = entity.my.split(" ")[-1]
        if head in self._entities or (grid == "pet" and "pet" in self._banks):
            return
        self._entities.add(head)
        rows = self._attributes(entity)
        self.rng.shuffle(rows)
        rows = [row for row in rows if not own_banks(row[3]) & self._banks]
        if len(rows) < 3:
            return
        told = rows[: self.rng.choice([1, 1, 2, 3])]
        untold = [row for row in rows[len(told) :] if not {row[3]} & {other[3] for other in told}]
        fill = Fill(self.rng, self.split)
        pairs: list[tuple[str, str]] = []
        for tell, asked, answer, key, topic in told:
            self._banks |= own_banks(key)
            choice = self.rng.choice(tell.split(" | "))
            day = self.note(to_user(entity.put(fill(choice), to_user=True)), spoken(entity.put(fill(choice), to_user=False)))
            right = sentence(to_user(entity.put(fill(answer), to_user=True)))
            question = entity.put(fill(asked), to_user=False)
            self.ask(question, right, [fill(key)], "fact")
            if pairs and entity.pronoun and self.rng.random() < 0.5:
                refer = entity.refer(fill(asked))
                self.ask("And " + refer[0].lower() + refer[1:], right, [fill(key)], "follow-up", earlier=pairs[-1])
            pairs.append((question, right))
            self.about_telling(to_user(entity.put(fill(topic), to_user=True)), day)
            self._untold_of_another(grid, entity, (tell, asked, answer, key, topic))
        for _, asked, _, _, topic in untold[: self.rng.choice([1, 1, 2])]:
            self.absent(entity.put(fill(asked), to_user=False), to_user(entity.put(fill(topic), to_user=True)), near=True)

    def _untold_of_another(self, grid: str, entity: Entity, row: tuple[str, ...]) -> None:
        """The same attribute of another, or of the user."""
        _, asked, _, key, topic = row
        fill = Fill(self.rng, self.split)
        if self.rng.random() < 0.5:
            kinds = {"thing": ("things", "train" if self.split == "train" else "held"), "pet": ("pets", "train")}
            names = wordings()[kinds[grid][0]][kinds[grid][1]] if grid in kinds else []
            other = Entity("my " + self.rng.choice(names), grid) if names else self.somebody()
            if other.my.split(" ")[-1] not in self._entities and other.my != entity.my:
                self._entities.add(other.my.split(" ")[-1])
                self.absent(other.put(fill(asked), to_user=False), to_user(other.put(fill(topic), to_user=True)), near=True)
        elif self.rng.random() < 0.5 and grid == "person":
            mine = [f for f in self.grammar.facts if f.own_banks & own_banks(key) and len(f.own_banks) == 1]
            if mine:
                family = self.rng.choice(mine)
                self.absent(fill(family.ask[0][0]), fill(family.ask[0][3]), near=True)

    def event(self) -> None:
        """Something that happened on a day, with some of its details."""
        rng = self.rng
        free = [e for e in self.grammar.events if not own_banks(e.did) & self._banks]
        if not free:
            return
        event = rng.choice(free)
        self._banks |= own_banks(event.did)
        fill = Fill(rng, self.split)
        did = fill(event.did)
        fill.values |= {"verb": fill(event.verb), "did": did}
        known = [detail for detail in event.details if rng.random() < 0.5]
        whole = did + "".join(fill(self.grammar.details[detail][0]) for detail in known[:2])
        day = self._event_note(whole)
        key = fill(own_key(event.did)) if own_key(event.did) else did
        self.ask(fill(event.asked), f"You {to_user(did)}", [to_user(key)], "fact")
        self.ask(f"When did I {fill('{verb}')}?", f"You {to_user(did)} on {written(day)}", [written(day)], "when")
        if self.case.notes[-1].day == day:  # else no age is printed of it
            self.ask(
                f"How long ago did I {fill('{verb}')}?",
                f"That was {age(day, self.case.today)}, on {written(day)}",
                [age(day, self.case.today)],
                "ago",
            )
        for detail in event.details:
            suffix, asked, detail_key, topic = self.grammar.details[detail]
            if detail in known[:2]:
                self.ask(fill(asked), f"You {to_user(did)}{to_user(fill(suffix))}", [to_user(fill(detail_key))], "fact")
            elif detail not in known:
                self.absent(fill(asked), to_user(fill(topic)), near=True)
        other = Fill(rng, self.split)
        did2 = other(event.did)
        if did2 != did and own_banks(event.verb) and rng.random() < 0.4:
            self.absent(f"When did I {other(event.verb)}?", f"when you {to_user(did2)}", near=True)
        before, before_did, before_day = self._happened or (event.name, did, day)
        if before_day != day and before != event.name:
            first, when = (before_did, before_day) if before_day < day else (did, day)
            options = [f"I {before_did}", f"I {did}"]
            rng.shuffle(options)
            self.ask(
                f"What came first: {options[0]} or {options[1]}?",
                f"You {to_user(first)} first, on {written(when)}",
                [to_user(first)],
                "which first",
            )
        self._happened = (event.name, did, day)

    def _event_note(self, whole: str) -> date:
        """Remember an event on its day, or, some days later, in the user's words with a relative time and the date it means; returns the event's day."""
        if self.rng.random() > 0.2:
            return self.note(f"You {to_user(whole)}", f"I {whole}")
        told = self.day()
        when = self.rng.choice(
            ["yesterday", "two days ago", "three days ago", "a week ago", "two weeks ago", "last Friday", "last Sunday", "last Tuesday"]
        )
        words = with_dates(f"I {whole} {when}", told)
        self.case.notes.append(Note("I said: " + self.said(words), told))
        return next(span for span in resolve(f"I {whole} {when}", told) if span.text.endswith(when)).start

    def several(self) -> None:
        """Memories of one kind, asked for as a list and counted."""
        rows = [(bank, row) for bank, row in self.grammar.several.items() if bank not in self._banks]
        if not rows:
            return
        bank, (mem, asked, answer, counted, count) = self.rng.choice(rows)
        self._banks.add(bank)
        values = self.rng.sample(banks(self.split)[bank], min(self.rng.choice([2, 3, 3, 4]), len(banks(self.split)[bank])))
        for value in values:
            self.note(self.rng.choice(mem.split(" | ")).replace("{x}", value))
        everything = ", ".join(values[:-1]) + " and " + values[-1]
        self.ask(self.rng.choice(asked.split(" | ")), answer.replace("{all}", everything), values, "list")
        number = NUMBERS[len(values)]
        self.ask(self.rng.choice(counted.split(" | ")), count.replace("{all}", everything).replace("{n}", number), [number], "count")

    def elsewhere(self) -> None:
        """A question about something that is nowhere in the notes."""
        fill = Fill(self.rng, self.split)
        if self.rng.random() < 0.6:
            family = self._free()
            if family is not None:
                asked = self.rng.choice(family.ask)
                self.absent(fill(asked[0]), fill(asked[3]), near=False)
            return
        other = self.somebody()
        if other.my.split(" ")[-1] not in self._entities:
            _, asked_, _, _, topic = self.rng.choice(self._attributes(other))
            self.absent(other.put(fill(asked_), to_user=False), to_user(other.put(fill(topic), to_user=True)), near=False)


def own_key(did: str) -> str:
    """The first slot of an event's past tense: what was bought, seen, met."""
    match = re.search(r"\{\w+(?::\d+-\d+)?\}", did)
    return match[0] if match else ""


_KINDS = (("fact", 30), ("person", 24), ("event", 20), ("update", 12), ("several", 6), ("thing", 6), ("pet", 4))


def write_case(rng: random.Random, split: Split, lines: Sequence[str], *, size: int | None = None) -> Case:
    """One case of about ``size`` notes (one to eight), some of them everyday ``lines`` that hold nothing."""
    writer = Writer(rng, split)
    size = size or rng.choice([1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8])
    names, weights = zip(*_KINDS, strict=True)
    for _ in range(40):
        if len(writer.case.notes) >= size:
            break
        if lines and rng.random() < 0.1:
            writer.distract(lines)
        else:
            getattr(writer, rng.choices(names, weights)[0])()
    for _ in range(rng.choice([1, 1, 2])):
        writer.elsewhere()
    rng.shuffle(writer.case.notes)
    rng.shuffle(writer.case.questions)
    return writer.case
