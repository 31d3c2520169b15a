"""What of a learner may be sensed while they talk: the site's policy first, then what they agreed to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings


def allowed() -> bool:
    """Whether this site senses anything at all; under `eu` and `off` nobody is even asked."""
    return settings.PERCEPTION == "standard"


def agreed(consent: Mapping[str, Any]) -> dict[str, bool] | None:
    """{"voice", "face"}: which of them the learner agreed to; None where nothing may be sensed."""
    if not allowed():
        return None
    chosen = {sense: consent.get(f"sense_{sense}") is True for sense in ("voice", "face")}
    return chosen if any(chosen.values()) else None
