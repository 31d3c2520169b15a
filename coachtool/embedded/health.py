"""Asks the running product how it is, over HTTP on the loopback."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping


def tool(port: int) -> Mapping[str, str] | None:
    """The state of every process of the tool, or None when the web process does not answer."""
    status, body = _get(port, f"localhost:{port}")
    try:
        return json.loads(body)["processes"] if status in (200, 503) else None
    except (ValueError, KeyError, TypeError):
        return None


def sandbox(port: int) -> bool:
    """Whether the sandbox LMS answers."""
    return _get(port, f"127.0.0.1:{port}")[0] == 200


def _get(port: int, host: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read(65536)
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()
