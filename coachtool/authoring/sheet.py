"""A section of the editor as its page shows it: fields with their messages, items in cards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from coachtool.activities.brief import CLOSE, Brief, Guardrail, KeyPoint, Phrases
from coachtool.authoring import labels, outline, posted, suggest
from coachtool.authoring.advice import Advice
from coachtool.authoring.faults import Fault
from coachtool.authoring.offer import NOTHING, Offer, Shelf
from coachtool.authoring.outline import Definition
from coachtool.coaching import derive, guard

_ASKED = "What else matters to you here?"  # what the persona asks for a key point without a probe


@dataclass(frozen=True)
class Field:
    """One input: `kind` is text, area, lines, number, choice, options or faces."""

    name: str
    id: str
    label: str
    kind: str
    value: str
    help: str = ""
    rows: int = 2
    choices: tuple[tuple, ...] = ()
    faults: tuple[str, ...] = ()
    advice: tuple[Advice, ...] = ()
    placeholder: str = ""
    optional: bool = False
    unit: str = ""

    @property
    def described_by(self) -> str:
        parts = [f"{self.id}-help"] if self.help else []
        parts += [f"{self.id}-fault"] if self.faults else []
        parts += [f"{self.id}-advice"] if self.advice else []
        return " ".join(parts)


@dataclass(frozen=True)
class Card:
    """An item: its fields by name, what it holds, and whether its folds are open."""

    id: str
    path: str
    number: int
    first: bool
    last: bool
    fields: Mapping[str, Field]
    title: str = ""
    points: tuple[Card, ...] = ()
    suggested: tuple[str, ...] = ()
    all_suggested: bool = False
    alike: tuple[suggest.Inspiration, ...] = ()
    stands_in: tuple[str, ...] = ()
    fold: bool = False
    fold_said: bool = False
    fold_end: bool = False
    ends_otherwise: bool = False
    notes: int = 0
    checked: bool = False


@dataclass(frozen=True)
class Documents:
    """The collections to choose from, each with whether it is chosen, and what is to be said of the choice."""

    shelves: tuple[tuple[Shelf, bool], ...]
    faults: tuple[str, ...]
    advice: tuple[Advice, ...]


@dataclass
class Sheet:
    """What the page of one section needs, made once per request."""

    definition: Definition
    faults: Iterable[Fault] = ()
    advice: Iterable[Advice] = ()
    suggested: Mapping[str, list[str]] = field(default_factory=dict)
    at: str = ""
    inspire: str = ""
    library: Iterable[Brief] = ()
    offer: Offer = NOTHING

    def fields(self, section: str) -> tuple[Field, ...]:
        """The fields of a section that has no items."""
        return tuple(self._field(name, name, **more) for name, more in _FORMS[section].items())

    def more(self, section: str) -> tuple[Field, ...]:
        """What most authors leave as it is."""
        if section != "persona":
            return ()
        memory = self._field("memory", "memory", kind="options", choices=labels.MEMORIES, help=_MEMORY)
        if not self.offer.generative and self.definition["coach"] == "authored":
            return (memory,)
        return (memory, self._field("coach", "coach", kind="options", choices=labels.COACHES))

    def phrases(self, section: str) -> tuple[Field, ...]:
        """What the persona says between the author's own lines, with the words that stand there otherwise."""
        if section != "persona":
            return ()
        return tuple(self._phrase(name, getattr(Phrases(), name)) for name in labels.PHRASES)

    def _phrase(self, name: str, usual: str | tuple[str, ...]) -> Field:
        one = isinstance(usual, str)
        return self._field(
            f"phrases.{name}",
            f"phrases.{name}",
            kind="area" if one else "lines",
            rows=1 if one else max(2, len(usual)),
            optional=True,
            placeholder=usual if one else "\n".join(usual),
            help="Put {what} where the point or the promise is named." if "{what}" in " ".join(usual) else "",
        )

    @property
    def phrases_open(self) -> bool:
        return any(fault.path.startswith("phrases.") for fault in self.faults)

    @property
    def more_open(self) -> bool:
        return any(fault.path in ("memory", "coach") for fault in self.faults)

    def documents(self) -> Documents:
        """What the course may use, and what the draft names although the course may not."""
        chosen = self.definition["knowledge"]
        gone = [
            Shelf(each, "A collection that is not there any more") for each in chosen if each not in self.offer.names
        ]
        return Documents(
            tuple((shelf, shelf.id in chosen) for shelf in (*self.offer.shelves, *gone)),
            tuple(fault.message for fault in self.faults if fault.path == "knowledge"),
            tuple(each for each in self.advice if each.path == "knowledge"),
        )

    def objectives(self) -> tuple[Card, ...]:
        items = self.definition["objectives"]
        return tuple(self._objective(item, index, len(items)) for index, item in enumerate(items))

    def guardrails(self) -> tuple[Card, ...]:
        return self._cards("guardrail", self.definition["guardrails"], "guardrails")

    def facts(self) -> tuple[Card, ...]:
        return self._cards("fact", self.definition["facts"], "facts")

    def _objective(self, item: Definition, index: int, count: int) -> Card:
        path = f"objectives.{index}"
        points = item["key_points"]
        needed = tuple((str(number), f"{number} of {len(points)}") for number in range(1, len(points) + 1))
        fields = self._item_fields("objective", item, path)
        fields["required"] = self._field(
            f"{path}.required", "objective.required", item=item, kind="choice", choices=needed or (("1", "1"),)
        )
        fields |= self._ends(item, path, index)
        return Card(
            item["id"], path, index + 1, index == 0, index == count - 1, fields, str(item["name"]),
            fold_end=self._noted(path, ("if_met", "if_not_met")),
            ends_otherwise=any((item["if_met"], item["if_not_met"], item["confirmation"] != "automatic")),
            points=tuple(self._point(point, path, number, len(points)) for number, point in enumerate(points)),
            fold_said=self._noted(path, ("question", "acknowledge")),
        )  # fmt: skip

    def _ends(self, item: Definition, path: str, index: int) -> dict[str, Field]:
        """What comes after it, where anything can, and who confirms it."""
        later = outline.ways_on(self.definition, index)
        names = labels.objectives(self.definition)
        in_order = f"{labels.IN_ORDER}: {names[later[0]['id']]}" if later else labels.IN_ORDER
        choices = (("", in_order), *((each["id"], names[each["id"]]) for each in later[1:]), (CLOSE, labels.ENDS))
        found = {}
        for name in ("if_met", "if_not_met"):
            chosen = item[name]
            stale = chosen not in {value for value, _ in choices} and chosen not in {each["id"] for each in later[:1]}
            if later or stale:
                shown = (*choices, (chosen, "Choose again")) if stale else choices
                found[name] = self._field(
                    f"{path}.{name}", f"objective.{name}", item=item, kind="choice", choices=shown
                )
        found["confirmation"] = self._field(
            f"{path}.confirmation", "objective.confirmation", item=item, kind="choice", choices=labels.CONFIRMATIONS
        )
        return found

    def _point(self, item: Definition, within: str, index: int, count: int) -> Card:
        path = f"{within}.key_points.{index}"
        here = self.at == item["id"]
        text = str(item["text"])
        suggested = tuple(self.suggested.get(item["id"], ()))
        notes = [each for each in self.advice if each.path.startswith(f"{path}.") and not each.path.endswith(".text")]
        return Card(
            item["id"], path, index + 1, index == 0, index == count - 1,
            self._item_fields("point", item, path), text,
            suggested=suggested,
            all_suggested=len(suggested) == len(item["met_by"]) + len(item["not_met_by"]),
            alike=suggest.alike(text, self.library) if self.inspire == item["id"] else (),
            stands_in=_stand_ins(text) if text and not item["met_by"] else (),
            fold=(here and bool(text)) or bool(suggested) or self._noted(path, ("met_by", "not_met_by")),
            fold_said=self._noted(path, ("probe", "hints", "practise", "acknowledge")),
            notes=len(notes),
        )  # fmt: skip

    def _cards(self, kind: str, items: list[Definition], name: str) -> tuple[Card, ...]:
        found = []
        for index, item in enumerate(items):
            path = f"{name}.{index}"
            fields = self._item_fields(kind, item, path)
            if kind == "guardrail":
                fields["reply"] = self._field(
                    f"{path}.reply",
                    "guardrail.reply",
                    item=item,
                    kind="area",
                    optional=True,
                    placeholder=guard.reply(Guardrail("", "", "", item["action"])),
                    help="If you leave it empty, the words shown are said.",
                )
            found.append(
                Card(
                    item["id"],
                    path,
                    index + 1,
                    index == 0,
                    index == len(items) - 1,
                    fields,
                    str(item.get("name") or item.get("answer") or ""),
                    fold=self._noted(path, ("patterns",)),
                    checked=bool(item.get("of_questions")),
                )
            )
        return tuple(found)

    def _item_fields(self, kind: str, item: Definition, path: str) -> dict[str, Field]:
        return {
            name: self._field(f"{path}.{name}", f"{kind}.{name}", item=item, **more)
            for name, more in _ITEMS[kind].items()
        }

    def _field(
        self, path: str, label: str, *, item: Definition | None = None, kind: str = "text", **more: Any
    ) -> Field:
        value = _value(item if item is not None else self.definition, path if item is None else path.split(".")[-1])
        if isinstance(value, list):
            more.setdefault("rows", 3)
            more["rows"] = max(more["rows"], min(12, len(value) + 1))
            value = "\n".join(str(line) for line in value)
        if path == "pass_mark":
            value = posted.percent(value)
        return Field(
            path,
            dom_id(self.definition, path),
            labels.FIELDS[label],
            kind,
            str(value),
            faults=tuple(fault.message for fault in self.faults if fault.path == path),
            advice=tuple(each for each in self.advice if each.path == path),
            **more,
        )

    def _noted(self, path: str, names: tuple[str, ...]) -> bool:
        paths = {f"{path}.{name}" for name in names}
        return any(fault.path in paths for fault in self.faults)


def dom_id(definition: Mapping[str, Any], path: str) -> str:
    """The id of the input for `path`: by its item's own id, so that it stays when the item moves."""
    parts = path.split(".")
    item, rest = None, parts
    if parts[0] in ("objectives", "guardrails", "facts") and len(parts) > 1:
        items, rest = definition.get(parts[0]) or [], parts[2:]
        item = items[int(parts[1])] if int(parts[1]) < len(items) else None
        if rest[:1] == ["key_points"] and len(rest) > 1 and item is not None:
            points = item.get("key_points") or []
            item, rest = (points[int(rest[1])] if int(rest[1]) < len(points) else None), rest[2:]
    if item is not None:
        return "-".join([str(item["id"]), *rest])
    return "f-" + "-".join(parts)


def _value(of: Any, name: str) -> Any:
    for part in name.split("."):
        of = of.get(part, "") if isinstance(of, Mapping) else ""
    return "" if of is None else of


def _stand_ins(text: str) -> tuple[str, ...]:
    """What is compared with while there are no exemplars."""
    return derive.exemplars(KeyPoint("point", text))[0]


_MEMORY = "Learners can see what is remembered of them, correct it and delete it."
_FORMS: dict[str, dict[str, dict[str, Any]]] = {
    "persona": {
        "persona.face": {"kind": "faces", "choices": labels.FACES},
        "persona.name": {"help": "One name is enough."},
        "persona.role": {"help": "Who they are to the learner, such as “claims team lead at Northgate”."},
        "persona.voice": {"kind": "choice", "choices": labels.VOICES, "help": "Choose one that goes with the face."},
        "persona.manner": {
            "kind": "area",
            "optional": True,
            "help": "How they talk and what they care about, for you and your colleagues. A language model, where one "
            "words the replies, keeps to it.",
        },
        "persona.mood": {"kind": "choice", "choices": labels.MOODS, "help": "Their face when the conversation begins."},
    },
    "situation": {
        "situation": {
            "kind": "area",
            "rows": 6,
            "help": "The learner reads it beforehand: where they are, what has happened, why they talk.",
        },
        "learner_role": {"optional": True, "help": "Who the learner is in it, such as “Claims trainee”."},
        "opening": {"kind": "area", "help": "The first thing the persona says. A question gets people talking."},
        "tips": {
            "kind": "lines",
            "optional": True,
            "help": "One a line. The learner can open them before the conversation begins.",
        },
    },
    "closing": {
        "closing_passed": {"kind": "area"},
        "closing_not_passed": {"kind": "area"},
        "closing_unclear": {
            "kind": "area",
            "optional": True,
            "placeholder": Brief.closing_unclear,
            "help": "Said when the result hangs on words that could be read in more than one way.",
        },
    },
    "settings": {
        "title": {"help": "Learners see it in the course."},
        "field": {"optional": True, "help": "Such as “Nursing” or “Sales”; it helps colleagues to find it."},
        "summary": {"kind": "area", "optional": True, "help": "One or two sentences for the list of activities."},
        "minutes": {"kind": "number", "unit": "minutes at most"},
        "pass_mark": {"kind": "number", "unit": "percent"},
        "max_score": {"kind": "number", "unit": "points in the gradebook"},
        "attempts": {"kind": "number", "unit": "attempts", "help": "0 means as many as they like."},
        "counts": {"kind": "choice", "choices": labels.COUNTS},
    },
}
_ONE_A_LINE = "One sentence a line, as a learner would say it."
_ITEMS: dict[str, dict[str, dict[str, Any]]] = {
    "objective": {
        "name": {"optional": True, "help": "The learner sees it before the conversation and on the report."},
        "criterion": {"kind": "area", "optional": True, "help": "What counts as met, in one sentence, for the report."},
        "question": {"kind": "area", "optional": True, "help": "The persona asks it when this objective begins."},
        "acknowledge": {"kind": "area", "optional": True, "help": "Said when several key points come at once."},
    },
    "point": {
        "text": {"kind": "area", "help": ""},
        "met_by": {"kind": "lines", "rows": 4, "help": _ONE_A_LINE},
        "not_met_by": {"kind": "lines", "rows": 4, "help": "Near misses, one a line."},
        "probe": {
            "kind": "area",
            "optional": True,
            "placeholder": _ASKED,
            "help": "Asked when it has not been heard yet. Never name the answer.",
        },
        "hints": {"kind": "lines", "optional": True, "rows": 2, "help": "One a line; for a learner who is stuck."},
        "practise": {
            "kind": "area",
            "optional": True,
            "help": "Asked once more at the end when it was missed, and shown as advice on the report.",
        },
        "acknowledge": {
            "kind": "lines",
            "optional": True,
            "rows": 2,
            "placeholder": "That's clear, thank you.",
            "help": "One a line; they take turns.",
        },
    },
    "guardrail": {
        "name": {"help": "Such as “Medical advice”."},
        "rule": {"kind": "area", "help": "What must not happen, in one sentence."},
        "action": {"kind": "options", "choices": labels.ACTIONS},
        "severity": {"kind": "choice", "choices": labels.SEVERITIES, "help": "Shown to you on the report."},
        "triggers": {"kind": "lines", "rows": 4, "help": "Sentences at which it steps in, one a line."},
        "not_triggers": {
            "kind": "lines",
            "optional": True,
            "help": "Sentences that are fine although they sound alike.",
        },
        "patterns": {
            "kind": "lines",
            "optional": True,
            "help": "Regular expressions on the learner’s words in lower case, one a line.",
        },
    },
    "fact": {
        "asked_by": {"kind": "lines", "rows": 3, "help": "Ways to ask for it, one a line."},
        "answer": {"kind": "area", "help": "What the persona answers, in its own words."},
        "source": {"optional": True, "help": "Where it is written down; for you and your colleagues."},
    },
}
