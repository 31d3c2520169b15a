"""From what the editor's form sends to the draft: one section at a time, what the form does not show is kept.

Fields are named by their path (`objectives.0.key_points.1.text`); each item
sends its id. Numbers that cannot be read stay as they were typed, so that the
author sees them again beside the message.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from coachtool.authoring import labels, outline
from coachtool.authoring.offer import NOTHING, Offer
from coachtool.authoring.outline import Definition

SECTIONS = ("persona", "situation", "objectives", "guardrails", "knowledge", "closing", "settings")

_LONGEST = 4000  # characters in one field
_LINES = 80  # lines in one list
_ID = re.compile(r"[\w.-]{1,80}", re.ASCII)

_TEXTS = {
    "persona": ("name", "role", "face", "voice", "manner", "mood"),
    "situation": ("situation", "learner_role", "opening"),
    "closing": ("closing_passed", "closing_not_passed", "closing_unclear"),
    "settings": ("title", "field", "summary", "counts"),
    "conversation": ("memory", "coach"),
    "objective": ("name", "criterion", "question", "acknowledge", "confirmation"),
    "point": ("text", "probe", "practise"),
    "guardrail": ("name", "rule", "action", "severity", "reply"),
    "fact": ("answer", "source"),
}
_LISTS = {
    "point": ("met_by", "not_met_by", "hints", "acknowledge"),
    "guardrail": ("triggers", "not_triggers", "patterns"),
    "fact": ("asked_by",),
}
_CHOICES = {
    "face": tuple(face for face, _ in labels.FACES),
    "voice": tuple(voice for voice, _ in labels.VOICES),
    "mood": ("neutral", "encouraging", "concerned", "firm", "doubtful"),
    "counts": ("best", "last", "first"),
    "memory": ("off", "activity", "persona"),
    "coach": ("authored", "generative"),
    "confirmation": ("automatic", "person"),
    "action": ("redirect", "refuse", "escalate", "end"),
    "severity": ("low", "medium", "high"),
}


def read(section: str, data: Mapping[str, str], definition: Definition, offer: Offer = NOTHING) -> Definition:
    """`definition` with what `data` says of `section`; a field that was not sent is left as it was.

    What is not in `offer` cannot be chosen; what the draft has already may stay.
    """
    draft = copy.deepcopy(definition)
    if section == "persona":
        draft["persona"] = {**draft.get("persona", {}), **_texts("persona", "persona.", data)}
        chosen = _texts("conversation", "", data)
        if chosen.get("coach") == "generative" and not offer.generative:
            del chosen["coach"]
        draft |= chosen
        draft["phrases"] = _phrases(data, draft.get("phrases") or {})
    elif section in ("situation", "closing", "settings"):
        draft |= _texts(section, "", data)
        if section == "situation" and "tips" in data:
            draft["tips"] = lines(data["tips"])
        if section == "closing" and not draft.get("closing_unclear"):
            draft.pop("closing_unclear", None)
        if section == "settings":
            draft |= _numbers(data)
    elif section == "objectives":
        draft["objectives"] = _items("objective", "objectives", data, draft.get("objectives") or [])
    elif section == "guardrails":
        draft["guardrails"] = _items("guardrail", "guardrails", data, draft.get("guardrails") or [])
    elif section == "knowledge":
        draft["facts"] = _items("fact", "facts", data, draft.get("facts") or [])
        if "knowledge.count" in data:
            known = dict.fromkeys([*draft.get("knowledge", ()), *offer.names])
            draft["knowledge"] = [name for name in known if f"knowledge.{name}" in data]
    return draft


def lines(text: str) -> list[str]:
    """The lines that say something, each once."""
    kept = [_clean(line)[:_LONGEST] for line in text.splitlines()]
    return list(dict.fromkeys(line for line in kept if line))[:_LINES]


def percent(share: Any) -> Any:
    """A share as it is shown, 0.7 as 70; what is no number as it was typed."""
    if isinstance(share, int | float):
        return f"{share * 100:.4g}"
    return share


def _items(kind: str, prefix: str, data: Mapping[str, str], before: list[Definition]) -> list[Definition]:
    """The items in the order in which they were sent; those that were there, where the form sent no such list."""
    if f"{prefix}.count" not in data:
        return before
    known = {item.get("id"): item for item in before}
    found: list[Definition] = []
    for index in range(outline.MOST[kind]):
        path = f"{prefix}.{index}."
        if f"{path}id" not in data:
            break
        item_id = data[f"{path}id"]
        if not _ID.fullmatch(item_id) or any(item_id == other["id"] for other in found):
            continue
        item = {**outline.new(kind), "id": item_id, **copy.deepcopy(known.get(item_id, {}))}
        item |= _texts(kind, path, data)
        item |= {name: lines(data[path + name]) for name in _LISTS.get(kind, ()) if path + name in data}
        if kind == "objective":
            item["key_points"] = _items("point", f"{path}key_points", data, item["key_points"])
            item["required"] = _whole(data.get(f"{path}required", item["required"]))
            item |= _ways_on(path, data)
        if kind == "guardrail" and f"{path}has_of_questions" in data:
            item["of_questions"] = bool(data.get(f"{path}of_questions"))
        found.append(item)
    return found


def _texts(of: str, prefix: str, data: Mapping[str, str]) -> Definition:
    found = {}
    for name in _TEXTS[of]:
        if prefix + name not in data:
            continue
        value = _clean(data[prefix + name])[:_LONGEST]
        if name in _CHOICES and value not in _CHOICES[name]:
            continue
        found[name] = value[:200] if name in ("title", "name") else value
    return found


def _phrases(data: Mapping[str, str], before: Mapping[str, Any]) -> Definition:
    """The persona's own phrases; what is left empty is said in the words that stand there otherwise."""
    found = dict(before)
    for name in labels.PHRASES:
        typed = data.get(f"phrases.{name}")
        if typed is not None:
            found[name] = _clean(typed)[:_LONGEST] if name == "farewell" else lines(typed)
    return {name: said for name, said in found.items() if said}


def _ways_on(path: str, data: Mapping[str, str]) -> Definition:
    sent = {name: data[path + name] for name in ("if_met", "if_not_met") if path + name in data}
    return {name: value for name, value in sent.items() if not value or _ID.fullmatch(value)}


def _numbers(data: Mapping[str, str]) -> Definition:
    found = {name: _whole(data[name]) for name in ("minutes", "max_score", "attempts") if name in data}
    if "pass_mark" in data:
        typed = _clean(data["pass_mark"]).rstrip("% ").replace(",", ".")[:20]
        try:
            share = float(typed) / 100
            found["pass_mark"] = round(share, 6) if 0 < share <= 1 else typed
        except ValueError:
            found["pass_mark"] = typed
    return found


def _whole(value: Any) -> int | str:
    typed = _clean(str(value))[:20]
    return int(typed) if typed.isdecimal() and typed.isascii() else typed


def _clean(text: str) -> str:
    return text.replace("\x00", "").replace("\r\n", "\n").strip()
