"""The attempt's xAPI statements, read back and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import httpx

_PAGES = 20
_FRAME = ("launched", "initialized", "scored", "completed", "terminated")


class StoreError(Exception):
    """The learning record store could not be read; the message says why."""


@dataclass(frozen=True)
class RecordStore:
    """An xAPI 1.0.3 store."""

    url: str
    key: str
    secret: str

    async def statements(self, registration: str) -> list[dict[str, Any]]:
        """The registration's statements in the order in which they were stored. Raises StoreError."""
        found: list[dict[str, Any]] = []
        url: str | None = f"{self.url}/statements?registration={registration}&ascending=true"
        headers = {"X-Experience-API-Version": "1.0.3"}
        try:
            async with httpx.AsyncClient(auth=(self.key, self.secret), headers=headers, timeout=15) as client:
                for _ in range(_PAGES):
                    response = await client.get(url)
                    response.raise_for_status()
                    body = response.json()
                    found += body["statements"]
                    if not body.get("more"):
                        return found
                    url = urljoin(url, body["more"])
        except (httpx.HTTPError, ValueError, KeyError) as problem:
            raise StoreError(f"The learning record store at {self.url} could not be read: {problem}") from None
        raise StoreError(f"The learning record store at {self.url} has no end of statements for {registration}.")


def verb(statement: dict[str, Any]) -> str:
    """The verb's short name: the last part of its IRI."""
    return statement["verb"]["id"].rstrip("/").rsplit("/", 1)[-1]


def complete(statements: Sequence[dict[str, Any]]) -> bool:
    return any(verb(statement) == "terminated" for statement in statements)


def about_attempt(statements: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those whose object is the whole activity, as that of `launched` is, and not one of its objectives."""
    whole = next((s["object"]["id"] for s in statements if verb(s) == "launched"), None)
    return [s for s in statements if s["object"].get("id") == whole]


def outcome(statements: Sequence[dict[str, Any]]) -> str | None:
    """passed or failed; unclear when the attempt has ended with neither; None while it is not over."""
    verdicts = [verb(s) for s in about_attempt(statements) if verb(s) in ("passed", "failed")]
    if verdicts:
        return verdicts[0]
    return "unclear" if complete(statements) else None


def score(statements: Sequence[dict[str, Any]]) -> float | None:
    """The points of the `scored` statement."""
    scored = next((s for s in about_attempt(statements) if verb(s) == "scored"), None)
    return None if scored is None else scored.get("result", {}).get("score", {}).get("raw")


def questions(statements: Sequence[dict[str, Any]]) -> list[int]:
    """The numbers of the questions that went to a reviewer."""
    escalated = (s.get("context", {}).get("extensions", {}) for s in statements if verb(s) == "escalated")
    return [int(number) for given in escalated for key, number in given.items() if key.endswith("/escalation")]


def disorder(statements: Sequence[dict[str, Any]], guardrails: Sequence[str] = ()) -> list[str]:
    """What is wrong with the statements and their order, in sentences; empty when nothing is.

    launched and initialized come first, terminated is last, scored before completed before passed or failed, each of
    them once; every objective is judged before the score; `guardrails` were each triggered.
    """
    if not statements:
        return ["There are no statements."]
    wrong = []
    ids = [statement["id"] for statement in statements]
    if len(set(ids)) < len(ids):
        wrong.append("A statement is there twice.")
    whole = [verb(s) for s in about_attempt(statements)]
    verdicts = [name for name in whole if name in ("passed", "failed")]
    expected = [*_FRAME[:-1], *verdicts[:1], _FRAME[-1]]
    if whole != expected:
        wrong.append(f"The attempt's statements are {', '.join(whole)}; they should be {', '.join(expected)}.")
    verbs = [verb(statement) for statement in statements]
    if verbs[:2] != list(_FRAME[:2]) or verbs[-1] != _FRAME[-1]:
        wrong.append("The statements do not begin with launched, initialized or do not end with terminated.")
    judged = [i for i, s in enumerate(statements) if verb(s) in ("achieved", "failed") and _is_objective(s)]
    if "scored" in verbs and judged and max(judged) > verbs.index("scored"):
        wrong.append("An objective was judged after the score.")
    triggered = [s["object"]["id"].rsplit("/", 1)[-1] for s in statements if verb(s) == "triggered-guardrail"]
    wrong += [f"The guardrail {name} has no statement." for name in guardrails if name not in triggered]
    return wrong


def objectives(statements: Sequence[dict[str, Any]]) -> list[tuple[str, bool]]:
    """Each judged objective's name, and whether it was met."""
    return [
        (next(iter(s["object"].get("definition", {}).get("name", {}).values()), s["object"]["id"]), verb(s) != "failed")
        for s in statements
        if _is_objective(s)
    ]


def _is_objective(statement: dict[str, Any]) -> bool:
    return statement["object"].get("definition", {}).get("type", "").endswith("/objective")
