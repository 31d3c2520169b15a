"""The authored coach: the instructor's own words, chosen by rules from what was heard.

It speaks no sentence that was not authored, so it can be read beforehand and
tested whole. Order in each turn: the lines not to be crossed, what the learner
wants from the conversation itself, questions with an approved answer, then what
was shown and what is still to be heard.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from functools import lru_cache

from coachtool.activities.brief import Brief, Guardrail
from coachtool.coaching import agenda, embed, guard, intents, judge, speech, words
from coachtool.coaching.types import CoachState, KeyPointJudgement, Move, Recall, Reply, Scorecard, Trigger, Turn

_NUDGES = 2
_STRANGE = 0.60  # below this cosine to everything in the activity, it is another subject
_CONCRETE = {
    "unsure": "concrete_unsure",
    "asked back": "concrete_asked",
    "reported": "concrete_reported",
    "listed": "concrete_listed",
    judge.BADLY_HEARD: "concrete_heard",
}


class AuthoredCoach:
    """A Coach (see types.py) that needs no language model; cheap to make, deterministic."""

    name = "authored"
    version = "1.0"

    @staticmethod
    def warm() -> None:
        """Load the embedding model now (about half a second, once per process)."""
        embed.vector("ready")

    def prepare(self, brief: Brief) -> None:
        """Load the model and embed the activity's examples (about a second, once per process and activity)."""
        for objective in brief.objectives:
            judge.prepare(objective, judge.rivals(brief, objective))
        guard.prepare(brief)
        embed.matrix(_subjects(brief))

    def open(self, brief: Brief, recall: Recall | None = None) -> Reply:
        nothing = judge.key_points(brief, ())
        step = agenda.next_step(brief, CoachState(), nothing)
        lines = words.sentences(brief.opening) + words.sentences(step.prompt)
        return Reply(lines, "open", replace(step.state, last_lines=lines), emotion=brief.persona.mood)

    def answer(self, brief: Brief, state: CoachState, transcript: tuple[Turn, ...]) -> Reply:
        turn = transcript[-1]
        before, judged = judge.key_points(brief, transcript[:-1]), judge.key_points(brief, transcript)
        changed = tuple(point for name, point in judged.items() if point.verdict != before[name].verdict)
        met = tuple(name for name, point in judged.items() if point.verdict == "met")
        state = replace(state, turns=state.turns + 1, nudges=0, met=met)
        reply = _Turn(brief, state, transcript, turn, judged, changed).reply()
        return replace(reply, judgements=changed, state=replace(reply.state, last_lines=reply.lines))

    def nudge(self, brief: Brief, state: CoachState, transcript: tuple[Turn, ...]) -> Reply:
        judged = judge.key_points(brief, transcript)
        state = replace(state, nudges=state.nudges + 1)
        if state.nudges > _NUDGES or state.phase == "closed":
            lines = words.sentences(brief.phrases.farewell)
            state = replace(state, phase="closed", focus="", pending="", last_lines=lines)
            return Reply(lines, "close", state, closes=True)
        phrase = speech.pick(brief.phrases.nudge, state.nudges - 1)
        step = agenda.next_step(brief, state, judged) if state.nudges == _NUDGES else None
        if step is not None and step.move != "close":
            lines = speech.compose(phrase, "", step.prompt)
            return Reply(lines, step.move, replace(step.state, last_lines=lines), emotion="encouraging")
        lines = speech.compose(phrase, "", speech.question_of(state.pending))
        return Reply(lines, "hint", replace(state, last_lines=lines), emotion="encouraging")

    def score(self, brief: Brief, transcript: tuple[Turn, ...]) -> Scorecard:
        return scorecard(brief, transcript, evaluator=self.evaluator(brief))

    def evaluator(self, brief: Brief) -> str:
        """Which judge with which model and which rubric, for the record."""
        return f"{self.name}/{self.version} {embed.model_name()} rubric-{_rubric(brief)}"


def scorecard(brief: Brief, transcript: tuple[Turn, ...], evaluator: str) -> Scorecard:
    """The attempt counted from its key points: the mean of the objectives' points against the pass mark.

    `passed` is None when the unclear key points, had they been met, would lift a fail to a pass.
    """
    objectives = judge.judge(brief, transcript)
    score = sum(judged.points for judged in objectives) / len(objectives)
    best = 0.0
    for judged in objectives:
        possible = sum(point.verdict in ("met", "unclear") for point in judged.key_points)
        best += min(1.0, possible / brief.objective(judged.objective).required)
    best /= len(objectives)
    passed: bool | None = score >= brief.pass_mark - 1e-9
    if not passed and best >= brief.pass_mark - 1e-9:
        passed = None
    return Scorecard(round(score, 4), passed, objectives, evaluator)


class _Turn:
    """One of the learner's turns, being answered."""

    def __init__(
        self,
        brief: Brief,
        state: CoachState,
        transcript: tuple[Turn, ...],
        turn: Turn,
        judged: dict[str, KeyPointJudgement],
        changed: tuple[KeyPointJudgement, ...],
    ):
        self.brief, self.phrases, self.state, self.turn = brief, brief.phrases, state, turn
        self.transcript, self.judged, self.changed = transcript, judged, changed
        self.text, self.unnamed = turn.text, _unnamed(turn.text, brief.persona.name)
        self.newly_met = tuple(point.key_point for point in changed if point.verdict == "met")

    def reply(self) -> Reply:
        if self.state.phase == "closed" or (intents.wants_to_stop(self.unnamed) and not self.newly_met):
            return self._close(self.phrases.farewell)
        touched = guard.check(self.brief, self.turn)
        if touched:
            return self._guarded(*touched)
        if self.state.turns >= agenda.most_turns(self.brief):
            return self._close("")
        if self.newly_met:
            return self._acknowledged()
        return self._meta() or self._fact() or self._unheard() or self._judged()

    # What the learner wants from the conversation itself

    def _meta(self) -> Reply | None:
        if intents.nothing_said(self.text):
            return self._back(self._pick("concrete_heard"), "confirm")
        if intents.asks_who(self.text):
            return self._back(speech.who(self.brief.persona, self.phrases), "answer")
        if intents.wants_it_again(self.text) and self.state.last_lines:
            return Reply(self.state.last_lines, "answer", self.state)
        if intents.greets(self.unnamed):
            return self._back(self._pick("greeting"), "answer", whole=True)
        return None

    def _fact(self) -> Reply | None:
        fact = guard.answer_to(self.brief, self.text)
        return self._back(fact.answer, "answer", lead=True) if fact else None

    def _unheard(self) -> Reply | None:
        if self.turn.confidence < judge.LOW_CONFIDENCE and self._first("#heard"):
            return self._back(self._pick("concrete_heard"), "confirm")
        if intents.only_nods(self.text) and self._first(f"#nod:{self.state.pending}"):
            return self._back("", "probe")
        return None

    # What the learner said on the matter

    def _acknowledged(self) -> Reply:
        reaction = self._acknowledgement()
        fact = guard.answer_to(self.brief, self.text)
        if fact and not self._is_evidence(self.text):
            reaction = fact.answer
        return self._onward(reaction, "encouraging")

    def _is_evidence(self, text: str) -> bool:
        """Whether what counted was asked: then the acknowledgement answers it."""
        quotes = [mark.quote for point in self.changed if point.verdict == "met" for mark in point.evidence]
        return any(words.question(quote) for quote in quotes)

    def _acknowledgement(self) -> str:
        first = self.newly_met[0]
        objective = agenda.owner(self.brief, first)
        together = [point for point in objective.key_points if point.id in self.newly_met]
        if len(together) > 1 and objective.acknowledge:
            return objective.acknowledge
        own = next(point for point in objective.key_points if point.id == first).acknowledge
        return speech.pick(own or self.phrases.heard, self.state.turns, self.state.last_lines)

    def _judged(self) -> Reply:
        doubt = self._doubt()
        if doubt is not None:
            return doubt
        denied = self._denied()
        if denied and guard.asks(self.text) and self._first("#asked:" + self.state.pending):
            return self._concrete("concrete_asked")
        if intents.stuck(self.text) and not denied:
            return self._onward(self._pick("stuck"), "encouraging")
        if denied:
            reaction = self._pick("figure" if denied == "another figure" else "doubt")
            return self._onward(reaction, "doubtful")
        if words.guessed(self.text) and self._first("#guess:" + self.state.pending):
            return self._concrete("concrete_unsure")
        if guard.asks(self.text):
            phrase = "aside" if self._strange() else "unanswered"
            if self._first("#question:" + self.state.pending):
                return self._back(self._pick(phrase), "answer", lead=phrase != "aside")
        elif self._strange() and self._first("#aside:" + self.state.pending):
            return self._back(self._pick("aside"), "redirect")
        return self._onward(self._pick("neutral"), self._mood())

    def _doubt(self) -> Reply | None:
        """Something was nearly said: ask for it definitely, once for each key point."""
        for point in self._now():
            if point.verdict != "unclear":
                continue
            sign = self._sign(point.key_point)
            if sign is None or (sign.reason == "vague" and point.key_point != self.state.focus):
                continue
            if intents.stuck(self.text) and sign.reason != "asked back":
                continue
            if not self._first(f"#concrete:{point.key_point}"):
                continue
            self.state = replace(self.state, focus=point.key_point)
            return self._concrete(_CONCRETE.get(sign.reason, "concrete"))
        return None

    def _concrete(self, name: str) -> Reply:
        return replace(self._back(self._pick(name), "confirm"), emotion="doubtful")

    def _denied(self) -> str:
        """The reason for which this turn speaks against the key point in focus, or another; empty when it does not."""
        for point in self._now():
            sign = self._sign(point.key_point)
            if sign is not None and sign.stance == "against":
                return sign.reason
        return ""

    def _now(self) -> tuple[KeyPointJudgement, ...]:
        """The key points that are not met, the one in focus first."""
        missing = [point for point in self.judged.values() if point.verdict != "met"]
        return tuple(sorted(missing, key=lambda point: point.key_point != self.state.focus))

    def _sign(self, key_point: str) -> judge.Sign | None:
        objective = agenda.owner(self.brief, key_point)
        point = next(each for each in objective.key_points if each.id == key_point)
        found = judge.signs(objective, point, self.text, judge.rivals(self.brief, objective))
        return found[-1] if found else None

    # Ways to go on

    def _onward(self, reaction: str, emotion: str) -> Reply:
        step = agenda.next_step(self.brief, self.state, self.judged)
        if step.move == "close":
            return self._close(reaction if self.newly_met else "")
        lead = ""
        if step.move == "practise":
            lead, emotion = self._pick("practise"), "encouraging"
            reaction = reaction if self.newly_met else ""
        elif step.moved and not self.newly_met:
            reaction = self._pick("moving")
        longest = speech.LONGEST + (step.move == "practise")
        return Reply(speech.compose(reaction, lead, step.prompt, longest), step.move, step.state, emotion=emotion)

    def _back(self, reaction: str, move: Move, *, lead: bool = False, whole: bool = False) -> Reply:
        """React, and return to the prompt that is waiting."""
        prompt = self.state.pending if whole else speech.question_of(self.state.pending)
        if reaction.endswith("?"):
            prompt, lead = "", False
        lines = speech.compose(reaction, self._pick("back") if lead else "", prompt)
        if not lines:
            return self._onward(self._pick("neutral"), self._mood())
        return Reply(lines, move, self.state, emotion=self._mood())

    def _guarded(self, guardrail: Guardrail, trigger: Trigger) -> Reply:
        said = guard.reply(guardrail)
        if guardrail.action == "end":
            return replace(self._close(said, plain=True), trigger=trigger, emotion="firm")
        move: Move = "escalate" if guardrail.action == "escalate" else "redirect"
        emotion = "concerned" if guardrail.action == "escalate" else "firm"
        if self.newly_met:
            onward = self._onward(said, emotion)
            if onward.closes:
                return replace(onward, trigger=trigger)
            return replace(onward, move=move, trigger=trigger, emotion=emotion)
        reply = self._back(said, move, lead=True)
        return replace(reply, trigger=trigger, emotion=emotion)

    def _close(self, reaction: str, *, plain: bool = False) -> Reply:
        passed = scorecard(self.brief, self.transcript, "").passed
        closing = "" if plain else speech.closing(self.brief, passed)
        if reaction == self.phrases.farewell and not passed:
            closing = ""
        lines = speech.compose(reaction, "", closing, speech.LONGEST + 1)
        state = replace(self.state, phase="closed", focus="", pending="")
        return Reply(lines, "close", state, emotion="encouraging" if passed else "concerned", closes=True)

    def _pick(self, name: str) -> str:
        return speech.pick(getattr(self.phrases, name), self.state.turns, self.state.last_lines)

    def _mood(self) -> str:
        return "neutral" if self.state.met else self.brief.persona.mood

    def _first(self, key: str) -> bool:
        """Whether `key` happens for the first time; from now on it has."""
        if key in self.state.asked:
            return False
        self.state = replace(self.state, asked={**self.state.asked, key: 1})
        return True

    def _strange(self) -> bool:
        """Whether the turn is about something else altogether."""
        said = words.plain(self.text)
        if len(said.split()) < 4:
            return False
        likeness, _ = embed.nearest(embed.vector(said), embed.matrix(_subjects(self.brief)))
        return likeness < _STRANGE


def _unnamed(text: str, name: str) -> str:
    """`text` without whom it addresses: "Good morning, Amara." greets, as "Good morning." does."""
    return re.sub(rf",?\s*\b((?i:{re.escape(name)})\b|(?i:mrs|ms|miss|madam)\b\.?( [A-Z]\w+)?)", "", text)


@lru_cache(maxsize=64)
def _subjects(brief: Brief) -> tuple[str, ...]:
    """Everything that the activity is about."""
    texts = [brief.situation, brief.title]
    for objective in brief.objectives:
        texts += [objective.criterion, objective.question]
        for point in objective.key_points:
            texts += [point.text, point.probe, *point.met_by, *point.not_met_by, *point.hints]
    texts += [text for fact in brief.facts for text in fact.asked_by]
    return tuple(dict.fromkeys(words.plain(text) for text in texts if text))


@lru_cache(maxsize=64)
def _rubric(brief: Brief) -> str:
    return hashlib.sha256(repr((brief.objectives, brief.pass_mark)).encode()).hexdigest()[:12]
