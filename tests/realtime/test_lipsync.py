"""What `bench lipsync` and `bench closures` measure with, on signals and gaps that are known."""

import numpy as np
import pytest

from realtime.lipsync.offsets import Signal, lag, moments
from realtime.rendering.frames import Frame
from realtime.rendering.protocols import Phone

EVENTS = [500.0, 1300.0, 2350.0, 3100.0]


def pulses(late=0.0, half=150.0, step=10.0, bend=1.0):
    """Triangles around EVENTS, `late` ms late, seen every `step` ms; `bend` is a renderer's scale."""
    times = np.arange(0.0, 4000.0, step)
    values = sum(np.clip(1 - np.abs(times - late - event) / half, 0, None) for event in EVENTS)
    return Signal(times, values**bend)


def test_a_signal_that_comes_later_is_found_by_how_much():
    sent = pulses()
    came = Signal(pulses(step=16.7).times + 7130, pulses(step=16.7).values)
    found, alike = lag(came, sent, 7000, 7300)
    assert found == pytest.approx(7130, abs=3)
    assert alike > 0.98


@pytest.mark.parametrize("late", [-60.0, 0.0, 35.0])
@pytest.mark.parametrize(("step", "bend"), [(1.0, 1.0), (25.0, 1.0), (25.0, 2.0), (58.0, 1.0)])
def test_a_pulse_has_its_moment_in_its_middle_however_the_scale_is_bent_and_however_rarely_it_is_seen(late, step, bend):
    found = moments(pulses(late, step=step, bend=bend), EVENTS, 0.0)
    assert np.median(found - EVENTS) == pytest.approx(late, abs=step / 4 + 1)


def test_a_pulse_that_is_not_there_has_no_moment():
    still = Signal(np.arange(0.0, 4000.0, 10), np.full(400, 0.2))
    assert np.isnan(moments(still, EVENTS, 0.0)).all()
    assert np.isnan(moments(pulses(), [3990.0], 0.0)).all()


def watched(**noted):
    page = pytest.importorskip("realtime.lipsync.page")
    nothing = {"blocks": [], "poses": [], "ticks": [], "pictures": [], "latency": 0.0, "buffered": 0.0}
    return page.Watched(**nothing | noted)


def test_sound_that_is_taken_two_blocks_at_a_time_is_heard_evenly_and_the_loudspeaker_later():
    at = [1000.0 + 20 * (number // 2) for number in range(400)]
    blocks = [[50 + taken, taken + 0.3, 10.0, float(number), float(number)] for number, taken in enumerate(at)]
    heard = watched(blocks=blocks, latency=30.0).heard()
    assert np.diff(heard.times) == pytest.approx(5.0)
    assert heard.times[0] == pytest.approx(1000.3 + 30 + 2.5)


def test_a_pose_is_seen_in_the_middle_of_the_time_from_the_next_refresh_until_the_pose_after_it():
    ticks = [16.0 * tick for tick in range(8)]
    drawn = watched(poses=[[5.0, 0.1], [50.0, 0.2], [85.0, 0.3]], ticks=ticks).drawn()
    assert drawn.times.tolist() == [(16 + 64) / 2, (64 + 96) / 2]
    assert drawn.values.tolist() == [0.1, 0.2]


def test_the_mouth_is_what_moves_most_in_a_picture_and_opens_upwards():
    open_for = np.array([0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0], float)
    noise = np.random.default_rng(1).normal(0, 1, (12, 16))
    pixels = 120 + noise - 80 * open_for[:, None] * (np.arange(16) % 4 == 0)
    seen = watched(pictures=[[25.0 * at, *row] for at, row in enumerate(pixels)]).video()
    assert seen.values[4:6].min() > seen.values[[0, 1, 2, 3, 6, 7, 8]].max() + 50
    assert seen.times[0] == 12.5


def test_lips_count_as_closed_by_how_near_to_the_sound_the_gap_is_small():
    closures = pytest.importorskip("realtime.rendering.closures")
    away = [-75.0, -50.0, -25.0, 0.0, 25.0, 50.0, 75.0]
    assert closures.closest(away, [0.3, 0.2, 0.1, 0.0, 0.1, 0.2, 0.3], 0.02) == 0
    assert closures.closest(away, [0.3, 0.3, 0.3, 0.2, 0.0, 0.0, 0.3], 0.02) == pytest.approx(23, abs=1)
    assert closures.closest(away, [0.3, 0.3, 0.3, 0.3, 0.3, 0.0, 0.0], 0.02) is None


def test_a_sound_of_lips_that_meet_has_its_middle_frames_and_the_outermost_beside_it():
    closures = pytest.importorskip("realtime.rendering.closures")
    frames = [Frame(25.0 * at, np.zeros(52, np.float32)) for at in range(60)]
    phones = (Phone("ɑ", 0.0, 100.0), Phone("m", 100.0, 160.0), Phone("ɪ", 160.0, 300.0))
    [meeting] = closures.meetings(phones, 505.0, frames)
    assert meeting.away == (-60.0, -35.0, -10.0, 15.0, 40.0, 65.0)
    assert (meeting.middle, meeting.outer) == ((2, 3), (0, 5))
