"""What the synthetic learner says, and when: scripts, as authored in scripts/*.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from realtime.rehearsal.manner import MANNERS

SCRIPTS = Path(__file__).parent / "scripts"
OUTCOMES = ("passed", "failed", "unclear")
_FIELDS = {"summary", "expect", "guardrails", "opening", "hears", "never_hears", "observes", "adapts", "answers"}


class ScriptError(ValueError):
    """The script does not exist or cannot be used; the message names the field and the remedy."""


@dataclass(frozen=True)
class Pause:
    """Silence in the middle of a line."""

    seconds: float


@dataclass(frozen=True)
class Line:
    """Something said in one go: phrases, with pauses between them."""

    parts: tuple[str | Pause, ...]

    @property
    def text(self) -> str:
        """The words alone, as typed in a text conversation."""
        return " ".join(part for part in self.parts if isinstance(part, str))

    @property
    def phrases(self) -> tuple[str, ...]:
        return tuple(part for part in self.parts if isinstance(part, str))

    @property
    def pauses(self) -> float:
        """Seconds of silence within the line."""
        return sum(part.seconds for part in self.parts if isinstance(part, Pause))


@dataclass(frozen=True)
class Answer:
    """One line and what calls for it.

    `when` is searched for in what the persona has just said (a regular expression, case ignored). `turn` binds the
    line to the learner's nth turn, counted from 1. With `interrupt_after_ms` the line starts that long after the
    persona's voice has, over it; such an answer needs a `turn`, since the question has not been heard yet.
    `again` allows the line to be used more than once. `manner` is how it is said, by names of manner.MANNERS.
    """

    line: Line
    when: re.Pattern[str] | None = None
    turn: int | None = None
    interrupt_after_ms: int | None = None
    again: bool = False
    manner: tuple[str, ...] = ()


@dataclass(frozen=True)
class Script:
    """One learner's way through one activity. `guardrails` are the ones that it must touch.

    `reviewer_answers` is what an instructor answers to the question that the learner asked, and what the learner has to
    find at the next launch.

    `opening` is searched for in the persona's first words, each of `hears` in all that it says, and none of
    `never_hears` may be found there. `observes` are searched for in what the tool says that it noticed of the voice,
    which the learner then agrees to, and `adapts` in what the persona says because of it: where the site's policy lets
    nothing be sensed, neither may be there. `then` is the same learner's next conversation. Only with `memory` does the
    persona remember the learner, and nothing from before the first conversation.
    """

    name: str
    activity: str
    learner: str
    expect: str
    answers: tuple[Answer, ...]
    summary: str = ""
    guardrails: tuple[str, ...] = ()
    opening: re.Pattern[str] | None = None
    hears: tuple[re.Pattern[str], ...] = ()
    never_hears: tuple[re.Pattern[str], ...] = ()
    observes: tuple[re.Pattern[str], ...] = ()
    adapts: tuple[re.Pattern[str], ...] = ()
    memory: bool = False
    reviewer_answers: str = ""
    then: Script | None = None

    @property
    def lines(self) -> tuple[Line, ...]:
        own = tuple(answer.line for answer in self.answers)
        return own + self.then.lines if self.then else own

    def unlike(self, said: Iterable[str]) -> list[str]:
        """In which ways what the persona `said`, turn by turn, is not as the script wants it; in sentences."""
        turns = list(said)
        first, everything = turns[0] if turns else "", "\n".join(turns)
        wrong = []
        if self.opening and not self.opening.search(first):
            wrong.append(f"The persona opened with “{first}”; the script expects “{self.opening.pattern}”.")
        wrong += [f"The persona never said “{one.pattern}”." for one in self.hears if not one.search(everything)]
        wrong += [f"The persona said “{one.pattern}”." for one in self.never_hears if one.search(everything)]
        return wrong

    def unnoticed(self, observed: Iterable[str], said: Iterable[str], *, sensed: bool) -> list[str]:
        """In which ways what was `observed`, and what the persona `said` then, is not as the script wants it.

        Without leave to sense (`sensed`) there must be none of it.
        """
        noticed, spoken = "\n".join(observed), "\n".join(said)
        if not sensed:
            wrong = [f"“{one}” was observed, and nothing may be." for one in noticed.split("\n") if one]
            return wrong + [f"The persona said “{one.pattern}”." for one in self.adapts if one.search(spoken)]
        wrong = [f"“{one.pattern}” was never observed." for one in self.observes if not one.search(noticed)]
        return wrong + [f"The persona never said “{one.pattern}”." for one in self.adapts if not one.search(spoken)]


def names() -> tuple[str, ...]:
    """The scripts that come with the product."""
    return tuple(sorted(path.stem for path in SCRIPTS.glob("*.yaml")))


def load(name: str) -> Script:
    """The script `name`, or the one in the file of that path; raises ScriptError."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else SCRIPTS / f"{name}.yaml"
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ScriptError(
            f"There is no script “{name}”. Use one of {', '.join(names())}, or the path of a .yaml file."
        ) from None
    except (OSError, yaml.YAMLError) as unreadable:
        raise ScriptError(f"{path}: cannot be read: {unreadable}") from None
    return parse(path.stem, data)


def parse(name: str, data: Any) -> Script:
    """A checked script from its YAML data; raises ScriptError."""
    _only(name, data, _FIELDS | {"activity", "learner", "memory", "reviewer_answers", "then"})
    for needed in ("activity", "expect", "answers"):
        if not data.get(needed):
            raise ScriptError(f"{name}.{needed}: is missing.")
    if data["expect"] not in OUTCOMES:
        raise ScriptError(f"{name}.expect: use {', '.join(OUTCOMES)}.")
    return Script(
        name=name,
        activity=data["activity"],
        learner=data.get("learner", "learner1"),
        expect=data["expect"],
        answers=tuple(_answer(f"{name}.answers[{index}]", item) for index, item in enumerate(data["answers"])),
        summary=" ".join(str(data.get("summary", "")).split()),
        guardrails=tuple(data.get("guardrails", ())),
        opening=_pattern(f"{name}.opening", data.get("opening")),
        hears=_patterns(f"{name}.hears", data.get("hears", ())),
        never_hears=_patterns(f"{name}.never_hears", data.get("never_hears", ())),
        observes=_patterns(f"{name}.observes", data.get("observes", ())),
        adapts=_patterns(f"{name}.adapts", data.get("adapts", ())),
        memory=bool(data.get("memory", False)),
        reviewer_answers=" ".join(str(data.get("reviewer_answers", "")).split()),
        then=_next(f"{name}.then", data) if "then" in data else None,
    )


class Choice:
    """Which line comes next. One per conversation: it remembers what has been said."""

    def __init__(self, answers: Iterable[Answer]):
        self._left = list(answers)

    def interruption(self, turn: int) -> Answer | None:
        """The line with which the learner cuts into the persona's next words, if turn `turn` is one."""
        return next((a for a in self._left if a.turn == turn and a.interrupt_after_ms is not None), None)

    def next(self, turn: int, heard: str) -> Answer | None:
        """The answer to what was `heard`; None when the script has nothing left to say.

        In this order: the line bound to this turn, the first that the last sentence heard calls for, the first that
        anything heard calls for, the first that waits for nothing, the first that waits for something else, one that
        may come again. Lines of other turns stay for their turn.
        """
        free = [a for a in self._left if a.turn is None]
        once = [a for a in free if not a.again]
        asked = re.split(r"(?<=[.?!])\s+", heard.strip())[-1]
        ranked = (
            [a for a in self._left if a.turn == turn],
            [a for a in free if a.when and a.when.search(asked)],
            [a for a in free if a.when and a.when.search(heard)],
            [a for a in once if a.when is None],
            once,
            [a for a in free if a.when is None],
        )
        return next((answers[0] for answers in ranked if answers), None)

    def said(self, answer: Answer) -> None:
        """Take a line out once it has been said, unless it may come again."""
        if not answer.again:
            self._left.remove(answer)


def _answer(where: str, item: Any) -> Answer:
    _only(where, item, {"say", "when", "turn", "interrupt_after_ms", "again", "manner"})
    if "say" not in item:
        raise ScriptError(f"{where}.say: is missing.")
    if item.get("interrupt_after_ms") is not None and not item.get("turn"):
        raise ScriptError(f"{where}.turn: an interruption needs the turn that it belongs to.")
    manner = item.get("manner", [])
    if not isinstance(manner, list) or set(manner) - set(MANNERS):
        raise ScriptError(f"{where}.manner: use a list of {', '.join(MANNERS)}.")
    return Answer(
        line=_line(f"{where}.say", item["say"]),
        when=_pattern(f"{where}.when", item.get("when")),
        turn=item.get("turn"),
        interrupt_after_ms=item.get("interrupt_after_ms"),
        again=bool(item.get("again", False)),
        manner=tuple(manner),
    )


def _next(where: str, data: dict) -> Script:
    """The same learner's next conversation in the same activity."""
    _only(where, data["then"], _FIELDS)
    return parse(where, {key: data[key] for key in ("activity", "learner", "memory") if key in data} | data["then"])


def _patterns(where: str, given: Any) -> tuple[re.Pattern[str], ...]:
    if not isinstance(given, list | tuple):
        raise ScriptError(f"{where}: expected a list.")
    return tuple(_pattern(f"{where}[{index}]", one) for index, one in enumerate(given))


def _pattern(where: str, given: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(given, re.IGNORECASE) if given else None
    except (re.error, TypeError) as wrong:
        raise ScriptError(f"{where}: is not a regular expression: {wrong}.") from None


def _line(where: str, said: Any) -> Line:
    parts: list[str | Pause] = []
    for part in said if isinstance(said, list) else [said]:
        if isinstance(part, str) and part.strip():
            parts.append(" ".join(part.split()))
        elif isinstance(part, dict) and set(part) == {"pause"} and isinstance(part["pause"], int | float):
            parts.append(Pause(float(part["pause"])))
        else:
            raise ScriptError(f"{where}: use words, or `pause: SECONDS` between words.")
    if not parts or not isinstance(parts[0], str) or not isinstance(parts[-1], str):
        raise ScriptError(f"{where}: a line begins and ends with words; a pause stands between them.")
    return Line(tuple(parts))


def _only(where: str, data: Any, fields: set[str]) -> None:
    if not isinstance(data, dict):
        raise ScriptError(f"{where}: expected a mapping.")
    unknown = sorted(set(data) - fields)
    if unknown:
        raise ScriptError(f"{where}.{unknown[0]}: no such field; use {', '.join(sorted(fields))}.")
