"""Names by which the web and the conversation processes find each other in Valkey."""

from typing import Any


def inbox(attempt_id: Any) -> str:
    """The channel on which the attempt's conversation receives."""
    return f"conversation.{attempt_id}"


def audience(attempt_id: Any) -> str:
    """The group of the attempt's open pages."""
    return f"attempt.{attempt_id}"


def alive(attempt_id: Any) -> str:
    """The cache key that a living conversation renews every second; its value is the epoch."""
    return f"alive:{attempt_id}"


def starting(attempt_id: Any) -> str:
    """The cache key that keeps two pages from starting a conversation twice."""
    return f"starting:{attempt_id}"


ALIVE_SECONDS = 5  # after the last sign of life
STARTING_SECONDS = 10  # from the start of a process to its first sign of life
WAITING = "coachtool:waiting"  # sorted set: attempts that wait for a speech worker, by since when
