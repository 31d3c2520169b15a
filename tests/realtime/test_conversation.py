"""A conversation in virtual time: the real Conversation and VoiceTrack; scripted coach, worker and world."""

import asyncio

import pytest

from coachtool.activities.brief import load
from coachtool.coaching.types import CoachState, Recall, Reply, Trigger, Turn
from realtime.conversation import Conversation, Stopped, is_backchannel
from realtime.rendering.behaviour.events import Floor, LearnerPauses, LearnerSpeaks, Mood
from realtime.timing import Timing
from realtime.transport.track import VoiceTrack
from realtime.wire import VOICE_RATE

pytestmark = pytest.mark.looptime

BRIEF = load(
    {
        "slug": "s",
        "title": "T",
        "field": "f",
        "summary": "s",
        "situation": "s",
        "learner_role": "r",
        "persona": {"id": "p", "name": "Ruth", "role": "lead"},
        "opening": "Hello.",
        "objectives": [
            {"id": "o", "name": "O", "criterion": "c", "required": 1, "key_points": [{"id": "k", "text": "k"}]}
        ],
        "closing_passed": "Well done.",
        "closing_not_passed": "Next time.",
    }
)


class ScriptedCoach:
    name, version = "scripted", "1"

    def open(self, brief, recall=None):
        if recall:
            return Reply(("You again.",), "open", CoachState(phase="explore"))
        return Reply(("Hello there.", "What would you do first?"), "open", CoachState(phase="explore"))

    def answer(self, brief, state, transcript, observed=()):
        last = transcript[-1]
        if "escalate" in last.text:
            trigger = Trigger("scope", "escalate", "medium", last.seq, last.text)
            return Reply(("A reviewer will answer that.",), "escalate", state, trigger=trigger)
        closes = "goodbye" in last.text
        return Reply((f"You said {last.text}.",), "close" if closes else "probe", state, closes=closes)

    def nudge(self, brief, state, transcript):
        return Reply(("Take your time.",), "hint", state)


class World:
    """Record, Audience, Speech and Media at once: what a real conversation would reach, remembered."""

    def __init__(self):
        self.ready, self.connected, self.serving = True, True, 0
        self.kept = []  # the learner's sound that another worker would hear
        self.utterances, self.published, self.shown, self.sounds = [], [], [], []
        self.guardrails, self.escalations, self.finished, self.asked = [], [], None, []
        self.fenced, self.models_recorded, self.notes = False, [], []
        self.knows = None  # the only lines that the worker gets to synthesise; None for all
        self.conversation = None
        self.track = VoiceTrack(
            lambda sentence: self.conversation.post("sentence_started", sentence),
            lambda sentence: self.conversation.post("sentence_ended", sentence),
            lambda sentence: self.sounds.append((sentence and sentence.id, sentence and sentence.played)),
        )

    async def utterance(self, data):
        if self.fenced:
            raise Stopped
        self.utterances.append(data)
        return len(self.utterances)

    async def guardrail(self, trigger):
        if trigger in self.guardrails:
            return False
        self.guardrails.append(trigger)
        return True

    async def escalate(self, trigger, question):
        self.escalations.append(question)

    async def models(self, models):
        self.models_recorded.append(models)

    async def note(self, note):
        self.notes.append((note.kind, note.data))

    async def finish(self, reason):
        self.finished = reason

    async def publish(self, message, to=None):
        self.published.append(message)

    def send(self, t, **fields):
        self.asked.append({"t": t, **fields})
        if t == "speak" and self.ready and (self.knows is None or fields["id"] in self.knows):
            self.synthesise(fields["id"], fields["text"])

    def forget_audio(self):
        self.kept.clear()

    async def accept(self, sdp):
        return {"sdp": "answer", "ice_servers": []}

    def show(self, event):
        self.shown.append(event)

    def synthesise(self, line, text):
        seconds = 0.3 * len(text.split())
        post = self.conversation.post
        post("speech", ({"t": "voice", "id": line, "names": [], "times": [], "values": []}, None))
        post("speech", ({"t": "pcm", "id": line}, bytes(2 * int(VOICE_RATE * seconds))))
        post("speech", ({"t": "voice_end", "id": line}, None))

    def floors(self):
        return [message["state"] for message in self.published if message["type"] == "floor"]

    def problems(self):
        return [message["code"] for message in self.published if message["type"] == "problem"]

    def spoken(self):
        return [message["id"] for message in self.asked if message["t"] == "speak"]

    def said(self, speaker):
        return [said["text"] for said in self.utterances if said["speaker"] == speaker]


class Stage:
    """Runs the conversation, its clock and its ears for the length of a test."""

    def __init__(self, *, voice=True, **kwargs):
        self.world = World()
        world = self.world

        async def think(function, *args):
            return function(*args)

        self.conversation = world.conversation = Conversation(
            brief=BRIEF,
            coach=ScriptedCoach(),
            record=world,
            audience=world,
            think=think,
            media=world if voice else None,
            speech=world if voice else None,
            timing=Timing(),
            **kwargs,
        )
        self.voice = voice

    async def __aenter__(self):
        self.tasks = [asyncio.ensure_future(self.conversation.run()), asyncio.ensure_future(self._clock())]
        if self.voice:
            self.tasks.append(asyncio.ensure_future(self._listen()))
            self.conversation.post("peer", "connected")
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _clock(self):
        while True:
            await asyncio.sleep(1)
            self.conversation.post("browser", {"type": "attend"})
            self.conversation.post("tick")

    async def _listen(self):
        while True:
            await self.world.track.recv()

    def hear(self, t, **fields):
        if t == "ready":
            self.world.serving += 1
        self.conversation.post("speech", ({"t": t, **fields}, None))

    async def says(self, text, seconds=1.0):
        self.hear("speech_started", at_ms=0)
        await asyncio.sleep(seconds)
        self.hear("speech_paused", at_ms=0)
        await asyncio.sleep(0.4)
        self.hear("transcript", text=text, confidence=0.9, started_ms=0, ended_ms=1)
        self.hear("floor_yielded", at_ms=0, speech_ended_ms=0, probability=0.9)

    async def type(self, text, key="1"):
        self.conversation.post("browser", {"type": "say", "text": text, "id": key})
        await asyncio.sleep(0.1)


async def test_the_persona_opens_and_then_listens():
    async with Stage() as stage:
        await asyncio.sleep(6)
        assert stage.world.said("persona") == ["Hello there. What would you do first?"]
        assert stage.world.floors()[-1] == "listening"
        assert [id for id, _ in stage.world.sounds if id] == ["1.0", "1.1"]


async def test_a_persona_that_remembers_opens_with_it_and_the_record_says_what_was_remembered():
    recall = Recall(days=1, passed=False, same_activity=True, memories=(3, 4))
    async with Stage(voice=False, recall=recall) as stage:
        await asyncio.sleep(1)
        assert stage.world.said("persona") == ["You again."]
        assert stage.world.notes == [("recalled", {"memories": [3, 4], "lines": ["You again."]})]


async def test_nothing_is_recalled_in_a_conversation_that_is_taken_up_again():
    recall = Recall(days=1, passed=False, same_activity=True)
    async with Stage(voice=False, recall=recall, transcript=(Turn(1, "persona", "Hello there."),)) as stage:
        await asyncio.sleep(1)
        assert stage.world.notes == [] and stage.world.said("persona") == []


async def test_an_answer_is_recorded_and_replied_to():
    async with Stage() as stage:
        await asyncio.sleep(6)
        await stage.says("I would call her")
        await asyncio.sleep(6)
        assert stage.world.said("learner") == ["I would call her"]
        assert stage.world.said("persona")[-1] == "You said I would call her."


async def test_a_true_interruption_cuts_the_transcript_to_what_was_heard():
    async with Stage() as stage:
        await asyncio.sleep(0.95)
        await stage.says("hold on please", seconds=1.5)
        await asyncio.sleep(5)
        first = stage.world.utterances[0]
        assert first["interrupted"] and first["text"].startswith("Hello there.")
        assert "first?" not in first["text"]
        assert stage.world.said("persona")[-1] == "You said hold on please."
        assert {"t": "cancel"} in stage.world.asked


@pytest.mark.parametrize("sound", ["", "mm-hm", "Yeah.", "Okay, right."])
async def test_a_cough_or_backchannel_lets_the_persona_go_on(sound):
    async with Stage() as stage:
        await asyncio.sleep(0.9)
        await stage.says(sound, seconds=0.3)
        await asyncio.sleep(6)
        assert stage.world.said("persona") == ["Hello there. What would you do first?"]
        assert stage.world.said("learner") == []
        assert not stage.world.utterances[0]["interrupted"]


async def test_output_pauses_while_it_is_unclear_who_has_the_floor():
    async with Stage() as stage:
        await asyncio.sleep(0.5)
        stage.hear("speech_started", at_ms=0)
        await asyncio.sleep(0.1)
        played = sum(line.sentence.played for line in stage.conversation._speaking.lines if line.sentence)
        await asyncio.sleep(0.4)
        assert played == sum(line.sentence.played for line in stage.conversation._speaking.lines if line.sentence)


async def test_a_question_outside_the_playbook_is_escalated_once():
    async with Stage() as stage:
        await asyncio.sleep(6)
        await stage.says("please escalate this")
        await asyncio.sleep(4)
        assert stage.world.escalations == ["please escalate this"]
        assert any(m["type"] == "guardrail" and "reviewer" in m["message"] for m in stage.world.published)


async def test_a_silent_learner_is_nudged():
    async with Stage() as stage:
        await asyncio.sleep(5 + 25 + 5)
        assert "Take your time." in stage.world.said("persona")


async def test_the_close_is_spoken_to_its_end_before_the_attempt_is_finished():
    async with Stage() as stage:
        await asyncio.sleep(6)
        await stage.says("goodbye")
        await asyncio.sleep(0.3)
        assert stage.world.finished is None
        await asyncio.sleep(5)
        assert stage.world.finished == "closed"
        assert stage.world.published[-1] == {"type": "ended", "reason": "closed"}


async def test_a_lost_worker_is_waited_for_and_what_it_had_not_sent_is_said_by_the_next():
    stage = Stage()
    stage.world.knows = {"1.0"}
    async with stage:
        await asyncio.sleep(0.3)
        stage.world.ready = False
        stage.hear("lost")
        await asyncio.sleep(3)
        assert stage.conversation.phase == "recovering"
        assert stage.world.said("persona") == []
        stage.world.ready, stage.world.knows = True, None
        stage.hear("ready", models={"voice": "hibari 0.2.1"})
        await asyncio.sleep(6)
        assert stage.world.models_recorded == [{"voice": "hibari 0.2.1"}]
        assert stage.world.said("persona") == ["Hello there. What would you do first?"]
        assert stage.world.spoken() == ["1.0", "1.1", "1.1"]
        assert stage.conversation.phase == "live"


async def test_what_a_lost_worker_had_sent_is_heard_to_its_end_without_a_break():
    async with Stage() as stage:
        await asyncio.sleep(0.4)
        stage.world.ready = False
        stage.hear("lost")
        await asyncio.sleep(0.2)
        stage.world.ready = True
        stage.hear("ready", models={})
        await asyncio.sleep(2.2)
        assert stage.world.said("persona") == ["Hello there. What would you do first?"]
        assert stage.world.spoken() == ["1.0", "1.1"]
        assert "recovering" not in [message.get("phase") for message in stage.world.published]


async def test_a_sentence_that_was_cut_off_goes_on_where_it_was_heard():
    stage = Stage()
    stage.world.knows = set()
    async with stage:
        await asyncio.sleep(0.1)
        stage.hear("voice", id="1.0", duration_ms=1000, names=[], times=[], values=[])
        stage.conversation.post("speech", ({"t": "pcm", "id": "1.0"}, b"\x01\0" * (VOICE_RATE // 2)))
        await asyncio.sleep(0.3)
        stage.hear("lost")
        await asyncio.sleep(1)
        line = stage.conversation._speaking.lines[0]
        assert line.sentence.played == VOICE_RATE // 2 and line.heard_text == "Hello"
        stage.hear("ready", models={})
        await asyncio.sleep(0.02)
        assert stage.world.spoken() == ["1.0", "1.1", "1.0", "1.1"]
        stage.hear("voice", id="1.0", duration_ms=1200, names=[], times=[], values=[])
        stage.conversation.post("speech", ({"t": "pcm", "id": "1.0"}, b"\x02\0" * int(VOICE_RATE * 1.2)))
        stage.hear("voice_end", id="1.0")
        await asyncio.sleep(0.55)
        assert not line.heard and line.sentence.pcm[-2] == 2
        await asyncio.sleep(0.15)
        assert line.heard
        (first, begun), (again, place) = ((id, place) for id, place in stage.world.sounds if id)
        assert (first, begun, again) == ("1.0", 0, "1.0") and place == int(VOICE_RATE * 0.6)


async def test_a_persona_that_was_talked_over_as_its_worker_was_lost_goes_on_when_nobody_does_any_more():
    async with Stage() as stage:
        await asyncio.sleep(0.9)
        stage.hear("speech_started", at_ms=0)
        await asyncio.sleep(0.2)
        stage.hear("lost")
        stage.hear("ready", models={})
        await asyncio.sleep(5)
        assert stage.world.said("persona") == ["Hello there. What would you do first?"]


async def test_without_any_worker_the_conversation_goes_on_in_writing():
    stage = Stage()
    stage.world.ready = False
    async with stage:
        await asyncio.sleep(30)
        assert any(m["type"] == "problem" and m["code"] == "speech_unavailable" for m in stage.world.published)
        assert stage.world.said("persona") == ["Hello there. What would you do first?"]
        await stage.type("I type instead")
        assert stage.world.said("persona")[-1] == "You said I type instead."


async def test_the_learner_may_go_on_in_writing_in_mid_sentence():
    async with Stage() as stage:
        await asyncio.sleep(0.8)
        stage.conversation.post("browser", {"type": "hello", "modality": "text"})
        await asyncio.sleep(0.1)
        assert stage.world.said("persona") == ["Hello there. What would you do first?"]
        await stage.type("I type")
        assert stage.world.said("persona")[-1] == "You said I type."


async def test_a_voice_that_was_paused_goes_on_where_it_stopped_and_the_face_is_told_so():
    async with Stage() as stage:
        await asyncio.sleep(0.9)
        await stage.says("mm", seconds=0.3)
        await asyncio.sleep(0.2)
        (begun, at), (hushed, _), (resumed, place) = stage.world.sounds[-3:]
        assert (begun, at, hushed, resumed) == ("1.1", 0, None, "1.1")
        assert place / VOICE_RATE == pytest.approx(0.3, abs=0.05)


async def test_the_face_is_told_who_has_the_floor_how_it_is_meant_and_where_the_learner_pauses():
    async with Stage() as stage:
        await asyncio.sleep(6)
        await stage.says("I would call her")
        await asyncio.sleep(2)
        opening = [Floor("thinking"), Mood("neutral"), Floor("speaking"), Floor("listening")]
        heard = [
            LearnerSpeaks(),
            Floor("hearing"),
            LearnerPauses(),
            Floor("thinking"),
            Mood("neutral"),
            Floor("speaking"),
        ]
        assert stage.world.shown[:10] == opening + heard


async def test_lips_that_cannot_be_read_leave_a_mouth_that_stays_shut():
    async with Stage() as stage:
        await asyncio.sleep(6)
        stage.world.synthesise = lambda line, text: stage.hear("voice", id=line, names=["nose"], times=7)
        await stage.says("I would call her")
        await asyncio.sleep(1)
        assert stage.conversation._speaking.lines[0].sentence.movement.length == 0


async def test_a_learner_who_left_is_scored_on_what_was_said():
    async with Stage() as stage:
        await asyncio.sleep(6)
        stage.tasks[1].cancel()
        stage.world.connected = False

        async def empty_clock():
            while True:
                await asyncio.sleep(1)
                stage.conversation.post("tick")

        stage.tasks.append(asyncio.ensure_future(empty_clock()))
        await asyncio.sleep(120)
        assert stage.world.finished == "left"


async def test_a_persona_whose_worker_comes_after_the_call_is_connected_opens_once():
    stage = Stage()
    stage.world.ready = False
    async with stage:
        await asyncio.sleep(3)
        assert stage.conversation.phase == "waiting"
        stage.world.ready = True
        stage.hear("ready", models={})
        await asyncio.sleep(6)
        assert stage.world.spoken() == ["1.0", "1.1"]


async def test_a_worker_replaced_while_the_coach_thinks_is_asked_for_each_sentence_once():
    stage = Stage()

    async def think_slowly(function, *args):
        await asyncio.sleep(1)
        return function(*args)

    stage.conversation.think = think_slowly
    async with stage:
        await asyncio.sleep(7)
        await stage.says("I would call her")
        await asyncio.sleep(0.5)
        stage.hear("lost")
        stage.hear("ready", models={})
        await asyncio.sleep(6)
        assert stage.world.spoken() == ["1.0", "1.1", "2.0"]
        assert stage.world.said("persona")[-1] == "You said I would call her."


async def test_an_answer_typed_while_the_voice_was_away_is_not_heard_again_when_it_comes_back():
    async with Stage() as stage:
        await asyncio.sleep(6)
        stage.hear("speech_started", at_ms=0)
        stage.world.kept.append("I would call her")
        stage.world.ready = False
        stage.hear("lost")
        await asyncio.sleep(27)
        await stage.type("I would call her")
        assert stage.world.kept == []


async def test_workers_that_come_and_go_before_they_are_ready_put_off_the_writing_no_further():
    stage = Stage()
    stage.world.ready = False
    async with stage:
        for _ in range(6):
            await asyncio.sleep(5)
            stage.hear("lost")
        assert "speech_unavailable" in stage.world.problems()


@pytest.mark.parametrize("failing", [{"1.0"}, {"1.1"}, {"1.0", "1.1"}])
async def test_a_sentence_that_cannot_be_spoken_is_shown_and_the_turn_goes_on_to_its_end(failing):
    stage = Stage()
    stage.world.knows = {"1.0", "1.1"} - failing
    async with stage:
        for line in failing:
            stage.hear("failed", stage="voice", message="A sentence could not be spoken.", id=line)
        await asyncio.sleep(6)
        assert stage.world.said("persona") == ["Hello there. What would you do first?"]
        captions = [message["id"] for message in stage.world.published if message["type"] == "caption"]
        assert sorted(captions) == ["1.0", "1.1"]
        assert stage.conversation.floor == "listening"
        assert stage.world.problems() == []


@pytest.mark.parametrize("failing", ["end_of_turn", "voice_activity"])
async def test_a_failure_that_loses_no_words_leaves_the_floor_as_it_is(failing):
    async with Stage() as stage:
        await asyncio.sleep(6)
        stage.hear("speech_started", at_ms=0)
        stage.hear("failed", stage=failing, message="It could not be judged.")
        await asyncio.sleep(0.1)
        assert stage.conversation.floor == "hearing" and stage.world.problems() == []


async def test_words_that_could_not_be_recognised_are_asked_for_again():
    async with Stage() as stage:
        await asyncio.sleep(6)
        stage.hear("failed", stage="recognition", message="Your words could not be recognised.")
        await asyncio.sleep(0.1)
        assert stage.world.problems() == ["speech_unavailable"]


def fails_once(function):
    """The function, which raises when it is first called."""
    left = [RuntimeError("once")]

    def call(*args):
        if left:
            raise left.pop()
        return function(*args)

    return call


async def test_a_coach_that_fails_gives_the_floor_back_and_says_so():
    async with Stage() as stage:
        await asyncio.sleep(6)
        stage.conversation.coach.answer = fails_once(stage.conversation.coach.answer)
        await stage.says("I would call her")
        await asyncio.sleep(0.1)
        assert stage.world.floors()[-2:] == ["thinking", "listening"] and stage.world.problems() == ["busy"]
        await stage.says("I would call her")
        await asyncio.sleep(6)
        assert stage.world.said("persona")[-1] == "You said I would call her."


async def test_a_spoken_turn_whose_record_failed_gives_the_floor_back_and_says_so():
    async with Stage() as stage:
        await asyncio.sleep(6)
        stage.world.utterance = fails_once(stage.world.utterance)
        await stage.says("I would call her")
        await asyncio.sleep(0.1)
        assert stage.conversation.floor == "listening" and stage.world.problems() == ["busy"]


async def test_an_end_that_could_not_be_written_is_tried_again_at_the_next_tick():
    async with Stage() as stage:
        await asyncio.sleep(6)
        stage.world.finish = fails_once(stage.world.finish)
        stage.conversation.post("browser", {"type": "finish"})
        await asyncio.sleep(0.1)
        assert stage.world.finished is None and stage.conversation.phase == "ending"
        await asyncio.sleep(1.1)
        assert stage.world.finished == "done"
        assert stage.world.published[-1] == {"type": "ended", "reason": "done"}
        assert [message.get("phase") for message in stage.world.published].count("ending") == 1


async def test_typed_words_whose_record_failed_may_be_sent_again():
    async with Stage(voice=False) as stage:
        stage.world.utterance = fails_once(stage.world.utterance)
        await stage.type("hello", "a")
        await stage.type("hello", "a")
        assert stage.world.said("learner") == ["hello"]


async def test_typed_words_that_are_on_the_record_count_once_although_the_coach_failed():
    async with Stage(voice=False) as stage:
        stage.conversation.coach.answer = fails_once(stage.conversation.coach.answer)
        await stage.type("hello", "a")
        await stage.type("hello", "a")
        assert stage.world.said("learner") == ["hello"] and stage.world.problems() == ["busy"]


async def test_a_learner_who_turns_to_writing_in_mid_speech_is_still_nudged_and_still_has_a_time_limit():
    async with Stage() as stage:
        await asyncio.sleep(6)
        stage.hear("speech_started", at_ms=0)
        await asyncio.sleep(1)
        stage.conversation.post("browser", {"type": "hello", "modality": "text"})
        await asyncio.sleep(125)
        assert stage.world.said("persona")[-1] == "Take your time."
        await asyncio.sleep(BRIEF.minutes * 60)
        assert stage.world.finished == "timeout"


async def test_the_first_state_of_a_process_is_said_anew_and_no_other():
    async with Stage() as stage:
        await asyncio.sleep(1)
        stage.conversation.post("browser", {"type": "hello", "modality": "voice"})
        await asyncio.sleep(1)
        first, *others = [message for message in stage.world.published if message["type"] == "state"]
        assert first["anew"] is True and first["phase"] == "connecting"
        assert len(others) > 1 and not any("anew" in message for message in others)


async def test_a_typed_line_sent_twice_counts_once():
    async with Stage(voice=False) as stage:
        await stage.type("hello", "a")
        await stage.type("hello", "a")
        assert stage.world.said("learner") == ["hello"]


async def test_a_new_process_answers_the_turn_that_the_lost_one_left_open():
    transcript = (Turn(3, "persona", "What first?"), Turn(4, "learner", "I call"))
    async with Stage(voice=False, transcript=transcript) as stage:
        await asyncio.sleep(0.1)
        assert stage.world.said("persona") == ["You said I call."]


async def test_a_fenced_process_stops_and_says_nothing():
    stage = Stage(voice=False)
    stage.world.fenced = True
    async with stage:
        with pytest.raises(Stopped):
            await stage.tasks[0]


async def test_the_learner_may_end_it_at_any_time():
    async with Stage() as stage:
        await asyncio.sleep(0.8)
        stage.conversation.post("browser", {"type": "finish"})
        await asyncio.sleep(0.5)
        assert stage.world.finished == "done"


def test_only_short_assent_is_backchannel():
    assert is_backchannel("Mm-hm.") and is_backchannel("Yes, okay.")
    assert not is_backchannel("Yes, but I disagree")
