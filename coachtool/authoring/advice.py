"""What a careful colleague would say about a draft: where it may not measure what its author means. Never blocks.

`on_wording` reads the words only and is quick; `on_trial` asks the embedding
model and the judge itself what they make of the author's own examples.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

from coachtool.activities import brief as briefs
from coachtool.activities.brief import Brief, KeyPoint, Objective
from coachtool.authoring import outline, wording
from coachtool.authoring.faults import section_of
from coachtool.authoring.offer import Offer
from coachtool.coaching import embed, guard, judge, words
from coachtool.coaching.types import Turn

_TOO_ALIKE = 0.93  # cosine of an exemplar with one of the other kind
_SAME_POINT = 0.92  # cosine of two key points' texts
_MINUTES_PER_POINT = 0.75
_MINUTES_AROUND = 1.0  # greeting and closing


@dataclass(frozen=True)
class Advice:
    """`path` names the field as the form does. What was seen, why it matters, what to write instead."""

    path: str
    what: str
    why: str
    instead: str

    @property
    def section(self) -> str:
        return section_of(self.path)


def of(definition: Mapping[str, Any]) -> tuple[Advice, ...]:
    """All advice, in the order of the editor. On trial only what is complete: a draft with faults has no judge."""
    found = [*on_wording(definition)]
    draft, paths = _numbered(definition)
    try:
        brief = briefs.load(draft)
    except briefs.BriefError:
        return tuple(found)
    trial = on_trial(brief)
    found += [Advice(_in_draft(each.path, paths), each.what, each.why, each.instead) for each in trial]
    return in_order(found)


def in_order(found: Iterable[Advice]) -> tuple[Advice, ...]:
    """As the editor's parts and items follow each other."""
    return tuple(sorted(found, key=lambda each: _order(each.path)))


# By what was chosen


def on_choices(definition: Mapping[str, Any], offer: Offer) -> tuple[Advice, ...]:
    """What the documents and the coach that were chosen leave open; it changes with them, not with the text."""
    draft = outline.filled(definition)
    return (*_on_coach(draft), *_on_documents(draft, offer))


def _on_coach(draft: Mapping[str, Any]) -> Iterator[Advice]:
    facts = any(not outline.is_empty(fact) for fact in draft["facts"])
    if draft["coach"] == "generative" and not facts and not draft["knowledge"]:
        yield Advice(
            "coach",
            "The language model has nothing to answer from.",
            "It may only tell what stands in your facts and documents, so every question is left open.",
            "Choose a collection or write a few facts under “Knowledge”.",
        )


def _on_documents(draft: Mapping[str, Any], offer: Offer) -> Iterator[Advice]:
    for shelf in offer.shelves:
        if shelf.id in draft["knowledge"] and not shelf.searchable:
            yield Advice(
                "knowledge",
                f"Nothing can be found in “{shelf.name}” yet.",
                "Its documents are still being read." if shelf.busy else "It has no document that could be read.",
                "Wait until they are." if shelf.busy else "Add documents to it, or leave it out.",
            )


# By the words alone


def on_wording(definition: Mapping[str, Any]) -> tuple[Advice, ...]:
    """What can be said without the judge, in the order of the editor."""
    draft = outline.filled(definition)
    return (*_on_points(draft), *_on_objectives(draft), *_on_order(draft), *_on_guardrails(draft), *_on_length(draft))


def _on_points(draft: Mapping[str, Any]) -> Iterator[Advice]:
    for path, point in _points(draft):
        text = str(point["text"])
        if not text:
            continue
        word = wording.vague(text)
        if word:
            yield Advice(
                f"{path}.text",
                f"“{word}” cannot be heard.",
                "Two people would not agree whether it happened, and neither can the scoring.",
                "Write what you would hear: “Asks what …”, “Says that …”, “Offers to …”.",
            )
        deeds = wording.two_deeds(text)
        if deeds:
            yield Advice(
                f"{path}.text",
                f"This asks for two things: “{deeds[0]}” and “{deeds[1]}”.",
                "Who does one of them gets nothing for it, or everything.",
                "Make two key points, and say below how many of them are needed.",
            )
        if not point.get("met_by"):
            yield Advice(
                f"{path}.met_by",
                "There is no sentence that would show it.",
                "The scoring then has only this one line to compare with, and recognises fewer right answers.",
                "Write three to six sentences as learners would say them, or let them be suggested.",
            )
        elif not point.get("not_met_by"):
            yield Advice(
                f"{path}.not_met_by",
                "There is no near miss.",
                "Near misses are how the scoring learns where the line is.",
                "Write one or two that come close and do not count: too vague, the wrong figure, another’s words.",
            )


def _on_objectives(draft: Mapping[str, Any]) -> Iterator[Advice]:
    for number, objective in enumerate(draft["objectives"]):
        count = sum(not outline.is_empty(point) for point in objective["key_points"])
        if count >= 3 and objective["required"] == count:
            yield Advice(
                f"objectives.{number}.required",
                f"All {count} key points are needed.",
                "One that is forgotten, or not recognised, and the objective counts as not met.",
                f"If {count - 1} would convince you too, ask for {count - 1}.",
            )


def _on_order(draft: Mapping[str, Any]) -> Iterator[Advice]:
    """Objectives that no way leads to."""
    reached = {0}
    for number, objective in enumerate(draft["objectives"]):
        if number not in reached:
            yield Advice(
                f"objectives.{number}.name",
                "The conversation never comes to this objective.",
                "Whether what comes before it is met or not, another one follows or the conversation ends.",
                "Lead to it from an earlier objective, or take it out.",
            )
            continue
        for name in ("if_met", "if_not_met"):
            reached |= _next(draft["objectives"], number, objective[name])


def _next(objectives: Sequence[Mapping[str, Any]], number: int, chosen: str) -> set[int]:
    if not chosen:
        return {number + 1}
    return {index for index, each in enumerate(objectives) if each["id"] == chosen}


def _on_guardrails(draft: Mapping[str, Any]) -> Iterator[Advice]:
    for number, guardrail in enumerate(draft["guardrails"]):
        if not outline.is_empty(guardrail) and not guardrail.get("triggers"):
            yield Advice(
                f"guardrails.{number}.triggers",
                "There is no example that touches it.",
                "Without examples only questions that sound like the rule itself touch it.",
                "Write three or more sentences at which it should step in.",
            )


def _on_length(draft: Mapping[str, Any]) -> Iterator[Advice]:
    count = sum(not outline.is_empty(point) for _, point in outline.points(draft))
    minutes = draft["minutes"]
    needed = _MINUTES_AROUND + count * _MINUTES_PER_POINT
    if isinstance(minutes, int) and count and needed > minutes:
        yield Advice(
            "minutes",
            f"{count} key points are a lot for {minutes} minute{'s' if minutes != 1 else ''}.",
            "When the time is up, what was not reached counts as not shown.",
            f"Give about {round(needed + 0.5)} minutes, or ask for less.",
        )


# By trial


@lru_cache(maxsize=32)
def on_trial(brief: Brief) -> tuple[Advice, ...]:
    """What the judge makes of the author's own examples. Seconds for a long activity; remembered for each text."""
    unmet = {path for path, advice in _on_exemplars(brief) if advice is None}
    found = [advice for _, advice in _on_exemplars(brief) if advice is not None]
    return (*found, *_on_prompts(brief), *_on_likeness(brief), *_on_guarded(brief), *_on_pass_mark(brief, unmet))


@lru_cache(maxsize=32)
def _on_exemplars(brief: Brief) -> tuple[tuple[str, Advice | None], ...]:
    """Advice by key point; with None for a key point that none of its own exemplars meets."""
    found: list[tuple[str, Advice | None]] = []
    for path, objective, point in _brief_points(brief):
        unmet = [said for said in point.met_by if _verdict(brief, objective, point, said) != "met"]
        if point.met_by and len(unmet) == len(point.met_by):
            found.append((path, None))
        for said in unmet:
            found.append((path, Advice(
                f"{path}.met_by",
                f"“{said}” is not taken as showing it.",
                "The scoring reads it as a question, a guess, a denial, or as near to another point or a near miss.",
                "Say it as a plain sentence of the learner’s own, or take it out.",
            )))  # fmt: skip
        for said in point.not_met_by:
            if _verdict(brief, objective, point, said) == "met":
                found.append((path, Advice(
                    f"{path}.not_met_by",
                    f"“{said}” counts although it should not.",
                    "It is too near to a sentence that does show it, or also says it.",
                    "Change what makes it wrong to something that can be heard: the figure, the person, a “not”.",
                )))  # fmt: skip
    return tuple(found)


def _on_prompts(brief: Brief) -> Iterator[Advice]:
    for path, objective, point in _brief_points(brief):
        prompts = [("probe", point.probe), *(("hints", hint) for hint in point.hints), ("practise", point.practise)]
        for name, said in prompts:
            if said and _gives_away(brief, objective, point, said):
                yield Advice(
                    f"{path}.{name}",
                    f"“{said}” gives the answer away.",
                    "Who only repeats it has shown the key point.",
                    "Ask for it without naming it: a situation, or “what else?”.",
                )


def _gives_away(brief: Brief, objective: Objective, point: KeyPoint, said: str) -> bool:
    """Whether a learner could meet the key point by repeating the prompt, also as a statement."""
    if judge.derive.asks(point.text):
        return False  # the persona's question is no answer where the learner has to ask
    return any(
        _verdict(brief, objective, point, piece) == "met"
        for sentence in words.sentences(said)
        for piece in (sentence, sentence.rstrip("?") + ".")
    )


def _on_likeness(brief: Brief) -> Iterator[Advice]:
    points = list(_brief_points(brief))
    for path, _, point in points:
        for said in point.met_by:
            vector = embed.vector(words.plain(said))
            for other in point.not_met_by:
                if words.negated(said) != words.negated(other) or words.numbers(said) != words.numbers(other):
                    continue
                if words.question(said) != words.question(other) or words.reported(said) != words.reported(other):
                    continue
                if float(embed.vector(words.plain(other)) @ vector) >= _TOO_ALIKE:
                    yield Advice(
                        f"{path}.not_met_by",
                        f"“{other}” is all but the same as “{said}”, which counts.",
                        "The scoring cannot tell them apart, so neither helps it.",
                        "Make the difference plain, or keep only one of them.",
                    )
    for (_, _, point), (other_path, _, other) in combinations(points, 2):
        if float(embed.vector(words.plain(point.text)) @ embed.vector(words.plain(other.text))) >= _SAME_POINT:
            yield Advice(
                f"{other_path}.text",
                f"This is all but the same as “{point.text}”.",
                "One sentence would count twice, or for neither.",
                "Keep one of them, or say what sets them apart.",
            )


def _on_guarded(brief: Brief) -> Iterator[Advice]:
    """Right answers that a guardrail would stop."""
    for path, _, point in _brief_points(brief):
        for said in point.met_by:
            touched = guard.check(brief, Turn(1, "learner", said))
            if touched:
                yield Advice(
                    f"{path}.met_by",
                    f"“{said}” touches the limit “{touched[0].name}”.",
                    "A learner who says the right thing is stopped for it.",
                    "Add the sentence to what does not touch that limit, or word the limit more narrowly.",
                )


def _on_pass_mark(brief: Brief, unmet: set[str]) -> Iterator[Advice]:
    best = sum(_reachable(objective, number, unmet) for number, objective in enumerate(brief.objectives))
    best /= len(brief.objectives)
    percent = round(brief.pass_mark * 100)
    if best < brief.pass_mark - 1e-9:
        yield Advice(
            "pass_mark",
            f"{percent} percent cannot be reached.",
            f"Some key points are not met by any of their own sentences, so {round(best * 100)} percent is the most.",
            "Mend those key points first, or lower the pass mark.",
        )
    least = min(1 / objective.required for objective in brief.objectives) / len(brief.objectives)
    count = sum(len(objective.key_points) for objective in brief.objectives)
    if count > 1 and brief.pass_mark <= least + 1e-9:
        yield Advice(
            "pass_mark",
            f"{percent} percent is reached with a single key point.",
            "Nearly everybody passes, whatever else was missed.",
            "Ask for a share that says what you would be content with, such as 70 percent.",
        )


def _reachable(objective: Objective, number: int, unmet: set[str]) -> float:
    can = sum(f"objectives.{number}.key_points.{index}" not in unmet for index in range(len(objective.key_points)))
    return min(1.0, can / objective.required)


def _verdict(brief: Brief, objective: Objective, point: KeyPoint, said: str) -> str:
    turn = Turn(1, "learner", said)
    return judge.judge_key_point(objective, point, (turn,), judge.rivals(brief, objective)).verdict


# Where things are


def _points(draft: Mapping[str, Any]) -> Iterator[tuple[str, dict]]:
    for number, objective in enumerate(draft["objectives"]):
        for index, point in enumerate(objective["key_points"]):
            yield f"objectives.{number}.key_points.{index}", point


def _brief_points(brief: Brief) -> Iterator[tuple[str, Objective, KeyPoint]]:
    for number, objective in enumerate(brief.objectives):
        for index, point in enumerate(objective.key_points):
            yield f"objectives.{number}.key_points.{index}", objective, point


def _numbered(definition: Mapping[str, Any]) -> tuple[dict, dict[str, str]]:
    """What would be frozen, and for each of its key points where the draft, which may hold empty ones, has it."""
    filled = outline.filled(definition)
    frozen = outline.complete(filled, "draft")
    where = {point["id"]: path for path, point in _points(filled)}
    return frozen, {path: where[point["id"]] for path, point in _points(frozen)}


def _in_draft(path: str, paths: Mapping[str, str]) -> str:
    head, _, field = path.rpartition(".")
    return f"{paths[head]}.{field}" if head in paths else path


_SECTION_ORDER = ("persona", "situation", "objectives", "guardrails", "knowledge", "closing", "settings")


def _order(path: str) -> tuple:
    numbers = tuple(int(part) for part in path.split(".") if part.isdigit())
    return _SECTION_ORDER.index(section_of(path)), numbers
