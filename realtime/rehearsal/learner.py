"""The learner in the conversation: listens until the persona is done, then says what the script answers."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable

from aiortc.mediastreams import MediaStreamError

from realtime.rehearsal.call import Call
from realtime.rehearsal.hearing import GAP, Ear, Onset, Stopwatch
from realtime.rehearsal.manner import said
from realtime.rehearsal.result import Turn
from realtime.rehearsal.script import Answer, Choice, Line, Script
from realtime.rehearsal.signalling import Signalling
from realtime.rehearsal.voice import Voice
from realtime.rehearsal.watching import Eye

_TICK = 0.02  # how often the learner looks whether it may speak
_PATIENCE = 8.0  # seconds of a listening persona and no word of the line on the page: it was not heard
_LONGEST_WAIT = 45.0  # seconds without an answer to a line that was heard, while the conversation is live
_REPEATS = 2
_OFFER_AGAIN = 8.0  # seconds after which an unanswered offer is made again
_STEADY = 3.0  # a connection this old belongs to a conversation that has begun


class Learner:
    """One conversation. `conversation_url` is the WebSocket's; `tell` is called with every line of the transcript.

    With `video` the learner asks for the face as video, wherever a worker offers it.
    """

    def __init__(
        self,
        script: Script,
        conversation_url: str,
        *,
        cookie: str,
        ice_servers: list[dict],
        voice: Voice | None,
        tell: Callable[[str], None],
        video: bool = False,
    ):
        self._script, self._voice, self._tell = script, voice, tell
        self._choice = Choice(script.answers)
        self._ice_servers = ice_servers
        self._signalling = Signalling(
            conversation_url,
            cookie=cookie,
            modality="voice" if voice else "text",
            on_message=self._on_message,
            on_lost=self._on_lost,
            on_back=lambda: self._notice("The connection to the conversation is back."),
        )
        self._tasks: set[asyncio.Task] = set()
        self._call: Call | None = None
        self._offered_at = float("-inf")
        self._unanswered = False
        self._ear = Ear(self._on_onset)
        self._stopwatch = Stopwatch()
        self.eye = Eye() if video else None
        self._phase, self._floor = "connecting", ""
        self._recovering = False
        self._in_writing = voice is None
        self._heard: list[str] = []  # what the persona has said since the learner's last line
        self._understood = 0  # learner's utterances on the page
        self._answered = 0  # persona's utterances
        self._onset: float | None = None  # when the persona's voice began last
        self._ended = asyncio.Event()
        self.turns: list[Turn] = []
        self.observed: list[str] = []
        self.guardrails: list[dict[str, str]] = []
        self.errors: list[str] = []
        self.end_reason = ""
        self.report = ""

    @property
    def interruptions(self) -> int:
        return self._stopwatch.interruptions

    async def converse(self) -> None:
        """From connecting to the end. Raises signalling.Refused."""
        connection = asyncio.ensure_future(self._signalling.run())
        talking = asyncio.ensure_future(self._talk())
        try:
            await asyncio.wait({connection, talking}, return_when=asyncio.FIRST_COMPLETED)
            if connection.done() and connection.exception():
                raise connection.exception()
            await talking
        finally:
            await self._signalling.close()
            for task in (connection, talking, *self._tasks):
                task.cancel()
            await asyncio.gather(connection, talking, *self._tasks, return_exceptions=True)
            if self._call is not None:
                await self._call.close()

    async def leave(self) -> None:
        """End the conversation as a click on “finish” does, and wait for the end."""
        connection = asyncio.ensure_future(self._signalling.run())
        try:
            await self._finish()
        finally:
            await self._signalling.close()
            connection.cancel()
            await asyncio.gather(connection, return_exceptions=True)

    # -- what the learner does --------------------------------------------

    async def _talk(self) -> None:
        turn = 1
        await self._until(lambda: self._may_speak(turn, answered=0))
        while not self._ended.is_set():
            answer = self._choice.interruption(turn) or self._choice.next(turn, " ".join(self._heard))
            if answer is None:
                self._tell("(The learner has nothing more to say and ends the conversation.)")
                return await self._finish()
            await self._say(answer, turn)
            turn += 1

    async def _say(self, answer: Answer, turn: int) -> None:
        """The line, again if it was not heard, until the learner may say the next."""
        self._choice.said(answer)
        understood = self._understood
        for repeated in range(1 + _REPEATS):
            if repeated:
                self._notice("The line was not heard; the learner says it again.")
            answered = await self._utter(answer)
            await self._await_answer(turn + 1, understood, answered)
            if self._ended.is_set() or self._understood > understood:
                return

    async def _utter(self, answer: Answer) -> int:
        """Speak or type; the number of the persona's utterances up to then, so that the next one is the answer."""
        await self._until(lambda: self._in_writing or self._connected)
        self._heard.clear()
        answered = self._answered
        if self._ended.is_set():
            return answered
        if self._in_writing:
            if answer.interrupt_after_ms is not None:
                await self._signalling.send({"type": "interrupt"})
            await self._type(answer.line)
            return answered
        loop = asyncio.get_running_loop()
        samples = self._voice.speak(answer.line)
        if answer.manner:
            samples = await asyncio.to_thread(said, samples, answer.manner)
        self._stopwatch.learner_begins()
        speaking = asyncio.ensure_future(self._call.microphone.say(samples))
        over = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait({speaking, over}, return_when=asyncio.FIRST_COMPLETED)
            self._stopwatch.learner_ends(speaking.result() if speaking.done() else loop.time())
        except MediaStreamError:
            # The connection was replaced in the middle of the line: what was lost is said again.
            self._stopwatch.learner_ends(loop.time())
        finally:
            speaking.cancel()
            over.cancel()
        self._onset = None
        return self._answered

    async def _await_answer(self, turn: int, understood: int, answered: int) -> None:
        """Wait until the learner may begin turn `turn`, or the last line was plainly not heard."""
        loop = asyncio.get_running_loop()
        quiet_since = waiting_since = loop.time()
        while not self._ended.is_set() and not self._may_speak(turn, answered):
            now = loop.time()
            if self._phase != "live":
                quiet_since = waiting_since = now
            elif self._floor != "listening" or self._ear.silent_for(now) < GAP:
                quiet_since = now
            if self._understood == understood and now - quiet_since > _PATIENCE:
                return
            if now - waiting_since > _LONGEST_WAIT:
                self._notice(f"The persona did not answer within {_LONGEST_WAIT:.0f} s.")
                return
            await self._pause()

    async def _type(self, line: Line) -> None:
        message = {"type": "say", "text": line.text, "id": uuid.uuid4().hex}
        if line.pauses:
            await self._signalling.send({"type": "typing"})
            await asyncio.sleep(line.pauses)
        # Sent until it is through: the id makes a second one harmless.
        while not await self._signalling.send(message) and not self._ended.is_set():
            await asyncio.sleep(0.25)

    async def _finish(self) -> None:
        while not self._ended.is_set():
            await self._signalling.send({"type": "finish"})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), 5)

    # -- what the learner perceives ---------------------------------------

    @property
    def saw_a_face(self) -> bool:
        """Whether frames of the persona's face came with its voice."""
        return self._call is not None and self._call.frames > 0

    @property
    def _connected(self) -> bool:
        return self._call is not None and self._call.connected.is_set() and self._phase == "live"

    def _may_speak(self, turn: int, answered: int) -> bool:
        """Whether turn `turn` begins now: the persona has said more than `answered` utterances and is done, or has
        spoken for as long as the script lets it before cutting in."""
        now = asyncio.get_running_loop().time()
        cut_in = self._choice.interruption(turn)
        if cut_in is not None and self._onset is not None and self._ear.silent_for(now) < GAP:
            return 1000 * (now - self._onset) >= cut_in.interrupt_after_ms
        done = self._phase == "live" and self._floor == "listening" and self._answered > answered
        return done and (self._in_writing or self._ear.silent_for(now) >= GAP)

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not self._ended.is_set() and not condition():
            await self._pause()

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), _TICK)

    def _on_onset(self, onset: Onset) -> None:
        self._onset = onset.at
        self._in_writing = self._voice is None
        before = self._stopwatch.interruptions
        self._stopwatch.persona_begins(onset)
        if self._stopwatch.interruptions > before:
            self._tell("(The persona begins to speak while the learner is speaking.)")

    def _on_message(self, message: dict) -> None:
        handler = getattr(self, f"_on_{message.get('type')}", None)
        if handler is not None:
            handler(message)

    def _on_state(self, message: dict) -> None:
        phase = message["phase"]
        if phase != self._phase and phase == "waiting":
            self._tell(f"({phase}: {message.get('detail') or 'please wait'})")
        if phase == "recovering":
            self._recovering = True
            self._notice(message.get("detail") or "The conversation was cut off; it is being replaced.")
        if phase == "live" and self._phase != "live":
            # A conversation that was replaced begins by listening, and says so only when that changes.
            self._recovering, self._floor = False, "listening"
        self._phase = phase
        if message.get("offer") and self._voice is not None and self._offer_is_due(phase):
            self._spawn_offer()

    def _on_floor(self, message: dict) -> None:
        self._floor = message["state"]

    def _on_answer(self, message: dict) -> None:
        if self._call is not None and self._unanswered:
            self._unanswered = False
            self._spawn(self._call.answered(message["sdp"]))

    def _on_picture(self, message: dict) -> None:
        if self.eye and message["video"]:
            self._spawn(self._signalling.send({"type": "picture", "video": True, "height": 360, "dark": False}))

    def _on_observation(self, message: dict) -> None:
        self.observed.append(message["text"])
        self._tell(f"(Noticed: {message['text']} {message['confidence']:.0%})")

    def _on_utterance(self, message: dict) -> None:
        turn = Turn(message["speaker"], message["text"], interrupted=bool(message.get("interrupted")))
        if turn.speaker == "persona":
            turn.voice_to_voice_ms = self._stopwatch.take()
            turn.longest_silence_ms = None if self._in_writing else self._ear.take_silence()
            self._heard.append(turn.text)
            self._answered += 1
        else:
            self._understood += 1
        self.turns.append(turn)
        took = f"  [{turn.voice_to_voice_ms} ms]" if turn.voice_to_voice_ms is not None else ""
        self._tell(f"{turn.speaker:>8}: {turn.text}{' (interrupted)' if turn.interrupted else ''}{took}")

    def _on_guardrail(self, message: dict) -> None:
        self.guardrails.append({key: message.get(key, "") for key in ("name", "action", "message")})
        self._tell(f"(Guardrail {message['name']}: {message['action']}. {message.get('message', '')})")

    def _on_problem(self, message: dict) -> None:
        if message.get("code") == "speech_unavailable":
            self._in_writing = True
        self._notice(f"{message.get('code')}: {message.get('message', '')} {message.get('remedy', '')}".strip())

    def _on_ended(self, message: dict) -> None:
        self.end_reason, self.report = message.get("reason", ""), message.get("report", "")
        if self.eye:
            self.eye.look(asyncio.get_running_loop().time())
        self._ended.set()

    def _on_lost(self, reason: str) -> None:
        self._notice(f"The connection to the conversation was lost ({reason}); trying again.")

    def _notice(self, what: str) -> None:
        self.errors.append(what)
        self._tell(f"({what})")

    # -- media ------------------------------------------------------------

    def _offer_is_due(self, phase: str) -> bool:
        """Whether the page would connect its media now: for the first time, or since the other side is a new one.

        An answer does not say which offer it belongs to, so there is one at a time.
        """
        age = asyncio.get_running_loop().time() - self._offered_at
        if self._unanswered:
            return age > _OFFER_AGAIN
        if self._call is None or self._recovering or self._call.failed.is_set():
            return True
        if self._call.connected.is_set():
            return phase == "connecting" and age > _STEADY
        return age > _OFFER_AGAIN

    def _spawn_offer(self) -> None:
        before, self._call = self._call, Call(self._ear, self._ice_servers, self.eye)
        self._recovering, self._unanswered = False, True
        self._offered_at = asyncio.get_running_loop().time()
        self._spawn(self._make_offer(self._call, before))

    async def _make_offer(self, call: Call, before: Call | None) -> None:
        if before is not None:
            await before.close()
        self._unanswered = await self._signalling.send({"type": "offer", "sdp": await call.offer()})
        self._spawn(self._watch(call))

    async def _watch(self, call: Call) -> None:
        """Connect anew when the media fails, or never come."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(call.connected.wait(), _OFFER_AGAIN + 2)
        if call.connected.is_set():
            await call.failed.wait()
        hung_up = self._phase == "ending" or self._ended.is_set()
        if call is self._call and not hung_up:
            self._notice("The media connection failed; connecting anew.")
            self._spawn_offer()

    def _spawn(self, coroutine) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
