"""The second renderer: frames of coefficients in, encoded pictures of the persona out."""

import queue
import time

import av
import numpy as np
import pytest

from realtime.rendering.frames import COEFFICIENTS, Frame

pytest.importorskip("torch", reason="needs requirements-video.txt")
pytest.importorskip("moderngl", reason="needs requirements-video.txt")

from realtime.rendering.video import draw, encode, head, packets
from realtime.rendering.video.deform import Deformer
from realtime.rendering.video.studio import Studio
from realtime.rendering.video.timeline import Timeline


def frame(at_ms=0.0, turn=(0.0, 0.0, 0.0), **coefficients):
    values = np.zeros(len(COEFFICIENTS), np.float32)
    for name, value in coefficients.items():
        values[COEFFICIENTS.index(name)] = value
    return Frame(at_ms, values, turn)


@pytest.fixture(scope="module")
def painter():
    try:
        return draw.Painter()
    except draw.NoRenderer as missing:
        pytest.skip(f"no EGL here: {missing}")


@pytest.fixture(scope="module")
def studio(painter):
    opened = Studio()
    yield opened
    opened.close()


def picture(painter, face, **posed):
    posed = frame(**posed)
    [vertices] = Deformer("cpu").deform([(face, posed.coefficients)])
    shots = [draw.Shot(face, vertices, posed, draw.SIZES[360])]
    painter.draw(shots)
    [planes] = painter.read(shots)
    return av.VideoFrame.from_ndarray(planes, format="yuv420p").to_ndarray(format="rgb24").astype(int)


def test_a_face_is_bent_by_the_sum_of_its_weighted_units():
    face = head.read("maya")
    weights = np.random.default_rng(1).random(len(COEFFICIENTS)).astype(np.float32)
    expected = face.rest.copy()
    expected[face.moving] += np.tensordot(weights, face.deltas, 1)
    [bent] = Deformer("cpu").deform([(face, weights)])
    assert np.abs(bent - expected).max() < 1e-4


def test_faces_of_one_batch_may_be_different_heads_with_different_expressions():
    ruth, maya = head.read("ruth"), head.read("maya")
    smile, still = frame(mouthSmileLeft=1.0).coefficients, frame().coefficients
    together = Deformer("cpu").deform([(ruth, smile), (maya, still), (ruth, still)])
    alone = [Deformer("cpu").deform([face])[0] for face in ((ruth, smile), (maya, still), (ruth, still))]
    assert [bent.shape for bent in together] == [face.rest.shape for face in (ruth, maya, ruth)]
    assert all(np.allclose(one, other, atol=1e-6) for one, other in zip(together, alone, strict=True))


@pytest.mark.parametrize("name", head.names())
def test_every_shipped_head_is_drawn_with_all_its_parts(painter, name):
    face = head.read(name)
    shown = picture(painter, face)
    above, below = shown[2, 2], shown[-3, 320]
    assert above.min() > 200, "the stage behind her is light"
    skin = shown[150:170, 310:330].mean((0, 1))
    assert skin[0] > skin[2] + 15 and 60 < skin[0] < 250, "the middle of the picture is skin"
    assert np.abs(above - below).max() > 30, "her clothes are at the bottom"
    for part in face.parts:
        assert part.name in draw._ORDER


def test_an_open_mouth_a_blink_and_a_turn_are_to_be_seen_where_they_belong(painter):
    face = head.read("maya")
    rest = picture(painter, face)

    def changed(**posed):
        difference = np.abs(picture(painter, face, **posed) - rest).sum(2) > 40
        return np.argwhere(difference).mean(0) if difference.any() else None

    mouth, lids = changed(jawOpen=0.6), changed(eyeBlinkLeft=1.0, eyeBlinkRight=1.0)
    assert mouth[0] > lids[0] + 20, "the mouth is below the eyes"
    assert abs(mouth[1] - 320) < 20
    left_lid = changed(eyeBlinkLeft=1.0)
    assert left_lid[1] > 325, "her left eye is on the picture's right"
    turned = np.abs(picture(painter, face, turn=(0.0, 12.0, 0.0)) - rest).sum(2) > 40
    assert turned.mean() > 0.01


def test_what_was_drawn_before_leaves_no_trace(painter):
    face = head.read("maya")
    first = picture(painter, face)
    picture(painter, head.read("ruth"), jawOpen=1.0, turn=(8.0, -15.0, 5.0))
    assert np.abs(picture(painter, face) - first).max() <= 2


@pytest.mark.parametrize("name", ["../secret", "nobody", "", "a" * 80])
def test_a_face_that_is_not_there_is_refused_by_name(name):
    with pytest.raises(head.HeadError, match="face"):
        head.read(name)


def test_a_file_that_is_no_head_is_refused():
    with pytest.raises(head.HeadError, match="not a head"):
        head.parse("odd", b"glTF" + bytes(40))


def grey(value):
    planes = np.full((540, 640), 128, np.uint8)
    planes[:360] = value
    return planes


@pytest.mark.parametrize("codec", packets.CODECS)
def test_pictures_come_out_one_by_one_and_a_key_picture_when_asked(codec):
    encoder = encode.Encoder(codec, (640, 360), 25)
    pictures = []
    for number in range(12):
        if number == 8:
            encoder.keyframe()
        pictures.append(encoder.encode(grey(40 + 10 * number), 3600 * number))
    assert [place for place, made in enumerate(pictures) if made.key] == [0, 8]
    assert [made.pts for made in pictures] == [3600 * number for number in range(12)]
    decoder = av.CodecContext.create(codec.lower(), "r")
    shown = [shown for made in pictures for shown in decoder.decode(av.Packet(made.data))]
    shown += decoder.decode(None)
    levels = [round(float(decoded.to_ndarray(format="yuv420p")[:360].mean())) for decoded in shown]
    assert levels == pytest.approx([40 + 10 * number for number in range(12)], abs=4)


def test_every_h264_key_picture_says_that_it_is_generated():
    encoder = encode.Encoder("H264", (640, 360), 25)
    first, second = encoder.encode(grey(90), 0), encoder.encode(grey(91), 3600)
    assert b"AI-generated" in first.data
    assert b"AI-generated" not in second.data


@pytest.mark.parametrize("codec", packets.CODECS)
def test_the_bit_rate_follows_what_the_network_bears(codec):
    noise = np.random.default_rng(0)
    encoder = encode.Encoder(codec, (640, 360), 25)
    sizes = []
    for number in range(60):
        if number == 30:
            encoder.bps = 150_000
        moving = noise.integers(100, 140, (540, 640), dtype=np.uint8)
        sizes.append(len(encoder.encode(moving, 3600 * number).data))
    assert sum(sizes[45:60]) < 0.5 * sum(sizes[15:30])


def test_a_packet_survives_the_wire_and_garbage_is_refused_by_field():
    sent = packets.Encoded(2**40, "VP8", True, b"\x01\x02")
    assert packets.unpack(packets.pack(sent)) == sent
    for garbage, field in ((b"", "head"), (bytes(8) + b"\x07\x00x", "codec"), (bytes(8) + b"\x00\x05x", "key")):
        with pytest.raises(packets.PacketError, match=field):
            packets.unpack(garbage)


def packet(first, count=4):
    return [frame(first + 25.0 * number) for number in range(count)]


def drawn(timeline, until, step=5):
    found = []
    for now in range(1000, until, step):
        one = timeline.pop(now)
        if one is not None:
            found.append((now, one.at_ms))
    return found


def test_frames_of_a_packet_are_drawn_one_after_another():
    timeline = Timeline(40)
    timeline.take(packet(500), 1000)
    assert drawn(timeline, 1200) == [(1000, 500), (1025, 525), (1050, 550), (1075, 575)]


def test_half_the_rate_draws_every_other_frame():
    timeline = Timeline(20)
    timeline.take(packet(0, 8), 1000)
    assert [at for _, at in drawn(timeline, 1300)] == [0, 50, 100, 150]


def test_a_newer_packet_replaces_what_was_not_drawn_yet():
    timeline = Timeline(40)
    timeline.take(packet(0), 1000)
    assert timeline.pop(1000).at_ms == 0
    timeline.take([frame(50.0, jawOpen=1.0), frame(75.0, jawOpen=1.0)], 1010)
    shown = [timeline.pop(now) for now in (1025, 1050, 1075)]
    assert [one.at_ms for one in shown] == [25, 50, 75]
    assert [one.coefficients.max() for one in shown] == [0, 1, 1]


def test_a_late_drawer_goes_on_with_the_newest_frame_that_is_due():
    timeline = Timeline(40)
    timeline.take(packet(0), 1000)
    assert timeline.pop(1060).at_ms == 50


def test_a_face_clock_that_begins_anew_is_followed():
    timeline = Timeline(40)
    timeline.take(packet(900_000), 1000)
    assert timeline.pop(1000).at_ms == 900_000
    timeline.take(packet(0), 5000)
    assert timeline.pop(5000).at_ms == 0


def test_a_studio_sends_the_pictures_of_two_faces_that_decode(studio):
    sent = {"maya": queue.Queue(), "ruth": queue.Queue()}
    films = {name: studio.film(name, 360, "H264", pictures.put) for name, pictures in sent.items()}
    decoder = {name: av.CodecContext.create("h264", "r") for name in sent}
    shown = dict.fromkeys(sent, 0)
    for first in range(0, 60_000, 100):
        for film in films.values():
            film.take(packet(first))
        time.sleep(0.1)
        for name, pictures in sent.items():
            while not pictures.empty():
                shown[name] += len(decoder[name].decode(av.Packet(pictures.get().data)))
        if min(shown.values()) >= 3:
            break
    for film in films.values():
        film.close()
    assert min(shown.values()) >= 3


@pytest.mark.parametrize(("face", "height", "field"), [("nobody", 360, "face"), ("maya", 361, "height")])
def test_a_studio_refuses_what_it_cannot_draw(studio, face, height, field):
    with pytest.raises(ValueError, match=field):
        studio.film(face, height, "H264", lambda made: None)
