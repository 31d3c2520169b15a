"""One conversation: events in, turns out.

Everything that happens (browser, microphone, worker, clock) arrives in one
inbox and is handled one after another, so the state needs no locks. The world
is reached through four Protocols only; there is no Django and no network here,
and time is the event loop's, so that tests run in virtual time.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from coachtool.activities.brief import Brief
from coachtool.coaching.types import Citation, Coach, CoachState, Note, Observation, Recall, Reply, Said, Trigger, Turn
from realtime.perceiving import Perceiving, told
from realtime.rendering.behaviour.events import EMOTIONS, Event, Floor, LearnerPauses, LearnerSpeaks, Mood
from realtime.rendering.behaviour.mouth import Movement
from realtime.timing import DEFAULT, Timing
from realtime.transport.track import Sentence, VoiceTrack
from realtime.wire import VOICE_RATE

log = logging.getLogger(__name__)

# Said while another speaks, these mean 'go on', not 'my turn' (Yngve 1970; Schegloff 1982).
_BACKCHANNEL = {
    *("mm", "mhm", "mm-hm", "mmhm", "hm", "hmm", "uh-huh", "uh", "huh", "ah", "oh", "yeah", "yep", "yes", "okay", "ok"),
    *("right", "sure", "i see", "got it", "of course", "alright", "all right"),
}
PUBLIC = ("speaker", "text", "interrupted", "confidence", "id", "citations")  # what a page is told of an utterance


class Stopped(Exception):
    """Another process holds the attempt or it has ended; raised by the Record to stop this one."""


class Record(Protocol):
    """The attempt's journal, seen from here. Each method raises Stopped when this process is fenced off."""

    async def utterance(self, data: dict) -> int: ...
    async def guardrail(self, trigger: Trigger) -> bool: ...
    async def escalate(self, trigger: Trigger, question: str) -> None: ...
    async def note(self, note: Note) -> None: ...
    async def models(self, models: dict[str, str]) -> None: ...
    async def finish(self, reason: str) -> None: ...


class Audience(Protocol):
    """The learner's browser: `publish` to all its pages, or to the one page named by `to`."""

    async def publish(self, message: dict, to: str | None = None) -> None: ...


class Speech(Protocol):
    """The leased worker; `serving` is another number with each worker that takes over."""

    ready: bool
    serving: int

    def send(self, t: str, **fields: Any) -> None: ...
    def forget_audio(self) -> None: ...


class Media(Protocol):
    """The WebRTC side: `accept` answers an offer, `show` tells the persona's face what happens now."""

    track: VoiceTrack
    connected: bool

    async def accept(self, sdp: str) -> dict: ...
    def show(self, event: Event) -> None: ...


@dataclass
class Line:
    """One sentence of the persona's turn on its way to the learner's ear."""

    id: str
    text: str
    sentence: Sentence | None = None
    heard: bool = False
    asked: int = -1  # `Speech.serving` of the worker that is to say it

    @property
    def heard_text(self) -> str:
        """The words that were heard, by the share of the sentence that was played."""
        if self.heard or self.sentence is None or not self.sentence.samples:
            return self.text if self.heard else ""
        share = self.sentence.played / max(self.sentence.samples, self.sentence.expected)
        words = self.text.split()
        return " ".join(words[: int(share * len(words))])


@dataclass
class Speaking:
    """The handle of one persona turn: what is left to say, and how to take it back.

    `stream` brings further lines; None once all are there.
    """

    number: int
    reply: Reply
    lines: list[Line]
    citations: list[Citation] = field(default_factory=list)
    stream: asyncio.Task | None = field(default=None, repr=False)
    paused: bool = False
    started_ms: int = 0
    timer: asyncio.TimerHandle | None = field(default=None, repr=False)

    @property
    def audible(self) -> bool:
        return any(line.heard or (line.sentence and line.sentence.played) for line in self.lines)

    @property
    def finished(self) -> bool:
        return self.stream is None and all(line.heard for line in self.lines)

    @property
    def heard_text(self) -> str:
        text = " ".join(filter(None, (line.heard_text for line in self.lines)))
        return text if self.finished else f"{text} –" if text else ""


class Conversation:
    """Runs from `run()` until the attempt is finished or the process is fenced off.

    `voice` is None in a text conversation. `recall` is what the persona remembers of
    the learner as it opens. `transcript`, `state` and `elapsed`
    carry on what an earlier process of the same attempt left.
    """

    def __init__(
        self,
        *,
        brief: Brief,
        coach: Coach,
        record: Record,
        audience: Audience,
        think: Callable[..., Awaitable[Any]],
        media: Media | None = None,
        speech: Speech | None = None,
        transcript: tuple[Turn, ...] = (),
        state: CoachState | None = None,
        recall: Recall | None = None,
        elapsed: float = 0.0,
        said: frozenset[str] = frozenset(),
        timing: Timing = DEFAULT,
        perceiving: Perceiving | None = None,
    ):
        self.brief, self.coach, self.record, self.audience = brief, coach, record, audience
        self.media, self.speech, self.timing, self.think = media, speech, timing, think
        self.perceiving = perceiving or Perceiving()
        self._observed: tuple[Observation, ...] = ()  # in the learner's last turn
        self.transcript, self.state, self.recall = transcript, state or CoachState(), recall
        self.inbox: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self.phase, self._detail, self.floor = "connecting", "", "listening"
        self._begun = asyncio.get_running_loop().time() - elapsed
        self._present_at = asyncio.get_running_loop().time()
        self._said = set(said)  # ids of typed utterances, so that a resend is harmless
        self._speaking: Speaking | None = None
        self._turns = 0
        self._learner_speaking = False
        self._heard: dict | None = None  # the worker's last transcript message
        self._nudge_at: float | None = None
        self._voiceless_since: float | None = asyncio.get_running_loop().time()
        self._in_writing = media is None
        self._chose_writing = False
        self._opened = False
        self._ending: str | None = None  # the reason, from when the end is wanted
        self._over = False

    # -- the loop ---------------------------------------------------------

    def post(self, kind: str, what: Any = None) -> None:
        """Put an event into the inbox, from the same event loop."""
        self.inbox.put_nowait((kind, what))

    async def run(self) -> None:
        """Handle events until the end. Raises Stopped when fenced off."""
        # `anew` asks the pages to greet: what they told the process before this one is not known here.
        await self.audience.publish({**self._phase_message(), "anew": True})
        if self._in_writing:
            await self._begin()
        while not self._over:
            kind, what = await self.inbox.get()
            try:
                await getattr(self, f"_on_{kind}")(what)
            except Stopped:
                raise
            except Exception:
                # One bad event must not end a learner's conversation.
                log.exception("while handling %s", kind)
                await self._give_floor_back()

    async def _give_floor_back(self) -> None:
        """Where what failed would have taken the turn further, nothing else does."""
        goes_on = self.floor == "listening" or self._speaking or self._learner_speaking
        if goes_on or self._ending is not None:
            return
        try:
            self._send_floor(persona=False)
            await self._say_problem("busy", "I lost the thread for a moment.")
        except Exception:
            log.exception("while giving the floor back")

    @property
    def between_turns(self) -> bool:
        """Nobody is speaking, nothing is being thought about: the moment for another worker to take over."""
        return self._speaking is None and self.floor == "listening" and not self._learner_speaking

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _ms(self) -> int:
        return int((self._now() - self._begun) * 1000)

    # -- the browser ------------------------------------------------------

    async def _on_browser(self, message: dict) -> None:
        self._present_at = self._now()
        match message.get("type"):
            case "hello":
                await self._welcome(message.get("reply"))
                await self._choose(message.get("modality"))
            case "offer":
                await self._answer_offer(message)
            case "say":
                await self._typed(message)
            case "sense":
                await self._sense(message)
            case "typing":
                self._set_nudge()
            case "interrupt":
                if self._speaking:
                    await self._interrupt()
                    await self._set_floor("listening")
            case "finish":
                await self._finish("done")
            case "attend":
                pass
            case other:
                log.warning("unknown message %r", other)

    async def _welcome(self, to: str | None) -> None:
        await self.audience.publish(self._phase_message(), to)
        await self.audience.publish({"type": "floor", "state": self.floor}, to)

    async def _choose(self, modality: str | None) -> None:
        """The learner of a voice conversation may go on in writing, and come back to the voice."""
        if self.media is None or modality not in ("voice", "text"):
            return
        chosen = modality == "text"
        if chosen and not self._chose_writing:
            self._chose_writing = True
            await self._write_from_now()
        elif not chosen and self._chose_writing:
            self._chose_writing = False
            self._in_writing = not self.speech.ready
            if self._speaking and not self._in_writing:
                self._say_unheard()

    async def _answer_offer(self, message: dict) -> None:
        if self.media is None:
            return
        try:
            answer = await self.media.accept(str(message.get("sdp", "")))
        except ValueError as refusal:
            problem = {"type": "problem", "code": "bad_message", "message": str(refusal)}
            await self.audience.publish({**problem, "remedy": "Reload the page."}, message.get("reply"))
            return
        await self.audience.publish({"type": "answer", "id": message.get("id"), **answer}, message.get("reply"))

    async def _typed(self, message: dict) -> None:
        text, key = str(message.get("text", "")).strip()[:4000], str(message.get("id", ""))
        if not text or (key and key in self._said):
            return
        self._said.add(key)
        if self.speech is not None:
            self.speech.forget_audio()  # the answer is typed: no worker need hear what was spoken of it
        try:
            if self._speaking:
                await self._interrupt()
            await self._take_down({"text": text, "confidence": 1.0, "id": key})
        except Exception:
            self._said.discard(key)  # not on the record: the page may send it again
            raise
        await self._reply()

    # -- media and worker -------------------------------------------------

    async def _on_peer(self, state: str) -> None:
        if state == "connected":
            self._present_at = self._now()
            await self._begin_when_ready()

    async def _on_speech(self, event: tuple[dict, bytes | None]) -> None:
        message, pcm = event
        handler = getattr(self, f"_speech_{message['t']}", None)
        if handler is None:
            log.warning("unknown message %r from the speech worker", message["t"])
        else:
            await handler(message, pcm)

    async def _speech_ready(self, message: dict, _: bytes | None) -> None:
        self._voiceless_since = None
        self._in_writing = self._chose_writing
        self._tell_senses()
        await self.record.models(message.get("models", {}))
        await self._begin_when_ready()
        if self._speaking and not self._in_writing:
            self._say_unheard()

    async def _speech_lost(self, message: dict, _: bytes | None) -> None:
        if self._voiceless_since is None:
            self._voiceless_since = self._now()
        self._learner_speaking, self._heard = False, None
        if self._speaking:
            self._keep_what_came()

    def _keep_what_came(self) -> None:
        """What the lost worker has sent goes on being said; `_say_unheard` asks the next one for the rest."""
        for line in self._speaking.lines:
            if line.sentence is None or line.sentence.complete:
                continue
            if line.sentence.played:
                line.sentence.broken = True
            else:
                self.media.track.drop(line.sentence)
                line.sentence = None
        if self._speaking.paused:
            # Who was talking over the persona is heard again by the next worker, if they still do.
            self._arm(self.timing.false_interruption, "quiet_again")

    async def _speech_speech_started(self, message: dict, _: bytes | None) -> None:
        self._learner_speaking, self._nudge_at = True, None
        self._show(LearnerSpeaks())
        if self._speaking and not self._speaking.paused:
            self._pause()
        self._arm_interruption()
        await self._set_floor("hearing")

    async def _speech_speech_resumed(self, message: dict, _: bytes | None) -> None:
        self._learner_speaking = True
        self._show(LearnerSpeaks())
        self._arm_interruption()

    async def _speech_speech_paused(self, message: dict, _: bytes | None) -> None:
        self._learner_speaking = False
        self._show(LearnerPauses())
        if self._speaking and self._speaking.paused:
            self._arm(self.timing.false_interruption, "quiet_again")

    async def _speech_partial(self, message: dict, _: bytes | None) -> None:
        await self.audience.publish({"type": "caption", "speaker": "learner", "text": message["text"], "id": "partial"})

    async def _speech_transcript(self, message: dict, _: bytes | None) -> None:
        self._heard = message

    async def _speech_prosody(self, message: dict, _: bytes | None) -> None:
        self.perceiving.heard(message)

    async def _speech_sight(self, message: dict, _: bytes | None) -> None:
        observed = self.perceiving.saw(message, self._ms())
        if observed is not None:
            await self.audience.publish(told((observed,)))

    async def _speech_floor_yielded(self, message: dict, _: bytes | None) -> None:
        heard, self._heard, self._learner_speaking = self._heard or {"text": ""}, None, False
        text = heard["text"].strip()
        if self._speaking and (not text or is_backchannel(text)):
            await self._go_on()
            return
        if self._speaking:
            await self._interrupt()
        if not text:
            await self._set_floor("listening")
            return
        await self._observe(heard, self._ms() - (message.get("at_ms", 0) - message.get("speech_ended_ms", 0)))
        kept = {key: heard[key] for key in ("confidence", "started_ms", "ended_ms") if key in heard}
        await self._take_down({"text": text, **kept})
        await self._reply()

    async def _speech_voice(self, message: dict, _: bytes | None) -> None:
        line = self._line(message["id"])
        if line is not None:
            movement = _movement(message)
            expected = int(message.get("duration_ms") or 0) * VOICE_RATE // 1000
            if line.sentence is not None and line.sentence.broken:
                return line.sentence.begin_again(movement, expected)
            line.sentence = Sentence(line.id, line.text, movement, expected=expected)
            self.media.track.play(line.sentence)

    async def _speech_pcm(self, message: dict, pcm: bytes | None) -> None:
        line = self._line(message["id"])
        if line is not None and line.sentence is not None:
            line.sentence.pcm.extend(pcm)

    async def _speech_voice_end(self, message: dict, _: bytes | None) -> None:
        line = self._line(message["id"])
        if line is not None and line.sentence is not None:
            line.sentence.complete = True
            if not line.sentence.samples:
                await self._on_sentence_ended(line.sentence)

    async def _speech_failed(self, message: dict, _: bytes | None) -> None:
        """Only lost words concern the learner: without an end of turn or voice activity silence decides."""
        log.error("speech worker: %s: %s", message.get("stage"), message.get("message"))
        match message.get("stage"):
            case "voice":
                await self._show_unspoken(self._line(message.get("id")))
            case "recognition":
                await self._say_problem("speech_unavailable", "I could not hear that.")

    async def _show_unspoken(self, line: Line | None) -> None:
        """A sentence that cannot be synthesised counts as heard once it is read."""
        if line is None or line.heard:
            return
        await self._caption(line)
        if line.sentence is not None:
            self.media.track.drop(line.sentence)  # begun by a worker that was lost: nothing follows it any more
        line.heard = True
        if self._speaking.finished:
            await self._said_all()

    async def _caption(self, line: Line) -> None:
        if not self._speaking.started_ms:
            self._speaking.started_ms = self._ms()
        await self.audience.publish({"type": "caption", "speaker": "persona", "text": line.text, "id": line.id})

    async def _on_sentence_started(self, sentence: Sentence) -> None:
        line = self._line(sentence.id)
        if line is None:
            return
        await self._caption(line)
        if not self._speaking.paused:
            await self._set_floor("speaking")

    async def _on_sentence_ended(self, sentence: Sentence) -> None:
        line = self._line(sentence.id)
        if line is None:
            return
        line.heard = True
        if self._speaking.finished:
            await self._said_all()

    # -- time -------------------------------------------------------------

    async def _on_tick(self, _: Any) -> None:
        """Once a second or so."""
        if self._ending is not None:
            return await self._finish(self._ending)
        now = self._now()
        here = now - self._present_at < self.timing.presence or (self.media is not None and self.media.connected)
        if here:
            self._present_at = max(self._present_at, now - self.timing.presence)
        elif now - self._present_at > self.timing.rejoin:
            return await self._finish("left")
        if self.phase == "connecting" and self.media is not None and self.media.connected and not self.speech.ready:
            await self._set_phase("waiting", "Waiting for a place on a speech worker.")
        if self.phase == "live" and not self._in_writing and self._voiceless_for(now) >= self.timing.unreplaced:
            await self._set_phase("recovering", "The voice was lost for a moment; it is coming back.")
        if not self._in_writing and self._voiceless_for(now) > self.timing.without_voice:
            await self._go_on_in_writing()
        if now - self._begun > self.brief.minutes * 60 and self.floor == "listening":
            return await self._finish("timeout")
        if self._nudge_at is not None and now > self._nudge_at and self.floor == "listening" and here:
            self._nudge_at = None
            await self._perform(await self.think(self.coach.nudge, self.brief, self.state, self.transcript))
        sensed = self.perceiving.sensed
        if sensed is not None:
            await self.audience.publish(sensed)

    def _voiceless_for(self, now: float) -> float:
        return 0.0 if self._voiceless_since is None else now - self._voiceless_since

    async def _on_overlapped(self, number: int) -> None:
        """The learner has talked over the persona for long enough to mean it."""
        if self._speaking and self._speaking.number == number and self._speaking.paused and self._learner_speaking:
            await self._interrupt()

    async def _on_quiet_again(self, number: int) -> None:
        if self._speaking and self._speaking.number == number and not self._learner_speaking:
            await self._go_on()

    # -- how the learner says it ------------------------------------------

    async def _sense(self, wanted: dict) -> None:
        """The learner's switches. The record says what was sensed, never what of it was noticed."""
        if self.perceiving.switch(wanted):
            await self.record.note(Note("perception", dict(self.perceiving.on)))
            self._tell_senses()

    async def _observe(self, heard: dict, ended_ms: int) -> None:
        patience = self.perceiving.patience_ms
        self._observed = self.perceiving.turn(heard, ended_ms)
        if self._observed:
            await self.audience.publish(told(self._observed, heard["text"]))
        if self.perceiving.patience_ms != patience:
            self.speech.send("patience", ms=self.perceiving.patience_ms)

    def _tell_senses(self) -> None:
        if self.perceiving.may:
            self.speech.send("sense", **self.perceiving.on)
            self.speech.send("patience", ms=self.perceiving.patience_ms)

    # -- turns ------------------------------------------------------------

    async def _begin_when_ready(self) -> None:
        if self.phase == "ending":
            return
        if not self._in_writing and not self.media.connected:
            return
        if self._in_writing or self.speech.ready:
            await self._begin()

    async def _begin(self) -> None:
        await self._set_phase("live")
        if self._opened:
            return
        self._opened = True
        if not self.transcript:
            await self._open()
        elif self.transcript[-1].speaker == "learner":
            await self._reply()
        else:
            await self._set_floor("listening")

    async def _open(self) -> None:
        reply = await self.think(self.coach.open, self.brief, self.recall)
        if self.recall is not None:
            recalled = {"memories": list(self.recall.memories), "lines": list(reply.lines)}
            await self.record.note(Note("recalled", recalled))
        await self._perform(reply)

    async def _take_down(self, said: dict) -> None:
        """The learner's turn, on the record and on the pages."""
        said = {"speaker": "learner", "started_ms": self._ms(), "ended_ms": self._ms(), **said, "interrupted": False}
        seq = await self.record.utterance(said)
        self.transcript += (Turn(seq, "learner", said["text"], said.get("confidence", 1.0)),)
        await self.audience.publish({"type": "utterance", "seq": seq, **_public(said)})

    async def _reply(self) -> None:
        await self._set_floor("thinking")
        observed, self._observed = self._observed, ()
        reply = await self.think(self.coach.answer, self.brief, self.state, self.transcript, observed)
        if reply.trigger is not None:
            await self._guard(reply.trigger)
        for trigger in reply.touched:
            await self.record.guardrail(trigger)
        for note in reply.notes:
            await self.record.note(note)
        await self._perform(reply)

    async def _guard(self, trigger: Trigger) -> None:
        if not await self.record.guardrail(trigger):
            return  # on the record already: this turn is answered a second time after a crash
        message = ""
        if trigger.action == "escalate":
            question = next((turn.text for turn in self.transcript if turn.seq == trigger.seq), trigger.quote)
            await self.record.escalate(trigger, question)
            message = "Your question went to a human reviewer."
        published = {"type": "guardrail", "name": trigger.guardrail, "action": trigger.action, "message": message}
        await self.audience.publish(published)

    async def _perform(self, reply: Reply) -> None:
        self._turns += 1
        self._speaking = speaking = Speaking(self._turns, reply, [], list(reply.citations))
        for text in reply.lines:
            self._add_line(text)
        if reply.more is not None:
            speaking.stream = asyncio.ensure_future(self._follow(speaking.number, reply.more))
        if self._in_writing:
            return await self._write_all()
        await self._set_floor("thinking")
        self._show(Mood(reply.emotion if reply.emotion in EMOTIONS else "neutral"))
        self._say_unheard()

    def _add_line(self, text: str) -> Line:
        line = Line(f"{self._speaking.number}.{len(self._speaking.lines)}", text)
        self._speaking.lines.append(line)
        return line

    async def _write_all(self) -> None:
        """In writing a turn is shown as a whole, once all of it is there."""
        if self._speaking.stream is None:
            for line in self._speaking.lines:
                line.heard = True
            await self._said_all()

    def _say_unheard(self) -> None:
        self.media.track.paused = self._speaking.paused
        self.speech.send("floor", persona=True)
        for line in self._speaking.lines:
            if not line.heard and (line.sentence is None or line.sentence.broken):
                self._ask(line)

    def _ask(self, line: Line) -> None:
        """Once of each worker: it may have been asked before its `ready` came out of the inbox."""
        if line.asked != self.speech.serving:
            line.asked = self.speech.serving
            self.speech.send("speak", id=line.id, text=line.text)

    # -- a reply that comes bit by bit --------------------------------------

    async def _follow(self, number: int, more: AsyncIterator[Said]) -> None:
        """Bring what comes into the inbox, where it is handled like everything else."""
        try:
            async for said in more:
                self.post("more", (number, said))
            self.post("complete", number)
        except Exception:
            log.exception("the rest of a reply did not come")
            self.post("complete", number)
        finally:
            await more.aclose()

    async def _on_more(self, event: tuple[int, Said]) -> None:
        number, said = event
        if isinstance(said, Note):
            return await self.record.note(said)  # on the record even where the turn was taken back
        if isinstance(said, Trigger):
            await self.record.guardrail(said)
            return
        if not self._speaking or self._speaking.number != number:
            return
        if isinstance(said, Citation):
            self._speaking.citations.append(said)
            return
        line = self._add_line(said)
        if not self._in_writing:
            self._ask(line)

    async def _on_complete(self, number: int) -> None:
        if not self._speaking or self._speaking.number != number:
            return
        self._speaking.stream = None
        if self._in_writing:
            await self._write_all()
        elif self._speaking.finished:
            await self._said_all()

    async def _said_all(self) -> None:
        speaking, self._speaking = self._speaking, None
        _disarm(speaking)
        await self._record_persona(speaking, " ".join(line.text for line in speaking.lines), interrupted=False)
        if speaking.reply.closes:
            ended = speaking.reply.trigger is not None and speaking.reply.trigger.action == "end"
            return await self._finish("guardrail" if ended else "closed")
        self._send_floor(persona=False)
        await self._set_floor("hearing" if self._learner_speaking else "listening")

    async def _interrupt(self) -> None:
        """The learner takes the floor: what was not heard was not said."""
        speaking, self._speaking = self._speaking, None
        _disarm(speaking)
        text = speaking.heard_text
        if speaking.stream is not None:
            speaking.stream.cancel()
        if self.media is not None:
            self.speech.send("cancel")
            self.media.track.clear()
            self.media.track.paused = False
            self._send_floor(persona=False)
        if speaking.audible:
            await self._record_persona(speaking, text, interrupted=True)

    async def _record_persona(self, speaking: Speaking, text: str, *, interrupted: bool) -> None:
        reply = speaking.reply
        state = replace(reply.state, last_lines=tuple(line.text for line in speaking.lines))
        said = {"speaker": "persona", "text": text, "interrupted": interrupted, "started_ms": speaking.started_ms}
        said |= {"ended_ms": self._ms(), "move": reply.move, "emotion": reply.emotion, "state": state}
        if reply.adapted:
            said["adapted"] = True
        if speaking.citations:
            said["citations"] = [asdict(citation) for citation in speaking.citations]
        if not text.strip():
            return
        seq = await self.record.utterance(said)
        self.state = state
        self.transcript += (Turn(seq, "persona", text),)
        await self.audience.publish({"type": "utterance", "seq": seq, **_public(said)})

    # -- overlap ----------------------------------------------------------

    def _pause(self) -> None:
        self._speaking.paused = self.media.track.paused = True

    async def _go_on(self) -> None:
        """A cough or an 'mm-hm': the persona continues where it stopped."""
        if not self._speaking:
            return await self._set_floor("listening")
        _disarm(self._speaking)
        if self._speaking.paused:
            self._speaking.paused = self.media.track.paused = False
        await self._set_floor("speaking" if self._speaking.audible else "thinking")

    def _arm_interruption(self) -> None:
        if self._speaking and self._speaking.paused:
            self._arm(self.timing.interruption, "overlapped")

    def _arm(self, seconds: float, event: str) -> None:
        _disarm(self._speaking)
        number = self._speaking.number
        self._speaking.timer = asyncio.get_running_loop().call_later(seconds, self.post, event, number)

    # -- states -----------------------------------------------------------

    async def _go_on_in_writing(self) -> None:
        problem = {"type": "problem", "code": "speech_unavailable", "message": "No voice is free at the moment."}
        remedy = "Go on in writing: type your answer. The voice comes back by itself when there is room."
        await self.audience.publish({**problem, "remedy": remedy})
        await self._write_from_now()

    async def _write_from_now(self) -> None:
        self._in_writing = True
        self._fall_silent()
        self._learner_speaking, self._heard = False, None
        self.speech.forget_audio()
        if self._speaking:
            await self._set_phase("live")
            return await self._write_all()
        await self._begin()
        if self.floor == "hearing":
            await self._set_floor("listening")

    def _fall_silent(self) -> None:
        """What was begun of the persona's turn stands on the page as a caption; the rest may yet be asked for again."""
        self.speech.send("cancel")
        self.media.track.clear()
        self.media.track.paused = False
        self._send_floor(persona=False)
        if not self._speaking:
            return
        _disarm(self._speaking)
        self._speaking.paused = False
        for line in self._speaking.lines:
            line.heard = line.heard or bool(line.sentence and line.sentence.played)
            line.sentence, line.asked = None, -1

    async def _say_problem(self, code: str, message: str) -> None:
        problem = {"type": "problem", "code": code, "message": message, "remedy": "Say it again, or type it."}
        await self.audience.publish(problem)
        await self._set_floor("listening")

    async def _finish(self, reason: str) -> None:
        """For the first reason that there was; where it cannot be written, the next tick tries again."""
        self._ending = self._ending or reason
        if self._speaking:
            await self._interrupt()
        if self.phase != "ending":
            await self._set_phase("ending", "Your conversation is being read once more and scored.")
        await self.record.finish(self._ending)
        self._over = True
        await self.audience.publish({"type": "ended", "reason": self._ending})

    async def _set_phase(self, phase: str, detail: str = "") -> None:
        self.phase, self._detail = phase, detail
        await self.audience.publish(self._phase_message())

    def _phase_message(self) -> dict:
        voiced = self.media is not None and not self._chose_writing
        unheard = voiced and not self.media.connected and self.phase != "ending"
        offered = {"offer": True} if unheard else {}
        return {"type": "state", "phase": self.phase, "detail": self._detail, **offered}

    async def _set_floor(self, floor: str) -> None:
        if floor != self.floor:
            self.floor = floor
            self._show(Floor(floor))
            await self.audience.publish({"type": "floor", "state": floor})
        if floor == "listening":
            self._set_nudge()

    def _show(self, event: Event) -> None:
        if self.media is not None:
            self.media.show(event)

    def _set_nudge(self) -> None:
        self._nudge_at = self._now() + (self.timing.nudge_text if self._in_writing else self.timing.nudge_voice)

    def _send_floor(self, *, persona: bool) -> None:
        if self.speech is not None:
            self.speech.send("floor", persona=persona)

    def _line(self, line_id: str) -> Line | None:
        """The current turn's line; None for one that was taken back."""
        lines = self._speaking.lines if self._speaking else ()
        return next((line for line in lines if line.id == line_id), None)


def _movement(message: dict) -> Movement:
    """The lips of a sentence; a mouth that stays shut where the worker sent none that can be read."""
    try:
        return Movement.read(**{key: message[key] for key in ("names", "times", "values", "beats") if key in message})
    except (ValueError, TypeError):
        log.exception("the lips of a sentence cannot be read")
        return Movement.read()


def is_backchannel(text: str) -> bool:
    """Whether words said over the persona only mean 'go on'."""
    plain = re.sub(r"[^\w\s-]", "", text.lower()).strip()
    return plain in _BACKCHANNEL or all(word in _BACKCHANNEL for word in plain.split())


def _public(said: dict) -> dict:
    return {key: said[key] for key in PUBLIC if key in said}


def _disarm(speaking: Speaking) -> None:
    if speaking.timer is not None:
        speaking.timer.cancel()
        speaking.timer = None
