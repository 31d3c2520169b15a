"""Filled pauses among recognised words. A recogniser leaves many out, so that a count is a lower bound."""

from __future__ import annotations

import re

_FILLERS = {
    "en": r"u+h+m*|u+m+|e+r+m*|h+m+|m{2,}|eh",
    "de": r"ä+h+m*|ö+h+m*|h+m+|m{2,}|eh",
    "fr": r"e+u+h*|heu|h+m+|m{2,}",
    "es": r"e+h+|e+m+|e{2,}|m{2,}",
    "it": r"e+h+m*|u+h+m*|m{2,}",
    "pt": r"hã+|é{2,}|h+u+m+|m{2,}",
    "nl": r"u+h+m*|e+h+m*|h+m+|m{2,}",
}


def fillers(text: str, language: str = "en") -> int:
    """How many of the words are filled pauses, such as "um"; 0 for a language without a list."""
    pattern = _FILLERS.get(language.split("-")[0].lower())
    return len(re.findall(rf"(?<!\w)(?:{pattern})(?!\w)", text.lower())) if pattern else 0
