"""What a question says about where to look: its words, and the days it asks about."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from chatmem.memory.times import question_range
from chatmem.words import content_words, stem

TIME_SLACK = timedelta(days=2)
MAX_WORDS = 64

# They say what kind of answer is wanted, or point at a talk: what is asked about may have been said in none of them.
FRAME = frozenset(
    stem(word)
    for word in """advice ago amount average chat confirm conversation couple current day difference discuss earlier earliest early event follow happen hour know last
    late latest lately like long many mention minute month much next number often order participate pass past percentage previous recent recently recommend remind
    since spend spent suggest suggestion talk tip today told tomorrow took total came wanted week weekend wonder year yesterday
    one two three four five six seven eight nine ten dozen few several first second third""".split()
)


_DOING = r"(?:bake|buy|cook|do|drink|eat|give|make|order|read|try|watch|wear)"
_ADVICE = re.compile(
    r"\b(?:suggest(?:ions?)?|recommend(?:ations?)?|advice|advise|ideas?|tips?)\b"
    rf"|\bwhat (?:else )?(?:could|should|shall|might|would) (?:i|we|you|be)\b|\bwhat (?:else )?can (?:i|we) {_DOING}\b"
    r"|\b(?:where|how|which|who)\b[^.?!]{0,30}\b(?:could|should|shall) (?:i|we)\b"
    r"|\b(?:give me|make me|draw up|think of) (?:a|an|some) (?:plan|list|few)\b"
    r"|\b(?:pick|choose|find|plan) (?:\w+ )?(?:something|somewhere|one|an?)\b.*\bfor (?:me|my|us|our)\b"
    r"|\bhelp me (?:to )?(?:choose|pick|plan|decide|find)\b"
    rf"|\bwhat (?:else )?(?:could|should|shall|can) (?:me and )?(?:\w+ ){{1,3}}?and \w+ {_DOING}\b|\bwhat (?:could|should|shall|can) me and (?:\w+ ){{1,3}}?{_DOING}\b"
    r"|\b(?:can|could|may|should|shall) (?:i|we) (?:still )?(?:eat|drink|have an?|order)\b",
    re.IGNORECASE,
)
_ADVICE_GIVEN = re.compile(
    r"\b(?:did|had|have) (?:you|we|i)\b|\byou (?:\w+ )?(?:suggested|recommended|advised|gave|told|said|mentioned)\b", re.IGNORECASE
)


_FOOD = re.compile(
    r"\b(?:eat(?:ing)?|cook(?:ing)?|bak(?:e|ing)|recipes?|restaurants?|caf[eé]s?|dinner|lunch|breakfast|brunch|supper|snacks?|meals?|menu|dish(?:es)?|drinks?|desserts?|cakes?|food|groceries|takeaway|takeout|order|lattes?|cappuccino|coffee|milkshakes?|beers?|wine|cocktails?|pizza|burgers?|curry|pasta|ice cream|chocolates?|cheese|bread|sandwich(?:es)?|cookies?|biscuits?|pies?|steak|sushi|omelette|soup|noodles)\b",
    re.IGNORECASE,
)
DIET = "allergic allergy intolerant intolerance vegetarian vegan pescatarian coeliac celiac gluten lactose halal kosher diabetic diabetes pregnant diet eat drink"
"""What has to be minded in advice on food, as words to search memories for."""
_MINDED = re.compile(
    r"\b(?:allerg\w+|intoleran\w+|vegetarian|vegan|pescatarian|co?eliac|gluten|lactose|halal|kosher|diabet\w+|pregnant|diet"
    r"|(?:can't|cannot|can not|must not|mustn't|may not|not allowed to|shouldn't|should not|doesn't|does not|don't|never|no longer|stopped) (?:eats?|drinks?|have|eating|drinking))\b",
    re.IGNORECASE,
)
_NO_FOOD = re.compile(
    r"\b(?:allerg\w+|intoleran\w+)\b.*\b(?:penicillin|amoxicillin|antibiotics?|aspirin|ibuprofen|paracetamol|codeine|morphine|sulfa|medicines?|medication|drugs?|an(?:a)?esthetics?|iodine|latex|nickel|plasters?"
    r"|pollen|grass|hay|birch|ragweed|dust|mites?|mou?ld|feathers?|fur|cats?|dogs?|horses?|hamsters?|rabbits?|bees?|wasps?|mosquito\w*|stings?|perfumes?|bleach|detergents?|sun|wool)\b",
    re.IGNORECASE,
)
"""An allergy to what nobody eats."""
_ABOUT_THE_TALK = re.compile(
    r"\byou (?:\w+ )?(?:recommend|suggest|sa[iy]|t[eo]ll?d?|advis|propos|mention|answer|explain|ask|g[ai]ve|think|thought)|\byour (?:advice|tip|suggestion|idea|recommendation|answer|reply)"
    r"|\b(?:did|have|had) (?:i|we) (?:\w+ )?(?:ask|discuss|talk)|\b(?:i|we) (?:asked|discussed|talked)\b",
    re.IGNORECASE,
)


_FOR_A_LIVING = re.compile(r"\bdo(?:es)? for (?:a living|work|a job)\b|\bearn (?:my|his|her|their|a) living\b", re.IGNORECASE)


@dataclass(frozen=True)
class Query:
    """A question as recall sees it.

    ``weights`` says how much each word of its subject (as a stem) tells: its content words without those of ``FRAME``, unless
    there are no others. ``days`` is the time it asks about, both ends included, None for any.
    """

    text: str
    weights: Mapping[str, float]
    days: tuple[date, date] | None

    def asks_about(self, when: date) -> bool:
        """Whether a day lies in the time asked about, give or take two days."""
        return self.days is not None and self.days[0] - TIME_SLACK <= when <= self.days[1] + TIME_SLACK

    def share(self, stems: Collection[str]) -> float:
        """The share of the question's words among these stems, in 0..1."""
        return sum(word in stems for word in self.weights) / len(self.weights) if self.weights else 0.0

    def telling_share(self, stems: Collection[str]) -> float:
        """The same with each word by how much it tells."""
        total = sum(self.weights.values())
        return sum(weight for word, weight in self.weights.items() if word in stems) / total if total else 0.0


def asks_for_advice(question: str) -> bool:
    """Whether a question asks for advice to come, which no memory holds: what is near helps, and nothing need be refused."""
    return _ADVICE.search(question) is not None and _ADVICE_GIVEN.search(question) is None


def bears_on_food(memory: str) -> bool:
    """Whether one of the memories found by the words of ``DIET`` has to be minded at table: no allergy to penicillin or cats."""
    return _MINDED.search(memory) is not None and _NO_FOOD.search(memory) is None


def asks_for_food(question: str) -> bool:
    """Whether advice on something to eat or drink is asked for."""
    return asks_for_advice(question) and _FOOD.search(question) is not None


def asks_what_was_answered(question: str) -> bool:
    """Whether a question is about the talk itself: what was suggested, told or asked there."""
    return _ABOUT_THE_TALK.search(question) is not None


def analyse(question: str, today: date, rarity: Callable[[Sequence[str]], Mapping[str, float]] | None = None) -> Query:
    """Read a question asked on ``today``; without ``rarity`` every word tells as much."""
    said = list(dict.fromkeys(content_words(_FOR_A_LIVING.sub("work", question))))[:MAX_WORDS]
    words = [word for word in said if stem(word) not in FRAME] or said
    known = rarity(words) if rarity else {}
    return Query(question, {stem(word): known.get(word, 1.0) for word in words}, question_range(question, today))
