"""What changed from one text of an activity to another, as an author would tell it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from coachtool.authoring import labels, outline


@dataclass(frozen=True)
class Change:
    """One difference. `before` or `after` is empty where it is new or gone; `moved` where only its place changed."""

    section: str
    where: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    moved: bool = False


_SECTION_FIELDS = {
    "persona": (
        *("persona.name", "persona.role", "persona.face", "persona.voice", "persona.manner", "persona.mood"),
        *("memory", "coach"),
        *(f"phrases.{name}" for name in labels.PHRASES),
    ),
    "situation": ("situation", "learner_role", "opening", "tips"),
    "closing": ("closing_passed", "closing_not_passed", "closing_unclear"),
    "settings": ("title", "field", "summary", "minutes", "pass_mark", "max_score", "attempts", "counts"),
}
_ITEM_FIELDS = {
    kind: tuple(name.partition(".")[2] for name in labels.FIELDS if name.startswith(f"{kind}."))
    for kind in ("objective", "point", "guardrail", "fact")
}


def changes(
    before: Mapping[str, Any], after: Mapping[str, Any], collections: Mapping[str, str] | None = None
) -> tuple[Change, ...]:
    """Every difference, in the order of the editor; none when learners would notice nothing.

    `collections`: their names by id; one that has none there is gone.
    """
    old, new = outline.filled(before), outline.filled(after)
    names = {**labels.objectives(old), **labels.objectives(new)}
    found: list[Change] = []
    for section in labels.SECTIONS:
        if section in _SECTION_FIELDS:
            found += _fields(section, old, new)
        else:
            found += _lists(section, old, new, names)
        if section == "knowledge":
            found += _documents(old, new, collections or {})
    return tuple(found)


def _documents(old: Mapping, new: Mapping, collections: Mapping[str, str]) -> Iterator[Change]:
    was, now = ([collections.get(each, "A collection that is gone") for each in of["knowledge"]] for of in (old, new))
    yield from _difference("knowledge", labels.FIELDS["knowledge"], "knowledge", was, now)


def _fields(section: str, old: Mapping, new: Mapping) -> Iterator[Change]:
    for name in _SECTION_FIELDS[section]:
        yield from _difference(section, labels.FIELDS[name], name, _value(old, name), _value(new, name))


def _value(of: Mapping, name: str) -> Any:
    for part in name.split("."):
        of = of.get(part, "") if isinstance(of, Mapping) else ""
    return of


def _lists(section: str, old: Mapping, new: Mapping, names: Mapping[str, str]) -> Iterator[Change]:
    kind = {"objectives": "objective", "guardrails": "guardrail", "knowledge": "fact"}[section]
    yield from _items(section, kind, "", old[outline.LISTS[kind]], new[outline.LISTS[kind]], names)


def _items(
    section: str, kind: str, within: str, old: list[Mapping], new: list[Mapping], names: Mapping[str, str]
) -> Iterator[Change]:
    was = {item["id"]: item for item in old}
    now = {item["id"]: item for item in new}
    for item in old:
        if item["id"] not in now and not outline.is_empty(item):
            yield Change(section, _named(kind, item, within), before=_summary(kind, item))
    stayed = [item["id"] for item in old if item["id"] in now]
    order = [item["id"] for item in new if item["id"] in was]
    for item in new:
        name = _named(kind, item, within)
        if item["id"] not in was:
            if not outline.is_empty(item):
                yield Change(section, name, after=_summary(kind, item))
            continue
        past = was[item["id"]]
        if stayed.index(item["id"]) != order.index(item["id"]):
            yield Change(section, name, moved=True)
        for field in _ITEM_FIELDS[kind]:
            label = f"{name}: {labels.FIELDS[f'{kind}.{field}']}"
            yield from _difference(section, label, f"{kind}.{field}", past.get(field, ""), item.get(field, ""), names)
        if kind == "objective":
            yield from _items(section, "point", f"{name}: ", past["key_points"], item["key_points"], names)


def _difference(
    section: str, where: str, name: str, before: Any, after: Any, names: Mapping[str, str] | None = None
) -> Iterator[Change]:
    if isinstance(before, list) or isinstance(after, list):
        old, new = list(before or []), list(after or [])
        gone = tuple(line for line in old if line not in new)
        came = tuple(line for line in new if line not in old)
        if gone or came:
            yield Change(section, where, gone, came)
        elif old != new:
            yield Change(section, where, moved=True)
    elif (before or "") != (after or ""):
        yield Change(section, where, _one(name, before, names), _one(name, after, names))


_SAY_EMPTY = ("attempts", "objective.if_met", "objective.if_not_met")


def _one(name: str, value: Any, names: Mapping[str, str] | None) -> tuple[str, ...]:
    return (labels.shown(name, value, names),) if value not in ("", None, False) or name in _SAY_EMPTY else ()


def _named(kind: str, item: Mapping, within: str) -> str:
    title = str(item.get("text") or item.get("name") or item.get("answer") or "").strip()
    short = title if len(title) <= 60 else f"{title[:58].rstrip()}…"
    return f"{within}{labels.ITEMS[kind]}" + (f" “{short}”" if short else "")


def _summary(kind: str, item: Mapping) -> tuple[str, ...]:
    if kind == "objective":
        return tuple(str(point["text"]) for point in item["key_points"] if point["text"]) or (str(item["name"]),)
    if kind == "guardrail":
        return (str(item["rule"]),)
    return (str(item.get("text") or item.get("answer") or ""),)
