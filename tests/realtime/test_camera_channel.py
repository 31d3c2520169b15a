"""The camera's pictures on their way in: a data channel that is heard only where somebody may look."""

import asyncio

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack

from realtime.transport import peer
from realtime.transport.peer import Peer
from realtime.transport.track import VoiceTrack


def _track():
    return VoiceTrack(lambda sentence: None, lambda sentence: None)


async def _call(on_picture, messages, arrived=lambda: True):
    """A browser that sends the messages on its camera channel; until `arrived()`, and a little longer."""
    browser = RTCPeerConnection()
    browser.addTrack(AudioStreamTrack())
    channel = browser.createDataChannel("camera")
    opened = asyncio.Event()
    channel.on("open", opened.set)
    answering = Peer(_track(), lambda pcm: None, lambda peer, state: None, on_picture=on_picture)
    await browser.setLocalDescription(await browser.createOffer())
    answer = await answering.accept(browser.localDescription.sdp)
    await browser.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    async with asyncio.timeout(20):
        await opened.wait()
        for message in messages:
            channel.send(message)
        while not arrived():
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)
    await browser.close()
    await answering.close()


async def test_pictures_arrive_whole():
    seen, picture = [], bytes(range(256)) * 40
    await _call(seen.append, [picture], lambda: seen)
    assert seen == [picture]


async def test_what_comes_too_fast_is_too_large_or_is_no_picture_is_dropped(monkeypatch):
    monkeypatch.setattr(peer, "_PICTURE_SECONDS", 60)
    seen = []
    await _call(seen.append, ["words", bytes(65 * 1024), b"first", b"too soon"], lambda: seen)
    assert seen == [b"first"]


async def test_pictures_go_on_being_taken_after_a_while(monkeypatch):
    monkeypatch.setattr(peer, "_PICTURE_SECONDS", 0)
    seen = []
    await _call(seen.append, [b"first", b"second"], lambda: len(seen) == 2)
    assert seen == [b"first", b"second"]


async def test_without_consent_nobody_listens_to_the_channel():
    await _call(None, [b"picture"])
