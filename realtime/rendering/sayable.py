"""Written English as it is said aloud, where the voice's own reading would be wrong.

The voice reads numbers, money, percentages, dates, titles and capitals well by
itself; what is here was found by listening to what it made of the rest.
"""

from __future__ import annotations

import re

_SPOKEN = (
    (r"\be\.\s?g\.,?", "for example,"),
    (r"\bi\.\s?e\.,?", "that is,"),
    (r"\bvs\.?(?=\s)", "versus"),
    (r"\bapprox\.(?=\s)", "approximately"),
    (r"\b[Nn]o\.\s?(?=[A-Z]{0,3}-?\d)", "number "),
    (r"\b[Nn]os\.\s?(?=\d)", "numbers "),
    (r"\betc\.(?=\s[a-z,;])", "et cetera"),
    (r"\b24/7\b", "twenty-four seven"),
    (r"\bIT\b", "I.T."),
    (r"\bw/o\b", "without"),
    (r"\bw/(?=\s)", "with"),
    (r"\bN/A\b", "not applicable"),
    (r"\bhttps?://(?:www\.)?([\w.-]+)(?:/\S*)?", r"\1"),
    # Every other "no." is the answer, not the abbreviation that the voice takes it for; its sounds are given.
    (r"\b([Nn]o)\.(?!\w)", r"[\1](/nˈO/)."),
)
_RULES = tuple((re.compile(pattern), said) for pattern, said in _SPOKEN)
_MARKUP = re.compile(r"[*_`#~]+(?=\w)|(?<=\w)[*_`~]+|^\s*[-•]\s+", re.MULTILINE)
_PICTOGRAMS = re.compile("[\u2190-\u21ff\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]")
_SHOUTED = re.compile(r"\b[A-Z]{2,}(?:\s+[A-Z]{2,}){2,}\b")


def sayable(text: str) -> str:
    """`text` with abbreviations in words and without what cannot be said."""
    text = _PICTOGRAMS.sub("", _MARKUP.sub(_keep_number_sign, text))
    text = _SHOUTED.sub(lambda shouted: shouted.group().capitalize(), text)
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    return re.sub(r"\s+", " ", text).strip()


def _keep_number_sign(match: re.Match) -> str:
    after = match.string[match.end() : match.end() + 1]
    return "#" if match.group() == "#" and after.isdigit() else ""
