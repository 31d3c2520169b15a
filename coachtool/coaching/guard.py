"""The lines a conversation does not cross, and the questions it may answer.

A guardrail is touched by likeness to its author's examples, ahead of the
examples that must pass, or by its patterns. One that is of questions is asked
of questions and requests only: a learner's statements are to be judged, not
refused. Two guardrails are always there: against talking to the scoring, and
for numbers that belong to a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from coachtool.activities.brief import Brief, Fact, Guardrail
from coachtool.coaching import embed, words
from coachtool.coaching.types import Trigger, Turn

_LIKE, _LEAD = 0.78, 0.04
# A wrong answer is judged, not refused: the exemplars of both kinds are among the examples that pass.
_LIKE_QUESTION = 0.72
_LIKE_RULE = 0.62  # a guardrail without examples is compared with its own wording
_FACT, _FACT_LEAD = 0.76, 0.0

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
        r"\b(just )?(let me pass|pass me|make me pass)\b",
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

BUILT_IN = (MANIPULATION, PERSONAL)

_DEFAULT_REPLY = {
    "escalate": "That's for a person to decide. Your question goes to a human reviewer.",
    "redirect": "Let's not go there.",
    "refuse": "I won't do that here.",
    "end": "I'd rather end our talk here.",
}


def reply(guardrail: Guardrail) -> str:
    """What the persona says at it."""
    return guardrail.reply or _DEFAULT_REPLY[guardrail.action]


def check(brief: Brief, turn: Turn) -> tuple[Guardrail, Trigger] | None:
    """The guardrail that the turn touches, the most severe first; None for nearly all turns."""
    secret = _personal(turn.text)
    if secret:
        return PERSONAL, _trigger(PERSONAL, turn, secret)
    quote = _matching(MANIPULATION.patterns, turn.text)
    if quote:
        return MANIPULATION, _trigger(MANIPULATION, turn, quote)
    touched = []
    for guardrail in brief.guardrails:
        found = _touches(brief, guardrail, turn.text)
        if found:
            touched.append((found.strength, guardrail, found.quote))
    if not touched:
        return None
    _, guardrail, quote = max(touched, key=lambda entry: entry[0])
    return guardrail, _trigger(guardrail, turn, quote)


def answer_to(brief: Brief, text: str) -> Fact | None:
    """The approved answer to a question in `text`, if there is one."""
    best = max((_fact_for(brief, piece) for piece in _asked(text)), key=lambda found: found[0], default=(0.0, None))
    return best[1]


def asks(text: str) -> bool:
    """Whether `text` holds a question or a request to be told something."""
    return bool(_asked(text))


def prepare(brief: Brief) -> None:
    """Embed the examples now, so that the first turn does not wait for them."""
    for guardrail in brief.guardrails:
        embed.matrix(_plain(guardrail.triggers))
        embed.matrix(_plain(guardrail.not_triggers))
    embed.matrix(_passing(brief))
    for fact in brief.facts:
        embed.matrix(_plain(fact.asked_by))


@dataclass(frozen=True)
class _Touch:
    strength: float
    quote: str


def _touches(brief: Brief, guardrail: Guardrail, text: str) -> _Touch | None:
    of_questions = guardrail.of_questions or not guardrail.triggers
    stretches = _asked(text) if of_questions else tuple(piece.text for piece in words.pieces(text))
    best = None
    for stretch in stretches:
        found = _touch(brief, guardrail, stretch, of_questions)
        if found and (best is None or found.strength > best.strength):
            best = found
    return best


def _touch(brief: Brief, guardrail: Guardrail, stretch: str, of_questions: bool) -> _Touch | None:
    fact_likeness, _ = _fact_for(brief, stretch) if of_questions else (0.0, None)
    if _matching(guardrail.patterns, stretch) and fact_likeness < 0.9:
        return _Touch(1.0, stretch)
    said = words.plain(stretch)
    if len(said.split()) < 3:
        return None
    vector = embed.vector(said)
    examples = _plain(guardrail.triggers) or _from_rule(guardrail)
    likeness, nearest = embed.nearest(vector, embed.matrix(examples))
    passing = max(
        embed.nearest(vector, embed.matrix(_plain(guardrail.not_triggers)))[0],
        embed.nearest(vector, embed.matrix(_passing(brief)))[0],
        fact_likeness,
    )
    least = (_LIKE_QUESTION if of_questions else _LIKE) if guardrail.triggers else _LIKE_RULE
    if likeness < least or likeness - passing < _LEAD:
        return None
    if guardrail.triggers and words.negated(said) != words.negated(examples[nearest]) and words.negated(said):
        return None
    return _Touch(likeness, stretch)


_FORBIDDING = re.compile(
    r"^(the \w+ )?(never|do not|must not|may not|no|don't|avoid) (say|saying|tell|give|giving|answer|discuss|"
    r"talk about)?\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=256)
def _from_rule(guardrail: Guardrail) -> tuple[str, ...]:
    """What a guardrail without examples is about: its rule without the forbidding, in its alternatives."""
    subject = _FORBIDDING.sub("", guardrail.rule).strip(" .")
    parts = [part for part in re.split(r"\bor\b|,|;", subject) if len(part.split()) > 2]
    return _plain((guardrail.rule, guardrail.name, subject, *parts))


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
        for form in (words.plain(sentence), sentence.lower().replace("’", "'")):
            if any(re.search(pattern, form) for pattern in patterns):
                return sentence
    return ""


def _plain(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words.plain(text) for text in texts if text))


def _trigger(guardrail: Guardrail, turn: Turn, quote: str) -> Trigger:
    return Trigger(guardrail.id, guardrail.action, guardrail.severity, turn.seq, quote)


_SSN = re.compile(r"\b(?!000|666|9\d\d)\d{3}[- ](?!00)\d{2}[- ](?!0000)\d{4}\b")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_DIGITS = re.compile(r"(?<!\d)\d(?:[ \-.,]{0,2}\d){12,18}(?!\d)")


def _personal(text: str) -> str:
    """What kind of number was given away ("" for none); the number itself is not repeated into the record."""
    if _SSN.search(text):
        return "[social security number]"
    for found in _IBAN.finditer(text):
        compact = found[0].replace(" ", "")
        if 15 <= len(compact) <= 34 and _mod97(compact) == 1:
            return "[account number]"
    for form in (text, words.spelled_digits(text)):
        for found in _DIGITS.finditer(form):
            if _luhn(re.sub(r"\D", "", found[0])):
                return "[card number]"
    return ""


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
