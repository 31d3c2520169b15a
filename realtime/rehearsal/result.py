"""What a rehearsal found, for people and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


@dataclass
class Turn:
    """One finished turn. `voice_to_voice_ms`: from the end of the learner's speech to the answer's first sound; None
    for the learner's turns, in text, and where the persona did not speak in answer (its opening, a nudge).
    `longest_silence_ms`: between two sounds of the persona's turn; None for the learner's turns and in text."""

    speaker: str
    text: str
    voice_to_voice_ms: int | None = None
    longest_silence_ms: int | None = None
    interrupted: bool = False


@dataclass
class Result:
    """One learner's rehearsal. `score` in points as `grade_in_lms`; `problems` are what kept it from succeeding.

    `questions` are the numbers of those that went to a reviewer, `answer` what the learner found at the next launch.
    `pictures` and `longest_without_picture_ms` tell of the face's video; None where it was not asked for.
    """

    learner: str
    expected: str
    outcome: str | None = None
    score: float | None = None
    grade_in_lms: float | None = None
    statements: list[str] = field(default_factory=list)
    statements_from: str = ""
    guardrails: list[dict[str, str]] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    interruptions_of_learner: int = 0
    pictures: int | None = None
    longest_without_picture_ms: int | None = None
    errors: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    report: str = ""
    questions: list[int] = field(default_factory=list)
    answer: str = ""
    then: Result | None = None

    @property
    def succeeded(self) -> bool:
        """The outcome is the script's, the grade is in the gradebook, the statements are there in order.

        The same holds for the conversation after it, where there is one.
        """
        return not self.problems and (self.then is None or self.then.succeeded)

    @property
    def voice_to_voice(self) -> list[int]:
        return [turn.voice_to_voice_ms for turn in self.turns if turn.voice_to_voice_ms is not None]

    @property
    def silences(self) -> list[int]:
        return [turn.longest_silence_ms for turn in self.turns if turn.longest_silence_ms is not None]

    def as_data(self) -> dict[str, Any]:
        """The JSON object; a conversation after this one is an object of its own under `then`."""
        then = self.then.as_data() if self.then else None
        return {
            "learner": self.learner,
            "expected": self.expected,
            "succeeded": self.succeeded,
            "outcome": self.outcome,
            "score": self.score,
            "grade_in_lms": self.grade_in_lms,
            "statements": self.statements,
            "statements_from": self.statements_from,
            "guardrails": self.guardrails,
            "answer": self.answer,
            "turns": [asdict(turn) for turn in self.turns],
            "median_voice_to_voice_ms": median_ms(self.voice_to_voice),
            "longest_silence_ms": max(self.silences, default=None),
            "interruptions_of_learner": self.interruptions_of_learner,
            "pictures": self.pictures,
            "longest_without_picture_ms": self.longest_without_picture_ms,
            "errors": [*self.errors, *self.problems, *(then["errors"] if then else ())],
            **({"then": then} if then else {}),
        }


def together(results: list[Result]) -> dict[str, Any]:
    """Several learners as one JSON object: each under `learners`, and the same fields over all of them.

    `outcome` is the one that all have, or 'mixed'; `score`, `grade_in_lms` and `pictures` are the lowest (null when one
    is missing); the lists are joined in the learners' order.
    """
    each = [result.as_data() for result in results]
    outcomes = {data["outcome"] for data in each}
    return {
        "expected": results[0].expected,
        "succeeded": all(data["succeeded"] for data in each),
        "outcome": outcomes.pop() if len(outcomes) == 1 else "mixed",
        "score": _lowest(data["score"] for data in each),
        "grade_in_lms": _lowest(data["grade_in_lms"] for data in each),
        "statements": [verb for data in each for verb in data["statements"]],
        "guardrails": [{"learner": data["learner"], **g} for data in each for g in data["guardrails"]],
        "turns": [{"learner": data["learner"], **turn} for data in each for turn in data["turns"]],
        "median_voice_to_voice_ms": median_ms([ms for result in results for ms in result.voice_to_voice]),
        "longest_silence_ms": max((ms for result in results for ms in result.silences), default=None),
        "pictures": _lowest(data["pictures"] for data in each),
        "longest_without_picture_ms": max(
            (ms for data in each if (ms := data["longest_without_picture_ms"]) is not None), default=None
        ),
        "interruptions_of_learner": sum(data["interruptions_of_learner"] for data in each),
        "errors": [f"{data['learner']}: {error}" for data in each for error in data["errors"]],
        "learners": each,
    }


def median_ms(values: list[int]) -> int | None:
    return round(median(values)) if values else None


def summary(result: Result) -> str:
    """What a person reads at the end."""
    shown = [f"{turn.voice_to_voice_ms}" for turn in result.turns if turn.voice_to_voice_ms is not None]
    lines = [
        "",
        f"{result.learner}: {result.outcome or 'no outcome'} (the script expects {result.expected}), "
        f"score {_number(result.score)}, grade in the gradebook {_number(result.grade_in_lms)}",
        f"Statements ({result.statements_from or 'none found'}): {', '.join(result.statements) or 'none'}",
    ]
    if result.guardrails:
        lines.append("Guardrails: " + ", ".join(f"{g['name']} ({g['action']})" for g in result.guardrails))
    if result.answer:
        lines.append(f"The reviewer's answer, found at the next launch: {result.answer}")
    if shown:
        lines.append(f"Voice to voice, ms: {', '.join(shown)}; median {median_ms(result.voice_to_voice)}")
        lines.append(f"Longest silence within a turn of the persona, ms: {max(result.silences, default=0)}")
        lines.append(f"Interruptions of the learner: {result.interruptions_of_learner}")
    if result.pictures is not None:
        gap = result.longest_without_picture_ms
        lines.append(f"Pictures of the face: {result.pictures}, at most {gap} ms without one")
    lines += [f"Noticed: {error}" for error in result.errors]
    lines += [f"Not as it should be: {problem}" for problem in result.problems]
    if result.then:
        lines.append(summary(result.then))
    return "\n".join(lines)


def _lowest(values) -> float | None:
    values = list(values)
    return None if any(value is None for value in values) else min(values)


def _number(value: float | None) -> str:
    return "missing" if value is None else f"{value:g}"
