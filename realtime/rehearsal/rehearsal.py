"""One rehearsal from the course page to the gradebook, and several at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from realtime.rehearsal import gradebook, reviewer, statements
from realtime.rehearsal.browser import Browser, BrowserError, Conversation
from realtime.rehearsal.learner import Learner
from realtime.rehearsal.result import Result
from realtime.rehearsal.script import Script
from realtime.rehearsal.signalling import Refused
from realtime.rehearsal.statements import RecordStore, StoreError
from realtime.rehearsal.voice import Voice

_AFTERWARDS = 60.0  # seconds in which grade and statements have to arrive
_POLL = 0.5


@dataclass(frozen=True)
class Stage:
    """Where the rehearsal takes place. Without `voice` it is typed; without `store` the tool's own is read.

    With `video` the face is to come as video.
    """

    tool_url: str
    sandbox_url: str
    voice: Voice | None
    store: RecordStore | None
    timeout: float
    tell: Callable[[str], None]
    video: bool = False


async def rehearse_all(script: Script, learners: Sequence[str], stage: Stage) -> list[Result]:
    """All learners at once, each with a result of its own."""
    return list(await asyncio.gather(*(_named(script, learner, stage, len(learners) > 1) for learner in learners)))


async def rehearse(script: Script, learner: str, stage: Stage) -> Result:
    """One learner, in one conversation or in one after another. Whatever goes wrong is in the result's `problems`."""
    result = await _conversation(script, learner, stage, first=True)
    if script.then and result.succeeded:
        stage.tell("\n(The learner comes back.)")
        result.then = await _conversation(script.then, learner, stage, first=False)
    return result


async def _conversation(script: Script, learner: str, stage: Stage, *, first: bool) -> Result:
    result = Result(learner, script.expect)
    try:
        async with Browser(stage.sandbox_url, stage.tool_url) as browser:
            page = await browser.launch(learner, script.activity)
            before = gradebook.points(await browser.gradebook(), learner, script.activity)
            conversation = await _enter(browser, page, script, stage, fresh=first and script.memory)
            await _converse(conversation, script, stage, result)
            if result.report:
                await _look_afterwards(browser, conversation, script, stage, result, before)
        if script.reviewer_answers and result.report:
            await _have_answered(script, stage, result)
    except (BrowserError, Refused, StoreError) as problem:
        result.problems.append(str(problem))
    if result.outcome != script.expect and not result.problems:
        result.problems.append(f"The outcome is {result.outcome or 'missing'}; the script expects {script.expect}.")
    return result


async def _named(script: Script, learner: str, stage: Stage, several: bool) -> Result:
    def tell(line: str) -> None:
        stage.tell(f"{learner}  {line}")

    return await rehearse(script, learner, replace(stage, tell=tell) if several else stage)


async def _enter(browser: Browser, page: Any, script: Script, stage: Stage, *, fresh: bool) -> Conversation:
    """Into a conversation of its own: one that an earlier rehearsal left open is ended first.

    When it is to be a `fresh` one, what is remembered of the learner is deleted first.
    """
    if browser.in_conversation(page):
        stage.tell("(An unfinished conversation is open; the learner ends it and begins anew.)")
        unfinished = browser.conversation(page)
        await asyncio.wait_for(_learner(unfinished, script, replace(stage, voice=None)).leave(), 60)
        page = await browser.open(page.url.split("/attempts/")[0] + "/")
    if fresh:
        await browser.be_forgotten(page)
    modality = "voice" if stage.voice else "text"
    return await browser.start(page, modality, memory=script.memory, sense_voice=bool(script.observes))


def _learner(conversation: Conversation, script: Script, stage: Stage) -> Learner:
    return Learner(
        script,
        conversation.socket,
        cookie=conversation.cookie,
        ice_servers=conversation.ice_servers,
        voice=stage.voice,
        tell=stage.tell,
        video=stage.video,
    )


async def _converse(conversation: Conversation, script: Script, stage: Stage, result: Result) -> None:
    learner = _learner(conversation, script, stage)
    try:
        await asyncio.wait_for(learner.converse(), stage.timeout)
    except TimeoutError:
        result.problems.append(f"The conversation was not over after {stage.timeout:.0f} s.")
    if stage.voice and not learner.saw_a_face:
        result.problems.append("The voice came without a face that moves.")
    if learner.eye:
        result.pictures, result.longest_without_picture_ms = learner.eye.pictures, round(1000 * learner.eye.longest_gap)
        if not result.pictures:
            result.problems.append("The face did not come as video. Does a worker offer it (COACHTOOL_VIDEO)?")
    result.turns, result.guardrails = learner.turns, learner.guardrails
    result.interruptions_of_learner = learner.interruptions
    result.errors += learner.errors
    result.report = learner.report
    touched = {guardrail["name"] for guardrail in learner.guardrails}
    missing = [name for name in script.guardrails if name not in touched]
    result.problems += [f"The guardrail {name} was not touched." for name in missing]
    said = [turn.text for turn in learner.turns if turn.speaker == "persona"]
    result.problems += script.unlike(said)
    result.problems += script.unnoticed(learner.observed, said, sensed=conversation.sensed)


async def _look_afterwards(
    browser: Browser, conversation: Conversation, script: Script, stage: Stage, result: Result, before: float | None
) -> None:
    """The report page, the statements and the gradebook."""
    url = conversation.url.split("/v/")[0] + result.report
    report = await browser.open(url)
    stage.tell("")
    stage.tell(f"The report at {url}:")
    for line in report.text.split("\n"):
        if line.strip().lower() == "transcript":
            break
        stage.tell(f"    {line}")
    found, result.statements_from = await _statements(browser, conversation, stage)
    result.statements = [statements.verb(statement) for statement in found]
    result.questions = statements.questions(found)
    result.outcome, result.score = statements.outcome(found), statements.score(found)
    result.problems += statements.disorder(found, script.guardrails)
    result.grade_in_lms = await _grade(browser, script, result, before)


async def _have_answered(script: Script, stage: Stage, result: Result) -> None:
    """An instructor answers what was asked, in a browser of her own, and the learner launches again."""
    if not result.questions:
        result.problems.append("No question went to a reviewer.")
        return
    stage.tell(f"\n(An instructor opens the questions, takes this one and answers: {script.reviewer_answers})")
    async with Browser(stage.sandbox_url, stage.tool_url) as browser:
        await reviewer.answer(browser, script.activity, result.questions, script.reviewer_answers)
    async with Browser(stage.sandbox_url, stage.tool_url) as browser:
        result.answer = await reviewer.find(
            browser, result.learner, script.activity, result.questions, script.reviewer_answers
        )
    stage.tell("(The learner comes back and finds the answer in the lobby.)")


async def _statements(browser: Browser, conversation: Conversation, stage: Stage) -> tuple[list[dict[str, Any]], str]:
    deadline = asyncio.get_running_loop().time() + _AFTERWARDS
    while True:
        if stage.store is not None:
            found, where = await stage.store.statements(conversation.attempt), "in the learning record store"
        else:
            body = await browser.json(f"{conversation.url}statements/")
            found, where = body["statements"], "in the tool's own store"
        if statements.complete(found) or asyncio.get_running_loop().time() > deadline:
            return found, where
        await asyncio.sleep(_POLL)


async def _grade(browser: Browser, script: Script, result: Result, before: float | None) -> float | None:
    """The grade, as soon as it is this attempt's or that of an earlier, better one."""
    deadline = asyncio.get_running_loop().time() + _AFTERWARDS
    while True:
        points = gradebook.points(await browser.gradebook(), result.learner, script.activity)
        if points is not None and result.score is not None and abs(points - result.score) < 0.01:
            return points
        if None not in (points, before, result.score) and points == before > result.score:
            return points
        if asyncio.get_running_loop().time() > deadline:
            seen = "no grade" if points is None else f"a grade of {points:g}"
            result.problems.append(
                f"The gradebook shows {seen} after {_AFTERWARDS:.0f} s; the attempt's score is {result.score}."
            )
            return points
        await asyncio.sleep(_POLL)
