"""A voice for each persona: what is lowered, what stays, and that everybody who offers one has it."""

import numpy as np
import pytest

from coachtool.activities.brief import Persona
from coachtool.authoring import labels
from realtime.rendering import voices
from realtime.rendering.protocols import RATE
from realtime.rendering.timbre import SPEAKER, Timbre, stretched
from realtime.worker.lanes import Lanes
from realtime.worker.models import Engine, Models
from realtime.worker.voices_benchmark import pitch_of
from tests.coaching.library import LIBRARY, activity
from tests.realtime import speech
from tests.realtime.test_lease import Conversation, Loudness, Melody, Words

SENTENCE = "Please keep the paper by the map, and stop the pump before you speak to Bob."
MEN = ("hibari-tenor", "hibari-bass")


@pytest.fixture(scope="module")
def everyone():
    return voices.loaded()


def vowel(hertz, seconds=1.0):
    """Pulses that ring at 700 Hz, as from a mouth that says one vowel, and their pitch in steps of 12.5 ms."""
    length = int(seconds * RATE)
    pulses = np.zeros(length)
    pulses[:: RATE // hertz] = 1
    ringing = np.arange(480) / RATE
    ring = np.exp(-300 * ringing) * np.sin(2 * np.pi * 700 * ringing)
    return np.convolve(pulses, ring)[:length].astype(np.float32), np.full(round(seconds * 80), hertz, np.float32)


def strongest(samples):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    smooth = np.convolve(spectrum, np.ones(300), "same")
    return int(np.argmax(smooth)) * RATE / len(samples)


def test_pitch_and_resonance_are_lowered_each_by_its_own_measure():
    sound, pitch = vowel(200)
    lower = Timbre(tract=1.2, pitch=0.6).apply(sound, pitch)
    assert len(lower) == round(1.2 * len(sound))
    assert pitch_of(lower) == pytest.approx(120, rel=0.03)
    assert strongest(lower) == pytest.approx(700 / 1.2, rel=0.1)


def test_what_has_no_pitch_is_kept_as_loud():
    hiss = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    lower = Timbre(tract=1.17, pitch=0.6).apply(hiss, np.zeros(80, np.float32))
    assert np.std(lower) == pytest.approx(np.std(hiss), rel=0.25)


def test_the_speaker_herself_is_left_as_she_is():
    sound, pitch = vowel(200, 0.2)
    assert SPEAKER.apply(sound, pitch) is sound


@pytest.mark.parametrize("length", [0, 1, 480])
def test_hardly_any_sound_is_no_trouble(length):
    sound = np.ones(length, np.float32)
    assert len(Timbre(1.2, 0.6).apply(sound, np.full(max(1, length // 300), 200, np.float32))) == round(1.2 * length)
    assert len(stretched(sound, 1.2)) == round(1.2 * length)


def test_men_speak_lower_than_women_and_no_slower(everyone):
    said = {name: voice.speak(SENTENCE) for name, voice in everyone.items()}
    pitch = {name: pitch_of(each.samples) for name, each in said.items()}
    assert 160 < pitch["hibari"] < 240 and 155 < pitch["hibari-alto"] < pitch["hibari"]
    assert 110 < pitch["hibari-tenor"] < 145 and 90 < pitch["hibari-bass"] < pitch["hibari-tenor"] - 8
    usual = said["hibari"].duration_ms
    assert all(each.duration_ms == pytest.approx(usual, rel=0.12) for each in said.values())


@pytest.mark.parametrize("name", MEN)
def test_a_mans_plosives_are_quiet_and_his_vowels_loud_where_the_phoneme_times_say_so(everyone, name):
    said = everyone[name].speak(SENTENCE)

    def level(phone):
        part = said.samples[int(phone.start_ms * RATE / 1000) : int(phone.end_ms * RATE / 1000)].astype(float)
        return np.sqrt(np.mean(np.square(part))) if len(part) else 0.0

    vowels = [level(phone) for phone in said.phones if phone.symbol in tuple("iɪɛæɑʌəuʊɔ")]
    closures = [level(phone) for phone in said.phones if phone.symbol == "p"]
    assert len(closures) >= 6 and np.median(closures) < 0.35 * np.median(vowels)
    starts = [phone.start_ms for phone in said.phones]
    assert starts == sorted(starts) and said.phones[-1].end_ms <= said.duration_ms + 1


@pytest.mark.parametrize("name", [name for name in voices.TIMBRES if name != "hibari"])
def test_every_voice_is_understood(everyone, name):
    for text in (
        "How long have you known about the problem?",
        "Before we begin, I should tell you that I'm not a real person.",
    ):
        sound = speech.resampled(everyone[name].speak(text).samples.astype(np.float32) / 32768, RATE)
        heard = speech.engine().models.recogniser.recognise(sound, language="en").text
        assert speech.word_errors(heard, text) <= 0.1, heard


def test_a_lease_is_served_in_its_personas_voice_and_says_which(everyone):
    models = Models(_Named(), _Named(), _Named(), everyone["hibari"], everyone)
    engine = Engine(models, lanes=None)
    spoken = engine.speaking_as("hibari-bass")
    assert spoken.models.voice is everyone["hibari-bass"]
    assert spoken.models.names["voice"].startswith("hibari-bass ")
    assert engine.models.voice is everyone["hibari"], "other leases keep theirs"


async def test_over_a_lease_the_persona_is_heard_in_the_voice_that_it_begins_with(everyone):
    engine = Engine(Models(Loudness(), Melody(), Words(), everyone["hibari"], everyone), Lanes(2))
    async with Conversation(engine, begin=False) as conversation:
        conversation.wire.send("begin", voice="hibari-bass", language="en", vocabulary=[])
        (*_, (_, ready)) = await conversation.until("ready")
        assert ready["models"]["voice"].startswith("hibari-bass ")
        conversation.wire.send("speak", id="s1", text=SENTENCE)
        frames = await conversation.until("voice_end", seconds=20)
    heard = np.concatenate([np.frombuffer(body, "<i2") for kind, body in frames if kind == "D"])
    assert pitch_of(heard) < 125


@pytest.mark.parametrize("unknown", ["joe", "", None, 7, ["hibari"]])
def test_a_voice_that_is_not_here_is_stood_in_for(everyone, unknown):
    engine = Engine(Models(_Named(), _Named(), _Named(), everyone["hibari"], everyone), lanes=None)
    assert engine.speaking_as(unknown).models.voice is everyone["hibari"]


def test_every_voice_that_an_author_can_choose_and_every_one_that_is_used_is_there():
    assert [name for name, _ in labels.VOICES] == list(voices.TIMBRES)
    assert set(labels.VOICE_OF.values()) <= set(voices.TIMBRES) and Persona.voice in voices.TIMBRES
    assert set(labels.VOICE_OF) == {face for face, _ in labels.FACES}
    for path in LIBRARY.glob("*.yaml"):
        assert activity(path.stem).persona.voice in voices.TIMBRES, path.name


class _Named:
    name = "one"
