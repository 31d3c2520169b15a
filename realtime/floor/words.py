"""Whether words sound like the end of what somebody wants to say.

A recogniser closes every stretch of speech with a full stop, so that the mark
alone says little. In English the parts of speech say more: nobody stops after
"I noticed that in the last two sprints". Other languages go by their marks.
"""

from __future__ import annotations

import functools
import re
from enum import Enum

from hibari.g2p import _load_json
from hibari.g2p.tagger import Tagger
from hibari.g2p.tokenize import Tokenizer


class Completeness(Enum):
    FINISHED = "finished"  # a sentence
    OPEN = "open"  # could be all, as an answer, or the beginning of a sentence
    UNFINISHED = "unfinished"  # the words plainly go on


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FINAL = re.compile(r"[.?!。？！]['\"”’)]*$")
_TRAILS_OFF = re.compile(r"(\.\.+|…|[,;:—–-])['\"”’)]*$")

_FINITE = frozenset({"VBD", "VBZ", "VBP", "MD"})
_LEADS_ON_TAGS = frozenset({"DT", "IN", "CC", "TO", "PRP$", "MD", "WDT", "WP$", "PDT", "WRB", "WP", "EX"})
_LEADS_ON_WORDS = _words("um uh er erm hmm i we they he she a an the my your our their")
_BE_OR_HAVE = _words("am is are was were been 'm 're 's 've 'll 'd has had have")
# Endings that wait for nothing although their last word does elsewhere.
_STANDS_ALONE = re.compile(
    r"(^(yes|no|so|sure|maybe|perhaps|why|how|when|where|who|what)"
    r"|\b(i|you|we|they|he|she|it|there|that|this|what|who|which) (am|are|is|was|were|do|does|did|will|would|should|can"
    r"|could|might|must|may|have|has|had)"
    r"|\b(yes|no|course|not|n't|him|her|them|it|me|us|you|this|that|these|those|all|both|some|any|none|either|much|more"
    r"|most|enough|each|another|in|on|up|out|off|over|down|through|about|around|along|by|before|after|of it|for that)"
    r"|\b(want|need|have|used|like|able|going|trying|not|ought) to|\b(i think|i hope|or) so)$"
)
_STILL_LEADS_ON = re.compile(
    r"\b(say|said|think|noticed|agree|know|see|saw|feel|felt|so|is|was|means|tell you|told you) that$"
)
_WAITS_FOR_OBJECT = re.compile(
    r"\b(depends?|look|looking|ask|asking|asked|waiting|rely|focus|based|thinking|talk|talking|because|instead) "
    r"(on|for|about|of|to|at|with)$|\b(is|want|need|like|going|trying|decided|how) (two|too|2)$"
)
_SUBORDINATE = _words(
    "when if because although though unless until while whenever since once after before as whether that"
)
_TAKES_OBJECT = _words(
    """hear understand make give get take find ask tell send bring put keep let need want use show mean discuss review
    mention explain avoid improve check raise address notice noticed wanted needed said told asked gave made took found
    sent brought got"""
)
_SUBJECTS = _words("i we they he she")
_FIRST_SUBJECTS = _words("that this it you which who")
_OPENS_MORE = re.compile(r"\b(ask|tell|say) (you )?(something|one thing|a question)$")
_INTRODUCES = re.compile(
    r"\b(first|second|third|fourth|next|last|other|one|two|three|four|five|my|main)\b.*"
    r"\b(ones?|things?|triggers?|reasons?|points?|steps?|signs?|goals?|questions?|concerns?|examples?|parts?)$"
)
_TIMES = re.compile(
    r"^(and |so |but |well )*(last|this|next|on|in|at|during|yesterday|today|because of|with|for|after|before)\b"
)


def completeness(text: str, language: str = "en") -> Completeness:
    """How finished `text`, a recogniser's words for a turn, looks."""
    text = text.strip()
    if _TRAILS_OFF.search(text):
        return Completeness.UNFINISHED
    if language.startswith("en"):
        sentences = re.split(r"(?<=[.?!])\s+", text)
        found = _grammar(sentences[-1], afterthought=len(sentences) > 1)
        if found is not Completeness.FINISHED:
            return found
    return Completeness.FINISHED if _FINAL.search(text) else Completeness.OPEN


def _grammar(sentence: str, afterthought: bool) -> Completeness:
    """Of the last sentence; an `afterthought` follows a whole one ("I stop. And call you.", "… Before noon.")."""
    tagged = [(word.lower(), tag) for word, tag in _tagged(sentence) if word[0].isalnum() or word[0] in "'’n"]
    if not tagged:
        return Completeness.OPEN
    tagged = _with_verbs(tagged)
    words = [word for word, _ in tagged]
    spoken = " ".join(words)
    if _leads_on(spoken, *tagged[-1], question=sentence.rstrip("\"'”’)").endswith("?")):
        return Completeness.UNFINISHED
    if _OPENS_MORE.search(spoken):
        return Completeness.OPEN
    if sentence.endswith("?"):
        return Completeness.FINISHED
    finite = [at for at, (_, tag) in enumerate(tagged) if tag in _FINITE]
    for at in range(len(tagged) - 1, 0, -1):  # "I noticed that …" without what was noticed
        if words[at] in _SUBORDINATE and tagged[at][1] in ("IN", "WRB") and finite and finite[0] < at:
            opens_clause = words[at] in ("that", "because", "if", "when", "while", "although", "unless", "whether")
            if opens_clause and not any(verb > at for verb in finite):
                return Completeness.UNFINISHED
            break
    if not finite:
        if afterthought and tagged[0][1] in ("IN", "TO", "CC") and len(words) > 2:
            return Completeness.FINISHED
        imperative = tagged[0][1] in ("VB", "VBP") or words[0] in ("let", "please")
        if imperative or len(words) == 1 or words[0] in ("yes", "no", "okay", "sure", "thanks", "thank", "right"):
            return Completeness.FINISHED
        return Completeness.UNFINISHED if _INTRODUCES.search(spoken) or _TIMES.search(spoken) else Completeness.OPEN
    if tagged[-1][1].startswith("VB") and words[-1] in _TAKES_OBJECT:
        return Completeness.OPEN
    pronoun = words[0] == "that" and finite[0] == 1
    if words[0] in _SUBORDINATE and not pronoun and not _has_main_clause(sentence, tagged, finite):
        return Completeness.OPEN
    return Completeness.FINISHED


def _with_verbs(tagged: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Verbs that the tagger takes for nouns: "I hand it over", "That sounds fair"."""
    found = list(tagged)
    for at in range(len(tagged) - 2):
        subject = tagged[at][0] in _SUBJECTS or (at == 0 and tagged[at][0] in _FIRST_SUBJECTS)
        if subject and tagged[at + 1][1] in ("NN", "NNS", "VB", "VBN", "JJ"):
            found[at + 1] = (tagged[at + 1][0], "VBP")
    return found


def _leads_on(spoken: str, word: str, tag: str, question: bool) -> bool:
    if _STILL_LEADS_ON.search(spoken) and tag in ("IN", "DT", "WDT"):
        return tag != "DT" or not question
    if _WAITS_FOR_OBJECT.search(spoken) and not question:
        return True
    if question and tag not in ("CC", "DT", "PRP$"):
        return False
    if _STANDS_ALONE.search(spoken):
        return False
    return tag in _LEADS_ON_TAGS or word in _LEADS_ON_WORDS or (tag in _FINITE and word in _BE_OR_HAVE)


def _has_main_clause(sentence: str, tagged: list[tuple[str, str]], finite: list[int]) -> bool:
    """Of a sentence that begins with "when" or "if": does anything follow that clause?"""
    _, comma, rest = sentence.partition(",")
    while comma:
        if any(tag in _FINITE or tag == "VB" for _, tag in _tagged(rest)[:6]):
            return True
        _, comma, rest = rest.partition(",")
    joins = {word for word, tag in tagged if tag == "CC"} | _SUBORDINATE
    return any(tagged[at - 1][1] == "PRP" and at >= 2 and tagged[at - 2][0] not in joins for at in finite[1:])


def _tagged(text: str) -> list[tuple[str, str]]:
    tokenizer, tagger = _tools()
    words = [word for word, _ in tokenizer(text) if word.strip()]
    return list(zip(words, tagger(words), strict=True)) if words else []


@functools.cache
def _tools() -> tuple[Tokenizer, Tagger]:
    return Tokenizer(_load_json("tokenizer_exceptions.json")), Tagger(_load_json("tagger.json.gz"))
