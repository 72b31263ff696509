"""People and pets that the user mentions: whom "she", "he" or a bare first name stands for.

Pronouns mean somebody of the same message; a name also somebody whom the user told of before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from chatmem.memory import others
from chatmem.memory.others import NAME, NO_NAMES, OWN_ROLES
from chatmem.memory.third_person import AFTER_HAS, AFTER_IS, finish, possessive
from chatmem.memory.worth import has_verb
from chatmem.types import Memory
from chatmem.words import content_stems

_FEMALE = "girl|nan|gran|mam|mummy|mommy|missus|nonna|oma|abuela|sister|sis|gf|mother|mom|mum|mama|wife|girlfriend|daughter|aunt|auntie|niece|grandmother|grandma|granny|nana|granddaughter|stepmother|stepmom|stepsister|stepdaughter|sister-in-law|sister in law|mother-in-law|mother in law|daughter-in-law|ex-wife|ex-girlfriend|fiancée|godmother|landlady"
_MALE = "boy|lad|daddy|opa|nonno|abuelo|brother|bro|bf|hubby|father|dad|papa|husband|boyfriend|son|uncle|nephew|grandfather|grandpa|grandad|grandson|stepfather|stepdad|stepbrother|stepson|brother-in-law|brother in law|father-in-law|father in law|son-in-law|ex-husband|ex-boyfriend|fiancé|godfather"
_EITHER = "partner|spouse|friend|best friend|colleague|coworker|co-worker|cousin|roommate|flatmate|housemate|mentor|twin|baby|toddler|teenager|child|kid|fiancee?|ex|assistant|student|classmate|teammate|bandmate|godson|goddaughter|godchild|grandchild|in-law|advisor|nanny|carer|helper|housekeeper|mate|eldest|oldest|youngest|best man|maid of honou?r|bridesmaid"
_PETS = "dog|cat|puppy|kitten|pup|rabbit|bunny|hamster|parrot|horse|pony|turtle|tortoise|snake|guinea pig|bird|goldfish|beagle|labrador|poodle|greyhound|terrier|collie|husky|retriever|bulldog|corgi|dachshund|goose|hen|goat|donkey|lizard|gecko|ferret|budgie|canary"
_MANY = "parents|grandparents|kids|children|sons|daughters|brothers|sisters|siblings|twins|in-laws|cousins|dogs|cats|neighbou?rs|flatmates|roommates|housemates|colleagues|friends|pets|students"
_EVENTS = "wedding|party|trip|flight|exam|interview|appointment|concert|surgery|operation|graduation|meeting|presentation|vacation|holiday|conference|recital|tournament|race|show|gig|new job|job|internship|course|class|thesis|deadline|due date|baby shower|reunion|retirement|marathon|audition|viewing|hearing|scan"
_RELATION = rf"(?:{_FEMALE}|{_MALE}|{_EITHER}|{_PETS}|{OWN_ROLES})"
_CALLED = rf"(?:(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.? )?{NAME}"
_OWN = re.compile(
    rf"\b(?P<whose>my|our) (?P<adjective>(?:(?:older|younger|elder|little|big|twin|eldest|oldest|youngest|best|old|new|late|first|second|other|rescue|good|close|dear|childhood|step|half|ex|former|sweet|lovely|little) ){{0,2}})"
    rf"(?P<relation>{_RELATION}|{_MANY})\b(?!-| in law\b)(?P<possessive>['’]s)?(?:(?:,| is| was)? (?:named|called)|,| -| is)? ?(?P<name>(?-i:{_CALLED}))?(?P<owner>['’]s)?",
    re.IGNORECASE,
)
_NEW = re.compile(
    rf"\b(?:(?:i|we)(?:'ve|'m|'re| have| had)? (?:\w+ ){{0,2}}?|^(?:\w+ )?)(?:have|had|got|get|adopted|rescued|bought|own|getting|fostering|foster|keep|seeing|see|found|hired) (?:a|an|one|another) (?P<adjective>(?:[\w-]+ ){{0,3}}?)(?P<relation>{_PETS}|friend|colleague|flatmate|roommate|brother|sister|son|daughter|kid|child|baby|boy|girl|helper|lodger|tenant|trainee|twin brother|twin sister|cousin|boyfriend|girlfriend|partner|neighbou?r|{OWN_ROLES})\b"
    rf"(?!['’]s| (?:food|bed|toy|house|video|appointment))(?:(?:,| who is| that's)? (?:named|called)|,)? ?(?P<name>(?-i:{_CALLED}))?",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\b(?:[Mm]y|[Oo]ur|user's|have|has|got|[Tt]wo|[Tt]hree|[Ff]our) (?:\w+ )?(?P<relation>flatmate|roommate|housemate|kid|son|daughter|brother|sister|dog|cat|colleague|friend|cousin|twin|boy|girl)s\b"
    r"(?:,| are| is|:| named| called| -)?(?: (?:both )?\d+,)? (?P<names>[A-ZÀ-Þ][^.;!?]*)"
)
_ONE_OF_SEVERAL = re.compile(rf"(?P<name>{NAME})(?P<last>(?! (?:\(|\d|aged |who|is \d|just \w+ed \d)) [a-z].*)?")
_AGE_ALONE = re.compile(r"(?:aged )?\d+$|who\b")
_CALLED_ONE = re.compile(
    rf"(?:\b(?:i|we)(?:'ve| have| had)? (?:\w+ ){{0,2}}?|^(?:\w+ )?)(?:have|had|got|get|adopted|rescued|bought|own|foster|keep) (?:a|an|one|another) (?:[\w-]+ ){{0,3}}?(?P<relation>[a-z][\w-]+),? (?:called|named) (?P<name>(?-i:{_CALLED}))",
    re.IGNORECASE,
)
"""A pet of some breed, or a thing with a name: "got a staffie called Biscuit"."""
_HAVE_MANY = re.compile(
    r"\b(?:i|we)(?:'ve| have) (?:got )?(?:(?:\d|two|three|four|five|six|\w+ly|already|little|small|grown(?:-up)?) )*(?P<relation>kids|children|sons|daughters|brothers|sisters|twins|dogs|cats|flatmates|housemates|roommates)\b",
    re.IGNORECASE,
)
_PLANNED = re.compile(
    rf"\b(?:i|we)(?:'m|'re|'ve| am| are| have)? (?:\w+ )?(?:training|signed up|preparing|revising|studying|rehearsing|entered|booked|planning|running|doing|having|got|have) (?:for |into )?(?:the|a|an) (?P<event>(?:[\w'-]+ ){{0,3}}(?:{_EVENTS}))\b(?!'s)",
    re.IGNORECASE,
)
_SOMEBODY = re.compile(
    rf"(?:\b(?:an?|this|some|the|new|one|another) (?:[\w'-]+ ){{0,3}}?|^)(?P<kind>woman|girl|lady|man|guy|lad|boy|fella|bloke|kid|student|cook|driver|colleague|friend|{OWN_ROLES})(?P<where> (?:on|in|at|from) (?:my|our|the) [\w'-]+(?: [\w'-]+)?)?,? (?:called|named|name of|by the name of) (?P<name>{_CALLED})",
    re.IGNORECASE,
)
_TOLD_SOMEBODY = re.compile(rf"^An? (?P<kind>[a-z]+)(?: (?:on|in|at|from) [\w' -]+)? is called (?P<name>{_CALLED})\b")
_STRANGER = re.compile(
    r"\b(?:woman|girl|lady|man|guy|boy|baby|doctor|nurse|waiter|teacher|stranger|someone|somebody|person|actor|actress|singer|author|artist|character|puppy|kitten)\b",
    re.IGNORECASE,
)
_WHO = re.compile(rf"\b(?:my|our) (?:[\w-]+ )?{_RELATION},? {NAME},? who(?P<is>['’]s| is)? (?P<what>[^,.?!;]{{3,80}})")
_AGED = re.compile(rf"\b(?:my|our) (?P<kin>(?:[\w-]+ )?{_RELATION}(?: {NAME})?), (?P<age>[1-9]\d?)(?=,|$| and\b)(?!, \d)")
_STARTS = re.compile(r"^(?P<pronoun>he|she|it|they)(?P<verb>'s|'re|'ve|'ll|'d)? (?P<rest>.+)$", re.IGNORECASE)
_AFTER_HAS = re.compile(
    r"(?:always been|just \w+ed|(?:just |finally |already |recently |now |also |never )?(?:been|got|had|lost|started|finished|moved|left|joined|bought|sold|taken|passed|failed|become|quit|stopped|decided|grown|won|given|put|signed|begun|found))(?![\w-])"
)
_STARTS_THEIR = re.compile(r"^(?P<pronoun>his|her|its) (?P<rest>.+)$", re.IGNORECASE)
_TOLD = re.compile(
    rf"\b[Tt]he user(?:'s (?P<kin>(?:[a-z]+ )?{_RELATION})(?:'s name is | (?:is (?:called|named) )?)(?P<name>{_CALLED})| (?:has|got|adopted|rescued|bought|owns|fosters|keeps) an? (?:[a-z-]+ )*?(?P<relation>(?:(?:[a-z]+ )?{_RELATION}|[a-z-]+)) (?:called|named) (?P<called>{_CALLED}))\b"
)
_IS_CALLED = re.compile(rf"(?:is|was) (?:called |named )?(?P<name>{_CALLED})(?=$|[,.;]| and\b| who\b)")
_HIM = re.compile(r"\b(?:him|her|his)\b", re.IGNORECASE)
_SOMEBODY_BEFORE = re.compile(
    rf"\b(?:{_RELATION}|{_MANY}|man|woman|girl|boy|guy|lady|someone|somebody|friend|he|she)\b|(?<=\w )(?-i:[A-ZÀ-Þ])[a-zß-ÿ]{{2,}}", re.IGNORECASE
)
_GIVES = re.compile(
    r"\b(?:bring|give|gave|send|sent|buy|bought|lend|lent|pay|paid|owe|owed|make|made|cook|tell|told|show|ask|asked|teach|offer|offered|feed|call|promised?|brought)(?:s|ed)? $",
    re.IGNORECASE,
)
_AFTER_OBJECT = re.compile(
    r"(?:$|[,.;!]| (?:an?|the|my|our|some|\d\S*|[£$€]\S*|to|for|in|at|on|and|but|so|because|with|from|there|back|home|up|out|off|every|next|last|this|that|over|down|about|when|again|now|today|tomorrow|yesterday|nothing|by|as|into|onto|after|before|if|like|while|instead|too|half|all|two|three|five|ten|hundred|money)\b)",
    re.IGNORECASE,
)
_TOLD_OF = re.compile(
    rf"^(?:(?:The user and )?(?P<name>{_CALLED})(?= (?:[a-z]+)\b)|The user's (?P<kin>[a-z]+(?: [a-z]+)?) is (?:called |named )?(?P<called>{_CALLED}))"
)
"""Somebody told of by name alone, or whose part is no common one: "Arvid got ...", "The user's helper is Lasha"."""
_THEIR_OWN = re.compile(rf"(?<=\w )(?:his|her|their) (?P<relation>{_RELATION})\b", re.IGNORECASE)
SOMEBODYS = "somebody's"  # relatives of others: "he" may mean them, and then nothing is said of them
BEFORE = -9  # the sentence of somebody whom no pronoun of this message means


@dataclass
class Person:
    """Someone in the user's life, as named in this message. ``gender`` is f, m, x (unknown), p (a pet), many, or e: not a person but an event."""

    relation: str
    name: str
    gender: str
    sentence: int
    begin: int
    whose: str = "The user's"

    @property
    def label(self) -> str:
        """The user's sister Marta."""
        return " ".join(filter(None, (self.whose, self.relation, self.name)))


class People:
    """Who was mentioned, newest last; one per message. ``told`` are sentences remembered of before ("The user's sister Claire ...")."""

    def __init__(self, told: Iterable[str] = ()) -> None:
        self.known: list[Person] = []
        for text in told:
            for match in _TOLD.finditer(text):
                relation, name = match["kin"] or match["relation"], match["name"] or match["called"]
                self._add(Person(relation.lower(), name, _gender_of_one(relation.lower()), BEFORE, 0))
            told_of = _TOLD_OF.match(text)
            if told_of and (name := told_of["name"] or told_of["called"]) not in {*NO_NAMES, *(person.name for person in self.known)}:
                self._add(Person(told_of["kin"] or "", name, "x", BEFORE, 0, "The user's" if told_of["kin"] else ""))
            for somebody in filter(None, (_TOLD_SOMEBODY.match(text), _SOMEBODY.search(text))):
                self._add(Person("", somebody["name"], _gender_of(somebody["kind"]), BEFORE, 0, ""))
            self._note_several(text, BEFORE, 0)
        self.strangers = -1
        """The last sentence in which somebody unknown was mentioned."""

    def meet(self, said_before: People) -> None:
        """People of the message before, whom a pronoun of the first sentence may mean; nobody if strangers were among them."""
        if said_before.strangers < 0:
            for person in said_before.known:
                if person.gender != "e":
                    self._add(replace(person, sentence=-1, begin=0))

    def note(self, clause: str, sentence: int, begin: int) -> None:
        """Remember whom a clause mentions; ``begin`` is where its sentence stands in the message."""
        for match in [*_OWN.finditer(clause), *_NEW.finditer(clause)]:
            if match.groupdict().get("possessive") and re.match(rf" ?(?:\w+ )?{_RELATION}\b", clause[match.end() :]):
                continue  # "my brother's dog": not about the brother
            relation, name = match["relation"].lower(), match["name"] or ""
            name = "" if name in NO_NAMES else name
            adjective = match["adjective"].strip().lower() if match.re is _OWN else ""
            if match.re is _NEW and not name and relation not in _PETS.split("|"):
                adjective = ""
            whose = "The" if match.re is _NEW and re.fullmatch(OWN_ROLES, relation) else "The user's"
            self._add(Person(f"{adjective} {relation}".strip(), name, _gender(relation), sentence, begin, whose))
        for match in _CALLED_ONE.finditer(clause):
            self._add(Person(match["relation"].lower(), match["name"], _gender_of_one(match["relation"].lower()), sentence, begin))
        for match in _HAVE_MANY.finditer(clause):
            self._add(Person(match["relation"].lower(), "", "many", sentence, begin))
        for match in _SOMEBODY.finditer(clause):
            self._add(Person("", match["name"], _gender_of(match["kind"]), sentence, begin, ""))
        for match in re.finditer(rf"\b(?:my|our) (?P<event>(?:[\w'-]+ )?(?:{_EVENTS}))\b(?!'s)", clause, re.IGNORECASE):
            self._add(Person(match["event"].lower(), "", "e", sentence, begin))
        for match in _PLANNED.finditer(clause):
            self._add(Person(match["event"], "", "e", sentence, begin))
        self._note_several(clause, sentence, begin)
        for match in _THEIR_OWN.finditer(clause):
            self._add(Person(match["relation"].lower(), "", _gender(match["relation"]), sentence, begin, SOMEBODYS))
        subject = others.subject(clause, self._names())
        meant = [match.span() for pattern in (_OWN, _NEW, _SOMEBODY) for match in pattern.finditer(clause)]
        meant += [(0, len(clause) - len(subject.rest))] if subject else []
        names = {word for name in self._names() for word in name.split()}
        unknown = [match for match in _STRANGER.finditer(clause) if not any(begin <= match.start() < end for begin, end in meant)]
        if unknown or others.strangers_in(clause, names):
            self.strangers = sentence

    def _note_several(self, text: str, sentence: int, begin: int) -> None:
        """Those named together: "two kids, Max and Ida"."""
        for several in _SEVERAL.finditer(text):
            names = []
            for part in re.split(r",? (?:and|&) |, ", several["names"]):
                one = _ONE_OF_SEVERAL.match(part)
                if one:
                    names.append(one["name"])
                elif not _AGE_ALONE.match(part):
                    break
                if one and one["last"]:
                    break
            for name in names if len(names) > 1 else ():
                self._add(Person(several["relation"], name, _gender(several["relation"]), sentence, begin))

    def _add(self, person: Person) -> None:
        for i, other in enumerate(self.known):
            if _same(other, person):
                closest = max(other, person, key=lambda one: (len(one.whose), len(one.relation)))
                gender = person.gender if other.gender == "x" else other.gender
                person = Person(closest.relation, person.name or other.name, gender, person.sentence, other.begin, closest.whose)
                del self.known[i]
                break
        self.known.append(person)

    def statement(self, clause: str, sentence: int, begin: int) -> tuple[str, str, Person] | None:
        """A clause about someone known as (sentence about them, its bare predicate, who); None when it is not clear about whom.

        ``begin`` is where its sentence stands in the message.
        """
        if (some := others.some(clause)) is not None:  # nobody whom a pronoun could mean later
            return finish(f"{some.name} {possessive(some.rest)}"), some.rest, Person("", some.name, "some", sentence, begin, "")
        if match := _STARTS.match(clause):
            person = self._meant(match["pronoun"].lower(), sentence)
            if not person or (
                match["pronoun"].lower() == "it"
                and not re.match(
                    r"it(?:'s| is| will be|'ll be| was| takes place) (?:in|on|at|from|next|this|tomorrow|\d|called|named|an?)\b|it (?:loves|hates|likes|eats|sleeps)",
                    clause,
                    re.IGNORECASE,
                )
            ):
                return None
            rest = match["rest"]
            verb = {
                "'s": "has" if _AFTER_HAS.match(rest) else "is",
                "'re": "are",
                "'ve": "have",
                "'ll": "will",
                "'d": "would",
            }.get(match["verb"] or "", "")
            return finish(f"{person.label} {verb} {possessive(rest)}"), f"{verb} {rest}".strip(), person
        if match := _STARTS_THEIR.match(clause):
            person = self._meant({"his": "he", "her": "she", "its": "it"}[match["pronoun"].lower()], sentence)
            rest = match["rest"]
            if not person or (person.name and re.match(r"(?:full |real )?name\b", rest)) or person.gender == "many" or not has_verb(f"my {rest}"):
                return None
            self._note_relative(person, rest, sentence)
            return finish(f"{person.label}'s {possessive(rest)}"), rest, person
        first, _, rest = clause.partition(" ")
        if first.endswith("'s") and (
            short := re.match(rf"(?P<has>{AFTER_HAS})|{AFTER_IS}", rest, re.IGNORECASE)
        ):  # "Amy's got a cold", "Amy's a nurse"
            first, rest = first.removesuffix("'s"), f"{'has' if short['has'] else 'is'} {rest}"
        owner = re.sub(r"['’]s$", "", first)
        for person in self.known if owner != first else ():  # "Amy's birthday is in May"
            if person.name.casefold() == owner.casefold():
                named = self._named(person, sentence, begin)
                self._note_relative(named, rest, sentence)
                return finish(f"{named.label}'s {possessive(rest)}"), rest, named
        for person in self.known:
            if (
                person.name
                and first.rstrip(",").casefold() == person.name.casefold()
                and re.match(
                    r"(?:is|was|has|had|\w+s|\w+ed|went|got|made|took|came|left|won|lost|broke|just|also|now|always|never|recently|still|loves?)\b",
                    rest,
                )
            ):
                return finish(f"{person.label} {possessive(rest)}"), rest, self._named(person, sentence, begin)
        if other := others.subject(clause, self._names()):
            said = Person(other.part, other.name, other.gender, sentence, begin, other.whose)
            called = _IS_CALLED.match(other.rest)  # "the lawyer is Ana": the name is not said twice
            self._add(replace(said, name=said.name or (called["name"] if called else "")))
            person = self._named(self.known[-1], sentence, begin)
            return finish(f"{said.label if called else person.label} {possessive(other.rest)}"), other.rest, person
        return None

    def _names(self) -> set[str]:
        """The names of all who are known, in small letters."""
        return {person.name.casefold() for person in self.known if person.name}

    def spelled_out(self, clause: str, sentence: int) -> tuple[str, Person | None]:
        """A first-person clause with "him", "her" or "his" said as whom it means, and them, where somebody before the clause is meant and it is clear who."""
        match = _HIM.search(clause)
        if match is None or _SOMEBODY_BEFORE.search(clause[: match.start()]):
            return clause, None
        word = match[0].lower()
        person = self._meant("she" if word == "her" else "he", sentence)
        if person is None:
            return clause, None
        label = re.sub(r"^The user's", "my", person.label).replace("The ", "the ", 1)
        given = _GIVES.search(clause[: match.start()]) or _AFTER_OBJECT.match(clause[match.end() :])
        owns = word == "his" or (word == "her" and not given)
        whom = f"{label}'s" if owns else label
        return f"{clause[: match.start()]}{whom}{clause[match.end() :]}", person

    def _note_relative(self, owner: Person, rest: str, sentence: int) -> None:
        """Somebody close to whom a sentence is about: "Tiana's father is in Reunion", whom the next "he" means."""
        if match := re.match(rf"(?P<relation>{_RELATION})(?: (?P<name>(?-i:{_CALLED})))?(?=,| [a-z])", rest, re.IGNORECASE):
            self._add(Person(match["relation"].lower(), match["name"] or "", _gender(match["relation"]), sentence, owner.begin, f"{owner.label}'s"))

    @staticmethod
    def _named(person: Person, sentence: int, begin: int) -> Person:
        """Somebody whom this sentence names; one told of before stands where it begins."""
        person.begin = begin if person.sentence == BEFORE else person.begin
        person.sentence = sentence
        return person

    def _meant(self, pronoun: str, sentence: int) -> Person | None:
        """The only one whom a pronoun can mean, if mentioned in this sentence or the one before."""
        if self.strangers >= sentence - 1 and self.strangers >= 0:
            return None
        fits = {"he": "mxp", "she": "fxp", "it": "pe", "they": ("many",)}[pronoun]
        near = [person for person in self.known if person.sentence >= sentence - 1]
        found = [person for person in near if person.gender in fits] or [
            person for person in self.known if person.sentence >= 0 and person.gender in fits
        ]
        if len(found) > 1:
            newest = max(person.sentence for person in found)
            found = [person for person in found if person.sentence == newest]
        others_fit = sum(person.gender in fits for person in self.known if person.sentence >= 0)
        if len(found) != 1 or (found[0].gender == "x" and others_fit > 1):
            return None  # of several, one of whom nobody said whether it is a he
        person = found[0]
        if person.whose == SOMEBODYS:
            return None
        if person.gender in "xp" and pronoun in ("he", "she") and person.gender == "x":
            person.gender = "m" if pronoun == "he" else "f"
        person.sentence = sentence
        return person


_BEGINS = re.compile(
    r"(?:^|(?<=[.!?;,] )|(?<=\band )|(?<=\bbut )|(?<=\bso ))(?:the )?(?P<thing>[a-z][a-z-]{2,}(?: [a-z-]{3,})?)(?='s [a-z]| (?:is|are|was|were|has|have|had|isn't|aren't|wasn't|just|finally|went|came|got|broke|died|ran|fell|cost|costs|starts?|ends?|needs?|[a-z]{3,}ed)\b)",
    re.IGNORECASE,
)


_STARTERS = re.compile(
    r"(?:(?:mr|mrs|ms|dr)\.? |^|(?<=[.!?;,] )|(?<=\band )|(?<=\bbut )|(?<=\bso ))(?P<word>[a-zß-ÿ]{3,})(?='s |s [a-z]| (?:[a-z]{2,}s|[a-z]{2,}ed|got|gave|went|came|took|broke|left|lent|paid|sold|lost|quit|found|made|ate|fell|bit|ran|won|hurt|slept|will|can)\b)"
)


def things_in(message: str) -> list[str]:
    """Things that a message says something of without saying whose: "the braces came off"; at most four."""
    return list(dict.fromkeys(match["thing"].lower() for match in _BEGINS.finditer(message)))[:4]


def starters_in(message: str) -> list[str]:
    """Words that may be names in small letters, at the beginning of clauses or behind a title, before a verb: "lamont drives"; at most four."""
    return list(dict.fromkeys(match["word"] for match in _STARTERS.finditer(message) if match["word"].capitalize() not in NO_NAMES))[:4]


def as_own(clause: str, told: Iterable[str]) -> str:
    """A clause about a thing that the user is known to have, as one about "my ..."."""
    match = _BEGINS.match(clause)
    if match is None:
        return clause
    thing = re.escape(match["thing"].lower())
    own = re.compile(rf"The user(?:'s)?\b[^.]*? (?:[\w-]+ ){{0,2}}{thing}\b")
    name = re.compile(rf"\b{match['thing'].capitalize()}\b")
    known = list(told)
    return f"my {clause[match.start('thing') :]}" if any(map(own.match, known)) and not any(map(name.search, known)) else clause


def names_in(message: str) -> list[str]:
    """Words of a message that may be names of people, in order; at most eight."""
    found = dict.fromkeys(name for name in re.findall(rf"\b{NAME}\b", message) if name not in NO_NAMES)
    return list(found)[:8]


def names_of(relation: str, told: Iterable[str]) -> list[str]:
    """The names of those in these sentences who are this to the user ("husband", "pet"), each once."""
    found = dict.fromkeys(
        person.name
        for person in People(told).known
        if person.name and (person.relation in (relation, relation.removesuffix("s")) or (relation == "pet" and person.gender == "p"))
    )
    return list(found)


def named(words: str, memories: Sequence[Memory]) -> list[Memory]:
    """Those memories that name somebody or something of the user's, oldest first: "my sister" is also whom they call Marta."""
    stems = content_stems(words)
    names = names_of(re.sub(r"^(?:my|our) ", "", words.casefold()), [memory.text for memory in memories])
    found = [
        memory
        for memory in memories
        if (stems and stems <= content_stems(memory.text)) or any(re.search(rf"\b{re.escape(name)}\b", memory.text, re.IGNORECASE) for name in names)
    ]
    return sorted(found, key=lambda memory: (memory.event_start or memory.created_at.date(), memory.created_at))


def _gender_of(kind: str) -> str:
    """Of somebody unknown, by what they are called: "a woman called Ana"."""
    if re.fullmatch("woman|girl|lady", kind, re.IGNORECASE):
        return "f"
    return "m" if re.fullmatch("man|guy|lad|boy|fella|bloke", kind, re.IGNORECASE) else "x"


def _owner(person: Person) -> str:
    return person.whose.removesuffix(" user's")  # "my vet" and "the vet" are one


def _same(one: Person, other: Person) -> bool:
    """Whether two are the same: of one name, or of one relation where a name is missing."""
    if one.name and other.name:
        return one.name == other.name and (not one.relation or not other.relation or one.relation.split()[-1] == other.relation.split()[-1])
    return bool(one.relation and other.relation) and _owner(one) == _owner(other) and one.relation.split()[-1] == other.relation.split()[-1]


def _gender(relation: str) -> str:
    for gender, words in (("f", _FEMALE), ("m", _MALE), ("p", _PETS)):
        if re.fullmatch(words, relation, re.IGNORECASE):
            return gender
    if re.fullmatch(_MANY, relation, re.IGNORECASE):
        return "many"
    return "x"


def _gender_of_one(kind: str) -> str:
    """Of somebody or something that the user has: what is no person is a pet, or a thing with a name, of which "he", "she" and "it" are said."""
    return _gender(kind.split()[-1]) if re.fullmatch(_RELATION, kind.split()[-1]) else "p"


def is_many(relation: str) -> bool:
    """Whether a word is for several people: "parents"."""
    return re.fullmatch(_MANY, relation, re.IGNORECASE) is not None


def in_passing(sentence: str) -> list[str]:
    """Facts said on the way: "my brother Tom, who loves chess", "my nephew, 14, ..."."""
    found = [finish(f"The user's {match['kin'].lower()} is {match['age']}") for match in _AGED.finditer(sentence)]
    for match in _WHO.finditer(sentence):
        head = re.sub(r",? who.*$", "", match[0]).replace(",", "")
        found.append(finish(f"The user's {head.split(' ', 1)[1]} {'is ' if match['is'] else ''}{possessive(match['what'].strip())}"))
    return found


def somebody_new(clause: str) -> str | None:
    """Who is named on the way, and is nobody's own: "a girl on my course called Amina asked me ..." as "A girl on the user's course is called Amina."."""
    match = _SOMEBODY.search(clause)
    if match is None or not match["where"]:
        return None
    kind = match["kind"].lower()
    said = possessive(f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}{match['where']} is called {match['name']}")
    return finish(f"{said[0].upper()}{said[1:]}")


def introductions(sentence: str) -> list[tuple[str, str]]:
    """Named people and pets of the user in a sentence that states nothing else: (name, sentence)."""
    found = []
    for match in _OWN.finditer(sentence):
        name = match["name"]
        if name and name not in NO_NAMES and not match["possessive"] and not re.fullmatch(_MANY, match["relation"], re.IGNORECASE):
            relation = f"{match['adjective']}{match['relation']}".lower()
            article = "an" if relation[0] in "aeiou" else "a"
            found.append((name, f"The user has {article} {relation} called {name}."))
    return found
