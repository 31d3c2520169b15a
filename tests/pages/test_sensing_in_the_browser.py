"""What is sensed, in a real Chromium: asked for, shown, switched off; the WebSocket's other end is the test."""

import asyncio
import os
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from channels.db import database_sync_to_async
from playwright.async_api import expect

from tests.pages.browser import Server, connected, opened, page_in

pytestmark = [pytest.mark.whole, pytest.mark.django_db(transaction=True)]

FACE = {
    "present": True,
    "away": True,
    "turn": [2, 24, 1],
    "brows_up": 0.1,
    "brows_down": 0.0,
    "smile": 0.7,
    "blinks": 14,
}
VOICE = {"rate": 3.42, "pauses": 0.18, "pitch": 5.2, "loudness": -23.4}
AWAY = {"type": "observation", "kind": "looked_away", "text": "looked away for 1.2 s", "confidence": 0.93}


@pytest.fixture
def place(world, live_server, settings):
    """`await place(sense)` gives the session and address of a conversation so agreed to; for None, of the lobby."""
    settings.PERCEPTION = "standard"
    origin = live_server.url.replace("127.0.0.1", "localhost")

    def make(sense=None):
        client, visit = world.admitted(world.learner, "learner")
        consent = {"microphone": True, **{f"sense_{name}": True for name in sense or ()}}
        path = f"attempts/{world.attempt(modality='voice', consent=consent).pk}/" if sense is not None else "lobby/"
        return client.session.session_key, f"{origin}/v/{visit}/{path}"

    return database_sync_to_async(make)


@pytest.fixture
async def conversation(place):
    """The page of a conversation in which voice and face may be sensed; fails if the page logs an error."""
    key, url = await place(("voice", "face"))
    async with connected(key, url) as (server, page):
        server.live()
        yield server, page


async def _until(holds):
    async with asyncio.timeout(10):
        while not await holds():
            await asyncio.sleep(0.05)


async def _told(server, message):
    async with asyncio.timeout(10):
        while server.of("sense")[-1:] != [message]:
            await asyncio.sleep(0.05)


def _tracks(page):
    return page.evaluate("document.getElementById('self-view').srcObject?.getTracks().map((t) => t.readyState) ?? []")


async def test_in_the_lobby_the_camera_opens_only_for_who_ticks_its_box(place):
    key, url = await place()
    async with opened(key) as context:
        page, errors = await page_in(context)
        await page.goto(url)
        view = page.locator("#self-view")
        await expect(page.get_by_label("How you say it")).not_to_be_checked()
        await expect(page.get_by_label("What the camera sees")).not_to_be_checked()
        await expect(view).to_be_hidden()
        await page.get_by_label("What the camera sees").check()
        await expect(view).to_be_visible()
        await _until(lambda: page.evaluate("document.getElementById('self-view').videoWidth > 0"))
        await _looks_right(page, "lobby")
        await page.get_by_label("What the camera sees").uncheck()
        await expect(view).to_be_hidden()
        assert await _tracks(page) == []
        await page.get_by_label("In writing").check(force=True)
        await expect(page.get_by_label("What the camera sees")).to_be_hidden()
        assert errors == []


async def test_a_camera_that_is_refused_takes_the_tick_back_and_says_what_to_do(place):
    key, url = await place()
    async with opened(key) as context:
        await context.clear_permissions()
        page, _ = await page_in(context)
        await page.add_init_script(
            "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError'); }"
        )
        await page.goto(url)
        await page.get_by_label("What the camera sees").click()
        await expect(page.get_by_text("allow the camera and try again; or talk without it")).to_be_visible()
        await expect(page.get_by_label("What the camera sees")).not_to_be_checked()


async def test_what_is_sensed_is_said_in_plain_words(conversation):
    server, page = conversation
    assert (await server.expect("sense")) == {"type": "sense", "voice": True, "face": True}
    button = page.get_by_role("button", name="Voice and camera sensed")
    await expect(button).to_have_attribute("aria-expanded", "false")
    await button.focus()
    await page.keyboard.press("Enter")
    panel = page.get_by_role("complementary", name="What is sensed")
    await expect(panel).to_be_visible()
    server.say("sensed", voice=VOICE, face=FACE)
    shown = ["3.4 syllables a second", "18 % of the time", "5.2 semitones", "-23 dB"]
    shown += ["away", "to your left", "at rest", "clear", "14 a minute"]
    await expect(panel.locator("dd")).to_have_text(shown)
    server.say("sensed", voice=None, face=FACE | {"away": None, "blinks": None, "turn": [0, 0, -20]})
    await expect(panel.locator("dd")).to_have_text(["leaning to your right", "at rest", "clear"])
    server.say("sensed", voice=VOICE, face=FACE | {"present": False})
    await expect(panel.locator("[data-sense=face] dd")).to_have_text(["not in the picture"])
    server.say("sensed", voice=VOICE, face=FACE)
    server.send(AWAY)
    await expect(panel.locator("#noticed li")).to_contain_text("looked away for 1.2 s")
    await expect(page.locator("#noticed-now")).to_have_text("Noticed: looked away for 1.2 s")
    await _looks_right(page, "conversation")
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    await expect(button).to_be_focused()
    assert server.of("interrupt") == []


async def test_each_sense_is_switched_off_by_itself_and_stays_off_after_a_reload(conversation):
    server, page = conversation
    await server.expect("sense")
    await _until(lambda: _tracks(page))
    await page.locator("#sensed-toggle").click()
    await page.get_by_role("switch", name="What the camera sees").focus()
    await page.keyboard.press("Space")
    await _told(server, {"type": "sense", "voice": True, "face": False})
    assert await _tracks(page) == []
    await expect(page.get_by_text("Off. Nothing is measured.")).to_be_visible()
    server.say("sensed", voice=VOICE, face=FACE)  # was under way
    await expect(page.get_by_text("14 a minute")).to_be_hidden()
    await page.reload()
    await server.expect("hello")
    await _told(server, {"type": "sense", "voice": True, "face": False})
    await expect(page.get_by_role("button", name="Voice sensed")).to_be_attached()


async def test_a_new_connection_is_told_again_what_may_be_sensed(conversation):
    server, _ = conversation
    await server.expect("sense")
    await server.drop()
    await server.expect_greeting(2)
    assert (await server.expect("sense")) == {"type": "sense", "voice": True, "face": True}


async def test_who_agreed_to_nothing_is_not_asked_for_a_camera_and_sees_no_panel(place):
    key, url = await place(())
    async with opened(key) as context:
        page, errors = await page_in(context)
        await page.add_init_script(
            "const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);"
            "window.asked = []; navigator.mediaDevices.getUserMedia = (what) => (asked.push(what), ask(what));"
        )
        server = Server()
        await page.route_web_socket("**/ws/**", server.take)
        await page.goto(url)
        await server.expect("offer")
        assert await page.evaluate("asked.some((what) => what.video)") is False
        assert await page.locator("#sensed, #sensed-toggle").count() == 0
        assert server.of("sense") == []
        assert errors == []


async def _looks_right(page, name):
    """Nothing is wider than the window, axe finds nothing; pictures are taken where a folder for them is named."""
    folder = os.environ.get("COACHTOOL_SCREENSHOTS")
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        for width, height in ((1280, 800), (390, 780)):
            await page.set_viewport_size({"width": width, "height": height})
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            if folder:
                await page.screenshot(path=Path(folder) / f"{name}-{width}-{scheme}.png", full_page=name == "lobby")
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    await page.set_viewport_size({"width": 1280, "height": 800})
