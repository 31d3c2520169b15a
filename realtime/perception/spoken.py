"""How many syllables recognised English words have: pace is counted by them where the words are known.

Nuclei in the sound are missed where somebody hurries and doubled where somebody draws words out, which hides the very
change that is looked for. Spelling errs by the word instead, the same however it is said.
"""

from __future__ import annotations

import re

_UNITS = (2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 3, 1, 2, 2, 2, 2, 3, 2, 2)  # zero to nineteen
_TENS = (2, 2, 2, 2, 2, 3, 2, 2)  # twenty to ninety
_SCALES = (1_000_000_000, 1_000_000, 1_000, 100)  # their names have two each
_LONGEST = 9  # digits; more are read one by one
_SIGNS = {"%": 2, "$": 2, "€": 2, "£": 1, "&": 1, "+": 1, "@": 1}
_TOKEN = re.compile(r"\d[\d,]*(?:\.\d+)?|[a-z]+(?:['’][a-z]+)*|[%$€£&+@]")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT = re.compile(r"([^aeiouyl]e|[aeiouy]le|[^aeiouytd]ed|[^aeiouysxzcgh]es)$")
_OWN = re.compile(r"[dst]n't$")  # didn't; not don't


def syllables(text: str) -> int:
    """How many syllables English `text` has when it is said, about; digits count as the number that they write."""
    return sum(_of_token(token) for token in _TOKEN.findall(text.lower().replace("’", "'")))


def _of_token(token: str) -> int:
    if token in _SIGNS:
        return _SIGNS[token]
    if not token[0].isdigit():
        found = len(_VOWELS.findall(token)) + bool(_OWN.search(token))
        return max(1, found - (found > 1 and bool(_SILENT.search(token))))
    whole, _, part = token.replace(",", "").partition(".")
    return _of_number(whole) + (1 + _one_by_one(part) if part else 0)


def _of_number(digits: str) -> int:
    if len(digits) > _LONGEST:
        return _one_by_one(digits)
    value, said = int(digits), 0
    for scale in _SCALES:
        if value >= scale:
            said += _of_number(str(value // scale)) + 2
            value %= scale
    if value >= 20:
        return said + _TENS[value // 10 - 2] + (_UNITS[value % 10] if value % 10 else 0)
    return said + (_UNITS[value] if value or not said else 0)


def _one_by_one(digits: str) -> int:
    return sum(_UNITS[int(digit)] for digit in digits)
