"""How many logins and launches a minute: enough for a whole campus behind one address, too few to try things out.

Counted in Valkey, in windows of a minute. A Valkey that is away stops no launch.
"""

from __future__ import annotations

import functools
import ipaddress
import logging
import re
import time

import redis
from django.conf import settings
from django.http import HttpRequest
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

WINDOW = 60  # seconds
_PATIENCE = 0.25  # seconds that a count may take
_PAUSE = 5.0  # seconds for which a Valkey that did not answer is left alone
_TENTH = 10
_WITH_PORT = re.compile(r"\[(.+)\](?::\d+)?|([\d.]+):\d+")
_asked_again = 0.0  # time.monotonic() before which Valkey is left alone


class TooMany(Exception):
    """Come back after `seconds`."""

    def __init__(self, what: str):
        self.seconds = WINDOW - int(time.time()) % WINDOW
        super().__init__(f"too many a minute: {what}")


def arrived(request: HttpRequest, door: str) -> None:
    """Count a request at a `door` ("login", "launch"); raises TooMany.

    An address is also turned away once it has been refused too often. On a
    campus behind one address some are always refused, so only where they are
    more than a tenth of all that come from there.
    """
    address = client_address(request)
    if not address:
        return
    came, refused = _count({f"{door}:{address}": 1, f"refused:{address}": 0})
    if 0 < settings.LIMIT_ADDRESS < came:
        raise TooMany(f"{door} from {address}")
    if 0 < settings.LIMIT_REFUSED < refused and came < refused * _TENTH:
        raise TooMany(f"refused from {address}")


def refused(request: HttpRequest) -> None:
    """Count a login or launch that was refused."""
    address = client_address(request)
    if address:
        _count({f"refused:{address}": 1})


def began(registration_id: int) -> None:
    """Count a login of a registration; raises TooMany."""
    (count,) = _count({f"registration:{registration_id}": 1})
    if 0 < settings.LIMIT_REGISTRATION < count:
        raise TooMany(f"registration {registration_id}")


def client_address(request: HttpRequest) -> str:
    """Who asks: an IPv4 address or an IPv6 network of one site (/64); '' where it cannot be known.

    X-Forwarded-For is believed as far back as it was written by proxies that the site trusts.
    """
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    address = _parsed(request.META.get("REMOTE_ADDR", ""))
    while hops and address is not None and _is_trusted(address, tuple(settings.TRUSTED_PROXIES)):
        before = _parsed(hops.pop())
        if before is None:
            break
        address = before
    if address is None:
        return ""
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address as proxies write it, some with a port."""
    with_port = _WITH_PORT.fullmatch(text)
    bare = (with_port[1] or with_port[2]) if with_port else text
    try:
        address = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@functools.lru_cache(maxsize=4096)
def _is_trusted(address, networks: tuple[str, ...]) -> bool:
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)


@functools.cache
def _valkey() -> redis.Redis:
    """Beside the cache; gives up at once instead of trying again, because a launch waits for it."""
    return redis.Redis.from_url(
        f"{settings.VALKEY_URL}/2",
        socket_timeout=_PATIENCE,
        socket_connect_timeout=_PATIENCE,
        retry=Retry(NoBackoff(), 0),
    )


def _count(steps: dict[str, int]) -> list[int]:
    """Add to this minute's counts and return them; zeros while Valkey is away."""
    global _asked_again
    if time.monotonic() < _asked_again:
        return [0] * len(steps)
    minute = int(time.time()) // WINDOW
    try:
        with _valkey().pipeline(transaction=False) as pipe:
            for name, step in steps.items():
                pipe.incrby(f"coachtool:limit:{minute}:{name}", step)
                pipe.expire(f"coachtool:limit:{minute}:{name}", 2 * WINDOW)
            return [int(count) for count in pipe.execute()[::2]]
    except redis.RedisError as problem:
        _asked_again = time.monotonic() + _PAUSE
        log.warning("launches are not counted, Valkey does not answer: %r", problem)
        return [0] * len(steps)
