"""What a button of the editor does to the draft: the section's text as it was typed, then the one step asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from coachtool.authoring import outline, posted, suggest
from coachtool.authoring.drafts import Edit
from coachtool.authoring.models import Draft
from coachtool.authoring.offer import NOTHING, Offer


@dataclass(frozen=True)
class Step:
    """`do` is a button's value, such as `add:point:objective-1`; `at` where the page goes on afterwards."""

    edit: Edit
    at: str = ""
    inspire: str = ""
    problem: str = ""


def take(do: str, section: str, data: Mapping[str, str], draft: Draft, offer: Offer = NOTHING) -> Step:
    """The draft after the step. A step that no longer makes sense is left out; what was typed is kept in any case."""
    typed = posted.read(section, data, draft.definition, offer)
    name, *arguments = do.split(":", 3)
    plain = Edit(typed, draft.suggested)
    step = _STEPS.get(name)
    if step is None:
        return Step(plain)
    try:
        return step(typed, draft, *arguments)
    except outline.NoSuchItem as gone:
        return Step(plain, problem=str(gone))
    except ValueError as full:
        return Step(plain, problem=str(full))
    except (TypeError, KeyError):
        return Step(plain)


def _add(typed: dict, draft: Draft, kind: str, within: str = "") -> Step:
    definition, item_id = outline.added(typed, kind, within)
    return Step(Edit(definition, draft.suggested), item_id)


def _remove(typed: dict, draft: Draft, kind: str, item_id: str) -> Step:
    definition, undo = outline.removed(typed, kind, item_id)
    undo["suggested"] = draft.suggested
    return Step(Edit(definition, draft.suggested, undo), "undo")


def _move(by: int):
    def step(typed: dict, draft: Draft, kind: str, item_id: str) -> Step:
        return Step(Edit(outline.moved(typed, kind, item_id, by), draft.suggested), item_id)

    return step


def _undo(typed: dict, draft: Draft) -> Step:
    if not draft.undo:
        return Step(Edit(typed, draft.suggested), problem="There is nothing to undo any more.")
    last = draft.undo[-1]
    suggested = {**draft.suggested, **last.get("suggested", {})}
    edit = Edit(outline.taken_back(typed, last), suggested, undone=True)
    return Step(edit, last.get("item", {}).get("id", ""))


def _overwrite(typed: dict, draft: Draft) -> Step:
    return Step(Edit(typed, draft.suggested, {"whole": draft.definition, "suggested": draft.suggested}))


def _suggest(typed: dict, draft: Draft, point_id: str) -> Step:
    point = outline.find(typed, "point", point_id)
    persona = typed.get("persona", {})
    made = suggest.exemplars(point, name=str(persona.get("name", "")), role=str(persona.get("role", "")))
    point["met_by"] = [*point.get("met_by", ()), *made.met_by]
    point["not_met_by"] = [*point.get("not_met_by", ()), *made.not_met_by]
    new = [*draft.suggested.get(point_id, ()), *made.met_by, *made.not_met_by]
    problem = ""
    if not made.met_by and not made.not_met_by:
        problem = (
            "No more can be made of this wording. Begin it with what the learner does, such as “Says that …” or "
            "“Asks …”, or look at the similar points below."
            if point.get("text")
            else "Write the key point first; suggestions are made from its words."
        )
    return Step(Edit(typed, {**draft.suggested, point_id: new}), point_id, point_id, problem)


def _line(typed: dict, draft: Draft, point_id: str, which: str, text: str) -> Step:
    """Take over a sentence from a similar point of the library; it is marked as suggested like any other."""
    if which not in ("met_by", "not_met_by"):
        raise KeyError(which)
    point = outline.find(typed, "point", point_id)
    point[which] = posted.lines("\n".join([*point.get(which, ()), text]))
    new = [*draft.suggested.get(point_id, ()), *posted.lines(text)]
    return Step(Edit(typed, {**draft.suggested, point_id: new}), point_id, point_id)


def _looked(typed: dict, draft: Draft, point_id: str) -> Step:
    left = {name: texts for name, texts in draft.suggested.items() if name != point_id}
    return Step(Edit(typed, left), point_id)


def _drop(typed: dict, draft: Draft, point_id: str) -> Step:
    """Take the suggestions that nobody has touched away again."""
    point = outline.find(typed, "point", point_id)
    gone = set(draft.suggested.get(point_id, ()))
    before = outline.find(draft.definition, "point", point_id)
    undo = {"kind": "lines", "item": {"id": point_id, "text": point.get("text", "")}, "suggested": draft.suggested}
    undo["lines"] = {which: [text for text in before.get(which, ()) if text in gone] for which in _BOTH}
    for which in _BOTH:
        point[which] = [text for text in point.get(which, ()) if text not in gone]
    return Step(Edit(typed, draft.suggested, undo), "undo")


_BOTH = ("met_by", "not_met_by")
_STEPS = {
    "add": _add,
    "remove": _remove,
    "up": _move(-1),
    "down": _move(1),
    "undo": _undo,
    "overwrite": _overwrite,
    "suggest": _suggest,
    "line": _line,
    "looked": _looked,
    "drop": _drop,
}


def words_for(undo: Mapping) -> str:
    """What the step took away, for the button that takes it back."""
    if "whole" in undo:
        return "The text was replaced"
    item = undo["item"]
    title = str(item.get("text") or item.get("name") or item.get("answer") or "").strip()
    title = f" “{title[:50].rstrip()}{'…' if len(title) > 50 else ''}”" if title else ""
    if undo["kind"] == "lines":
        return f"The suggestions for{title or ' a key point'} were taken away"
    return f"{_KINDS[undo['kind']]}{title} was removed"


def undone_in(undo: Mapping) -> str:
    """The section in which the step can be seen to be taken back; empty where it is the whole text."""
    return {"objective": "objectives", "point": "objectives", "lines": "objectives", "guardrail": "guardrails"}.get(
        undo.get("kind", ""), "knowledge" if undo.get("kind") else ""
    )


_KINDS = {"objective": "The objective", "point": "The key point", "guardrail": "The limit", "fact": "The fact"}
