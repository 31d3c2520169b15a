"""The face in the conversation's process, in virtual time."""

import asyncio

import pytest

from realtime.rendering.behaviour.events import Hush, Speak
from realtime.rendering.behaviour.mouth import Movement
from realtime.rendering.behaviour.units import PLACE
from realtime.transport.face import Face

pytestmark = pytest.mark.looptime

WIDE = Movement.read(("jawOpen",), (0, 100, 900, 1000), ((0,), (0.6,), (0.6,), (0,)))


class Screen:
    """What a renderer has: the newest frame for each time."""

    def __init__(self):
        self.packets, self.frames = [], {}
        self.began = asyncio.get_running_loop().time()

    def take(self, frames):
        self.packets.append((asyncio.get_running_loop().time() - self.began, frames))
        self.frames |= {frame.at_ms: frame for frame in frames}

    def jaw(self, at_ms):
        return self.frames[at_ms].coefficients[PLACE["jawOpen"]]


async def test_frames_come_ten_times_a_second_a_tenth_of_a_second_ahead_and_without_a_gap():
    screen = Screen()
    face = Face(1, screen.take)
    await asyncio.sleep(5)
    face.close()
    assert 48 <= len(screen.packets) <= 52
    assert sorted(screen.frames) == [25.0 * at for at in range(len(screen.frames))]
    for at, frames in screen.packets[1:]:
        assert at * 1000 + 100 <= frames[0].at_ms + 1 and frames[-1].at_ms <= at * 1000 + 225


async def test_a_sentence_is_on_the_face_from_its_first_sample_though_frames_had_gone_ahead():
    screen = Screen()
    face = Face(1, screen.take)
    await asyncio.sleep(1.03)
    packets = len(screen.packets)
    face.show(Speak(WIDE), face.when(1012))
    assert len(screen.packets) == packets + 1
    assert screen.jaw(1000) == 0 and screen.jaw(1100) > 0.3
    await asyncio.sleep(0.4)
    face.show(Hush())
    assert screen.jaw(1425) > 0.3 and screen.jaw(1575) < 0.02
    face.close()


async def test_a_process_that_was_held_up_gives_the_sentence_the_lips_that_it_should_have_had():
    screen, on_time = Screen(), Screen()
    face, other = Face(1, screen.take), Face(1, on_time.take)
    await asyncio.sleep(1.5)
    other.show(Speak(WIDE), other.when(1500))
    await asyncio.sleep(1)
    face.show(Speak(WIDE), face.when(1500))
    assert [screen.jaw(at) for at in (1600, 1900, 2300)] == [on_time.jaw(at) for at in (1600, 1900, 2300)]
    face.close()
    other.close()


async def test_an_event_with_a_time_that_cannot_be_is_taken_for_now():
    screen = Screen()
    face = Face(1, screen.take)
    await asyncio.sleep(1)
    face.show(Speak(WIDE), -1e9)
    face.show(Speak(WIDE), 1e9)
    await asyncio.sleep(1)
    assert screen.jaw(1450) > 0.3
    face.close()
