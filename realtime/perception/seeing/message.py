"""A Sight on its way from the worker to the conversation: JSON, checked where it arrives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from realtime.perception.sights import Sight

_SHARES = ("brows_up", "brows_down", "smile", "blink")


def fields(sight: Sight) -> dict[str, Any]:
    """The fields of a `sight` message: all but the time, which is the conversation's to say."""
    named = asdict(sight)
    del named["at_ms"]
    named["turn"], named["gaze"] = ([round(degrees, 1) for degrees in named[name]] for name in ("turn", "gaze"))
    return named | {name: round(named[name], 3) for name in _SHARES}


def parse(message: Mapping[str, Any], at_ms: int) -> Sight:
    """The Sight of a `sight` message that came at `at_ms`. Raises ValueError, which names the field."""
    if not isinstance(message.get("present"), bool):
        raise ValueError("sight.present is true or false")
    return Sight(
        at_ms,
        message["present"],
        _degrees(message, "turn", 3),
        _degrees(message, "gaze", 2),
        *(_number(name, message.get(name), 0, 1) for name in _SHARES),
    )


def _degrees(message: Mapping[str, Any], name: str, count: int) -> tuple[float, ...]:
    values = message.get(name)
    if not isinstance(values, list) or len(values) != count:
        raise ValueError(f"sight.{name} is a list of {count} numbers")
    return tuple(_number(name, value, -180, 180) for value in values)


def _number(name: str, value: Any, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise ValueError(f"sight.{name} is a number from {least} to {most}")
    return float(value)
