"""How long to wait before the floor is taken: a rule over melody, words and silence.

The melody alone is right for one voice and wrong for another, and so are the
words; a turn is over at once only when both say so. What neither settles,
silence does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from realtime.floor.words import Completeness

MOST_PATIENCE = 2_000  # ms that may be waited longer
_OPEN_ENDED = 0.35  # what words that are not a sentence can be worth at most


@dataclass(frozen=True)
class Rule:
    """Thresholds; all times in ms. The defaults were chosen by `manage.py bench speech`."""

    speech: float = 0.5  # speech probability at which a frame counts as voiced
    silence: float = 0.35  # below it a frame counts as silent
    onset: int = 120  # voiced sound shorter than this is a blip
    onset_gap: int = 64  # silence that an onset survives
    transcribe_after: int = 64  # early, so that the words are there as soon as the melody is
    pause_after: int = 200
    judge_every: int = 256
    least: int = 600  # silence before any turn is over: people breathe between two sentences
    finished: float = 0.5  # fused probability at which the turn is over
    ending: float = 0.8  # probability of a final mark below which the words are not taken for a sentence
    undecided: int = 1500  # silence that ends a turn of which nobody is sure
    unfinished: int = 2600  # silence that ends a turn whose words plainly go on
    nothing_said: int = 600  # silence that ends a turn without words
    unheard: int = 20_000  # silence after which a recogniser that does not answer is no longer waited for


def patient(rule: Rule, ms: int) -> Rule:
    """For somebody who needs time: `ms` more silence before the floor is taken; half of it after a sentence."""
    return replace(rule, least=rule.least + ms // 2, undecided=rule.undecided + ms, unfinished=rule.unfinished + ms)


def fuse(melody: float, words: Completeness, ending: float, rule: Rule) -> float:
    """The probability that the turn is finished: smart-turn's `melody`, bounded by what the words allow.

    `ending` is the recogniser's probability of a final mark.
    """
    if words is Completeness.UNFINISHED:
        return min(melody, 0.1)
    if words is Completeness.OPEN or ending < rule.ending:
        return min(melody, _OPEN_ENDED)
    return melody


def patience(text: str, words: Completeness, rule: Rule) -> int:
    """The silence in ms that ends the turn whatever the melody was."""
    if not text.strip():
        return rule.nothing_said
    return rule.unfinished if words is Completeness.UNFINISHED else rule.undecided
