"""The floor's rule in virtual time: scripted speech probabilities, scripted judgements."""

import pytest

from realtime.floor.events import FloorYielded, Judge, SpeechPaused, SpeechResumed, SpeechStarted, Transcribe
from realtime.floor.turn import Floor

FRAME = 32


class Learner:
    """Drives a floor: speaks and is silent, and answers the floor's requests after `delay` ms."""

    def __init__(self, melody=0.9, text="That is all.", ending=0.95, delay=300):
        self.floor, self.now, self.events = Floor(frame_ms=FRAME), 0, []
        self.melody, self.text, self.ending, self.delay = melody, text, ending, delay
        self.due = []

    def speaks(self, ms, probability=0.95):
        return self._goes_on(ms, probability)

    def pauses(self, ms):
        return self._goes_on(ms, 0.02)

    def _goes_on(self, ms, probability):
        for _ in range(round(ms / FRAME)):
            self.now += FRAME
            self._take(self.floor.hear(probability))
            for due, answer in list(self.due):
                if due <= self.now:
                    self.due.remove((due, answer))
                    self._take(answer())
        return self

    def _take(self, events):
        self.events += events
        for event in events:
            if isinstance(event, Transcribe):
                text, ending = self.text, self.ending
                answer = lambda e=event, t=text, m=ending: self.floor.transcribed(e.pause, t, m)  # noqa: E731
                self.due.append((self.now + self.delay, answer))
            if isinstance(event, Judge):
                answer = lambda e=event, m=self.melody: self.floor.judged(e.pause, m)  # noqa: E731
                self.due.append((self.now + 100, answer))

    def all(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


def test_a_finished_sentence_is_yielded_once_and_fast():
    learner = Learner().pauses(500).speaks(2000).pauses(3000)
    (yielded,) = learner.all(FloorYielded)
    assert yielded.text == "That is all."
    assert yielded.at_ms - yielded.ended_ms <= 660
    assert abs(yielded.started_ms - 500) <= FRAME
    assert abs(yielded.ended_ms - 2500) <= FRAME


def test_silence_alone_never_yields_nor_asks_anybody():
    assert Learner().pauses(60_000).events == []


def test_a_blip_is_not_speech():
    learner = Learner()
    for _ in range(20):
        learner.speaks(96).pauses(400)
    assert learner.events == []


def test_speech_is_reported_from_its_first_frame_on():
    learner = Learner().pauses(1024).speaks(256)
    assert learner.events == [SpeechStarted(1024)]


def test_a_pause_is_reported_after_200_ms_and_its_end_when_speech_goes_on():
    learner = Learner(melody=0.05).speaks(1024).pauses(512).speaks(512)
    (paused,) = learner.all(SpeechPaused)
    assert paused.ended_ms == 1024 and 200 <= paused.at_ms - paused.ended_ms < 200 + 2 * FRAME
    (resumed,) = learner.all(SpeechResumed)
    assert abs(resumed.at_ms - 1536) <= FRAME
    assert not learner.all(FloorYielded)


def test_a_gap_between_two_words_is_neither_reported_nor_judged():
    learner = Learner()
    for _ in range(10):
        learner.speaks(320).pauses(128)
    assert not learner.all(SpeechPaused) and not learner.all(Judge) and not learner.all(FloorYielded)


@pytest.mark.parametrize(
    ("melody", "text", "ending"),
    [
        (0.99, "I noticed that in the last two sprints.", 0.95),  # the words go on, whatever the melody says
        (0.99, "We waited for you and", 0.0),
        (0.99, "If the customer mentions an attorney,", 0.95),
        (0.05, "That is all.", 0.99),  # the melody goes on, whatever the words say
        (0.99, "I want to tell you.", 0.55),  # the recogniser is not sure that the sentence ends here
        (None, "That is all.", 0.99),  # nobody can judge the melody
    ],
)
def test_a_thinking_pause_of_1200_ms_is_not_cut_into(melody, text, ending):
    learner = Learner(melody, text, ending).speaks(2000).pauses(1200).speaks(1000)
    assert not learner.all(FloorYielded)
    learner.melody, learner.text, learner.ending = 0.95, "We waited for you and the figures.", 0.95
    learner.pauses(2000)
    assert len(learner.all(FloorYielded)) == 1


@pytest.mark.parametrize(
    ("text", "shortest", "longest"),
    [("A fatality.", 1200, 1700), ("It was the", 2300, 2800), ("and the", 2300, 2800), ("", 500, 700)],
)
def test_every_silence_ends_a_turn_in_the_end(text, shortest, longest):
    learner = Learner(melody=0.05, text=text).speaks(2000).pauses(6000)
    (yielded,) = learner.all(FloorYielded)
    assert shortest <= yielded.at_ms - yielded.ended_ms <= longest


def test_the_words_are_asked_for_once_per_pause_and_the_melody_again_and_again():
    learner = Learner(melody=0.05).speaks(2000).pauses(1400)
    assert len(learner.all(Transcribe)) == 1
    assert 4 <= len(learner.all(Judge)) <= 6


def test_answers_about_a_pause_that_is_over_are_ignored():
    learner = Learner(delay=900).speaks(2000).pauses(600).speaks(2000)
    assert not learner.all(FloorYielded)
    assert learner.floor.transcribed(1, "Late.") == [] and learner.floor.judged(1, 0.99) == []


def test_the_floor_waits_for_words_that_are_being_recognised():
    learner = Learner(delay=2000).speaks(2000).pauses(1984)
    assert not learner.all(FloorYielded)
    learner.pauses(500)
    assert learner.all(FloorYielded)[0].text == "That is all."


def test_a_recogniser_that_never_answers_does_not_hold_the_floor_for_ever():
    learner = Learner(delay=10**9).speaks(2000).pauses(22_000)
    (yielded,) = learner.all(FloorYielded)
    assert yielded.text == ""


def test_after_a_turn_the_next_one_begins_afresh():
    learner = Learner().speaks(1024).pauses(1600).speaks(1024).pauses(1600)
    first, second = learner.all(FloorYielded)
    assert second.started_ms >= first.at_ms
    assert len(learner.all(SpeechStarted)) == 2


def test_a_breath_that_sounds_like_one_frame_of_speech_does_not_end_the_pause():
    learner = Learner().speaks(2000).pauses(320).speaks(32).pauses(2000)
    assert len(learner.all(SpeechPaused)) == 1 and not learner.all(SpeechResumed)
    assert len(learner.all(FloorYielded)) == 1
