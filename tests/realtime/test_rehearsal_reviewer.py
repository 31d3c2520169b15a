"""The rehearsal's instructor at the queue, and its learner back in the lobby, on pages as small as that allows."""

import pytest

from realtime.rehearsal import reviewer, statements
from realtime.rehearsal.browser import BrowserError
from realtime.rehearsal.pages import Page

BASE = "http://localhost:8000/v/vis/"
WORDS = "Send me the page."


class Tool:
    """A browser's three ways to a page. `queue` and `lobby` are what stands there."""

    def __init__(self, queue=(), lobby=""):
        self.queue, self.lobby = list(queue), lobby
        self.launched, self.sent = [], []

    async def launch(self, person, activity):
        self.launched.append(person)
        html = f'<a href="{BASE}escalations/">Questions</a>' if person == "instructor" else self.lobby
        return Page(BASE, f"<main>{html}</main>")

    async def open(self, url):
        return Page(url, "<main>" + "".join(self._question(number) for number in self.queue) + "</main>")

    async def submit(self, page, form, **chosen):
        self.sent.append((form.action.removeprefix(BASE), dict(form.values(**chosen))))
        return await self.open(page.url)

    def _question(self, number):
        return (
            f'<form method=post action="{BASE}escalations/{number}/assign/"><input type=hidden name=to value=7></form>'
            f'<form method=post action="{BASE}escalations/{number}/answer/">'
            f"<textarea name={number}-answer></textarea></form>"
        )


async def test_the_instructor_takes_the_learners_own_question_and_answers_it():
    tool = Tool(queue=(4, 5))
    await reviewer.answer(tool, "claims", [5], WORDS)
    assert tool.launched == ["instructor"]
    assert tool.sent == [("escalations/5/assign/", {"to": "7"}), ("escalations/5/answer/", {"5-answer": WORDS})]


async def test_a_question_that_did_not_reach_the_queue_is_told():
    with pytest.raises(BrowserError, match="question 6 is not there to assign"):
        await reviewer.answer(Tool(queue=(5,)), "claims", [6], WORDS)


async def test_the_learner_reads_the_answer_and_puts_it_aside():
    tool = Tool(lobby=f'<p>{WORDS}</p><form method=post action="{BASE}escalations/5/seen/"></form>')
    assert await reviewer.find(tool, "learner3", "claims", [5], WORDS) == WORDS
    assert tool.sent == [("escalations/5/seen/", {})]


@pytest.mark.parametrize("shown", ["", f'<form method=post action="{BASE}escalations/5/seen/"></form>Something else.'])
async def test_an_answer_that_is_not_there_is_told(shown):
    with pytest.raises(BrowserError, match="question 5 is"):
        await reviewer.find(Tool(lobby=shown), "learner3", "claims", [5], WORDS)


def test_the_question_is_known_by_its_number_in_the_statement():
    verb, extension = "https://w3id.org/xapi/verbs/escalated", "https://w3id.org/xapi/extensions/escalation"
    escalated = {"verb": {"id": verb}, "context": {"extensions": {extension: "5"}}}
    assert statements.questions([{"verb": {"id": "https://w3id.org/xapi/verbs/launched"}}, escalated]) == [5]
