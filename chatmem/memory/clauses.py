"""A sentence cut into clauses that can each stand alone as a first-person statement."""

from __future__ import annotations

import re

from chatmem.memory.fragments import done_to_me, whole, with_my, with_names
from chatmem.memory.time_words import DAYS, MONTHS

_SPOKEN = {
    "im": "I'm",
    "ive": "I've",
    "dont": "don't",
    "doesnt": "doesn't",
    "cant": "can't",
    "wont": "won't",
    "didnt": "didn't",
    "isnt": "isn't",
    "wasnt": "wasn't",
    "arent": "aren't",
    "havent": "haven't",
    "hes": "he's",
    "shes": "she's",
    "theyre": "they're",
    "gonna": "going to",
    "wanna": "want to",
    "xmas": "Christmas",
}
_OPENER = re.compile(
    r"^(?:(?:dear (?:assistant|friend|diary|companion)|well|so|oh|ok|okay|yes|yeah|yep|yup|yea|no(?! (?:longer|more|kids|children|car|oven|pets|siblings|partner|garden|balcony|dishwasher|microwave|freezer|licen[cs]e|job)\b)|nope|hi|hey|hello|hi there|hello there|hey there|anyway|anyways|also|and|but|or|plus|then|because|cause|cuz|btw|by the way|actually|honestly|to be honest|tbh|fyi|"
    r"you know|you see|you know what|guess what|i mean|sorry|sorry i mean|no wait|wait|i was wrong|my mistake|correction|long story short|okay so|some background|background|good morning|good evening|good news|great news|big news|"
    r"just so you know|fun fact|for context|for the record|as you know|as i said|like i said|turns out|(?:i )?changed my mind|scratch that|scrap that|never mind|i(?:'ve)? (?:already )?told you(?: already| before)?(?: that)?(?= (?:i|my)\b|,)|luckily|unfortunately|sadly|happily|thankfully|fortunately|definitely|totally|absolutely|exactly|true|of course|sure|wow|aww?|yay|woohoo|"
    r"thanks|thank you|thanks so much|thanks a lot|haha|nice|cool|awesome|great|amazing|oh my god|omg|oh no|right|true that|i must say|i(?: just| also| recently)? (?:realized|realised|remembered|noticed)(?: that)?(?= (?:i|my)\b)|i(?:'ve)? (?:must )?(?:mention|say|forgot to mention)(?: that)?(?= (?:i|my)\b)|i forgot to mention(?: that)?|speaking of which|in fact|on a different note|on another note|besides|though|however|still|quick one|update|quick update|news|"
    r"ps|pps|real talk|not gonna lie|ngl|ugh|argh|personally|overall|basically|apparently|instead|otherwise|today|right now|nowadays|these days|lately|now|currently|at the moment)\b(?:(?<=thanks) [A-Z]\w+|, [A-Z][a-z]+(?=[,!.-]))?[,:!;.… -]*)+",
    re.IGNORECASE,
)
_TIMES_OF_OPENER = re.compile(r"\b(today|right now|nowadays|these days|lately|now|currently|at the moment)\b[,:!;. ]*$", re.IGNORECASE)
_NAMED = re.compile(
    r"^(?!yesterday|tomorrow|tonight|today|recently|sometimes|usually|normally|generally|earlier|later|growing|once|afterwards)(?-i:[A-Z])[a-z]+, (?=(?:i|we|my|our|i'm|i've)\b)",
    re.IGNORECASE,
)
_SUBJECT = r"(?:i|i'm|i've|i'll|i'd|we|we're|we've|we'll|my|our)\b"
_OTHER = r"(?:(?:he|she|it|they)(?:'s|'re|'ve)?|his|her|its)\b"
FIRST = re.compile(rf"^{_SUBJECT}", re.IGNORECASE)
_FINITE = r"(?:is|are|was|were|has|have|had|can|can't|does|doesn't|did|didn't|will|isn't|wasn't|loves?|hates?|likes?|plays?|works?|lives?|goes|went|came|got|made|took|runs?|moved|studies|makes?|wants?|needs?|gets?|speaks?|teaches|meets?|comes|gave|told|bought|kept|left|broke|lost|found|won|sold|took|ate|fell|quit|died|closed|\\w{3,}ed)\\b"
_SPLIT = re.compile(
    rf"(?:,? and (?=(?:(?-i:[A-Z][a-z]+)|(?:my|our) [\w-]+(?: (?-i:[A-Z])[a-z]+)?) and i\b)|,? (?:and|but|so|plus|then|(?:even )?though|although|yet|whereas) (?:then |also |now |so )?(?=(?:i|i'm|i've|i'll|i'd|we|we're|we've|we'll)\b|(?:my|our) (?:[\w'-]+ ){{1,4}}?{_FINITE})"
    rf"|,? (?:and|but|so) (?=(?:last|next|this) (?:week|month|year|night|weekend|\w+day),? (?:i|we)\b)|, (?=(?:just|recently|finally) (?:got|finished|came|started|bought|moved|returned)\b)|, (?=(?:now|these days|nowadays) (?:i|i'm|we|we're|it's|it is)\b)|, (?=got (?:laid off|fired|promoted|engaged|married|divorced)\b)|,? (?:and|but|so) (?=the [\w-]+(?: [\w-]+)? (?:is|was|are|were|got|has been)(?: now)? (?:moved|put off|put back|pushed|postponed|cancelled|canceled|delayed|brought forward|called off)\b)|, (?=had to (?!be\b)\w+ )|, (?=(?:the |my |our )?(?:first|next|last|final) (?:[a-z]+ ){{1,2}}(?:is|starts|was) )|, (?={_SUBJECT} (?!own\b)[\w']+ ?)|: (?={_SUBJECT})|,? (?:so|and) (?=please\b)|,? (?:and|but|so) (?={_OTHER} [\w']+)|, (?={_OTHER} ?[\w']+))",
    re.IGNORECASE,
)
_PAIR = re.compile(
    r"^(?:(?:my|our) (?:[\w-]+ ){0,2}(?:wife|husband|partner|girlfriend|boyfriend|sister|brother|mother|mom|mum|father|dad|son|daughter|cousin|friends?|kids|family|fam|team|teammates|colleagues?|buddy|buddies|dogs?|cat|roommate|flatmate|bf|gf|hubby|ex|mate|fiancée?|sis|bro|husband|parents|class|crew|neighbou?r|boss|in law|in-law|aunt|uncle|children|group)"
    r"(?: (?-i:[A-Z])[\w'-]+)?|(?-i:[A-Z])[a-z]+|me)$",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"(?:,|\s[-–—])? (?:and |so |but )?(?=(?:what|where|which|who|how|why|when|any|can you|could you|do you|did you|would you|will you|should i|is there|are there|is it|got any|know any|have you|are you|what's|how's|any idea|please|do i|can i|i was wondering|i wonder|i'm wondering|i'm curious)\b)|,\s*(?=(?:right|isn't it|don't you think|you know|ok|okay|correct|no)\W*$)",
    re.IGNORECASE,
)
_LEADING = re.compile(
    rf"^(?P<lead>(?:in|on|at|for|during|after|before|since|from|until|by|over|with|every|each|last|next|this|when|while|because|once|as soon as|ever since|although|though|"
    rf"yesterday|tomorrow|tonight|recently|earlier|later|sometimes|usually|normally|generally|most (?:days|mornings|evenings|weekends)|(?:a|two|three|four|five|six|seven|eight|nine|ten|\d+|a few|a couple of|several) (?:days?|weeks?|months?|years?|weekends?) ago|"
    rf"the (?:day|week|weekend|month|year|other|last|first|next)|(?:mon|tues|wednes|thurs|fri|satur|sun)day|back in|growing up|as a (?:kid|child|teenager|student|family|hobby)|for (?:my|our|the past|the last))\b[^,;]{{0,90}}?)(?P<comma>,)? (?=(?P<subject>{_SUBJECT}))",
    re.IGNORECASE,
)
_SUBORDINATE = re.compile(
    r"^(?:when|while|because|once|as soon as|ever since|although|though|after|before|since|until)\b(?=.*\b(?:i|i'm|i've|we|my|he|she|it|they|was|were|is|got)\b)",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"^(?:being|as|since i'm|since i am) (?P<role>an? [\w' -]{3,60}?|the (?:only|eldest|oldest|youngest) [\w' -]{3,40}?), ?(?P<rest>.*)$",
    re.IGNORECASE,
)
_GIVEN = re.compile(rf"^(?:since|as|given that|now that|seeing as|because) (?={_SUBJECT})", re.IGNORECASE)
_REASON = re.compile(
    rf"^(?:since|because|given that|now that|although|though|seeing as) (?P<reason>{_SUBJECT} [^,;]{{6,160}}), (?P<rest>\S.*)$", re.IGNORECASE
)
_CLEFT = re.compile(
    rf"^(?:it's|it is|it was|its) (?P<what>[^,]{{2,40}}?),? not [^,]{{2,40}}?,? (?P<link>that|where|when|which)? ?(?P<rest>{_SUBJECT} .+)$",
    re.IGNORECASE,
)
_CORRECTIONS = (
    # “My name is not Nora, it's Norah”
    re.compile(
        r"^(?P<what>(?:my|our) [\w' -]{2,40} (?:is|are)|i'm|i am|(?-i:[A-Z][a-z]+) is) not (?P<old>(?:an? |the )?[\w'-]+(?: [\w'-]+)?)(?:,|\.| -| but|;) (?:but )?(?:it's|its|it is|he's|she's|he is|she is|they're|i'm) (?P<new>[^,.;]{2,60})$",
        re.IGNORECASE,
    ),
    # “I'm 43 not 34”
    re.compile(
        r"^(?P<what>(?:my|our) [\w' -]{2,40} is|i'm|i am) (?P<new>(?:on |in |at )?[\w'-]+) not (?:on |in |at )?(?P<old>\d+\w*|(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?-i:[A-Z])[\w'-]+)$",
        re.IGNORECASE,
    ),
)
"""What was taken for so, and what is: the value given up goes behind the new one, as it is read elsewhere."""
_ASKED = re.compile(
    r"(?:,|\s[-–—])\s*(?:and |so |but )?(?:what(?:'s| is| are| can| could| should| do| would)?|how(?:'s| do| can| should| long| much| many| about)?|why|any (?:\w+ )?(?:ideas?|tips?|advice|suggestions?|recommendations?|good|thoughts)|can (?:you|i|we|u)|could (?:you|i|we)"
    r"|would you|will you|do (?:you|i|we)|should (?:i|we)|is there|are there|where (?:can|should|do|could)|which \w+(?:$| (?:should|can|is))|help me|pls|please|tell me|give me|suggest|recommend|explain|remind me|find me|need (?:ideas|help|a recipe|tips))\b.*$",
    re.IGNORECASE,
)
"""What is asked after a statement, with or without a question mark."""
_CALL_ME = re.compile(
    r"^(?:(?:please|just|you can|you may|feel free to|but) )*call me (?P<name>(?-i:[A-ZÀ-Þ])[\w'-]+(?: (?-i:[A-ZÀ-Þ])[\w'-]+)?)"
    r"(?:,? (?:please|everyone does|everybody does|if you like|if you want|not (?-i:[A-Z])[\w'-]+|nobody calls me .+))?(?=$|[,.!]| (?:though|btw))",
    re.IGNORECASE,
)
_NAME_AND_MORE = re.compile(
    r"^(?:(?:i'm|i am|my name is) (?P<name>(?-i:[A-ZÀ-Þ])[\w'-]+(?: (?-i:[A-ZÀ-Þ])[\w'-]+)?), (?=[1-9]\d(?:$|,| and\b| years? old\b)|an? (?-i:[a-z]))"
    r"|(?:i'm|i am) (?!(?:single|married|divorced|retired|pregnant|unemployed|male|female|only|vegan|[a-z]+(?:ed|ing|ish|ese|ian|an)),)(?P<small>[a-zß-ÿ][\w'-]{2,}), (?=[1-9]\d(?:$|,| and\b| years? old\b)))",
    re.IGNORECASE,
)
"""“I'm Joana, 34, I teach”, “I'm Priya, a nurse”: before an age or a role stands a name."""
_USED_TO_BE = re.compile(
    r"^(?P<what>(?:my|our) [\w' -]{2,40}) used to be (?P<old>[^,.;]{2,40}?),? but (?:now )?(?:it's|its|it is|is) (?:now )?(?P<new>[^,.;]{2,40})$",
    re.IGNORECASE,
)
_TODAY_IS = re.compile(
    r"^(?:(?P<day>today|tomorrow|yesterday|(?:(?:next|this|on) )?(?:mon|tues|wednes|thurs|fri|satur|sun)day) (?P<verb>is|was)|(?:it's|it is)) "
    r"(?P<what>(?:my|our) (?:[\w'-]+ ){0,2}?(?:birthday|anniversary))(?: (?P<late>today|tomorrow|(?:on |next )?(?:mon|tues|wednes|thurs|fri|satur|sun)day))?$",
    re.IGNORECASE,
)
_NOW_DO = re.compile(r"(?:,|,? and) (?P<now>now|currently) (?P<verb>live|work|rent|drive|study|teach|own|run|play)\b", re.IGNORECASE)
_APPOSED = re.compile(
    rf"^(?!(?:{'|'.join([*DAYS, *MONTHS])})\b)(?P<name>(?-i:[A-ZÀ-Þ])[\w'-]+), (?P<who>(?:my|our) (?:[a-z-]+ ){{0,2}}[a-z-]+), (?=[a-z])",
    re.IGNORECASE,
)
"""“Ellie, my daughter, has a competition”: the name after the part, as elsewhere."""
_NEW_DAY = re.compile(
    r"(?P<what>(?:the |my |our )?[\w' -]{3,30}?)(?:'s| was| were| got| is| has been| had been| has)? (?:been )?(?:cancelled|canceled|postponed|called off|moved|delayed|put off|pushed)\b(?:[^,.;]*[,.;] (?:and |so )?|[^.;]{0,60}\bso )"
    rf"(?:(?:the )?new (?:date|day|one|time|slot|appointment) is|(?:now )?it(?:'s| is| will be|'ll be)(?: now)?(?= (?:on )?(?:the )?(?:\d{{1,2}}(?:st|nd|rd|th)?\b|{'|'.join([*DAYS, *MONTHS])})\b)) (?:on )?(?P<day>.+)",
    re.IGNORECASE,
)
"""“The flight was cancelled because of fog, new date is 3 December”."""
_AND_DO = re.compile(
    r"(?<=[\w']), (?:and )?(?P<verb>work|live|study|teach|run|own|drive|want) (?=(?:to|in|at|as|for|with|on|near|from|an?|my)\b)", re.IGNORECASE
)
"""A verb without its "I" behind a comma: "I'm 27, work in a shop"."""
_PUT_ON = re.compile(
    r"^(?:(?:my|the|our) (?:doctor|doc|gp|psychiatrist|cardiologist|neurologist|specialist|vet)|dr\.? [\w'-]+) (?:has |just |have )*(?:put|started) me on ",
    re.IGNORECASE,
)
_OWN_DATE = re.compile(
    r"^the (?:dentist|doctor|job interview|interview|exam|driving test|check-?up|scan|appointment|viewing|hearing)\b"
    r"(?: (?:at|with|for|to) (?:the |my )?[\w']+(?: [\w']+)?)? (?:is (?:now )?(?:on|at|in|tomorrow|next|this)|(?:has been|have been|was|got|is|has|'s been) (?:moved|postponed|pushed|brought|rescheduled|put))\b",
    re.IGNORECASE,
)
_LAST_TALK = re.compile(
    r",? since (?:we|i) (?:last )?(?:spoke|talked|chatted|chat|met)\b|since (?:our|the) last (?:chat|talk|conversation),? ?|,? (?:btw|by the way|lol|tbh|though|too|speaking of|yay|woohoo|phew|ugh|wow|omg|thank god|thank goodness)(?=[.!]*$)|,? (?:btw|by the way|tbh|ngl|imo|fyi|obvs|obviously|of course)(?=,)|, (?:i )?(?:found (?:that |it )?out|learn(?:ed|t) (?:that |it )?|discovered (?:that |it )?)(?: |)the hard way$|, (?:the |my )?(?:doctor|doc|gp|dentist|nurse|vet|consultant|physio) (?:says|said)$|,? (?:so )?(?:as )?you can (?:guess|imagine)\b.*$",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:,| and|, and| -)? (?:(?:it|that|which)(?: was|'s| is| were)|(?:and )?had|having|was) (?:just |really |so |such )*(?:(?:so much|a lot of|lots of|a ton of|a|an|some) )?(?:great |good |amazing |awesome |wonderful |lovely )*(?:fun|blast|time|awesome|amazing|great|wonderful|incredible|fantastic|nice|cool|lovely|unreal|experience)\b(?! \w+ing).*$"
    r"|,? and (?:the \w+(?: (?:of|at|in|on) (?:the |my )?\w+)?|\w+ing\b[^,]*?) (?:is|are|was|were|has|have|makes?|gives?|helps?|fascinates?|feels?|brings?|eats?|costs?)\b.*$"
    r"|, the \w+ (?:is|are|was|were|has|have)(?! been \w+ed by)\b.*$"
    r"|,? and (?:some|another|every|a|an) \w+ (?!called\b|named\b)(?:is|are|was|were|has|had|threw|came|took|broke|fell|ran|stole|hit|said|gave|made|\w{3,}ed)\b.*$"
    r"|, and (?:[a-z]+ ){1,2}(?:is|are|was|were|makes?|gives?)\b.*$"
    r"|,? and (?:regret|love|hate|like|enjoy|miss) (?:it|that|them|every \w+ of it)\b.*$|, (?:need|have|got|gotta) to \w+ (?:it|them|that)\b.*$"
    r"|,? (?:so )?(?:fight me|sue me|don't (?:laugh|judge|ask)|pray for me|wish me luck|go figure|send help|excuse my|(?:but )?thanks everyone)\b.*$",
    re.IGNORECASE,
)


def spell(text: str) -> str:
    """Chat spelling put right ("im" -> "I'm"), "mum" as "my mum", smileys taken out, single spaces."""
    text = text.replace("’", "'").replace("‘", "'")
    text = re.sub(r"(?<!\w)[:;=]['-]?[)(DPpO/|]+(?!\w)", " ", text)
    text = re.sub(r"[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f]+", " ", text)
    text = re.sub(r"(?<![\w'])[a-z]+\b(?!')", lambda m: _SPOKEN.get(m[0], m[0]), text)
    text = re.sub(r"([!?])[!?]+", r"\1", text)
    text = re.sub(rf"\bits (?=(?:now |on |now on )?(?:the )?(?:\d{{1,2}}(?:st|nd|rd|th)?|{'|'.join([*DAYS, *MONTHS])})\b)", "it's ", text)
    text = re.sub(r"\b(left|right) handed\b", r"\1-handed", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(her|his|its) name's\b", r"\1 name is", text, flags=re.IGNORECASE)
    text = re.sub(r"\bmy name's\b|^(?:hi|hey|hello|yo)?[,! ]*(?:the )?name's(?= [A-Z])", "my name is", text, flags=re.IGNORECASE)
    text = re.sub(r"(?:^|(?<=, ))(?=(?:first|second|third|fourth|final) year (?:at|in|of) )", "I'm in my ", text, flags=re.IGNORECASE)
    text = " ".join(text.split()).lstrip("-–—*• ")
    text = _APPOSED.sub(r"\g<who> \g<name> ", text)
    return with_names(with_my(text))


def own_date(sentence: str) -> str:
    """A date of one's own that a message opens with, as one's own: "the dentist got moved to Monday" -> "my dentist ..."."""
    opened = _open(sentence)
    return f"my{opened[3:]}" if _OWN_DATE.match(opened) else sentence


def clauses(sentence: str) -> list[str]:
    """The statements of a spelled sentence, in order: each begins with its subject; questions are left out.

    A leading "Yesterday" or "When I was ten," goes to the clause's end; "As a vegetarian, what …?" gives "I'm a vegetarian".
    """
    sentence = sentence.rstrip(" .")
    if match := _TODAY_IS.match(sentence.rstrip("!")):
        sentence = f"{match['what']} {match['verb'] or 'is'} {match['day'] or match['late'] or 'today'}"
    text = _open(sentence)
    for correction in _CORRECTIONS:
        text = correction.sub(r"\g<what> \g<new>, not \g<old>", text)
    text = _USED_TO_BE.sub(r"\g<what> is \g<new>, not \g<old>", text)
    text = _NAME_AND_MORE.sub(lambda m: f"my name is {m['name'] or m['small'].capitalize()}, I'm ", text)
    text = _CALL_ME.sub(r"I want to be called \g<name>", text)
    if (asked := _ASKED.search(text)) and not text.rstrip(" !").endswith("?") and FIRST.match(whole(text[: asked.start()])):
        text = text[: asked.start()]
    text = with_new_day(text)
    text = _PUT_ON.sub("I was put on ", text)
    text = done_to_me(text)
    if FIRST.match(text):
        text = _NOW_DO.sub(r" and I \g<now> \g<verb>", text)
        text = _AND_DO.sub(r", I \g<verb> ", text)
    if text.rstrip(" !").endswith("?"):
        text, rest = _before_question(text)
        if not text:
            return _role(rest)
    found = _role(text)
    if found:
        text = _ROLE.sub(lambda m: m["rest"], text)
        if not FIRST.match(text):
            return found
    if match := _CLEFT.match(text):
        return [*found, _uncleft(match)]
    if match := _REASON.match(text):
        found += _stated(match["reason"])
        text = match["rest"]
    return found + _stated(text)


def with_new_day(text: str) -> str:
    """What was cancelled and has a new date, as what was moved to it."""
    return _NEW_DAY.sub(r"\g<what> was moved to \g<day>", text)


def _stated(text: str) -> list[str]:
    found = []
    for piece in _pieces(text):
        piece = _LAST_TALK.sub("", piece)
        piece = _TAIL.sub("", whole(_front(_open(piece))))
        if piece:
            found.append(piece)
    return found


def _open(text: str) -> str:
    match = _OPENER.match(text)
    if not match:
        return _NAMED.sub("", text)
    rest = text[match.end() :]
    # "Today I passed": the time stays; "Now, where": it does not matter.
    if (kept := _TIMES_OF_OPENER.search(match[0])) and FIRST.match(rest):
        if re.match(r"(?:now|currently)$", kept[1], re.IGNORECASE) and (subject := re.match(r"(?:i|we)(?:'m|'re)? ", rest, re.IGNORECASE)):
            return f"{subject[0]}{kept[1].lower()} {rest[subject.end() :]}"
        return f"{rest.rstrip(' .!')} {kept[1].lower()}"
    return _NAMED.sub("", rest) if rest else ""


def _before_question(text: str) -> tuple[str, str]:
    """The statement before the question of a sentence ("I live in Bristol, what's …?"), and the whole when there is none."""
    for match in _QUESTION.finditer(text):
        head = text[: match.start()].rstrip(" ,-–—")
        given = _GIVEN.sub("", head)
        if FIRST.match(whole(given)) and len(given.split()) > 2 and re.search(r"[,–—-]\s*(?:and |so |but )?$", text[: match.end()]):
            return given, text
    # "my gf is deaf so we need captions, film for tonight?": what follows the last comma is asked
    head, comma, last = text.rpartition(", ")
    if (
        comma
        and FIRST.match(whole(head))
        and len(head.split()) > 2
        and len(last.split()) < 7
        and not re.search(rf"\b(?:and|or)\b|{_SUBJECT}", last, re.IGNORECASE)
    ):
        return head, text
    return "", text


def _role(text: str) -> list[str]:
    match = _ROLE.match(text)
    if not match or re.match(
        r"(?:a|an) (?:result|matter|side note|kid|child|teenager|reminder|bonus|rule|follow-?up|whole|family|hobby|gift|present|student|way|first step|last resort|test|treat|start)\b",
        match["role"],
        re.IGNORECASE,
    ):
        return []
    return [f"I'm {match['role']}"]


def _uncleft(match: re.Match[str]) -> str:
    what, link = match["what"].strip(), (match["link"] or "that").lower()
    if link == "where":
        what = what if re.match(r"(?:in|at|on)\b", what) else f"in {what}"
    elif link == "when" or re.match(r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b", what, re.IGNORECASE):
        what = what if re.match(r"(?:in|at|on)\b", what) else f"on {what}"
    return f"{match['rest'].rstrip('.! ')} {what}"


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    begin = 0
    for match in _SPLIT.finditer(text):
        left = text[begin : match.start()]
        if (_SUBORDINATE.match(left) and match[0].startswith(", ")) or re.match(r"(?:if|unless)\b", left, re.IGNORECASE):
            continue  # "When I was ten, we moved": one clause
        if not re.search(r"\w+\W+\w+", left) or (
            _LEADING.match(left + " I ")
            and not FIRST.match(left)
            and len(left.split()) < 8
            and not re.search(rf"{_SUBJECT}|\b(?:was|is|were|has)\b", left, re.IGNORECASE)
        ):
            continue  # "Last week, I …"
        if _PAIR.match(re.split(r", and |,? and ", left.strip())[-1]) and re.match(r" and\b", match[0]):
            continue  # "My wife and I"
        pieces.append(left)
        begin = match.end()
    pieces.append(text[begin:])
    return pieces


def _front(piece: str) -> str:
    """The clause with its subject first."""
    match = _LEADING.match(piece)
    if not match or FIRST.match(piece):
        return piece
    lead = match["lead"]
    if re.match(r"\w+ (?:which|what|whom|whose|how)\b", lead, re.IGNORECASE) or re.search(r" (?:if|whether)$", lead, re.IGNORECASE):
        return ""  # "on which days do I run" asks, as does "on Monday she decides whether I stay"
    if _SUBORDINATE.match(piece) and not re.match(r"(?:after|before|since|until) (?:[^ ]+ ){1,4}$", lead + " ", re.IGNORECASE):
        after = re.match(rf"^([^,;]{{4,90}}), (?={_SUBJECT})", piece, re.IGNORECASE)
        if not after:
            return ""  # no main clause about the user
        main = piece[after.end() :].rstrip(" .!…,")
        if re.match(r"(?:ever )?since (?:we|i) (?:last|first)? ?(?:spoke|talked|chatted|met|saw)|since (?:our|the) last", after[1], re.IGNORECASE):
            return main
        return f"{main} {_small(after[1])}"
    if not match["comma"] and re.fullmatch(r"in|on|at|for|during|over|with|from|by|as", lead, re.IGNORECASE):
        return ""
    if re.search(r"\b(?:was|is|were|has|had|been|are|i|we)\b|'s\b", lead, re.IGNORECASE):
        return ""
    if re.match(
        r"(?:with|for|by|at|over|from) (?:all|that|this|it|everything|sure|real|example|instance|now|some reason|the win)\b|after all|in (?:fact|the end|my opinion|other words|general|case|that|this)\b",
        lead,
        re.IGNORECASE,
    ):
        return piece[match.end() :]
    body = piece[match.end() :].rstrip(" .!…,")
    return f"{body} {_small(lead)}"


def _small(lead: str) -> str:
    """A leading phrase as it stands at the end: without its capital, unless that is the name of a day."""
    return lead if re.match(r"(?:mon|tues|wednes|thurs|fri|satur|sun)day", lead, re.IGNORECASE) else lead[:1].lower() + lead[1:]
