"""The words that tell what a sentence does: one spelling for many, numbers, times, and cues of change, ending and wish.

English only. Everything that is a list of words is here; chatmem.memory.claims reads sentences with them.
"""

from __future__ import annotations

import re

from chatmem.memory.times import MONTHS
from chatmem.words import STOP_WORDS, stem, tokens

PEOPLE = frozenset(
    """mother father mum mom dad parents sister brother sibling son daughter child baby wife husband spouse partner girlfriend boyfriend fiance fiancee fiancé
    fiancée grandmother grandfather grandma grandpa grandparents aunt uncle cousin niece nephew stepmother stepfather stepson stepdaughter friend flatmate roommate
    housemate neighbour neighbor boss manager colleague coworker teacher tutor supervisor therapist doctor ex family kid kids children parents-in-law mother-in-law
    father-in-law sister-in-law brother-in-law grandson granddaughter sis bro hubby missus bf gf nan gran granny nana grandad granddad mummy mama daddy papa
    eldest youngest""".split()
)
SAME = {
    "mum": "mother", "mom": "mother", "mummy": "mother", "mama": "mother", "dad": "father", "daddy": "father", "papa": "father", "sis": "sister", "bro": "brother",
    "hubby": "spouse", "missus": "spouse", "bf": "partner", "gf": "partner", "nan": "grandmother", "gran": "grandmother", "granny": "grandmother",
    "nana": "grandmother", "grandad": "grandfather", "granddad": "grandfather", "wedding": "marry", "kid": "child", "kids": "child", "children": "child", "flat": "apartment", "film": "movie", "films": "movie",
    "favorite": "favourite", "color": "colour", "bike": "bicycle", "bikes": "bicycle", "cycles": "bicycle", "cycle": "bicycle", "cycling": "bicycle", "job": "work",
    "neighbor": "neighbour", "grandma": "grandmother", "grandpa": "grandfather", "boyfriend": "partner", "girlfriend": "partner", "wife": "spouse",
    "husband": "spouse", "cellphone": "phone", "mobile": "phone", "automobile": "car", "telly": "tv", "television": "tv", "holiday": "vacation", "holidays": "vacation",
    "photos": "photo", "photograph": "photo", "photographs": "photo", "pictures": "photo", "kilos": "kilo", "kg": "kilo", "kilograms": "kilo", "physician": "doctor",
    "scared": "afraid", "kitten": "cat", "kitty": "cat", "puppy": "dog", "medical": "medicine", "married": "marry", "people": "person", "classes": "class",
    "lessons": "class", "lesson": "class", "kilometres": "km", "kilometers": "km", "minutes": "minute", "weight": "weigh", "themselves": "self", "course": "class",
    "went": "go", "took": "take", "bought": "buy", "saw": "see", "ran": "run", "ate": "eat", "drank": "drink", "drove": "drive", "made": "make", "met": "meet",
    "has": "have", "had": "have", "is": "be", "are": "be", "was": "be", "were": "be", "wrote": "write", "written": "write", "grew": "grow", "spoke": "speak",
    "taught": "teach", "won": "win", "subscribed": "subscription", "subscribes": "subscription", "born": "birthday",
    "op": "operation", "surgery": "operation", "flight": "fly", "flights": "fly", "flying": "fly", "flew": "fly", "appt": "appointment", "comp": "competition",
}  # fmt: skip
VERBS = {
    "love": "like", "enjoy": "like", "adore": "like", "own": "have", "possess": "have", "keep": "have", "reside": "live", "attend": "go", "visit": "go", "travel": "go",
    "wish": "want", "hope": "want", "plan": "want", "intend": "want", "employ": "work", "practise": "practice", "order": "get", "purchase": "buy", "watch": "see",
    "photograph": "photo", "spell": "spell",
}  # fmt: skip
NUMBER_WORDS = {
    word: str(i)
    for i, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty".split()
    )
} | {
    "once": "1",
    "twice": "2",
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "seventy": "70",
    "eighty": "80",
    "ninety": "90",
    "hundred": "100",
}
PARTS = {
    word + ending: word
    for word in "morning afternoon evening night weekend weekday noon midnight daily weekly monthly yearly spring summer autumn winter last".split()
    for ending in ("", "s")
} | {"before": "before", "after": "after", "first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "fifth": "5th", "sixth": "6th"}

MONTH = "|".join(MONTHS)
DATE = re.compile(
    rf"\b(?:\d{{4}}-\d\d-\d\d|\d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{MONTH})(?: \d{{4}})?|(?:{MONTH}) \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?)\b",
    re.I,
)
STAMP = re.compile(r"\([^()]*\d{4}[^()]*\)")
BEFORE_DATE = re.compile(r"(?: on| by| until| from| since| in)? \0")
WHEN = re.compile(
    r"\b(?:yesterday|today|tonight|tomorrow|this (?:morning|evening|week|weekend|month|year|spring|summer|autumn|winter)|"
    r"(?:last|next|past) (?:week|weekend|month|year|night|spring|summer|autumn|fall|winter)|recently|\w+ (?:days?|weeks?|months?|years?) ago)\b",
    re.I,
)
FREQUENCY = re.compile(
    r"\b(?:(?:only )?(?:once|twice|\w+ times) (?:a|per|each|every) (?:day|week|month|year)|every (?:\w+ )?(?:day|week|month|year)s?|daily|weekly|monthly|yearly)\b",
    re.I,
)
NEGATIVE = re.compile(r"\b(?:not(?! only)|never|no|none|cannot|without|neither|nor|hardly)\b|n't\b", re.I)
OFTEN = {"once a day": "every day", "daily": "every day", "once a week": "every week", "weekly": "every week", "monthly": "every month", "once a month": "every month", "yearly": "every year", "once a year": "every year"}  # fmt: skip
MONEY = {"$": "dollars", "€": "euros", "£": "pounds"}
NEGATIVE_VERB = re.compile(r"^(?:\w+ly )?(?:avoids?|skips?|refuses|lacks?|is unable)\b", re.I)
OVER = {
    # gone for good: whatever was said of the thing no longer matters
    "gone": r"sold|got rid of|gave (?:[\w']+ ){1,4}away|gave away|deleted|died|passed away|cancell?ed|(?:had|has|decided) to cancel|called off|threw (?:[\w']+ ){0,4}(?:away|out)|donated|"
    r"cut (?:[\w']+ ){0,3}down|broke up|split up|is gone|are gone|lost the|moved out|expired|closed (?:down|the|up)|gave (?:[\w']+ ){1,4}back|unsubscribed|returned the|shaved off|scrapped|demolished",
    # an activity or a state ended
    "stopped": r"no longer|any ?more|any longer|stopped|quit|quits|gave up|packed in|pulled out of|dropped out of|is off (?:the|his|her)|came off|split up|disbanded|has no more|had (?:the|his|her|their|the user's) last|(?:has|have)(?:n't| not) \w+ [\w' ]*in (?:months|weeks|years|ages)|given up|giving up|dropped|left|finished|completed|ended|is over|are over|paid off|paid (?:[\w']+ ){1,3}back|"
    r"outgr(?:ew|own)|fired|laid off|resigned|retired from|is finished|are finished|is done with|(?:has|have)(?:n't| not) \w+ [\w' ]*since|got over|is off|unfollowed|withdrew|handed in|handed over|submitted|got past|has arrived|have arrived|took place|is done|are done|settled",
    "mended": r"healed|repaired|fixed|recovered|cured|mended|went away|wore off|got (?:[\w']+ ){1,4}back|cleared up|sorted out|found|picked up the repaired",
    "returned": r"(?:is|are) over (?:the|his|her|their)|(?:out of|discharged from) (?:the )?(?:hospital|prison|jail|rehab|intensive care|quarantine)|came home|came back|(?:flew|drove|gone|went) (?:back )?home|is back|are back|back home|back together|(?:has |have )?returned from|(?:has|have) gone home|went home again|turned up|showed up|is home",
}
OVER_RE = {kind: re.compile(rf"\b(?:{pattern})\b", re.I) for kind, pattern in OVER.items()}
ENDING_WORDS = frozenset(re.findall(r"[a-z]{2,}", " ".join(OVER.values())))
CHANGE = re.compile(
    r"\b(?:now|instead|moved|changed|switched|swapped|traded|replaced|postponed|rescheduled|delayed|brought forward|extended|raised|lowered|upgraded|downgraded|promoted|became|"
    r"turned|went (?:up|down|back|from)|(?:put|cut|bumped) (?:up|down|back)|pushed|shifted|doubled|halved|rose|fell|grew to|started|transferred|hired|accepted|dyed|painted|learned to|got engaged|got married|got divorced|repainted|is (?:down|up) to|decided to|adopted|after all|come to|these days|again)\b",
    re.I,
)
SHIFT = re.compile(
    r"\b(?:moved|shifted|pushed|put back|postponed|rescheduled|delayed|brought forward|extended|put off|(?:changed|switched|bumped)(?: back| forward| up)? to)\b",
    re.I,
)
NOW = re.compile(
    r"\b(?:now|nowadays|these days|instead|currently|at the moment|after all|from now on|since (?:the|last) \w+(?: \w+)?$)\b|^'s (?:new|current) ",
    re.I,
)
ADDED = re.compile(r"\b(?:also|another|too|as well|in addition|additionally|besides|second (?!year|floor|half|language|name)|one more)\b", re.I)
WISH = re.compile(
    r"\b(?:wants?|considering|thinking (?:about|of)|meaning to|eyeing|interested in|looking for|saving (?:up )?for|waiting for|applying for|undecided|dreams? of|about to|trying to|searching for|needs? to|never|not|no)\b|n't\b",
    re.I,
)
PERFECT = re.compile(
    r"^(?:has|have) (?:\w+ly |just |already |now |also )*(?:been )?(?:\w+(?:ed|en|wn|ne|ght)|read|had|got|met|won|lost|made|put|run|come|become)\b(?<!been)",
    re.I,
)
PAST = re.compile(
    r"^(?:(?:\w+ly|just|also|already|once) )*(?:\w+ed|went|took|bought|saw|ran|ate|drank|drove|flew|met|made|had|was|were|wrote|spent|sold|won|lost|gave|got|came|"
    r"read|sang|swam|broke|fell|felt|found|left|told|grew|did|built|paid|caught|taught|slept|heard|sent|began|became|hurt|quit|cut|put|said|thought|tried|knew|chose|"
    r"brought|wore|rode|threw|shot|woke|forgot|held|stood|led|beat|bit|rang|hit)\b",
    re.I,
)
TAIL = re.compile(
    r",? and (?=(?:then |now )?(?:is|are|has|became|becomes|works?|lives?|started|starts|drives?|uses?|it now|it's now|bought|got|moved|plays?|now)\b)",
    re.I,
)
CUES = frozenset(
    """now currently nowadays longer anymore again instead also another too well additionally moved changed change switched switch swapped traded replaced postponed
    rescheduled extended raised lowered upgraded downgraded promoted became become turned started start starts began stopped stop quit left lost sold cancelled canceled
    called named finished completed ended over died passed deleted got gotten get gets rid gave given give up away recovered healed repaired fixed fired laid new old recent
    recently just finally already still really very quite always often usually actually back used going will go came come been makes made make has have had takes took take
    frequently bit lot kind sort since yet ever never not no any some off out down paid decided found rather about around together both adopted entire whole complete current""".split()
)
LEAD = frozenset(
    """is are was were has have had been be being do does did not never can could will would just also really now still always often usually no longer currently recently
    finally already to going cannot t doesn isn don didn hasn haven wasn won s ve d ll absolutely both even only mostly sometimes probably gets got started began starts
    used regularly stopped quit""".split()
)

IDIOMS = tuple(
    (re.compile(pattern, re.I), plain)
    for pattern, plain in (
        (r"(\bfor [\w' ]+) now\b", r"\1"),
        (r"\bhad to (?:move|shift|push|change|reschedule|postpone) (.+?) to\b", r"moved \1 to"),
        (r"\b(?:can(?:'t|not) stand|hates|dislikes|detests)\b", "does not like"),
        (r"\b(?:is|are) (?:really |very )?(?:fond of|into|keen on|crazy about|a (?:big |huge )?fan of)\b", "likes"),
        (r"\blikes (.{3,40}?) (?:better|more) than (?=\w)", r"prefers \1 to "),
        (r"\b(?:would like|hopes|plans|is planning|intends|is hoping|would love|aims) to\b", "wants to"),
        (r"\bgoes (to [\w ]+?) (?:on foot|by foot)\b", r"walks \1"),
        (r"\btakes? (the [\w ]+?) for a walk\b", r"walks \1"),
        (r"\b(?:has got|is subscribed to|subscribes to|has a subscription (?:to|for))\b", "has"),
        (r"\bis able to\b", "can"),
        (r"\b(?:does(?: not|n't) care (?:about|for)|is(?: not|n't) interested in)\b", "does not like"),
        (r"\b(?:has become|became) an? (?:big |huge |real |total )?([\w ]+?) fan\b", r"likes \1 now"),
        (r"\bis an? (?:big |huge |real |total )?([\w ]+?) fan\b", r"likes \1"),
        (
            r"\bfor now\b|\bnow and (?:then|again)\b|\bright now\b|\bby now\b|\bnow that\b|\bjust now\b|\b(?:again and again|time and again)\b",
            "",
        ),
        (r"\bhas (?:come|grown|started|begun) to like\b", "likes now"),
        (r"\bare planning to\b", "want to"),
        (r"\bwas (?:hired|taken on) as\b", "now works as"),
        (r"\bgot to know\b", "met"),
        (r"\bgave birth(?: to)?\b", "had a baby"),
        (r"\bis an? ([\w ]*?)student\b", r"studies \1"),
        (r"\bon the phone\b", "by phone"),
    )
)


# What else somebody may call it who asks: "What is my job?" for "works as a nurse".
_ASKED_AS = {
    "dog cat puppy kitten rabbit hamster parrot horse budgie tortoise goldfish": "pet animal",
    "sister brother": "sibling family",
    "son daughter baby twins stepson stepdaughter": "child kid family",
    "wife husband": "spouse partner married marry family",
    "girlfriend boyfriend fiancé fiancée": "partner",
    "mother father mum mom dad": "parent family",
    "works employed employer hired teaches runs manages repairs sells delivers cleans": "job work living career employer occupation",
    "lives moved renting flat apartment": "live home city town address",
    "allergic intolerant": "allergy intolerance",
    "called named": "name",
    "born": "birthday birth",
    "old years": "age",
    "drives": "car drive job work living",
    "speaks fluent": "language",
    "vegetarian vegan": "diet eat meat",
    "graduated studies studied": "degree subject study university",
    "likes loves enjoys prefers favourite favorite": "favourite favorite like love",
    "hates dislikes afraid": "hate dislike scared scare",
}
ASKED_AS = {stem(word): frozenset(map(stem, asked.split())) for words, asked in _ASKED_AS.items() for word in words.split()}
"""The stem of a word in a memory, and the stems of those by which it may be asked for."""


def canonical(word: str) -> str:
    """One spelling for words that mean the same here: a stem."""
    low = word.casefold()
    return stem(SAME.get(low, low))


def content_stem(word: str) -> str:
    """The canonical stem of a word, with verbs of one meaning as one (loves, enjoys: like)."""
    for ending, put in (
        ("", ""),
        ("ies", "y"),
        ("ing", ""),
        ("ing", "e"),
        ("es", ""),
        ("es", "e"),
        ("s", ""),
        ("ed", ""),
        ("ed", "e"),
        ("ned", "n"),
        ("ning", "n"),
    ):
        if word.endswith(ending) and (base := word[: len(word) - len(ending)] + put) in VERBS:
            return stem(VERBS[base])
    return canonical(word)


def stems_of(text: str) -> frozenset[str]:
    """Content stems of a text in one spelling, numbers and days of the week included; cue words such as "now" are not."""
    words = [word for word in tokens(text) if word != "user" and word not in CUES]
    return frozenset(NUMBER_WORDS.get(word) or content_stem(word) for word in words if word not in STOP_WORDS or word in NUMBER_WORDS)
