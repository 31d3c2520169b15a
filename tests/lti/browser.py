"""A browser of a few lines: cookies by host (Secure ones go to localhost too), forms that send themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx


@dataclass
class Form:
    action: str = ""
    method: str = "get"
    values: dict[str, str] = field(default_factory=dict)


class Forms(HTMLParser):
    """The forms of a page and what they would send."""

    def __init__(self, html: str):
        super().__init__()
        self.forms: list[Form] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
        elif tag == "input" and self.forms and given.get("name"):
            self.forms[-1].values[given["name"]] = given.get("value", "")


class Browser:
    """Use as a context manager. `get` and `post` do not follow redirects; `launch` goes the whole way."""

    def __init__(self, sandbox_url: str):
        self.sandbox = sandbox_url
        self._cookies: dict[str, dict[str, str]] = {}
        self._http = httpx.Client(timeout=20, follow_redirects=False, trust_env=False)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_) -> None:
        self._http.close()

    def get(self, url: str) -> httpx.Response:
        return self._send("GET", url)

    def post(self, url: str, data: dict[str, str | list[str]]) -> httpx.Response:
        return self._send("POST", url, data=data)

    def sign_in(self, username: str) -> str:
        """Be somebody in the sandbox; the URL of their course."""
        response = self.get(f"{self.sandbox}/as/{username}/")
        assert response.status_code == 302, response.text
        return urljoin(self.sandbox, response.headers["Location"])

    def launch(self, username: str, activity: str = "claims-escalation") -> httpx.Response:
        """From the course page into the tool: the answer that leads to the visit (its Location)."""
        course = self.sign_in(username)
        assert self.get(f"{course}links/{activity}/").status_code == 200
        return self.onward(self.get(f"{course}links/{activity}/launch/"))

    def onward(self, response: httpx.Response) -> httpx.Response:
        """Follow redirects and forms that send themselves, until a visit or a page to stay on."""
        for _ in range(12):
            location = response.headers.get("Location", "")
            if location.startswith("/v/"):
                return response
            if location:
                response = self.get(urljoin(str(response.url), location))
                continue
            form = next((form for form in Forms(response.text).forms if "submit.js" in response.text), None)
            if form is None:
                return response
            response = self.post(urljoin(str(response.url), form.action), form.values)
        raise AssertionError(f"the launch goes in circles at {response.url}")

    def grade(self, username: str, activity: str = "claims-escalation") -> dict:
        """The learner's own row of the gradebook."""
        found = self.get(self.sign_in(username) + "gradebook.json").json()["rows"]
        assert {row["learner"] for row in found} == {username}
        return next(row for row in found if row["activity"] == activity)

    def _send(self, method: str, url: str, **more) -> httpx.Response:
        jar = self._cookies.setdefault(urlsplit(url).hostname or "", {})
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())} if jar else {}
        response = self._http.request(method, url, headers=headers, **more)
        self._http.cookies.clear()
        for header in response.headers.get_list("Set-Cookie"):
            name, _, value = header.split(";")[0].partition("=")
            if "max-age=0" in header.lower():
                jar.pop(name.strip(), None)
            else:
                jar[name.strip()] = value.strip()
        return response
