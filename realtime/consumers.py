"""The learner's WebSocket: checked, caught up from the journal, and handed on to the conversation's process."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.core.cache import cache
from django.urls import reverse

from coachtool.attempts import access
from coachtool.attempts.models import Attempt
from realtime import names
from realtime.conversation import PUBLIC

log = logging.getLogger(__name__)

_FORWARDED = {"offer", "picture", "say", "sense", "typing", "interrupt", "finish"}
_LARGEST = 64 * 1024


class ConversationConsumer(AsyncJsonWebsocketConsumer):
    """One open page of one attempt. Closes with 4403 when the visit may not speak here."""

    attempt_id = ""
    _watching: asyncio.Task | None = None

    async def connect(self):
        route = self.scope["url_route"]["kwargs"]
        try:
            attempt, self.visit = await database_sync_to_async(_admit)(self.scope["session"], **route)
        except access.NotAdmitted:
            await self.accept()
            return await self.close(4403)
        self.attempt_id = str(attempt.pk)
        self.report = reverse("attempts:report", args=[self.visit.id, attempt.pk])
        await self.channel_layer.group_add(names.audience(self.attempt_id), self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        if self._watching:
            self._watching.cancel()
        if self.attempt_id:
            await self.channel_layer.group_discard(names.audience(self.attempt_id), self.channel_name)

    async def receive(self, text_data=None, bytes_data=None, **kwargs):
        if text_data is None or len(text_data) > _LARGEST:
            return await self._problem("That message is too long.")
        try:
            await super().receive(text_data=text_data, **kwargs)
        except ValueError:
            await self._problem("That message is not JSON.")

    async def receive_json(self, content, **kwargs):
        kind = content.get("type") if isinstance(content, dict) else None
        if not self.attempt_id:
            return
        if kind == "hello":
            await self._hello(content)
        elif kind in _FORWARDED:
            await self._forward(content)
        else:
            await self._problem("That message has no known type.")

    async def conversation_message(self, event):
        """From the conversation's process."""
        message = event["message"]
        if message["type"] == "ended":
            message = {**message, "report": self.report}
        await self.send_json(message)

    async def _hello(self, content: dict) -> None:
        after = content.get("after")
        missed, ended = await database_sync_to_async(_missed)(self.attempt_id, after if isinstance(after, int) else 0)
        for message in missed:
            await self.send_json(message)
        if ended:
            return await self.send_json({"type": "ended", "reason": ended, "report": self.report})
        await self._forward(content)
        if self._watching is None:
            self._watching = asyncio.ensure_future(self._watch())

    async def _forward(self, content: dict) -> None:
        message = {"type": "browser", "message": {**content, "reply": self.channel_name}}
        with contextlib.suppress(Exception):
            return await self.channel_layer.send(names.inbox(self.attempt_id), message)
        await self._problem("The conversation is busy.", "Wait a moment and try again.")

    async def _watch(self) -> None:
        """Keep a conversation process alive behind this page, and tell it that the page is open."""
        lost = 0
        while True:
            try:
                if await cache.aget(names.alive(self.attempt_id)) is None:
                    lost += 1
                    if await cache.aadd(names.starting(self.attempt_id), 1, names.STARTING_SECONDS):
                        await self._start(recovering=lost > 1 or await self._was_live())
                else:
                    lost = 0
                    await self._forward({"type": "attend"})
            except Exception:
                log.exception("watching attempt %s", self.attempt_id)
            await asyncio.sleep(1)

    async def _was_live(self) -> bool:
        return await Attempt.objects.filter(pk=self.attempt_id, state=Attempt.State.LIVE).aexists()

    async def _start(self, *, recovering: bool) -> None:
        from realtime.workers import converse

        if recovering:
            detail = "The conversation was cut off for a moment; it is coming back. Nothing you said is lost."
            await self.send_json({"type": "state", "phase": "recovering", "detail": detail})
        await asyncio.to_thread(converse.apply_async, (self.attempt_id,), expires=30)

    async def _problem(self, message: str, remedy: str = "Reload the page.") -> None:
        await self.send_json({"type": "problem", "code": "bad_message", "message": message, "remedy": remedy})


def _admit(session, visit_id: str, attempt_id) -> tuple[Attempt, access.Visit]:
    visit = access.find(session, visit_id)
    attempt = access.attempt_for(visit, attempt_id)
    if attempt.learner_id != visit.person_id:
        raise access.NotAdmitted("Only the learner may speak here.")
    return attempt, visit


def _missed(attempt_id: str, after: int) -> tuple[list[dict], str]:
    """Durable messages after the sequence number, and the reason why the attempt has ended, if it has."""
    attempt = Attempt.objects.get(pk=attempt_id)
    said = attempt.events.filter(kind="utterance", seq__gt=after)
    missed = [
        {"type": "utterance", "seq": event.seq, **{key: event.data[key] for key in PUBLIC if key in event.data}}
        for event in said
    ]
    return missed, attempt.end_reason if attempt.state == Attempt.State.FINISHED else ""
