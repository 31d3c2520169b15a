"""The learner's browser: from the course page through the launch to the conversation, and to the pages afterwards."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from realtime.rehearsal.cookies import CookieJar
from realtime.rehearsal.pages import Form, Page

_HOPS = 12  # a launch takes five
_TIMEOUT = httpx.Timeout(20, connect=5)
_CONVERSATION = re.compile(r"/v/[^/]+/attempts/[0-9a-f-]{36}/$")


class BrowserError(Exception):
    """A page was not what a learner would have to find there; the message says which and what to do."""


@dataclass(frozen=True)
class Conversation:
    """The conversation's page: where its WebSocket and its attempt are, and whether the voice may be sensed."""

    url: str
    socket: str
    cookie: str
    ice_servers: list[dict]
    sensed: bool = False

    @property
    def attempt(self) -> str:
        """The attempt's id, which is the xAPI registration."""
        return urlsplit(self.url).path.rstrip("/").rsplit("/", 1)[-1]


class Browser:
    """One learner's browser. Use as an async context manager."""

    def __init__(self, sandbox_url: str, tool_url: str, transport: httpx.AsyncBaseTransport | None = None):
        self._sandbox, self._tool = sandbox_url.rstrip("/"), tool_url.rstrip("/")
        self._cookies = CookieJar(urlsplit(sandbox_url).hostname or "")
        self._course = ""
        self._client = httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False, transport=transport)

    async def __aenter__(self) -> Browser:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def launch(self, learner: str, activity: str) -> Page:
        """Log in to the sandbox LMS, open the activity in its course, and follow the launch to the tool's page.

        Raises BrowserError.
        """
        course = await self.open(f"{self._sandbox}/as/{learner}/")
        link = await self._activity_page(course, activity)
        if not link.frames:
            raise BrowserError(f"{link.url}: there is no frame with the activity on the page.")
        frame = link.frames[0]
        if "microphone" not in frame.allow:
            raise BrowserError(f"{link.url}: the frame does not allow the microphone.")
        page = await self.open(frame.src)
        for _ in range(_HOPS):
            if page.url.startswith(f"{self._tool}/v/") or len(page.forms) != 1 or not page.forms[0].automatic:
                break
            page = await self.submit(page, page.forms[0])
        if not page.url.startswith(f"{self._tool}/v/"):
            raise BrowserError(f"The launch ended at {page.url}, not in the tool. It says: {_excerpt(page)}")
        return page

    async def start(
        self, page: Page, modality: str, *, memory: bool = False, sense_voice: bool = False
    ) -> Conversation:
        """From the lobby into the conversation, as a click on “start” does. Raises BrowserError.

        That the voice is sensed can only be agreed to (`sense_voice`) where the lobby asks for it.
        """
        form = next((form for form in page.forms if form.action.endswith("/attempts/start/")), None)
        if form is None:
            raise BrowserError(f"{page.url}: there is no form to start with. The page says: {_excerpt(page)}")
        chosen = {"modality": modality, "microphone": modality == "voice", "camera": False, "ai_disclosure": True}
        chosen["without_memory"] = not memory
        if any(field.name == "sense_voice" for field in form.fields):
            chosen["sense_voice"] = sense_voice
        page = await self.submit(page, form, **chosen)
        if not self.in_conversation(page):
            raise BrowserError(f"Starting led to {page.url}, not into a conversation. It says: {_excerpt(page)}")
        return self.conversation(page)

    async def be_forgotten(self, page: Page) -> None:
        """Delete what is remembered of the learner, where there is anything. Raises BrowserError."""
        address = next((link for link in page.links if link.endswith("/memory/")), None)
        if address is None:
            return
        remembered = await self.open(address)
        form = next((form for form in remembered.forms if form.action.endswith("/memory/forget/")), None)
        if form is not None:
            await self.submit(remembered, form)

    def in_conversation(self, page: Page) -> bool:
        return bool(_CONVERSATION.search(urlsplit(page.url).path))

    def conversation(self, page: Page) -> Conversation:
        """What the conversation's page tells its scripts. Raises BrowserError."""
        path = page.find_string("/ws/")
        if path is None:
            raise BrowserError(f"{page.url}: the page does not say where its WebSocket is.")
        socket = urljoin(page.url, path).replace("http", "ws", 1)
        servers = next(
            (data["iceServers"] for data in page.data if isinstance(data, dict) and "iceServers" in data), []
        )
        sensed = any(isinstance(data, dict) and (data.get("sense") or {}).get("voice") is True for data in page.data)
        return Conversation(page.url, socket, self._cookies.header(socket), servers, sensed)

    async def open(self, url: str) -> Page:
        """GET a page, redirects followed. Raises BrowserError."""
        response = await self._request("GET", url)
        return self._page(response)

    async def submit(self, page: Page, form: Form, **chosen: str | bool) -> Page:
        """Send a form of the page with the person's choices. Raises BrowserError."""
        values = form.values(**chosen)
        if form.method == "post":
            response = await self._request("POST", form.action, data=values, referer=page.url)
        else:
            response = await self._request("GET", str(httpx.URL(form.action, params=values)), referer=page.url)
        return self._page(response)

    async def json(self, url: str) -> Any:
        """GET a JSON resource with this browser's cookies. Raises BrowserError."""
        response = await self._request("GET", url)
        if response.status_code != 200:
            raise BrowserError(f"{url} answered {response.status_code}.")
        return response.json()

    async def gradebook(self) -> Any:
        """The sandbox course's gradebook as JSON, in the form that the LMS gives it. Raises BrowserError."""
        return await self.json(f"{self._course}gradebook.json")

    async def _activity_page(self, course: Page, activity: str) -> Page:
        links = dict.fromkeys(link for link in course.links if re.search(r"/courses/[^/]+/links/[^/]+/$", link))
        if not links:
            raise BrowserError(f"{course.url}: the course has no activities. The page says: {_excerpt(course)}")
        self._course = next(iter(links)).split("/links/")[0] + "/"
        wanted = next((link for link in links if link.endswith(f"/links/{activity}/")), None)
        if wanted is None:
            raise BrowserError(f"{course.url}: “{activity}” is not in the course; there are {', '.join(links)}.")
        return await self.open(wanted)

    async def _request(
        self, method: str, url: str, *, data: list[tuple[str, str]] | None = None, referer: str = ""
    ) -> httpx.Response:
        for _ in range(_HOPS):
            response = await self._send(method, url, data, referer)
            if response.status_code not in (301, 302, 303, 307, 308):
                return response
            referer, url = url, urljoin(url, response.headers["location"])
            if response.status_code < 307:
                method, data = "GET", None
        raise BrowserError(f"{url}: the pages redirect in a circle.")

    async def _send(self, method: str, url: str, data: list[tuple[str, str]] | None, referer: str) -> httpx.Response:
        headers = {"Accept": "text/html,application/json;q=0.9", "Accept-Language": "en"}
        cookie = self._cookies.header(url)
        if cookie:
            headers["Cookie"] = cookie
        content = None
        if data is not None:
            content = str(httpx.QueryParams(data))
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Origin"] = _origin(referer or url)
        if referer:
            # Browsers' default policy: the whole address within the origin, the origin alone elsewhere.
            headers["Referer"] = referer if _origin(referer) == _origin(url) else _origin(referer) + "/"
        try:
            response = await self._client.request(method, url, content=content, headers=headers)
        except httpx.ConnectError:
            raise BrowserError(
                f"Nothing answers at {_origin(url)}. Start the demo with “make demo”, wait for its two links, and try "
                "again (or name the addresses with --url and --sandbox-url)."
            ) from None
        except httpx.TimeoutException:
            raise BrowserError(f"{url} did not answer in time. Look at what the demo's terminal says.") from None
        except httpx.HTTPError as problem:
            raise BrowserError(f"{url}: {problem or type(problem).__name__}") from None
        self._client.cookies.clear()  # CookieJar keeps them
        for header in response.headers.get_list("set-cookie"):
            self._cookies.store(url, header)
        return response

    def _page(self, response: httpx.Response) -> Page:
        page = Page(str(response.url), response.text)
        if response.status_code >= 400:
            hint = f" Cookies refused: {'; '.join(self._cookies.refused)}." if self._cookies.refused else ""
            raise BrowserError(f"{page.url} answered {response.status_code}: {_excerpt(page)}{hint}")
        return page


def _origin(url: str) -> str:
    where = urlsplit(url)
    return f"{where.scheme}://{where.netloc}"


def _excerpt(page: Page) -> str:
    return " ".join(page.text.split())[:300] or "nothing"
