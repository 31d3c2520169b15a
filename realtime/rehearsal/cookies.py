"""A cookie jar that judges as Chromium does for a tool inside another site's iframe.

httpx's own jar neither sends Secure cookies to http://localhost, which browsers trust, nor refuses the cross-site ones
that browsers refuse, so that with it a tool with the wrong cookies would still pass.
"""

from __future__ import annotations

import ipaddress
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Cookie:
    """One cookie of one host. `expires` is a Unix time; None until the browser closes."""

    name: str
    value: str
    host: str
    path: str
    secure: bool
    same_site: str
    partitioned: bool
    expires: float | None


class CookieJar:
    """The cookies of one browser, whose tab shows a page of `top_host`."""

    def __init__(self, top_host: str):
        self._top_host = top_host
        self._kept: dict[tuple[str, str, str], Cookie] = {}
        self.refused: list[str] = []

    def store(self, url: str, header: str) -> None:
        """Keep one Set-Cookie header of the answer from `url`, if a browser would; else remember why not."""
        cookie = parse(url, header)
        reason = self._refusal(url, cookie)
        if reason:
            self.refused.append(f"{cookie.name} of {cookie.host}: {reason}")
            return
        key = (cookie.host, cookie.path, cookie.name)
        if cookie.expires is not None and cookie.expires <= time.time():
            self._kept.pop(key, None)
        else:
            self._kept[key] = cookie

    def header(self, url: str) -> str:
        """The Cookie header for a request to `url`; '' when there is none to send."""
        where = urlsplit(url)
        path, now = where.path or "/", time.time()
        fitting = [
            cookie
            for cookie in self._kept.values()
            if cookie.host == where.hostname
            and path_matches(path, cookie.path)
            and (trustworthy(url) or not cookie.secure)
            and (cookie.expires is None or cookie.expires > now)
        ]
        fitting.sort(key=lambda cookie: -len(cookie.path))
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in fitting)

    def _refusal(self, url: str, cookie: Cookie) -> str:
        if cookie.secure and not trustworthy(url):
            return "it is Secure, and the page is not"
        if cookie.host == self._top_host:
            return ""
        if cookie.same_site != "none" or not cookie.secure:
            return "in another site's iframe a cookie must be SameSite=None and Secure"
        if not cookie.partitioned:
            return "in another site's iframe a cookie must be Partitioned"
        return ""


def parse(url: str, header: str) -> Cookie:
    """One Set-Cookie header (RFC 6265, section 5.2)."""
    where = urlsplit(url)
    pair, *attributes = header.split(";")
    name, _, value = pair.partition("=")
    given = {}
    for attribute in attributes:
        key, _, setting = attribute.partition("=")
        given[key.strip().lower()] = setting.strip()
    path = given.get("path", "")
    return Cookie(
        name=name.strip(),
        value=value.strip(),
        host=where.hostname or "",
        path=path if path.startswith("/") else default_path(where.path),
        secure="secure" in given,
        same_site=given.get("samesite", "lax").lower(),
        partitioned="partitioned" in given,
        expires=_expires(given),
    )


def default_path(path: str) -> str:
    """RFC 6265, section 5.1.4."""
    return path[: path.rfind("/")] or "/" if path.count("/") > 1 else "/"


def path_matches(path: str, cookie_path: str) -> bool:
    """RFC 6265, section 5.1.4."""
    if path == cookie_path:
        return True
    return path.startswith(cookie_path) and (cookie_path.endswith("/") or path[len(cookie_path)] == "/")


def trustworthy(url: str) -> bool:
    """Whether browsers treat the address as secure: https, wss, and this computer itself."""
    where = urlsplit(url)
    if where.scheme in ("https", "wss"):
        return True
    host = where.hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _expires(given: dict[str, str]) -> float | None:
    if given.get("max-age", "").lstrip("-").isdigit():
        return time.time() + int(given["max-age"])
    try:
        return parsedate_to_datetime(given["expires"]).timestamp()
    except (KeyError, ValueError):
        return None
