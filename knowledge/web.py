"""One page of somebody's web site: fetched through the guarded client, every redirect checked, robots.txt respected."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit, urlunsplit

import httpx
from django.conf import settings
from protego import Protego

from coachtool.site import outgoing
from knowledge import originals
from knowledge.originals import Incoming
from knowledge.reading import charsets

AGENT = "coachtool"
MOST_HOPS = 5
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_TOTAL = 30.0  # seconds for one page
LONGEST = 2000  # characters of an address
_LONGEST_ROBOTS = 500 * 1024  # bytes, what RFC 9309 has to be read at least


class NotFetched(Exception):
    """The page can't be had; the message says why. `gone`: the site says that there is none here."""

    def __init__(self, sentence: str, gone: bool = False):
        super().__init__(sentence)
        self.gone = gone


@dataclass(frozen=True)
class Page:
    """What an address led to: the `url` after all redirects, its site's robots.txt, and the bytes, written down."""

    url: str
    media_type: str
    incoming: Incoming
    robots: str


def client() -> httpx.Client:
    return outgoing.client(_TIMEOUT, _TOTAL, settings.DOCUMENT_MB * 1_000_000, private=settings.CRAWL_PRIVATE_ADDRESSES)


def normal(url: str) -> str:
    """The address without its fragment, with its host in lower case. Raises ValueError where it is none."""
    parts = urlsplit(url.strip())
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise ValueError("no web address")
    if parts.username is not None:
        raise ValueError("a name or a password in it")
    usual = {"http": 80, "https": 443}[parts.scheme.lower()]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = host if parts.port in (None, usual) else f"{host}:{parts.port}"
    return urlunsplit((parts.scheme.lower(), place, parts.path or "/", parts.query, ""))


def site_of(url: str) -> str:
    """Host and port: what counts as the same site."""
    return urlsplit(url).netloc


def robots_of(url: str, web: httpx.Client) -> str:
    """The site's robots.txt; what forbids all where it can't be asked (RFC 9309). Raises NotFetched."""
    parts = urlsplit(url)
    address = urlunsplit((parts.scheme, parts.netloc, "/robots.txt", "", ""))
    try:
        for _ in range(MOST_HOPS + 1):
            with web.stream("GET", address) as answer:
                if answer.is_redirect:
                    address = urljoin(address, answer.headers.get("Location", ""))
                    continue
                if answer.status_code >= 500:
                    return "User-agent: *\nDisallow: /"
                if answer.status_code >= 400:
                    return ""
                return _robots_text(answer)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as problem:  # ValueError: a redirect to no address
        raise NotFetched(_sentence(problem)) from None
    return ""


def _robots_text(answer: httpx.Response) -> str:
    """It is in UTF-8, whatever its header says; without a NUL, which the database takes in no text."""
    data = b""
    for part in answer.iter_bytes():
        data += part
        if len(data) > _LONGEST_ROBOTS:
            break
    return data[:_LONGEST_ROBOTS].decode("utf-8-sig", "replace").replace("\0", "")


def delay_of(robots: str) -> float:
    """Seconds between two pages that the site asks for."""
    return Protego.parse(robots).crawl_delay(AGENT) or 0.0


def fetch(url: str, web: httpx.Client, robots: str, site: str, elsewhere: bool = False) -> Page:
    """The page at `url`, which may lead to another site only with `elsewhere`. Raises NotFetched.

    `robots` is the robots.txt of `site`; that of any other site is asked before its pages are.
    """
    start, asked, rules = site_of(url), {url}, Protego.parse(robots)
    for _ in range(MOST_HOPS + 1):
        if site_of(url) != site:
            site, robots = site_of(url), robots_of(url, web)
            rules = Protego.parse(robots)
        if not rules.can_fetch(url, AGENT):
            raise NotFetched("The site's robots.txt asks that it is not read.")
        try:
            with web.stream("GET", url) as answer:
                if not answer.is_redirect:
                    return _kept(url, answer, robots)
                location = answer.headers.get("Location", "")
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as problem:
            raise NotFetched(_sentence(problem)) from None
        try:
            url = normal(urljoin(url, location))
        except ValueError:
            raise NotFetched("It leads to something that is no web address.") from None
        if len(url) > LONGEST:
            raise NotFetched("It leads to an address that is too long.")
        if site_of(url) != start and not elsewhere:
            raise NotFetched(f"It leads to another site, {site_of(url)}.", gone=True)
        if url in asked:
            raise NotFetched("It leads back to itself, in a circle.")
        asked.add(url)
    raise NotFetched(f"It leads on and on, more than {MOST_HOPS} times.")


def _kept(url: str, answer: httpx.Response, robots: str) -> Page:
    if answer.status_code in (404, 410):
        raise NotFetched("There is no such page (any more).", gone=True)
    if answer.status_code in (401, 403):
        raise NotFetched("The site does not show it without signing in.")
    if answer.status_code != 200:
        raise NotFetched(f"The site answered {answer.status_code} instead of a page.")
    media_type, _, more = answer.headers.get("Content-Type", "").partition(";")
    media_type = media_type.strip().lower()[:100]
    parts = answer.iter_raw()
    if codec := _charset(media_type, more):
        parts = charsets.in_utf8(parts, codec)
    try:
        incoming = originals.receive(parts, settings.DOCUMENT_MB * 1_000_000)
    except (originals.TooLarge, outgoing.AnswerRefused):
        raise NotFetched(f"It is larger than {settings.DOCUMENT_MB} MB.") from None
    return Page(url, media_type, incoming, robots)


def _charset(media_type: str, parameters: str) -> str:
    """The encoding that the site names for a text, where that is not UTF-8: it goes before what the page says."""
    named = re.search(r"charset\s*=\s*[\"']?([\w.:-]{2,40})", parameters, re.I)
    if not named or not (media_type.startswith("text/") or media_type == "application/xhtml+xml"):
        return ""
    codec = charsets.codec_of(named[1])
    return "" if codec == "utf-8" else codec


def _sentence(problem: Exception) -> str:
    if isinstance(problem, outgoing.AddressRefused):
        return f"It may not be read: {problem}."
    if isinstance(problem, outgoing.AnswerRefused):
        return f"It can't be read: {problem}."
    if isinstance(problem, httpx.TimeoutException):
        return "The site takes too long to answer."
    return "The site can't be reached. Check the address."
