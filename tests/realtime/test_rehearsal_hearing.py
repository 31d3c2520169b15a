"""What is measured from the persona's sound."""

import numpy as np
import pytest

from realtime.rehearsal.hearing import Ear, Onset, Stopwatch

RATE = 48_000
FRAME = RATE // 50


def tone(seconds, level=0.1):
    return (level * 32767 * np.sin(2 * np.pi * 220 * np.arange(round(seconds * RATE)) / RATE)).astype(np.int16)


def silence(seconds):
    # A decoded Opus stream of silence is not exactly zero.
    return np.random.default_rng(7).integers(-3, 4, round(seconds * RATE)).astype(np.int16)


def listen(sound, began=100.0):
    """The onsets heard in a sound that arrives in frames of 20 ms, in seconds from its beginning."""
    heard = []
    ear = Ear(lambda onset: heard.append(onset.at - began))
    for start in range(0, len(sound), FRAME):
        ear.frame(sound[start : start + FRAME], RATE, began + start / RATE)
    return heard, ear


def test_the_first_sound_is_found_to_five_milliseconds():
    heard, _ = listen(np.concatenate([silence(0.733), tone(0.5)]))
    assert heard == [pytest.approx(0.733, abs=0.005)]


def test_a_breath_between_words_is_no_new_beginning_and_a_pause_is():
    heard, _ = listen(np.concatenate([tone(0.4), silence(0.2), tone(0.4), silence(0.4), tone(0.2)]))
    assert heard == [pytest.approx(0.0, abs=0.005), pytest.approx(1.4, abs=0.005)]


def test_the_longest_silence_is_that_within_a_turn_and_not_the_one_before_it():
    _, ear = listen(np.concatenate([silence(0.5), tone(0.4), silence(0.6), tone(0.4), silence(0.2), tone(0.2)]))
    assert ear.take_silence() == pytest.approx(600, abs=10)
    for start in range(0, 3 * RATE, FRAME):
        ear.frame(tone(0.02) if start >= 2 * RATE else silence(0.02), RATE, 110.0 + start / RATE)
    assert ear.take_silence() < 50


def test_comfort_noise_is_silence():
    heard, ear = listen(silence(1.0))
    assert heard == []
    assert ear.silent_for(101.0) == float("inf")


def test_silence_is_counted_from_the_last_sound():
    _, ear = listen(np.concatenate([tone(0.5), silence(0.5)]))
    assert ear.silent_for(101.0) == pytest.approx(0.5, abs=0.005)


def test_the_answer_is_timed_from_the_end_of_the_learners_speech_once():
    watch = Stopwatch()
    watch.learner_begins()
    watch.learner_ends(10.0)
    watch.persona_begins(Onset(10.84))
    watch.persona_begins(Onset(12.0))  # its second sentence
    assert watch.take() == 840
    assert watch.take() is None
    assert watch.interruptions == 0


def test_a_persona_that_begins_in_the_learners_pause_has_interrupted():
    watch = Stopwatch()
    watch.learner_begins()
    watch.persona_begins(Onset(5.0))
    watch.learner_ends(6.0)
    watch.persona_begins(Onset(7.2))
    assert watch.interruptions == 1
    assert watch.take() == 1200


def test_what_the_persona_says_unasked_has_no_time():
    watch = Stopwatch()
    watch.persona_begins(Onset(1.0))
    assert watch.take() is None


def test_a_time_that_no_turn_took_is_forgotten_when_the_learner_speaks_again():
    watch = Stopwatch()
    watch.learner_begins()
    watch.learner_ends(1.0)
    watch.persona_begins(Onset(2.0))
    watch.learner_begins()
    assert watch.take() is None
