"""Whether a key point was shown, by the learner's own words.

A key point without exemplars is read by a small network of our own, weighed by
rules (weigh.py). Where the author gave exemplars, each sentence and clause of
the learner's turns is compared with sentences that show the key point and
sentences that do not; what the comparison cannot see (negation, questions,
hedges, hearsay, wrong figures, swapped order, talk about the scoring) is
decided by rules. A comparison of meanings takes some wrong answers for right
ones, so a doubtful likeness is `unclear`, never `met`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from coachtool.activities.brief import Brief, KeyPoint, Objective
from coachtool.coaching import derive, embed, entail, weigh, words
from coachtool.coaching.types import Evidence, KeyPointJudgement, ObjectiveJudgement, Turn, Verdict

LOW_CONFIDENCE = 0.45
"""Recognised words below this confidence never count against the learner."""

_QUOTES = 2  # quotes kept per key point
_SHORT = 25  # words up to which a turn is quoted whole
_TOGETHER = 2  # turns in a row that may show a key point between them
_HINT = 0.1  # the probability below which a turn adds nothing to another about the key point
_COMPARED = 40  # words up to which a turn is compared piece by piece as well
_NEARLY = 0.35  # the probability from which a likeness to the key point's own words can decide
_STANDS = 0.5  # the probability from which what was shown stands, with what was said later
_OPEN = 0.25  # the same, from which it is at least open


@dataclass(frozen=True)
class Cut:
    """How alike is alike enough, in cosines.

    `met` and `near`: likeness to the nearest exemplar that shows the key point; `met_lead` and `near_lead`: its lead
    over the nearest wrong answer; `apart`: its lead over the sibling key points where no word of its own is heard;
    `against`: likeness to a wrong answer; `anchored`: what words of its own add to the likeness.
    """

    met: float
    met_lead: float
    near: float
    near_lead: float
    apart: float
    against: float
    anchored: float


AUTHORED = Cut(met=0.72, met_lead=0.03, near=0.65, near_lead=-0.02, apart=0.06, against=0.70, anchored=0.0)
DERIVED = Cut(met=0.74, met_lead=0.02, near=0.62, near_lead=-0.03, apart=0.08, against=0.70, anchored=0.08)

_ELSEWHERE = 0.0  # the least lead over the key points of other objectives
_OTHER_POLARITY = -0.06  # what an exemplar that is negated where the words are not, or the reverse, is set back by
_UNKNOWN_DEED = 0.08  # the lead that is wanted where the learner does something that no exemplar does
_FAR = 0.15  # a lead over all other key points that needs no word of its own
_OWN = 1.5  # how much more common a word must be with a key point than with any other, to be its own
_TYPICAL = 0.17  # share of a key point's exemplars from which a word is typical of it
_ABOUT_IT = 0.78  # a doubtful stretch this near to the key point casts doubt on its clauses as well
_FRAGMENT = 0.08  # more likeness is wanted of two or three words out of a sentence
_STATED = 0.06  # more likeness is wanted of a statement where nearly all exemplars ask

LIKE_WRONG = "closer to a wrong answer"
BADLY_HEARD = "badly heard"
AMBIGUOUS = "as near to a wrong answer"
CONTRADICTS = "contradicts what was said before"
_COVERING = (AMBIGUOUS, "reported", "unsure", "asked back")


@dataclass(frozen=True)
class Sign:
    """What one piece of a turn says about one key point: `for` it, `maybe`, or `against` it."""

    stance: str
    strength: float
    quote: str
    reason: str
    corrects: bool


def key_points(brief: Brief, transcript: tuple[Turn, ...]) -> dict[str, KeyPointJudgement]:
    """The judgement of each key point by its id."""
    return {point.key_point: point for judged in judge(brief, transcript) for point in judged.key_points}


def judge(brief: Brief, transcript: tuple[Turn, ...]) -> tuple[ObjectiveJudgement, ...]:
    """Every objective, judged on the whole transcript."""
    return tuple(judge_objective(objective, transcript, rivals(brief, objective)) for objective in brief.objectives)


def rivals(brief: Brief, objective: Objective) -> tuple[KeyPoint, ...]:
    """The key points of the other objectives: what is nearer to one of them is not about this objective."""
    return tuple(point for other in brief.objectives if other.id != objective.id for point in other.key_points)


def judge_objective(
    objective: Objective, transcript: tuple[Turn, ...], rivals: tuple[KeyPoint, ...] = ()
) -> ObjectiveJudgement:
    """One objective, counted from its key points."""
    return counted(
        objective, tuple(judge_key_point(objective, point, transcript, rivals) for point in objective.key_points)
    )


def counted(objective: Objective, points: tuple[KeyPointJudgement, ...]) -> ObjectiveJudgement:
    """The objective as its key points come to."""
    met = sum(point.verdict == "met" for point in points)
    open_ = sum(point.verdict == "unclear" for point in points)
    verdict: Verdict = "not_met"
    if met >= objective.required:
        verdict = "met"
    elif met + open_ >= objective.required:
        verdict = "unclear"
    return ObjectiveJudgement(objective.id, verdict, min(1.0, met / objective.required), points)


def judge_key_point(
    objective: Objective, point: KeyPoint, transcript: tuple[Turn, ...], rivals: tuple[KeyPoint, ...] = ()
) -> KeyPointJudgement:
    """One key point: later words supersede earlier ones where the learner takes something back."""
    if not point.met_by:
        return _by_wording(objective, point, transcript)
    evidence: list[Evidence] = []
    doubts: list[Evidence] = []
    doubt = denial = ""
    for turn in transcript:
        if turn.speaker != "learner":
            continue
        unsure = turn.confidence < LOW_CONFIDENCE
        said = signs(objective, point, turn.text, rivals)
        if unsure and not said and _faint(objective, point, turn.text, rivals):
            doubts.append(Evidence(turn.seq, turn.text, 0.5))
            doubt = BADLY_HEARD
        for sign in said:
            mark = Evidence(turn.seq, sign.quote, round(sign.strength, 3))
            if sign.stance == "for":
                evidence.append(mark)
                denial = ""
            elif sign.stance == "maybe" or unsure:
                doubts.append(mark)
                doubt = BADLY_HEARD if unsure else sign.reason
            elif sign.reason == LIKE_WRONG and evidence and not sign.corrects:
                continue
            else:
                if evidence and not sign.corrects:
                    doubts, doubt = [*evidence, mark], CONTRADICTS
                evidence, denial = [], sign.reason
    if evidence:
        best = sorted(evidence, key=lambda mark: -mark.strength)[:_QUOTES]
        return KeyPointJudgement(point.id, "met", tuple(sorted(best, key=lambda mark: mark.seq)), "said so")
    if doubts and (not denial or doubt == CONTRADICTS):
        best = sorted(doubts, key=lambda mark: -mark.strength)[:_QUOTES]
        return KeyPointJudgement(point.id, "unclear", tuple(sorted(best, key=lambda mark: mark.seq)), doubt)
    return KeyPointJudgement(point.id, "not_met", (), denial or "not heard")


def _by_wording(objective: Objective, point: KeyPoint, transcript: tuple[Turn, ...]) -> KeyPointJudgement:
    """A key point without exemplars: each turn is read by itself and after the turns before it.

    Once shown, only words that take something back reopen it; badly heard ones never do.
    """
    recent: tuple[Turn, ...] = ()
    shown: tuple[Turn, ...] = ()
    nearly: tuple[Turn, ...] = ()
    strength, doubt, denial = 0.0, "", ""
    for turn in transcript:
        if turn.speaker != "learner":
            continue
        recent = (*recent, turn)[-_TOGETHER:]
        faint = turn.confidence < LOW_CONFIDENCE
        if shown:
            again = _reopened(point, shown, turn) if not faint else None
            if again is not None:
                nearly = (*shown, turn) if again.probability >= _OPEN else ()
                shown, strength, doubt, denial = (), again.probability, CONTRADICTS, "taken back"
            continue
        read, turns = _best(objective, point, recent)
        if read.verdict == "met":
            shown, strength = turns, read.probability
        elif read.verdict == "unclear" or (faint and read.probability >= _HINT):
            nearly, strength, doubt = turns, read.probability, BADLY_HEARD if faint else read.reason
        elif read.reason in weigh.DENIALS:
            denial = read.reason
    if shown:
        return KeyPointJudgement(point.id, "met", _quotes(point, shown, strength), "said so")
    if nearly:
        return KeyPointJudgement(point.id, "unclear", _quotes(point, nearly, strength), doubt)
    return KeyPointJudgement(point.id, "not_met", (), denial or "not heard")


def _best(objective: Objective, point: KeyPoint, recent: tuple[Turn, ...]) -> tuple[weigh.Reading, tuple[Turn, ...]]:
    """The likeliest reading of the last turn, alone or with those before it, and the turns that it rests on."""
    last = recent[-1:]
    alone = _alone(objective, point, last[0].text)
    if alone.verdict == "met" or len(recent) == 1:
        return alone, last
    if min(weigh.reading(point.text, turn.text).probability for turn in recent) < _HINT:
        return alone, last
    together = weigh.reading(point.text, _joined(recent), turns=len(recent))
    return (together, recent) if together.probability > alone.probability else (alone, last)


def _alone(objective: Objective, point: KeyPoint, text: str) -> weigh.Reading:
    """One turn's reading. Where the network leaves it open, words nearly those of the key point itself decide."""
    read = weigh.reading(point.text, text)
    if read.verdict != "met" and read.probability >= _NEARLY and len(text.split()) <= _COMPARED:
        found = _compared(objective, point, text, ())
        if found and all(sign.stance == "for" for sign in found):
            return weigh.Reading(read.probability, "met", "")
    return read


def _reopened(point: KeyPoint, shown: tuple[Turn, ...], turn: Turn) -> weigh.Reading | None:
    """What was shown and the later turn come to together, where that turn takes something back; else None."""
    if not _takes_back(turn.text):
        return None
    again = weigh.reading(point.text, _joined((*shown, turn)))
    return None if again.probability >= _STANDS else again


def _joined(turns: tuple[Turn, ...]) -> str:
    return " ".join(turn.text for turn in turns)


def _takes_back(text: str) -> bool:
    return words.corrects(text) or words.denies(text) or words.hedged(text)


def _quotes(point: KeyPoint, turns: tuple[Turn, ...], strength: float) -> tuple[Evidence, ...]:
    """The learner's words nearest to the key point, from each of the last turns, verbatim."""
    return tuple(
        Evidence(turn.seq, _nearest_words(turn.text, point.text), round(strength, 3)) for turn in turns[-_QUOTES:]
    )


def _nearest_words(text: str, key_point: str) -> str:
    """The sentence of `text` that is nearest to the key point, or all of it where it is short."""
    if len(text.split()) <= _SHORT:
        return text
    pieces = words.pieces(text)
    sentences = [piece.text for piece in pieces if piece.whole] or [text]
    if len(sentences) == 1:
        sentences = [piece.text for piece in pieces]
    wanted = embed.vector(words.plain(key_point))
    return max(sentences, key=lambda sentence: float(embed.vector(words.plain(sentence)) @ wanted))


def warm() -> None:
    """Load the models now, so that the first turn does not wait for them (about a second, once per process)."""
    embed.vector("ready")
    entail.warm()


def forget() -> None:
    """Forget what was read so far, so that the next judgement takes as long as a first one."""
    for remembered in (signs, _measure, weigh.reading, weigh.features, entail.logit):
        remembered.cache_clear()


def version() -> str:
    """The models and the fit that a judgement rests on, for the record."""
    return f"{embed.model_name()} {weigh.version()}"


def prepare(objective: Objective, rivals: tuple[KeyPoint, ...] = ()) -> None:
    """Embed the objective's exemplars now, so that the first judgement does not wait for them."""
    warm()
    for point in objective.key_points:
        _measure(objective, point, rivals if point.met_by else ())


@dataclass(frozen=True)
class _Measure:
    """What the pieces of a turn are measured with for one key point.

    `siblings` are the exemplars of the objective's other key points, `elsewhere` those of the other objectives.
    `anchors` are stems that are this key point's much more than any other's, `others` those that are another's,
    `common` those it shares: "I bring it to you" goes with every trigger and so shows none. `affirmed` are stems
    that the exemplars assert, `rejected` those that they only deny ("I don't settle it"), `heads` all that they deny.
    """

    shows: tuple[str, ...]
    denies: tuple[str, ...]
    siblings: tuple[str, ...]
    elsewhere: tuple[str, ...]
    cut: Cut
    asks: bool
    mostly_asks: bool
    numbers: tuple[words.Number, ...]
    anchors: frozenset[str]
    others: frozenset[str]
    common: frozenset[str]
    affirmed: frozenset[str]
    rejected: frozenset[str]
    heads: frozenset[str]
    vocabulary: frozenset[str]


@lru_cache(maxsize=512)
def _measure(objective: Objective, point: KeyPoint, rivals: tuple[KeyPoint, ...]) -> _Measure:
    shows, denies = derive.exemplars(point)
    siblings = tuple(
        text for other in objective.key_points if other.id != point.id for text in derive.exemplars(other)[0]
    )
    elsewhere = tuple(text for other in rivals for text in derive.exemplars(other)[0])
    for texts in (shows, denies, siblings, elsewhere):
        embed.matrix(texts)
    shares = [_shares(derive.exemplars(other)[0]) for other in (*objective.key_points, *rivals) if other.id != point.id]
    mine = _shares(shows)
    anchors = _anchors(mine, shares)
    others = frozenset().union(
        *(_anchors(theirs, [mine, *shares[:index], *shares[index + 1 :]]) for index, theirs in enumerate(shares))
    )
    clauses = [clause for text in shows for clause in words.clauses(text)]
    asserted = [
        text if not words.negated(text) else words.before_negation(text)
        for text in (*clauses, derive.complement(point.text))
    ]
    affirmed = frozenset(stem for stem, share in _shares(tuple(asserted)).items() if share * len(asserted) > 1.5)
    affirmed |= words.content(asserted[-1])
    heads = frozenset(words.denied_head(text) for text in clauses) - {""}
    return _Measure(
        shows,
        denies,
        siblings,
        elsewhere,
        AUTHORED if point.met_by else DERIVED,
        derive.asks(point.text) or any(words.question(text) for text in point.met_by),
        2 * sum(words.question(text) for text in point.met_by) > len(point.met_by),
        _known(point),
        anchors,
        others,
        frozenset(mine) - anchors,
        affirmed - heads,
        heads - _stems(tuple(asserted)),
        heads,
        frozenset(mine) | frozenset().union(*(words.deeds(text) for text in shows)),
    )


def _known(point: KeyPoint) -> tuple[words.Number, ...]:
    """The figures that belong to the key point: those of its text with their bounds as the exemplars name them."""
    stated = {(number.value, number.money, number.noun) for number in words.numbers(point.text)}
    return tuple(
        number
        for text in (point.text, *point.met_by)
        for number in words.numbers(text)
        if (number.value, number.money, number.noun) in stated
        and not (number.direction == -1 and words.bounded_both_ways(text))
    )


def _shares(texts: tuple[str, ...]) -> dict[str, float]:
    """For each stem, the share of `texts` that it is in."""
    counts = Counter(stem for text in texts for stem in words.content(text))
    return {stem: count / len(texts) for stem, count in counts.items()}


def _anchors(shares: dict[str, float], others: list[dict[str, float]]) -> frozenset[str]:
    """The stems that are one key point's own: much more common with it, and typical of no other."""
    found = []
    for stem, share in shares.items():
        most = max((other.get(stem, 0.0) for other in others), default=0.0)
        if share > _OWN * most and most < _TYPICAL:
            found.append(stem)
    return frozenset(found)


def _stems(texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset().union(*(words.content(text) for text in texts))


@lru_cache(maxsize=8_000)
def signs(objective: Objective, point: KeyPoint, text: str, rivals: tuple[KeyPoint, ...] = ()) -> tuple[Sign, ...]:
    """What a turn's text says about a key point, in the order in which it was said."""
    return _compared(objective, point, text, rivals) if point.met_by else _read(objective, point, text)


def _compared(objective: Objective, point: KeyPoint, text: str, rivals: tuple[KeyPoint, ...]) -> tuple[Sign, ...]:
    """The signs of a turn by its likeness to what shows the key point and what does not."""
    measure = _measure(objective, point, rivals)
    found = []
    for piece in words.pieces(text):
        sign = _sign(measure, piece, _sentence_around(piece, text))
        if sign is not None:
            found.append((piece.end, sign))
    return _settled(found)


def _read(objective: Objective, point: KeyPoint, text: str) -> tuple[Sign, ...]:
    """The sign of a turn for a key point without exemplars."""
    read = _alone(objective, point, text)
    stance = {"met": "for", "unclear": "maybe"}.get(read.verdict, "against" if read.reason in weigh.DENIALS else "")
    if not stance:
        return ()
    return (Sign(stance, read.probability, text, read.reason, words.corrects(text)),)


def _faint(objective: Objective, point: KeyPoint, text: str, rivals: tuple[KeyPoint, ...]) -> bool:
    """Whether badly recognised words might have been about the key point."""
    measure = _measure(objective, point, rivals)
    vector = embed.vector(words.plain(text))
    likeness, _ = embed.nearest(vector, embed.matrix(measure.shows))
    sibling, _ = embed.nearest(vector, embed.matrix(measure.siblings))
    return likeness >= measure.cut.near and likeness >= sibling


def _settled(found: list[tuple[int, Sign]]) -> tuple[Sign, ...]:
    """What a turn comes to: its clearest sign, or, where the learner corrects herself in it, all in their order."""
    if any(sign.corrects for _, sign in found):
        return tuple(sign for _, sign in sorted(found, key=lambda entry: entry[0]))
    by_stance = {
        stance: max((sign for _, sign in found if sign.stance == stance), key=lambda sign: sign.strength, default=None)
        for stance in ("for", "against", "maybe")
    }
    covered = any(sign.reason == AMBIGUOUS and sign.strength >= _ABOUT_IT for _, sign in found)
    best, worst, doubt = by_stance["for"], by_stance["against"], by_stance["maybe"]
    if best and worst and worst.reason != LIKE_WRONG and worst.strength >= best.strength:
        return (worst,)
    if best and doubt and covered:
        return (doubt,)
    if best and doubt and doubt.reason in _COVERING and doubt.strength >= best.strength + 0.03:
        return (doubt,)
    chosen = best or worst or doubt
    return (chosen,) if chosen else ()


def _sign(measure: _Measure, piece: words.Piece, sentence: str) -> Sign | None:
    said = words.plain(piece.text)
    mine = words.content(said)
    asking = words.question(_question(piece, sentence))
    if (not mine and not (measure.asks and asking)) or words.meta(sentence):
        return None
    cut, negated, taken_back = measure.cut, words.negated(said), words.corrects(sentence)
    vector = embed.vector(said)
    likeness, exemplar = _nearest(vector, measure.shows, negated)
    unlike = _nearest_wrong(vector, measure.denies, said)
    sibling, _ = embed.nearest(vector, embed.matrix(measure.siblings))
    other, _ = embed.nearest(vector, embed.matrix(measure.elsewhere))
    likeness += cut.anchored * _share(mine & measure.anchors)
    lead = likeness - unlike
    anchored = bool(mine & measure.anchors)

    def sign(stance: str, reason: str, strength: float = likeness) -> Sign:
        return Sign(stance, min(1.0, strength), piece.text, reason, taken_back)

    apart = likeness - max(sibling, other)
    own = not mine & measure.others and (not mine or (len(mine) > 1 and not mine <= measure.common))
    about = (
        apart >= _FAR
        or (anchored and apart >= -0.12 and likeness - other >= _ELSEWHERE)
        or (own and apart >= cut.apart)
    )
    if not measure.siblings and not measure.elsewhere:
        about = True
    if not about:
        return None
    if unlike >= cut.against and lead <= -0.05:
        return sign("against", LIKE_WRONG, unlike)
    if (
        mine
        and all(stem.isdigit() or stem == "dollar" for stem in mine)
        and any(each.money for each in measure.numbers)
    ):
        wrong = _wrong_figure(said, sentence, measure.numbers)
        return sign("against", "another figure") if wrong else sign("maybe", "vague")
    if likeness < cut.near:
        return None
    if _denied(measure, exemplar, piece, sentence):
        return sign("against", "negated")
    if negated and not words.negated(exemplar) and words.denied_head(said) not in measure.heads:
        return sign("maybe", "partly negated")
    if _wrong_figure(said, sentence, measure.numbers):
        return sign("against", "another figure")
    if words.order_swapped(said, exemplar):
        return sign("against", "other order")
    if mine & measure.rejected and not words.denies(sentence):
        return sign("maybe", "the reverse")
    if words.reported(sentence):
        return sign("maybe", "reported")
    if words.hedged(sentence) and not words.hedged(exemplar):
        return sign("maybe", "unsure")
    if asking and not measure.asks:
        return sign("maybe", "asked back")
    if words.listed(sentence):
        return sign("maybe", "listed")
    if measure.mostly_asks and not asking:
        likeness -= _STATED
    if not piece.whole and (len(said.split()) < 3 or (len(mine) < 2 and len(said.split()) < 4)):
        likeness -= _FRAGMENT
    if words.restricted(sentence) and not words.restricted(exemplar):
        return sign("maybe", "restricted")
    deeds = words.deeds(sentence)
    enough = cut.met_lead if likeness < cut.met + 0.06 else cut.met_lead / 2
    if deeds and not deeds & measure.vocabulary:
        enough = _UNKNOWN_DEED
    if likeness >= cut.met and lead >= enough and len(said.split()) >= 2:
        return sign("for", "")
    return sign("maybe", AMBIGUOUS if likeness >= cut.met and lead < cut.met_lead else "vague")


def _share(stems: frozenset[str]) -> float:
    return min(1.0, len(stems) / 2)


def _nearest(vector: np.ndarray, shows: tuple[str, ...], negated: bool) -> tuple[float, str]:
    """The likeness to the nearest exemplar, preferring those of the same polarity."""
    cosines = embed.matrix(shows) @ vector
    same = np.array([0.0 if words.negated(text) == negated else _OTHER_POLARITY for text in shows], np.float32)
    row = int((cosines + same).argmax())
    return float(cosines[row]), shows[row]


def _nearest_wrong(vector: np.ndarray, denies: tuple[str, ...], said: str) -> float:
    """The likeness to the nearest wrong answer.

    One that differs in its figures is left out, one of the other polarity counts for less: for a comparison of
    meanings "nobody is hurt" is all but "somebody is hurt", and the rules tell them apart better.
    """
    if not denies:
        return 0.0
    negated, figures = words.negated(said), _figures(said)
    handicap = [
        -1.0
        if figures and _figures(text) and figures != _figures(text)
        else 2 * _OTHER_POLARITY * (words.negated(text) != negated and len(words.clauses(text)) == 1)
        for text in denies
    ]
    return float((embed.matrix(denies) @ vector + np.array(handicap, np.float32)).max())


def _figures(text: str) -> frozenset[tuple[float, int]]:
    return frozenset((number.value, number.direction) for number in words.numbers(text))


_SUBORDINATE = re.compile(
    r"^(just |only |even |simply )?(if|when|whenever|because|as soon as|once|just because)\b", re.IGNORECASE
)


def _denied(measure: _Measure, exemplar: str, piece: words.Piece, sentence: str) -> bool:
    """Whether the words deny what the exemplars assert.

    "I can't settle it" denies what they deny too; a condition ("when somebody is hurt") shares its sentence's fate.
    """
    governed = piece.text if not _SUBORDINATE.match(piece.text) else sentence
    if not words.negated(governed):
        return all(words.negated(text) for text in measure.shows if words.content(text) & measure.anchors)
    head = words.denied_head(governed)
    return head == "*" or head in measure.affirmed or head in words.content(words.before_negation(exemplar))


def _wrong_figure(said: str, sentence: str, known: tuple[words.Number, ...]) -> bool:
    """Whether a figure contradicts the exemplars': another amount, another count of the same thing, the other side."""
    mine = words.numbers(said) or words.numbers(sentence)
    for number in mine:
        alike = [
            other for other in known if other.money == number.money and (number.money or other.noun == number.noun)
        ]
        if not alike:
            continue
        if not {other.value for other in alike} & {each.value for each in mine}:
            return True
        sides = {other.direction for other in alike if other.value == number.value} - {0}
        if number.direction and sides and number.direction not in sides and not words.bounded_both_ways(sentence):
            return True
    return False


def _sentence_around(piece: words.Piece, text: str) -> str:
    """The sentence that the piece belongs to: a hedge or a source at its head covers its clauses."""
    for other in words.pieces(text):
        if other.whole and other.start <= piece.start and piece.end <= other.end:
            return other.text
    return piece.text


def _question(piece: words.Piece, sentence: str) -> str:
    """What decides whether the piece asks: a question mark belongs to the last clause of its sentence only."""
    return sentence if sentence.endswith(piece.text) else piece.text
