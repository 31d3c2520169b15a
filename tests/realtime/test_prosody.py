"""What is measured of a voice, on tones that are known and on speech that was changed in a known way."""

import asyncio
from dataclasses import asdict, replace

import numpy as np
import pytest

from realtime.perception.fillers import fillers
from realtime.perception.pitch import pitch, steady
from realtime.perception.prosody import Prosody, contour, prosody
from realtime.perception.protocols import RATE
from realtime.perception.silero import FRAME
from realtime.perception.syllables import levels
from realtime.perception.variants import hesitant, intoned, louder, paced
from realtime.worker.playback import play_in_own_time
from tests.realtime import speech


def glottal(hz, seconds=1.0):
    """Pulses through two resonances, as a vowel has them."""
    source = np.zeros(int(RATE * seconds))
    source[(np.arange(0, seconds, 1 / hz) * RATE).astype(int)] = 1.0
    times = np.arange(400) / RATE
    for formant, width in ((700, 90), (1200, 110)):
        source = np.convolve(source, np.exp(-np.pi * width * times) * np.sin(2 * np.pi * formant * times))
    return (0.3 * source / np.abs(source).max())[: int(RATE * seconds)].astype(np.float32)


def measured(samples):
    stream = speech.engine().models.activity.stream()
    starts = range(0, len(samples) - FRAME + 1, FRAME)
    activity = np.array([stream.probability(samples[start : start + FRAME]) >= 0.35 for start in starts])
    return prosody(contour(samples, activity, FRAME), 0)


@pytest.fixture(scope="module")
def sentence():
    return speech.line("claims-pass", 1)[1]


@pytest.mark.parametrize("hz", [70, 95, 120, 180, 240, 320, 400])
def test_the_pitch_of_a_vowel_is_found_within_two_percent(hz):
    found = pitch(glottal(hz))
    voiced = found[5:-8]
    assert np.isfinite(voiced).mean() > 0.95
    assert abs(np.nanmedian(voiced) / hz - 1) < 0.02


def test_silence_and_hiss_have_no_pitch():
    hiss = np.random.default_rng(0).normal(0, 0.05, RATE).astype(np.float32)
    for sound in (np.zeros(RATE, np.float32), hiss, np.zeros(10, np.float32)):
        assert np.isnan(pitch(sound)).mean() > 0.95 if len(sound) > 160 else not len(pitch(sound))


def test_moments_an_octave_off_and_lonely_ones_are_taken_out():
    track = np.full(60, 120.0)
    track[10:13], track[30:50], track[40] = 240.0, np.nan, 118.0
    found = steady(track)
    assert np.isnan(found[10:13]).all() and np.isnan(found[40]) and np.isfinite(found[:8]).all()


def test_a_level_is_in_decibels_of_full_scale():
    tone = (0.1 * np.sqrt(2) * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.float32)
    assert np.allclose(levels(tone)[10:-10], -20, atol=0.3)


def test_a_flattened_copy_moves_over_fewer_semitones_and_is_as_fast(sentence):
    as_it_was, flat = measured(sentence), measured(intoned(sentence, 0.3))
    assert as_it_was.pitch_range > 5
    assert flat.pitch_range < 0.5 * as_it_was.pitch_range
    assert abs(flat.pitch_hz / as_it_was.pitch_hz - 1) < 0.1
    assert abs(flat.syllables / as_it_was.syllables - 1) < 0.15


def test_a_slowed_copy_has_fewer_syllables_a_second_and_a_hurried_one_more(sentence):
    def pace(heard):
        return heard.syllables / heard.talk_ms

    as_it_was = pace(measured(sentence))
    assert pace(measured(paced(sentence, 0.7))) < 0.85 * as_it_was
    assert pace(measured(paced(sentence, 1.4))) > 1.1 * as_it_was


def test_pauses_are_counted_and_do_not_slow_the_pace(sentence):
    as_it_was, halting = measured(sentence), measured(hesitant(sentence))
    added = (len(hesitant(sentence)) - len(sentence)) * 1000 / RATE
    assert 0.7 * added < halting.pause_ms - as_it_was.pause_ms < 1.2 * added
    assert halting.long_pauses >= 2 > as_it_was.long_pauses
    assert abs(halting.talk_ms / as_it_was.talk_ms - 1) < 0.25


def test_a_quieter_copy_is_so_many_decibels_quieter(sentence):
    assert measured(louder(sentence, -8)).level_db - measured(sentence).level_db == pytest.approx(-8, abs=1)


def test_two_stretches_are_measured_like_one(sentence):
    activity = np.ones(len(sentence) // FRAME, bool)
    half = len(activity) // 2
    parts = (
        contour(sentence[: half * FRAME], activity[:half], FRAME),
        contour(sentence[half * FRAME :], activity, FRAME),
    )
    whole, joined = prosody(contour(sentence, activity, FRAME), 0), prosody(parts[0].then(parts[1]), 0)
    assert abs(whole.syllables - joined.syllables) <= 2
    assert joined.pitch_range == pytest.approx(whole.pitch_range, abs=0.5)


SOME = Prosody(0, 4000, 3600, 400, 0, 16, 2000, 120.0, 6.0, -24.0)


def test_a_measurement_survives_the_wire():
    assert Prosody.read({"t": "prosody", **asdict(SOME)}) == SOME


@pytest.mark.parametrize(
    ("field", "value"), [("talk_ms", "3"), ("talk_ms", 1.5), ("pitch_hz", None), ("level_db", True)]
)
def test_a_bad_field_is_named(field, value):
    with pytest.raises(ValueError, match=rf"prosody\.{field}"):
        Prosody.read({**asdict(SOME), field: value})
    with pytest.raises(ValueError, match=r"prosody\.syllables"):
        Prosody.read({**asdict(SOME), "syllables": 10**12})


def test_fillers_are_counted_among_whole_words():
    assert fillers("Um, I would, uh, umbrella, er, hum it. Hmm.") == 4
    assert fillers("Ähm, also, äh, das ist klar.", "de-DE") == 2
    assert fillers("um um", "xx") == 0


def of(said, t):
    return [message for message in said if message.t == t]


def play(sound, **options):
    return asyncio.run(play_in_own_time(speech.engine(), sound, **options))


@pytest.fixture(scope="module")
def sensed():
    _, samples = speech.line("feedback-pause", 1)
    return play(speech.room(samples)[0], sense_voice=True)


def test_a_turn_is_measured_before_its_words_are_told(sensed):
    kinds = [message.t for message in sensed]
    (transcript,) = of(sensed, "transcript")
    last = Prosody.read(of(sensed, "prosody")[-1].fields)
    assert kinds.index("prosody") < kinds.index("transcript")
    assert last.started_ms == transcript.fields["started_ms"]
    assert abs(last.ended_ms - transcript.fields["ended_ms"]) < 50
    assert last.long_pauses >= 1 and last.syllables > 8 and last.voiced_ms > 1000


def test_what_is_measured_grows_with_the_turn(sensed):
    lengths = [message.fields["talk_ms"] for message in of(sensed, "prosody")]
    assert len(lengths) >= 2 and lengths == sorted(lengths)


def test_without_leave_nothing_is_measured(monkeypatch):
    monkeypatch.setattr("realtime.worker.prosody.contour", lambda *_: pytest.fail("measured"))
    _, samples = speech.line("claims-pass", 5)
    said = play(speech.room(samples)[0])
    assert of(said, "transcript") and not of(said, "prosody")


def test_the_floor_is_held_longer_for_somebody_who_needs_time():
    from realtime.floor.rule import Rule, patient
    from realtime.floor.turn import Floor

    def yielded(floor):
        frames = [floor.hear(1.0) for _ in range(20)]
        for number in range(200):
            for event in floor.hear(0.0):
                name = type(event).__name__
                if name == "Transcribe":
                    floor.transcribed(event.pause, "I would ask.", 1.0)
                elif name == "Judge":
                    floor.judged(event.pause, 0.2)
                elif name == "FloorYielded":
                    return number * 32
        raise AssertionError(frames)

    usual, patiently = Floor(), Floor()
    patiently.patience(600)
    assert 550 <= yielded(patiently) - yielded(usual) <= 650
    assert patient(Rule(), 0) == Rule()
    assert replace(Rule(), least=900, undecided=2100, unfinished=3200) == patient(Rule(), 600)
