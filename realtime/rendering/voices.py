"""The voices that a persona can have, by the names that briefs give them."""

from __future__ import annotations

from realtime.rendering.hibari_voice import Hibari, HibariVoice
from realtime.rendering.timbre import SPEAKER, Timbre

USUAL = "hibari"
"""Who speaks for a persona whose voice is not known here."""

TIMBRES = {
    USUAL: SPEAKER,
    "hibari-alto": Timbre(tract=1.07, pitch=0.93),
    "hibari-tenor": Timbre(tract=1.16, pitch=0.62),
    "hibari-bass": Timbre(tract=1.21, pitch=0.53),
}
"""Two women, then two men; all US English."""


def loaded() -> dict[str, HibariVoice]:
    """Every voice, ready to speak; they share one network. Raises WeightsError."""
    speaker = Hibari()
    return {name: HibariVoice(speaker, name, timbre) for name, timbre in TIMBRES.items()}
