"""HTML as a browser reads it: forms, frames, data blocks and text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

_BLOCKS = {"p", "div", "li", "tr", "h1", "h2", "h3", "h4", "section", "article", "header", "footer", "dt", "dd", "br"}
_BLOCKS |= {"blockquote", "figure", "ol", "ul", "table", "summary", "details", "main", "title", "label", "option"}
_UNSEEN = {"script", "style", "template", "noscript", "svg"}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass(frozen=True)
class Field:
    """An input of a form. `kind` is its type; a select is one field per option of kind `option`."""

    name: str
    kind: str
    value: str
    checked: bool = False


@dataclass
class Form:
    """A form with the address it is sent to."""

    action: str
    method: str
    fields: list[Field] = field(default_factory=list)

    @property
    def automatic(self) -> bool:
        """Whether there is nothing in it for a person to fill in: a script sends it, or a bare button."""
        visible = [f for f in self.fields if f.kind not in ("hidden", "submit")]
        hidden = [f for f in self.fields if f.kind == "hidden"]
        return not visible and bool(hidden)

    def values(self, **chosen: str | bool) -> list[tuple[str, str]]:
        """What is sent, with the person's choices: a value for a radio or text field, true or false for a tick."""
        sent = []
        for item in self.fields:
            choice = chosen.get(item.name)
            if not item.name or item.kind in ("submit", "button", "image", "file"):
                continue
            if item.kind in ("radio", "option"):
                picked = item.value == choice if isinstance(choice, str) else item.checked
            elif item.kind == "checkbox":
                picked = choice if isinstance(choice, bool) else item.checked
            else:
                sent.append((item.name, choice if isinstance(choice, str) else item.value))
                continue
            if picked:
                sent.append((item.name, item.value))
        return sent


@dataclass(frozen=True)
class Frame:
    """An iframe: its address and its permission policy."""

    src: str
    allow: str


class Page(HTMLParser):
    """A page of HTML that came from `url`."""

    def __init__(self, url: str, html: str):
        super().__init__(convert_charrefs=True)
        self.url = url
        self.forms: list[Form] = []
        self.frames: list[Frame] = []
        self.links: list[str] = []
        self.data: list[Any] = []
        self._form: Form | None = None
        self._select = ""
        self._script: list[str] | None = None
        self._textarea: tuple[str, list[str]] | None = None
        self._unseen = 0
        self._main = 0
        self._text: list[tuple[bool, str]] = []
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        """What can be read in the page's main part (all of it, where none is marked), a line per block."""
        within = [piece for inside, piece in self._text if inside] or [piece for _, piece in self._text]
        lines = (" ".join(line.split()) for line in "".join(within).split("\n"))
        return "\n".join(line for line in lines if line)

    def find_string(self, start: str) -> str | None:
        """The first text in the page's data blocks that begins with `start`."""
        return next((text for text in _strings(self.data) if text.startswith(start)), None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._open(tag, given, {name for name, _ in attrs})
        if tag in _BLOCKS:
            self._say("\n")
        elif tag == "span":
            self._say(" ")  # often set apart by style alone
        if tag in _UNSEEN:
            self._unseen += 1
        if tag == "main":
            self._main += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea" and self._textarea is not None:
            name, pieces = self._textarea
            self._textarea = None
            self._add(Field(name, "textarea", "".join(pieces)))
        elif tag == "script" and self._script is not None:
            self._keep_data("".join(self._script))
            self._script = None
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        if tag == "main":
            self._main = max(0, self._main - 1)
        if tag in _BLOCKS:
            self._say("\n")

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self._script.append(data)
        elif self._textarea is not None:
            self._textarea[1].append(data)
        elif not self._unseen:
            # A line break in the source is a space on the page.
            self._say(data.replace("\n", " "))

    def _say(self, text: str) -> None:
        self._text.append((self._main > 0, text))

    def _open(self, tag: str, given: dict[str, str], names: set[str]) -> None:
        match tag:
            case "form":
                action = urljoin(self.url, given.get("action", "") or self.url)
                self._form = Form(action, given.get("method", "get").lower())
                self.forms.append(self._form)
            case "input":
                kind = given.get("type", "text").lower()
                default = "on" if kind in ("checkbox", "radio") else ""
                if "disabled" not in names:
                    self._add(Field(given.get("name", ""), kind, given.get("value", default), "checked" in names))
            case "button" if given.get("type", "submit") == "submit":
                self._add(Field(given.get("name", ""), "submit", given.get("value", "")))
            case "select":
                self._select = given.get("name", "")
            case "option" if self._select:
                self._add(Field(self._select, "option", given.get("value", ""), "selected" in names))
            case "textarea":
                self._textarea = (given.get("name", ""), [])
            case "iframe":
                self.frames.append(Frame(urljoin(self.url, given.get("src", "")), given.get("allow", "")))
            case "a" if given.get("href"):
                self.links.append(urljoin(self.url, given["href"]))
            case "script" if given.get("type") == "application/json":
                self._script = []

    def _add(self, item: Field) -> None:
        if self._form is not None:
            self._form.fields.append(item)

    def _keep_data(self, text: str) -> None:
        try:
            self.data.append(json.loads(text))
        except ValueError:
            return


def _strings(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from _strings(value)
    elif isinstance(data, list):
        for value in data:
            yield from _strings(value)
