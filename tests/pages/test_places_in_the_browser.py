"""Whether a voice is free, said in the lobby of a real Chromium."""

import os
from pathlib import Path

import pytest
from channels.db import database_sync_to_async
from playwright.async_api import expect

from tests.pages.browser import opened, page_in

pytestmark = [pytest.mark.whole, pytest.mark.django_db(transaction=True)]

TAKEN = {"places": 2, "free": False, "waiting": 2, "minutes": 4}
FREE = {"places": 2, "free": True, "waiting": 0, "minutes": 0}


@pytest.fixture
def lobby(world, live_server):
    """`await lobby()` gives the session and the address of a learner's lobby."""
    origin = live_server.url.replace("127.0.0.1", "localhost")

    def make() -> tuple[str, str]:
        client, visit = world.admitted(world.learner, "learner")
        return client.session.session_key, f"{origin}/v/{visit}/lobby/"

    return database_sync_to_async(make)


async def test_the_lobby_says_that_all_voices_are_taken_and_then_that_one_is_free(lobby):
    key, url = await lobby()
    answers = [TAKEN, FREE]
    async with opened(key) as context:
        page, errors = await page_in(context)
        await page.clock.install()
        await page.route("**/lobby/places/", lambda route: route.fulfill(json=answers[0]))
        await page.goto(url)
        line = page.locator("#places")
        await expect(line).to_contain_text("All voices are taken. 2 people wait for one.")
        await expect(line).to_contain_text("free in about 4 minutes. In writing you can begin at once.")
        assert await line.get_attribute("role") == "status"
        if folder := os.environ.get("COACHTOOL_SCREENSHOTS"):
            for width in (1280, 390):
                await page.set_viewport_size({"width": width, "height": 900})
                await page.screenshot(path=Path(folder) / f"places-{width}.png", full_page=True)
        answers.pop(0)
        await page.clock.fast_forward(15_000)
        await expect(line).to_have_text("A voice is free: you can begin at once.")
        assert errors == []


async def test_nothing_is_said_where_nothing_is_known(lobby):
    key, url = await lobby()
    async with opened(key) as context:
        page, errors = await page_in(context)
        async with page.expect_response("**/lobby/places/") as asked:
            await page.route("**/lobby/places/", lambda route: route.fulfill(json={}))
            await page.goto(url)
        assert (await asked.value).ok
        await expect(page.locator("#places")).to_be_hidden()
        assert errors == []
