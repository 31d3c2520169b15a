"""What the synthetic learner says, and when: scripts, as authored in scripts/*.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SCRIPTS = Path(__file__).parent / "scripts"
OUTCOMES = ("passed", "failed", "unclear")


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
    `again` allows the line to be used more than once.
    """

    line: Line
    when: re.Pattern[str] | None = None
    turn: int | None = None
    interrupt_after_ms: int | None = None
    again: bool = False


@dataclass(frozen=True)
class Script:
    """One learner's way through one activity. `guardrails` are the ones that it must touch."""

    name: str
    activity: str
    learner: str
    expect: str
    answers: tuple[Answer, ...]
    summary: str = ""
    guardrails: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(answer.line for answer in self.answers)


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
    _only(name, data, {"activity", "learner", "expect", "summary", "guardrails", "answers"})
    for field in ("activity", "expect", "answers"):
        if not data.get(field):
            raise ScriptError(f"{name}.{field}: is missing.")
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
    _only(where, item, {"say", "when", "turn", "interrupt_after_ms", "again"})
    if "say" not in item:
        raise ScriptError(f"{where}.say: is missing.")
    if item.get("interrupt_after_ms") is not None and not item.get("turn"):
        raise ScriptError(f"{where}.turn: an interruption needs the turn that it belongs to.")
    try:
        when = re.compile(item["when"], re.IGNORECASE) if item.get("when") else None
    except re.error as wrong:
        raise ScriptError(f"{where}.when: is not a regular expression: {wrong}.") from None
    return Answer(
        line=_line(f"{where}.say", item["say"]),
        when=when,
        turn=item.get("turn"),
        interrupt_after_ms=item.get("interrupt_after_ms"),
        again=bool(item.get("again", False)),
    )


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
