"""The conversation's WebSocket as the page uses it: it comes back by itself and asks for what it has missed."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

NOT_ADMITTED = 4403
_BACKOFF = (0.25, 0.5, 1.0, 2.0, 4.0)
_OPEN_TIMEOUT = 10.0


class Refused(Exception):
    """The server does not let this learner into the conversation; the message says why."""


class Signalling:
    """`on_message` gets every message once, durable ones in the order of their `seq`.

    `on_lost` and `on_back` tell that the connection was lost and that it is there again.
    """

    def __init__(
        self,
        url: str,
        *,
        cookie: str,
        modality: str,
        on_message: Callable[[dict], None],
        on_lost: Callable[[str], None],
        on_back: Callable[[], None],
    ):
        where = urlsplit(url)
        self._url = url
        self._headers = {"Cookie": cookie}
        self._origin = f"{where.scheme.replace('ws', 'http', 1)}://{where.netloc}"
        self._modality = modality
        self._on_message, self._on_lost, self._on_back = on_message, on_lost, on_back
        self._socket: ClientConnection | None = None
        self._seen = 0
        self._over = False

    async def run(self) -> None:
        """Stay connected until `close`, or the conversation has `ended`. Raises Refused."""
        failures, connected_before = 0, False
        while not self._over:
            try:
                async with self._connect() as socket:
                    self._socket = socket
                    await self._write({"type": "hello", "after": self._seen, "modality": self._modality})
                    if connected_before:
                        self._on_back()
                    connected_before, failures = True, 0
                    async for text in socket:
                        self._receive(json.loads(text))
                        if self._over:
                            return
                if socket.close_code == NOT_ADMITTED:
                    raise Refused("The conversation did not let the learner in: the visit is not admitted.")
                lost = f"closed with code {socket.close_code}"
            except ConnectionClosed as closed:
                if closed.rcvd is not None and closed.rcvd.code == NOT_ADMITTED:
                    raise Refused("The conversation did not let the learner in: the visit is not admitted.") from None
                lost = str(closed)
            except InvalidHandshake as refused:
                if getattr(getattr(refused, "response", None), "status_code", 500) < 500:
                    raise Refused(f"The WebSocket was refused: {refused}.") from None
                lost = str(refused)
            except InvalidURI as wrong:
                raise Refused(str(wrong)) from None
            except (OSError, TimeoutError) as gone:
                lost = str(gone) or "no answer"
            finally:
                self._socket = None
            if self._over:
                return
            if failures == 0:
                self._on_lost(lost)
            await asyncio.sleep(_BACKOFF[min(failures, len(_BACKOFF) - 1)])
            failures += 1

    async def send(self, message: dict) -> bool:
        """Send one message; False when there is no connection at the moment."""
        try:
            await self._write(message)
        except (ConnectionClosed, ConnectionError):
            return False
        return True

    async def close(self) -> None:
        self._over = True
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed, OSError):
                await self._socket.close()

    def _connect(self) -> connect:
        return connect(
            self._url,
            additional_headers=self._headers,
            origin=self._origin,
            open_timeout=_OPEN_TIMEOUT,
            close_timeout=2,
            proxy=None,
        )

    async def _write(self, message: dict) -> None:
        if self._socket is None:
            raise ConnectionError("not connected")
        await self._socket.send(json.dumps(message))

    def _receive(self, message: dict) -> None:
        seq = message.get("seq")
        if seq is not None:
            if seq <= self._seen:
                return
            self._seen = seq
        if message.get("type") == "ended":
            self._over = True
        self._on_message(message)
