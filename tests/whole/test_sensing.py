"""What is sensed, the whole way: a real Chromium with a video as camera, the worker that looks, the learner's page."""

import io
import re
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from coachtool.embedded.running import running_product
from tests.whole.conftest import World
from tests.whole.test_browser import chromium, open_activity

pytestmark = [pytest.mark.whole, pytest.mark.timeout(360)]

FACE = Path(__file__).parents[1] / "realtime" / "pictures" / "astronaut.jpg"
RATE = 30  # pictures a second
ASKED = """
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
window.asked = [];
navigator.mediaDevices.getUserMedia = (what) => (asked.push(what), ask(what));
"""


@pytest.fixture(scope="module")
def flags(tmp_path_factory):
    """A camera that somebody looks into for eight seconds and leaves for six; a microphone in a quiet room."""
    directory = tmp_path_factory.mktemp("devices")
    empty = io.BytesIO()
    Image.new("RGB", (320, 240), (90, 95, 100)).save(empty, "JPEG")
    (directory / "camera.mjpeg").write_bytes(FACE.read_bytes() * 8 * RATE + empty.getvalue() * 6 * RATE)
    with wave.open(str(directory / "room.wav"), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        file.writeframes(np.random.default_rng(0).normal(0, 8, 48_000 * 10).astype(np.int16).tobytes())
    return (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={directory / 'camera.mjpeg'}",
        f"--use-file-for-fake-audio-capture={directory / 'room.wav'}",
        "--autoplay-policy=no-user-gesture-required",
    )


@pytest.fixture(scope="module")
def standard(tmp_path_factory):
    """A product whose site lets learners choose to be sensed."""
    with running_product(tmp_path_factory.mktemp("standard"), environ={"COACHTOOL_PERCEPTION": "standard"}) as product:
        yield World(product, None, 0)


def _begin(activity):
    activity.get_by_label("By voice").check()
    activity.get_by_label("Microphone", exact=False).first.check()
    activity.locator("#ai_disclosure").check()
    activity.locator("#start").click()
    expect(activity.locator("body[data-phase=live]")).to_be_attached(timeout=90_000)


def test_who_leaves_the_picture_reads_so_and_can_switch_the_camera_off(standard, flags):
    with chromium(*flags, viewport={"width": 1280, "height": 800}) as (page, errors):
        activity = open_activity(page, standard, "learner5")
        activity.get_by_label("What the camera sees").check()
        expect(activity.locator("#self-view")).to_be_visible(timeout=20_000)
        _begin(activity)
        activity.get_by_role("button", name="Camera sensed").click()
        face = activity.locator("[data-sense=face]")
        expect(face.get_by_text("clear", exact=True)).to_be_visible(timeout=30_000)
        expect(activity.locator("#noticed")).to_contain_text(re.compile("left the picture", re.I), timeout=60_000)
        face.get_by_role("switch").uncheck()
        expect(face.get_by_text("Off. Nothing is measured.")).to_be_visible()
        expect(face.locator("dd")).to_be_hidden()
        assert errors == []


def test_under_the_european_policy_no_camera_is_asked_for_and_nothing_is_shown(world, flags):
    with chromium(*flags, viewport={"width": 1280, "height": 800}) as (page, errors):
        page.context.add_init_script(ASKED)
        activity = open_activity(page, world, "learner9")
        assert activity.get_by_text("camera").count() == 0
        _begin(activity)
        assert activity.locator("body").evaluate("asked.every((what) => !what.video)")
        assert activity.locator("#sensed, #sensed-toggle, #noticed").count() == 0
        assert errors == []
