"""What a lease gets of the worker's renderer: an offer where there is one, a film when it asks, refusals by field."""

import asyncio

import numpy as np
import pytest

from realtime.rendering import codec
from realtime.rendering.frames import COEFFICIENTS, Frame
from realtime.rendering.video import packets
from realtime.worker import filming

WANTED = {"face": "maya", "width": 640, "height": 360, "codec": "VP8", "dark": True}


class Wire:
    backlog = 0

    def __init__(self):
        self.told, self.frames = [], []

    def send(self, t, **fields):
        self.told.append((t, fields))

    def send_pcm(self, kind, body):
        self.frames.append((kind, body))


class Film:
    def __init__(self, deliver):
        self.deliver, self.taken, self.keys, self.aims, self.closed = deliver, [], 0, [], False

    def take(self, frames):
        self.taken += frames

    def keyframe(self):
        self.keys += 1

    def aim(self, bps):
        self.aims.append(bps)

    def close(self):
        self.closed = True


class Studio:
    def __init__(self):
        self.films, self.asked = [], []

    def film(self, deliver, **wanted):
        if wanted["face"] == "nobody":
            raise ValueError("face: there is no head 'nobody'")
        self.asked.append(wanted)
        self.films.append(Film(deliver))
        return self.films[-1]


@pytest.fixture
def studio(monkeypatch):
    pytest.importorskip("moderngl", reason="needs requirements-video.txt")
    opened = Studio()
    monkeypatch.setattr(filming, "studio", lambda: opened)
    return opened


def frames(at_ms=0.0, count=4):
    return codec.encode([Frame(at_ms + 25 * number, np.zeros(len(COEFFICIENTS))) for number in range(count)])


async def started(studio, wire, wanted=WANTED):
    film = filming.Filming(wire)
    film.messages["render"]({"t": "render", "render": wanted})
    for _ in range(100):
        await asyncio.sleep(0.01)
        if studio.films:
            break
    await asyncio.sleep(0.01)
    return film


async def test_frames_go_to_the_film_and_its_pictures_to_the_conversation(studio):
    wire = Wire()
    film = await started(studio, wire)
    film.frames["F"](frames())
    studio.films[0].deliver(packets.Encoded(90, "VP8", True, b"picture"))
    await asyncio.sleep(0.01)
    await film.close()
    assert studio.asked == [{"face": "maya", "height": 360, "codec": "VP8", "dark": True}]
    assert [frame.at_ms for frame in studio.films[0].taken] == [0, 25, 50, 75]
    assert [(kind, packets.unpack(body).data) for kind, body in wire.frames] == [("V", b"picture")]
    assert studio.films[0].closed


async def test_key_pictures_and_bit_rates_are_passed_on(studio):
    film = await started(studio, Wire())
    film.messages["keyframe"]({"t": "keyframe"})
    film.messages["bitrate"]({"t": "bitrate", "bps": 400_000})
    assert (studio.films[0].keys, studio.films[0].aims) == (1, [400_000])
    await film.close()


async def test_another_size_ends_the_film_before(studio):
    film = await started(studio, Wire())
    film.messages["render"]({"t": "render", "render": {**WANTED, "width": 1280, "height": 720}})
    await asyncio.sleep(0.1)
    assert [one.closed for one in studio.films] == [True, False]
    film.messages["render"]({"t": "render", "render": None})
    assert [one.closed for one in studio.films] == [True, True]
    await film.close()


async def test_a_conversation_that_takes_nothing_any_more_is_not_drawn_for(studio):
    wire = Wire()
    film = await started(studio, wire)
    wire.backlog = 10**6
    film.frames["F"](frames())
    assert studio.films[0].taken == []
    await film.close()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"face": 7}, "face"),
        ({"width": 641}, "width and height"),
        ({"height": None}, "width and height"),
        ({"codec": "AV1"}, "codec"),
    ],
)
async def test_what_cannot_be_rendered_is_refused_by_field(studio, change, field):
    film = filming.Filming(Wire())
    with pytest.raises(ValueError, match=field):
        film.messages["render"]({"t": "render", "render": {**WANTED, **change}})
    await film.close()


@pytest.mark.parametrize("bps", [0, -1, "fast", None, True, 1.5])
async def test_a_bit_rate_that_is_none_is_refused(studio, bps):
    film = filming.Filming(Wire())
    with pytest.raises(ValueError, match="bps"):
        film.messages["bitrate"]({"t": "bitrate", "bps": bps})
    await film.close()


async def test_frames_that_are_none_are_refused(studio):
    film = filming.Filming(Wire())
    with pytest.raises(ValueError, match="format"):
        film.frames["F"](b"no frames at all")
    await film.close()


async def test_a_film_that_cannot_begin_is_told_as_a_failure_of_the_video(studio):
    wire = Wire()
    film = filming.Filming(wire)
    film.messages["render"]({"t": "render", "render": {**WANTED, "face": "nobody"}})
    for _ in range(100):
        await asyncio.sleep(0.01)
        if wire.told:
            break
    await film.close()
    assert wire.told[0][0] == "failed"
    assert wire.told[0][1]["stage"] == "video"


@pytest.mark.parametrize(
    ("site", "software", "offered"),
    [("auto", False, True), ("auto", True, False), ("on", True, True), ("off", False, False)],
)
def test_a_site_says_whether_a_processor_may_draw(settings, monkeypatch, site, software, offered):
    draw = pytest.importorskip("realtime.rendering.video.draw", reason="needs requirements-video.txt")
    monkeypatch.setattr(draw, "probe", lambda: ("a renderer", software))
    settings.VIDEO = site
    found = filming.offer.__wrapped__()
    assert (found is not None) is offered
    if offered:
        assert found == {"codecs": ["H264", "VP8"], "software": software}


def test_without_its_packages_a_worker_offers_no_video_and_says_which(settings, monkeypatch, caplog):
    settings.VIDEO = "on"
    monkeypatch.setattr(filming.importlib.util, "find_spec", lambda name: None)
    with caplog.at_level("INFO"):
        assert filming.offer.__wrapped__() is None
    assert "torch and moderngl" in caplog.text
