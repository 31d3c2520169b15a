"""A face's frames as bytes and back."""

import numpy as np
import pytest

from realtime.rendering.codec import MOST, CodecError, decode, encode, unpack
from realtime.rendering.frames import COEFFICIENTS, Frame


def frames(count=4, seed=0, moving=0.2, first=1000):
    random = np.random.default_rng(seed)
    value = random.random(len(COEFFICIENTS)) * (random.random(len(COEFFICIENTS)) < 0.6)
    made = []
    for at in range(count):
        value = np.clip(value + (random.random(len(COEFFICIENTS)) - 0.5) * moving * (value > 0), 0, 1)
        turn, shift = random.normal(0, 8, 3), random.normal(0, 0.01, 3)
        made.append(Frame(first + 25.0 * at, value.astype(np.float32), tuple(turn), tuple(shift)))
    return made


@pytest.mark.parametrize("moving", [0, 0.02, 0.2, 2])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, MOST])
def test_what_is_read_is_what_was_written_to_the_finest_step(count, moving):
    sent = frames(count, seed=count, moving=moving)
    got = decode(encode(sent))
    assert [frame.at_ms for frame in got] == [frame.at_ms for frame in sent]
    for before, after in zip(sent, got, strict=True):
        assert after.coefficients.dtype == np.float32
        assert np.abs(before.coefficients - after.coefficients).max() <= 0.5 / 255 + 1e-6
        assert np.abs(np.subtract(before.turn, after.turn)).max() <= 0.0101
        assert np.abs(np.subtract(before.shift, after.shift)).max() <= 0.0000251


def test_a_packet_may_say_when_it_is_due_in_rtp_time():
    assert unpack(encode(frames(), rtp=2**32 - 1)).rtp == 2**32 - 1
    assert unpack(encode(frames())).rtp is None


def test_a_packet_has_a_serial_number_that_begins_again():
    assert [unpack(encode(frames(), serial=number)).serial for number in (0, 65_535, 65_536)] == [0, 65_535, 0]


def test_a_face_at_rest_costs_next_to_nothing():
    rest = [Frame(25.0 * at, np.zeros(len(COEFFICIENTS), np.float32)) for at in range(4)]
    assert len(encode(rest, rtp=5)) == 28


@pytest.mark.parametrize(
    ("spoilt", "field"),
    [
        (lambda packet: b"", "head"),
        (lambda packet: b"\x00" + packet[1:], "format"),
        (lambda packet: packet[:1] + b"\x07" + packet[2:], "flags"),
        (lambda packet: packet[:2] + b"\x00" + packet[3:], "frames"),
        (lambda packet: packet[:2] + b"\xff" + packet[3:], "frames"),
        (lambda packet: packet[:11], "rtp"),
        (lambda packet: packet[:18], "modes"),
        (lambda packet: packet[:27] + bytes([packet[27] | 1]) + packet[28:], "modes"),
        (lambda packet: packet[:-1], "z"),
        (lambda packet: packet + b"\x00", "end"),
    ],
)
def test_what_is_no_packet_is_refused_by_the_name_of_the_field(spoilt, field):
    with pytest.raises(CodecError, match=f"^{field}:"):
        decode(spoilt(encode(frames(), rtp=7)))


def test_no_bytes_however_wild_do_anything_but_decode_or_be_refused():
    random, good = np.random.default_rng(1), encode(frames(5), rtp=7)
    for _ in range(3000):
        wild = bytearray(good)
        for _ in range(random.integers(1, 6)):
            wild[random.integers(len(wild))] = random.integers(256)
        try:
            got = decode(bytes(wild[: random.integers(len(wild) + 1)]))
        except CodecError:
            continue
        assert all(np.isfinite(frame.coefficients).all() for frame in got)
        assert all(frame.coefficients.min() >= 0 and frame.coefficients.max() <= 1 for frame in got)


def test_what_cannot_be_a_face_is_not_sent():
    for wrong in ([], frames(MOST + 1), [frames()[0], frames()[2]]):
        with pytest.raises(ValueError, match="frames"):
            encode(wrong)
    with pytest.raises(ValueError, match="face clock"):
        encode(frames(first=-1000))
    with pytest.raises(ValueError, match="not a number"):
        encode([Frame(0.0, np.full(len(COEFFICIENTS), np.nan, np.float32))])
