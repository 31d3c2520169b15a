"""A local HTTP server that answers like an OpenAI-compatible one, well or badly, as a test tells it to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

Answer = Callable[["Exchange"], Any]


class Exchange:
    """One request, and the means to answer it."""

    def __init__(self, request: dict[str, Any], writer: asyncio.StreamWriter):
        self.request, self._writer = request, writer

    @property
    def told(self) -> dict[str, Any]:
        """The JSON value in the user's message."""
        return json.loads(self.request["messages"][-1]["content"])

    async def refuse(self, status: int, body: str = '{"error": {"message": "no"}}', **headers: str) -> None:
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {status} No\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{more}"
        await self.write(f"{head}Connection: close\r\n\r\n{body}")

    async def whole(self, text: str) -> None:
        """An answer that is not streamed."""
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        body = json.dumps({**_HEAD, "object": "chat.completion", "choices": [choice], "usage": _USAGE})
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n"
        await self.write(f"{head}Connection: close\r\n\r\n{body}")

    async def begin(self) -> None:
        await self.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")

    async def piece(self, text: str) -> None:
        await self.event({**_HEAD, "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})

    async def event(self, data: dict | str) -> None:
        await self.write(f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n")

    async def end(self, reason: str = "stop") -> None:
        await self.event({**_HEAD, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
        await self.event({**_HEAD, "choices": [], "usage": _USAGE})
        await self.event("[DONE]")

    async def stream(self, *pieces: str) -> None:
        await self.begin()
        for piece in pieces:
            await self.piece(piece)
        await self.end()

    async def write(self, text: str) -> None:
        self._writer.write(text.encode())
        await self._writer.drain()

    async def gone(self) -> None:
        """Wait until the other side has closed the connection."""
        await self._writer.wait_closed()


_HEAD = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "fake"}
_USAGE = {"prompt_tokens": 90, "completion_tokens": 10, "total_tokens": 100}


def says(*pieces: str) -> Answer:
    """An answer that streams these pieces."""
    return lambda exchange: exchange.stream(*pieces)


class LanguageServer:
    """Answers each request with the next of `answers`, the last of them for ever. `asked` holds the requests."""

    def __init__(self, *answers: Answer):
        self._answers = list(answers)
        self.asked: list[dict[str, Any]] = []
        self.hung_up = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            size = int(head.split("content-length:")[1].split("\r\n")[0])
            exchange = Exchange(json.loads(await reader.readexactly(size)), writer)
            self.asked.append(exchange.request)
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            await answer(exchange)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.hung_up += 1
        finally:
            writer.close()


@asynccontextmanager
async def serving(*answers: Answer, port: int = 0) -> AsyncIterator[tuple[str, LanguageServer]]:
    """The base URL of such a server, and the server; at a free port where none is given."""
    fake = LanguageServer(*answers)
    server = await asyncio.start_server(fake._serve, "127.0.0.1", port)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", fake
    finally:
        server.close()
