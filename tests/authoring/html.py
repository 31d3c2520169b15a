"""What a browser without scripts would send from a page: its forms' fields and buttons."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms: list[Form] = []
        self.ids: list[str] = []
        self._textarea = self._select = ""

    def handle_starttag(self, tag, attrs):
        named = {name: value or "" for name, value in attrs}
        if "id" in named:
            self.ids.append(named["id"])
        if tag == "form":
            self.forms.append(Form(named.get("action", "")))
        if not self.forms:
            return
        fields, name = self.forms[-1].fields, named.get("name", "")
        if tag == "input" and name:
            if named.get("type") in ("radio", "checkbox"):
                if "checked" in named:
                    fields[name] = named.get("value", "on")
            else:
                fields[name] = named.get("value", "")
        elif tag == "textarea":
            self._textarea = name
            fields[name] = ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in named or self._select not in fields):
            fields[self._select] = named.get("value", "")
        elif tag == "button" and name:
            self.forms[-1].buttons.append(named.get("value", ""))

    def handle_endtag(self, tag):
        if tag == "textarea":
            name, self._textarea = self._textarea, ""
            self.forms[-1].fields[name] = self.forms[-1].fields[name].removeprefix("\n")
        elif tag == "select":
            self._select = ""

    def handle_data(self, data):
        if self._textarea:
            self.forms[-1].fields[self._textarea] += data


def read(page) -> _Reader:
    reader = _Reader()
    reader.feed(page.content.decode())
    return reader


def form(page, ending: str) -> Form:
    """The page's form whose action ends so."""
    return next(each for each in read(page).forms if each.action.split("?")[0].endswith(ending))
