"""A conversation in its own process: the pure `Conversation` joined to Valkey, Postgres, WebRTC and a worker."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import time
from dataclasses import asdict
from typing import Any

import redis.asyncio
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.core.cache import cache

from coachtool.activities.brief import Brief
from coachtool.attempts import journal, memory
from coachtool.attempts.finish import finish
from coachtool.attempts.models import Attempt
from coachtool.coaching.authored import AuthoredCoach
from coachtool.coaching.types import Coach, CoachState, Note, Trigger, Turn
from knowledge import retrieval
from knowledge.library import Library
from realtime import names
from realtime.conversation import Conversation, Stopped
from realtime.lease import Lease
from realtime.timing import Timing
from realtime.transport.peer import OfferError, Peer
from realtime.transport.track import VoiceTrack

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
    """The Media of a conversation: its voice track, and the newest peer that the browser offered."""

    def __init__(self, on_pcm, post):
        self._on_pcm, self._post = on_pcm, post
        self._peer: Peer | None = None
        self.connected = False
        self.track = self._new_track()

    async def accept(self, sdp: str) -> dict:
        old, self.connected = self._peer, False
        track = self.track.successor() if old else self.track
        peer = Peer(track, self._on_pcm, self._changed, settings.ICE_SERVERS)
        try:
            answer = await peer.accept(sdp)
        except OfferError as refusal:
            raise ValueError(f"The connection could not be set up: {refusal}") from refusal
        self._peer, self.track = peer, track
        if old:
            await old.close()
        return {"sdp": answer, "ice_servers": settings.ICE_SERVERS}

    def lips(self, message: dict, sample: int | None = None) -> None:
        if self._peer is None:
            return
        if sample is not None:
            field = {"lips": "start", "hush": "at"}[message["type"]]
            message = {**message, field: self._peer.rtp_time(sample)}
        self._peer.send(message)

    async def close(self) -> None:
        if self._peer:
            await self._peer.close()

    def _new_track(self) -> VoiceTrack:
        return VoiceTrack(
            lambda sentence, sample: self._post("sentence_started", (sentence, sample)),
            lambda sentence: self._post("sentence_ended", sentence),
        )

    def _changed(self, peer: Peer, state: str) -> None:
        if peer is self._peer:
            self.connected = state == "connected"
            self.track.held = not self.connected
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
    valkey = redis.asyncio.from_url(f"{settings.VALKEY_URL}/2", socket_timeout=5)

    conversation: Conversation
    media = lease = None
    if voiced:
        begin = {"voice": attempt.brief.persona.voice, "language": attempt.brief.language}
        lease = Lease(
            settings.CONVERSATION_HOST,
            lambda *dial: _ask_for_worker(valkey, attempt_id, *dial),
            lambda message, pcm: conversation.post("speech", (message, pcm)),
            {**begin, "vocabulary": _vocabulary(attempt.brief)},
        )
        media = PeerMedia(lease.hear, lambda kind, what: conversation.post(kind, what))
    conversation = Conversation(
        brief=attempt.brief,
        coach=coach,
        record=record,
        audience=GroupAudience(attempt_id),
        think=_think,
        media=media,
        speech=lease,
        transcript=transcript,
        state=state,
        recall=recall,
        elapsed=max(0.0, time.time() - attempt.started.timestamp()),
        said=said,
        timing=Timing(rejoin=settings.REJOIN_SECONDS),
    )
    sides += [
        asyncio.ensure_future(_receive(conversation, attempt_id)),
        asyncio.ensure_future(_tick(conversation, lease, attempt_id, valkey)),
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
        await valkey.zrem(names.WAITING, attempt_id)
        await valkey.aclose()
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


async def _receive(conversation: Conversation, attempt_id: str) -> None:
    layer, channel = get_channel_layer(), names.inbox(attempt_id)
    while True:
        message = await layer.receive(channel)
        conversation.post("browser", message["message"])


async def _stay_alive(record: JournalRecord, attempt_id: str, epoch: int) -> None:
    """Say every second that this process lives, and every fifth to the database, which may fence it off (Stopped)."""
    second = 0
    while True:
        with contextlib.suppress(OSError, redis.exceptions.RedisError):
            await cache.aset(names.alive(attempt_id), epoch, names.ALIVE_SECONDS)
        if second % 5 == 0:
            await record.beat()
        second += 1
        await asyncio.sleep(1)


async def _tick(conversation: Conversation, lease: Lease | None, attempt_id: str, valkey) -> None:
    """The conversation's clock, and its place in the queue while it waits for a worker."""
    served = False
    while True:
        with contextlib.suppress(OSError, redis.exceptions.RedisError):
            ready = lease is not None and lease.ready
            if ready and not served:
                await valkey.zrem(names.WAITING, attempt_id)
            served = ready
            if conversation.phase == "waiting":
                queue = await _rank(valkey, attempt_id)
                state = {"type": "state", "phase": "waiting", "detail": "", "queue": queue}
                await conversation.audience.publish(state)
        conversation.post("tick")
        await asyncio.sleep(1)


async def _ask_for_worker(valkey, attempt_id: str, host: str, port: int, token: str) -> None:
    """Queue a lease, once it is this conversation's turn among those that wait."""
    from realtime.workers import lease

    try:
        await valkey.zadd(names.WAITING, {attempt_id: time.time()}, nx=True)
        if await _rank(valkey, attempt_id) < _ASKING:
            await sync_to_async(lease.apply_async)((host, port, token), expires=6)
    except Exception:
        log.exception("could not ask for a speech worker; asking again")


async def _rank(valkey, attempt_id: str) -> int:
    """How many living conversations wait before this one."""
    before = 0
    for waiting in await valkey.zrange(names.WAITING, 0, -1):
        waiting = waiting.decode()
        if waiting == str(attempt_id):
            return before
        if await cache.aget(names.alive(waiting)) is None:
            await valkey.zrem(names.WAITING, waiting)
        else:
            before += 1
    return before


def _history(attempt: Attempt) -> tuple[tuple[Turn, ...], CoachState | None, frozenset[str]]:
    typed = attempt.events.filter(kind="utterance", data__speaker="learner").values_list("data__id", flat=True)
    return journal.transcript(attempt), journal.coach_state(attempt), frozenset(filter(None, typed))


def _vocabulary(brief) -> list[str]:
    """Names and terms that the recogniser should expect."""
    return [brief.persona.name, brief.title, *(objective.name for objective in brief.objectives)]
