"""A person in a real Chromium: sandbox LMS, lobby, conversation, report and gradebook."""

import re
import wave
from contextlib import contextmanager

import numpy as np
import pytest
from playwright.sync_api import expect, sync_playwright

from coachtool.embedded import browser
from realtime.rehearsal.script import Line
from realtime.rehearsal.voice import RATE, Voice
from tests.frames import arrived

pytestmark = [pytest.mark.whole, pytest.mark.timeout(360)]

LINES = (
    "If the repair estimate is above ten thousand dollars, I stop and bring the claim to you.",
    "As soon as anyone was injured in the accident, even if it's only a stiff neck, I hand the claim over to you.",
    "If the story doesn't add up, for example when the two drivers tell it differently, "
    "I suspect fraud and I escalate.",
    "At the top of the note I write the reason why I'm escalating the claim.",
    "I write down what happened and what both drivers said, only the facts, without my own opinion.",
)


@pytest.fixture(scope="module")
def microphone(tmp_path_factory):
    """A WAV file in which the learner's lines come one after another, with time for the persona in between."""
    directory = tmp_path_factory.mktemp("microphone")
    speaker, pause = Voice(directory), np.zeros(12 * RATE, np.int16)
    parts = [pause]
    for line in LINES:
        parts += [speaker.speak(Line((line,))), pause]
    path = directory / "learner.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.concatenate(parts).tobytes())
    return path


@contextmanager
def chromium(*flags, **context):
    """A page, and the list of everything that it logged as an error."""
    always = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage"]
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    with sync_playwright() as play:
        opened = play.chromium.launch(
            executable_path=browser.find(), args=[*always, *quiet, *flags], chromium_sandbox=False
        )
        page = opened.new_context(**context).new_page()
        errors = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page, errors
        opened.close()


def open_activity(page, world, learner):
    """The activity's iframe, as the learner reaches it from the course."""
    page.goto(f"{world.product.sandbox_url}/as/{learner}/")
    page.get_by_role("link", name=re.compile("claim", re.I)).first.click()
    return page.frame_locator("iframe")


def grade_of(page, world, learner):
    page.goto(f"{world.product.sandbox_url}/as/{learner}/")
    page.get_by_role("link", name=re.compile("grade", re.I)).first.click()
    return page.locator("main")


def test_a_learner_talks_reloads_passes_and_sees_the_grade_without_one_error_in_the_page(world, microphone):
    flags = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    capture = f"--use-file-for-fake-audio-capture={microphone}"
    play = "--autoplay-policy=no-user-gesture-required"
    with chromium(*flags, capture, play, viewport={"width": 1280, "height": 800}) as (page, errors):
        activity = open_activity(page, world, "learner5")
        activity.get_by_label("By voice").check()
        activity.get_by_label("Microphone", exact=False).first.check()
        activity.locator("#ai_disclosure").check()
        activity.locator("#start").click()
        expect(activity.locator("body[data-phase=live]")).to_be_attached(timeout=60_000)
        expect(activity.locator("body[data-floor=speaking]")).to_be_attached(timeout=30_000)
        expect(activity.locator("body[data-floor=hearing]")).to_be_attached(timeout=60_000)
        expect(activity.locator("#lines .spoken")).to_have_count(2, timeout=60_000)
        page.reload()
        arrived(activity.locator("body[data-phase=live]"), looks=12)
        expect(activity.locator("#lines .spoken").first).to_contain_text("Ruth", timeout=10_000)
        expect(activity.locator("body[data-floor=speaking]")).to_be_attached(timeout=60_000)
        expect(activity.get_by_role("heading", name="Passed")).to_be_visible(timeout=240_000)
        assert (
            "ten thousand" in activity.locator("main").inner_text()
            or "$10,000" in activity.locator("main").inner_text()
        )
        expect(grade_of(page, world, "learner5")).to_contain_text("100", timeout=30_000)
        assert errors == []


def test_a_learner_passes_in_writing_with_the_keyboard_alone(world):
    with chromium(viewport={"width": 390, "height": 844}) as (page, errors):
        activity = open_activity(page, world, "learner6")
        tab_to(page, activity, "input[name=modality]")
        choose_by_keyboard(page, activity, "input[name=modality][value=text]")
        tab_to(page, activity, "#ai_disclosure")
        page.keyboard.press("Space")
        tab_to(page, activity, "#start")
        page.keyboard.press("Enter")
        expect(activity.locator("body[data-phase=live]")).to_be_attached(timeout=60_000)
        for number, line in enumerate(LINES):
            expect(activity.locator("#lines > li")).to_have_count(2 * number + 1, timeout=30_000)
            tab_to(page, activity, "#words")
            page.keyboard.type(line)
            page.keyboard.press("Enter")
        expect(activity.get_by_role("heading", name="Passed")).to_be_visible(timeout=60_000)
        expect(grade_of(page, world, "learner6")).to_contain_text("100", timeout=30_000)
        assert errors == []


def tab_to(page, frame, selector):
    """Press Tab until the element has the focus."""
    for _ in range(60):
        if frame.locator(f"{selector}:focus").count():
            return
        page.keyboard.press("Tab")
    pytest.fail(f"The keyboard does not reach {selector}.")


def choose_by_keyboard(page, frame, selector):
    """Arrow through the radio buttons until this one is chosen."""
    for _ in range(4):
        if frame.locator(f"{selector}:checked").count():
            return
        page.keyboard.press("ArrowDown")
    pytest.fail(f"The keyboard does not choose {selector}.")
