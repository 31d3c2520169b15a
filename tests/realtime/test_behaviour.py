"""What a face does: the engine in virtual time."""

import random

import numpy as np
import pytest

from realtime.rendering.behaviour.ahead import Ahead
from realtime.rendering.behaviour.blinks import Blinks, lid
from realtime.rendering.behaviour.engine import FASTEST, FASTEST_SHIFT, FASTEST_TURN, Engine
from realtime.rendering.behaviour.events import (
    EMOTIONS,
    STATES,
    Floor,
    Hush,
    LearnerPauses,
    LearnerSpeaks,
    Mood,
    Speak,
)
from realtime.rendering.behaviour.mouth import Movement
from realtime.rendering.behaviour.units import PLACE
from realtime.rendering.codec import encode
from realtime.rendering.frames import RATE

NAMES = ("jawOpen", "mouthClose", "mouthPressLeft", "mouthPressRight")
AMA = Movement.read(  # "ama": open, shut for 80 ms, open, done
    NAMES,
    (0, 100, 200, 280, 400, 500),
    ((0, 0, 0, 0), (0.5, 0, 0, 0), (0.02, 0.02, 0.5, 0.5), (0.02, 0.02, 0.5, 0.5), (0.5, 0, 0, 0), (0, 0, 0, 0)),
    ((100, 0.5),),
)
LONG = Movement.read(
    ("jawOpen",),
    range(0, 4001, 200),
    [[0.5 * (at % 2)] for at in range(21)],
    [(at, 0.8) for at in range(200, 4000, 600)],
)


def live(seed=0, seconds=10.0, events=()):
    engine = Engine(seed)
    for at_ms, event in events:
        engine.tell(event, at_ms)
    return [engine.frame() for _ in range(round(seconds * RATE))]


def track(frames, name):
    return np.array([frame.coefficients[PLACE[name]] for frame in frames])


def gaze(frames):
    """How far beside the learner's face she looks, degrees."""
    yaw = (track(frames, "eyeLookOutLeft") - track(frames, "eyeLookInLeft")) * 30 + [frame.turn[1] for frame in frames]
    down = (track(frames, "eyeLookDownLeft") - track(frames, "eyeLookUpLeft")) * 30 + [
        frame.turn[0] for frame in frames
    ]
    return np.hypot(yaw, down)


def blinks(seed, minutes, state="listening"):
    lids = Blinks(seed, 0.0)
    shut = np.array([lids.at(at * 1000 / RATE, state) for at in range(minutes * 60 * RATE)]) > 0.5
    return np.flatnonzero(shut[1:] & ~shut[:-1]) * 1000 / RATE


def wild(seed, seconds):
    """Any events in any order."""
    chance, at, events = random.Random(seed), 0.0, []
    while at < seconds * 1000:
        at += chance.choice((5, 40, 300, 2500))
        makes = (
            lambda: Floor(chance.choice(STATES)),
            lambda: Mood(chance.choice(EMOTIONS)),
            lambda: Speak(chance.choice((AMA, LONG)), chance.random() < 0.5, chance.choice((0, 0, 270))),
            Hush,
            LearnerSpeaks,
            LearnerPauses,
        )
        events.append((at, chance.choice(makes)()))
    return events


def test_the_same_seed_and_the_same_events_give_the_same_bytes():
    def run(seed):
        return b"".join(encode([frame]) for frame in live(seed, 20, wild(3, 20)))

    assert run(5) == run(5)
    assert run(5) != run(6)


@pytest.mark.parametrize("seed", range(8))
def test_nothing_jumps_whatever_happens(seed):
    frames = live(seed, 40, wild(seed, 40))
    values = np.array([frame.coefficients for frame in frames])
    assert values.min() >= 0 and values.max() <= 1
    assert (np.abs(np.diff(values, axis=0)) <= FASTEST / RATE + 1e-5).all()
    turns, shifts = (np.array([getattr(frame, part) for frame in frames]) for part in ("turn", "shift"))
    assert np.abs(np.diff(turns, axis=0)).max() <= FASTEST_TURN / RATE + 1e-6
    assert np.abs(np.diff(shifts, axis=0)).max() <= FASTEST_SHIFT / RATE + 1e-9
    assert np.abs(turns).max() < 20 and np.abs(shifts).max() < 0.04


def test_the_bounds_are_for_what_is_rare_and_a_calm_face_stays_far_below_them():
    frames = live(4, 60, [(0, Floor("hearing")), (30_000, Floor("listening"))])
    values = np.array([frame.coefficients for frame in frames])
    brows = [place for name, place in PLACE.items() if name.startswith("brow")]
    assert np.abs(np.diff(values[:, brows], axis=0)).max() < 0.06
    assert np.abs(np.diff([frame.turn for frame in frames], axis=0)).max() < 0.8


@pytest.mark.parametrize(
    ("state", "low", "high"), [("listening", 12, 20), ("hearing", 11, 20), ("thinking", 14, 28), ("speaking", 15, 28)]
)
def test_she_blinks_at_human_rates(state, low, high):
    for seed in (1, 2, 3):
        assert low <= len(blinks(seed, 10, state)) / 10 <= high


def test_blinks_come_unevenly_some_of_them_double_never_in_a_long_stare():
    gaps = np.diff(blinks(7, 20))
    assert gaps.std() / gaps.mean() > 0.4
    assert gaps.min() < 500
    assert gaps.max() < 13_000


def test_lids_shut_fully_and_open_again_within_a_third_of_a_second():
    assert lid(-1) == 0 and lid(90) == 1 and lid(310) == 0
    frames = live(3, 30)
    assert track(frames, "eyeBlinkLeft").max() > 0.9


@pytest.mark.parametrize(
    ("state", "low", "high"), [("hearing", 0.78, 0.97), ("speaking", 0.5, 0.85), ("thinking", 0.1, 0.6)]
)
def test_who_listens_looks_at_the_learner_who_speaks_less_and_who_thinks_looks_away(state, low, high):
    shares = [(gaze(live(seed, 120, [(0, Floor(state))])) < 4).mean() for seed in (1, 2, 3)]
    assert low < np.mean(shares) < high


def test_the_gaze_leaves_as_she_begins_to_think_and_is_back_when_she_has_asked():
    away, back = 0, 0
    for seed in range(20):
        events = [
            (3000, Floor("thinking")),
            (5000, Floor("speaking")),
            (5000, Speak(LONG, asks=True)),
            (9000, Floor("listening")),
        ]
        far = gaze(live(seed, 10, events))
        away += far[round(3.4 * RATE) : round(3.9 * RATE)].mean() > 5
        back += far[round(8.7 * RATE) : round(9.6 * RATE)].mean() < 3
    assert away >= 17 and back >= 18


def test_eyes_jump_in_saccades_and_hold_in_between():
    speed = np.abs(np.diff(track(live(2, 60, [(0, Floor("speaking"))]), "eyeLookOutLeft"))) * 30 * RATE
    assert speed.max() > 100  # degrees a second
    assert np.median(speed) < 8


def test_the_eyes_hold_their_aim_while_the_head_nods_under_them():
    frames = live(8, 6, [(0, Floor("hearing")), (100, LearnerSpeaks()), (3000, LearnerPauses())])
    pitch = np.array([frame.turn[0] for frame in frames[round(3.0 * RATE) : round(3.7 * RATE)]])
    aim = gaze(frames)[round(3.0 * RATE) : round(3.7 * RATE)]
    assert np.ptp(pitch) > 1.2
    assert np.median(aim) < 2


def test_she_nods_where_the_learner_pauses_and_not_in_the_middle():
    nodded = 0
    for seed in range(20):
        frames = live(seed, 7, [(0, Floor("hearing")), (500, LearnerSpeaks()), (4000, LearnerPauses())])
        pitch = np.array([frame.turn[0] for frame in frames])
        before, after = pitch[: 4 * RATE], pitch[4 * RATE : round(4.8 * RATE)]
        assert before.max() < 3.2
        nodded += after.max() - pitch[4 * RATE] > 1.2
    assert 11 <= nodded <= 19


def test_a_word_or_a_cough_is_nothing_to_nod_at():
    told = [(0, Floor("hearing")), (500, LearnerSpeaks()), (1000, LearnerPauses())]
    spoken, quiet = live(1, 2.2, told), live(1, 2.2, told[:1])
    assert np.allclose([frame.turn for frame in spoken], [frame.turn for frame in quiet])


def test_a_pause_that_is_held_open_gets_patience_once():
    held = live(2, 9, [(0, Floor("hearing")), (200, LearnerSpeaks()), (700, LearnerPauses())])
    went_on = live(2, 9, [(0, Floor("hearing")), (200, LearnerSpeaks())])
    lift = track(held, "browOuterUpLeft") - track(went_on, "browOuterUpLeft")
    assert lift[: 2 * RATE].max() < 0.01
    assert lift[2 * RATE : 4 * RATE].max() > 0.15
    assert np.abs(lift[5 * RATE :]).max() < 0.01


def test_she_leans_in_to_hear_and_nearer_the_longer_it_takes():
    lean = np.array([frame.shift[2] for frame in live(1, 12, [(2000, Floor("hearing"))])])
    assert lean[4 * RATE] > lean[2 * RATE] + 0.009
    assert lean[11 * RATE] > lean[4 * RATE] + 0.004


def test_she_breathes_twelve_to_eighteen_times_a_minute_and_in_before_she_speaks():
    rise = np.array([frame.shift[1] for frame in live(1, 180)])
    breaths = np.sum((rise[1:] > 0) & (rise[:-1] <= 0)) / 3
    assert 12 <= breaths <= 18
    for seed in range(10):
        events = [(5000, Floor("thinking")), (6000, Mood("firm")), (7200, Floor("speaking"))]
        assert max(frame.shift[1] for frame in live(seed, 8, events)[6 * RATE :]) > 0.0008


@pytest.mark.parametrize(
    ("emotion", "shown"),
    [
        ("encouraging", "mouthSmileLeft"),
        ("concerned", "browInnerUp"),
        ("firm", "browDownLeft"),
        ("doubtful", "browOuterUpLeft"),
    ],
)
def test_a_mood_comes_within_a_second_is_strongest_at_first_and_fades(emotion, shown):
    frames = live(1, 40, [(2000, Mood(emotion))])
    value = track(frames, shown)
    rest = value[: 2 * RATE].mean()
    peak = value[2 * RATE : 4 * RATE].max()
    assert value[round(2.08 * RATE)] < rest + 0.4 * (peak - rest) < value[round(2.7 * RATE)]
    assert peak > rest + 0.35
    later = np.median(value[30 * RATE :])
    assert rest + 0.1 < later < rest + 0.65 * (peak - rest)


def test_no_face_is_quite_still_there_are_micro_expressions():
    still = np.array([frame.coefficients for frame in live(5, 120)])
    watched = [
        PLACE[name] for name in ("browInnerUp", "mouthPressLeft", "mouthDimpleLeft", "mouthDimpleRight", "browDownLeft")
    ]
    flashes = (still[:, watched] - np.median(still[:, watched], axis=0)).max(axis=1) > 0.07
    lengths = np.diff(np.flatnonzero(np.diff(np.concatenate([[0], flashes.astype(int), [0]]))))[::2] * 1000 / RATE
    assert 3 <= len(lengths) <= 25
    assert lengths.max() <= 500


def test_stress_moves_head_and_brows_and_a_question_lifts_the_brows_at_its_end():
    moved = lifted = asked = 0.0
    for seed in range(10):
        silent, spoken, question = (
            live(seed, 6, [(0, Floor("speaking")), *said])
            for said in ((), [(1000, Speak(LONG))], [(1000, Speak(LONG, asks=True))])
        )
        moved += np.ptp([a.turn[0] - b.turn[0] for a, b in zip(spoken, silent, strict=True)])
        lifted += (track(spoken, "browOuterUpLeft") - track(silent, "browOuterUpLeft")).max()
        asked += (track(question, "browOuterUpLeft") - track(silent, "browOuterUpLeft"))[
            round(4.6 * RATE) : 5 * RATE
        ].max()
    assert moved / 10 > 1 and lifted / 10 > 0.1 and asked / 10 > 0.2


def test_a_stress_on_the_very_first_syllable_does_not_jerk_the_head():
    early = Movement.read(("jawOpen",), (0, 100, 400, 500), ((0,), (0.5,), (0.5,), (0,)), ((0, 1), (20, 1)))
    for seed in range(12):
        turns = np.array([frame.turn for frame in live(seed, 2, [(0, Floor("thinking")), (1000, Speak(early))])])
        assert np.abs(np.diff(turns, n=2, axis=0))[38:50].max() < 0.3


def test_the_mouth_says_what_the_key_frames_say():
    frames = live(1, 3, [(1000, Speak(AMA))])
    jaw, press = track(frames, "jawOpen"), track(frames, "mouthPressLeft")
    assert jaw[:40].max() == 0
    assert jaw[44] == pytest.approx(0.5, abs=0.06)
    assert jaw[48:51].min() < 0.03 and press[49:51].min() > 0.45
    assert jaw[62:].max() == 0


def test_a_sentence_that_is_hushed_closes_the_mouth_smoothly_and_goes_on_where_it_stopped():
    frames = live(1, 4, [(1000, Speak(LONG)), (1200, Hush()), (2000, Speak(LONG, since_ms=200))])
    jaw = track(frames, "jawOpen")
    assert jaw[47] > 0.4
    assert jaw[54:80].max() < 0.01
    assert jaw[82:96] == pytest.approx([LONG.at(25 * step + 250)[PLACE["jawOpen"]] for step in range(14)], abs=0.06)


def test_a_smile_gives_way_to_lips_that_speak():
    frames = live(3, 5, [(0, Mood("encouraging")), (3000, Speak(LONG))])
    smile = track(frames, "mouthSmileLeft")
    assert smile[round(3.8 * RATE)] < 0.5 * smile[round(2.9 * RATE)]


def test_frames_that_were_ahead_are_replaced_from_the_event_on_as_if_it_had_been_known():
    ahead, known = Ahead(Engine(4)), Engine(4)
    yielded = {frame.at_ms: frame for frame in ahead.until(1000)}
    for event, at in ((Speak(AMA), 880.0), (Hush(), 912.0)):
        known.tell(event, at)
        again = ahead.tell(event, at)
        assert again[0].at_ms >= at and again[-1].at_ms == 975
        yielded |= {frame.at_ms: frame for frame in again}
    yielded |= {frame.at_ms: frame for frame in ahead.until(2000)}
    assert [encode([frame]) for frame in yielded.values()] == [encode([known.frame()]) for _ in range(80)]


def test_an_event_ahead_of_every_frame_replaces_none():
    ahead = Ahead(Engine(4))
    ahead.until(500)
    assert ahead.tell(Speak(AMA), 600) == []


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("names", {"names": ["nose"]}),
        ("names", {"names": ["jawOpen", "jawOpen"]}),
        ("times", {"times": [0, 5, 5]}),
        ("times", {"times": [0, 1, "x"]}),
        ("times", {"times": [-1, 0, 1]}),
        ("times", {"times": [0, 1, float("nan")]}),
        ("values", {"values": [[0.1]]}),
        ("values", {"values": [[0.1], [0.2], [float("inf")]]}),
        ("values", {"values": [[0.1], [0.2], [0.1, 0.2]]}),
        ("beats", {"beats": [[1, 2, 3]]}),
        ("beats", {"beats": [[-1, 0.5]]}),
    ],
)
def test_lips_that_are_none_are_refused_by_the_name_of_the_field(field, wrong):
    given = {"names": ["jawOpen"], "times": [0, 1, 2], "values": [[0], [1], [0]], **wrong}
    with pytest.raises(ValueError, match=f"^{field}:"):
        Movement.read(**given)


def test_a_mood_or_a_state_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="emotion"):
        Mood("furious")
    with pytest.raises(ValueError, match="state"):
        Floor("asleep")
