"""The peer against a second aiortc peer over loopback: real ICE, DTLS, SRTP, Opus and SCTP."""

import asyncio
import contextlib
from fractions import Fraction

import numpy as np
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from realtime.rendering import codec
from realtime.rendering.behaviour.engine import Engine
from realtime.rendering.behaviour.mouth import Movement
from realtime.transport.peer import OfferError, Peer
from realtime.transport.track import Sentence, VoiceTrack
from realtime.wire import VOICE_RATE


class Tone(MediaStreamTrack):
    """A learner who hums 220 Hz at 48 kHz."""

    kind = "audio"
    samples = 0

    async def recv(self):
        await asyncio.sleep(0.02)
        time = (np.arange(960) + self.samples) / 48_000
        frame = AudioFrame.from_ndarray((8000 * np.sin(2 * np.pi * 220 * time)).astype(np.int16)[None], layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, self.samples, Fraction(1, 48_000)
        self.samples += 960
        return frame


async def offer(connection):
    await connection.setLocalDescription(await connection.createOffer())
    return connection.localDescription.sdp


async def test_a_sentence_arrives_with_frames_of_the_face_that_name_the_rtp_time_of_its_first_sample():
    heard, started, pcm, states, packets = [], [], [], [], []
    track = VoiceTrack(lambda sentence: started.append(track.clock), lambda sentence: None)
    peer = Peer(track, pcm.append, lambda _, state: states.append(state))
    browser = RTCPeerConnection()
    browser.addTrack(Tone())
    channel = browser.createDataChannel("face", ordered=False, maxRetransmits=0)
    channel.on("message", lambda packet: packets.append(codec.unpack(packet)))

    async def listen(remote):
        with contextlib.suppress(MediaStreamError):
            while True:
                heard.append(await remote.recv())

    listening = []
    browser.on("track", lambda remote: listening.append(asyncio.ensure_future(listen(remote))))

    answer = await peer.accept(await offer(browser))
    await browser.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    while "connected" not in states or channel.readyState != "open":
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.6)
    loud = (10_000 * np.sin(2 * np.pi * 440 * np.arange(VOICE_RATE) / VOICE_RATE)).astype(np.int16)
    track.play(Sentence("1.0", "Ah.", Movement.read(), bytearray(loud.tobytes()), complete=True))
    while not started:
        await asyncio.sleep(0.01)
    assert track.sample_at(track.leaving) == track.clock
    peer.send_face(codec.encode([Engine(0).frame()], peer.rtp_time(started[0])))
    await asyncio.sleep(0.8)
    async with asyncio.timeout(10):
        while len(b"".join(pcm)) <= 16_000:
            await asyncio.sleep(0.05)
    # aiortc counts received frames from the first packet, whose RTP timestamp it keeps to itself.
    origin = browser.getReceivers()[0]._RTCRtpReceiver__timestamp_mapper._origin
    await peer.close()
    await browser.close()

    loud = [(frame.pts, np.flatnonzero(np.abs(frame.to_ndarray()[0, ::2]) > 5000)) for frame in heard]
    first = next(pts + places[0] for pts, places in loud if len(places))
    away = (origin + int(first) - packets[0].rtp + 2**31) % 2**32 - 2**31
    assert abs(away) <= 96  # 2 ms: as it is decoded, Opus's delay and all
    assert len(b"".join(pcm)) > 16_000
    assert np.abs(np.frombuffer(b"".join(pcm), np.int16)).max() > 4000


async def test_an_offer_that_is_not_sdp_is_refused_with_a_reason():
    peer = Peer(VoiceTrack(lambda _: None, lambda _: None), lambda _: None, lambda *_: None)
    with pytest.raises(OfferError, match="not understood"):
        await peer.accept("v=nonsense")


async def test_a_paused_track_sends_silence_and_goes_on_where_it_stopped():
    ended, sounds = [], []
    track = VoiceTrack(lambda _: None, ended.append, lambda sounding: sounds.append(sounding and sounding.played))
    sentence = Sentence("1.0", "Ah.", Movement.read(), bytearray(b"\x01\x02" * (VOICE_RATE // 10)), complete=True)
    track.play(sentence)
    await track.recv()
    track.paused = True
    played = sentence.played
    assert not any(bytes((await track.recv()).planes[0]))
    assert sentence.played == played
    track.paused = False
    while not ended:
        await track.recv()
    assert sentence.played == sentence.samples
    assert sounds == [0, None, played]
