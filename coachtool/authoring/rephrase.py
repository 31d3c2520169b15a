"""Sentences that a learner might say for a key point, made from its wording by grammar alone; pure and offline.

"Asks whether anyone is injured." becomes "Is anyone injured?" and "I'd like to
know whether anyone is injured." What the rules cannot turn into good English is
left out rather than guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SUBJECT = re.compile(
    r"^(the )?(learner|trainee|manager|student|user|agent|employee|speaker|nurse|doctor|adviser|advisor|salesperson|"
    r"new hire|he|she|they|you) (?=\w)",
    re.IGNORECASE,
)
_ADVERB = re.compile(
    r"^((clearly|explicitly|correctly|also|briefly|openly|calmly|politely|honestly|should|must|can|will|has to|"
    r"needs? to|is able to) )+",
    re.IGNORECASE,
)
_VERB = re.compile(r"^(?P<verb>[a-z]+)\b ?(?P<rest>.*)$", re.IGNORECASE | re.DOTALL)
_WHOM = re.compile(
    r"^(the |a |an )?(patient|customer|client|caller|employee|guest|user|person|family|parent|student|colleague|"
    r"them|him|her)(?!['’]s| (of|may|might|is|has|can|should|must|will|needs)\b)\b ?",
    re.IGNORECASE,
)
_THAT = re.compile(r"^that\b |^,? ?that\b ", re.IGNORECASE)

_SAYS = frozenset(
    [
        "say",
        "state",
        "mention",
        "name",
        "give",
        "explain",
        "tell",
        "identify",
        "describe",
        "point",
        "note",
        "show",
        "recognise",
        "recognize",
        "report",
        "inform",
        "remind",
        "announce",
        "warn",
        "add",
        "express",
        "set",
        "list",
        "know",
        "remember",
    ]
)
_ASKS = frozenset(["ask", "check", "find", "inquire", "clarify"])
_OFFERS = frozenset(["offer", "propose", "suggest"])
_PLAIN_S = frozenset(["is", "was", "has", "does", "goes", "its", "this", "his", "us", "as", "less", "across"])
_AUXILIARY = (
    r"(is|are|was|were|am|has|have|had|can|could|will|would|shall|should|must|may|might|does|do|did|needs to|has to|"
    r"have to)"
)


@dataclass(frozen=True)
class Parsed:
    """A key point in its parts: the deed (base form), whom it is done to, and what it is about."""

    verb: str
    whom: bool
    rest: str
    link: str  # that, whether, for, about, to …; empty if the rest follows directly


@dataclass(frozen=True)
class Rephrased:
    """Sentences that would show the key point, and near misses that would not, the likeliest first."""

    shows: tuple[str, ...]
    misses: tuple[str, ...]


def rephrase(text: str, *, name: str = "", role: str = "") -> Rephrased:
    """What might be said for the key point `text` to the persona `name`, who is `role`."""
    text = re.sub(r"\s+", " ", text).strip().rstrip(".!; ")
    if len(text.split()) < 2:
        return Rephrased((), ())
    parsed = parse(text, name)
    to_you = _addressing(name, role)
    if parsed is None:
        shows, misses = _of_clause(_first_person(to_you(text)))
    elif parsed.verb in _ASKS:
        shows, misses = _asked(parsed, to_you)
    elif parsed.verb == "apologise":
        shows, misses = _sorry(parsed, to_you)
    elif parsed.verb == "thank":
        shows, misses = _thanks(parsed, to_you)
    elif parsed.verb in _OFFERS:
        shows, misses = _offered(parsed, to_you)
    elif parsed.verb == "agree":
        shows, misses = _agreed(parsed, to_you)
    elif parsed.verb == "acknowledge":
        shows, misses = _acknowledged(parsed, to_you)
    elif parsed.verb in _SAYS:
        shows, misses = _said(parsed, to_you)
    else:
        shows, misses = _done(parsed, to_you)
    topic = _first_person(to_you(parsed.rest)) if parsed else text
    misses = [*misses, *_catchwords(topic), "It depends, I would see when it comes up."]
    return Rephrased(_tidy(shows), _tidy(misses))


def parse(text: str, name: str = "") -> Parsed | None:
    """The deed that the key point names; None where it names none ("the call is recorded")."""
    opened = _ADVERB.sub("", _SUBJECT.sub("", text, count=1), count=1)
    found = _VERB.match(opened)
    if not found:
        return None
    verb, rest = found["verb"].lower(), found["rest"]
    base = _base(verb)
    known = _SAYS | _ASKS | _OFFERS | _COMMANDS | {"apologise", "thank", "agree", "acknowledge"}
    # "Escalate the claim" is a command; a bare noun at the head ("limit of 10,000") names no deed.
    if verb in _PLAIN_S or (verb == base and opened == text and base not in known):
        return None
    rest = re.sub(r"^(out|forward) ", "", rest) if base in ("point", "find") else rest
    if name:
        rest = re.sub(rf"^{re.escape(name)}\b(?!['’]s) ", "them ", rest, flags=re.IGNORECASE)
    whom = bool(_WHOM.match(rest)) and base in _SAYS | _ASKS | _OFFERS | {"thank"}
    if whom and len(_WHOM.sub("", rest, count=1).split()) >= 1:
        rest = _WHOM.sub("", rest, count=1)
    else:
        whom = False
    about = re.match(r"^[\w ]{2,30}, that (?=\w+ \w+)", rest)  # "names what happened, that the reports were late"
    if about and base in _SAYS:
        return Parsed(base, whom, rest[about.end() :], "that")
    link = re.match(r"^(that|whether|if|about|for|to|on)\b ", rest)
    return Parsed(base, whom, rest[link.end() :] if link else rest, link[1] if link else "")


_COMMANDS = frozenset(
    [
        "escalate",
        "attach",
        "call",
        "send",
        "bring",
        "write",
        "hand",
        "pass",
        "stop",
        "refer",
        "document",
        "record",
        "follow",
        "open",
        "close",
        "listen",
        "greet",
        "introduce",
        "summarise",
        "summarize",
        "repeat",
        "use",
        "keep",
        "avoid",
        "take",
        "make",
        "get",
        "let",
        "put",
        "promise",
        "confirm",
        "invite",
        "admit",
        "arrange",
        "book",
        "cancel",
        "report",
        "ring",
        "return",
        "refund",
        "replace",
        "schedule",
        "verify",
        "involve",
    ]
)


def _said(parsed: Parsed, to_you) -> tuple[list[str], list[str]]:
    rest = _first_person(to_you(parsed.rest))
    if parsed.link == "that" or (parsed.link == "" and _is_clause(rest)):
        return _of_clause(rest)
    if parsed.link in ("whether", "if"):
        return _asked(Parsed("ask", parsed.whom, parsed.rest, parsed.link), to_you)
    about = f"{parsed.link} {rest}".strip() if parsed.link not in ("", "about") else rest
    if parsed.link == "to":
        return [f"Please {rest}.", f"I'd ask you to {rest}."], [f"I wouldn't {rest}.", f"Should I {rest}?"]
    if re.match(r"^(what|why|how|when|where|who|which)\b", about):
        return (
            [],
            [f"I'd like to talk about {about}.", f"I don't know {about}.", f"Can you tell me {about}?"],
        )
    verb = parsed.verb if parsed.verb in ("explain", "describe", "mention", "name", "list", "show") else "mention"
    return (
        [f"It's about {about}.", f"I'd {verb} {about}.", f"What matters here is {about}.", f"First, {about}."],
        [f"I wouldn't {verb} {about}.", f"My colleague usually mentions {about}.", f"What about {about}?"],
    )


def _asked(parsed: Parsed, to_you) -> tuple[list[str], list[str]]:
    rest = re.split(r", or (?=what|why|how|for|about)", to_you(parsed.rest))[0]
    if parsed.whom:
        rest = re.sub(r"\b(her|his|their) (?=\w)", "your ", rest)
        rest = re.sub(
            r"\b(she|he|they) (is|are)\b", "you are", re.sub(r"\b(she|he|they) (has|have)\b", "you have", rest)
        )
    misses = ["I don't need to ask about that.", "I already know enough.", f"People usually ask about {rest}."]
    if parsed.link in ("whether", "if"):
        return (
            [_inverted(rest), f"Can you tell me whether {rest}?", f"I'd like to know if {rest}."],
            [f"I don't care whether {rest}.", "I'd just go on."],
        )
    wh = re.match(r"^(or \w+ )?(?P<wh>(what|why|how|when|where|who|which)\b.*)$", rest)
    if wh and not parsed.link:
        asked = wh["wh"]
        direct = asked if re.match(rf"^\w+ ({_AUXILIARY[1:-1]}|happened|got|went|came|makes|keeps)\b", asked) else ""
        return (
            [f"{direct}?" if direct else "", f"Can you tell me {asked}?", f"I'd like to hear {asked}."],
            [f"I already know {asked}.", f"It doesn't matter {asked}."],
        )
    if parsed.link == "to":
        return [f"Can I {rest}?", f"May I {rest}?", f"I'd like to {rest}."], misses[:2]
    return (
        [
            f"Can you tell me about {rest}?",
            f"Could you tell me {rest}?" if not parsed.link else "",
            f"I'd like to hear about {rest}.",
            f"What about {rest}?",
        ],
        misses,
    )


def _offered(parsed: Parsed, to_you) -> tuple[list[str], list[str]]:
    rest = _first_person(to_you(parsed.rest))
    if parsed.link == "to":
        return (
            [
                f"I can {rest}.",
                f"Would it help if I {rest}?" if not rest.startswith("be ") else "",
                f"I'd be glad to {rest}.",
            ],
            [f"I can't {rest}.", f"Maybe somebody could {rest}."],
        )
    if parsed.link == "that":
        return _of_clause(rest)
    return (
        [
            f"How about {rest}?",
            f"I'd suggest {rest}.",
            f"What I can offer you is {rest}.",
            f"Let's do {rest}." if parsed.verb != "offer" else "",
        ],
        [f"I can't offer {rest}.", "Let's see what we can do.", f"My manager might offer {rest}."],
    )


def _sorry(parsed: Parsed, to_you) -> tuple[list[str], list[str]]:
    about = _first_person(to_you(parsed.rest)) or "that"
    return (
        [f"I'm sorry for {about}.", f"I apologise for {about}.", f"I want to say sorry for {about}."],
        ["It wasn't our fault.", "These things happen.", f"I'm not going to apologise for {about}."],
    )


def _thanks(parsed: Parsed, to_you) -> tuple[list[str], list[str]]:
    about = _first_person(to_you(parsed.rest))
    about = f" {parsed.link or 'for'} {about}" if about else ""
    return [f"Thank you{about}.", f"Thanks a lot{about}.", f"I appreciate it, thank you{about}."], [
        "All right.",
        "Next, please.",
    ]


def _agreed(parsed: Parsed, to_you) -> tuple[list[str], list[str]]:
    rest = re.sub(r"^with \w+ ", "", _first_person(to_you(parsed.rest)))
    if parsed.link == "that":
        return [f"Let's agree that {rest}.", f"Shall we say that {rest}?"], [
            "We'll see.",
            f"I can't agree that {rest}.",
        ]
    to = "to" if parsed.link == "to" else "on"
    return (
        [f"Let's agree {to} {rest}.", f"Can we agree {to} {rest}?", f"I'd like us to agree {to} {rest}."],
        ["We'll see how it goes.", "Let's talk about it some other time."],
    )


def _acknowledged(parsed: Parsed, to_you) -> tuple[list[str], list[str]]:
    rest = to_you(parsed.rest)
    if parsed.whom or parsed.link == "that" or _is_clause(rest):
        return (
            [f"I understand that {rest}.", f"I can see that {rest}.", f"I hear you: {rest}."],
            [f"I don't see why {rest}.", "You'll get over it."],
        )
    return [f"I can see {rest}.", f"I understand {rest}.", f"I hear {rest}."], [
        "Calm down, please.",
        "That's not so bad.",
    ]


def _done(parsed: Parsed, to_you) -> tuple[list[str], list[str]]:
    rest = _first_person(to_you(f"{parsed.link} {parsed.rest}".strip()))
    deed = f"{parsed.verb} {rest}".strip()
    return (
        [f"I {deed}.", f"I would {deed}.", f"My next step is to {deed}.", f"What I do is {deed}."],
        [f"I don't {deed}.", f"My colleague would {deed}.", f"Should I {deed}?"],
    )


def _of_clause(clause: str) -> tuple[list[str], list[str]]:
    clause = clause[:1].lower() + clause[1:] if clause.split(" ")[0].lower() in _LOWER else clause
    if not _is_clause(clause):
        return [f"It's about {clause}.", f"What matters is {clause}."], [
            f"What about {clause}?",
            f"I wouldn't mention {clause}.",
        ]
    return (
        [f"{clause}.", f"What I want to say is that {clause}.", f"The point is that {clause}."],
        [_negated(clause), f"My colleague says that {clause}.", f"Is it true that {clause}?"],
    )


_LOWER = frozenset(
    [
        "the",
        "a",
        "an",
        "any",
        "anyone",
        "nobody",
        "somebody",
        "if",
        "when",
        "we",
        "you",
        "they",
        "it",
        "there",
        "this",
        "that",
        "these",
        "those",
        "every",
        "all",
    ]
)


def _is_clause(text: str) -> bool:
    """Whether there is a finite verb after a subject."""
    return bool(
        re.search(rf"^\S.*?\b({_AUXILIARY[1:-1]}|need|needs|got|get|gets|came|comes|went|goes|makes|made)\b", text)
    )


def _inverted(clause: str) -> str:
    """The clause as a question of its own, where its verb allows; empty where not."""
    found = re.match(
        r"^(?P<subject>[\w ’'-]{1,60}?) (?P<verb>is|are|was|were|has|have|can|could|will|would|should|must) "
        r"(?P<rest>.+)$",
        clause,
    )
    if not found:
        return ""
    verb = found["verb"]
    if verb in ("has", "have") and not re.match(r"^(been|had|got|\w+ed)\b", found["rest"]):
        return f"{'Does' if verb == 'has' else 'Do'} {found['subject']} have {found['rest']}?"
    return f"{verb} {found['subject']} {found['rest']}?"


def _negated(clause: str) -> str:
    """The clause denied at its first finite verb; empty where the rules do not see one."""
    if re.search(r"\b(not|never|no|nobody|nothing|n't)\b", clause):
        return ""
    for pattern, put in (
        (r"\b(has|needs) to\b", "doesn't have to"),
        (r"\b(have|need) to\b", "don't have to"),
        (r"\b(is|are|was|were|can|could|will|would|should|must)\b", r"\1 not"),
    ):
        changed, count = re.subn(pattern, put, clause, count=1)
        if count:
            return f"{changed}.".replace("can not", "cannot")
    return ""


def _catchwords(text: str) -> list[str]:
    kept = [word for word in re.findall(r"[A-Za-z$€][\w,'’-]*|\d[\d,.]*", text) if word.lower() not in _SMALL]
    kept = [word.strip(",.") for word in dict.fromkeys(kept)]
    return [", ".join(kept[:3])] if len(kept) >= 3 else []


_SMALL = frozenset(
    [
        "a",
        "an",
        "the",
        "that",
        "this",
        "these",
        "those",
        "of",
        "to",
        "in",
        "on",
        "at",
        "for",
        "with",
        "by",
        "from",
        "and",
        "or",
        "but",
        "so",
        "as",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "has",
        "have",
        "had",
        "it",
        "its",
        "i",
        "you",
        "we",
        "they",
        "he",
        "she",
        "my",
        "your",
        "our",
        "their",
        "his",
        "her",
        "what",
        "when",
        "if",
        "how",
        "why",
        "who",
        "which",
        "any",
        "all",
        "more",
        "than",
        "can",
        "will",
        "would",
        "should",
        "must",
        "may",
        "not",
        "no",
        "do",
        "does",
        "did",
        "up",
        "out",
        "about",
        "into",
        "over",
    ]
)


def _addressing(name: str, role: str):
    """A function that turns mentions of the persona into "you" and "your"."""
    nouns = [re.escape(name)] if name else []
    head = re.findall(r"[a-z]+", role.lower().split(" of ")[0].split(" at ")[0].split(" on ")[0])
    if head:
        nouns.append(rf"the (?:\w+ )?{head[-1]}")
    nouns += [
        rf"the {noun}" for noun in ("patient", "customer", "client", "caller", "guest") if head and noun in role.lower()
    ]
    if not nouns:
        return lambda text: text
    one = "|".join(nouns)

    def change(text: str) -> str:
        text = re.sub(rf"\b({one})['’]s\b", "your", text, flags=re.IGNORECASE)
        text = re.sub(rf"\b({one})\b(?! (?:who|that)\b)", "you", text, flags=re.IGNORECASE)
        for one_, more in (("is", "are"), ("was", "were"), ("has", "have"), ("does", "do"), ("needs", "need")):
            text = re.sub(rf"\byou {one_}\b", f"you {more}", text)
        return re.sub(r"^(for|about) you (?=for|about)", "", text)

    return change


def _first_person(text: str) -> str:
    """The learner's own things in the first person."""
    text = re.sub(r"\b(his or her|their|his|her) own\b", "my own", text)
    return re.sub(r"\b(the learner|the trainee|the speaker)\b", "I", text, flags=re.IGNORECASE)


def _base(verb: str) -> str:
    if verb in ("apologizes", "apologises", "apologize"):
        return "apologise"
    if verb in ("does", "goes"):
        return verb[:-2]
    if verb.endswith("ies") and len(verb) > 4:
        return verb[:-3] + "y"
    if re.search(r"(ch|sh|ss|x|zz)es$", verb):
        return verb[:-2]
    return verb[:-1] if verb.endswith("s") and not verb.endswith(("ss", "us")) else verb


def _tidy(sentences: list[str]) -> tuple[str, ...]:
    """Capitals, one full stop, each once; what came out empty or too short is left out."""
    kept = []
    for sentence in sentences:
        sentence = re.sub(r"\s+([.,?!])", r"\1", re.sub(r"\s+", " ", sentence)).strip()
        sentence = re.sub(r"\.{2,}$", ".", sentence)
        if len(re.findall(r"\w+", sentence)) < 2:
            continue
        kept.append(sentence[:1].upper() + sentence[1:])
    return tuple(dict.fromkeys(kept))
