"""The instructor who answers what the learner asked, and the learner who finds the answer at the next launch."""

from __future__ import annotations

from collections.abc import Sequence

from realtime.rehearsal.browser import Browser, BrowserError
from realtime.rehearsal.pages import Form, Page

INSTRUCTOR = "instructor"  # in the sandbox LMS


async def answer(browser: Browser, activity: str, questions: Sequence[int], words: str) -> None:
    """Launch as the instructor; take each of the questions in the queue and answer it. Raises BrowserError."""
    page = await browser.launch(INSTRUCTOR, activity)
    address = next((link for link in page.links if link.endswith("/escalations/")), None)
    if address is None:
        raise BrowserError(f"{page.url}: there is no way to the questions. It is not an instructor's page.")
    for question in questions:
        queue = await browser.open(address)
        queue = await browser.submit(queue, _form(queue, question, "assign"))
        form = _form(queue, question, "answer")
        await browser.submit(queue, form, **{f"{question}-answer": words})


async def find(browser: Browser, learner: str, activity: str, questions: Sequence[int], words: str) -> str:
    """Launch as the learner: the answer as the lobby shows it, put aside once it is read. Raises BrowserError."""
    lobby = await browser.launch(learner, activity)
    for question in questions:
        form = _form(lobby, question, "seen")
        if words not in lobby.text:
            raise BrowserError(f"{lobby.url}: question {question} is answered there, but not with “{words}”.")
        lobby = await browser.submit(lobby, form)
    return words


def _form(page: Page, question: int, deed: str) -> Form:
    """The first form of the page that does this to the question."""
    end = f"/escalations/{question}/{deed}/"
    form = next((form for form in page.forms if form.action.endswith(end)), None)
    if form is None:
        raise BrowserError(f"{page.url}: question {question} is not there to {deed}.")
    return form
