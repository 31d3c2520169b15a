"""A real browser on the real pages, with the conversation's WebSocket in the test's hands."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import BrowserContext, Page, WebSocketRoute, async_playwright

from coachtool.embedded import browser as chromium

_FAKE_MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
_SECONDS = 10


@dataclass
class Server:
    """The other end of the page's WebSocket: what came, connection by connection, and what to send."""

    connections: list[list[dict]] = field(default_factory=list)
    _open: WebSocketRoute | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, socket: WebSocketRoute) -> None:
        """The handler for Page.route_web_socket."""
        self._open = socket
        self.connections.append([])
        socket.on_message(self._took)

    def _took(self, message: str) -> None:
        self.connections[-1].append(json.loads(message))
        self._changed.set()

    def say(self, kind: str, **fields: Any) -> None:
        self.send({"type": kind, **fields})

    def send(self, message: dict[str, Any]) -> None:
        self._open.send(json.dumps(message))

    def utterance(self, seq: int, speaker: str, text: str, **fields: Any) -> None:
        self.say("utterance", seq=seq, speaker=speaker, text=text, interrupted=False, **fields)

    def live(self, **fields: Any) -> None:
        self.say("state", phase="live", detail="", **fields)

    async def drop(self) -> None:
        await self._open.close(code=1011)

    def of(self, kind: str) -> list[dict]:
        """The messages of this kind on the newest connection."""
        return [message for message in (self.connections or [[]])[-1] if message["type"] == kind]

    async def expect(self, kind: str, count: int = 1) -> dict:
        """The newest connection's `count`-th message of this kind, once it is there."""
        async with asyncio.timeout(_SECONDS):
            while len(self.of(kind)) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.of(kind)[count - 1]

    async def expect_greeting(self, connection: int) -> dict:
        """The hello on the `connection`-th connection, counted from 1."""
        async with asyncio.timeout(_SECONDS):
            while len(self.connections) < connection or not self.connections[connection - 1]:
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.2)
        return self.connections[connection - 1][0]


@contextlib.asynccontextmanager
async def opened(
    session_key: str, *, microphone: bool = True, within: str | None = None
) -> AsyncIterator[BrowserContext]:
    """A browser of one's own that holds the session; `within`: the site in whose iframes it is kept (CHIPS)."""
    path = chromium.find()
    assert path, chromium.REMEDY
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox", *(_FAKE_MICROPHONE if microphone else [])]
        browser = await playwright.chromium.launch(executable_path=path, args=arguments)
        context = await browser.new_context(permissions=["microphone", "camera"] if microphone else [])
        cookie = {"name": "coachtool_session", "value": session_key, "domain": "localhost", "path": "/"}
        cookie |= {"secure": True, "httpOnly": True, "sameSite": "None"}
        await context.add_cookies([cookie | ({"partitionKey": within} if within else {})])
        # The head takes a software renderer seconds; it has tests of its own, and the page does without.
        await context.route("**/personas/*", lambda route: route.abort())
        context.set_default_timeout(_SECONDS * 1000)
        try:
            yield context
        finally:
            await browser.close()


async def page_in(context: BrowserContext) -> tuple[Page, list[str]]:
    """A page, and the list in which its errors are collected. Pictures may be missing, scripts may not."""
    page, errors = await context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if _matters(message) else None)
    return page, errors


@contextlib.asynccontextmanager
async def connected(key: str, url: str) -> AsyncIterator[tuple[Server, Page]]:
    """The conversation's page at `url` and the server that it talks to; fails if the page logs an error."""
    async with opened(key) as context:
        page, errors = await page_in(context)
        server = Server()
        await page.route_web_socket("**/ws/**", server.take)
        await page.goto(url)
        await server.expect("hello")
        yield server, page
        assert errors == []


async def to(page: Page, name: str, *, most: int = 80) -> None:
    """Tab until what has the focus is called `name`."""
    for _ in range(most):
        await page.keyboard.press("Tab")
        if await focused(page) == name:
            return
    raise AssertionError(f"“{name}” was not reached by Tab; the focus is on “{await focused(page)}”")


async def focused(page: Page) -> str:
    """The name of what has the focus: its label, else its text."""
    return await page.evaluate(
        """() => {
            const at = document.activeElement;
            const label = at.labels?.[0]?.cloneNode(true);
            label?.querySelectorAll(".optional").forEach((part) => part.remove());
            return (label ?? at).textContent.trim().replace(/\\s+/g, " ");
        }"""
    )


def _matters(message) -> bool:
    picture = message.location.get("url", "").endswith((".webp", ".glb"))
    return message.type == "error" and not picture
