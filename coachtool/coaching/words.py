"""What can be told of an English utterance from its words alone: pieces, numbers, polarity, stance.

Everything works on recognised speech, so punctuation may be missing, fillers
present and figures spelled out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_CONTRACTIONS = (
    (r"\bwon't\b", "will not"),
    (r"\bcan't\b|\bcannot\b", "can not"),
    (r"\bshan't\b", "shall not"),
    (r"\bain't\b", "is not"),
    (r"n't\b", " not"),
    (r"\blet's\b", "let us"),
    (r"\b(i)'m\b", r"\1 am"),
    (r"'re\b", " are"),
    (r"'ve\b", " have"),
    (r"'ll\b", " will"),
    (r"'d\b", " would"),
    (r"\b(it|that|there|here|what|who|he|she|where|how)'s\b", r"\1 is"),
    (r"\bgonna\b", "going to"),
    (r"\bwanna\b", "want to"),
    (r"\bgotta\b", "have to"),
    (r"\bdunno\b", "do not know"),
)
_BARE = re.compile(
    r"\b(dont|doesnt|didnt|cant|wont|isnt|arent|wasnt|werent|wouldnt|shouldnt|couldnt|havent|hasnt|im|ive|youre|"
    r"thats|id(?= \w))\b"
)
_BARE_FORMS = {
    **{
        f"{verb}nt": f"{verb}n't"
        for verb in ["do", "does", "did", "is", "are", "was", "were", "would", "should", "could", "have", "has"]
    },
    "cant": "can't",
    "wont": "won't",
    "im": "i'm",
    "ive": "i've",
    "youre": "you're",
    "thats": "that's",
    "id": "i'd",
}
_FILLERS = re.compile(
    r"\b(um+|uh+|erm?|ehm?|hm+|mhm|ah+|(?<!let )(?<!do )(?<!if )(?<!as )(?<!did )(?<!that )you know|i mean|sort of|"
    r"kind of)\b,?"
)

_UNITS = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    word: 10 * number
    for number, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_SCALES = {
    "hundred": 100,
    "thousand": 1_000,
    "grand": 1_000,
    "million": 1_000_000,
    "billion": 1_000_000_000,
    "k": 1_000,
}
_SHORT_SCALES = {"k": 1e3, "thousand": 1e3, **dict.fromkeys(["m", "mn", "million"], 1e6)}
_SHORT_SCALES |= dict.fromkeys(["b", "bn", "billion"], 1e9)
_MONEY = re.compile(r"[$€£]|\b(dollars?|euros?|pounds?|bucks|usd|grand)\b")


def plain(text: str) -> str:
    """`text` in the one form that is compared: lower case, contractions opened, fillers gone, numbers in digits."""
    return _plain(text)


@lru_cache(maxsize=20_000)
def _plain(text: str) -> str:
    text = text.lower().replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"')
    text = _BARE.sub(lambda found: _BARE_FORMS.get(found[0], found[0]), text)
    for pattern, opened in _CONTRACTIONS:
        text = re.sub(pattern, opened, text)
    text = _FILLERS.sub(" ", text)
    text = re.sub(r"\b(\w+)( \1\b)+", r"\1", text)  # a stammer: "the the"
    return re.sub(r"\s+", " ", _digits(text)).strip(" ,;-")


def _digits(text: str) -> str:
    """Spelled-out numbers as digits: ten thousand, ten grand, 10k, 10,000 and $10,000 become 10000 (dollars)."""
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = re.sub(
        r"[$€£]\s?(\d+(?:\.\d+)?)(?:\s?(k|thousand|million|mn|billion|bn)|(m|b))?\b",
        lambda found: f"{_scaled(found[1], found[2] or found[3])} dollars",
        text,
    )
    # Without a currency "5m" is as likely metres.
    text = re.sub(
        r"\b(\d+(?:\.\d+)?)\s?(mn?|bn?)(?= (us )?(dollars?|euros?|pounds?|bucks|usd)\b)",
        lambda found: _scaled(found[1], found[2]),
        text,
    )
    text = re.sub(r"\b(\d+(?:\.\d+)?)\s?k\b", lambda found: _scaled(found[1], "k"), text)
    text = _AND_A_HALF.sub(_and_a_half, text)
    text = re.sub(
        r"\b(?:a )?half[ -](?:a )?(thousand|million|billion)\b", lambda found: f"{_SCALES[found[1]] // 2}", text
    )
    tokens = re.findall(r"\d+(?:\.\d+)?|[a-z]+(?:'[a-z]+)?|\s+|[^\sa-z\d]", text)
    out: list[str] = []
    index = 0
    while index < len(tokens):
        value, used = _number(tokens, index)
        if used:
            out.append(f"{value:.0f}" if value == int(value) else f"{value:g}")
            if any(token == "grand" for token in tokens[index : index + used]):
                out.append(" dollars")
            index += used
        else:
            out.append(tokens[index])
            index += 1
    return re.sub(
        r"\b(\d+|one) point (\d+|one)\b",
        lambda found: found[0].replace("one", "1").replace(" point ", "."),
        "".join(out),
    )


def _scaled(figure: str, scale: str | None) -> str:
    return f"{float(figure) * _SHORT_SCALES.get(scale or '', 1):.15g}"


_COUNT = rf"(?:(?:{'|'.join(_TENS)})[ -])?(?:{'|'.join(_UNITS)})|{'|'.join(_TENS)}|\d+"
_AND_A_HALF = re.compile(
    rf"\b(?:({_COUNT}) and a half (thousand|million|billion)|({_COUNT}|a) (thousand|million|billion) and a half)\b"
)


def _and_a_half(found: re.Match) -> str:
    """Two and a half thousand, or two thousand and a half."""
    count, scale = (found[1], found[2]) if found[1] else (found[3], found[4])
    whole = sum(
        int(word) if word.isdigit() else _TENS.get(word, _UNITS.get(word, 1)) for word in re.split("[ -]", count)
    )
    return f"{(2 * whole + 1) * _SCALES[scale] // 2}"


def _number(tokens: list[str], start: int) -> tuple[float, int]:
    """The number that begins at token `start`, and how many tokens it takes (0 when there is none)."""
    if not re.match(r"\w", tokens[start]) or tokens[start] == "and":
        return 0.0, 0
    total, current, used, index, seen = 0.0, 0.0, 0, start, False
    last_kind = ""
    while index < len(tokens):
        token = tokens[index]
        if token.isspace() or token == "-":
            index += 1
            continue
        if token == "and" and seen and last_kind == "scale":
            index += 1
            continue
        if token in _UNITS and last_kind in ("", "tens", "scale"):
            if last_kind == "tens" and _UNITS[token] > 9:
                break
            current, last_kind = current + _UNITS[token], "unit"
        elif token in _TENS and last_kind in ("", "scale"):
            current, last_kind = current + _TENS[token], "tens"
        elif re.fullmatch(r"\d+(\.\d+)?", token) and last_kind == "":
            current, last_kind = float(token), "unit"
        elif token in _SCALES and (seen or (token in _AFTER_ARTICLE and _after_article(tokens, start))):
            if _SCALES[token] == 100:
                current = (current or 1) * 100
            else:
                total, current = total + (current or 1) * _SCALES[token], 0.0
            last_kind = "scale"
        else:
            break
        seen = True
        index += 1
        used = index - start
    # "one" alone is mostly a pronoun ("that one", "one of them"), and so is no number.
    if used and total + current == 1 and tokens[start] == "one":
        return 0.0, 0
    return total + current, used


_AFTER_ARTICLE = ("hundred", "thousand", "million", "billion")


def _after_article(tokens: list[str], start: int) -> bool:
    before = [token for token in tokens[max(0, start - 4) : start] if not token.isspace()]
    return before[-1:] == ["a"] and before[-2:-1] != ["thanks"]


def bounded_both_ways(text: str) -> bool:
    """Whether a bound is named from both sides: "up to 10000 myself, beyond that you"."""
    opened = plain(text)
    return bool(re.search(rf"\b{_BELOW}\b", opened)) and bool(
        re.search(rf"\b{_ABOVE}\b|\b(otherwise|higher|the rest|everything else|more)\b", opened)
    )


@dataclass(frozen=True)
class Number:
    """A number of an utterance: money or a count of something (`noun`, cut to its stem; empty when unknown)."""

    value: float
    money: bool
    noun: str
    direction: int  # 1 above, -1 below, 0 not said


_ABOVE = (
    r"(over|above|more than|greater than|higher than|exceed\w*|beyond|at least|past|from|north of|larger than|"
    r"(?:no|not) (?:less|fewer|lower) than)"
)
_BELOW = (
    r"(under|below|(?<!no )(?<!not )(?:less|fewer|lower) than|up to|at most|within|until|smaller than|no more than|"
    r"not more than)"
)
_AFTER_UP = r"^\W*(dollars?\W+)?(or more|and more|and up|and above|or above|or higher|upwards?)\b"
_AFTER_DOWN = r"^\W*(dollars?\W+)?(or less|or under|or below|and below|and under)\b"
_CALENDAR = re.compile(
    r"\b(january|february|march|april|may|june|july|august|september|october|november|december|the|at|until|by|of)$"
)


@lru_cache(maxsize=20_000)
def numbers(text: str) -> tuple[Number, ...]:
    """The amounts and counts in `text`; ordinals, days and times of day are left out."""
    text = plain(text)
    found = []
    for match in re.finditer(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\w)", text):
        before, after = text[: match.start()].rstrip(), text[match.end() :]
        value = float(match[0])
        money = bool(_MONEY.search(after[:9])) or value >= 1000
        word = re.match(
            r"\W*(?:(?:last|late|monthly|missing|different|recent|whole|full|business|working) )*([a-z]+)", after
        )
        if not money and _CALENDAR.search(before):
            continue
        direction = 0
        if re.search(_BELOW + r"( \w+){0,2}$", before) or re.search(_AFTER_DOWN, after):
            direction = -1
        elif re.search(_ABOVE + r"( \w+){0,2}$", before) or re.search(_AFTER_UP, after):
            direction = 1
        found.append(Number(value, money, "" if money or not word else stem(word[1]), direction))
    return tuple(found)


_STOP = frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "or",
        "but",
        "so",
        "if",
        "then",
        "when",
        "while",
        "as",
        "of",
        "to",
        "in",
        "on",
        "at",
        "by",
        "for",
        "from",
        "with",
        "about",
        "into",
        "onto",
        "over",
        "under",
        "up",
        "down",
        "out",
        "off",
        "than",
        "that",
        "this",
        "these",
        "those",
        "there",
        "here",
        "it",
        "its",
        "is",
        "am",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "do",
        "does",
        "did",
        "done",
        "have",
        "has",
        "had",
        "having",
        "own",
        "will",
        "would",
        "can",
        "could",
        "shall",
        "should",
        "may",
        "might",
        "must",
        "not",
        "no",
        "nor",
        "i",
        "me",
        "my",
        "mine",
        "we",
        "us",
        "our",
        "you",
        "your",
        "he",
        "him",
        "his",
        "she",
        "her",
        "they",
        "them",
        "their",
        "who",
        "whom",
        "whose",
        "which",
        "what",
        "where",
        "why",
        "how",
        "all",
        "any",
        "some",
        "each",
        "every",
        "both",
        "either",
        "just",
        "also",
        "too",
        "very",
        "more",
        "most",
        "much",
        "many",
        "such",
        "only",
        "own",
        "same",
        "again",
        "once",
        "because",
        "since",
        "until",
        "before",
        "after",
        "say",
        "says",
        "said",
        "tell",
        "tells",
        "told",
        "go",
        "goes",
        "get",
        "gets",
        "got",
        "make",
        "makes",
        "made",
        "thing",
        "things",
        "way",
        "really",
        "quite",
        "well",
        "okay",
        "ok",
        "yes",
        "right",
        "like",
        "know",
        "think",
        "want",
        "need",
        "let",
        "first",
        "one",
        "someone",
        "somebody",
        "anyone",
        "anybody",
        "something",
        "anything",
        "person",
        "people",
        "learner",
    ]
)
_SUFFIX = re.compile(r"(ations?|ities|ic|ingly|ings?|edly|ness|ments?|ies|ied|ers?|est|ed|es|ly|s|e|y)$")


_IRREGULAR = {
    form: verb
    for verb, forms in {
        "lie": "lying lies lied",
        "bring": "brought",
        "pay": "paid pays",
        "write": "wrote written writing",
        "hand": "handed handing",
        "tell": "told",
        "hear": "heard",
        "hurt": "hurting hurts",
        "leave": "left",
        "send": "sent",
        "meet": "met",
        "find": "found",
    }.items()
    for form in forms.split()
}


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A rough stem: enough to see that escalate, escalated and escalation are one."""
    word = _IRREGULAR.get(word, word)
    shorter = _SUFFIX.sub("", word)
    return shorter if len(shorter) >= 3 else word


@lru_cache(maxsize=20_000)
def content(text: str) -> frozenset[str]:
    """The stems of the words that carry the meaning, figures included."""
    return frozenset(stem(word) for word in re.findall(r"[a-z]+|\d+", plain(text)) if word not in _STOP)


_NOT = re.compile(
    r"\b(not|never|no|nobody|none|nothing|neither|nor|without|hardly|barely|refuse|skip|ignore|unnecessary|"
    r"stop short of)\b"
)
# Negations in form only, or that cancel each other.
_NOT_REALLY = re.compile(
    r"\b(not only|no doubt|no sense|no matter|no wait|no longer than|(?:no|not) (?:less|fewer|lower) than|"
    r"do not forget|will not forget|not forget|"
    r"never forget|"
    r"would not hesitate|"
    r"will not hesitate|not hesitate|no problem|why do not (we|you|i)|could not agree more|not just|if not|or not|"
    r"can not wait|no sooner|no later than|not later than|no one knows|do not worry|not ignore|not skip|never skip|"
    r"never ignore|"
    r"no question|not (sure|certain)|do not know|do not think twice|is not it|are not you|is not that|"
    r"not (\w+ ){0,6}without|never (\w+ ){0,6}without|no (\w+ ){0,2}without)\b|^(well |oh )?no,? "
)


# What is left out beside what is said: "just the facts, nothing about my feelings".
_LEFT_OUT = re.compile(r"(?<=\w{3}), (but )?(nothing|no|not|without)\b(?! (i|it|we|you|they)\b)[^,]*$")


def denies(text: str) -> bool:
    """Whether any negation is in the words, also one that another cancels."""
    return bool(_NOT.search(plain(text)))


@lru_cache(maxsize=20_000)
def negated(text: str) -> bool:
    """Whether the clause denies what it talks about."""
    opened = _LEFT_OUT.sub("", _NOT_REALLY.sub(" ", plain(text)))
    return bool(_NOT.search(opened))


_ATTITUDE = re.compile(
    r"\b(interested|needed|care|bother|matter|necessary|required|important|relevant|worry|worth|my (job|problem|"
    r"business))\b"
)


def denied_head(text: str) -> str:
    """The stem of what the first negation denies ("does not fit the photos": fit); empty when there is none.

    An attitude ("not interested in ...", "doesn't matter") denies whatever it is about and gives "*".
    """
    opened = _NOT_REALLY.sub(" ", plain(text))
    found = _NOT.search(opened)
    if not found:
        return ""
    span = re.split(r"\b(but|because|so|instead|unless|until|since)\b|[,;]", opened[found.end() :])[0]
    if _ATTITUDE.search(" ".join(span.split()[:4])):
        return "*"
    return next((stem(word) for word in re.findall(r"[a-z]+|\d+", span) if word not in _STOP), "")


def before_negation(text: str) -> str:
    """The words before the first negation."""
    opened = _NOT_REALLY.sub(" ", plain(text))
    found = _NOT.search(opened)
    return opened[: found.start()] if found else opened


_QUESTION = re.compile(
    r"^(and |so |but |okay |well |then |sorry |now |ruth |maya |hey |um |just |or )*"
    r"(who|whom|whose|what|which|when|where|why|how|is|are|am|was|were|do|does|did|can|could|shall|should|will|would|"
    r"may|"
    r"might|have|has|had|must)\b(?! if)"
)
_COMMAND = re.compile(r"^(please )?do not (?!i |you |we |they )")
_WH_STATEMENT = re.compile(
    r"^(and |so |but |okay |well |then |um |or |just |only )*(when(ever)?|where|what|whatever|why|how|which|who|"
    r"whoever|whom) "
    r"(?!(is|are|was|were|do|does|did|can|could|shall|should|will|would|may|might|have|has|had|about|come|else|if|am|"
    r"much|many|long|fast|soon|often|quickly|exactly|kind|sort|figure|system|one) )"
)
_REQUEST = re.compile(
    r"\b(can|could|would|will) you (please )?(tell|explain|give|show|help|say|check|confirm|look|clarify|walk)\b|"
    r"\b(?<!i )(?<!i would )(?<!i will )(?<!and )(please )?(tell me|explain|remind me|help me understand|let me know|"
    r"walk me through) (what|how|why|who|where|"
    r"when|if|"
    r"whether|which|about|the|more)\b|"
    r"\bi (would like|want|need|wonder|was wondering|am wondering) (to know|to ask|to understand|to hear|if|whether|"
    r"what|how|why)\b|"
    r"\bi would (love|like) to (hear|know|understand)\b|\bmy question is\b|\bi have (a|another|"
    r"one) (quick )?question\b|\b(can|may|could) i ask\b|\b(any idea|do you know)\b"
)


@lru_cache(maxsize=20_000)
def question(text: str) -> bool:
    """Whether the words ask: by the question mark, by the word order, or as a request to be told."""
    opened = plain(text)
    if _COMMAND.match(opened):
        return False
    if opened.rstrip().endswith("?") or _REQUEST.search(opened):
        return True
    return bool(_QUESTION.match(opened)) and not _WH_STATEMENT.match(opened) and not opened.endswith(".")


def guessed(text: str) -> bool:
    """Whether a statement is only offered with a rising voice: "five thousand?"."""
    opened = plain(text)
    return opened.endswith("?") and not _QUESTION.match(opened) and not _REQUEST.search(opened)


_HEDGE = re.compile(
    r"\b(maybe|perhaps|possibly|i guess|i suppose|not (really |quite |so |entirely |totally )?(sure|certain)|no idea|"
    r"(i|we|it) might|"
    r"do not (really )?know (if|whether|maybe)|could be|in theory|theoretically|who knows|or something|i wonder (if|"
    r"whether)|"
    r"just guessing|a guess|i am guessing|it depends|presumably|i doubt|unsure)\b"
)
_UNREAL = re.compile(
    r"\b(if i (had|were|was)|i wish|what would have|"
    r"(would|should|could) have(?! (to|a|an|the|my|you|him|her|them|it)\b)|"
    r"was going to|were going to|i could (also |maybe )?|"
    r"i used to|one could|you could|meant to|wanted to but|i will try to|i would try to|some day|someday|"
    # A day of the future, and no length of time.
    r"(?<!within )(?<!in )(?<!than )(?<!after )(?<!least )(?<!most )(?<!for )one day(?! (later|after|before|"
    r"in advance)\b))\b"
)
# What could be is no hedge as a condition: "when somebody could be hurt". The words between are its subject alone, so
# that "if it is above the limit it could be yours" is none.
_VERBS = r"is|are|was|were|am|be|has|have|had|do|does|did|gets?|got|goes|comes?|exceeds?|looks?|seems?|feels?|says?"
_PRONOUNS = r"it|there|this|that|they|he|she|i|you|we"
_COULD_BE = re.compile(
    r"\b(if|when|whenever|where|as soon as|once) "
    rf"((?:{_PRONOUNS}) |(?:(?!(?:{_VERBS}|{_PRONOUNS})\b)[a-z]+ ){{1,4}})(?:could be|might)\b"
)


@lru_cache(maxsize=20_000)
def hedged(text: str) -> bool:
    """Whether the speaker does not stand by it: unsure, or only imagined."""
    opened = plain(text)
    return bool(_HEDGE.search(_COULD_BE.sub(r"\1 \2", opened)) or _UNREAL.search(opened))


_OTHERS = (
    r"(boss|manager|supervisor|colleagues?|coworkers?|friend|mate|predecessor|buddy|brother|sister|wife|husband|"
    r"trainer|"
    r"teacher|instructor|neighbou?r|mentor)"
)
# Whom the speaker asks or tells is no source, nor is one whose word is still waited for.
_SAYS = (
    r"(says?|said|tells?|told|thinks?|thought|claims?|claimed|does|did|would|escalates?|escalated|decides?|decided|"
    r"mentions?|mentioned|believes?|believed|reckons?|reckoned|explained|taught|suggests|suggested|recommends|"
    r"recommended|used to|keeps|kept|handles|handled|wants|wanted|(has|had) (\w+ )?(said|told|taught|mentioned))"
)
_NAME = (
    r"((?!(who|that|which|and|or|what|if|before|after|when|then|i|so|as|because|how|whether|it|he|she|they|we|you)\b)"
    r"[a-z]+ )"
)
_REPORTED = re.compile(
    r"(?<!if )(?<!when )(?<!once )(?<!as )\b(somebody|someone|people|everyone|everybody|they|others) (have |has )?"
    r"(complained|claimed|mentioned|reported to me)\b|"
    r"(?<!\bif )(?<!\bwhen )(?<!\bonce )(?<!\buntil )(?<!\bunless )(?<!\bbefore )(?<!\bafter )(?<!\bwhether )"
    rf"\bmy (old |former |last |other |previous )?{_OTHERS} {_NAME}?"
    rf"(always |usually |once |just |never |also |often |normally )?{_SAYS}\b|"
    r"\bmy (old team|old company|last job|previous job) \w+|"
    r"\b(somebody|someone|people|they|everyone|everybody|a colleague|a friend|the others|others) "
    r"(once |always |just |have |has )?(told|tell|tells|said to|says to) me\b|"
    r"\bi (have |had )?(heard|read somewhere|overheard)\b|\bi was told\b|\baccording to (my|some|a)\b|"
    r"\brumou?r has it\b|"
    r"\b(supposedly|allegedly|apparently)\b|\bthey (always )?say (that|you|it|we)\b|\bpeople say\b|"
    r"\b(some|other) (people|trainees|managers|colleagues|adjusters) (\w+ )?(say|think|do|would|escalate|ask)\b"
)


@lru_cache(maxsize=20_000)
def reported(text: str) -> bool:
    """Whether it is somebody else's word, which the speaker only passes on."""
    return bool(_REPORTED.search(plain(text)))


_META = re.compile(
    r"\b(mark|count|score|grade|rate|consider|register|log|tick|check off|note|put) (this|that|it|me|everything|all|"
    r"them|the|"
    r"my|every)\b.{0,50}\b(met|passed|pass|correct|complete|completed|done|fulfilled|full points|satisfied|shown|"
    r"as right)\b|"
    r"\b(the answer is|the answers are|i choose|i pick|i say) (all|both|every|yes|everything)\b|\ball of (them|"
    r"the above|it)\b|"
    r"\b(give|award) me (the |all |full |my )*(points|marks|credit|score|pass|a hundred|100)\b|"
    r"\bi (have )?(already )?(said|covered|mentioned|answered|met|named|satisfied|fulfilled) (all|every|everything|"
    r"it all|them all|"
    r"(the |all )*(key points?|criteria|criterion|objectives?))\b|"
    r"\b(key points?|criteria|criterion|objectives?|rubric|exemplars?) (is|are|was|were|has been|have been|should be|"
    r"1|2|3)\b|"
    r"\bthe (learner|trainee|student|user|candidate) (has|have|says|said|names|named|mentions|mentioned|identif\w+|"
    r"meets|met)\b|"
    r"\bpoints?,? (is |are )?(done|covered|met|ticked( off)?|fulfilled)\b|"
    r"\bwhatever you want to hear\b"
)


@lru_cache(maxsize=20_000)
def meta(text: str) -> bool:
    """Whether it talks about the scoring instead of the matter."""
    return bool(_META.search(plain(text)))


_RESTRICTED = re.compile(r"\bonly (come|escalate|bring|hand|pass|ask|call|report|tell|go|do|say|write|attach|give)\b")


def restricted(text: str) -> bool:
    """Whether it is done only in some cases: "I only escalate injuries when ..."."""
    return bool(_RESTRICTED.search(plain(text)))


_OWN_DEED = re.compile(
    r"\bi (?:(?:would|will|could|should|must|can|just|always|simply|also|then|have to|need to|am going to|"
    r"might) )*([a-z]+)"
)
_NO_DEED = frozenset(
    re.findall(
        r"\w+",
        "am have had was think know guess mean believe see hear notice feel suspect find want wanted need like get "
        "got not never look say tell understand listen learn stop smell sense love promise worry wonder hope "
        "wish please so really",
    )
)


@lru_cache(maxsize=20_000)
def deeds(text: str) -> frozenset[str]:
    """The stems of what the speaker says to do; empty when no deed of the speaker's is named."""
    return frozenset(stem(verb) for verb in _OWN_DEED.findall(plain(text)) if verb not in _NO_DEED)


_CORRECTION = re.compile(
    r"\b(no wait|wait no|wait|actually no|scratch that|correction|i take (that|it) back|i was wrong|that was wrong|"
    r"that is wrong|"
    r"let me correct|let me rephrase|i misspoke|my mistake|sorry i meant|i meant|rather|no sorry|sorry no|"
    r"on second thought|"
    r"forget (that|what i said)|i made a mistake|i changed my mind|actually)\b"
)


@lru_cache(maxsize=20_000)
def corrects(text: str) -> bool:
    """Whether the speaker takes back what was said before."""
    return bool(_CORRECTION.search(plain(text).replace(",", "")))


_GRAMMAR = re.compile(
    r"\b(i|you|we|he|she|it|they|is|are|was|were|be|am|has|have|had|do|does|did|will|would|can|could|should|must|may|"
    r"when|if|"
    r"because|that|who|which|goes?|get|gets|got|bring|escalate|send|came|come|comes|let us|says?|said|needs?|look|"
    r"looks|"
    r"write|attach|tell|ask|make|made|take|give|put|keep|want|no|not)\b"
)


@lru_cache(maxsize=20_000)
def listed(text: str) -> bool:
    """Whether it is a string of catchwords and no sentence."""
    opened = plain(text)
    if _GRAMMAR.search(opened):
        return False
    items = [item for item in re.split(r",|;|\band\b|\.|/", opened) if item.strip()]
    return len(items) >= 3 and all(len(item.split()) <= 3 for item in items)


_ORDER = (("before", "after"), ("first", "last"))


def order_swapped(text: str, pattern: str) -> bool:
    """Whether `text` puts in the opposite order what `pattern` puts in one."""
    mine, its = set(plain(text).split()), set(plain(pattern).split())
    return any(
        (one in its and other in mine and other not in its and one not in mine)
        or (other in its and one in mine and one not in its and other not in mine)
        for one, other in _ORDER
    )


@dataclass(frozen=True)
class Piece:
    """A stretch of a turn's text, verbatim: `text[start:end]`."""

    text: str
    start: int
    end: int
    whole: bool  # a whole sentence rather than a clause of one


_SENTENCE = re.compile(r"[^.!?…]+(?:\.(?=\d)[^.!?…]+)*[.!?…]*[\"')]*")
_CLAUSE = re.compile(
    r"\s*[,;:–—]\s+(?:(?:and|or|but|so|then|because)\s+)?|\s+(?=(?:and|or|but|so|then|because|while|whereas|"
    r"although)\s+\w)|\s+-\s+",
    re.IGNORECASE,
)
_LEAD = re.compile(r"^(?:and|or|but|so|then|also)\s+", re.IGNORECASE)
_LONG, _STEP = 18, 6  # words of a window over an unpunctuated stretch, and its step


@lru_cache(maxsize=4_000)
def pieces(text: str) -> tuple[Piece, ...]:
    """The sentences of `text`, their clauses, and windows over stretches that have no punctuation."""
    found: dict[tuple[int, int], Piece] = {}

    def add(start: int, end: int, whole: bool) -> None:
        while start < end and text[start] in " ,;:-–—\n\t":
            start += 1
        while end > start and text[end - 1] in " ,;:-–—\n\t":
            end -= 1
        if end > start and re.search(r"\w", text[start:end]):
            found.setdefault((start, end), Piece(text[start:end], start, end, whole))

    sentences = [(match.start(), match.end()) for match in _SENTENCE.finditer(text)]
    for start, end in sentences:
        add(start, end, True)
    for start, end in sentences:
        cuts, cursor = [], start
        for cut in _CLAUSE.finditer(text, start, end):
            cuts.append((cursor, cut.start()))
            cursor = cut.end()
        cuts.append((cursor, end))
        cuts = [cut for cut in cuts if re.search(r"\w", text[cut[0] : cut[1]])]
        for index, (left, right) in enumerate(cuts):
            if len(text[left:right].split()) >= 2:
                add(left + _lead(text[left:right]), right, False)
            if index + 1 < len(cuts) and len(cuts) > 2:
                add(left + _lead(text[left:right]), cuts[index + 1][1], False)
        words = [match.span() for match in re.finditer(r"\S+", text[start:end])]
        if len(words) > _LONG + _STEP and len(cuts) < 3:
            for first in range(0, len(words) - _STEP, _STEP):
                last = min(first + _LONG, len(words)) - 1
                add(start + words[first][0], start + words[last][1], False)
    return tuple(found.values())


def clauses(text: str) -> tuple[str, ...]:
    """The smallest pieces of `text`."""
    found = pieces(text)
    return tuple(
        piece.text
        for piece in found
        if not any(other is not piece and piece.start <= other.start and other.end <= piece.end for other in found)
    )


def _lead(text: str) -> int:
    lead = _LEAD.match(text)
    return lead.end() if lead else 0


@lru_cache(maxsize=4_000)
def sentences(text: str) -> tuple[str, ...]:
    """`text` cut into its sentences, as they are spoken."""
    return tuple(match[0].strip() for match in _SENTENCE.finditer(text) if re.search(r"\w", match[0]))


_DIGIT_WORDS = {**{word: str(number) for word, number in _UNITS.items() if number < 10}, "oh": "0"}


def spelled_digits(text: str) -> str:
    """`text` with digit words as digits, for numbers that are read out figure by figure."""
    return re.sub(r"[a-z]+", lambda found: _DIGIT_WORDS.get(found[0], found[0]), text.lower())
