"""A conversation in its own process: the pure `Conversation` joined to Valkey, Postgres, WebRTC and a worker."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.core.cache import cache

from coachtool.activities.brief import Brief
from coachtool.attempts import journal, memory, sensing
from coachtool.attempts.finish import finish
from coachtool.attempts.models import Attempt
from coachtool.coaching.authored import AuthoredCoach
from coachtool.coaching.types import Coach, CoachState, Note, Trigger, Turn
from knowledge import retrieval
from knowledge.library import Library
from realtime import names, pool
from realtime.conversation import Conversation, Stopped
from realtime.lease import Lease
from realtime.perceiving import Perceiving
from realtime.rendering import codec
from realtime.rendering.behaviour.events import Event, Hush, Speak
from realtime.rendering.frames import Frame
from realtime.showing import Showing
from realtime.timing import Timing
from realtime.transport.face import Face
from realtime.transport.peer import OfferError, Peer
from realtime.transport.track import Sentence, VoiceTrack
from realtime.transport.video import VideoTrack
from realtime.wire import VOICE_RATE

log = logging.getLogger(__name__)

_FAREWELL = 1.0  # seconds between the end's announcement and hanging up, so that no page takes it for a failure
_ASKING = 3  # how many of the waiting conversations ask for a worker at the same time


class JournalRecord:
    """The Record of a conversation: the attempt's journal, under this process's epoch."""

    def __init__(self, attempt_id: Any, epoch: int):
        self._attempt_id, self._epoch = attempt_id, epoch

    async def utterance(self, data: dict) -> int:
        if isinstance(data.get("state"), CoachState):
            data = {**data, "state": asdict(data["state"])}
        event = await self._write(journal.append, self._attempt_id, "utterance", data, epoch=self._epoch)
        return event.seq

    async def guardrail(self, trigger: Trigger) -> bool:
        return await self._write(journal.guard, self._attempt_id, trigger, epoch=self._epoch)

    async def escalate(self, trigger: Trigger, question: str) -> None:
        await self._write(journal.escalate, self._attempt_id, trigger, question, epoch=self._epoch)

    async def finish(self, reason: str) -> None:
        await self._write(finish, self._attempt_id, reason, epoch=self._epoch)

    async def beat(self) -> None:
        if not await self._write(journal.beat, self._attempt_id, self._epoch):
            raise Stopped

    async def models(self, models: dict) -> None:
        await self._write(journal.append, self._attempt_id, "models", models, epoch=self._epoch)

    async def note(self, note: Note) -> None:
        await self._write(journal.append, self._attempt_id, note.kind, note.data, epoch=self._epoch)

    async def _write(self, write, *args, **kwargs):
        try:
            return await database_sync_to_async(write)(*args, **kwargs)
        except journal.Fenced as fenced:
            raise Stopped(str(fenced)) from fenced


class GroupAudience:
    """The Audience of a conversation: the pages in the attempt's Channels group."""

    def __init__(self, attempt_id: Any):
        self._layer, self._group = get_channel_layer(), names.audience(attempt_id)

    async def publish(self, message: dict, to: str | None = None) -> None:
        event = {"type": "conversation.message", "message": message}
        with contextlib.suppress(Exception):  # a full or lost channel: the page catches up from the journal
            if to is None:
                await self._layer.group_send(self._group, event)
            else:
                await self._layer.send(to, event)


class PeerMedia:
    """The Media of a conversation: its voice track, its face, and the newest peer that the browser offered."""

    def __init__(self, on_pcm, post, seed: int, showing: Showing, on_picture: Callable[[bytes], None] | None = None):
        self._on_pcm, self._post, self._showing, self._on_picture = on_pcm, post, showing, on_picture
        self._peer: Peer | None = None
        self.connected = False
        self.track = self._new_track()
        self._face, self._packets = Face(seed, self._send_face), 0

    async def accept(self, sdp: str) -> dict:
        old, self.connected = self._peer, False
        track = self.track.successor() if old else self.track
        video = VideoTrack(self._face.when, self._showing.want_key)
        sent = {"video": video, "on_bps": self._showing.aim}
        peer = Peer(track, self._on_pcm, self._changed, settings.ICE_SERVERS, self._on_picture, **sent)
        try:
            answer = await peer.accept(sdp)
        except OfferError as refusal:
            raise ValueError(f"The connection could not be set up: {refusal}") from refusal
        self._peer, self.track = peer, track
        self._showing.offered(video, peer.video_codec)
        if old:
            await old.close()
        return {"sdp": answer, "ice_servers": settings.ICE_SERVERS}

    def show(self, event: Event) -> None:
        self._face.show(event)

    async def close(self) -> None:
        self._face.close()
        if self._peer:
            await self._peer.close()

    def _send_face(self, frames: Sequence[Frame]) -> None:
        if self._peer is not None:
            sample = self.track.sample_at(self._face.when(frames[0].at_ms))
            self._packets += 1
            packet = codec.encode(frames, self._peer.rtp_time(sample), self._packets)
            self._peer.send_face(packet)
            self._showing.follow(packet)

    def _new_track(self) -> VoiceTrack:
        return VoiceTrack(
            lambda sentence: self._post("sentence_started", sentence),
            lambda sentence: self._post("sentence_ended", sentence),
            self._move_lips,
        )

    def _move_lips(self, sentence: Sentence | None) -> None:
        """With what leaves the track, not with the inbox, which may be waiting for a coach that thinks."""
        event = Hush()
        if sentence is not None:
            asks = sentence.text.rstrip().endswith("?")
            event = Speak(sentence.movement, asks, sentence.played * 1000 / VOICE_RATE)
        self._face.show(event, self.track.leaving)

    def _changed(self, peer: Peer, state: str) -> None:
        if peer is self._peer:
            self.connected = state == "connected"
            self.track.held = not self.connected
            self._showing.watched(self.connected)
            self._post("peer", state)


async def run(attempt_id: str) -> None:
    """Take the attempt and hold its conversation until it ends, or another process takes over."""
    if not await cache.aadd(names.alive(attempt_id), 0, names.STARTING_SECONDS):
        return log.info("not starting: attempt %s has a living conversation", attempt_id)
    try:
        attempt, epoch = await database_sync_to_async(journal.take)(attempt_id)
    except (journal.Fenced, Attempt.DoesNotExist) as refusal:
        log.info("not starting: %s", refusal)
        return
    log.info("attempt %s: epoch %s begins", attempt_id, epoch)
    record = JournalRecord(attempt.pk, epoch)
    # Said from the first moment, because a page that sees no sign of life starts another process.
    sides = [asyncio.ensure_future(_stay_alive(record, attempt_id, epoch))]
    coach = await database_sync_to_async(_coach)(attempt)
    transcript, state, said = await database_sync_to_async(_history)(attempt)
    recall = None if transcript else await database_sync_to_async(memory.recall_for)(attempt)
    # Embedding the examples takes a second or two, and the opening is spoken meanwhile.
    preparing = asyncio.ensure_future(asyncio.to_thread(_prepare, coach, attempt.brief))
    voiced = attempt.modality == Attempt.Modality.VOICE

    perceiving = await database_sync_to_async(_perceiving)(attempt)

    conversation: Conversation
    media = lease = showing = None
    audience = GroupAudience(attempt_id)
    if voiced:
        begin = {"voice": attempt.brief.persona.voice, "language": attempt.brief.language}
        if perceiving.may:
            begin["sense"] = perceiving.on
        lease = Lease(
            settings.CONVERSATION_HOST,
            lambda *dial: _ask_for_worker(attempt_id, *dial),
            lambda message, pcm: _hear_worker(conversation, showing, message, pcm),
            {**begin, "vocabulary": _vocabulary(attempt.brief)},
            between_turns=lambda: conversation.between_turns,
            on_replaced=lambda seconds: asyncio.get_running_loop().run_in_executor(None, pool.failed_over, seconds),
        )
        seed = zlib.crc32(str(attempt_id).encode())
        showing = Showing(lease, attempt.brief.persona.face, audience.publish)
        lease.frames["V"] = showing.take
        pictures = _pictures(perceiving, lease)
        media = PeerMedia(lease.hear, lambda kind, what: conversation.post(kind, what), seed, showing, pictures)
    conversation = Conversation(
        brief=attempt.brief,
        coach=coach,
        record=record,
        audience=audience,
        think=_think,
        media=media,
        speech=lease,
        transcript=transcript,
        state=state,
        recall=recall,
        elapsed=max(0.0, time.time() - attempt.started.timestamp()),
        said=said,
        timing=Timing(rejoin=settings.REJOIN_SECONDS),
        perceiving=perceiving,
    )
    sides += [
        asyncio.ensure_future(_receive(conversation, attempt_id, showing)),
        asyncio.ensure_future(_tick(conversation, lease, attempt_id)),
    ]
    try:
        if lease is not None:
            await lease.open()
        main = asyncio.ensure_future(conversation.run())
        done, _ = await asyncio.wait([main, *sides], return_when=asyncio.FIRST_COMPLETED)
        main.cancel()
        for task in done:
            task.result()
        await asyncio.sleep(_FAREWELL)
    except Stopped as stopped:
        log.info("attempt %s: epoch %s stops: %s", attempt_id, epoch, stopped)
    finally:
        for task in (*sides, preparing):
            task.cancel()
        await coach.close()
        if lease is not None:
            await lease.close()
            await media.close()
        if await cache.aget(names.alive(attempt_id)) == epoch:
            await cache.adelete(names.alive(attempt_id))
        with contextlib.suppress(*pool.AWAY):
            await asyncio.to_thread(pool.leave_queue, attempt_id)
        await get_channel_layer().close_pools()
    log.info("attempt %s: epoch %s is over", attempt_id, epoch)


def _prepare(coach: Coach, brief: Brief) -> None:
    """Load what the coach thinks with; the models that search documents only where there are any."""
    coach.prepare(brief)
    if brief.knowledge:
        retrieval.warm()


async def _think(think, *args):
    """Run what a coach does: in a thread, which may read the database, unless it waits for a server itself."""
    if inspect.iscoroutinefunction(think):
        return await think(*args)
    return await database_sync_to_async(think, thread_sensitive=False)(*args)


def _coach(attempt: Attempt) -> Coach:
    """The coach that the activity asks for, where the site has what it needs; else the authored one."""
    library = Library.of(attempt)
    if attempt.brief.coach != "generative" or not settings.LLM_URL:
        return AuthoredCoach(library)
    from coachtool.coaching.generative import GenerativeCoach
    from coachtool.coaching.llm import Server  # loads an SDK that the authored coach can do without

    server = Server(
        settings.LLM_URL,
        settings.LLM_MODEL,
        settings.LLM_KEY,
        first=settings.LLM_FIRST_SECONDS,
        total=settings.LLM_TOTAL_SECONDS,
    )
    return GenerativeCoach(
        server,
        _think,
        budget=settings.LLM_TOKENS,
        library=library,
        proposed=journal.proposals(attempt),
        tokens=journal.tokens(attempt),
    )


async def _receive(conversation: Conversation, attempt_id: str, showing: Showing | None) -> None:
    layer, channel = get_channel_layer(), names.inbox(attempt_id)
    while True:
        message = (await layer.receive(channel))["message"]
        if showing is not None and message.get("type") in ("hello", "picture"):
            showing.heard_from_page(message)
        if message.get("type") != "picture":
            conversation.post("browser", message)


def _hear_worker(conversation: Conversation, showing: Showing, message: dict, pcm: bytes | None) -> None:
    """What concerns the video alone is not told to the conversation."""
    if message["t"] in ("ready", "lost") or message.get("stage") == "video":
        showing.heard_from_worker(message)
    if message.get("stage") != "video":
        conversation.post("speech", (message, pcm))


async def _stay_alive(record: JournalRecord, attempt_id: str, epoch: int) -> None:
    """Say every second that this process lives, and every fifth to the database, which may fence it off (Stopped)."""
    second = 0
    while True:
        with contextlib.suppress(OSError, *pool.AWAY):
            await cache.aset(names.alive(attempt_id), epoch, names.ALIVE_SECONDS)
        if second % 5 == 0:
            await record.beat()
        second += 1
        await asyncio.sleep(1)


async def _tick(conversation: Conversation, lease: Lease | None, attempt_id: str) -> None:
    """The conversation's clock, and its place in the queue while it waits for a worker."""
    served = False
    while True:
        with contextlib.suppress(*pool.AWAY):
            ready = lease is not None and lease.ready
            if ready and not served:
                await asyncio.to_thread(pool.leave_queue, attempt_id)
            served = ready
            if conversation.phase == "waiting":
                await conversation.audience.publish(_waiting(await asyncio.to_thread(pool.read), attempt_id))
        conversation.post("tick")
        await asyncio.sleep(1)


def _waiting(now: pool.Pool, attempt_id: str) -> dict[str, Any]:
    before = now.before(attempt_id)
    minutes = now.minutes(before)
    known = {} if minutes is None else {"minutes": minutes}
    return {"type": "state", "phase": "waiting", "detail": "", "queue": before, **known}


async def _ask_for_worker(attempt_id: str, host: str, port: int, token: str, urgent: bool) -> None:
    """Queue a lease: at once where a worker is to be replaced, else when there is a place for this conversation."""
    try:
        await asyncio.to_thread(_queue_lease, attempt_id, host, port, token, urgent)
    except Exception:
        log.exception("could not ask for a speech worker; asking again")


def _queue_lease(attempt_id: str, host: str, port: int, token: str, urgent: bool) -> None:
    from realtime.workers import ASK_SECONDS, lease

    if not urgent:
        pool.queue_up(attempt_id)
        now = pool.read()
        if now.before(attempt_id) >= now.free:
            return
    lease.apply_async((host, port, token, urgent), expires=ASK_SECONDS)


def _pictures(perceiving: Perceiving, lease: Lease) -> Callable[[bytes], None] | None:
    """Passes the camera's pictures on to the worker while the face is sensed; None where it never may be."""
    if not perceiving.agreed["face"]:
        return None

    def show(picture: bytes) -> None:
        if perceiving.on["face"]:
            lease.send_frame("C", picture)

    return show


def _perceiving(attempt: Attempt) -> Perceiving:
    """What may be sensed by policy and consent, as the learner left the switches; on the record where anything is."""
    agreed, switched = sensing.agreed(attempt.consent), journal.perception(attempt)
    perceiving = Perceiving(agreed, attempt.brief.language, switched)
    if perceiving.may and switched is None:
        journal.append(attempt.pk, "perception", perceiving.on)
    return perceiving


def _history(attempt: Attempt) -> tuple[tuple[Turn, ...], CoachState | None, frozenset[str]]:
    typed = attempt.events.filter(kind="utterance", data__speaker="learner").values_list("data__id", flat=True)
    return journal.transcript(attempt), journal.coach_state(attempt), frozenset(filter(None, typed))


def _vocabulary(brief) -> list[str]:
    """Names and terms that the recogniser should expect."""
    return [brief.persona.name, brief.title, *(objective.name for objective in brief.objectives)]
