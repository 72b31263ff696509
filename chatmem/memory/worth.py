"""Whether a clause states something that is true and worth keeping, or is talk: hedges, thanks, requests, feelings, vague words."""

from __future__ import annotations

import re

from chatmem.memory.relations import relation_of
from chatmem.memory.third_person import AFTER_IS, is_present
from chatmem.words import content_words, stem

MAX_CLAUSE = 400
LAUGHTER = r"lol|lmao|rofl|ha(?:ha)+h?"

_HYPOTHETICAL = re.compile(
    r"\b(?:if (?:i|we|my|it|only|that|he|she|they)|what if|would(?:n't)? (?:be|have|never|love|like|rather|prefer|say|do|go)|could(?:n't)? (?:have|be|eat|use)|should(?:n't)? have|"
    rf"as if|were i|hypothetically|let's say|say i|suppos\w+|assum(?:e|ing)|maybe|perhaps|might|someday|some day|one day|who knows|just kidding|jk|{LAUGHTER}|he(?:he)+|joking|"
    r"i wish|i swear)\b|[😂🤣]",
    re.IGNORECASE,
)
_HEARSAY = re.compile(
    r"\b(?:he|she|they|people|everyone|everybody|someone|somebody|nobody|you|(?:my|our|the|her|his|their) (?:[\w'-]+ ){0,2}?[\w'-]+|(?-i:[A-Z])[\w'-]+)"
    r" (?:also |always |just |once |really |still )?(?:says?|said|tells?|told|claims?|claimed|thinks?|thought|believes?(?! in\b)|believed(?! in\b)|insists?|reckons?|swears?|joked|wrote that|mentioned|asked|asks)\b"
    r"|\baccording to\b|\brumou?r|\bi(?:'ve)? (?:heard|read) (?:that|about|somewhere|it|you)\b|\b(?:i|we)(?:'ve)? (?:said|told|asked|say)\b",
    re.IGNORECASE,
)
_SECOND = re.compile(r"\b(?:you|your|yours|yourself|you're|you've|you'll|you'd|u|ur|ya|y'all)\b", re.IGNORECASE)
# The first words of a clause that is talk, not a statement about the user.
_TALK = re.compile(
    r"^(?:(?:i|we)(?:'m|'ve|'re| am| are| have| was| were)? ?(?:been |just |really |also |still |so |totally |definitely |always |kinda |actually |only |very |pretty |super |truly |basically |never |not |already |honestly |all )*"
    r"(?:think|thought|thinking (?:that|it|so)|see\b(?! (?:an?|my|our|her|him|the|(?-i:[A-Z][\w.]+)) )|understand|know\b(?! (?:how to \w|(?-i:[A-Z])|some |a (?:bit|little|lot) of))|knew|agree|disagree|guess|mean|meant|wonder\w*|wish|would|could|should|might|may\b|suppose|doubt|bet|believe\b(?! in\b)|"
    r"figure|imagine|reckon|assume|feel\b|felt\b|feeling\b|hear\b|heard|say|said|saying|tell|told|ask|asked|asking|talk(?:ing|ed)? (?:about|to you)|question|have to (?:say|admit|go|run)|got to (?:say|go|run)|"
    r"kidding|joking|sorry|fine|ok|okay|good|great|well|here|there|back(?! (?:at|in|with|living|home with) (?:my|our|(?-i:[A-Z])))|done|sure|certain|afraid (?:i|that)|curious|glad|happy|excited|exited|proud|thankful|grateful|stoked|lucky|fortunate|blessed|impressed|ready|determined|"
    r"amazed|touched|honou?red|jealous|envious|speechless|thrilled|pumped|psyched|hyped|confident|hopeful|shocked|surprised|relieved|delighted|pleased|sad|upset|bummed|devastated|disappointed|heartbroken|overwhelmed|"
    r"nervous|anxious|worried|tired|exhausted|bored|hungry|busy|swamped|in awe|in love with (?:it|this|that)|down(?! to \d)|in\b(?=$|!)|up for|up to|all ears|with you|open to|looking forward|trying (?:to (?:stay|keep|be|remember|make sure|figure|do|say|get))|doing (?:my|our|well|good|great|fine|ok|okay|alright|it|what)|"
    r"hanging in|on it|rooting|dying|starving|obsessed|convinced|aware|able|about to|used to it|"
    r"appreciate|thank|(?:actually )?(?:just )?remembering|apologi[sz]e|get (?:it|how|why|what)|got it|got you|hope\b(?! to\b)|hoping\b(?! to\b)|can(?:not|'t)? (?:believe|wait|tell|see|imagine|relate|help|say|wrap|hear (?:you|that|it)|understand|do|recommend|vouch|get (?:it|that)|remember|be|use|totally|definitely|only|always|just|really|have|you)|"
    r"(?:don't|didn't|do not|did not|haven't|couldn't) (?:get(?! (?:the (?:job|part|role|place|grant|visa|flat|house|loan|promotion)|into)\b)|know|understand|think|mean|see|mind|care|believe(?! in\b)|remember|realize|realise|want to (?:be|sound|bother|miss)|say|ask|expect|regret|worry|blame|recall|doubt|wanna)|"
    r"forgot|forget|misread|misunderstood|remember|realized|realised|learned (?:that|so much|a lot)|learnt|noticed (?:that|how|it|you|a lot)|interested in (?:learning|knowing|hearing|finding|exploring|getting|understanding|the (?:\w+ )*(?:aspects?|context|details))|leaning towards|not (?:entirely |really |quite )?sure|having (?:some )?(?:trouble|issues|problems|difficulty) with|promise|rec+om+end|suggest|do[-,.]|shine|hate to|love to (?:hear|see|know)|love how|love when|like how|"
    r"love (?:that|it|this|these|those|your)|like (?:that|it|this|these|those|your|the idea)|hate (?:that|it|this|when)|enjoyed (?:that|it|this)|miss (?:it|that)|want (?:you|to know|to (?:ask|say|tell|share|thank|see (?:you|if)|make sure|hear|understand|be|show|give|remind|let|keep|help|fill|talk|check)|it|this|that|them|everyone|people|more)|"
    r"wanted to (?:ask|say|tell|share|let|know|check|see if|make sure|fill|thank|show|reach)|need (?:you|the|to (?:know|go|run|be|keep|make sure|think|stay|take|find|remember|fix|do|get|check)|help|some|a|an|your|more|ideas|advice|it|this|that|them)|"
    r"(?:would |'d )(?:like|love|rather|prefer|say|be)|have (?:a|another|one|some|two|more|no|many) (?:more |quick |other |few |small )*(?:questions?|ideas?|doubts?|clue|words|complaints|choice|regrets)|"
    r"(?:get|got|keep getting|am getting|getting|see|have) (?:a|an|the|this|some|these) (?:\w+ )?(?:\w*errors?|exceptions?|warnings?|messages?|404|traceback)|tried (?:that|it|this|everything|turning|restarting|reinstalling)|"
    r"looking (?:for (?!(?:a |an )?(?:new |full-time |part-time |better )?(?:job|work|flat|apartment|house|place|home|room|flatmate|roommate|school))|at|into it)|"
    r"(?:got|have|had|has) (?:your|this|that|it|them|these|those)\b|(?:'ll|will|shall|must|gotta)\b(?! not (?:eat|drink|take|smoke|drive|lift)\b)(?!.*\b(?:tomorrow|next|\d{1,2}(?:st|nd|rd|th|am|pm)|monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|june|july|august|september|october|november|december)\b)|"
    r"gonna (?:try|keep|do|be|make|take|give|let|miss|need|have to)|going to (?:try|keep|do|be (?!a )|make sure|take|give|let|miss|need|have to)|keep (?:going|trying|up)|(?:going|off|heading) (?:to|for) (?:bed|sleep|lunch|dinner|work now)|stuck (?:on|at)|on (?:my|our) (?:phone|laptop|computer|way)|restarted|rebooted|reinstalled|refreshed|clicked|pasted|copied|typed|attached|uploaded|gave it|made it|did it|nailed it|'d\b|agree|relate)"
    r"|(?:my|our) (?:question|point|bad|mistake|goodness|god|apologies|heart|mind|pleasure|thoughts?|guess|hope|turn|answer|code|script|program|query|function|test|endpoint|formula|prompt|message|first thought|advice|favou?rite part|hats?|condolences|fingers|gosh|word)"
    r"|we (?:should|could|can|need|were talking|all|both)|we'(?:ll|d)|i's|we's|(?:i|we) (?:100% agree|won't|rock|can (?!speak|play|swim|drive|cook|sing|dance|read|type|juggle|code|ski|ride|sew|knit)|trust|deserve|rely|believe (?!in )|bet)|(?:i|we)(?:'m|'ve|'re| am| are| have| was| were| had)? (?:not |been |just |really |also |still |so |all |totally |definitely |only |even |always |slowly |finally )*(?:giving up|with (?:it|this|that|the|her|him|them)\b|on the (?:right|same)|all about|a mix|a huge fan$|a big fan$|so (?:far|close)|getting (?:there|somewhere)|off to (?:go|bake|have|eat|bed|sleep|cook|get|meet|see)|as well|kept (?:pushing|going|trying)|keep (?:facing|pushing|learning)|ended up (?:laughing|having a)|bond(?:ed)?|connected|stay(?:ed|ing)? (?:positive|strong|determined|focused|true|away|calm|motivated|busy|tuned)|fac(?:e|ed|ing) (?:\w+ )?(?:challenges|obstacles|setbacks|tough|a lot|difficult)|content\b|completely (?:content|agree|understand)|made sure|wanted (?:to (?:feel|make)|an?\b|the\b)|whipped up|threw together|got everyone|getting everyone|learn a lot|had to (?:overcome|dig|keep|reach out|deal|face|adapt|try)|(?:studied|rehearsing|practicing|training) hard|formed (?:connections|bonds|a bond)|caring more|savor|over the moon|taking (?:it|things)|getting better|got a funny|hit it off|clicked|pulled (?:off|it|through)|push(?:ed|ing)|managed to (?:get|do|keep|stay)|messed up|struggl\w+(?=$|[.!,]| (?:a bit|lately|but))|super keen|keen to spread|mesmeri[sz]ed|inspired|motivated|living my|finding (?:some )?(?:comfort|peace|joy|strength)|got a (?:surge|boost|kick|feeling|sense|no)|had some (?:really )?(?:nice|great|good|amazing)|haven't (?:seen|heard|decided|thought|been (?:back|able))|still deciding|always (?:here|looking|up for)|in (?:the )?(?:zone|middle of it)|too lazy|was (?:really |so )?(?:competing|impressed|moved)|all individual|on (?:fire|track)|here|there for|in this))\b",
    re.IGNORECASE,
)
# A plain desire or hope that says what for is kept: "I want to become a midwife".
_WANT = re.compile(
    r"^(?:i|we) (?:\w+ly |really |also |still )?(?:want to|hope to|plan to|intend to|am hoping to)\b(?! (?:know|ask|say|tell|share|thank|see (?:you|if)|make sure|ensure|hear|understand|be (?:able|sure|known)|show|give|remind|let|keep|help|fill|talk|check|learn more|get (?:a better|more|some|the best)|avoid|focus))",
    re.IGNORECASE,
)
# Words whose referent stands outside the clause, right after a verb or preposition.
_DEICTIC = re.compile(
    r"^(?:\S+ ){1,4}?(?:it|that|this|these|those|them|him|one|ones|such|there|here|everything|something|anything|stuff|things?|so|some|any|both|lots|a lot|a bit)[.,!]?$"
    r"|\b(?:about|of|in|on|with|for|at|to|from|like|by|love|loved|loving|do|did|done|doing|had|saw|seen|made|make|making|got|get|want|need|hear|heard|read|tried|try|bought|took|take|taken|taking|know|enjoy|enjoyed|did|picked|pick|found|watched|give|gave|giving|put|see|seeing|keep|kept|started|finished|using|used|use) "
    r"(?:that|this|these|those)\b(?! (?:morning|afternoon|evening|week|weekend|month|year|spring|summer|autumn|fall|winter|past|coming|monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|may|june|july|august|september|october|november|december|christmas|semester|season|term|time next))"
    r"|\bthat (?!i\b|i'|we\b|we'|he\b|she\b|it\b|they\b|you\b|is\b|was\b|are\b|were\b|has\b|have\b|had\b|can\b|could\b|will\b|would\b|the\b|a\b|an\b|my\b|our\b|his\b|her\b|their\b|there\b|really\b|also\b|goes\b|\w+s\b|\w+ed\b|(?:came|went|got|made|took|fits?|lets?|night|day|year|time|way)\b)\w"
    r"|\b(?:this|these|those) (?!morning|afternoon|evening|week|weekend|month|year|spring|summer|autumn|fall|winter|past|coming|monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|may|june|july|august|september|october|november|december|christmas|semester|season|term|days)",
    re.IGNORECASE,
)
_PRONOUN_OBJECT = re.compile(
    r"^(?:i|we|(?:my|our) \w+(?: \w+)?)(?:'m|'ve|'re|'ll)? ?(?:\w+ ){0,3}?\b(?:it|that|them|him|her(?! [a-z]+(?<!\ba)(?<!\b(?:to|in|at|on|up|by|so|as|an|my|is|it|if|or))(?<!\b(?:for|and|but|all|too|the|our|was|out|off|how|why|now|not))(?<!\b(?:with|from|when|last|here|into|over|that|back|next|this|what|home|well|more|very|just|once))(?<!\b(?:about|there|again|today|every|after|where|since|until|while|twice))(?<!\b(?:before|really|though))\b)|there|one(?! [a-z])|they|he|she|ones|such|others|this)(?:'s|'ll|'re)?\b(?! (?:\w+ )?(?:birthday|is|are|was|name))",
    re.IGNORECASE,
)
_VAGUE = frozenset(
    stem(word)
    for word in """ability able absolutely accept achieve achievement action actual admire adventure advice aim amaze amazing anyone anything appreciate around ask aspect atmosphere attempt attention attitude authentic awesome awful
    back bad balance battle beautiful beauty begin believe benefit best better big bit blast blessed blow bond boost bounce brave break bright bring brought build bunch burst busy
    calm cant capture care case cause celebrate certain challenge chance change character charge chase chat check cheer cherish chill choice choose clear close closer come comfort comfortable commit common company compete complete
    confident connect connection consider contact contain content continue control convince cool count couple courage cover crazy create creative creativity cross cute
    damage day deal decide decision decompress dedicate deep deepen definite deliver determine develop difference different difficult difficulties diligent direction discover disappoint doubt down dream drop
    eager early easy effort elate embrace emotion empower encounter encourage end energy engage enjoy enough ensure enthusiasm epic escape especially even event eventually everyday everyone everything exact excellent excite exhaust expect
    experience explain explore express extra eye fab face fail faith fall fan fantastic far fast favorite fear feedback feel fight figure final find fine finger finish fire first fit flow focus folk follow forever forget forgot forward found free freak
    freedom fresh fuel fulfil full fun future gain gang gather generation get give glad glimpse go goal good grab grasp grateful great ground grow growth guess guide guy
    hand handle hang happen happy hard harder heart help hero high highlight hit hold honest honor hook hope huge hurdle idea imagine immense impact importance important impress improve incident incredible individual influence inner inspire inspiration
    instead intense interest involve issue journey joy juggle jump just keen keep key kick kind know lack late lead learn leave left less lesson let level lift light like line list little live local long look lose loss lost lot love loyal luck lucky
    main make manage many material matter maybe mean meaning memorable memory mental mention mess milestone mind mindset minute miss mix mixture moment mood motivate move nature near need nerve nervous never new nice noise normal note nothing notice
    obsess obstacle off offer ok okay open opinion opportunity option order overall overcome own pain part particular pass passion passionate past path pay peace people perfect period person personal perspective pic pick picture piece place plan plenty
    point positive positivity possible potential power practice precious prep prepare pressure pretty previous pride probably problem process progress project proper proud prove pull purpose pursue push put quality question quick quiet quite
    raise reach react ready real reality realize realise reason recent recharge reduce reflect refresh regular relate relationship relax relief relieve remain remind reminder research reset resilience resonate respond response rest result reward rich ride right rise
    risk road rock role rough routine rush sad safe satisfy saw say scare scene search see seek seem sense sentimental serious set setback setup shape share shock show side sight similar simple simply situation skill slow small smile smooth social
    someone something somewhere soon sort soul space spark special spend spirit spot spread stage stay steady step stick stop story strategy strength strengthen stress strive strong struggle stuck stuff style succeed success such suck sudden super support sure surge
    surprise surround sweet switch tackle take talent talk taste tell term thankful thing think thought thrill through throw tie time tip tired today together ton top totally touch tough toward track trail trouble true trust truth try turn turnout
    unbelievable unexpect understand unforgettable unique unwind upset use useful usual value vibe view vision visual vital voice wait walk want warm warmth watch wave way weird well whole wild win wish wonder wonderful word work world worry worst worth wow year yes young went gave told took came kept held met felt thought brought sat stood began join start stop explore add wear hung hit ran told another other anyway others lots physical copy afterward afterwards note tempt reaction overall rival due spent gotten got hung awhile guys headspace""".split()
)
_CALENDAR = frozenset(
    "yesterday tomorrow tonight week weekend month year day last next ago monday tuesday wednesday thursday friday saturday sunday spring summer autumn fall winter morning evening night lately recently currently already since".split()
)
_WHEN = re.compile(
    r"\b(?:yesterday|tomorrow|tonight|ago|(?:last|next|this) (?:\w+day|week|weekend|month|year|spring|summer|fall|autumn|winter|night)|in (?:19|20)\d\d|every \w+|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|january|february|march|april|(?:in|since|by|until|of|last|next|this|mid|\d) may|may \d+|june|july|august|september|october|november|december)\b",
    re.IGNORECASE,
)
_OTHERS_LAST = re.compile(
    r"^(?:also |just |always |now |still |really |never |both )*(?:(?:gave|brought|paid) .*\bback\b|returned the|died|passed away|moved out|left|is an?|is from|is the|is called|is named|has an?|has \w+|lives?|works?|plays?|loves?|likes?|hates?|teaches|speaks?|studies|study|runs?|flies|drives?|owns?|makes?|sells?|moved|was born|is (?:in|on|at) |is allergic|is (?:crazy|mad) about|is into|is good at|is (?:afraid|scared) of|is obsessed with|is (?:pregnant|expecting|married|engaged|divorced|separated|widowed|single|retired|unemployed|vegan|vegetarian|diabetic|asthmatic|coeliac|celiac|epileptic|autistic|dyslexic|deaf|blind|left-handed|colou?r-?blind|bilingual|adopted)\b|is \d+|is \w+ing|collects?|is named|name is)\b"
)
_TURN_OF_OTHERS = re.compile(
    r"(?:(?:has|have|is|are|was|just|now|also|finally|getting|gets?|got|been) )+(?:engaged|married|divorced|separated|pregnant|expecting|fired|sacked|laid off|made redundant|promoted|diagnosed|bereaved|widowed|evicted)\b"
    r"|(?:has |have |just |finally )*(?:quit|resigned|retired)\b(?! (?:it|that|doing|being)\b)"
    r"|(?:has |have |just )*(?:fell|fallen|slipped|tripped|collapsed|fainted|crashed) (?:down|off|on|in|over|out|from|through|at|and)\b",
    re.IGNORECASE,
)
_NOTICE = re.compile(
    r"(?:has |have |just |again |also )*(?:rang|called|phoned|texted|wrote|emailed|came round|came by|came over|is here|is back|has gone|sent (?:me |us )?(?:a|an|the) (?:letter|message|text|email|voice note|photo|card))(?: (?:me|us|back|today|again|yesterday|tonight|this morning|(?:from|at|in) \S+))*$"
    r"|(?:said|says) \w+(?: \w+)?$"
    r"|(?:is|was|can be) (?:such |quite |really |just |a bit of |so )*an? (?:\w+ )?(?:shame|pity|pain|relief|joke|nightmare|mess|disaster|blessing|delight|star|legend|gem|angel|hero|surprise|bummer)$",
    re.IGNORECASE,
)
"""That somebody called, came or said a word, and nothing of what it was about."""
_AILS = re.compile(
    r"(?:(?:left|right|bad|other) )?(?:knees?|hips?|back|neck|shoulders?|elbows?|wrists?|ankles?|foot|feet|legs?|arms?|hands?|eyes?|eyesight|sight|ears?|hearing|teeth|tooth|throat|skin|heart|lungs?|liver|kidneys?|stomach|tummy|bladder"
    r"|paws?|hearing|memory|blood pressure|blood sugar|asthma|eczema|arthritis|chemo|migraines?) (?:is|are|has|have|hurts?|aches?|keeps?|got|went|gave out|broke)\b",
    re.IGNORECASE,
)
"""What somebody suffers from."""
_OF_USER = re.compile(r"\b(?:me|us|my|our)\b", re.IGNORECASE)
_TASTE = re.compile(
    r"^i (?:(?:really|also|absolutely|just) )*(?:love|like|hate|don't like|do not like|can't stand|dislike|adore|detest|prefer|enjoy|don't eat|don't drink|(?:don't )?believe in) (?!it|that|this|these|those|them|him|her|you|how|when|to\b|the\b|being|having|getting|doing|everything|anything|something|things?|one)[\w-]{3,}$",
    re.IGNORECASE,
)
_TURN = re.compile(
    r"^(?:i|(?:my|our) [\w-]+(?: (?-i:[A-Z])[\w-]+)?)(?:'ve| have| has)? (?:just |recently |finally |also )?(?:got|was|been) (?:fired|laid off|made redundant|promoted|dumped|engaged|married|divorced)(?: \w+){0,4}$"
    r"|^we(?:'ve| have)? (?:just |recently |finally |also )?(?:broke up|broken up|split(?: up)?|separated|got (?:back )?together|moved in together)(?: \w+){0,4}(?:,.*)?$"
    r"|^i(?:'ve| have)? (?:just |recently |finally |already )?(?:(?:gave|given|handed)(?: in)? my (?:\w+ )?notice|resigned|retired)(?: \w+){0,4}(?:,.*)?$",
    re.IGNORECASE,
)
# Frames of what lasts: with one of them a single concrete word is enough.
_LASTING = re.compile(
    r"^(?:i|we)(?:'m|'ve|'re)? ?(?:\w+ly |just |also |still |always |never |now |back |no longer |don't |do not |do |used to |have always |am |are |can |can't )*"
    r"(?:(?:love|like|hate|prefer|enjoy|dislike|stand|learned|learnt|(?:trying |want |hope |plan |hoping |planning |going |need )to|play|speak|teach|study|studied|eat|drink|own|collect|drive|wear|take|use|have|had|got|grew up|live|lived|work|worked|moved|been|be|bake|cook|paint|ski|swim|hike|garden|sew|knit|do)\b|(?:an?|the|from|allergic|in|on|off|into|at|with|part of|more of an?|paying|learning|training|studying|reading|retired|married) )"
    r"|\bfavou?rites?\b|^(?:my|our) [\w' -]{2,40} (?:is|are|was|has|have|plays?|works?|lives?|named|called)\b|\b(?:quit|stopped|gave up|was put on|moving (?:back )?to (?-i:[A-Z])\w+|moving (?:back )?in with|joined|adopted|bought|sold|born|named|called|graduated|volunteer\w*|visited|started (?:\w+ing|an?|at|my)|finished|moved|diagnosed|raised in|pregnant|engaged|married|divorced|promoted|hired|fired|turning \d+|turned \d+|passed|failed|won|lost|met|wrote|broke|hurt|went \w+ing|cancell?ed|borrowed|tore|sprained)\b",
    re.IGNORECASE,
)
_FEELING = re.compile(
    r"^(?:i|we)(?:'m|'ve| am| was| were|'re| are)? ?(?:just |really |so |very |super |still |a bit |a little |also |pretty )*(?:scared|terrified|afraid|frightened|excited|nervous|anxious|worried|tired|busy|swamped|overwhelmed|happy|proud|glad|sad|stressed|back(?! (?:at|in|with|living with|home with) (?:my|our|(?-i:[A-Z]))))\b",
    re.IGNORECASE,
)
_FEAR = re.compile(
    r"^i(?:'m| am| was)(?: \w+)? (?:scared|terrified|afraid|frightened) of (?!(?:it|that|this|what|how|the (?:future|unknown)))\w+", re.IGNORECASE
)
_PREDICATE = re.compile(
    r"^(?:i'm|i am|we're|we are) (?:(?:also|really|still|so|not|now|no longer|actually|very|pretty|all|just|\w+ly) )*(?P<word>[\w'-]+)(?: (?:at the moment|right now|these days|now|again|currently|too))?$",
    re.IGNORECASE,
)
_TRAITS = re.compile(
    r"^(?:\d{1,3}|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-\w+)?|freelancing|single|married|divorced|engaged|widowed|pregnant|retired|unemployed|self-employed|employed|vegan|vegetarian|pescatarian|gay|lesbian|bisexual|bi|queer|trans|transgender|straight|asexual|nonbinary|non-binary|autistic|dyslexic|"
    r"diabetic|asthmatic|epileptic|deaf|blind|colou?r-?blind|left-handed|right-handed|ambidextrous|bilingual|trilingual|religious|atheist|agnostic|catholic|muslim|jewish|buddhist|hindu|christian|protestant|sikh|mormon|introverted|extroverted|shy|"
    r"bald|short-sighted|nearsighted|lactose-intolerant|celiac|coeliac|gluten-free|sober|homeschooled|adopted|[a-z]+(?:ish|ese|ian|ean))$",
    re.IGNORECASE,
)


# Set phrases that say nothing; anywhere in a clause.
_EMPTY = re.compile(
    r"\b(?:is|are) killing me\b|\bdriv(?:es?|ing) (?:me|us) (?:crazy|mad|nuts|insane|up the wall)\b|\blooks? like (?:i|we)\b|\b(?:i'm|i am) basically\b|\bmarried to (?:my|our) (?:work|job|career)\b"
    r"|^we (?:(?:only|still|mostly|always|often|rarely|hardly|usually|now|barely) )*(?:talk|chat|meet|meet up|see each other|have the same|share)\b(?! (?:an?|our|my) )|^(?:i|we)(?:'m|'re| am| are| was| were) like\b|\b(?:mak(?:e|es|ing) it (?:happen|work|through|count)|(?:make|makes|making|made|see|saw) (?:a|the|an|such a|some|more of an) (?:\w+ )?(?:difference|impact|change)\b|affect people|raise awareness|positive change|inspir\w+ (?:others|people|other)|express (?:my|our)self|help (?:others|people)$|be known|another one|great team|(?:got|have|had|received) (?:some |a |an )?(?:great|good|big|bad|exciting|funny|amazing) (?:news|story|idea)|(?:crazy|wild|wicked|real|tough|some wild) (?:game|battle|week|day out|day|time|match|ride)s?\b|a setback|big names|for the cause|for a nice flavou?r|(?:made|baked|cooked) (?:a |an |some |the )?\w+$|ideas from|plans down|for fun$|some cooking|played games|of the language|right attitude|^(?:my|our) \w+ (?:is|are|was) like|roller ?coaster|(?:great|good|amazing|new|more|fond) memories|more energy|savou?r|treasure|here'?s|(?:after|before|besides|except|since|because of|despite) that$|stay (?:determined|positive|true|strong|focused)|(?:lot|lots) of research|figur(?:e|ing) out (?:the details|how|what|ideas)|mak(?:e|ing) (?:\w+ ){1,3}work\b|stuff like|time with the|longer$|the most growth|seen the most|(?:last|new|first|old|current|other|next|same|second|right|best) ones?\b|glad to (?:know|hear)\b|the impact|(?:playing|doing|practi[cs]ing|using) (?:\w+ly )?for (?:about|over|almost|just|quite|some time|\d+ (?:years|months|weeks)|(?:two|three|four|five|six|seven|eight|ten) (?:years|months|weeks)|a (?:while|few|long|couple))|^(?:my|our) (?:\w+ )?(?:team|family|friends?|kids|fam|teammates|dreams?|writing|work|business|journey|goal|aim)(?:, family and mentors)? (?:is|are|has been|have been|was|were) (?:like|super|so|my|our|the|to (?:show|give|get|make)|coming|comin'?|going well|really|always)|come (?:so|a long|this) |first step|never give up|keep (?:going|pushing|moving|trying|at it|it up)|(?:got|get|getting) the (?:hang|chance|opportunity)|"
    r"had the (?:chance|opportunity|pleasure)|(?:gave|give|giving) it (?:my|our)|what matters|day by day|step by step|one step|hard work|(?:follow|chase|chasing|following|pursue|pursuing|reach|reaching|achieve|achieving) (?:my|our|their) (?:dreams?|goals?|passions?)|make (?:my|our) dreams?|"
    r"in no time|at the end of the day|for sure|a lot to (?:learn|do)|means? (?:a lot|so much|the world)|something (?:new|special|different|meaningful|positive|special|like)|live authentically|(?:giving|give|gives) (?:me|us) (?:\w+ )?(?:strength|hope|peace|joy|courage|motivation|a sense)|each other's backs?|one another|cheer(?:ing)? (?:me|us) (?:up|on)|"
    r"some people|some (?:good )?(?:advice|tips|ideas)|as usual|the (?:same|right) (?:page|way|thing|track)|a (?:few|lot|bit|ton|bunch)$|on (?:me|us)$|something\b|(?:went to|attended|been to|had) an? (?:\w+ )?(?:event|experience|place|day|time)$|(?:is|are|was|were|'s) (?:getting |just |always |also |all )*(?:so |really |super |very |pretty |totally |absolutely )*(?:excited|proud|happy|awesome|amazing|supportive|great|incredible|fantastic|wonderful|thrilled|(?:my|our) (?:future|everything|rock|world|life|inspiration|strength))\b|hearts? into|striving|things happening|happening to|new people$|no big|break from reality|worked hard|work(?:ing)? hard|quality time|some (?:new |other |great |cool )?(?:stuff|things|projects|plans)\b|so much$|true self|(?:enjoy|enjoys|enjoyed|love) .*company$|each other|(?:we were|we are|we're) (?:\w+ )?(?!\d|vegetarians|vegans|teachers|doctors|nurses|farmers|twins)\w{3,}s\b(?! (?:a|the))|another (?:at|from|in|for|on|and|to)\b|(?:love|like|enjoy|loved|liked|enjoyed) (?:the|all the|how the) (?:\w+ ){0,3}?(?:colou?rs?|texture|leaves|sky|scenery|pictures?|photos?|pics?|paintings?|design|patterns?|views?|poses|idea|way|energy|vibes?|look|lighting|details|frosting|themes?|style|feel|atmosphere|concept)\b|^(?:my|our) (?:fav\w*|personal favou?rite)(?: one| part| thing| memory| moment)? (?:is|was|are|has)\b|(?:don't|do not|didn't|haven't|hasn't) (?:really )?(?:have|had|got) (?:a|any|big|much|many|the|enough)?\s?(?:recipe|plans|time|idea|clue|energy|words|choice)|on the positive|so cute$|went (?:okay|ok|well|great|fine|good)$|(?:on|of|with|about|for) for (?:a|the|so)|(?:some|any) to\b|(?:a )?few more\b|with them$|to them$|with (?:him|her)$|love the way|in (?:my|our) (?:career|life|lives)$|quite some time)",
    re.IGNORECASE,
)
_PERSONS = re.compile(
    r"\b(?:mother|mom|mum|father|dad|parents?|sister|sis|brother|bro|nan|gran|granny|hubby|son|daughter|kids?|child|children|wife|husband|partner|girlfriend|boyfriend|friends?|mates?|aunt|uncle|cousin|niece|nephew|grand\w+|boss|colleague|coworker|neighbou?r|teacher|coach|mentor|dog|cat|puppy|kitten|"
    r"family|students?|woman|man|girl|boy|people|someone|doctor|baby|twins?|roommate|flatmate|pets?|turtles?|rabbit|horse|[a-z]+-in-law|in law)\b|(?<=[a-z,] )(?-i:[A-Z][a-z]+)",
    re.IGNORECASE,
)


_VERB = re.compile(
    r"\b(?:is|are|was|were|am|has|have|had|can|can't|will|won't|does|doesn't|do|don't|did|didn't|isn't|wasn't|aren't|got|went|came|made|took|gave|told|bought|sold|lost|found|left|died|ran|won|grew|fell|broke|kept|taught|lent|sent|met|let|put|quit|hurt|cut|said|became|began|\w{2,}(?:s|ed|en))\b"
    rf"|'s {AFTER_IS}",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\b(?:\d+|two|three|four|five|six|seven|eight|nine|ten|some|many|several|few) (?:\w+ )?\w+s\b", re.IGNORECASE)
"""Things, whose plural is no verb: "our daughter Lea two years later"."""


def has_verb(clause: str) -> bool:
    """Whether a clause about "my X" says something of X before any subordinate clause."""
    rest = re.split(r" (?:when|because|that|who|which|while|if|as) ", clause)[0].partition(" ")[2].partition(" ")[2]
    return (
        bool(_VERB.search(_COUNTED.sub("", rest)))
        or (bool(re.match(r"\S+ (?:\w+ )?\w+s\b", clause)) and any(is_present(word) for word in rest.split()))
        or bool(re.match(rf"\S+ \S+'s {AFTER_IS}", clause, re.IGNORECASE))
    )


def _unresolved(clause: str) -> bool:
    """Whether a pronoun of the third person has nothing before it in the clause that it can mean."""
    clause = re.sub(r"\bit (?:rains|snows|is (?:cold|hot|sunny|warm|dark)|gets (?:cold|dark|hot))\b", "", clause, flags=re.IGNORECASE)
    for match in re.finditer(
        r"\b(?:he|she|him|her|his|hers|they|them|their|theirs|it|its|there|here)\b(?!'s (?:a|an|been)\b)", clause, re.IGNORECASE
    ):
        before, word = clause[: match.start()], match[0].lower()
        if word in ("here", "there"):
            if not re.search(r"\b(?:at|in|to|from|near) (?:(?:the |a |an |my |our )\w+|(?-i:[A-Z]))", before):
                return True
        elif word in ("it", "its"):
            if (word == "it" and re.search(r"\b(?:about|of|for|with|from|like|to|by|on|in|into|at) $", before)) or not re.search(
                r"\b(?:a|an|the|my|our|this|one|[A-Z]\w+|\w+ing) ", before[2:]
            ):
                return True
        elif word in ("they", "them", "their", "theirs"):
            if not re.search(r"\b(?:\w{3,}s|people|children|family|team|couple|men|women|someone|who|person)\b", before) and not _PERSONS.search(
                before
            ):
                return True
        elif not _PERSONS.search(before):
            return True
    return False


def worth_keeping(clause: str) -> bool:
    """Whether a first-person clause states a fact or event of the user's own that will still mean something later."""
    plain = re.sub(r"\b(in|for|at) IT\b", r"\1 informatics", clause.strip().rstrip(".!…,; "))  # no pronoun
    if not states(plain):
        return False
    if predicate := _PREDICATE.match(plain):
        word = predicate["word"]
        return bool(_TRAITS.match(word)) or (word[:1].isupper() and not plain.isupper() and word.lower() not in ("batman", "god", "superman"))
    specific = _specific(plain)
    if _FEELING.match(plain):
        return bool(_FEAR.match(plain)) or (specific and len(_rich(plain)) >= 2 and not _PRONOUN_OBJECT.match(plain) and not _EMPTY.search(plain))
    if _TALK.match(plain) and not _WANT.match(plain):
        return False
    if re.match(r"(?:my|our)\b", plain, re.IGNORECASE) and not has_verb(plain):
        return False
    if _TURN.match(plain):
        return True
    if _PRONOUN_OBJECT.match(plain) or _DEICTIC.search(plain) or _EMPTY.search(plain) or _unresolved(plain):
        return False
    if _TASTE.match(plain):
        return True
    rich = len(_rich(plain)) + _dated(plain)
    return rich >= 2 or (rich == 1 and (_habitual(plain) or bool(_LASTING.search(plain))))


_KIDDING = r"(?:just |only )?(?:kidding|joking)|jk|not really|kidding aside"
_NOT_MEANT = re.compile(
    rf"\bas (?:my|our|the|they|he|she) (?:\w+ ){{0,3}}says?\b|\bor so (?:he|she|they|it|i) (?:says?|claims?|thinks?|said|claimed|heard)\b"
    rf"|^(?:yeah,? right|as if|oh,? (?:great|joy|wonderful)|sure,? because)\b"
    rf"|\b(?:{_KIDDING}|{LAUGHTER})\b|[😂🤣]",
    re.IGNORECASE,
)


_ASIDE = re.compile(r"(?:,| so| -| –|;) ")


def without_aside(clause: str) -> str:
    """A clause not worth keeping as a whole, up to the aside that makes it so: "my bike got nicked last week, second one this year"."""
    if not states(clause):
        return _without_address(clause)
    if worth_keeping(clause):
        return clause
    return next((head for head in heads(clause) if worth_keeping(head)), clause)


def heads(clause: str, fewest: int = 3) -> list[str]:
    """What stands before each aside of a clause, the shortest first; of no fewer words."""
    return [head for match in _ASIDE.finditer(clause) if len((head := clause[: match.start()]).split()) >= fewest]


_BREAK = re.compile(r",? (?:and|but|so|because|bc|cos|cuz|no|which|as) |[,;] | [-–] ")
_ATTRIBUTED = re.compile(
    r"^\W*(?:he|she|they|everyone|people|(?:my|our|the) [\w ]+|[A-Z]\w+) (?:says?|said|claims?|thinks?|reckons?|tells? me|told me)\W*$", re.IGNORECASE
)
"""All that follows what somebody else says: "I'm too thin, she said"."""


def _without_address(clause: str) -> str:
    """A clause up to the part that speaks to the reader or tells what others say; the whole where that is all, or says whose words they are."""
    found = [match for match in (_SECOND.search(clause), _HEARSAY.search(clause)) if match]
    if not found or _HYPOTHETICAL.search(clause):
        return clause
    begins = min(match.start() for match in found)
    breaks = [match for match in _BREAK.finditer(clause) if match.start() <= begins]
    head = clause[: breaks[-1].start()] if breaks else ""
    tail = clause[breaks[-1].end() :] if breaks else ""
    return head if len(head.split()) > 2 and states(head) and not _ATTRIBUTED.match(tail) else clause


_TAKES_BACK = re.compile(rf"\b(?:{_KIDDING})\b", re.IGNORECASE)


def takes_back(sentence: str) -> bool:
    """Whether a sentence says that the one before it was not meant: "Just kidding!"."""
    return _TAKES_BACK.search(sentence) is not None


def joking(sentence: str) -> bool:
    """Whether a sentence says that it was not meant, or that somebody else claims it."""
    return _NOT_MEANT.search(sentence) is not None


def states(clause: str) -> bool:
    """Whether a clause can be a statement at all, whoever it is about: no question, hedge, hearsay, quotation or address to the reader."""
    return not (
        len(clause) > MAX_CLAUSE
        or not content_words(clause)
        or clause.endswith("?")
        or "▮" in clause
        or _HYPOTHETICAL.search(clause)
        or _HEARSAY.search(clause)
        or _SECOND.search(clause)
    )


_REPORT = re.compile(
    r"^(?:my|our) (?:[\w'-]+ ){0,2}?[\w'-]+(?: (?-i:[A-Z])[\w'-]+)? (?:says|reckons|(?:has |just )?said|told me|tells me)(?: that)? (?P<what>(?!(?:she|he|they|so|no|yes|it|that|this|hi|hello|to|you)\b).+)$",
    re.IGNORECASE,
)


def reports(clause: str) -> bool:
    """Whether somebody close to the user says something of use there, which is kept as what they say: "my mum says the wedding is in June"."""
    match = _REPORT.match(clause)
    return match is not None and states(match["what"]) and _specific(match["what"]) and len(_rich(match["what"])) + _dated(match["what"]) >= 2


def reason_of(clause: str) -> str:
    """The cause that a feeling is given: "I'm sad because my cat died" -> "my cat died"; "" when there is none."""
    match = re.match(
        r"^(?:i|we)(?:'m|'ve|'re| am| are| was| were| feel| felt)(?: \w+)?(?: \w+)? (?:sad|happy|glad|excited|upset|proud|relieved|nervous|anxious|thrilled|devastated|heartbroken|delighted|stressed|worried|lucky|grateful|sorry|annoyed|angry|tired|exhausted|down|over the moon) (?:because|since|'cause|as|that) (?P<cause>(?:i|i'm|i've|my|we|we're|we've|our)\b.+)$",
        clause,
        re.IGNORECASE,
    )
    return match["cause"] if match else ""


def _specific(clause: str) -> bool:
    """Whether it has a number or a name."""
    return re.search(r"\d|(?<=[a-z,] )[A-Z][a-z]+", clause) is not None


def _habitual(clause: str) -> bool:
    """Whether it is in the simple present: what it says is a habit or a state."""
    match = re.match(r"(?:i|we) (?:(?:\w+ly|also|just|still|always|often|never|sometimes|even|both|mostly) )*(\w+)\b", clause, re.IGNORECASE)
    return bool(match) and is_present(match[1])  # type: ignore[index]


def _rich(clause: str) -> set[str]:
    """The stems of its concrete words."""
    return {
        root
        for word in content_words(clause)
        if (len(word) > 2 or word.isdigit()) and word not in _CALENDAR and (root := stem(word)) not in _VAGUE and word not in _VAGUE
    }


def _dated(clause: str) -> bool:
    return _WHEN.search(clause) is not None


def about_others(clause: str) -> bool:
    """Whether a clause about a person close to the user says something that lasts: not feelings, wishes or vague praise."""
    plain = clause.strip().rstrip(".!…,; ")
    if relation_of("user", plain)[0] == ("age",):
        return True
    if _TURN_OF_OTHERS.match(plain) and states(plain):
        return True
    if not states(plain) or _DEICTIC.search(plain) or _EMPTY.search(plain):
        return False
    if re.match(
        r"(?:\S+ ){1,5}?(?:it|that|this|them|would|could|might|should|can|must|will|seems?|looks?|feels?|felt|means?|meant|makes?|made (?:me|us))\b",
        plain,
        re.IGNORECASE,
    ):
        return False
    if _NOTICE.match(plain):
        return False
    rich = len(_rich(plain)) + _dated(plain)
    return rich >= 2 or (rich == 1 and (_specific(plain) or bool(_OTHERS_LAST.match(plain) or _AILS.match(plain) or _OF_USER.search(plain))))
