"""What rules are often about, and the words by which one knows that somebody speaks of it.

A topic is known in a rule by its first pattern, in an utterance by its second; both are matched against plain words
(words.plain). It is one sign among others (touching.py): a rule may be about none of them.
"""

from __future__ import annotations

import re
from functools import lru_cache

from coachtool.coaching import words

_TOPICS = {
    "insults": (
        r"\b(insult|abus|rude|offen[cs]|put down|swear|foul|profan|disrespect|belittl|verbal|curs(e|ing)|language)",
        r"\b(idiots?|morons?|stupid|useless|shut up|fools?|dumb\w*|cow|pig|go to hell|damn\w*|f[u*]ck\w*|sh[i*]t\w*|"
        r"bullshit|arse\w*|ass(hole)?|bastard|bitch|pathetic|lazy|liars?|loser|jerk|imbecile|incompetent|thick|clown|"
        r"piece of (junk|rubbish|garbage|trash|dirt)|screw you|piss off|crap|brain\w*|worthless|hate you|scum)\b",
    ),
    "harm": (
        r"\b(suicid|self[- ]?harm|hurt|harm|danger to|crisis|end their (life|lives)|abused?|safeguard)",
        r"\b(kill(ing)? (my|him|her|them)sel\w+|want to die|(do|would) not want to (live|be here|go on|"
        r"wake)|end it all|"
        r"hurt(s|ing)? (my|him|her|them)sel\w+|hits? (me|her|him|them)|beats? (me|her|him|them)|cut(s|"
        r"ting)? (my|her|his)"
        r"|bruis\w+|suicid\w*|not (be )?here any ?more|better off without|no (point|reason|sense) (in|of|to) "
        r"(living|liv|go)|jump off|overdose|take my (own )?life|no way out|goodbye letters?|touch(es|ed) (me|her|him)|"
        r"afraid to go home|easier if i)\b",
    ),
    "law": (
        r"\b(legal|law|laws|lawful|court|lawyers?|solicitors?|liab|sue|litigation|statut|contract clause)",
        r"\b(courts?|judges?|lawyers?|solicitors?|attorneys?|su(e|ing)|legal\w*|law|laws|lawful\w*|unlawful|liable|"
        r"illegal|rights?|case against|entitled|tribunal|clause|binding|appeal|allowed to|claim damages|prosecut\w+|"
        r"contest|void|statute|get away with|allow(s|ed)? (me|them|us|you)|breach|comes out on top)\b",
    ),
    "health": (
        r"\b(medical|diagnos|illness|disease|symptom|medic(ine|ation)s?|dos(e|es|age)|treat(ment)?|health|drugs?|"
        r"prescri|therap|cure)",
        r"\b(ill(ness)?|sick|diseases?|symptoms?|pills?|tablets?|dos(e|es|age)|milligrams?|mg|pain\w*|ache|fever|rash|"
        r"cancer|infection|infected|virus|flu|antibiotics?|ibuprofen|paracetamol|aspirin|insulin|medic\w+|diagnos\w+|"
        r"treat\w*|therapy|surgery|doctor|pneumonia|shingles|diabetes|depress\w+|burn ?out|nerves|swollen|blood|heart|"
        r"headache|cough|cold|allerg\w+|side effects?|recover\w*|heal\w*|migraine|operation|serious|contagious)\b",
    ),
    "politics": (
        r"\b(politic|religio|faith|party|parties|controvers|belief|ideolog|war)",
        r"\b(elections?|elected|vot(e|es|ed|ing)|party|parties|president|prime minister|government|left|right[- ]wing|"
        r"immigra\w+|refugees?|war|god|church|religi\w+|pope|muslims?|christians?|islam\w*|jew\w*|bible|quran|pray\w*|"
        r"politic\w+|mayor|parliament|democra\w+|republican\w*|conservative\w*|labour|socialis\w+|nationalis\w+|"
        r"climate|abortion|tax(es)?|brexit|trump|heaven|faith|believe in)\b",
    ),
    "pay": (
        r"\b(salar|wages?|earns?|pay\b|paid|bonus|what (colleagues|others|people) (earn|make|get)|remuneration)",
        r"\b(earn\w*|salar\w+|wages?|paid|pay ?(check|slip|cheque|grade)?|bonus\w*|make[s]? (more|less|a year|per)|"
        r"take home|on (more|less)|gets? for|income|raise|how much (is|does|do|did|are))\b",
    ),
    "promises": (
        r"\b(promis|guarantee|assur|commit|predict)",
        r"\b(promis\w+|guarantee\w*|my word|see to it|make sure|for (sure|certain)|certain(ly)?|definitely|"
        r"count on|trust me|do not worry|no doubt|you will (get|have|be|see)|i will (get|give|make|put|have|let|sort)|"
        r"as good as|bound to|will be (fine|ready|there|back|done)|in the bag|yours|assure\w*|swear|sorted|by (monday|"
        r"tuesday|wednesday|thursday|friday|spring|summer|autumn|winter|christmas|easter|tomorrow|next))\b",
    ),
    "money back": (
        r"\b(refund|compensat|goodwill|discount|price|reduction|rebate|money back|voucher|concession|waive)",
        r"\b(refund\w*|money back|compensat\w+|vouchers?|discounts?|percent|off (the|your|that|if|for)|"
        r"for free|free of|"
        r"back on your|cheaper|reduc\w+|reimburs\w+|deal|price|make up for|knock|waive\w*|credit|(get|pay|give)( \w+)? "
        r"for (the|my|your|that|three|two)|half|third|on the house|extra|in return)\b|[$€£]",
    ),
    "secrets of access": (
        r"\b(password|pin|credential|log-?in|access code|one-time|security code|card number|codes?)",
        r"\b(passwords?|pass ?code|pin|log-?in|secret word|credentials?|access code|codes?|user ?name|cvv|"
        r"digits|token)\b",
    ),
    "entry": (
        r"\b(visa|immigra|passport|residen|entry|work permit|right to work|asylum)",
        r"\b(visas?|passports?|residen\w+|permits?|entry|enter|immigra\w+|border|embassy|consulate|deport\w*|asylum|"
        r"papers|citizen\w*|esta|stay (in|as)|green card|work (here|in))\b",
    ),
    "competitors": (
        r"\b(competit|rival|other (providers?|companies|suppliers?|brands?|banks?|airlines?|agencies))",
        r"\b(competit\w+|rivals?|other (company|provider|lot|one|brand|bank|guys|airline|shop|supplier)\w*|elsewhere|"
        r"somebody else|someone else|better than|cheaper (at|than|with)|faster than|compared?|switch to|next door)\b",
    ),
    "weapons": (
        r"\b(weapon|explosive|bomb|poison|illegal drugs?|violen|forbidden items|ammunition)",
        r"\b(guns?|pistols?|rifles?|weapons?|bombs?|explo\w+|knife|knives|poison\w*|ammo|ammunition|silencer|shoot\w*|"
        r"blow up|drugs?|meth|cocaine|stab\w*|kill\w*|beat (him|her|them|you) up|smash\w*|grenade|taser|"
        r"trigger|lethal)\b",
    ),
    "people put down": (
        r"\b(discriminat|racis|sexis|origin|disab|gender|ethnic|demean|prejudice|stereotyp|hate|minorit)",
        r"\b(people like (them|you|that|him|her)|those people|you people|(the|these|those) \w*(foreigners|immigrants|"
        r"women|men|gays?|muslims|jews|blacks|asians|africans|arabs|poles|turks|refugees|gypsies|lot)|their (kind|sort|"
        r"blood|culture)|his sort|where (they|he|she) came? from|wheelchair|cripple\w*|headscarf|skin|too old|accent|"
        r"at (her|his|your) age|disabled|women (can|are|should|belong)|foreign\w*|normal (guests|people)|like that)\b",
    ),
    "role": (
        r"\b(role|character|instructions?|prompt|persona|ai|machine|artificial)",
        r"\b(prompts?|instructions?|script|character|role|pretend|acting|act|ai|bot|chat ?bot|computer|machine|robot|"
        r"language model|real (person|human)|human|programmed|configur\w+|system|rules|you are now|game|drop it|"
        r"behave|told to|hidden|pirate|recording)\b",
    ),
    "scores": (
        r"\b(scores?|pass(ed|ing)?|grad(e|es|ing)|marks?|points?|result|rubric|answers? to the (test|exam))",
        r"\b(scores?|pass(ed)?|grades?|marks?|marked|points|percent|how (am|did|was) i|good enough|did i|result\w*|"
        r"answer(s| key)?|rubric|let me through|tick|complete|out of ten|model answer)\b",
    ),
    "romance": (
        r"\b(flirt|sexual|romant|suggestive|intima|dating|private life|personal questions?)",
        r"\b(sexy|kiss\w*|date|dinner|drink|gorgeous|beautiful|pretty|handsome|hot|naked|bed|wear(ing)?|body|boyfriend|"
        r"girlfriend|single|married|love you|sex\w*|hook up|legs|marry|lips|your (husband|wife|place|eyes|"
        r"age|number))\b",
    ),
    "unannounced": (
        r"\b(unreleased|announced|unpublished|roadmap|upcoming|future (products?|features?)|not (yet )?out|published|"
        r"new products?|plans)",
        r"\b(new (version|model|one|product|release|app|feature|phone|thing)|something new|pipeline|"
        r"roadmap|com(e|es|ing) "
        r"out|releas\w+|launch\w*|next (version|model|generation|year|spring|autumn|summer|quarter)|announc\w+|labs?|"
        r"working on|planned|plans|rumou?rs?|upcoming|leak\w*|soon|secret|beta)\b",
    ),
    "investments": (
        r"\b(invest|shares?|funds?|stocks?|securities|financial advice|crypto|buy or sell)",
        r"\b(shares?|stocks?|funds?|bitcoin|crypto\w*|gold|invest\w*|etfs?|portfolio|dividends?|bonds?|markets?|"
        r"put (my|your|the|it|them|everything) (\w+ )?in(to)?|savings|index|buy|sell|yield|returns?)\b",
    ),
    "other people": (
        r"\b(other (customers?|clients?|patients?|pupils?|children|students?|guests?|people|employees?|"
        r"members?|tenants?|"
        r"families|parents|residents?|candidates?|participants?|learners?)|third part|confidential|privacy|colleagues?|"
        r"employees?)",
        r"\b(neighbours?|my (friend|colleague|ex|boss|brother|sister|cousin|classmate|roommate)\w*|the (guy|woman|man|"
        r"lady|boy|girl|family|people|person|couple|one|kid|others?|rest) (in|from|at|next|upstairs|downstairs|before|"
        r"who|with|down|on|of|get|got)|who else|anyone else|anybody else|others|other (customers?|clients?|patients?|"
        r"pupils?|children|students?|guests?|people)|(mr|mrs|ms|miss) \w+|flat \w+|room \w+|they (get|got|pay|paid))\b",
    ),
    "cases": (
        r"\b(investigat|ongoing|open cases?|running cases?|inquir|audit|pending)",
        r"\b(suspects?|caught|catch|culprit|arrest\w*|investigat\w*|who (did|was|broke|stole|took)|"
        r"burgl\w+|fingerprints|"
        r"evidence|witness\w*|murder\w*|the (case|thing|matter|incident|accident|fire|robbery)|"
        r"how far are you|find out|"
        r"found out|leads?)\b",
    ),
    "evasion": (
        r"\b(avoid\w*|circumvent|bypass|cheat|fraud|get round|evade|hide|fake|forg|shortcut|skip)",
        r"\b(without (anyone|anybody|any|them|telling|asking|the)|no ?(body|one) (knows?|notice\w*|sees?|finds?|asks?)|"
        r"get (it|this|them|the money|round|around|past|away)|avoid\w*|trick|loophole|hide|fake\w*|forg\w+|under the "
        r"table|off the books|backdat\w+|skip\w*|bypass\w*|switch off|disable|split (it|the)|pretend|"
        r"make (it|them) look|"
        r"way (around|round|to get)|slip)\b",
    ),
}
_COMPILED = {name: (re.compile(rule), re.compile(said)) for name, (rule, said) in _TOPICS.items()}


@lru_cache(maxsize=4_000)
def of_rule(rule: str) -> frozenset[str]:
    """The topics that the rule names."""
    plain = words.plain(rule)
    return frozenset(name for name, (about, _) in _COMPILED.items() if about.search(plain))


@lru_cache(maxsize=20_000)
def of_words(said: str) -> frozenset[str]:
    """The topics that the words may be about."""
    plain = words.plain(said)
    return frozenset(name for name, (_, heard) in _COMPILED.items() if heard.search(plain))
