"""How a plan is said to this learner, in view of how they spoke.

What was observed changes a plan's words and its emotion, and nothing that is counted: not the state, not the key point
that it asks about, not one verdict. So a probe that an observation sharpens or softens is the one that the agenda
asks anyway, and a learner who was observed has as many chances as one who was not.
"""

from __future__ import annotations

from dataclasses import replace

from coachtool.activities.brief import Brief, Phrases
from coachtool.coaching import intents, speech
from coachtool.coaching.policy import Heard, Plan
from coachtool.coaching.types import Observation, Turn

_BELIES = {"flatter", "quieter", "looked_away"}
"""What makes a claim of understanding worth asking about."""


def adapted(
    brief: Brief, plan: Plan, heard: Heard, transcript: tuple[Turn, ...], observed: tuple[Observation, ...]
) -> Plan:
    """`plan` for the transcript's last turn, in which so much was `observed`; as it is where that changes nothing."""
    if plan.fixed or plan.closes or plan.trigger:
        return plan
    kinds, phrases = {each.kind for each in observed}, brief.phrases
    newly_met = any(point.verdict == "met" for point in heard.changed)
    if newly_met and "hesitant" in kinds:
        reaction = f"{plan.reaction} {_pick(phrases.encourage, plan)}".strip()
        return replace(plan, reaction=reaction, longest=plan.longest + 1, emotion="encouraging", adapted=True)
    if newly_met or not _says_little(plan, phrases) or not plan.prompt:
        return plan
    claims = intents.claim_of_understanding(transcript[-1].text)
    if claims and kinds & _BELIES and not _just_said(phrases.own_words, transcript):
        return _said(plan, _pick(phrases.own_words, plan), "doubtful", move="confirm")
    if "hesitant" in kinds and not _just_said(phrases.gentle, transcript):
        return _said(plan, _pick(phrases.gentle, plan), "encouraging")
    if "faster" in kinds and not _just_said(phrases.slowly, transcript):
        return _said(plan, _pick(phrases.slowly, plan), "neutral", prompt=speech.question_of(plan.prompt))
    return plan


def _said(plan: Plan, reaction: str, emotion: str, **changes) -> Plan:
    return replace(plan, reaction=reaction, lead="", emotion=emotion, adapted=True, **changes)


def _says_little(plan: Plan, phrases: Phrases) -> bool:
    """Whether the reaction can go: one that answers or doubts what was said stays."""
    return plan.reaction in ("", *phrases.neutral, *phrases.stuck)


def _pick(said: tuple[str, ...], plan: Plan) -> str:
    return speech.pick(said, plan.state.turns, plan.state.last_lines)


def _just_said(said: tuple[str, ...], transcript: tuple[Turn, ...]) -> bool:
    """Whether the persona's last turn had one of these; twice running would sound like a machine."""
    last = next((turn.text for turn in reversed(transcript) if turn.speaker == "persona"), "")
    return any(each in last for each in said)
