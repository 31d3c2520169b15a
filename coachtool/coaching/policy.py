"""The policy that every coach moves by: what the persona does next, about what, with which approved words.

Order in each turn: the lines not to be crossed, what the learner wants from the
conversation itself, questions with an approved answer, then what was shown and
what is still to be heard. The policy says nothing itself: a coach puts its plan
into words, the authored one with the words that are in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from coachtool.activities.brief import Brief, Guardrail
from coachtool.coaching import agenda, embed, guard, intents, judge, quoting, scoring, speech, words
from coachtool.coaching.types import (
    Citation,
    CoachState,
    KeyPointJudgement,
    Library,
    Move,
    Passage,
    Proposal,
    Trigger,
    Turn,
)

_NUDGES = 2
_STRANGE = 0.60  # below this cosine to everything in the activity, it is another subject
_CONCRETE = {
    "unsure": "concrete_unsure",
    "asked back": "concrete_asked",
    "reported": "concrete_reported",
    "listed": "concrete_listed",
    judge.BADLY_HEARD: "concrete_heard",
}


@dataclass(frozen=True)
class Plan:
    """A turn of the persona's before it is put into words.

    `reaction` answers what was said, `lead` leads over, `prompt` is asked; each
    is authored text or empty. `quoted` are lines that stand before all of them
    as they are, with the `citations` that they rest on. A `fixed` plan is said
    in these very words: approved answers, refusals, the close. One that is `adapted`
    would have been said otherwise to somebody who spoke otherwise (manner.py).
    """

    move: Move
    state: CoachState
    reaction: str = ""
    lead: str = ""
    prompt: str = ""
    quoted: tuple[str, ...] = ()
    longest: int = speech.LONGEST
    emotion: str = "neutral"
    fixed: bool = False
    adapted: bool = False
    closes: bool = False
    trigger: Trigger | None = None
    touched: tuple[Trigger, ...] = ()
    citations: tuple[Citation, ...] = ()
    passages: tuple[Passage, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The plan in its own words, sentence by sentence."""
        return self.quoted + speech.compose(self.reaction, self.lead, self.prompt, self.longest)


@dataclass(frozen=True)
class Heard:
    """What the transcript shows so far: the judgement of each key point, and those that the last turn changed."""

    judged: dict[str, KeyPointJudgement]
    changed: tuple[KeyPointJudgement, ...]

    @property
    def met(self) -> tuple[str, ...]:
        return tuple(name for name, point in self.judged.items() if point.verdict == "met")


def hear(brief: Brief, transcript: tuple[Turn, ...], proposed: tuple[Proposal, ...] = ()) -> Heard:
    """Judge the transcript, whose last turn is the learner's."""
    before = scoring.key_points(brief, transcript[:-1], proposed)
    judged = scoring.key_points(brief, transcript, proposed)
    changed = tuple(point for name, point in judged.items() if point.verdict != before[name].verdict)
    return Heard(judged, changed)


def answer(
    brief: Brief,
    state: CoachState,
    transcript: tuple[Turn, ...],
    heard: Heard,
    *,
    library: Library | None = None,
    proposed: tuple[Proposal, ...] = (),
) -> Plan:
    """What to do after the transcript's last turn, which is the learner's."""
    state = replace(state, turns=state.turns + 1, nudges=0, met=heard.met)
    return _Turn(brief, state, transcript, heard, library, proposed).plan()


def nudge(brief: Brief, state: CoachState, transcript: tuple[Turn, ...], proposed: tuple[Proposal, ...] = ()) -> Plan:
    """What to do when the learner has been silent for long: encourage twice, then close."""
    state = replace(state, nudges=state.nudges + 1)
    if state.nudges > _NUDGES or state.phase == "closed":
        state = replace(state, phase="closed", focus="", pending="")
        return Plan("close", state, brief.phrases.farewell, fixed=True, closes=True)
    phrase = speech.pick(brief.phrases.nudge, state.nudges - 1)
    if state.nudges == _NUDGES:
        step = agenda.next_step(brief, state, scoring.key_points(brief, transcript, proposed))
        if step.move != "close":
            return Plan(step.move, step.state, phrase, prompt=step.prompt, emotion="encouraging")
    return Plan("hint", state, phrase, prompt=speech.question_of(state.pending), emotion="encouraging", fixed=True)


def prepare(brief: Brief) -> None:
    """Load the models and embed the activity's examples, so that the first turn does not wait for them."""
    for objective in brief.objectives:
        judge.prepare(objective, judge.rivals(brief, objective))
    guard.prepare(brief)
    embed.matrix(_subjects(brief))


class _Turn:
    """One of the learner's turns, being answered."""

    def __init__(
        self,
        brief: Brief,
        state: CoachState,
        transcript: tuple[Turn, ...],
        heard: Heard,
        library: Library | None,
        proposed: tuple[Proposal, ...],
    ):
        self.brief, self.phrases, self.state, self.turn = brief, brief.phrases, state, transcript[-1]
        self.transcript, self.judged, self.changed = transcript, heard.judged, heard.changed
        self.library, self.proposed = library, proposed
        self.text, self.unnamed = self.turn.text, _unnamed(self.turn.text, brief.persona.name)
        self.newly_met = tuple(point.key_point for point in heard.changed if point.verdict == "met")

    @cached_property
    def passages(self) -> tuple[Passage, ...]:
        """What the documents have on the question that was asked; nothing where none was."""
        if self.library is None or not guard.asks(self.text):
            return ()
        return self.library.search(quoting.question_in(self.text))

    def plan(self) -> Plan:
        if self.state.phase == "closed" or (intents.wants_to_stop(self.unnamed) and not self.newly_met):
            return self._close(self.phrases.farewell)
        touched = guard.touched(self.brief, self.turn, self.passages)
        if touched:
            return replace(self._guarded(*touched[0]), touched=tuple(trigger for _, trigger in touched[1:]))
        if self.state.turns >= agenda.most_turns(self.brief):
            return self._close("")
        if self.newly_met:
            return self._acknowledged()
        return self._meta() or self._fact() or self._unheard() or self._judged()

    # What the learner wants from the conversation itself

    def _meta(self) -> Plan | None:
        if intents.nothing_said(self.text):
            return self._back(self._pick("concrete_heard"), "confirm")
        if intents.asks_who(self.text):
            return self._back(speech.who(self.brief.persona, self.phrases), "answer", fixed=True)
        if intents.wants_it_again(self.text) and self.state.last_lines:
            return Plan("answer", self.state, quoted=self.state.last_lines, fixed=True)
        if intents.greets(self.unnamed):
            return self._back(self._pick("greeting"), "answer", whole=True)
        if intents.wants_source(self.text) and self.state.source:
            return self._back(speech.stands_in(self.state.source), "answer", lead=True, fixed=True)
        return None

    def _fact(self) -> Plan | None:
        fact = guard.answer_to(self.brief, self.text)
        if fact is None:
            return None
        self.state = replace(self.state, source=fact.source)
        return self._back(fact.answer, "answer", lead=True, fixed=True)

    def _unheard(self) -> Plan | None:
        if self.turn.confidence < judge.LOW_CONFIDENCE and self._first("#heard"):
            return self._back(self._pick("concrete_heard"), "confirm")
        if intents.only_nods(self.text) and self._first(f"#nod:{self.state.pending}"):
            return self._back("", "probe")
        return None

    # What the learner said on the matter

    def _acknowledged(self) -> Plan:
        reaction = self._acknowledgement()
        if self._is_evidence(self.text):
            return self._onward(reaction, "encouraging")
        fact = guard.answer_to(self.brief, self.text)
        if fact:
            self.state = replace(self.state, source=fact.source)
            return replace(self._onward(fact.answer, "encouraging"), fixed=True)
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

    def _judged(self) -> Plan:
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
            return self._asked() or self._onward(self._pick("neutral"), self._mood())
        if self._strange() and self._first("#aside:" + self.state.pending):
            return self._back(self._pick("aside"), "redirect")
        return self._onward(self._pick("neutral"), self._mood())

    def _asked(self) -> Plan | None:
        """A question that nobody wrote an answer to: from the documents, or an honest line, once for each prompt."""
        found = quoting.answer(self.text, self.passages)
        if found is not None and quoting.gives_away(self.brief, self.judged, found.citation.quote):
            return self._concrete("concrete_asked")
        if found is not None:
            self.state = replace(self.state, source=speech.place(found.citation.document, found.citation.place))
            plan = self._back("", "answer", lead=True, fixed=True)
            return replace(plan, quoted=found.lines, citations=(found.citation,), passages=quoting.near(self.passages))
        phrase = "aside" if self._strange() else "unanswered"
        if self._first("#question:" + self.state.pending):
            return self._back(self._pick(phrase), "answer", lead=phrase != "aside")
        return None

    def _doubt(self) -> Plan | None:
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

    def _concrete(self, name: str) -> Plan:
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

    def _onward(self, reaction: str, emotion: str) -> Plan:
        step = agenda.next_step(self.brief, self.state, self.judged)
        self.state = step.state
        if step.move == "close":
            return self._close(reaction if self.newly_met else "")
        lead = ""
        if step.move == "practise":
            lead, emotion = self._pick("practise"), "encouraging"
            reaction = reaction if self.newly_met else ""
        elif step.moved and not self.newly_met:
            reaction = self._pick("moving")
        longest = speech.LONGEST + (step.move == "practise")
        return Plan(step.move, step.state, reaction, lead, step.prompt, longest=longest, emotion=emotion)

    def _back(self, reaction: str, move: Move, *, lead: bool = False, whole: bool = False, fixed: bool = False) -> Plan:
        """React, and return to the prompt that is waiting."""
        prompt = self.state.pending if whole else speech.question_of(self.state.pending)
        if reaction.endswith("?"):
            prompt, lead = "", False
        leading = self._pick("back") if lead else ""
        if not (reaction or leading or prompt):
            return self._onward(self._pick("neutral"), self._mood())
        return Plan(move, self.state, reaction, leading, prompt, emotion=self._mood(), fixed=fixed)

    def _guarded(self, guardrail: Guardrail, trigger: Trigger) -> Plan:
        said = guard.reply(guardrail, self.state.turns)
        if guardrail.action == "end":
            return replace(self._close(said, plain=True), trigger=trigger, emotion="firm")
        move: Move = "escalate" if guardrail.action == "escalate" else "redirect"
        emotion = "concerned" if guardrail.action == "escalate" else "firm"
        if self.newly_met:
            onward = self._onward(said, emotion)
            if onward.closes:
                return replace(onward, trigger=trigger)
            return replace(onward, move=move, trigger=trigger, emotion=emotion, fixed=True)
        plan = self._back(said, move, lead=True, fixed=True)
        return replace(plan, trigger=trigger, emotion=emotion)

    def _close(self, reaction: str, *, plain: bool = False) -> Plan:
        scored = scoring.scorecard(self.brief, self.transcript, "", self.proposed, self.state.skipped)
        closing = "" if plain else speech.closing(self.brief, scored.passed)
        if reaction == self.phrases.farewell and not scored.passed:
            closing = ""
        state = replace(self.state, phase="closed", focus="", pending="")
        emotion = "encouraging" if scored.passed else "concerned"
        longest = speech.LONGEST + 1
        return Plan("close", state, reaction, "", closing, longest=longest, emotion=emotion, fixed=True, closes=True)

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
