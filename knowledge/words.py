"""The words of a text as the search compares them: without case, accents and endings."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"\w+")
_STEM = 5  # letters by which two words count as the same, in whatever language


def stems(text: str) -> list[str]:
    """Each stem once, in order; words of one or two letters are left out, those with a figure are not."""
    plain = unicodedata.normalize("NFKD", text.lower())
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return sorted({word[:_STEM] for word in _WORD.findall(letters) if len(word) > 2 or not word.isalpha()})
