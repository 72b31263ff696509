"""What people leave out when they type: the subject ("sold the van"), "my" ("rent is 900"), the verb ("dentist on Thursday").

Each function gives the words back with what was left out, or as they were. Patterns name what is left out by the words
that are there, and ask that nothing else in the clause is a verb, so that headings and requests stay what they are.
"""

from __future__ import annotations

import re

from chatmem.memory.time_words import DAYS, SHORT_DAYS

_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|april?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_DAY = rf"(?:(?:{'|'.join(DAYS)})s?|{SHORT_DAYS})"
_NAMED = r"(?-i:[A-ZÀ-Þ])[\w'-]+"
_COUNT = r"(?:\d|two|three|four|five|six)"

# ---------------------------------------------------------------- "my"

_KIN = (
    "mum|mom|mummy|mommy|mama|dad|daddy|papa|gran|granny|grandma|nana|nan|nonna|nonno|oma|opa|grandad|grandpa|(?:step)?daughter|(?:step)?son|grandson|granddaughter|twins|sister|sis|brother|bro|"
    "wife|husband|hubby|missus|partner|girlfriend|gf|boyfriend|bf|fiancée?|nephew|niece|cousin|uncle|aunt|auntie|boss|landlord|landlady|lodger|flatmate|roomm?ate|housemate|neighbou?r|cleaner|"
    "best (?:friend|mate)|mate|friend|colleague|ex(?= (?:has|is|was|wants|got)\b)|eldest|youngest|baby(?! (?:shower|monitor|food|clothes|names?)\b)|toddler|newborn|(?:brother|sister|mother|father)[ -]in[ -]law|dog|cat|puppy|kitten"
)
_BARE_KIN = re.compile(
    rf"(?:^|(?<=, )|(?<=\band )|(?<=\bbut )|(?<=\bso ))(?:the (?=wife\b|missus\b|husband\b|kids\b))?(?P<who>{_KIN}|(?<=the )kids)"
    rf"(?=(?: {_NAMED}){{0,2}}(?: and (?:i|me)\b|'s \w"
    r"| (?:is|are|was|were|has|have|had|can|can't|will|won't|isn't|doesn't|went|came|got|made|took|lost|broke|told|gave|said|fell|bought|sold|left|born|ate|flew|drove|ran|won|began|grew|spent|paid|sent|caught|taught|felt|kept|met|quit|put|hit|cut|wrote|slept|forgot|chose|just|also|still|always|never|now|(?!jokes|bods?\b|news\b|names\b|food\b|plus\b|stuff\b|steps\b|clothes\b|photos\b|pics\b)\w{2,}(?:s|ed))\b))",
    re.IGNORECASE,
)
_BARE_THING = re.compile(
    r"^(?:the )?(?P<what>(?:current |new |old )?(?:rent|mortgage|salary|wages?|pay|pension|take[ -]home(?: pay)?|commute|blood pressure|cholesterol|fave \w+|favou?rite \w+|birthday|bday|anniversary|visa|passport|divorce|hayfever|asthma|eczema"
    r"|phd defen[cs]e|viva|braces|cast|stitches|tattoo|laptop|phone|car|bike|boiler|kitchen|allotment|driving (?:test|theory)|theory test|contract|(?:knee|hip|back|eye|shoulder|cataract|hernia) (?:op|operation|surgery|replacement))"
    r"(?='s (?:an?|on|in|at|gone)\b| (?:is|are|was|were|has|have|just|went|came|come|got|now|died|broke|expires|runs out|starts|ends|being|keeps|booked|approved)\b))",
    re.IGNORECASE,
)
_PARENT = re.compile(
    r"\b(?P<before>see|saw|seeing|visit|visited|visiting|to|at|with|call|called|told|tell|from|took|taking|rang|help|helped|helping|drove|driving) (?P<who>mum|mom|dad|gran|granny|grandma|nan|nana|grandad|grandpa)\b"
)
_THE_THING = re.compile(
    r"^the (?P<what>wedding|(?:upstairs |downstairs |next[- ]door |new )?neighbou?rs?|washing machine|dishwasher|heating|(?:shed )?roof|fridge|freezer|oven|bathroom|loft|basement|house sale|boiler guy|plumber|builders?|operation|surgery|scan|mortgage|new (?:manager|boss|job|flat|car|sofa|kitchen))"
    r"(?= (?:is|are|was|were|has|have|got|went|came|broke|died|fell|moved|starts?|finally|just|still)\b)",
    re.IGNORECASE,
)
_NO_APOSTROPHE = re.compile(
    r"\b(wife|husband|mum|mom|dad|sister|brother|gf|bf|rent|landlord)s(?= (?:\d|side\b|birthday\b|bday\b|gone\b|going\b|selling\b|moving\b))",
    re.IGNORECASE,
)


def with_my(text: str) -> str:
    """Relatives, pets and things at the beginning of a clause as one's own: "mum's in hospital", "rent is 900" -> "my ..."."""
    text = _NO_APOSTROPHE.sub(r"\1's", text)
    text = _BARE_KIN.sub(lambda m: f"my {m['who'].lower()}", text)
    text = _BARE_THING.sub(lambda m: f"my {m['what'].lower()}", text)
    text = _THE_THING.sub(lambda m: f"my {m['what'].lower()}", text)
    text = _PARENT.sub(r"\g<before> my \g<who>", text)
    return re.sub(r"^(my (?:(?!was\b|is\b|were\b|got\b|just\b)\w+ ){1,3})(?=born\b|booked\b|approved\b)", r"\1was ", text)


_FAMILY = (
    r"(?:step|half)?-?(?:sister|sis|brother|bro|mother|father|mum|mom|dad|son|daughter|wife|husband|cousin|aunt|auntie|uncle|niece|nephew|grandson|granddaughter|girlfriend|boyfriend|gf|bf|fiancée?|partner|ex|friend|mate|helper|boy|girl|kid|eldest|oldest|youngest"
    r"|flatmate|roommate|housemate|colleague|coworker|neighbou?r|boss|manager|coach|landlord|landlady|teacher|trainer|dog|cat)(?:-in-law| in law)?"
)
_NO_SMALL_NAME = (
    r"who|and|the|that|this|for|from|with|but|wrong|right|not|was|has|had|are|were|got|did|does|can|will|would|could|should|may|might|must|just|also|never|always|still|now|then|too|all|both|each|one|two|three|four|five|six|seven"
    r"|said|told|gave|went|came|made|took|left|lost|sold|bought|paid|sent|lent|met|put|let|ran|won|quit|hit|hurt|broke|fell|grew|found|kept|thought|knew|wrote|spoke|taught|rang|called|back|out|off|up|down|along|round|around|home|away|over|here|there|when|where|while|because|since|about|into|like|than|after|before|again|today|tomorrow|yesterday|tonight"
    r"|his|her|its|our|their|him|them|you|your|she|they|want|need|know|think|live|work|come|have|wins|lives|works|says|wants|needs|comes|goes|plays|loves|hates|likes|thinks|knows|keeps|gets|gives|takes|makes|lost|first|last|next|only|really|finally|recently|already|actually|apparently|group|club|team|food|bed|toy|house|birthday|bday|wedding|party|baby|side|family|job|room|place|thing|stuff|name|names|lessons?|class|day|drama|problems?|issues?|advice|situation|says|cooks|teaches|coaches|owes|ate|has"
)
_SMALL_NAME = re.compile(
    rf"\b(?P<who>(?:my|our|his|her|their|an?|this|the) (?:(?:[\w-]+ ){{0,2}}?(?:{_FAMILY})|(?:[\w'-]+ ){{0,3}}?[\w'-]+(?=,? (?:called|named)\b)),?(?: (?:called|named|is called))?) "
    rf"(?P<name>(?!(?:{_NO_SMALL_NAME})\b)[a-zß-ÿ]{{3,}}(?<!ing)(?<!ed))(?='s |,| (?:is|was|has|who)\b|(?<!s) (?:had|and|to|for|[a-z]+s|[a-z]+ed|got|came|went|gave|lent|broke|left|took|found|made|put|did|in|at|from)\b|$)"
)


def with_names(text: str) -> str:
    """The names of relatives and of people called so with their capital: "my cousin pania lives", "a cook called hamza"."""
    return _SMALL_NAME.sub(lambda m: f"{m['who']} {m['name'].capitalize()}", text)


_THEY = (
    r"(?:they|(?:(?:the|my|our) )?(?:landlord|landlady|doctors?|doc|dr\.? [\w-]+|gp|consultant|hospital|dentist|clinic|vet|boss|manager|work|school|nursery|council|bank|airline|garage|surgery|test centre))"
    r"(?:'ve|'s| have| has)?(?: just| now)?"
)
_RANG = re.compile(
    rf"^(?:the |my )?[\w ]{{3,20}} (?:rang|called|phoned|emailed|texted|wrote)(?: me| back| today| yesterday| this morning)?,? (?:and )?(?={_THEY} )",
    re.IGNORECASE,
)
_PUT_ME = re.compile(
    rf"^{_THEY} (?P<verb>put|moved|switched|started|took|changed|bumped|upped|got) me (?P<to>(?:back )?(?:on|onto|to|off|down to|up to)\b.*)$",
    re.IGNORECASE,
)
_MOVED_ME = re.compile(
    rf"^(?:the |my )?(?P<who>dentist|doctors?|gp|optician|physio|vet|hairdresser|consultant|clinic|hospital|therapist)(?:'s|'ve| has| have)?(?: rang| called)?,?(?: and)?(?: they(?:'ve| have)?| he| she)?(?: just| now)? (?P<verb>moved|pushed|rescheduled|bumped|shifted|changed|switched) me"
    rf"(?: back| forward| up)? (?P<to>(?:to|until|till) (?:(?:next|this) )?(?:the )?(?:\d|tomorrow|{_DAY}\b|{_MONTH}\b)[^,]*)",
    re.IGNORECASE,
)
_PUT_MINE = re.compile(
    rf"^{_THEY} (?P<verb>put|moved|pushed|rescheduled|shifted|postponed|cancelled|canceled|doubled|halved|raised|lowered|increased|reduced|cut|changed|upped|brought|delayed) (?:the|my|our|(?=(?:mum|mom|dad|gran|nan)'s )) ?"
    r"(?P<what>[\w' -]{3,30}?)(?P<how>(?: up| down| back| forward)?(?: to\b.*| by\b.*| until\b.*| from\b.*)?)$",
    re.IGNORECASE,
)


def done_to_me(clause: str) -> str:
    """What others did to the user or to what is theirs, said of these: "they put me on days" -> "I was put on days", "landlord put the rent up to 900" -> "my rent was put up to 900"."""
    if match := _MOVED_ME.match(clause):
        return f"my {match['who'].lower()} was {match['verb'].lower()} {match['to']}"
    clause = _RANG.sub("", clause)
    if match := _PUT_ME.match(clause):
        return f"I was {match['verb'].lower()} {match['to']}".replace("was took", "was taken").replace("was got", "was put")
    if (match := _PUT_MINE.match(clause)) and match["how"].strip():
        several = re.search(r"(?:[^s]s|teeth|feet)$", match["what"]) is not None
        return f"my {match['what']} {'were' if several else 'was'} {match['verb'].lower()}{match['how']}"
    return clause


# ---------------------------------------------------------------- "I", "I'm", "I have"

_ADVERBS = r"(?:(?:just|finally|recently|already|also|actually|even|still|currently) )*"
_NO_VERB = r"(?![^,(]*\b(?:is|are|was|were|has|have|had|makes?|made|gives?|gave|helps?|helped|can|will|would|takes?|took|keeps?|kept|brings?|feels?|felt|seems?|isn't|it's|sucks|sounds)\b)"
"""No verb up to a comma: "moving to Rome is hard" is about moving, not about who writes."""
_NO_PRONOUN = r"(?! (?:it|that|this|you|ya|me|them|by|to be|so|some (?:ideas|tips)|any)\b)"

_DID = (
    r"got|had|went|bought|started|finished|moved|met|found|lost|won|spent|visited|joined|signed up|adopted|broke|quit|left|came back|booked|passed|ran|began|completed|attended|planted|baked|cooked|painted|tried|hiked|taught|wrote|"
    r"graduated|returned|celebrated|hosted|organi[sz]ed|volunteered|performed|competed|sold|tore|failed|switched|swapped|dropped|studied|gave up|packed in|pulled out of|dropped out of|handed in|cancell?ed|resigned|retired|paid|borrowed|ordered|"
    r"applied|enroll?ed|registered|sprained|injured|slipped|ended up|fell|entered|picked up|rented|hired|rescued|fostered|proposed|received|built|repaired|renewed|dyed|swam|climbed|cycled|made an offer|grew up|buried|didn't get|defended|cut down (?:to|on)|cut back (?:to|on)"
    r"|stopped(?= (?:\w+ing|the|my)\b)|(?:put|closed)(?= (?:my|the)\b)|gave(?= my\b)|hurt(?= my\b)|cut(?= (?:my|our)\b)"
    rf"|(?:saw|took|played)(?= (?:my|our|{_NAMED})\b)|flew(?= (?:to|back|home)\b)|walked(?= to\b)"
)
_DO = (
    rf"want to(?= (?:do|go|visit|learn|buy|move|become|start|quit|run|climb|see) )|owe(?= (?:my|the|a|{_NAMED})\b)|only (?:have|eat|drink)|(?:don't|do not) (?:eat|drink|drive|smoke|live)|can't (?:eat|drink|drive|swim|stand)|live(?= (?:in|with|on|near|alone)\b)|work(?= (?:as|at|for|nights|from home|in {_NAMED})\b)"
    r"|speak(?! (?:to|up|of|soon|with)\b)|(?:hate|love|dislike)(?! (?:it|that|this|these|those|you|your|how|when|to|the way|u)\b)|(?:swim|run|cycle|walk|train|jog)(?= .*\b(?:every|most|each|twice|times|\dx)\b)"
)
_AM = (
    rf"done with|over (?=(?:the|my) )(?!.*\b(?:weekend|moon|counter|top|years|holidays|summer|winter|next|last|past)\b)|allergic to|scared of|terrified of|no longer (?:an? )?[\w-]+(?=$|,)|not (?:a (?:big |huge )?fan of|with {_NAMED})|not (?:moving|going|getting|buying|taking|starting|leaving|quitting|selling)(?! (?:to (?:lie|bother|say)|it|there)\b)"
    r"|off (?:the|my)(?= \w+ (?:now|completely|for good)\b)|off (?:work|sick|sugar|alcohol|meat|caffeine|dairy)|back (?:on|in|at|from)(?! (?:it|track|time|hold|the (?:day|net|phone))\b)|on (?:a|an|the) (?:\w+ )?(?:visa|waiting list|diet|pill|night shift)"
    rf"|turning \d+|(?:living|staying) (?:in {_NAMED}|with|at)|getting (?:married|divorced|my)|flying (?:back )?to|starting (?:an?|my) (?:new )?(?:job|phd|course|degree|masters?|business|diet|internship)|going to (?:the|see|visit|start|move|study|buy|get|continue|take)"
    rf"|planning (?:to|on|a)|thinking (?:of|about)|hoping to|learning(?! (?:curve|about|more|that)\b)|training for|saving (?:up )?for|working (?:on|as|at|for|from|weekends|nights|days|evenings|mornings|shifts|part[- ]time|full[- ]time)|going for (?:an? )?(?:coffee|drinks?|dinner|lunch|brunch|meal|curry|pint|walk|run|swim|scan|interview|test|check-?up)|from (?={_NAMED}(?:$|,| originally\b| but\b| though\b))|moving (?:to {_NAMED}|into (?:a|an|my|the)|out|in with|house|back)|trying to (?:save|lose|quit|learn|find|buy|sell|cut|stop|get (?:fit|pregnant|into|an?|my))|(?:putting|paying) [£$€]?\d[\d.,]*|seeing (?:the|my|a)|(?:visiting|meeting) (?:my|{_NAMED})"
    r"|expecting (?:our|my|a)|doing (?:a|an|my|the|dry)|having (?:surgery|my|an operation|an op)|driving (?:to|up to|down to)|looking after|running (?:the|a) (?:\w+ )?(?:club|shop|caf[eé]|bakery|business|group|team)|picking up my|renting|teaching|studying|recovering from|engaged to|married to|retired from"
    r"|due(?= [^,]*\bwith (?:our|my|baby|twins|a)\b)"
)
_STATE = r"sober|vegan|vegetarian|teetotal|single|divorced|widowed|retired|married|unemployed|pregnant|self[- ]employed|gluten free|dairy free|clean"
_ELLIPTIC = tuple(
    (lead, re.compile(rf"^{_ADVERBS}(?P<rest>(?:{pattern}).*)$", re.IGNORECASE))
    for lead, pattern in (
        ("I was", r"born (?:and raised )?in\b"),
        ("I've", rf"(?:been \w+ing|been (?:an? |the )?(?!\w+ing\b)\w+(?= (?:for|since)\b)|been (?:in|at|with) (?:{_NAMED} )+(?=\d)|gone (?:fully |completely )?(?:vegan|vegetarian|gluten free|dairy free|teetotal|sober))\b{_NO_VERB}"),
        ("I've been", rf"(?:{_STATE})(?= (?:since|for|\d+ (?:years?|yrs?|months?|weeks?))\b)"),
        ("I'm", rf"(?:{_AM})\b{_NO_VERB}"),
        ("I'm", r"(?:colou?r[- ]?blind|dyslexic|coeliac|celiac|diabetic|lactose intolerant|left[- ]handed|shortsighted|asthmatic)(?=$|,| \(| (?:btw|so|and)\b)"),
        ("I", rf"(?:{_DO})\b"),
        ("I have", r"no more (?!than\b|to\b|of\b)\w+(?=$|,)"),
        ("I", r"(?:haven't|have not) \w+ (?:my|the|an?)\b"),
        ("I have", r"no (?:kids|children|car|oven|pets|siblings|partner|garden|balcony|dishwasher|microwave|freezer|licen[cs]e|job)(?=$|,|[ .](?!is\b|are\b|in\b))"),
        ("I have", rf"{_COUNT} (?:cats?|dogs?|kids|children|sons|daughters|brothers|sisters|siblings|grandkids|grandchildren|exams|jobs)\b{_NO_VERB}"),
        ("I", rf"(?:{_DID})(?= ){_NO_PRONOUN}"),
    )
)  # fmt: skip
_APPOINTMENT = re.compile(
    r"^(?:(?:got|have) )?(?:(?:my|a|an|the|another) )?(?P<what>(?:dentist|doctors?|gp|optician|physio|vet|hairdresser|haircut|job interview|interview|exam|mri|ct|x-?ray|blood test|root canal|filling|smear(?: test)?|(?:flu )?jab|hip replacement"
    r"|(?!this |that |any |next )[a-z]+ (?:exam|test|lesson|interview|appointment|scan|op|operation|surgery|theory)|driving test|mot|scan|inspection|check-?up|half marathon|marathon|appointment|viewing|flight|parents evening|choir|yoga|football|swimming|band practice|rehearsal|therapy|book club)"
    rf"(?: (?:in|at|with|w/|to|booked for) (?:the )?[\w']+)??) (?P<when>(?:on |at |in |this |next |for |every )?(?:the )?(?:\d|tomorrow|tonight|today|week\b|month\b|{_DAY}\b|{_MONTH}\b).*)$",
    re.IGNORECASE,
)


_KINSHIP = (
    r"(?:(?:half|step)[- ]?)?(?:brother|sister|mother|father|mum|mom|dad|son|daughter)(?:[- ]in[- ]law)?|grand(?:son|daughter|mother|father|ma|pa|dad)|gran|nan|niece|nephew|cousin|aunt|auntie|uncle|wife|husband|partner|girlfriend|boyfriend|gf|bf|fiancée?|ex"
    r"|eldest|oldest|youngest|(?:best )?(?:friend|mate)|flatmate|roommate|housemate|neighbou?r|boss|manager|colleague|landlord|landlady|lodger|dog|cat|puppy|kitten|rabbit|hamster|horse"
)
_IS_MY = re.compile(
    rf"^(?!(?:he|she|it|this|that|these|here|there|who|what|where|how|which|his|her|god|love|music|work|home|one|someone|nobody|everyone|today|yes|no|so|and|but|also|only|not|now)\b)(?P<name>{_NAMED}(?: {_NAMED})?)(?:,? (?:is|that's|thats|who is|who's)|'s) my (?P<kin>{_KINSHIP})(?=$|[,.!]| (?:not|btw|and|but|so)\b)",
    re.IGNORECASE,
)
_NO_THING = r"(?!(?:i|i'm|im|it|that|this|what|who|how|when|where|why|is|are|am|was|were|get|got|well|all|both|half|nothing|everything|not|never|he|she|they|we|you|job|one|already|just|finally|have|has|had|be|been|my|if|so|to|mission|no|can|be|being|feel|feeling|a|an)\b)"
_THING = rf"(?:(?:the|my) )?(?P<what>{_NO_THING}(?:[a-z][\w-]+ ){{0,2}}?{_NO_THING}[a-z]{{3,}})"
_DONE = re.compile(
    rf"^{_THING} (?:(?:was|got|has been) )?(?P<done>lost|smashed|stolen|nicked|approved|cancelled|canceled|broken|sold|postponed|rejected|renewed|expired|repaired)"
    r"(?=$|[,.!]| (?:again|on|at|in|by|as of|yesterday|today|last|this|now)\b)(?P<rest>.*)$",
    re.IGNORECASE,
)
_COLON = re.compile(rf"^{_THING}: (?P<done>gone|dead|done|sold|approved|broken|cancelled|canceled|finished|over|postponed|rejected)(?=$|[,.!])")
_STUDY = re.compile(
    r"^(?:an? )?(?P<what>phd|masters?|msc|mba|bsc|bachelors?|apprenticeship|degree) in (?P<of>[a-z]+(?: [a-z]+){0,2})(?=$|[,.!])(?! (?:is|was|worth)\b)",
    re.IGNORECASE,
)


def _of_a_thing(piece: str) -> str:
    """A clause without verb about somebody or something of the user's, with both: "hearing aid lost" -> "my hearing aid was lost"."""
    if match := _IS_MY.match(piece):
        return f"my {match['kin'].lower()} is called {match['name']}"
    if match := _DONE.match(piece):
        return f"my {match['what'].lower()} was {match['done'].lower()}{match['rest']}"
    if match := _COLON.match(piece):
        return f"my {match['what'].lower()} is {match['done'].lower()}"
    if match := _STUDY.match(piece):
        return f"I'm doing a {match['what']} in {match['of']}"
    return piece


def whole(piece: str) -> str:
    """An elliptic clause with its subject, and its verb: "just got back from Rome" -> "I just got back from Rome"."""
    if (said := _of_a_thing(piece)) != piece:
        return said
    for lead, pattern in _ELLIPTIC:
        if match := pattern.match(piece):
            rest = re.sub(r"^(no longer [^,]+),.*$", r"\1", piece if lead in ("I", "I'm") else match["rest"], flags=re.IGNORECASE)
            return f"{lead} {rest[:1].lower()}{rest[1:]}"
    if (match := _APPOINTMENT.match(piece)) and not re.search(r"\b(?:is|was|are)\b", match["what"]):
        what = match["what"][:1].lower() + match["what"][1:]
        if re.match(r"(?:dentist|doctors?|gp|optician|physio|vet|hairdresser)\b", what):
            return f"I have the {what} {match['when']}"
        if re.match(r"(?:choir|yoga|football|swimming|band practice|rehearsal|therapy|book club)\b", what):
            return f"I have {what} {match['when']}"
        return f"I have {'an' if what[0] in 'aeiou' else 'a'} {what} {match['when']}"
    return piece


# ---------------------------------------------------------------- who writes

_HERE = re.compile(
    r"^(?:(?:hi|hello|hey|hiya)\b[,! ]*)?(?P<who>(?-i:[A-Z])[a-z]+(?: (?-i:[A-Z])[a-z]+)?|left[- ]handed|colou?r[- ]blind|dyslexic|vegan|vegetarian|coeliac|celiac|(?:type [12] )?diabetic|autistic|deaf|(?:\w+ )?[a-z]{3,}(?:er|or|ist|ian|eer|nurse|student|dad|mum|mom)) here(?:,| so\b| and\b| -|[.!]?$)[, ]*",
    re.IGNORECASE,
)
_AGED = re.compile(r"^(?P<age>[1-9]\d)(?:,| and| here,?) (?=[a-z])(?!\d|or\b|if\b|to\b)", re.IGNORECASE)


_OF_A_PEOPLE = re.compile(
    r"(?!(?:Brian|Ian|Adrian|Vivian|Lill?ian|Sebastian|Gillian|Jillian|Christian|Fabian|Damian|Julian|Florian|Dorian|Jean|Sean|Dean|Trish|Reese|Therese)$)[A-Z][a-z]+(?:ish|ese|ian|ean|can)$"
    r"|(?:Greek|Dutch|Welsh|French|Czech|Swiss|Thai|Iraqi|Israeli|Pakistani|Kuwaiti|Nepali|Bengali|Punjabi|Hindu|Muslim|Catholic|Sikh|Buddhist|Doctor|Mr|Mrs|Ms|Dr|Prof|Father|Mother|Type|Team)\b"
)
"""“I'm Greek”: no name."""
GREETING = r"(?:hi|hiya|hello|hey|good (?:morning|afternoon|evening))(?: there| all| again)?"
_GREETED = re.compile(
    rf"^{GREETING}[,!. ]+(?:i'm|i am|my name's|the name's|it's|this is) "
    r"(?P<name>(?-i:[A-ZÀ-Þ])[\w'-]+(?: (?-i:[A-ZÀ-Þ])[\w'-]+)?)(?!, (?:[1-9]\d|an? ))"
    r"(?=,? (?:(?P<from>from )|and (?:i'm|i am|i)\b|btw\b)|[,.!]|$)[,.!]? ?(?:btw)?",
    re.IGNORECASE,
)


def who_writes(text: str) -> tuple[str, str]:
    """What a message says of its writer at its beginning, as a clause, and the rest: "Wanjiru here, ...", "beekeeper here", "54, never ..."."""
    if match := _HERE.match(text):
        who = match["who"]
        role = who.islower() and re.search(r"(?:er|or|ist|eer|nurse|student|dad|mum|mom)$", who)
        return f"I'm {'an ' if role and who[0] in 'aeiou' else 'a ' if role else ''}{who}", text[match.end() :]
    if match := _AGED.match(text):
        return f"I'm {match['age']}", text[match.end() :]
    if (match := _GREETED.match(text)) and not _OF_A_PEOPLE.match(match["name"]):
        return f"my name is {match['name']}", f"{'I am ' if match['from'] else ''}{text[match.end() :].removeprefix(',').lstrip()}"
    return "", text
