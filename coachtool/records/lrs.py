"""The record store's statements resource, as far as sending needs it (xAPI 1.0.3, Part Three, 2.1).

What an answer means is read from its status code alone: record stores differ
in the bodies that they send.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Any
from uuid import UUID

import httpx
from django.conf import settings

from coachtool.records.xapi import VERSION

_LONGEST_WAIT = 3600  # seconds; more is not believed
_TIMEOUT = httpx.Timeout(15, connect=5)


class Verdict(Enum):
    """What the record store made of a request."""

    STORED = "stored"
    CONFLICT = "conflict"  # a statement with this id is there, with another body
    REFUSED = "refused"  # something in the request is wrong and will be wrong again
    LATER = "later"  # the store cannot now, or does not know us: keep and try again


@dataclass(frozen=True)
class Answer:
    """A verdict with its reason; `wait` is how many seconds the store asked us to stay away, 0 if it did not."""

    verdict: Verdict
    reason: str = ""
    wait: int = 0


class RecordStore:
    """A connection to the configured store; a context manager."""

    def __init__(self, url: str, key: str, secret: str):
        self._statements = f"{url}/statements"
        self._client = httpx.Client(
            auth=(key, secret), headers={"X-Experience-API-Version": VERSION}, timeout=_TIMEOUT, follow_redirects=False
        )

    @classmethod
    def configured(cls) -> RecordStore:
        return cls(settings.LRS_URL, settings.LRS_KEY, settings.LRS_SECRET)

    def __enter__(self) -> RecordStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()

    def post(self, bodies: list[dict[str, Any]]) -> Answer:
        """Store a batch, all or nothing. Storing what is already there is no error."""
        try:
            response = self._client.post(self._statements, json=bodies)
        except httpx.HTTPError as problem:
            return _unreachable(problem)
        return _judge(response)

    def holds(self, statement_id: UUID) -> Answer:
        """STORED when the store has a statement by this id, voided or not; REFUSED when it has none."""
        for name in ("statementId", "voidedStatementId"):
            try:
                response = self._client.get(self._statements, params={name: str(statement_id)})
            except httpx.HTTPError as problem:
                return _unreachable(problem)
            if response.status_code == 200:
                return Answer(Verdict.STORED)
            if response.status_code != 404:
                return Answer(Verdict.LATER, _reason(response))
        return Answer(Verdict.REFUSED, "the record store has no statement by this id")


def _judge(response: httpx.Response) -> Answer:
    match response.status_code:
        case 200 | 204:
            return Answer(Verdict.STORED)
        case 409:
            return Answer(Verdict.CONFLICT, _reason(response))
        case 400 | 413 | 422:
            return Answer(Verdict.REFUSED, _reason(response))
    asked = response.headers.get("Retry-After", "")
    wait = min(int(asked), _LONGEST_WAIT) if asked.isdecimal() else 0
    return Answer(Verdict.LATER, _reason(response), wait)


def _unreachable(problem: httpx.HTTPError) -> Answer:
    return Answer(Verdict.LATER, f"{type(problem).__name__}: {problem}"[:500])


def _reason(response: httpx.Response) -> str:
    return f"{response.status_code} {response.text[:800]}".strip()
