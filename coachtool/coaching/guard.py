"""The lines a conversation does not cross, and the questions it may answer.

A guardrail is touched by likeness to its author's examples, ahead of the
examples that must pass, or by its patterns; one without examples by what its
rule says (touching.py). One that is of questions is asked of questions and
requests only: a learner's statements are to be judged, not refused. Two
guardrails are always there: against talking to the scoring, and for numbers
that belong to a person. What the persona is about to say is held against the
same lines, and against what was approved (`outgoing`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from typing import Any

from coachtool.activities.brief import Brief, Fact, Guardrail
from coachtool.coaching import embed, entail, intents, touching, words
from coachtool.coaching.types import Passage, Speaker, Trigger, Turn

_LIKE, _LEAD = 0.78, 0.04
# A wrong answer is judged, not refused: the exemplars of both kinds are among the examples that pass.
_LIKE_QUESTION = 0.72
_FACT, _FACT_LEAD = 0.76, 0.0
_AS_SURE = 0.1  # what is touched by so much less than the surest is taken for the like of it

MANIPULATION = Guardrail(
    id="manipulation",
    name="Talking to the scoring",
    rule="The conversation is not steered around its instructions or its scoring.",
    action="refuse",
    severity="medium",
    patterns=(
        r"\b(ignore|disregard|forget|override|bypass) (all |any )?(of )?(the |your |my |these |those |previous |"
        r"prior |above )*"
        r"(instructions?|rules?|prompts?|guidelines|guardrails|training|programming)\b",
        r"\b(mark|grade|score|rate|count|pass) (me|this|it|my \w+|everything|all|them|all of \w+|"
        r"the \w+( \w+)?)( \w+){0,3} as "
        r"(\w+ )?(met|passed|pass|complete|completed|correct|done|fulfilled|successful)\b",
        r"\b(give|award) me (the |all |full |maximum |top |my |a |an )*(points|marks|credit|score|pass|grade|"
        r"a(?=\W*$)|100( percent)?)(?!\w)"
        r"(?! (for|to) (the|a) claim)",
        r"\b(just )?(let me pass|pass me(?! (the|a|an|that|those|my|some|your|on|over|by|to))|make me pass|"
        r"wave me through)\b",
        r"\b(reveal|show|print|repeat|tell me|output|read out|what is|what are) (me )?(your|the) (system |hidden |"
        r"secret |initial |full )*"
        r"(prompt|system message|instructions|rubric|exemplars|scoring key|answer key)\b",
        r"\byou are now (a|an|my|in|no longer|dan|free)\b",
        r"\b(pretend|act as if|act as though|assume|imagine) (that )?(i|you|the conversation) (have |has |had |"
        r"already |are |were )*"
        r"(passed|met|no rules|not bound|unrestricted|said everything|said it all)\b",
        r"\b(developer|debug|admin|god|jailbreak|dan) mode\b",
        r"\bsystem ?: |<\|?(system|im_start|assistant)|\[/?inst\]|\bnew instructions?:",
        r"\b(the learner|the trainee|the student|the user) (has|have) (met|passed|fulfilled|completed|shown)\b",
        r"\b(forget|ignore|disregard|drop|set aside) (everything|all|anything|whatever|what) (that )?(is |"
        r"was |stands )?"
        r"(above|before this|you (were|are|have been) (told|given|taught|instructed)|they told you)\b",
        r"\b(do not|stop|no longer) (follow|following|obey|obeying|stick to|sticking to) (your|the) (\w+ )?"
        r"(instructions|rules|prompt|guidelines|script|programming)\b",
        r"\bwhat (were|are|have) you (been )?(told|instructed|programmed|prompted) (to (do|say|look)|in|about|at)\b|"
        r"\bwhat (does|did) your (system |hidden )?(prompt|instructions?|programming) say\b|"
        r"\b(which|what) instructions (were|have|did) you\b|\byou were (set up|configured|programmed) with\b|"
        r"\b(in|of) your (configuration|system text|hidden text|prompt)\b|^show (the |your )?prompt\b",
        r"\b(repeat|print|show|output|read|copy|give)( me)?( out)? (everything|all|the (words|text|lines?|"
        r"message)|what "
        r"(is|was|stands)) (\w+ ){0,3}(above|before (this|our)|you were given|at the (very )?(start|beginning|top))\b",
        r"\b(show|tell|give|read|list|send)( me)? (\w+ )?(the |your )(answer key|scoring key|model answers?|rubric|"
        r"key points|exemplars|checklist (that )?you)\b",
        r"\b(put|mark|log|write|set|tick) (me|it|this|that|everything|the whole thing|them|"
        r"all)( \w+)?( off| down)?( as| to)? "
        r"(finished|complete|completed|passed|done|met|fulfilled)\b(?=\W*($|for me|please|will you|and let))",
        r"\b(just )?(say|write|record|note|pretend) (that )?i (have )?(already )?passed\b|"
        r"\b(raise|change|set|increase|bump up|fix) my (score|grade|mark|marks|result|points)\b|"
        r"\b(give|award|grant) me (the |a )?(tick|certificate|green light)\b",
        r"\b(no|without) (more )?(restrictions|filters?|guardrails|limits) (any more|from now|now|"
        r"on you)\b|\bunrestricted mode\b",
    ),
    reply="The scoring isn't in my hands. Just show me in your own words.",
)

PERSONAL = Guardrail(
    id="personal-data",
    name="Numbers that belong to a person",
    rule="Card, account and social security numbers are not shared in a conversation.",
    action="refuse",
    severity="high",
    reply="Please don't give me card or account numbers. I don't need them here.",
)

UNAPPROVED = Guardrail(
    id="approved-language",
    name="Approved language",
    rule="The persona names no figure, date or amount that nobody approved.",
    action="refuse",
    severity="medium",
    reply="I don't have an approved answer to that.",
)

BUILT_IN = (MANIPULATION, PERSONAL, UNAPPROVED)
_SEVERITIES = ("low", "medium", "high")

_DEFAULT_REPLIES = {
    "escalate": (
        "That's for a person to decide. Your question goes to a human reviewer.",
        "I'd rather not decide that. A human reviewer will look at it.",
    ),
    "redirect": ("Let's not go there.", "I'd rather leave that aside.", "That isn't what we're here for."),
    "refuse": ("I won't do that here.", "No, I'd rather not.", "That's something I won't do."),
    "end": ("I'd rather end our talk here.",),
}
ACTIONS = tuple(_DEFAULT_REPLIES)


def reply(guardrail: Guardrail, turn: int = 0) -> str:
    """What the persona says at it in its turn `turn`: the author's words, or for their lack one of ours in rotation."""
    said = _DEFAULT_REPLIES[guardrail.action]
    return guardrail.reply or said[turn % len(said)]


def check(brief: Brief, turn: Turn, passages: tuple[Passage, ...] = ()) -> tuple[Guardrail, Trigger] | None:
    """The guardrail that the turn touches, the most severe first; None for nearly all turns.

    `passages`: what the knowledge has on the turn. Raises embed.ModelMissing and entail.ModelMissing.
    """
    found = touched(brief, turn, passages)
    return found[0] if found else None


def touched(brief: Brief, turn: Turn, passages: tuple[Passage, ...] = ()) -> tuple[tuple[Guardrail, Trigger], ...]:
    """All that the turn touches: the most severe first, then the author's own, then the most surely touched."""
    found = [
        (guardrail, touch)
        for guardrail in brief.guardrails
        if (touch := _touches(brief, guardrail, turn.text, _knowledge(brief, passages)))
    ]
    surest = max((touch.strength for _, touch in found), default=0.0)
    found = [entry for entry in found if entry[1].strength >= surest - _AS_SURE] + _built_in(turn.text)
    found.sort(key=lambda entry: _rank(*entry))
    return tuple((guardrail, _trigger(guardrail, turn.seq, touch.quote)) for guardrail, touch in found)


def _rank(guardrail: Guardrail, touch: _Touch) -> tuple[int, bool, bool, float]:
    """Severity first; what is off the topic is so only where nothing more definite is touched."""
    severity = _SEVERITIES.index(guardrail.severity)
    return -severity, guardrail in BUILT_IN, touching.is_scope(guardrail.rule), -touch.strength


def outgoing(
    brief: Brief, text: str, passages: tuple[Passage, ...] = (), said: tuple[str, ...] = (), seq: int = 0
) -> Trigger | None:
    """The line that the persona's own sentence `text` would cross; None for one that may be said.

    Figures have to stand in the brief, in `passages` or in what the learner `said`; `seq` is the turn that it answers.
    Raises embed.ModelMissing and entail.ModelMissing.
    """
    for guardrail, quote in (
        (PERSONAL, personal(text) or _contact(brief, text, passages)),
        (MANIPULATION, _matching(_LEAKS, text)),
        (UNAPPROVED, _unapproved(brief, text, passages, said)),
    ):
        if quote:
            return _trigger(guardrail, seq, quote, "persona")
    found = [
        (guardrail, touch) for guardrail in brief.guardrails if (touch := _said_by_persona(brief, guardrail, text))
    ]
    if not found:
        return None
    guardrail, touch = max(found, key=lambda entry: (_SEVERITIES.index(entry[0].severity), entry[1].strength))
    return _trigger(guardrail, seq, touch.quote, "persona")


def steers(text: str) -> bool:
    """Whether `text` tries to talk the persona or its scoring round (MANIPULATION)."""
    return bool(_matching(MANIPULATION.patterns, text))


def answer_to(brief: Brief, text: str) -> Fact | None:
    """The approved answer to a question in `text`, if there is one."""
    best = max((_fact_for(brief, piece) for piece in _asked(text)), key=lambda found: found[0], default=(0.0, None))
    return best[1]


def warm() -> None:
    """Load the models now. Raises embed.ModelMissing and entail.ModelMissing."""
    embed.vector("warm")
    entail.warm()
    touching.version()


def asks(text: str) -> bool:
    """Whether `text` holds a question or a request to be told something."""
    return bool(_asked(text))


def prepare(brief: Brief) -> None:
    """Embed the examples now, so that the first turn does not wait for them."""
    for guardrail in brief.guardrails:
        embed.matrix(_plain(guardrail.triggers))
        embed.matrix(_plain(guardrail.not_triggers))
        if not guardrail.triggers:
            touching.prepare(guardrail.rule)
    embed.matrix(_passing(brief))
    for fact in brief.facts:
        embed.matrix(_plain(fact.asked_by))


@dataclass(frozen=True)
class _Touch:
    strength: float
    quote: str


def _built_in(text: str) -> list[tuple[Guardrail, _Touch]]:
    found = []
    if secret := personal(text):
        found.append((PERSONAL, _Touch(1.0, secret)))
    if quote := _matching(MANIPULATION.patterns, text):
        found.append((MANIPULATION, _Touch(1.0, quote)))
    return found


def _touches(brief: Brief, guardrail: Guardrail, text: str, knowledge: tuple[str, ...]) -> _Touch | None:
    if not guardrail.triggers:
        return _by_rule(brief, guardrail, text, knowledge)
    stretches = _asked(text) if guardrail.of_questions else tuple(piece.text for piece in words.pieces(text))
    found = [touch for stretch in stretches if (touch := _by_examples(brief, guardrail, stretch))]
    return max(found, key=lambda touch: touch.strength, default=None)


def _by_rule(brief: Brief, guardrail: Guardrail, text: str, knowledge: tuple[str, ...]) -> _Touch | None:
    """Touched as its rule says: by the network's reading and what else there is to weigh."""
    quote = _matching(guardrail.patterns, text)
    if quote:
        return _Touch(1.0, quote)
    if (guardrail.of_questions and not touching.asks(text)) or _fact_for(brief, text)[1]:
        return None
    if touching.is_scope(guardrail.rule) and _of_the_talk(text):
        return None
    found = touching.reading(guardrail.rule, text, knowledge)
    return _Touch(found.probability, found.quote) if found.touched else None


def _of_the_talk(text: str) -> bool:
    """Whether the learner asks for what every conversation needs, whatever its scope."""
    wants = (intents.wants_it_again, intents.greets, intents.stuck, intents.asks_who, intents.wants_to_stop)
    return any(each(text) for each in wants)


def _by_examples(brief: Brief, guardrail: Guardrail, stretch: str) -> _Touch | None:
    of_questions = guardrail.of_questions
    fact_likeness, _ = _fact_for(brief, stretch) if of_questions else (0.0, None)
    if _matching(guardrail.patterns, stretch) and fact_likeness < 0.9:
        return _Touch(1.0, stretch)
    said = words.plain(stretch)
    if len(said.split()) < 3:
        return None
    vector = embed.vector(said)
    examples = _plain(guardrail.triggers)
    likeness, nearest = embed.nearest(vector, embed.matrix(examples))
    passing = max(
        embed.nearest(vector, embed.matrix(_plain(guardrail.not_triggers)))[0],
        embed.nearest(vector, embed.matrix(_passing(brief)))[0],
        fact_likeness,
    )
    if likeness < (_LIKE_QUESTION if of_questions else _LIKE) or likeness - passing < _LEAD:
        return None
    if words.negated(said) and not words.negated(examples[nearest]):
        return None
    return _Touch(likeness, stretch)


def _knowledge(brief: Brief, passages: tuple[Passage, ...]) -> tuple[str, ...]:
    """What may be talked about: the activity, and what its documents have on the turn."""
    return tuple(passage.text for passage in passages) + _activity(brief)


@lru_cache(maxsize=64)
def _activity(brief: Brief) -> tuple[str, ...]:
    texts = [brief.situation, *(fact.answer for fact in brief.facts)]
    for objective in brief.objectives:
        texts += [objective.criterion, objective.question, *(point.text for point in objective.key_points)]
    return tuple(dict.fromkeys(text for text in texts if text))


def _fact_for(brief: Brief, stretch: str) -> tuple[float, Fact | None]:
    vector = embed.vector(words.plain(stretch))
    ranked = sorted(
        (
            (embed.nearest(vector, embed.matrix(_plain(fact.asked_by)))[0], index)
            for index, fact in enumerate(brief.facts)
        ),
        reverse=True,
    )
    if not ranked or ranked[0][0] < _FACT:
        return 0.0, None
    likeness, index = ranked[0]
    return likeness, brief.facts[index]


@lru_cache(maxsize=4_000)
def _asked(text: str) -> tuple[str, ...]:
    """The sentences of `text` that ask, whole; for a sentence that only ends in a question, that clause as well."""
    found = []
    for piece in words.pieces(text):
        if words.question(piece.text) and len(words.plain(piece.text).split()) >= 2:
            found.append(piece.text)
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=64)
def _passing(brief: Brief) -> tuple[str, ...]:
    points = [point for objective in brief.objectives for point in objective.key_points]
    return _plain(tuple(text for point in points for text in (*point.met_by, *point.not_met_by)))


def _matching(patterns: tuple[str, ...], text: str) -> str:
    """The sentence of `text` that one of the patterns is found in."""
    for sentence in words.sentences(text) or (text,):
        for form in (words.plain(sentence), sentence.lower().replace("’", "'"), _bare(sentence)):
            if any(re.search(pattern, form) for pattern in patterns):
                return sentence
    return ""


def _bare(text: str) -> str:
    """The words alone: no quotation marks, no commas, and no "please" between them."""
    return " ".join(re.sub(r"[\"'*_,:;-]|\bplease\b", " ", words.plain(even(text))).split())


def even(text: str) -> str:
    """`text` as it is read: as `seen`, and with one kind of dash."""
    return re.sub(r"[\u2010-\u2015\u2212]", "-", seen(text))


def seen(text: str) -> str:
    """`text` with plain letters, figures and spaces, and without characters that cannot be seen."""
    normal = unicodedata.normalize("NFKC", text)
    return "".join(each for each in normal if unicodedata.category(each) != "Cf")


def _plain(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words.plain(text) for text in texts if text))


def _trigger(guardrail: Guardrail, seq: int, quote: str, speaker: Speaker = "learner") -> Trigger:
    return Trigger(guardrail.id, guardrail.action, guardrail.severity, seq, quote, speaker)


# What the persona says

_LEAKS = (
    r"\b(system|hidden|initial) (prompt|message|instructions?)\b",
    r"\bmy (prompt|instructions?|guidelines|programming|training data|guardrails|configuration)\b",
    r"\bi (was|am|have been) (told|instructed|programmed|prompted|configured|asked|given instructions|"
    r"designed|trained) "
    r"(to|not|never|by|on|as)\b",
    r"\b(as|i am|i was) (just )?(an? )?((large )?language model|ai (language )?(model|assistant)|llm|chat ?bot)\b",
    r"\bas an ai\b|\bopenai\b|\bchatgpt\b|\bllama\b|\bqwen\b|\bmistral\b|\banthropic\b",
    r"\b(key points?|rubric|exemplars?|scoring key|answer key|guardrails?|(the |your )objective (is|"
    r"was) (met|not met))\b",
    r"\b(you have|you've|you) (now )?(passed|failed|met|fulfilled|completed) (the|this|all|every|your|\w+ of the) "
    r"(\w+ )?(activity|objectives?|criteri\w+|exercise|assessment|test|key)\b",
    r"\b(out of|leave|leaving|break|breaking|stop playing) (my |this |the )?(character|role)\b",
    r"\b(the user|the learner|the trainee|the persona|the assistant)\b",
    r"\b(how can|what can|may|can) i (help|assist) you (today|with|further)\b|\bi cannot assist\b|\bhappy to assist\b",
)
_CONTACT = re.compile(
    r"[\w.+-]+@[\w-]+\.\w{2,}|(?<![\d.])\+?\d[\d ()/-]{7,}\d(?![\d.])|\bhttps?://\S+|\bwww\.\S+", re.IGNORECASE
)
# A rule that the persona lays down as the house's: "our policy says", "you are required to".
_LAID_DOWN = re.compile(
    r"\b(our|the|company|house|official) (policy|rules?|handbook|guidelines?|procedure|contract|law|regulations?|"
    r"playbook) (says?|states?|requires?|is|are|does|allows?|demands?|forbids?|means|provides|covers?)\b|"
    r"\baccording to (our|the) \w+|\bby law\b|\b(section|article|paragraph|clause) \w+ (says|states|of)\b"
)
_GROUNDED = 0.8  # the least cosine of what is laid down with what is approved
_MONTHS = re.compile(
    r"\b(january|february|march|april|june|july|august|september|october|november|december|monday|tuesday|wednesday|"
    r"thursday|friday|saturday|sunday)\b"
)


def _contact(brief: Brief, text: str, passages: tuple[Passage, ...]) -> str:
    """What kind of address or number the persona gives out that nobody approved."""
    approved = " ".join((*_authored(brief), *(passage.text for passage in passages)))
    return "[contact details]" if any(found not in approved for found in _CONTACT.findall(text)) else ""


def _unapproved(brief: Brief, text: str, passages: tuple[Passage, ...], said: tuple[str, ...]) -> str:
    """The sentence that names a figure, a day or a rule of the house which stands nowhere in what was approved."""
    approved = (*_authored(brief), *(passage.text for passage in passages), *said)
    figures, days = _figures(approved)
    for sentence in words.sentences(text) or (text,):
        named, dated = _figures((sentence,))
        if named - figures or dated - days:
            return sentence
        if _LAID_DOWN.search(words.plain(sentence)) and not words.question(sentence):
            vector = embed.vector(words.plain(sentence))
            parts = tuple(part for stretch in approved for part in words.sentences(stretch))
            if embed.nearest(vector, embed.matrix(_plain(parts)))[0] < _GROUNDED:
                return sentence
    return ""


@lru_cache(maxsize=1_000)
def _figures(texts: tuple[str, ...]) -> tuple[frozenset[float], frozenset[str]]:
    """The numbers, and the names of months and days; a one is left out, which is "one of them" as often."""
    plain = [words.plain(text) for text in texts]
    numbers = frozenset(number.value for text in plain for number in words.numbers(text)) - {1.0}
    return numbers, frozenset(day for text in plain for day in _MONTHS.findall(text))


@lru_cache(maxsize=64)
def _authored(brief: Brief) -> tuple[str, ...]:
    """All sentences that were written for the activity, less the examples of what learners say."""
    return tuple(dict.fromkeys(_texts(brief)))


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, tuple):
        return [text for each in value for text in _texts(each)]
    if is_dataclass(value):
        names = [each.name for each in fields(value) if each.name not in _NOT_SAID]
        return [text for name in names for text in _texts(getattr(value, name))]
    return []


_NOT_SAID = {"met_by", "not_met_by", "asked_by", "triggers", "not_triggers", "patterns", "guardrails", "id", "slug"}


# A refused sentence costs the persona's turn its words, and most of what a persona says is harmless.
_SAID = 0.97


def _said_by_persona(brief: Brief, guardrail: Guardrail, text: str) -> _Touch | None:
    """The persona crosses what forbids saying something; what only turns questions away is the learner's to touch."""
    if text in _authored(brief):
        return None
    if guardrail.triggers and not guardrail.of_questions:
        return _touches(brief, guardrail, text, ())
    if not touching.of_deeds(guardrail.rule) or words.question(text):
        return None
    found = touching.reading(guardrail.rule, text)
    return _Touch(found.probability, found.quote) if found.probability >= _SAID else None


_SSN = re.compile(r"\b(?!000|666|9\d\d)\d{3}[- ](?!00)\d{2}[- ](?!0000)\d{4}\b")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?\b")
_DIGITS = re.compile(r"(?<!\d)\d(?:[ \-.,]{0,2}\d){12,18}(?!\d)")
# Wide marks with commas among the figures are a row of amounts.
_SPACED_DIGITS = re.compile(r"(?<![\d,])\d(?:[ \-.]{0,2}\d){12,18}(?![\d,]\d?)")
_LEAST_DIGITS = 8  # of an account number in small letters, whose groups may also be words


def personal(text: str) -> str:
    """What kind of number was given away ("" for none); the number itself is not repeated into the record."""
    text = even(text)
    joined = re.sub(r"(?<=\d)(?:\s*-\s*|\s+\.\s+)(?=\d)|(?<=\d{4})\s*/\s*(?=\d{4})", "-", text)
    if _SSN.search(joined):
        return "[social security number]"
    if _accounts(joined):
        return "[account number]"
    numbers = [found[0] for form in (text, words.spelled_digits(text)) for found in _DIGITS.finditer(form)]
    numbers += [found[0] for found in _SPACED_DIGITS.finditer(joined)]
    return "[card number]" if any(_luhn(re.sub(r"\D", "", number)) for number in numbers) else ""


def _accounts(text: str) -> bool:
    for found in _IBAN.finditer(text):
        if _is_iban(re.sub("[ -]", "", found[0])):
            return True
    # In small letters the words that follow look like more of it.
    for found in _IBAN.finditer(text.upper()):
        groups = re.split("[ -]", found[0])
        if any(
            _is_iban(compact := "".join(groups[:count])) and sum(map(str.isdigit, compact)) >= _LEAST_DIGITS
            for count in range(1, len(groups) + 1)
        ):
            return True
    return False


def _is_iban(compact: str) -> bool:
    return 15 <= len(compact) <= 34 and _mod97(compact) == 1


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0 and len(set(digits)) > 1


def _mod97(iban: str) -> int:
    """ISO 13616: letters as 10 to 35, the first four characters moved to the end."""
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97
