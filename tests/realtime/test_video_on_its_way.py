"""Encoded pictures from the lease to a browser: who agrees on video, when a picture leaves, what is passed back."""

import asyncio
import contextlib

import numpy as np
import pytest
from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RTCP_PSFB_APP, RtcpPsfbPacket, pack_remb_fci

from realtime.rendering.video import packets
from realtime.showing import Showing
from realtime.transport.peer import Peer
from realtime.transport.track import VoiceTrack
from realtime.transport.video import VideoTrack, listen

encode = pytest.importorskip("realtime.rendering.video.encode")

OFFER = {"codecs": ["H264", "VP8"], "software": False}
VOICE_BEHIND = 0.0265  # seconds: 20 ms in aiortc's resampler, 6.5 ms in Opus
RENDER = {"face": "maya", "width": 1280, "height": 720, "codec": "H264", "dark": False}


class Worker:
    def __init__(self):
        self.told, self.frames = [], []

    def send(self, t, **fields):
        self.told.append((t, fields))

    def send_frame(self, kind, body):
        self.frames.append((kind, body))


class Track:
    def __init__(self):
        self.pictures = []

    def put(self, picture):
        self.pictures.append(picture)

    def clear(self):
        self.pictures.clear()


class Pages(list):
    async def publish(self, message, to=None):
        self.append((message, to))


def showing():
    worker, pages = Worker(), Pages()
    return Showing(worker, "maya", pages.publish), worker, pages


def wish(video=True, height=720):
    return {"type": "picture", "video": video, "height": height, "dark": False}


async def test_the_worker_renders_once_page_connection_and_worker_agree():
    shown, worker, _ = showing()
    shown.heard_from_page(wish())
    shown.offered(Track(), "H264")
    shown.watched(True)
    assert worker.told == []
    shown.heard_from_worker({"t": "ready", "video": OFFER})
    assert worker.told == [("render", {"render": RENDER})]
    shown.follow(b"frames")
    assert worker.frames == [("F", b"frames")]


async def test_switching_back_stops_the_worker_and_its_frames():
    shown, worker, _ = showing()
    shown.offered(Track(), "H264")
    shown.watched(True)
    shown.heard_from_worker({"t": "ready", "video": OFFER})
    shown.heard_from_page(wish())
    shown.heard_from_page(wish(video=False))
    shown.follow(b"frames")
    assert worker.told[-1] == ("render", {"render": None})
    assert worker.frames == []


async def test_the_next_worker_goes_on_where_the_lost_one_stopped():
    shown, worker, pages = showing()
    shown.offered(Track(), "H264")
    shown.watched(True)
    shown.heard_from_page(wish())
    shown.heard_from_worker({"t": "ready", "video": OFFER})
    shown.heard_from_worker({"t": "lost"})
    worker.told.clear()
    shown.heard_from_worker({"t": "ready", "video": OFFER})
    assert worker.told == [("render", {"render": RENDER})]
    await asyncio.sleep(0)
    assert [message["video"] for message, _ in pages] == [True, False, True]


async def test_a_worker_without_a_renderer_and_a_page_without_a_codec_get_no_video():
    shown, worker, pages = showing()
    shown.offered(Track(), "H264")
    shown.watched(True)
    shown.heard_from_page(wish())
    shown.heard_from_worker({"t": "ready", "models": {}})
    shown.heard_from_worker({"t": "ready", "video": {"codecs": ["VP8"], "software": False}})
    shown.offered(Track(), None)
    shown.watched(True)
    assert worker.told == []
    await asyncio.sleep(0)
    assert [message["video"] for message, _ in pages] == [False, True]


async def test_nothing_is_drawn_while_the_connection_is_down():
    shown, worker, _ = showing()
    shown.offered(Track(), "H264")
    shown.heard_from_page(wish())
    shown.heard_from_worker({"t": "ready", "video": OFFER})
    assert worker.told == []
    shown.watched(True)
    shown.watched(False)
    assert [fields["render"] for _, fields in worker.told] == [RENDER, None]


async def test_a_processor_that_draws_is_asked_for_a_small_picture():
    shown, worker, _ = showing()
    shown.offered(Track(), "VP8")
    shown.watched(True)
    shown.heard_from_page(wish(height=1080))
    shown.heard_from_worker({"t": "ready", "video": {"codecs": ["VP8"], "software": True}})
    assert worker.told[-1][1]["render"]["height"] == 360


async def test_what_is_no_picture_is_dropped_and_the_next_one_taken():
    shown, _, _ = showing()
    track = Track()
    shown.offered(track, "H264")
    shown.watched(True)
    shown.heard_from_page(wish())
    shown.heard_from_worker({"t": "ready", "video": OFFER})
    shown.take(b"garbage that is long enough")
    shown.take(packets.pack(packets.Encoded(1, "VP8", True, b"x")))
    shown.take(packets.pack(packets.Encoded(2, "H264", True, b"x")))
    assert [picture.pts for picture in track.pictures] == [2]


def encoded(at_ms, key=False):
    return packets.Encoded(round(at_ms * 90), "H264", key, b"\0\0\0\1picture")


@pytest.mark.looptime
async def test_a_picture_leaves_with_the_voice_of_the_middle_of_its_time_and_a_late_one_at_once():
    loop = asyncio.get_running_loop()
    began = loop.time()
    track = VideoTrack(lambda at_ms: began + at_ms / 1000, lambda: None)
    track.put(encoded(200, key=True))
    track.put(encoded(225))
    await track.recv()
    assert loop.time() - began == pytest.approx(0.2 + VOICE_BEHIND, abs=0.002)
    assert track.late < 0.002
    await track.recv()
    assert loop.time() - began == pytest.approx(0.2125 + VOICE_BEHIND, abs=0.002)
    track.put(encoded(250))
    await asyncio.sleep(0.1)
    await track.recv()
    assert track.late == pytest.approx(0.075, abs=0.002)
    track.put(encoded(1000))  # after a pause nobody knows how long it stands
    await track.recv()
    assert loop.time() - began == pytest.approx(1 + VOICE_BEHIND, abs=0.002)


async def test_nothing_is_sent_before_a_key_picture_which_is_asked_for():
    asked = []
    track = VideoTrack(lambda at_ms: 0.0, lambda: asked.append(True))
    track.put(encoded(0))
    track.put(encoded(25, key=True))
    track.put(encoded(50))
    assert [(await track.recv()).pts for _ in range(2)] == [25 * 90, 50 * 90]
    assert asked == [True]


async def test_pictures_that_nobody_takes_do_not_pile_up():
    asked = []
    track = VideoTrack(lambda at_ms: 0.0, lambda: asked.append(True))
    for number in range(400):
        track.put(encoded(number, key=number == 0))
    track.put(encoded(400, key=True))
    assert (await track.recv()).pts == 400 * 90
    assert asked


class Learner:
    """A browser's side: takes the voice and, if `video`, the picture in `codec`."""

    def __init__(self, video=True, codec=None):
        self.connection = RTCPeerConnection()
        self.connection.addTransceiver("audio", "recvonly")
        self.seen = []
        if video:
            transceiver = self.connection.addTransceiver("video", "recvonly")
            able = RTCRtpReceiver.getCapabilities("video").codecs
            transceiver.setCodecPreferences([one for one in able if codec in (None, one.name)])
        self.connection.on("track", lambda track: asyncio.ensure_future(self._take(track)))

    async def _take(self, track):
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if track.kind == "video":
                    self.seen.append(frame)

    async def call(self, peer):
        await self.connection.setLocalDescription(await self.connection.createOffer())
        answer = await peer.accept(self.connection.localDescription.sdp)
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        return answer


def called(on_key=lambda: None, on_bps=lambda bps: None, now=lambda at_ms: 0.0):
    track = VideoTrack(now, on_key)
    voice = VoiceTrack(lambda *_: None, lambda _: None)
    return track, Peer(voice, lambda _: None, lambda *_: None, video=track, on_bps=on_bps)


@pytest.mark.parametrize("codec", packets.CODECS)
async def test_a_browser_sees_the_pictures_and_its_wishes_come_back(codec):
    keys, rates = [], []
    track, peer = called(lambda: keys.append(True), rates.append)
    learner = Learner(codec=codec)
    await learner.call(peer)
    assert peer.video_codec == codec
    encoder = encode.Encoder(codec, (640, 360), 25)
    sender = next(one for one in peer._connection.getSenders() if one.kind == "video")
    for number in range(400):
        if keys:
            keys.clear()
            encoder.keyframe()
        planes = np.full((540, 640), 128, np.uint8)
        planes[:360] = 100
        track.put(encoder.encode(planes, 3600 * number))
        await asyncio.sleep(0.02)
        if len(learner.seen) > 3:
            break
    fci = pack_remb_fci(300_000, [sender._ssrc])
    await sender._handle_rtcp_packet(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=fci))
    keys.clear()
    sender._send_keyframe()
    await peer.close()
    await learner.connection.close()
    assert len(learner.seen) > 3
    assert (learner.seen[0].width, learner.seen[0].height) == (640, 360)
    assert abs(float(learner.seen[-1].to_ndarray(format="yuv420p")[:360].mean()) - 100) < 4
    assert rates == [pytest.approx(300_000, rel=0.01)]
    assert keys == [True]


async def test_an_offer_without_a_place_for_video_gets_an_answer_without_one():
    _, peer = called()
    learner = Learner(video=False)
    answer = await learner.call(peer)
    await peer.close()
    await learner.connection.close()
    assert peer.video_codec is None
    assert "m=video" not in answer


class Sender:
    """As much of aiortc's sender as its reports are made of."""

    _ssrc = 7
    _RTCRtpSender__ntp_timestamp = 0

    async def _handle_rtcp_packet(self, packet):
        """Nothing more to do."""


@pytest.mark.looptime
@pytest.mark.parametrize(("late", "made_up"), [(0.0, 0.0), (0.07, 0.07), (0.5, 0.1)])
async def test_the_sender_report_gives_a_late_picture_the_time_of_its_moment(late, made_up):
    loop, sender = asyncio.get_running_loop(), Sender()
    track = VideoTrack(lambda at_ms: began + at_ms / 1000, lambda: None)
    listen(sender, track, lambda bps: None)
    began = loop.time()
    track.put(encoded(0, key=True))
    await asyncio.sleep(VOICE_BEHIND + late)
    await track.recv()
    sent = sender._RTCRtpSender__ntp_timestamp = 3_900_000_000 << 32
    track.put(encoded(1000))
    await track.recv()
    assert (sent - sender._RTCRtpSender__ntp_timestamp) / 2**32 == pytest.approx(made_up, abs=0.001)


@pytest.mark.parametrize("height", [[], {}, "360", None])
async def test_a_picture_message_that_makes_no_sense_changes_nothing(height):
    shown, worker, _ = showing()
    shown.heard_from_worker({"t": "ready", "video": OFFER})
    shown.offered(Track(), "H264")
    shown.watched(True)
    shown.heard_from_page(wish(height=720))
    told = list(worker.told)
    shown.heard_from_page(wish(height=height))
    assert worker.told == told
