"""A first-person clause as a sentence about "The user", with verbs that agree."""

from __future__ import annotations

import re

_ADVERBS = frozenset(
    """just also really always never ever often usually recently still finally already now currently once mostly sometimes only actually absolutely both all even definitely
    probably rarely hardly secretly originally officially truly totally literally basically generally normally regularly seldom typically mainly primarily gradually
    eventually first then soon again long since not quite almost nearly kinda sorta accidentally frequently daily lately personally simply largely too so better
    no longer last completely fully slowly barely certainly clearly constantly mainly occasionally absolutley definately definitly definetly probaly realy""".split()
)
_AUXILIARY = {
    "am": "is",
    "are": "is",
    "was": "was",
    "were": "was",
    "have": "has",
    "do": "does",
    "don't": "doesn't",
    "haven't": "hasn't",
    "aren't": "isn't",
    "weren't": "wasn't",
    "ain't": "isn't",
    "gotta": "has to",
}
_CONTRACTED = {"'m": "is", "'re": "is", "'ve": "has", "'ll": "will", "'s": "is"}
_MODAL = frozenset(
    "can could will would should must may might shall cannot can't couldn't won't wouldn't shouldn't mustn't did didn't does doesn't need'nt 'll".split()
)
_PAST = frozenset(
    """had was were been got became began met went took made saw bought sold left lost found broke ran won grew came gave told fell felt kept wrote spent thought taught
    ate drank drove flew swam sang chose spoke woke built brought caught paid said sat slept stood understood knew threw hid held heard led meant sent shot stuck wore
    forgot rode rose shook tore blew drew dealt dreamt dreamed dug fed fought forgave froze hung laid lay lent lit rang sank shrank slid spun stole strung struck swept
    swore taken wept wound bit bent bled bred clung crept dove fled forbade ground knelt leapt learnt overcame mistook oversaw withdrew sewed sought sprang undertook
    undid used isn't wasn't hadn't hasn't has is""".split()
)
_SAME_PAST = frozenset("read put quit set cut hurt let hit shut spread cost bet burst split upset cast".split())
_BASE = frozenset(
    """accept add admire adopt agree aim answer apply appreciate arrange arrive ask attend avoid bake be become begin believe bike blog book bring build bully buy call
    camp care carry catch celebrate change chat check choose clean climb close coach code collect come commute compete complete compose cook count cover crave create
    cross cry cut cycle dance decide decorate depend design develop dislike dive do donate draw dream dress drink drive earn eat edit email encourage end enjoy enter
    exercise expect explore face fall farm feed feel fight fill find finish fish fit fix fly follow forget foster freelance gain garden get give go grow hang hate have
    head hear help hike hit hold hope host hunt identify imagine improve invest invite invoice iron jog join juggle jump keep kick knit know lack lead lean learn leave
    lend lift like listen live look lose love maintain make manage marry mean measure meditate meet mentor mind miss mix move need nap observe offer open order organise
    organize own pack paint park participate pass pay perform photograph pick plan plant play plays practice practise pray prefer prepare produce promise pull push put
    quit quilt race raise read receive record recycle refuse relax rely remain remember remind rent repair represent research rest return ride roast row run sail save
    say sculpt search see seek seem sell send serve set sew share shop show sing sit skate sketch ski skip sleep smoke snack snore struggle snowboard speak spend stand start
    stay stick stop struggle study suffer support surf swim take talk teach tell tend think train translate travel treat try turn tutor type understand use visit
    volunteer wait wake walk want wash watch water wear weigh wish wonder work worry write""".split()
)
_HABIT = re.compile(
    r"\b(?:every|usually|always|often|daily|each|mostly|sometimes|weekly|never|a lot|regularly|on (?:mon|tues|wednes|thurs|fri|satur|sun)days)\b",
    re.IGNORECASE,
)
_PAST_TIME = re.compile(r"\b(?:yesterday|ago|last|when|earlier|in (?:19|20)\d\d|once)\b", re.IGNORECASE)
AFTER_IS = (
    r"(?:on|in|at|from|an?|called|named|now|\d+(?!\d*(?:st|nd|rd|th)\b)\w*|(?:very |really |quite |so )?(?:ill|sick|dead|gone|better)|back(?= (?:in|from|at|home|to|with|on)\b|$)|out(?= of\b|$)|off(?= (?:to|work|sick)\b)|home(?= (?:from|for|now)\b|$)|getting|expecting"
    r"|(?:moving|coming|going|staying|living|working|studying|starting|turning|leaving|visiting)(?= (?:to|in|out|at|as|back|for|home|with|on|over|from|up|the|a|us|me|\d+)\b)|allergic|retired|pregnant|vegan|vegetarian|married|divorced|engaged|single|diabetic|deaf|blind|autistic|unemployed"
    r"|(?-i:[A-Z])[a-z]+(?:ish|ese|ian|ean|an|ch)(?=$|[,.]| (?:and|but)\b))\b"
)
"""What follows "is" in "my wife's vegetarian", and no possessive."""
AFTER_HAS = r"(?:just )?(?:had|been|got|lost|started|finished|broken|moved|left|joined|bought|sold|taken|passed|failed|become|quit|stopped)\b"
_PLACES_TO = frozenset("work bed school town church sleep class lunch dinner breakfast practice dance".split())
_GOING = frozenset(
    "go goes went going come get gets got drive drives walk walks cycle cycles commute commutes travel head heads listen back used".split()
)
_TOKEN = re.compile(r"\w+(?:['’\-./,]\w+)*|\s+|[^\w\s]")
_FOLLOWS_VERB = re.compile(
    r"\s+(?:a|an|the|my|our|his|her|their|to|for|in|at|on|with|from|about|every|each|two|three|some|lots|most|by|as|into|up|out|off|home|around|over|near|it|them|not|\w+ing)\b",
    re.IGNORECASE,
)


def finite(verb: str, *, habit: bool = False, past_time: bool = False) -> str:
    """The verb after "I" as it stands after "the user": "have" -> "has", "play" -> "plays", "went" -> "went"."""
    low = verb.lower().replace("’", "'")
    verb = low if verb.isupper() else verb  # "I LOVE it"
    if low in _AUXILIARY:
        return _AUXILIARY[low]
    if low in _SAME_PAST and not habit and past_time:
        return verb
    if "-" in low and low.rpartition("-")[2] in _BASE:
        return verb.rpartition("-")[0] + "-" + finite(verb.rpartition("-")[2], habit=True)
    if low in _MODAL or low in _PAST or (low.startswith("re") and low[2:] in _PAST) or not low.isalpha():
        return verb
    if low in _SAME_PAST and not habit:
        return verb
    if low.endswith("ing") and len(low) > 4 and low not in ("bring", "sting", "swing", "cling", "fling", "string"):
        return "is " + verb  # "we going out tonight"
    if low.endswith("ed") and low not in ("need", "feed", "speed", "weed", "breed", "bleed", "exceed", "succeed", "proceed", "embed"):
        return verb
    if low.endswith(("s", "sh", "ch", "x", "z")) or low in ("go", "do", "undergo"):
        return verb if _is_third_person(low) else verb + "es"
    if low.endswith("y") and len(low) > 1 and low[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + "s"


def _is_third_person(verb: str) -> bool:
    """Whether a verb in small letters has its ending already: "runs", "watches", "studies"."""
    return any(verb.endswith(ending) and verb.removesuffix(ending) + put in _BASE for ending, put in (("s", ""), ("es", ""), ("ies", "y")))


def is_present(verb: str) -> bool:
    """Whether a word is a verb in its plain form, as after "I" in the present tense."""
    return verb.lower() in _BASE or verb.lower() in ("am", "have", "do", "don't", "are")


def begins_with_verb(words: str) -> bool:
    """Whether words may follow "The user": a verb of the third person or in the past comes first, adverbs aside."""
    first = next((word for word in re.findall(r"[\w'-]+", words.lower().replace("’", "'")) if word not in _ADVERBS), "")
    return (
        first in _AUXILIARY.values()
        or first in _MODAL
        or first in _PAST
        or first in _SAME_PAST
        or (first.isalpha() and first.endswith(("s", "ed")))
        or (first.endswith("n't") and first[:-3] in _MODAL | {"is", "has", "was", "does", "did"})
    )


def third_person(clause: str) -> str | None:
    """The clause, which begins with I, we, my or our, about "The user"; None when it does not begin so."""
    tokens = _TOKEN.findall(clause.replace("’", "'"))
    if not tokens or not re.match(r"(?:i|we|my|our|i'\w+|we'\w+)$", tokens[0], re.IGNORECASE):
        return None
    if tokens[0].lower() in ("my", "our"):
        clause = re.sub(rf"^(\w+ (?:[\w-]+ )?[\w-]+)'s (?={AFTER_IS})", r"\1 is ", clause.replace("’", "'"))
        clause = re.sub(rf"^(\w+ (?:[\w-]+ )?[\w-]+)'s (?={AFTER_HAS})", r"\1 has ", clause)
        tokens = _TOKEN.findall(clause)
    words = _Words(tokens, habit=bool(_HABIT.search(clause)), past_time=bool(_PAST_TIME.search(clause)))
    return finish("".join(words.convert()))


def possessive(clause: str) -> str:
    """Only the pronouns of a clause about someone else: "gave me my drill" -> "gave the user the user's drill"."""
    tokens = _TOKEN.findall(clause.replace("’", "'"))
    text = "".join(_Words(tokens, habit=bool(_HABIT.search(clause)), past_time=bool(_PAST_TIME.search(clause))).convert())
    return text[:1].lower() + text[1:] if clause[:1].islower() or text.startswith("The user") else text


class _Words:
    """One pass over the tokens of a clause: pronouns are replaced, verbs of the user made to agree."""

    def __init__(self, tokens: list[str], *, habit: bool, past_time: bool) -> None:
        self.tokens = tokens
        self.habit, self.past_time = habit, past_time
        self.pending = False  # the user's finite verb is still to come
        self.plain = False  # the last verb stands in the present tense: a verb after "and" agrees as well

    def convert(self) -> list[str]:
        """The tokens about the user."""
        out: list[str] = []
        previous = ""
        for i, token in enumerate(self.tokens):
            low = token.lower()
            if not token[0].isalnum():
                out.append(token)
                continue
            new = self._subject(token, low, previous) or self._verb(i, token, low, previous)
            if not new:
                continue
            out.append(new if out and "".join(out).strip() else new[:1].upper() + new[1:])
            previous = low
        return out

    def _subject(self, token: str, low: str, previous: str) -> str | None:
        if low in ("i", "we"):
            self.pending, self.plain = True, False
            return "the user"
        head, apostrophe, ending = low.partition("'")
        if head in ("i", "we") and apostrophe:
            self.pending, self.plain = False, ending in ("m", "re", "ve")
            if ending == "d":
                return "the user had" if previous == "wish" else "the user would"
            return "the user " + _CONTRACTED.get("'" + ending, ending)
        if low in ("my", "our"):
            return "the user's"
        if low == "me" or (low == "us" and token != "US"):
            return "the user"
        if low in ("myself", "ourselves"):
            return "themselves"
        if low in ("mine", "ours") and previous in ("of", "is", "was", "as", "like", "than", "to", "with", "are"):
            return "the user's"
        return None

    def _verb(self, i: int, token: str, low: str, previous: str) -> str:
        if self.pending:
            if low in ("all", "both") and previous == "we":
                return ""
            if low in _ADVERBS or (low.endswith("ly") and low not in ("fly", "rely", "apply", "reply", "supply", "multiply")):
                return token
            self.pending = False
            new = finite(token, habit=self.habit, past_time=self.past_time)
            self.plain = low not in _MODAL and new != token
            return new
        if (low == "to" and self._infinitive(i, previous)) or low in _MODAL or low in ("let", "help", "make"):
            self.plain = False
        elif is_present(low) and ((self.plain and self._coordinated(i)) or self._changed(i)):
            return finite(token, habit=True)
        return token

    def _listed(self, i: int) -> bool:
        """Whether a verb stands in a list of verbs: "watch films, hike, and have dinner"."""
        before = "".join(self.tokens[:i])
        after = "".join(self.tokens[i:])
        return bool(
            before.endswith(", ")
            and re.match(r"\w+(?: [\w' ]+)?,? and (?:just |also |then )?\w+", after)
            and not re.search(r"\b(?:loves?|likes?|enjoys?|hates?|prefers?|have|into|my|our|the|a|some)\b(?: \w+)?, $", before, re.IGNORECASE)
            and not re.search(r"\b(?:love|like|enjoy|hate|prefer|into)\b", before, re.IGNORECASE)
        )

    def _changed(self, i: int) -> bool:
        """Whether "and now" stands before: "moved to Rome and now live in Bath"."""
        return re.search(r"(?:\band|,) (?:now|currently) $", "".join(self.tokens[:i]), re.IGNORECASE) is not None

    def _following(self, i: int) -> str:
        return next((t.lower() for t in self.tokens[i + 1 :] if t[0].isalnum()), "")

    def _infinitive(self, i: int, previous: str) -> bool:
        following = self._following(i)
        return following in _BASE and not (following in _PLACES_TO and previous in _GOING)

    def _coordinated(self, i: int) -> bool:
        """Whether "and", "or", "but" or "then" stands before (adverbs apart), and what follows shows a verb."""
        for token in reversed(self.tokens[:i]):
            if not token[0].isalnum():
                if token.strip() and token != ",":
                    return False
                if token == "," and self._listed(i):
                    break
                continue
            if token.lower() in _ADVERBS:
                continue
            if token.lower() not in ("and", "or", "but", "then"):
                return False
            break
        else:
            return False
        if self._listed(i):
            return True
        rest = "".join(self.tokens[i + 1 :])
        return (
            bool(_FOLLOWS_VERB.match(rest))
            or token.lower() in ("but", "then")
            or self.tokens[i].lower() in ("have", "am", "do", "don't", "speak", "teach", "own", "hate", "prefer", "eat")
        )


def finish(text: str) -> str:
    """One clean sentence: single spaces, no dangling punctuation, a full stop."""
    text = re.sub(r"\s+([,.!?;:])", r"\1", " ".join(text.split()))
    text = re.sub(r"\bthe user's own\b", "their own", text)
    text = text.strip(" ,;:-–—.!…")
    return text + "."
