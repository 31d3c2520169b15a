"""A browser inside the LMS's iframe: cookies, forms that send themselves, a clock that can be put forward."""

from __future__ import annotations

import ssl
import threading
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

PATIENCE = 7.0  # seconds after which a person has given up


class Network:
    """Connections that many browsers share, as nothing in a connection tells them apart."""

    def __init__(self, trusted: ssl.SSLContext):
        self._transport = httpx.HTTPTransport(verify=trusted)

    def send(self, method: str, url: str, headers: dict[str, str], form: dict[str, str] | None) -> httpx.Response:
        content = urlencode(form).encode() if form is not None else None
        if form is not None:
            headers = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
        timeout = httpx.Timeout(PATIENCE).as_dict()
        request = httpx.Request(method, url, headers=headers, content=content, extensions={"timeout": timeout})
        response = self._transport.handle_request(request)
        try:
            response.request = request
            response.read()
        finally:
            response.close()
        return response

    def close(self) -> None:
        self._transport.close()


@dataclass(frozen=True)
class Cookie:
    name: str
    value: str
    host: str
    path: str
    ends: float  # by the browser's clock


@dataclass
class Browser:
    """What it is asked for, it asks for across sites: a cookie that is not `SameSite=None; Secure` is not kept.

    `hoards`: keeps cookies beyond their end, as a dishonest one may.
    """

    network: Network
    hoards: bool = False
    ahead: float = 0.0  # seconds by which its clock is ahead of the machine's
    _jar: dict[tuple[str, str, str], Cookie] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, url: str) -> httpx.Response:
        return self._send("GET", url, None, {})

    def post(self, url: str, form: dict[str, str], origin: str) -> httpx.Response:
        """A form on a page of `origin` that is sent to `url`."""
        return self._send("POST", url, form, {"Origin": origin, "Referer": f"{origin}/"})

    def follow(self, response: httpx.Response, until: str = "") -> httpx.Response:
        """Where redirects lead, though not to an address that begins with `until`."""
        for _ in range(8):
            if not (300 <= response.status_code < 400) or (until and location(response).startswith(until)):
                return response
            response = self.get(location(response))
        raise RuntimeError(f"redirected without end: {response.url}")

    def cookies(self) -> list[Cookie]:
        return list(self._jar.values())

    def _send(self, method: str, url: str, form: dict[str, str] | None, more: dict[str, str]) -> httpx.Response:
        headers = {
            "Host": urlsplit(url).netloc,
            "User-Agent": "coachtool-tests",
            "Accept": "text/html",
            "Sec-Fetch-Site": "cross-site",
            "Sec-Fetch-Mode": "navigate",
            "Sec-Fetch-Dest": "iframe",
            **more,
        }
        if cookies := self._cookies_for(url):
            headers["Cookie"] = cookies
        response = self.network.send(method, url, headers, form)
        response.extensions["browser"] = self
        self._keep(response)
        return response

    def _cookies_for(self, url: str) -> str:
        parts, now = urlsplit(url), time.time() + self.ahead
        with self._lock:
            kept = [
                cookie
                for cookie in self._jar.values()
                if cookie.host == parts.hostname
                and (parts.path == cookie.path or parts.path.startswith(cookie.path.rstrip("/") + "/"))
                and (self.hoards or cookie.ends > now)
            ]
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in kept)

    def _keep(self, response: httpx.Response) -> None:
        url = urlsplit(str(response.url))
        for line in response.headers.get_list("set-cookie"):
            first, *rest = (part.strip() for part in line.split(";"))
            name, _, value = first.partition("=")
            attributes = {key.lower(): given for key, _, given in (part.partition("=") for part in rest)}
            if attributes.get("samesite", "").lower() != "none" or "secure" not in attributes or url.scheme != "https":
                continue
            ends = float("inf")
            if "max-age" in attributes:
                ends = time.time() + self.ahead + float(attributes["max-age"])
            path = attributes.get("path", "/")
            with self._lock:
                if ends <= time.time() + self.ahead:
                    self._jar.pop((url.hostname, path, name), None)
                else:
                    self._jar[(url.hostname, path, name)] = Cookie(name, value, url.hostname, path, ends)


def browser_of(response: httpx.Response) -> Browser:
    """The browser that got this answer."""
    return response.extensions["browser"]


def location(response: httpx.Response) -> str:
    """Where a redirect leads, absolute; '' if it is none."""
    to = response.headers.get("location", "")
    return urljoin(str(response.url), to) if to else ""


class FormPage(HTMLParser):
    """The first form of a page: where it goes and what it would send."""

    def __init__(self, response: httpx.Response):
        super().__init__()
        self.action, self.method, self.values = "", "get", {}
        self._seen = False
        self.feed(response.text)
        self.action = urljoin(str(response.url), self.action)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        given = dict(attrs)
        if tag == "form" and not self._seen:
            self._seen = True
            self.action, self.method = given.get("action", ""), given.get("method", "get").lower()
        elif tag == "input" and self._seen and given.get("name"):
            self.values[given["name"]] = given.get("value") or ""
