"""The generative coach: the same policy, put into words by a language model.

The model never decides. Each sentence it says is checked before it is let out,
and the moment anything is wrong with it (the server is down or slow, the
answer is broken off or unreadable, a sentence says what it must not, the budget
is spent) the authored words for the same move are said instead: all of them, or
after sentences that are out already only the question that was still to come.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Protocol

from coachtool.activities.brief import Brief, KeyPoint
from coachtool.coaching import agenda, embed, guard, manner, policy, prompts, proposals, quoting, scoring, speech, words
from coachtool.coaching.authored import AuthoredCoach, said
from coachtool.coaching.policy import Heard, Plan
from coachtool.coaching.types import (
    Citation,
    CoachState,
    Library,
    Note,
    Observation,
    Passage,
    Proposal,
    Recall,
    Reply,
    Said,
    Scorecard,
    Trigger,
    Turn,
)

log = logging.getLogger(__name__)

FAILURES = 3
"""After so many failed turns the authored coach keeps the conversation."""

_WORDS_TOKENS, _EVIDENCE_TOKENS = 160, 400  # the longest answers
_LONGEST = 40  # words of one sentence
_SENTENCES = 4
_ASKS_IT = 0.55  # the least cosine of the model's question with the prompt that it is to ask
_STRAYS = 0.62  # below this cosine to the plan's words, a sentence has nothing to do with them
_ECHOES = 0.85  # from this cosine, a sentence is the plan's own
_ASIDE = 4  # words of a sentence that is too short to go astray
_REACTIONS = (
    *("heard", "neutral", "doubt", "figure", "stuck", "concrete", "back", "moving", "practise"),
    *("gentle", "own_words", "encourage", "slowly"),
)
_ASKS_OTHER = 0.05  # by how much it may be nearer to the prompt of another key point


class ModelFailed(Exception):
    """The language model did not answer as it should. `wait`: seconds that it wants to be left alone."""

    def __init__(self, reason: str, wait: float = 0.0):
        super().__init__(reason)
        self.reason, self.wait = reason, wait


class LanguageModel(Protocol):
    """A server, seen from here. `tokens` counts what it has used in this conversation."""

    name: str
    tokens: int

    def stream(self, messages: prompts.Messages, longest: int) -> AsyncIterator[str]:
        """The answer in pieces, of at most `longest` tokens. Raises ModelFailed."""
        ...

    async def fill(self, messages: prompts.Messages, schema: dict[str, Any], longest: int) -> str:
        """An answer in JSON of the schema. Raises ModelFailed."""
        ...

    async def close(self) -> None:
        """Let go of its connections."""
        ...


Think = Callable[..., Awaitable[Any]]
"""Runs a plain function that takes CPU time, with its arguments, out of the event loop's way."""


class GenerativeCoach:
    """A Coach (see types.py) of one conversation: it counts the failures and the tokens.

    `proposed` and `tokens` are what an earlier process of the same attempt left; `budget` is in tokens.
    """

    name = "generative"
    version = "1.0"

    def __init__(
        self,
        model: LanguageModel,
        think: Think,
        *,
        budget: int,
        library: Library | None = None,
        proposed: tuple[Proposal, ...] = (),
        tokens: int = 0,
    ):
        self.model, self.think, self.library, self.proposed = model, think, library, proposed
        self._authored = AuthoredCoach(library)
        self._budget, self._tokens_before = budget, tokens
        self._failures, self._not_before = 0, 0.0

    def prepare(self, brief: Brief) -> None:
        """See AuthoredCoach.prepare."""
        self._authored.prepare(brief)

    def open(self, brief: Brief, recall: Recall | None = None) -> Reply:
        """The first words are the instructor's own: they wait for no server."""
        return self._authored.open(brief, recall)

    async def answer(
        self, brief: Brief, state: CoachState, transcript: tuple[Turn, ...], observed: tuple[Observation, ...] = ()
    ) -> Reply:
        heard = await self.think(policy.hear, brief, transcript, self.proposed)
        heard, notes = await self._helped(brief, transcript, heard)
        plan = await self.think(self._plan, brief, state, transcript, heard)
        plan = manner.adapted(brief, plan, heard, transcript, observed)
        reply = replace(said(plan), judgements=heard.changed, notes=notes)
        if plan.fixed and not plan.passages:
            return reply
        barred = self._barred()
        if barred:
            return replace(reply, notes=(*notes, self._handed_over(transcript, barred)))
        return replace(reply, lines=(), citations=(), more=self._spoken(brief, transcript, plan, heard))

    def nudge(self, brief: Brief, state: CoachState, transcript: tuple[Turn, ...]) -> Reply:
        return said(policy.nudge(brief, state, transcript, self.proposed))

    def score(self, brief: Brief, transcript: tuple[Turn, ...]) -> Scorecard:
        return self._authored.score(brief, transcript, self.proposed)

    async def close(self) -> None:
        await self.model.close()

    def _plan(self, brief: Brief, state: CoachState, transcript: tuple[Turn, ...], heard: Heard) -> Plan:
        return policy.answer(brief, state, transcript, heard, library=self.library, proposed=self.proposed)

    # Evidence

    async def _helped(self, brief: Brief, transcript: tuple[Turn, ...], heard: Heard) -> tuple[Heard, tuple[Note, ...]]:
        """What was heard, after the model has looked at what this turn left unclear by nearness alone."""
        names = {point.key_point for point in heard.changed if proposals.liftable(point)}
        points = [point for objective in brief.objectives for point in objective.key_points if point.id in names]
        if not points or self._barred():
            return heard, ()
        before = self.model.tokens
        try:
            found = await self._propose(transcript, points)
        except ModelFailed as failed:
            self._count(failed)
            return heard, (self._handed_over(transcript, failed.reason, before),)
        data = {"turn": transcript[-1].seq, "rubric": scoring.rubric(brief)}
        data |= {"proposals": [vars(each) for each in found], **self._used(prompts.EVIDENCE, before)}
        self.proposed += found
        if found:
            heard = await self.think(policy.hear, brief, transcript, self.proposed)
        return heard, (Note("proposed", data),)

    async def _propose(self, transcript: tuple[Turn, ...], points: list[KeyPoint]) -> tuple[Proposal, ...]:
        messages, schema = prompts.for_evidence(transcript, points), prompts.evidence_schema(points)
        answer = await self.model.fill(messages, schema, _EVIDENCE_TOKENS)
        try:
            return prompts.read_evidence(answer, points, transcript, f"{self.model.name}/{prompts.EVIDENCE}")
        except ValueError:
            raise ModelFailed("unreadable evidence") from None

    # Words

    async def _spoken(
        self, brief: Brief, transcript: tuple[Turn, ...], plan: Plan, heard: Heard
    ) -> AsyncIterator[Said]:
        """The plan in the model's words, as far as they are in order, and in the authored ones from there on."""
        before, out = self.model.tokens, []
        try:
            async with aclosing(self._sentences(brief, transcript, plan)) as sentences:
                async for sentence in sentences:
                    checked = await self.think(check, brief, transcript, heard, plan, tuple(out), sentence)
                    if checked.trigger:
                        yield checked.trigger
                    if checked.objection:
                        raise ModelFailed(checked.objection)
                    for citation in checked.citations:
                        yield citation
                    out.append(sentence)
                    yield sentence
                    if prompts.asks(sentence) or len(out) == _SENTENCES:
                        break
            if not out:
                raise ModelFailed("an empty answer")
            self._failures = 0
            yield Note("coach", {"coach": self.name, "turn": transcript[-1].seq, **self._used(prompts.WORDS, before)})
        except Exception as wrong:
            failed = wrong if isinstance(wrong, ModelFailed) else ModelFailed("its words could not be checked")
            if failed is not wrong:
                log.exception("while checking what the model says")
            self._count(failed)
            yield self._handed_over(transcript, failed.reason, before)
        if not out:
            for citation in plan.citations:
                yield citation
        for line in remaining(plan, tuple(out)):
            yield line

    async def _sentences(self, brief: Brief, transcript: tuple[Turn, ...], plan: Plan) -> AsyncIterator[str]:
        cutter, around = prompts.Sentences(), "" if plan.passages else '"“”„«» '
        async with aclosing(self.model.stream(prompts.for_words(brief, transcript, plan), _WORDS_TOKENS)) as pieces:
            async for piece in pieces:
                for sentence in cutter.feed(piece):
                    yield sentence.strip(around)
        for sentence in cutter.rest():
            yield sentence.strip(around)

    # What it has cost

    def _barred(self) -> str:
        """Why the model is not asked now; empty when it is."""
        if self._failures >= FAILURES:
            return f"{FAILURES} failures in a row: authored from here on"
        if self._tokens_before + self.model.tokens >= self._budget:
            return "the conversation's budget is spent"
        if asyncio.get_running_loop().time() < self._not_before:
            return "the server asked to be left alone"
        return ""

    def _count(self, failed: ModelFailed) -> None:
        self._failures += 1
        self._not_before = max(self._not_before, asyncio.get_running_loop().time() + failed.wait)

    def _used(self, prompt: str, before: int) -> dict[str, Any]:
        return {"model": self.model.name, "prompt": prompt, "tokens": self.model.tokens - before}

    def _handed_over(self, transcript: tuple[Turn, ...], reason: str, before: int | None = None) -> Note:
        tokens = 0 if before is None else self.model.tokens - before
        data = {"coach": AuthoredCoach.name, "reason": reason, "turn": transcript[-1].seq, "tokens": tokens}
        return Note("coach", {**data, "model": self.model.name, "prompt": prompts.WORDS})


@dataclass(frozen=True)
class Checked:
    """What is to be said of a sentence before it is let out; without `objection` it may go."""

    objection: str = ""
    trigger: Trigger | None = None
    citations: tuple[Citation, ...] = ()


def check(
    brief: Brief, transcript: tuple[Turn, ...], heard: Heard, plan: Plan, out: tuple[str, ...], sentence: str
) -> Checked:
    """Whether the persona may say `sentence` after `out` in a turn that does what `plan` says."""
    if len(sentence.split()) > _LONGEST or _NOT_SPOKEN.search(sentence):
        return Checked("not a spoken sentence")
    named = re.search(rf"(?<!i'm )(?<!i am )\b{re.escape(brief.persona.name)}\b", sentence, re.IGNORECASE)
    if named or _ABOUT_IT.search(sentence):
        return Checked("out of the persona's part")
    if sentence in out or (sentence in plan.state.last_lines and prompts.asks(sentence)):
        return Checked("said twice")
    said = tuple(turn.text for turn in transcript if turn.speaker == "learner")
    trigger = guard.outgoing(brief, sentence, plan.passages, said, transcript[-1].seq)
    if trigger is not None:
        return Checked(f"stopped by the guardrail {trigger.guardrail}", trigger)
    quotes, citations = _QUOTED.findall(sentence), []
    for quote in quotes if plan.passages else ():
        citation = _cited(quote, plan.passages)
        if citation is None:
            return Checked("a quote that stands in no passage")
        citations.append(citation)
    if plan.passages and not out and not citations:
        return Checked("an answer without its source")
    unquoted = _QUOTED.sub("", sentence) if plan.passages else sentence
    if _figures(unquoted) - _figures(" ".join((plan.reaction, plan.lead, plan.prompt, brief.situation, *said))):
        return Checked("a figure that nobody approved")
    if not _echoes(plan, sentence) and quoting.gives_away(brief, heard.judged, unquoted):
        return Checked("it gives an answer away")
    if prompts.asks(sentence):
        if _wanders(brief, plan, sentence):
            return Checked("it asks something else")
    elif not citations and _strays(brief, plan, said[-1], sentence):
        return Checked("it says something else")
    return Checked(citations=tuple(citations))


def remaining(plan: Plan, out: tuple[str, ...]) -> tuple[str, ...]:
    """The authored lines that are still to be said after the sentences in `out`."""
    if not out:
        return plan.lines
    if any(prompts.asks(sentence) for sentence in out):
        return ()
    if plan.prompt:
        return words.sentences(plan.prompt)
    return words.sentences(speech.question_of(plan.reaction)) if plan.reaction.endswith("?") else ()


_NOT_SPOKEN = re.compile(r"[*_#`<>{}\[\]|\\]|https?:|^\s*[-•]|^\w+: |\n|[\U0001F300-\U0001FAFF]")
_ABOUT_IT = re.compile(
    r"\b(the|this) (learner|trainee|user|persona|passages?|prompt|conversation)\b|\blanguage model\b|\bas an ai\b|"
    r"\b(react|ask) (says|field)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“„«]([^\"“”„«»]+)[\"”“»]")


def _cited(quote: str, passages: tuple[Passage, ...]) -> Citation | None:
    """The passage that holds the quote word for word; its last stop may be the sentence's."""
    for wanted in (quote.strip(), quote.strip().rstrip(".,;!?")):
        for passage in passages:
            if len(wanted.split()) > 1 and wanted in passage.text:
                return Citation(passage.id, passage.document, passage.place, wanted)
    return None


def _figures(text: str) -> set[float]:
    return {number.value for number in words.numbers(text)}


def _echoes(plan: Plan, sentence: str) -> bool:
    """Whether the sentence is one of the plan's in nearly its own words: the author has approved those."""
    own = words.sentences(f"{plan.reaction} {plan.lead} {plan.prompt}")
    return embed.nearest(embed.vector(words.plain(sentence)), embed.matrix(_plain(own)))[0] >= _ECHOES


def _strays(brief: Brief, plan: Plan, said: str, sentence: str) -> bool:
    """Whether the sentence has nothing to do with the plan, the persona's own phrases or what the learner said."""
    if len(sentence.split()) <= _ASIDE:
        return False
    phrases = [text for name in _REACTIONS for text in getattr(brief.phrases, name)]
    near = [*words.sentences(f"{plan.reaction} {plan.lead} {plan.prompt} {said}"), plan.prompt, said, *phrases]
    likeness, _ = embed.nearest(embed.vector(words.plain(sentence)), embed.matrix(_plain(near)))
    return likeness < _STRAYS


def _wanders(brief: Brief, plan: Plan, question: str) -> bool:
    """Whether the question asks something other than the plan's, or more nearly what belongs to another key point."""
    own, others = _prompts(brief, plan)
    asked = embed.vector(words.plain(question))
    likeness, _ = embed.nearest(asked, embed.matrix(own))
    other, _ = embed.nearest(asked, embed.matrix(others))
    return bool(own) and (likeness < _ASKS_IT or other > likeness + _ASKS_OTHER)


def _prompts(brief: Brief, plan: Plan) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The prompts that ask what the plan asks, and those for other key points (of other objectives, for a question
    that opens one)."""
    due = [plan.prompt, speech.question_of(plan.prompt), *words.sentences(plan.prompt)]
    due += [plan.reaction] if plan.reaction.endswith("?") else []
    mine = agenda.owner(brief, plan.state.focus)
    others = []
    for objective in brief.objectives:
        if objective is not mine and objective.question not in due:
            others.append(objective.question)
        for point in objective.key_points:
            asked = (point.probe, *point.hints, point.practise)
            if point.id == plan.state.focus:
                due += asked
            elif not set(asked) & set(due) and (plan.state.focus or objective.question not in due):
                others += asked
    return _plain(due), _plain(others)


def _plain(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words.plain(text) for text in texts if text))
