"""The values that coaching takes and gives. Frozen, serialisable, without Django."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Literal, Protocol

from coachtool.activities.brief import Brief

Verdict = Literal["met", "not_met", "unclear"]
Speaker = Literal["learner", "persona"]
Move = Literal["open", "probe", "hint", "practise", "confirm", "answer", "redirect", "escalate", "close"]


@dataclass(frozen=True)
class Turn:
    """One utterance of the transcript.

    `seq` is the utterance's sequence number in the attempt. `confidence` is the
    recogniser's, 0 to 1; typed text has 1.
    """

    seq: int
    speaker: Speaker
    text: str
    confidence: float = 1.0


@dataclass(frozen=True)
class Evidence:
    """The learner's own words: `quote` is a verbatim part of the text of turn `seq`."""

    seq: int
    quote: str
    strength: float


@dataclass(frozen=True)
class KeyPointJudgement:
    """Whether a key point was shown, by which words, and why it was judged so (for the record)."""

    key_point: str
    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class ObjectiveJudgement:
    """Counted by code from its key points. `points` is the share of `required` that was met, 0 to 1."""

    objective: str
    verdict: Verdict
    points: float
    key_points: tuple[KeyPointJudgement, ...]


@dataclass(frozen=True)
class Scorecard:
    """The whole attempt. `score` 0 to 1; `passed` is None while an unclear key point or a person could decide it.

    `skipped` are the objectives that a condition passed over: they are not among `objectives` and do not count.
    `awaiting` are those whose verdict a person has to confirm.
    """

    score: float
    passed: bool | None
    objectives: tuple[ObjectiveJudgement, ...]
    evaluator: str
    skipped: tuple[str, ...] = ()
    awaiting: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """Evidence that a language model proposes for a key point: `quote` should be the learner's words in turn `seq`.

    `by` names model and prompt. It counts only as far as proposals.combined lets it.
    """

    key_point: str
    verdict: Verdict
    seq: int
    quote: str
    by: str


@dataclass(frozen=True)
class Trigger:
    """A guardrail that turn `seq` touched: the learner's, or with `speaker` persona what was about to be said to it."""

    guardrail: str
    action: str
    severity: str
    seq: int
    quote: str
    speaker: Speaker = "learner"


@dataclass(frozen=True)
class Passage:
    """A stretch of the institution's own documents, as retrieval found it.

    `place` says where it stands, for a reader ("Claims handbook, page 4, Limits"); `likeness` is the cosine with
    the question, on the scale of the model that `model` names.
    """

    id: str
    text: str
    document: str
    place: str
    likeness: float
    model: str = ""


@dataclass(frozen=True)
class Citation:
    """What a line of the persona's rests on: `quote` is a verbatim part of the passage's text."""

    passage: str
    document: str
    place: str
    quote: str


class Library(Protocol):
    """The documents that an activity's author attached to it."""

    def search(self, question: str, limit: int = 3) -> tuple[Passage, ...]:
        """The passages nearest to `question`, nearest first; empty when nothing is attached or it cannot be reached."""
        ...


@dataclass(frozen=True)
class Recall:
    """What is remembered of this learner's last attempt, in scope of the activity's `memory`.

    `days` since it ended. `stalled` are the key points (their ids; empty where it was another activity) and
    `stalled_on` the words for them, in the order in which they were missed; `promised` the learner's own words.
    `memories` are the ids of what was read, for the record.
    """

    days: int
    passed: bool | None
    same_activity: bool
    stalled: tuple[str, ...] = ()
    stalled_on: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()
    promised: tuple[str, ...] = ()
    memories: tuple[int, ...] = ()


@dataclass(frozen=True)
class Observation:
    """What was noticed of how the learner said the last turn, in plain words for the learner to read.

    It may change the persona's manner or next move. It is never evidence: nothing that scores takes one.
    """

    kind: str  # such as slower, flatter, hesitant, looked_away
    text: str
    confidence: float  # 0 to 1
    at_ms: int  # of the conversation


@dataclass(frozen=True)
class CoachState:
    """Where the policy stands; kept in the attempt's events so that a conversation survives its process.

    `asked` counts prompts per key point id (probe 1, then hints), `phase` is
    explore, practise or closed. `pending` is the prompt that awaits an answer,
    `turns` how many of the learner's turns were answered. In `asked`, keys that
    begin with @ are objectives and those with # are detours. `left` are the
    objectives that were left for the next one, `skipped` those that a condition
    passed over on the way; `source` is where the last quoted answer stands, as it
    is said.
    """

    phase: str = "explore"
    focus: str = ""
    asked: dict[str, int] = field(default_factory=dict)
    met: tuple[str, ...] = ()
    practised: tuple[str, ...] = ()
    last_lines: tuple[str, ...] = ()
    nudges: int = 0
    pending: str = ""
    turns: int = 0
    left: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True)
class Note:
    """How a reply came about, for the record: `kind` and `data` are those of an event of the attempt's journal."""

    kind: str
    data: dict


Said = str | Citation | Trigger | Note
"""What a reply that comes bit by bit is made of: sentences, what they rest on, and what the record should know."""


@dataclass(frozen=True)
class Reply:
    """What the persona does next: `lines` are said in order, sentence by sentence, and after them what `more` brings.

    `trigger` is the guardrail that the reply answers, `touched` are others that the same turn touched. `more` never
    fails, and ends by itself; closing it (aclose) ends what it waits for. `notes` are known already. `adapted`: its
    manner follows how the learner spoke.
    """

    lines: tuple[str, ...]
    move: Move
    state: CoachState
    judgements: tuple[KeyPointJudgement, ...] = ()
    trigger: Trigger | None = None
    emotion: str = "neutral"
    closes: bool = False
    touched: tuple[Trigger, ...] = ()
    citations: tuple[Citation, ...] = ()
    notes: tuple[Note, ...] = ()
    adapted: bool = False
    more: AsyncIterator[Said] | None = None


class Coach(Protocol):
    """Text in, text out; without a clock and without a record of its own.

    Each method may be a plain function, which may take some CPU time, or a
    coroutine function, where a server is asked.
    """

    name: str
    version: str

    def open(self, brief: Brief, recall: Recall | None = None) -> Reply:
        """The persona's first words; with `recall`, those of somebody who remembers."""
        ...

    def answer(
        self, brief: Brief, state: CoachState, transcript: tuple[Turn, ...], observed: tuple[Observation, ...] = ()
    ) -> Reply:
        """The reply to the transcript's last turn, which is the learner's.

        What was `observed` of how it was said may change the reply's words and emotion, never its state or judgements.
        """
        ...

    def nudge(self, brief: Brief, state: CoachState, transcript: tuple[Turn, ...]) -> Reply:
        """What to say when the learner has been silent for long."""
        ...

    def score(self, brief: Brief, transcript: tuple[Turn, ...]) -> Scorecard:
        """The judgement of the whole transcript."""
        ...

    async def close(self) -> None:
        """Let go of what it holds, once the conversation is over."""
        ...
