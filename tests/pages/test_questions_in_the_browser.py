"""The reviewers' queue in a real Chromium, with the keyboard alone."""

import pytest
from channels.db import database_sync_to_async
from playwright.async_api import Page, expect

from coachtool.attempts.models import Escalation
from tests.pages.browser import opened, page_in, to

pytestmark = [pytest.mark.whole, pytest.mark.django_db(transaction=True)]

_STOPS = 40  # presses of Tab, at most, from where one is to what one wants


@pytest.fixture
def place(world, live_server):
    """`await place()` gives the instructor's session and the address of a queue in which one question waits."""
    origin = live_server.url.replace("127.0.0.1", "localhost")

    def make() -> tuple[str, str]:
        world.finished()
        client, visit = world.admitted(world.instructor, "instructor")
        return client.session.session_key, f"{origin}/v/{visit}/escalations/"

    return database_sync_to_async(make)


async def _reach(page: Page, name: str) -> None:
    """Tab to the control that is so named, which shows that it has the focus."""
    await to(page, name, most=_STOPS)
    assert await page.evaluate("() => document.activeElement.matches(':focus-visible')")


async def test_a_reviewer_takes_a_question_and_answers_it_by_keyboard_alone(place):
    key, url = await place()
    async with opened(key, microphone=False) as context:
        page, errors = await page_in(context)
        await page.goto(url)
        await _reach(page, "Take it")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Yours")).to_be_visible()
        await _reach(page, "Your answer")
        await page.keyboard.type("Floods are covered from the second floor down.")
        await _reach(page, "Send the answer")
        await page.keyboard.press("Space")
        await expect(page.locator(".lead").first).to_contain_text("Nothing waits for an answer")
        assert errors == []
    answered = await database_sync_to_async(Escalation.objects.get)()
    assert answered.answer == "Floods are covered from the second floor down."
