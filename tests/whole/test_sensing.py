"""What is sensed, the whole way: a real Chromium with a video as camera, the worker that looks, the learner's page."""

import io
import re
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from coachtool.activities.brief import Phrases
from coachtool.embedded.running import running_product
from realtime.rehearsal.script import Line
from realtime.rehearsal.voice import RATE as SAMPLES
from realtime.rehearsal.voice import Voice
from realtime.rendering.mirror import mirror, opaque
from tests.whole.conftest import World
from tests.whole.test_browser import chromium, open_activity

pytestmark = [pytest.mark.whole, pytest.mark.timeout(360)]

FACE = Path(__file__).parents[1] / "realtime" / "pictures" / "astronaut.jpg"
RATE = 30  # pictures a second
ANSWERS = (
    "If the repair estimate is above ten thousand dollars, I stop and bring the claim to you.",
    "If the story doesn't add up, for example when the two drivers tell it differently, "
    "I suspect fraud and I escalate.",
)
CLAIM = "Okay, I understand that, it all makes sense to me."
ASKED = """
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
window.asked = [];
navigator.mediaDevices.getUserMedia = (what) => (asked.push(what), ask(what));
"""


def _devices(directory: Path, camera: bytes, microphone: np.ndarray) -> tuple[str, ...]:
    """Chromium's flags for a camera that shows these JPEGs, RATE a second, and a microphone (int16, 48 kHz)."""
    (directory / "camera.mjpeg").write_bytes(camera)
    with wave.open(str(directory / "microphone.wav"), "wb") as file:
        file.setparams((1, 2, SAMPLES, 0, "NONE", ""))
        file.writeframes(microphone.astype(np.int16).tobytes())
    return (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={directory / 'camera.mjpeg'}",
        f"--use-file-for-fake-audio-capture={directory / 'microphone.wav'}",
        "--autoplay-policy=no-user-gesture-required",
    )


def _jpeg(picture: np.ndarray | Image.Image) -> bytes:
    written = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(written, "JPEG", quality=90)
    return written.getvalue()


@pytest.fixture(scope="module")
def flags(tmp_path_factory):
    """A camera that somebody looks into for eight seconds and leaves for six; a microphone in a quiet room."""
    empty = _jpeg(Image.new("RGB", (320, 240), (90, 95, 100)))
    room = np.random.default_rng(0).normal(0, 8, SAMPLES * 10)
    return _devices(tmp_path_factory.mktemp("devices"), FACE.read_bytes() * 8 * RATE + empty * 6 * RATE, room)


@pytest.fixture(scope="module")
def turning_away(tmp_path_factory):
    """Somebody answers twice and claims to have understood the third thing, with the head turned away by then."""
    directory = tmp_path_factory.mktemp("turning-away")
    with mirror(320, 240) as drawn:
        drawn.show("daniel")
        ahead, away = (_jpeg(opaque(drawn.picture({}, turn=(0.0, yaw, 0.0)))) for yaw in (0.0, 35.0))
    voice, parts = Voice(directory), [np.zeros(14 * SAMPLES)]
    for line in ANSWERS:
        parts += [voice.speak(Line((line,))), np.zeros(12 * SAMPLES)]
    claimed = sum(map(len, parts)) // SAMPLES
    parts += [voice.speak(Line((CLAIM,))), np.zeros(60 * SAMPLES)]
    return _devices(directory, ahead * (claimed - 3) * RATE + away * 60 * RATE, np.concatenate(parts))


@pytest.fixture(scope="module")
def standard(tmp_path_factory):
    """A product whose site lets learners choose to be sensed."""
    with running_product(tmp_path_factory.mktemp("standard"), environ={"COACHTOOL_PERCEPTION": "standard"}) as product:
        yield World(product, None, 0)


def _agree_to_be_seen(activity):
    activity.get_by_label("What the camera sees").check()
    expect(activity.locator("#self-view")).to_be_visible(timeout=20_000)


def _begin(activity):
    activity.get_by_label("By voice").check()
    activity.get_by_label("Microphone", exact=False).first.check()
    activity.locator("#ai_disclosure").check()
    activity.locator("#start").click()
    expect(activity.locator("body[data-phase=live]")).to_be_attached(timeout=90_000)


def test_who_leaves_the_picture_reads_so_and_can_switch_the_camera_off(standard, flags):
    with chromium(*flags, viewport={"width": 1280, "height": 800}) as (page, errors):
        activity = open_activity(page, standard, "learner5")
        _agree_to_be_seen(activity)
        _begin(activity)
        activity.get_by_role("button", name="Camera sensed").click()
        face = activity.locator("[data-sense=face]")
        expect(face.get_by_text("clear", exact=True)).to_be_visible(timeout=30_000)
        expect(activity.locator("#noticed")).to_contain_text(re.compile("left the picture", re.I), timeout=60_000)
        face.get_by_role("switch").uncheck()
        expect(face.get_by_text("Off. Nothing is measured.")).to_be_visible()
        expect(face.locator("dd")).to_be_hidden()
        assert errors == []


def test_who_looks_away_and_says_that_it_is_understood_is_asked_to_say_it_in_own_words(standard, turning_away):
    with chromium(*turning_away, viewport={"width": 1280, "height": 800}) as (page, errors):
        activity = open_activity(page, standard, "learner6")
        _agree_to_be_seen(activity)
        _begin(activity)
        noticed, own_words = activity.locator("#noticed"), "|".join(map(re.escape, Phrases().own_words))
        expect(noticed).to_contain_text(re.compile("looked away", re.I), timeout=120_000)
        expect(activity.locator("#lines")).to_contain_text(re.compile(own_words), timeout=20_000)
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
