"""The face as video in a real Chromium; the test is the WebSocket's other end and the WebRTC peer that sends it."""

import asyncio

import numpy as np
import pytest
from channels.db import database_sync_to_async
from playwright.async_api import expect

from realtime.transport.peer import Peer
from realtime.transport.track import VoiceTrack
from realtime.transport.video import VideoTrack
from tests.pages.browser import connected

encode = pytest.importorskip("realtime.rendering.video.encode")
pytestmark = [pytest.mark.whole, pytest.mark.django_db(transaction=True)]


@pytest.fixture
async def conversation(world, live_server):
    """A voice conversation's page and the server that it talks to; fails if the page logs an error."""
    origin = live_server.url.replace("127.0.0.1", "localhost")

    def place():
        client, visit = world.admitted(world.learner, "learner")
        attempt = world.attempt(modality="voice", consent={"microphone": True})
        return client.session.session_key, f"{origin}/v/{visit}/attempts/{attempt.pk}/"

    key, url = await database_sync_to_async(place)()
    async with connected(key, url) as (server, page):
        server.live()
        yield server, page


class Worker:
    """Sends a picture that grows lighter, 25 times a second, until it is cancelled."""

    def __init__(self):
        self._key = True
        began = asyncio.get_running_loop().time()
        self.track = VideoTrack(lambda at_ms: began + at_ms / 1000, self.begin_anew)

    def begin_anew(self):
        self._key = True

    async def send(self):
        encoder = encode.Encoder("H264", (640, 360), 25)
        for number in range(10_000):
            if self._key:
                self._key = False
                encoder.keyframe()
            planes = np.full((540, 640), 128, np.uint8)
            planes[:360] = 60 + number % 100
            self.track.put(encoder.encode(planes, 3600 * number))
            await asyncio.sleep(0.04)


async def test_the_switch_is_there_once_a_worker_offers_video_and_goes_with_the_offer(conversation):
    server, page = conversation
    switch = page.get_by_role("button", name="Face as video")
    await expect(switch).to_be_hidden()
    server.say("picture", video=True)
    await expect(switch).to_be_visible()
    await expect(page.get_by_text("AI-generated")).to_be_visible()
    server.say("picture", video=False)
    await expect(switch).to_be_hidden()


async def test_the_learner_switches_with_the_keyboard_and_the_server_is_told(conversation):
    server, page = conversation
    server.say("picture", video=True)
    switch = page.get_by_role("button", name="Face as video")
    first = await server.expect("picture")
    await expect(switch).to_have_attribute("aria-pressed", str(first["video"]).lower())
    await switch.focus()
    await page.keyboard.press("Enter")
    second = await server.expect("picture", 2)
    assert second["video"] is not first["video"]
    assert second["height"] in (360, 720, 1080)
    await expect(switch).to_have_attribute("aria-pressed", str(second["video"]).lower())


async def test_the_video_stands_in_for_the_canvas_while_pictures_come(conversation):
    server, page = conversation
    server.say("picture", video=True)
    if not (await server.expect("picture"))["video"]:
        await page.get_by_role("button", name="Face as video").click()
    offer = await server.expect("offer")
    worker = Worker()
    peer = Peer(VoiceTrack(lambda *_: None, lambda _: None), lambda _: None, lambda *_: None, video=worker.track)
    server.say("answer", id=offer["id"], sdp=await peer.accept(offer["sdp"]), ice_servers=[])
    assert peer.video_codec == "H264"
    sending = asyncio.ensure_future(worker.send())
    film = page.locator("#film")
    await expect(film).to_be_visible()
    await expect(page.locator("#face-canvas")).to_be_hidden()
    assert await film.evaluate("film => [film.videoWidth, film.videoHeight]") == [640, 360]
    sending.cancel()
    await expect(film).to_be_hidden()
    await expect(page.locator("#face-canvas")).to_be_visible()
    await peer.close()
