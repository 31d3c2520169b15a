"""What a picture shows of a face, and how a worker looks at a learner's."""

import asyncio
import dataclasses
import io
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from realtime.perception.seeing import measure, message, pictures
from realtime.perception.seeing.landmarker import Landmarker, Seen
from realtime.perception.sights import Sight
from realtime.perception.weights import WeightsError
from realtime.rendering.frames import COEFFICIENTS
from realtime.wire import PICTURE_BYTES
from realtime.worker import capabilities
from realtime.worker.lanes import Lane
from realtime.worker.seeing import Eyes, Seeing

JPEG = (Path(__file__).parent / "pictures" / "astronaut.jpg").read_bytes()


@pytest.fixture(scope="module")
def landmarker():
    return Landmarker()


@pytest.fixture(scope="module")
def picture():
    return pictures.decode(JPEG)


def test_a_smiling_face_is_found_and_measured(landmarker, picture):
    seen = landmarker.look(picture)
    assert set(seen.blendshapes) == set(COEFFICIENTS)
    assert seen.blendshapes["mouthSmileLeft"] > 0.7 and seen.blendshapes["mouthSmileRight"] > 0.7
    assert seen.blendshapes["eyeBlinkLeft"] < 0.3 and seen.blendshapes["jawOpen"] < 0.2
    assert max(map(abs, seen.turn)) < 15
    nose, chin = seen.landmarks[1], seen.landmarks[152]
    assert 0 < nose[0] < 320 and nose[1] < chin[1] < 240 and nose[2] < chin[2]


def test_left_is_the_persons_left(landmarker, picture):
    turned, mirrored = landmarker.look(picture), landmarker.look(np.ascontiguousarray(picture[:, ::-1]))
    assert mirrored.turn[1] == pytest.approx(-turned.turn[1], abs=3)
    assert mirrored.turn[2] == pytest.approx(-turned.turn[2], abs=3)
    right_eye, left_eye = turned.landmarks[33], turned.landmarks[263]
    assert right_eye[0] < left_eye[0]


def test_a_head_that_leans_is_still_read(landmarker, picture):
    upright = landmarker.look(picture)
    leaning = landmarker.look(np.asarray(Image.fromarray(picture).rotate(-20, Image.Resampling.BILINEAR)))
    assert leaning.turn[2] - upright.turn[2] == pytest.approx(20, abs=3)
    assert leaning.blendshapes["mouthSmileLeft"] == pytest.approx(upright.blendshapes["mouthSmileLeft"], abs=0.2)


def test_where_there_is_no_face_none_is_seen(landmarker):
    assert landmarker.look(np.full((240, 320, 3), 128, np.uint8)) is None
    noise = np.random.default_rng(1).integers(0, 256, (240, 320, 3)).astype(np.uint8)
    assert landmarker.look(noise) is None
    assert measure.sight(None, 40) == Sight(40, present=False)


@pytest.mark.parametrize("wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_what_is_no_picture_is_refused(landmarker, wrong):
    with pytest.raises(ValueError, match=r"uint8 \(h, w, 3\)"):
        landmarker.look(wrong)


def test_a_sight_says_where_eyes_and_head_point():
    shapes = dict.fromkeys(COEFFICIENTS, 0.0) | {"eyeLookOutLeft": 0.8, "eyeLookInRight": 0.8, "eyeLookDownLeft": 0.2}
    shapes |= {"eyeLookDownRight": 0.2, "mouthSmileLeft": 0.5, "mouthSmileRight": 0.7, "browDownLeft": 0.4}
    sight = measure.sight(Seen(shapes, (1.0, 2.0, 3.0), np.zeros((478, 3))), 250)
    assert sight.gaze == pytest.approx((24.0, 6.0))
    assert sight.turn == (1.0, 2.0, 3.0) and sight.at_ms == 250 and sight.present
    assert sight.smile == pytest.approx(0.6) and sight.brows_down == pytest.approx(0.2)


# -- pictures from a browser ------------------------------------------------


def _jpeg(size, form="JPEG"):
    out = io.BytesIO()
    Image.new("RGB", size, "grey").save(out, form)
    return out.getvalue()


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (b"", "not a JPEG"),
        (b"\xff\xd8\xff\xe0 and then nothing", "not a JPEG"),
        (JPEG[:3000], "not a JPEG"),
        (_jpeg((320, 240), "PNG"), "not a JPEG"),
        (_jpeg((1280, 720)), "more than 640"),
        (JPEG + bytes(PICTURE_BYTES), "more than 65536"),
    ],
)
def test_a_picture_that_cannot_be_one_is_refused_with_a_reason(given, what):
    with pytest.raises(pictures.PictureError, match=what):
        pictures.decode(given)


def test_a_sight_survives_its_message():
    sight = Sight(90, True, (1.5, -20.0, 0.5), (3.0, -4.0), 0.1, 0.2, 0.3, 0.4)
    assert message.parse({"t": "sight", **message.fields(sight)}, 90) == sight


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("present", 1),
        ("turn", [0, 0]),
        ("turn", [0, 0, "left"]),
        ("turn", [0, 0, float("nan")]),
        ("gaze", [0, 400]),
        ("smile", None),
        ("blink", 2),
        ("brows_up", True),
    ],
)
def test_a_message_that_is_no_sight_names_the_field(field, value):
    good = message.fields(Sight(0, True))
    with pytest.raises(ValueError, match=f"sight.{field}"):
        message.parse(good | {field: value}, 0)


# -- the worker -------------------------------------------------------------


class Wire:
    def __init__(self):
        self.sent = []

    def send(self, t, **fields):
        self.sent.append((t, fields))


class SlowEyes:
    """Looks at one picture at a time, each when it is let."""

    def __init__(self):
        self.lane, self.begun, self.looked, self.let = Lane("eyes"), [], [], threading.Semaphore(0)

    def look(self, jpeg):
        self.begun.append(jpeg)
        self.let.acquire(timeout=5)
        self.looked.append(jpeg)
        if jpeg == b"broken":
            raise pictures.PictureError("the picture is not a JPEG")
        return Sight(0, present=True)


@pytest.fixture
def slow():
    eyes = SlowEyes()
    yield eyes
    eyes.let.release(100)
    eyes.lane.close()


async def _until(holds):
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.005)


ON, OFF = {"voice": False, "face": True}, {"voice": True, "face": False}


async def test_the_newest_picture_is_looked_at_and_those_before_it_are_dropped(slow):
    wire = Wire()
    seeing = Seeing(wire, {"sense": ON}, lambda: slow)
    seeing.frames["C"](b"first")
    await _until(lambda: slow.begun)
    for picture in (b"second", b"third", b"fourth"):
        seeing.frames["C"](picture)
    slow.let.release(4)
    await _until(lambda: len(wire.sent) == 2)
    assert slow.looked == [b"first", b"fourth"]
    assert wire.sent[0] == ("sight", message.fields(Sight(0, present=True)))
    await seeing.close()


async def test_nothing_is_looked_at_while_seeing_is_off(slow):
    wire = Wire()
    seeing = Seeing(wire, {"sense": OFF}, lambda: slow)
    slow.let.release(9)
    seeing.frames["C"](b"unwanted")
    seeing.messages["sense"]({"t": "sense", **ON})
    seeing.frames["C"](b"wanted")
    await _until(lambda: wire.sent)
    seeing.messages["sense"]({"t": "sense", **OFF})
    seeing.frames["C"](b"unwanted again")
    await asyncio.sleep(0.02)
    assert slow.looked == [b"wanted"] and len(wire.sent) == 1
    await seeing.close()


async def test_a_picture_under_way_when_seeing_is_switched_off_says_nothing(slow):
    wire = Wire()
    seeing = Seeing(wire, {"sense": ON}, lambda: slow)
    seeing.frames["C"](b"last")
    await _until(lambda: slow.begun)
    seeing.messages["sense"]({"t": "sense", **OFF})
    slow.let.release()
    await _until(lambda: slow.looked)
    await asyncio.sleep(0.02)
    assert wire.sent == []
    await seeing.close()


async def test_a_broken_picture_is_passed_over(slow):
    wire = Wire()
    seeing = Seeing(wire, {"sense": ON}, lambda: slow)
    slow.let.release(2)
    seeing.frames["C"](b"broken")
    await _until(lambda: slow.looked)
    seeing.frames["C"](b"whole")
    await _until(lambda: wire.sent)
    assert slow.looked == [b"broken", b"whole"]
    await seeing.close()


async def test_a_worker_without_the_landmarker_looks_at_nothing_and_goes_on():
    wire, asked = Wire(), []

    def missing():
        asked.append(1)
        raise WeightsError("The package is not installed.")

    seeing = Seeing(wire, {"sense": ON}, missing)
    for _ in range(3):
        seeing.frames["C"](b"picture")
        await asyncio.sleep(0.05)
    assert len(asked) == 1 and wire.sent == []
    await seeing.close()


async def test_a_lease_that_never_senses_has_no_eyes():
    assert capabilities._eyes(None, Wire(), {"voice": "hibari"}) is None
    assert capabilities._eyes(None, Wire(), {"voice": "hibari", "sense": None}) is None


async def test_a_real_picture_becomes_a_sight(landmarker):
    wire, eyes = Wire(), Eyes(landmarker, Lane("eyes"))
    seeing = Seeing(wire, {"sense": ON}, lambda: eyes)
    seeing.frames["C"](JPEG)
    await _until(lambda: wire.sent)
    sight = message.parse(wire.sent[0][1], 1000)
    assert sight.present and sight.smile > 0.7
    assert dataclasses.replace(sight, at_ms=0) != Sight(0, present=True)
    await seeing.close()
    eyes.lane.close()
