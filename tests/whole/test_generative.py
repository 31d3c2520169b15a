"""Replies that a language model words: chosen in the editor, tried in a browser, its server lost on the way."""

import asyncio
import threading
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.coaching.language_server import serving
from tests.frames import arrived
from tests.lti.chromium import chromium, no_third_party_cookies

pytestmark = [pytest.mark.whole, pytest.mark.timeout(360)]


async def in_its_words(exchange) -> None:
    """The question that was decided, worded otherwise; nothing where evidence is asked for."""
    if "ask" not in exchange.told:
        return await exchange.refuse(400)
    question = exchange.told["ask"]
    await exchange.stream("So, ", question[0].lower() + question[1:])


@contextmanager
def language_model(port: int):
    """A server at `port`, in a thread of its own, until the block ends."""
    ready, done, loop = threading.Event(), asyncio.Event(), asyncio.new_event_loop()

    async def serve():
        async with serving(in_its_words, port=port):
            ready.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)


def said(frame, number: int, words: str) -> str:
    """The persona's answer to the learner's words, which are the conversation's line `number` (from 1)."""
    lines = frame.locator("#lines > li")
    expect(lines).to_have_count(number - 1, timeout=60_000)
    frame.locator("#words").fill(words)
    frame.locator("#words").press("Enter")
    expect(lines).to_have_count(number + 1, timeout=60_000)
    return lines.nth(number).inner_text()


def test_a_language_model_words_the_replies_and_when_its_server_is_lost_the_instructors_words_go_on(world, tmp_path):
    with chromium(tmp_path / "profile", no_third_party_cookies()) as context:
        page = context.new_page()
        page.goto(f"{world.product.sandbox_url}/as/instructor/")
        page.get_by_role("link", name="Add activity").click()
        frame = page.frame_locator("iframe")
        arrived(frame.get_by_role("button", name="Write a new one")).click()
        frame.get_by_label("Title").fill("A refund, in other words")
        frame.get_by_label("Name", exact=True).fill("Maya")
        frame.get_by_label("Role", exact=True).fill("upset customer")
        frame.get_by_label("The situation").fill("A customer wants her money back, 45 days after she bought the coat.")
        frame.get_by_label("What should be heard?").fill(
            "Acknowledges that the customer is upset\nSays that the refund period is 30 days"
        )
        frame.get_by_role("button", name="Make a first version").click()
        expect(frame.get_by_role("heading", name="What should be heard")).to_be_visible()
        frame.get_by_role("button", name="Persona").click()
        frame.locator("details", has=frame.get_by_label("A language model")).locator("summary").click()
        frame.get_by_label("A language model").check()
        with language_model(world.language_port):
            frame.get_by_role("button", name="Try it", exact=True).click()
            frame.get_by_label("In writing").check()
            frame.locator("#ai_disclosure").check()
            frame.locator("#start").click()
            assert "So, " in said(frame, 2, "I don't really know what to say to you.")
        after = said(frame, 4, "I am not sure what you want from me.")
        assert "So, " not in after and after.strip()
    spoken = [event["coach"] for event in world.recorded("coach")]
    assert spoken[:1] == ["generative"] and "authored" in spoken
    assert next(event["reason"] for event in world.recorded("coach") if event["coach"] == "authored")
