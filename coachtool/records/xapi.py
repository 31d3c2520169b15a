"""xAPI 1.0.3 statements as frozen values and their JSON (Part Two of the specification).

Only what this tool says is modelled: agents are known by account, objects are
activities, the lists in contextActivities are always arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

VERSION = "1.0.3"


@dataclass(frozen=True)
class Agent:
    """Somebody by an account: `home_page` is the system that knows them as `name`. No person's name, no address."""

    home_page: str
    name: str
    group: bool = False

    def as_json(self) -> dict[str, Any]:
        account = {"homePage": self.home_page, "name": self.name}
        return {"objectType": "Group" if self.group else "Agent", "account": account}


@dataclass(frozen=True)
class Verb:
    """What was done. `display` is English."""

    id: str
    display: str

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "display": {"en": self.display}}


@dataclass(frozen=True)
class Activity:
    """What it was done to. `name` is shown to people; `language` is its language tag (`und`: not known)."""

    id: str
    type: str
    name: str = ""
    language: str = "und"

    def as_json(self) -> dict[str, Any]:
        definition: dict[str, Any] = {"type": self.type}
        if self.name:
            definition["name"] = {self.language: self.name}
        return {"objectType": "Activity", "id": self.id, "definition": definition}


@dataclass(frozen=True)
class Score:
    """`scaled` is a share of 0 to 1; `raw` lies between `min` and `max`."""

    scaled: float
    raw: float | None = None
    min: float | None = None
    max: float | None = None

    def as_json(self) -> dict[str, Any]:
        return _given(scaled=round(self.scaled, 4), raw=self.raw, min=self.min, max=self.max)


@dataclass(frozen=True)
class Result:
    """How it came out."""

    score: Score | None = None
    success: bool | None = None
    completion: bool | None = None
    duration: timedelta | None = None
    extensions: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return _given(
            score=self.score and self.score.as_json(),
            success=self.success,
            completion=self.completion,
            duration=None if self.duration is None else duration(self.duration),
            extensions=self.extensions or None,
        )


@dataclass(frozen=True)
class Context:
    """Where it happened; `registration` is the attempt."""

    registration: UUID
    platform: str
    revision: str
    language: str
    grouping: tuple[Activity, ...]
    category: tuple[Activity, ...]
    parent: tuple[Activity, ...] = ()
    instructor: Agent | None = None
    extensions: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        activities = {"parent": self.parent, "grouping": self.grouping, "category": self.category}
        return _given(
            registration=str(self.registration),
            instructor=self.instructor and self.instructor.as_json(),
            contextActivities={
                kind: [activity.as_json() for activity in listed] for kind, listed in activities.items() if listed
            },
            revision=self.revision,
            platform=self.platform,
            language=self.language,
            extensions=self.extensions or None,
        )


@dataclass(frozen=True)
class Statement:
    """One statement. The same event always makes the same `id` and `timestamp`: sending it again is harmless."""

    id: UUID
    actor: Agent
    verb: Verb
    object: Activity
    timestamp: datetime
    context: Context
    result: Result | None = None

    def as_json(self) -> dict[str, Any]:
        return _given(
            id=str(self.id),
            actor=self.actor.as_json(),
            verb=self.verb.as_json(),
            object=self.object.as_json(),
            result=self.result and self.result.as_json(),
            context=self.context.as_json(),
            timestamp=instant(self.timestamp),
            version=VERSION,
        )


def instant(moment: datetime) -> str:
    """An aware moment as ISO 8601 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def duration(length: timedelta) -> str:
    """An ISO 8601 duration to the hundredth of a second; xAPI compares no finer. Never negative."""
    hundredths = max(0, round(length.total_seconds() * 100))
    minutes, hundredths = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")
    parts = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    return f"PT{parts}{seconds}S" if seconds != "0" or not parts else f"PT{parts}"


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
