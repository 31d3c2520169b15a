"""Where a page's one-time message waits for the next page (django.contrib.messages)."""

from __future__ import annotations

import json
import logging

from django.contrib.messages.storage.base import BaseStorage
from django.contrib.messages.storage.cookie import MessageDecoder, MessageEncoder
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.cache import cache
from django.http import HttpRequest

from coachtool.attempts import addressed

log = logging.getLogger(__name__)
_SECONDS = 300


def storage(request: HttpRequest) -> BaseStorage:
    """Django's own storage; for a visit of a browser without cookies, one beside the visit."""
    visit_id = addressed.in_path(request.path_info)
    return ByVisit(request, visit_id) if visit_id else FallbackStorage(request)


class ByVisit(BaseStorage):
    """Kept in the cache under the visit's digest. A cache that is away costs the message, not the page."""

    def __init__(self, request: HttpRequest, visit_id: str):
        super().__init__(request)
        self._key = f"messages:{addressed.digest(visit_id)}"

    def _get(self):
        try:
            kept = cache.get(self._key)
        except Exception as problem:  # whatever the cache's client raises
            log.warning("messages could not be read: %r", problem)
            kept = None
        return (json.loads(kept, cls=MessageDecoder) if kept else []), True

    def _store(self, messages, response, *args, **kwargs):
        try:
            if messages:
                cache.set(self._key, json.dumps(list(messages), cls=MessageEncoder), _SECONDS)
            else:
                cache.delete(self._key)
        except Exception as problem:
            log.warning("messages could not be kept: %r", problem)
        return []
