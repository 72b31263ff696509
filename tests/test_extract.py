"""Extraction by rule: what becomes a fact or an event, what never does, and commands in plain sentences."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmem.memory.clauses import spell
from chatmem.memory.corrections import corrected
from chatmem.memory.extract import MAX_FACTS, command, extract, importance, remember_text, secret, supported
from chatmem.memory.given import extract_given
from chatmem.memory.validate import validate
from tests.bench import messages
from tests.bench.extraction import rows, score

SAID = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)

FACTS = [
    ("I'm allergic to cashews.", ["The user is allergic to cashews."]),
    ("im allergic to nuts", ["The user is allergic to nuts."]),
    ("my brother in law is a vet. he works for Shell", ["The user's brother in law is a vet.", "The user's brother in law works for Shell."]),
    ("my brother's dog is sick, he's 12", ["The user's brother's dog is sick."]),
    ("I think I'm pregnant", ["The user thinks the user is pregnant."]),
    ("I guess we'll see", []),
    (
        "i grew up in Kenya, moved to the UK at 18 and now live in Bath",
        ["The user grew up in Kenya, moved to the UK at 18.", "The user now lives in Bath."],
    ),
    ("studied physics in Vienna, now i sell insurance", ["The user studied physics in Vienna.", "The user now sells insurance."]),
    ("now i live in Bath", ["The user now lives in Bath."]),
    ("these days I work at Lidl", ["The user works at Lidl these days."]),
    ("my wife's vegetarian", ["The user's wife is vegetarian."]),
    ("my husband's German shepherd bites", ["The user's husband's German shepherd bites."]),
    ("my name's Katarzyna", ["The user's name is Katarzyna."]),
    ("i'm 43 not 34", ["The user is 43, not 34."]),
    ("my favourite colour used to be blue but now it's green", ["The user's favourite colour is green, not blue."]),
    ("i fry my eggs in butter", ["The user fries the user's eggs in butter."]),
    ("i work in IT", ["The user works in IT."]),
    ("allergic to penicillin", ["The user is allergic to penicillin."]),
    ("no longer vegan, cheese won", ["The user is no longer vegan."]),
    ("been vegan for six years", ["The user has been vegan for six years."]),
    ("dr Patel put me on metformin", ["The user was put on metformin."]),
    ("i got fired", ["The user got fired."]),
    ("I'm moving to Porto", ["The user is moving to Porto."]),
    ("call me Tom, everyone does", ["The user wants to be called Tom."]),
    ("call me when you're done", []),
    ("my sister lost her job", ["The user's sister lost her job."]),
    ("my brother met her in Paris", []),
    ("my wife and i both work from home", ["The user and the user's wife both work from home."]),
    ("my brother's out of hospital", ["The user's brother is out of hospital."]),
    ("my sister's back is bad", ["The user's sister's back is bad."]),
    ("Mum's knee operation is on 3 December", ["The user's mum's knee operation is on 3 December (3 December 2026)."]),
    ("mum's 70th is on the 12th", ["The user's mum's 70th is on the 12th (12 December 2026)."]),
    ("dad jokes are the best", []),
    ("the dentist got moved to monday", ["The user's dentist got moved to monday (23 November 2026)."]),
    ("the vet in Valentine wants 340", ["The vet in Valentine wants 340."]),
    ("coach bronwyn switched me to blocker", ["The coach Bronwyn switched the user to blocker."]),
    ("The cardiologist, Doctora Bagnasco, put a stent in me", ["The cardiologist Doctora Bagnasco put a stent in the user."]),
    ("hi, I'm Dana. I teach maths in Leeds", ["The user's name is Dana.", "The user teaches maths in Leeds."]),
    ("Hello! I am Margaret, 71, from Inverness.", ["The user's name is Margaret.", "The user is 71, from Inverness."]),
    ("im marcus, 27, work in a bike shop in bristol", ["The user's name is Marcus.", "The user is 27.", "The user works in a bike shop in bristol."]),
    ("hello, I'm Polish and live in Hull", ["The user is Polish and lives in Hull."]),
    ("hey, I'm bored. what can we do?", []),
    ("I'm allergic to penicillin btw, found out the hard way", ["The user is allergic to penicillin."]),
    ("mum's moving in with us, her knee is bad", ["The user's mum is moving in with the user.", "The user's mum's knee is bad."]),
    ("me and jess broke up, she kept the flat so im back at my mum's", ["The user and Jess broke up.", "The user is back at the user's mum's."]),
    ("my sister Kirsty has got engaged!", ["The user's sister Kirsty has got engaged."]),
    ("nan's in hospital, she fell down the stairs", ["The user's nan is in hospital.", "The user's nan fell down the stairs."]),
    ("girl on my course called amina asked me to study with her", ["A girl on the user's course is called Amina."]),
    ("Raj has his first solo flight on Thursday", ["Raj has his first solo flight on Thursday (26 November 2026)."]),
    ("the flight was cancelled because of fog, new date is 3 December", ["The flight was moved to 3 December (3 December 2026)."]),
    ("they moved dad's op to december 15", ["The user's dad's op was moved to december 15 (15 December 2026)."]),
    ("The doctor has changed my tablets to amlodipine.", ["The user's tablets were changed to amlodipine."]),
    ("Netflix has a new show", []),
    (
        "Fiona, my daughter's friend, is here. My son Rob is coming for Christmas, he lands on the 21st",
        ["The user's son Rob is coming for Christmas (25 December 2026).", "The user's son Rob lands on the 21st (21 December 2026)."],
    ),
    ("we got to Rome on 12 November and left on the 15th", ["The user got to Rome on 12 November and left on the 15th (12 November 2026)."]),
    (
        "started seeing a therapist on tuesdays, she's called Ruth",
        ["The user started seeing a therapist on tuesdays.", "The therapist is called Ruth."],
    ),
    ("my sister's birthday is on the 8th", ["The user's sister's birthday is on the 8th (8 December 2026)."]),
    ("my son Artem has 15 years, he goes to lycée", ["The user's son Artem is 15.", "The user's son Artem goes to lycée."]),
    ("I must not eat milk products, doctor says", ["The user must not eat milk products."]),
    ("the gig was cancelled, it's a shame", ["The user's gig was cancelled."]),
    ("Ellie, my daughter, has a gymnastics competition", ["The user's daughter Ellie has a gymnastics competition."]),
    ("the cook, Paco, quit yesterday", ["The cook Paco quit yesterday (19 November 2026)."]),
    (
        "I found a new cook, his name is Youssef, he starts on Thursday",
        ["The cook's name is Youssef.", "The cook starts on Thursday (26 November 2026)."],
    ),
    ("rent of the restaurant goes up to 2400 in January", ["The rent of the restaurant goes up to 2400 in January (January 2027)."]),
    ("Judge has arrived in a taxi", []),
    ("yo is this thing gonna snitch to my mum or nah", []),
    ("chem retest got moved from thurs to next monday", ["The chem retest got moved from thurs to next monday (23 November 2026)."]),
    ("My son Neb comes for Orthodox Christmas by train", ["The user's son Neb comes for Orthodox Christmas by train."]),
    (
        "my sister Janice gave me her manuals and her blue lunch cooler",
        ["The user's sister Janice gave the user her manuals."],
    ),
    ("my mate Pauline set me up with her cousin, he drives the boat", []),
    (
        "Trevor wants to move to Kelowna. My kid Josie is seven. I got a letter from his lawyer.",
        ["Trevor wants to move to Kelowna.", "The user's kid Josie is seven."],
    ),
    (
        "my wife Doris is in the choir. Doris's sister Lina has pneumonia, we sit with her",
        ["The user's wife Doris is in the choir.", "The user's wife Doris's sister Lina has pneumonia."],
    ),
    (
        "my neighbor Mrs Vang is 80. i bring her persimmons every week",
        ["The user's neighbor Mrs Vang is 80.", "The user brings the user's neighbor Mrs Vang persimmons every week."],
    ),
    ("on the 25th the court decides if i must pay the rest", []),
    ("The landlord rang", []),
    (
        "my manager wants me as day lead, monday to friday, starting january 4",
        ["The user's manager wants the user as day lead, monday to friday, starting january 4 (4 January 2027)."],
    ),
    ("a new one costs 19000", []),
    ("rehearsal moved to 10 december", ["The rehearsal moved to 10 december (10 December 2026)."]),
    ("amit moved to calgary", []),
    ("arvid got bumped to december 11", ["Arvid got bumped to december 11 (11 December 2026)."]),
    ("Mr Okafor my landlord wants 900 from january", ["The user's landlord Mr Okafor wants 900 from january (January 2027)."]),
    (
        "my cousin Pania studies law. the oven inspector wants 340 and he comes on thursday 10th",
        ["The user's cousin Pania studies law.", "The oven inspector wants 340."],
    ),
    ("my cousin Pania studies law. the oven fella wants 340 and he comes on thursday 10th", ["The user's cousin Pania studies law."]),
    ("The owner is a colonel's widow. She asks 28,000 a month.", ["The owner is a colonel's widow.", "The owner asks 28,000 a month."]),
    ("Mrs Jayasuriya owes me 13,500 rupees", ["Mrs Jayasuriya owes the user 13,500 rupees."]),
    ("Eero quit, he starts at the transfer station on Monday", ["Eero quit.", "Eero starts at the transfer station on Monday (23 November 2026)."]),
    ("They have given me space 31, nearer the door", ["They have given the user space 31, nearer the door."]),
    ("Paris is lovely in spring", []),
    ("The school things are in the hall", []),
    ("my cousin pania lives in Whangarei", ["The user's cousin Pania lives in Whangarei."]),
    ("my dad welds ships on an island", ["The user's dad welds ships on an island."]),
    ("we took in a trainee cook called hamza, he pays 375", ["The user took in a trainee cook called Hamza.", "Hamza pays 375."]),
    (
        "My neighbour Hemi fixed the axle. I owe him a load of firewood.",
        ["The user's neighbour Hemi fixed the axle.", "The user owes the user's neighbour Hemi a load of firewood."],
    ),
    (
        "My aunt Ritva charges nothing. I do her groceries every thursday.",
        ["The user's aunt Ritva charges nothing.", "The user does the user's aunt Ritva's groceries every thursday."],
    ),
    ("the naming got moved to the 27th cos the hall flooded", ["The naming got moved to the 27th cos the hall flooded (27 November 2026)."]),
    ("The cabinet now costs 2,400", ["The cabinet now costs 2,400."]),
    ("The war ended in 1945", []),
    ("i play bass in a band called wet cement, no you haven't heard of us", ["The user plays bass in a band called wet cement."]),
    ("I'm too thin for the part, she said", []),
    ("i must fly on the 2nd of April", ["The user must fly on the 2nd of April (2 April 2027)."]),
    ("My son is nervous. The exam is on Friday.", ["The user's son is nervous.", "The exam is on Friday (27 November 2026)."]),
    ("the interview is on thursday not wednesday", ["The user's interview is on thursday, not wednesday (26 November 2026)."]),
    ("talked to mele!! we going to the local together friday", ["The user is going to the local together friday (27 November 2026)."]),
    ("we bring cake to grandma", ["The user brings cake to the user's grandma."]),
    ("i swim on saturday mornings", ["The user swims on saturday mornings."]),
    ("we sign on 3 June", ["The user signs on 3 June (3 June 2027)."]),
    ("handed in my notice yesterday", ["The user handed in the user's notice yesterday (19 November 2026)."]),
    ("stopped taking the iron pills", ["The user stopped taking the iron pills."]),
    ("put the old Saab on the market", ["The user put the old Saab on the market."]),
    ("fell off my bike and broke my collarbone", ["The user fell off the user's bike and broke the user's collarbone."]),
    ("sold the van", ["The user sold the van."]),
    ("Kasia is my stepdaughter not my daughter btw", ["The user's stepdaughter is called Kasia."]),
    ("Tom's my brother", ["The user's brother is called Tom."]),
    ("this is my sister", []),
    ("This is my sister. She is my best friend.", []),
    ("What is my dog's name", []),
    ("my dentist moved me to monday 9.40, root canal ugh", ["The user's dentist was moved to monday 9.40 (23 November 2026)."]),
    ("the dentist moved me to tears", []),
    ("hearing aid lost", ["The user's hearing aid was lost."]),
    ("sourdough starter: dead. holidays killed it", ["The user's sourdough starter is dead."]),
    ("nothing lost", []),
    ("phd in soil science, 3rd year", ["The user is doing a phd in soil science."]),
    ("the upstairs neighbours have got a drum kit", ["The user's upstairs neighbours have got a drum kit."]),
    ("coeliac here. is soy sauce ok", ["The user is coeliac."]),
    ("left handed. any decent scissors?", ["The user is left-handed."]),
    ("didnt get the job at the zoo", ["The user didn't get the job at the zoo."]),
    ("I didn't get the point", []),
    ("gift for my nephew, 14, obsessed with chess", ["The user's nephew is 14."]),
    ("my sister just rang, she's pregnant", ["The user's sister is pregnant."]),
    ("went to see mum, she's selling the house", ["The user's mum is selling the house."]),
    ("rent just went up to 1150", ["The user's rent just went up to 1150."]),
    ("dentist on thursday for the root canal", ["The user has the dentist on thursday for the root canal (26 November 2026)."]),
    ("nephew Luca turns 6 on saturday", ["The user's nephew Luca turns 6 on saturday (21 November 2026)."]),
    ("the wife's expecting, due mid june. dont tell anyone haha", ["The user's wife is expecting, due mid june (10 June 2027 to 20 June 2027)."]),
    ("sober 2 years now", ["The user has been sober 2 years now."]),
    ("scared of flying btw so trains only", ["The user is scared of flying btw so trains only."]),
    ("not with Priyanka anymore", ["The user is not with Priyanka anymore."]),
    ("two cats and a landlord who doesnt know", ["The user has two cats and a landlord who doesn't know."]),
    ("54, never lifted a weight in my life", ["The user is 54."]),
    ("hey, beekeeper here, 3 hives", ["The user is a beekeeper."]),
    ("owe my brother Marek 800 quid, how do i pay it back", ["The user owes the user's brother Marek 800 quid."]),
    ("my gf is deaf so we need captions, film for tonight?", ["The user's gf is deaf."]),
    ("landlord put the rent up to 900", ["The user's rent was put up to 900."]),
    ("they moved my exam to friday", ["The user's exam was moved to friday (27 November 2026)."]),
    (
        "my bike got nicked outside the gym last week, second one this year",
        ["The user's bike got nicked outside the gym last week (9 November 2026 to 15 November 2026)."],
    ),
    ("moving to Rome is hard", []),
    ("the news is bad", []),
    ("love it", []),
    ("my husband was made redundant", ["The user's husband was made redundant."]),
    ("changed my mind, not moving to Porto after all", ["The user is not moving to Porto after all."]),
    ("i told you already, my name is Ines not Agnes", ["The user's name is Ines, not Agnes."]),
    ("i'm unemployed at the moment", ["The user is unemployed at the moment."]),
    ("I'm vegan lol", ["The user is vegan."]),
    ("i really LOVE sushi", ["The user really loves sushi."]),
    ("my wife doesn't believe in god", ["The user's wife doesn't believe in god."]),
    ("my favourite film is Paddington 2, fight me", ["The user's favourite film is Paddington 2."]),
    ("my uncle works for nasa, or so he claims", []),
    ("as my gran used to say, i'm not made of sugar", []),
    ("yeah right, i'm totally going to run a marathon", []),
    ("i'm married to my work", []),
    ("my job is killing me", []),
    ("our daughter Lea two years later", []),
    ("my best friend Carla moved to Leeds in 2010 and now we only talk on sundays", ["The user's best friend Carla moved to Leeds in 2010."]),
    ("my favourite band is Radiohead", ["The user's favourite band is Radiohead."]),
    ("I don't eat meat", ["The user doesn't eat meat."]),
    ("I've got two cats.", ["The user has got two cats."]),
    ("Well, I work as a nurse at St. Mary's hospital.", ["The user works as a nurse at St. Mary's hospital."]),
    ("I go running every Tuesday", ["The user goes running every Tuesday."]),
    ("I also play the cello.", ["The user also plays the cello."]),
    ("I used to live in Porto, but I moved because of my job", ["The user used to live in Porto.", "The user moved because of the user's job."]),
    ("I'm Ana and I live in Rome", ["The user is Ana.", "The user lives in Rome."]),
    ("Can you suggest a gift for my brother Tom, who loves chess?", ["The user's brother Tom loves chess.", "The user has a brother called Tom."]),
    ("What should I cook for my sister Marta tonight?", ["The user has a sister called Marta."]),
    ("Our landlord is Mr. Okafor. He is kind.", ["The user's landlord is Mr. Okafor."]),
]

GRAMMAR = [
    (
        "I wake up at five, meditate for ten minutes and then go for a run.",
        ["The user wakes up at five, meditates for ten minutes and then goes for a run."],
    ),
    ("My daughter Lene is twenty and studies law.", ["The user's daughter Lene is twenty.", "The user's daughter Lene studies law."]),
    ("My son is 9 and misses me.", ["The user's son is 9.", "The user's son misses the user."]),
    ("The assembly was postponed.", ["The user's assembly was postponed."]),
    ("I want to travel and see the world with my brother.", ["The user wants to travel and see the world with the user's brother."]),
    ("People I know call me Bea.", []),
    ("My wife and I have a boat.", ["The user and the user's wife have a boat."]),
    ("me and my team built a canoe", ["The user and the user's team built a canoe."]),
    ("Since I'm allergic to peanuts, what can I use in the sauce?", ["The user is allergic to peanuts."]),
    ("As a nurse, I work on most Sundays.", ["The user is a nurse.", "The user works on most Sundays."]),
    ("When I was twelve, we moved to Lima.", ["The user moved to Lima when the user was twelve."]),
    ("Every Sunday I call my mother in Naples.", ["The user calls the user's mother in Naples every Sunday."]),
    ("Actually it's Tuesdays, not Thursdays, that I have choir.", ["The user has choir on Tuesdays."]),
    ("I no longer eat dairy, but I have a weakness for cheddar", ["The user no longer eats dairy.", "The user has a weakness for cheddar."]),
    ("My kids are Ana (7) and Leo (4).", ["The user's kids are Ana (7) and Leo (4)."]),
    ("I need glasses to read and I know Latin.", ["The user needs glasses to read.", "The user knows Latin."]),
    ("I run my own bakery.", ["The user runs their own bakery."]),
    ("I'm sad because my cat Figaro died.", ["The user's cat Figaro died."]),
    ("I have a husky, Yuki. She hates rain.", ["The user has a husky, Yuki.", "The user's husky Yuki hates rain."]),
]

NOTHING = [
    "What breed is my dog?",
    "Thanks, that helps!",
    "I think so",
    "I see",
    "I'm fine",
    "I need help with my essay",
    "I have a question",
    "If I were rich I'd buy a boat",
    "Imagine I live on Mars.",
    "Maybe I will move to Oslo",
    "He said my car is ugly",
    "My boss thinks I am lazy",
    "According to my sister I snore",
    "I'm just kidding, I have nine wives",
    "Write me a poem about the sea.",
    "```\nmy_dog = 'beagle'\nI am code\n```",
    "> I am a quoted line",
    'The letter says "I am your father".',
    "remember that my locker is 12",
    "forget that I like tea",
    "What do you know about me?",
    "my password is hunter2",
    "my card number is 4111 1111 1111 1111",
    "I'll try that",
    "I love it",
    "",
    "\x00\x1b[31m",
]


@pytest.mark.parametrize(("text", "facts"), FACTS)
def test_facts(text: str, facts: list[str]) -> None:
    assert [candidate.text for candidate in extract(text, SAID)] == facts


@pytest.mark.parametrize(
    ("before", "message", "right"),
    [
        ("my exam is on Monday", "actually it's on Friday", "my exam is on Friday"),
        ("my exam is on Monday", "sorry, I meant Tuesday", "my exam is on Tuesday"),
        ("my exam is on Monday", "no wait, Thursday not Monday", "my exam is on Thursday"),
        ("my flight leaves at 9:30", "I meant 10:30", "my flight leaves at 10:30"),
        ("my wedding is on 3 June", "actually it's 5 June", "my wedding is on 5 June"),
        ("my dog is called Rex", "sorry, Max", "my dog is called Max"),
        ("I moved here in May", "June, sorry", "I moved here in June"),
        ("My party is on Friday. Mum comes on Saturday.", "I mean Sunday", "Mum comes on Sunday."),
        ("My brother is a plumber.", "I mean electrician, don't tell him", "My brother is an electrician."),
        ("My exam is in room 12.", "scratch that, room 21", "My exam is in room 21."),
        ("I ran 8 miles today.", "kilometres lol, not miles", "I ran 8 kilometres today."),
        ("I'm learning Portuguese on Duolingo.", "not on Duolingo, it's Babbel", "I'm learning Portuguese on Babbel."),
        ("I have two cats.", "three!! forgot the kitten", "I have three cats."),
        ("I work as a plumber.", "no, thanks", None),
        ("I live in Leeds", "I mean it", None),
        ("my exam is on Monday", "it's on Friday", None),  # nothing says that the first was wrong
        ("I have 2 cats and 3 dogs", "actually 4", None),  # of which?
        ("my exam is on Monday", "actually I don't care", None),
        ("hi", "sorry, five", None),
    ],
)
def test_what_a_message_puts_right_in_the_one_before_it(before: str, message: str, right: str | None) -> None:
    found = corrected(message, before)
    assert (found and found[1]) == right


@given(message=st.text(max_size=120), before=st.text(max_size=300))
def test_any_two_messages_are_put_side_by_side_safely(message: str, before: str) -> None:
    found = corrected(message, before)
    assert found is None or found[0] != found[1]


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_to_remember(text: str) -> None:
    assert extract(text, SAID) == []


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("I started at the bakery on the 2nd, up at 3 every day now", date(2026, 11, 2), date(2026, 11, 2)),
        ("We adopted a beagle named Biscuit yesterday!", date(2026, 11, 19), date(2026, 11, 19)),
        ("My sister Marta is visiting next week", date(2026, 11, 23), date(2026, 11, 29)),
        ("I moved to Lisbon in March 2024", date(2024, 3, 1), date(2024, 3, 31)),
        ("My daughter Emma turned six on 3 May.", date(2026, 5, 3), date(2026, 5, 3)),
        ("I ran a marathon two weeks ago", date(2026, 11, 6), date(2026, 11, 6)),
        ("tomorrow is my birthday", date(2026, 11, 21), date(2026, 11, 21)),
        ("it's our anniversary today!", date(2026, 11, 20), date(2026, 11, 20)),
        ("my birthday was yesterday", date(2026, 11, 19), date(2026, 11, 19)),
    ],
)
def test_events_have_their_dates(text: str, start: date, end: date) -> None:
    (event,) = extract(text, SAID)
    assert (event.kind, event.event_start, event.event_end, event.time_source) == ("event", start, end, "stated")


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("Remember that my locker is 12", ("remember", "my locker is 12")),
        ("please remember: I hate coriander", ("remember", "I hate coriander")),
        ("Forget that I like tea.", ("forget", "I like tea")),
        ("forget about my locker", ("forget", "my locker")),
        ("What do you know about me?", ("known", "")),
        ("So what do you remember about me", ("known", "")),
        ("Do you remember my dog's name?", None),
        ("Don't forget to smile", None),
        ("I forgot that", None),
        ("forget it", None),
        ("remember when we met?", None),
        ("What do you know about Mexico?", ("known", "Mexico")),
        ("tell me what you know about my sister", ("known", "my sister")),
        ("what have i told you about the flat so far?", ("known", "the flat")),
        ("what did I say about Tom?", ("known", "Tom")),
        ("What do you know about how rain forms, and why?", None),
    ],
)
def test_commands(text: str, order: tuple[str, str] | None) -> None:
    assert command(text) == order


def test_secrets_are_named_and_refused() -> None:
    assert secret("my password is hunter2") == "password"
    assert secret("card 4111-1111-1111-1111") == "card number"
    assert secret("my phone is 555 0100") is None
    for text, kept in (
        ("I like tea. My cat is called Tom.", "The user likes tea. The user's cat is called Tom."),
        ("The user likes tea.", "The user likes tea."),
        ("The landlord is Mr Bell", "The user wants remembered: The landlord is Mr Bell"),
    ):
        candidate = remember_text(text, SAID)
        assert candidate is not None
        assert candidate.text == kept
    assert remember_text("my PIN is 1234", SAID) is None
    assert remember_text("  ", SAID) is None


_STAMP = re.compile(r" \(\d[^()]*\d{4}\)\.$")
_PIECES = [
    "I live in ", "my sister Marta ", "She works ", "we moved to ", "Oslo", " yesterday", " because ", " and ", ", ", ". ", "? ", "\n", '"', "'", "`", "> ", "I'm ", "not ", "allergic to nuts",
    "If ", "he said ", "my dog Rex", " who loves ", "on 3 May", "last Friday", "[bold]red[/]", "\x1b[31m", "\x00", "\u2028", "é😂", "just kidding", "password is hunter2", "Since I was there, ",
    "As a nurse, ", "it's ", "4111 1111 1111 1111", "our ", "has ", "him ", "the user ", "\r\n",
]  # fmt: skip


@given(st.text(max_size=300) | st.lists(st.sampled_from(_PIECES), max_size=25).map("".join))
def test_any_text_gives_facts_whose_words_stand_in_their_verbatim_span(text: str) -> None:
    found = extract(text, SAID)
    assert len(found) <= MAX_FACTS
    assert found == extract(text, SAID)
    for candidate in found:
        assert candidate.span in text
        text_alone = _STAMP.sub("", candidate.text)
        words = f"{spell(candidate.span)} {candidate.span}"
        assert supported(text_alone, words) or supported(text_alone.replace(" lives in ", " moved to "), words)  # what is implied
        assert re.match(r"The [a-z]|[A-ZÀ-Þ]", candidate.text)  # about the user, something of theirs, or somebody by name
        assert secret(candidate.text) is None


def test_support_means_every_content_word() -> None:
    assert supported("The user likes tea.", "I like tea")
    assert not supported("The user likes coffee.", "I like tea")


@settings(max_examples=30)
@given(
    st.sampled_from(
        [
            "a ",
            "(",
            "I am ",
            "my my ",
            "é",
            "1 ",
            '"',
            "\n> I am ",
            "`",
            "'",
            "I like tea and ",
            "last Friday the 3rd of May ",
            "\n",
            " my",
            "since I was, ",
        ]
    )
)
def test_a_huge_paste_is_bounded(piece: str) -> None:
    assert len(extract(piece * (5_000_000 // len(piece)), SAID)) <= MAX_FACTS


def test_the_users_own_words_around_a_long_paste_are_read() -> None:
    paste = "\n".join(f"I was born in {1900 + i} and my ship sank." for i in range(2_000))
    assert [one.text for one in extract(f"I live in Turku.\n{paste}\n", SAID)] == ["The user lives in Turku."]


@pytest.mark.parametrize(("text", "facts"), GRAMMAR)
def test_sentences_are_grammatical(text: str, facts: list[str]) -> None:
    assert [candidate.text for candidate in extract(text, SAID)] == facts


def test_a_pronoun_takes_its_person_and_a_span_from_where_they_were_named() -> None:
    text = "My sister Marta moved to Oslo in August. She works for a shipping company."
    lives, moved, works = extract(text, SAID)
    assert lives.text == "The user's sister Marta lives in Oslo."
    assert works.text == "The user's sister Marta works for a shipping company."
    assert works.span == text
    assert moved.subject == works.subject == "user's sister"


@pytest.mark.parametrize(
    "text",
    [
        "My sister Marta visited my cousin Anna. She has a red car.",
        "My brother Tom met a man at the station. He sells old maps.",
        "He works at the harbour.",
    ],
)
def test_an_unclear_pronoun_or_name_is_not_guessed(text: str) -> None:
    assert not any(re.search("red car|old maps|harbour", one.text) for one in extract(text, SAID))


@pytest.mark.parametrize(
    ("text", "implied"),
    [
        ("I moved to Newcastle upon Tyne yesterday.", ["The user lives in Newcastle upon Tyne."]),
        ("We moved back to Lisbon.", ["The user lives in Lisbon."]),
        ("My parents moved to Spain in May.", []),
        ("I moved to Berlin in 2015.", []),
        ("I moved to Berlin for two years.", []),
        ("I moved to Linux last month.", []),
        ("My meeting moved to Thursday.", []),
        ("Our office moved to Hull.", []),
        ("I live with my wife Anna in Bern.", ["The user has a wife called Anna."]),
    ],
)
def test_what_a_sentence_says_besides(text: str, implied: list[str]) -> None:
    assert [candidate.text for candidate in extract(text, SAID)][:-1] == implied


def test_a_name_told_of_before_needs_no_introduction() -> None:
    told = ["The user's sister Claire lives in Bristol.", "The user has a dog called Biscuit."]
    text = "Claire loves Bath, and she plays chess. Biscuit is a collie. Marta is a nurse."
    found = extract(text, SAID, told)
    assert [candidate.text for candidate in found] == [
        "The user's sister Claire loves Bath.",
        "The user's sister Claire plays chess.",
        "The user's dog Biscuit is a collie.",
        "Marta is a nurse.",
    ]
    assert all(candidate.span in text and "Claire" in found[0].span for candidate in found)
    in_passing = ["The user just moved to Porto with the user's partner Inês."]
    assert [one.text for one in extract("Inês is learning the cello, the neighbours are saints", SAID, in_passing)] == [
        "The user's partner Inês is learning the cello."
    ]
    assert [one.text for one in extract("Inês's birthday is in May", SAID, in_passing)] == ["The user's partner Inês's birthday is in May."]
    assert extract("She moved to Bath.", SAID, told) == []  # nobody named in this message
    kids = extract("Max is nine and plays football.", SAID, ["The user has two kids, Max and Ida."])
    assert [candidate.text for candidate in kids] == ["The user's kid Max is nine.", "The user's kid Max plays football."]


def test_a_joke_takes_back_the_sentence_before() -> None:
    assert extract("I have nine wives. Just kidding!", SAID) == []


@pytest.mark.parametrize(
    ("text", "polarity"),
    [("I don't eat meat", "negative"), ("I no longer work at Shell", "negative"), ("I eat meat", "positive"), ("I quit smoking", "negative")],
)
def test_polarity(text: str, polarity: str) -> None:
    assert [one.polarity for one in extract(text, SAID)] == [polarity]


def test_importance_by_cues() -> None:
    assert importance("The user is allergic to nuts.") == 5
    assert importance("The user's sister Marta lives in Oslo.") == 7
    assert importance("The user likes tea.") == 4
    assert importance("The user is thinking of a walk.") == 1


@pytest.mark.parametrize("name", ["tune", "heldout"])
def test_bars_on_labelled_messages(name: str) -> None:
    total = score(rows(name))
    assert total.wrong <= 0.05 * total.sentences
    assert total.found >= 0.80 * total.labels
    assert total.events_wrong <= 0.05 * total.events_said
    assert total.events_found >= 0.80 * total.events
    assert total.dates_right >= 0.90 * total.events_found


LISTED = "Here you go:\n\n1. **Café Lund** - cosy\n2. **Bar Tolv**: loud\n3. **Nisse** (fish)\n\nEnjoy!"


def test_what_was_given_on_request_is_kept() -> None:
    (one,) = extract_given(LISTED, "Can you recommend some restaurants for dinner in Malmö?", SAID)
    assert one.text == "chatmem recommended Café Lund, Bar Tolv and Nisse when the user asked for restaurants for dinner in Malmö."
    assert (one.subject, one.kind, one.span in LISTED) == ("assistant", "fact", True)
    (one,) = extract_given("You could try Café Lund, Bar Tolv or Nisse.", "Where can I eat in Malmö with my dog?", SAID)
    assert one.text == "chatmem recommended Café Lund, Bar Tolv and Nisse when the user asked where to eat in Malmö with the user's dog."


@pytest.mark.parametrize(
    ("reply", "asked"),
    [
        (LISTED, "I live in Malmö."),
        (LISTED, "How do I bake bread?"),
        ("1. Preheat the oven.\n2. Mix flour and water.", "Can you suggest how to bake bread?"),
        ("- Visit the castle early in the morning before crowds arrive\n- Buy tickets online a week before", "What should I do in Prague?"),
        ("I don't know any.", "Any good bakeries in Lund?"),
        ("", "Any good bakeries in Lund?"),
        ("You could try.", "Where can I eat?"),
    ],
)
def test_nothing_was_given(reply: str, asked: str) -> None:
    assert extract_given(reply, asked, SAID) == []


def test_a_long_list_gives_at_most_three() -> None:
    reply = "\n".join(f"- Place {chr(65 + i)}" for i in range(26)) + "\n" + "\n".join(f"- Spot {chr(65 + i)}" for i in range(26))
    assert len(extract_given(reply, "Give me a list of places in Rome", SAID)) == 3


@given(st.text(max_size=300), st.text(max_size=100))
def test_given_never_raises_and_is_verbatim(reply: str, asked: str) -> None:
    for one in extract_given(reply, f"recommend some {asked}", SAID):
        assert one.span in reply


SOURCE = "I ran my first marathon in Oslo last Sunday with my sister Marta, 4 hours flat. I don't eat meat."


@pytest.mark.parametrize(
    ("proposal", "reason"),
    [
        ("The user ran a first marathon in Oslo on 15 November 2026.", None),
        ("The user's sister Marta ran a marathon in Oslo.", None),
        ("The user does not eat meat.", None),
        ("The user ran a marathon in Bergen.", "name"),
        ("The user ran a marathon in Oslo on 3 May 2026.", "date"),
        ("The user ran the marathon in 5 hours.", "number"),
        ("The user ran the marathon in five hours.", "number"),
        ("The user loves chocolate and cheese.", "supported"),
        ("The user ran with you.", "reader"),
        ("The user ran my marathon.", "first person"),
        ("Marta ran a marathon.", "begin"),
        ("The user ran a marathon?", "question"),
        ("The user's password is hunter2.", "password"),
        ("The user ran " + "marathon " * 30, "longer"),
        ("The user is.", "nothing"),
        ("", "begin"),
    ],
)
def test_proposals_of_a_model_are_checked_against_the_source(proposal: str, reason: str | None) -> None:
    why = validate(proposal, SOURCE, SAID)
    assert (why is None) if reason is None else (why is not None and reason in why)


def test_a_proposal_may_not_turn_the_source_round() -> None:
    assert validate("The user does not like tea.", "I like tea", SAID) == "says the opposite of the source"


@given(st.text(max_size=200), st.text(max_size=200))
def test_validate_never_raises(proposal: str, source: str) -> None:
    why = validate(f"The user {proposal}", source, SAID)
    assert why is None or why


CASUAL_SHA256 = "13ed0cc0d4d8b103881c9b9a9a2a7654786085dae8494d61df3d7cfe49bbde03"


def test_bars_on_casual_messages_that_were_never_read() -> None:
    assert hashlib.sha256((messages.DATA / "heldout.jsonl").read_bytes()).hexdigest() == CASUAL_SHA256
    total = score(messages.rows("heldout"))
    assert total.wrong <= 0.05 * total.sentences
    assert total.found >= 0.55 * total.labels


@pytest.mark.parametrize(
    ("before", "message", "texts"),
    [
        (
            "My daughter goes to ballet on Mondays.",
            "she's started swimming on wednesdays",
            ["The user's daughter has started swimming on wednesdays."],
        ),
        (
            "My brother Tom called",
            "He's a plumber. He has two kids.",
            ["The user's brother Tom is a plumber.", "The user's brother Tom has two kids."],
        ),
        ("My sister and my mum are here.", "she is a nurse", []),  # which of them?
        ("I met a woman at the gym", "she is a nurse", []),
        ("My daughter is 8. Her teacher Kim came, she is strict.", "she is from Wales", []),
        ("My exam is on Monday.", "it's on Friday", []),
        ("What is a good book?", "she is a nurse", []),
    ],
)
def test_a_pronoun_may_mean_somebody_of_the_message_before(before: str, message: str, texts: list[str]) -> None:
    assert [candidate.text for candidate in extract(message, SAID, before=before)] == texts


@pytest.mark.parametrize(
    ("message", "texts"),
    [
        ("hi! I'm Joana, 34, I teach maths in Leiria", ["The user's name is Joana.", "The user is 34.", "The user teaches maths in Leiria."]),
        ("I'm Priya, a nurse in Leeds", ["The user's name is Priya.", "The user is a nurse in Leeds."]),
        ("we've got twins, they turned 5 in September", ["The user has got twins.", "The user's twins turned 5 in September (September 2026)."]),
        ("I'm training for the Oslo marathon, it's on 13 June 2026", ["The user is training for the Oslo marathon.", "The user's Oslo marathon is on 13 June 2026."]),
        ("on which days do I run", []),
    ],
)  # fmt: skip
def test_people_and_dates_said_at_once(message: str, texts: list[str]) -> None:
    assert [candidate.text for candidate in extract(message, SAID)] == texts


def test_a_thing_of_the_users_is_known_by_what_was_told() -> None:
    def said(message: str, *told: str) -> list[str]:
        return [candidate.text for candidate in extract(message, SAID, told)]

    assert said("the printer broke", "The user has an old printer.") == ["The user's printer broke."]
    assert said("the printer broke") == []
    assert said("duarte's cast comes off on friday", "The user has got twins, Leonor and Duarte.")[0].startswith(
        "The user's twin Duarte's cast comes off"
    )
    assert said("Pete moved out, spare room's empty", "The user has a lodger called Pete.") == [
        "The user's lodger Pete moved out, spare room's empty."
    ]
    assert said("Amy's a nurse at the royal infirmary", "The user's best friend is called Amy.") == [
        "The user's best friend Amy is a nurse at the royal infirmary."
    ]
