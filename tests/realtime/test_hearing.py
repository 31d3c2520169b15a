"""Hearing with the real models, in a time of its own: another voice than the persona's speaks."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from realtime.perception.protocols import Heard, Superseded
from realtime.worker.models import Models
from realtime.worker.playback import play_in_own_time
from tests.realtime import speech


def play(sound, **options):
    return asyncio.run(play_in_own_time(speech.engine(), sound, **options))


def of(said, t):
    return [message for message in said if message.t == t]


@pytest.mark.parametrize(("script", "number"), [("claims-pass", 3), ("feedback-interrupt", 0), ("claims-fail", 0)])
def test_a_sentence_yields_once_within_750_ms_with_the_right_words(script, number):
    line, samples = speech.line(script, number)
    sound, ended_ms = speech.room(samples)
    said = play(sound)
    (transcript,), (yielded,) = of(said, "transcript"), of(said, "floor_yielded")
    assert speech.word_errors(transcript.fields["text"], line.text) <= 0.15
    assert 0.7 < transcript.fields["confidence"] <= 1
    assert 0 < yielded.at_ms - ended_ms <= 750
    assert abs(yielded.fields["speech_ended_ms"] - ended_ms) < 200
    assert [message.t for message in said][-2:] == ["transcript", "floor_yielded"]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_pauses_of_1200_ms_in_mid_sentence_do_not_yield(number):
    line, samples = speech.line("feedback-pause", number)
    sound, ended_ms = speech.room(samples)
    said = play(sound)
    (transcript,), (yielded,) = of(said, "transcript"), of(said, "floor_yielded")
    assert yielded.at_ms > ended_ms
    assert len(of(said, "speech_paused")) > len(line.parts) // 2
    assert len(of(said, "speech_resumed")) >= len(line.parts) // 2
    assert speech.word_errors(transcript.fields["text"], line.text) <= 0.2


@pytest.mark.parametrize(
    "sound",
    [
        speech.silence(8),
        np.random.default_rng(1).normal(0, 0.05, 16_000 * 8).astype(np.float32),
        (0.3 * np.sin(2 * np.pi * 50 * np.arange(16_000 * 8) / 16_000)).astype(np.float32),
        np.where(np.arange(16_000 * 8) % 8000 < 80, 0.8, 0.0).astype(np.float32),
    ],
    ids=["silence", "hiss", "hum", "clicks"],
)
def test_what_is_not_speech_takes_no_turn(sound):
    assert not of(play(sound), "floor_yielded")


def test_no_words_are_made_up_for_noise():
    recogniser = speech.engine().models.recogniser
    for seed, level in enumerate((0.0, 0.003, 0.02, 0.1)):
        noise = np.random.default_rng(seed).normal(0, level, 24_000).astype(np.float32)
        assert recogniser.recognise(noise, language="en").text == ""


def test_one_word_answers_are_heard_once():
    recogniser = speech.engine().models.recogniser
    for text in ("Yes.", "No.", "Okay.", "Fraud.", "Yes, I do.", "Thank you."):
        heard = recogniser.recognise(np.concatenate([speech.persona(text), speech.silence(0.2)]), language="en")
        assert speech.word_errors(heard.text, text) == 0, heard


def test_the_words_of_the_activity_are_preferred():
    recogniser = speech.engine().models.recogniser
    sound = speech.persona("We pursue subrogation against the other insurer, says Ruth Alder.")
    heard = recogniser.recognise(sound, language="en", vocabulary=("subrogation", "Ruth Alder"))
    assert "Ruth Alder" in heard.text and "subrogation" in heard.text


def test_a_long_turn_is_decoded_piece_by_piece():
    sentences = [speech.line("claims-pass", number) for number in range(4)]
    parts = [part for _, samples in sentences for part in (samples, speech.silence(0.45))][:-1]
    sound, ended_ms = speech.room(*parts)
    longest = []
    engine = speech.engine()
    noted = Noting(engine.models.recogniser, longest)
    said = asyncio.run(play_in_own_time(replace(engine, models=replace(engine.models, recogniser=noted)), sound))
    text = " ".join(message.fields["text"] for message in of(said, "transcript"))
    assert ended_ms > 18_000
    assert max(longest) <= 16.5 and longest[-1] <= 12.0  # seconds of sound in one decode, and in the last
    assert speech.word_errors(text, " ".join(line.text for line, _ in sentences)) <= 0.2
    partials = of(said, "partial")
    assert len(partials) >= 5 and partials[0].at_ms < 5000
    assert of(said, "floor_yielded")[-1].at_ms - ended_ms <= 1700


def test_a_whole_minute_that_arrives_at_once_is_heard_to_its_end():
    """As after a worker was lost: the conversation sends again what the learner has said so far."""
    sentences = [speech.line("claims-pass", number) for number in range(6)]
    sound, _ = speech.room(*(part for _, samples in sentences for part in (samples, speech.silence(0.4))))
    said = asyncio.run(_at_once(sound))
    text = " ".join(message[1]["text"] for message in said if message[0] == "transcript")
    assert speech.word_errors(text, " ".join(line.text for line, _ in sentences)) <= 0.2


async def _at_once(sound):
    from realtime.worker.hearing import Hearing

    said, done = [], asyncio.Event()

    def send(t, **fields):
        said.append((t, fields))
        if t == "floor_yielded":
            done.set()

    ear = Hearing(speech.engine(), send)
    ear.feed((sound * 32767).astype("<i2").tobytes())
    for _ in range(400):  # the room's silence goes on
        ear.feed(b"\0" * 640)
        if done.is_set():
            break
        await asyncio.sleep(0.1)
    await ear.close()
    return said


def test_a_recogniser_that_breaks_is_reported_and_the_next_turn_is_heard():
    engine = speech.engine()
    flaky = Flaky(engine.models.recogniser, failures=1)
    _, samples = speech.line("claims-pass", 3)
    sound, _ = speech.room(speech.persona("I said no."), speech.silence(3), samples)
    broken = replace(engine, models=replace(engine.models, recogniser=flaky))
    said = asyncio.run(play_in_own_time(broken, sound))
    assert [message.fields["stage"] for message in of(said, "failed")] == ["recognition"]
    first, second = of(said, "transcript")
    assert first.fields["text"] == "" and "note" in second.fields["text"]


def test_a_turn_model_that_breaks_leaves_the_floor_to_silence():
    engine = speech.engine()

    class Broken:
        name = "broken"

        def probability(self, samples):
            raise RuntimeError

    _, samples = speech.line("claims-pass", 3)
    sound, ended_ms = speech.room(samples)
    said = asyncio.run(play_in_own_time(replace(engine, models=replace(engine.models, turn=Broken())), sound))
    assert of(said, "failed")[0].fields["stage"] == "end_of_turn"
    assert 1400 < of(said, "floor_yielded")[0].at_ms - ended_ms < 1800


class Noting:
    """A recogniser that notes how many seconds of sound it was given each time."""

    def __init__(self, inner, seconds):
        self.name, self._inner, self._seconds = inner.name, inner, seconds

    def recognise(self, samples, **options):
        self._seconds.append(len(samples) / 16_000)
        return self._inner.recognise(samples, **options)


class Flaky:
    """A recogniser whose first `failures` decodes raise."""

    def __init__(self, inner, failures):
        self.name, self._inner, self._failures = inner.name, inner, failures

    def recognise(self, samples, **options):
        if self._failures:
            self._failures -= 1
            raise RuntimeError("out of memory")
        return self._inner.recognise(samples, **options)


def test_a_decode_that_nobody_wants_any_more_stops():
    with pytest.raises(Superseded):
        speech.engine().models.recogniser.recognise(
            speech.persona("Nobody needs this."), language="en", superseded=lambda: True
        )


def test_models_say_what_they_are():
    models: Models = speech.engine().models
    assert set(models.names) == {"voice_activity", "end_of_turn", "recognition", "voice"}
    assert isinstance(models.recogniser.recognise(speech.silence(0.05), language="en"), Heard)
