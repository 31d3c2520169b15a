"""Calls to addresses that somebody told us: never into private networks, never for long, never large.

Names are resolved here and the connection is made to the very address that was
checked, so that a name which changes its address between check and use
(DNS rebinding) gains nothing. Proxies from the environment are not used: behind
one, the address that is really connected to could not be checked.
"""

import functools
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import httpcore
import httpx
from django.conf import settings

TIMEOUT = httpx.Timeout(5.0, connect=3.0)
TOTAL = 20.0  # seconds for one call from its first byte to its last, however slowly they drip
LARGEST = 1_000_000  # bytes of an answer

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NEVER_GLOBAL = (
    ipaddress.ip_network("192.0.0.0/24"),  # protocol assignments (RFC 6890)
    ipaddress.ip_network("168.63.129.16/32"),  # Azure's wire server
    ipaddress.ip_network("2001::/32"),  # Teredo: hides an IPv4 address that is not ours to judge
    ipaddress.ip_network("64:ff9b:1::/48"),  # NAT64 of one's own network (RFC 8215)
)
# Where clouds tell a machine its own secrets. Refused even where private addresses are allowed.
_METADATA = (
    ipaddress.ip_address("169.254.169.254"),
    ipaddress.ip_address("100.100.100.200"),
    ipaddress.ip_address("192.0.0.192"),
    ipaddress.ip_address("fd00:ec2::254"),
)


class AddressRefused(httpx.ConnectError):
    """The address leads where no platform is; its text is fit for the person who typed it."""


class AnswerRefused(httpx.ReadError):
    """The answer is too large, or packed although we asked for it plain."""


def client(
    timeout: httpx.Timeout | float = TIMEOUT,
    total: float = TOTAL,
    largest: int = LARGEST,
    private: bool | None = None,
) -> httpx.Client:
    """A client for addresses that are not ours; follows no redirects.

    `timeout` in seconds per step (connect, read, write), `total` in seconds per
    call, `largest` in bytes per answer. `private`: whether addresses of a private
    network may be reached, and http://; as the site's setting says where it is
    None. What is refused raises AddressRefused or
    AnswerRefused, which are httpx.HTTPError like all that may go wrong.
    """
    return httpx.Client(
        transport=_Guarded(total, largest, private),
        timeout=timeout,
        headers={"Accept-Encoding": "identity", "User-Agent": "coachtool"},
        follow_redirects=False,
    )


def is_public(address: str) -> bool:
    """Whether `address` (an IP address) is one of the public internet's."""
    return _is_public(_unwrapped(ipaddress.ip_address(address)))


def _is_public(address: _Address) -> bool:
    listed = any(address in network for network in _NEVER_GLOBAL if network.version == address.version)
    return address.is_global and not address.is_multicast and not listed


def _unwrapped(address: _Address) -> _Address:
    """The IPv4 address inside an IPv6 address that only carries one."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped or address.sixtofour:
            return address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _allowed(private: bool | None) -> bool:
    return settings.ALLOW_PRIVATE_ADDRESSES if private is None else private


def _may_reach(address: str, private: bool) -> bool:
    found = _unwrapped(ipaddress.ip_address(address.partition("%")[0]))
    if private:
        return not (found in _METADATA or found.is_link_local or found.is_multicast or found.is_unspecified)
    return _is_public(found)


def _resolve(host: str, port: int, private: bool) -> list[str]:
    """The addresses of `host` that may be reached; raises AddressRefused or httpx.ConnectError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise httpx.ConnectError(f"the name {host} cannot be resolved") from None
    addresses = list(dict.fromkeys(entry[4][0] for entry in found))
    # One bad address among good ones is no accident: the name is refused as a whole.
    if not addresses or not all(_may_reach(address, private) for address in addresses):
        raise AddressRefused(f"{host} leads to an address inside a private network")
    return addresses


_deadline: ContextVar[float] = ContextVar("deadline", default=float("inf"))


def _left(timeout: float | None, error: type[Exception]) -> float:
    """Seconds that a step may take: its own timeout, or what is left of the call's time."""
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise error("the answer takes too long")
    return left if timeout is None else min(left, timeout)


class _Stream(httpcore.NetworkStream):
    """A connection on which no step outlasts the call's deadline."""

    def __init__(self, inner: httpcore.NetworkStream):
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left(timeout, httpcore.ConnectTimeout)))

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Opens connections, to addresses that were checked only."""

    def __init__(self, private: bool | None):
        self._plain = httpcore.SyncBackend()
        self._private = private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable | None = None,
    ) -> httpcore.NetworkStream:
        problem: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in _resolve(host, port, _allowed(self._private)):
            try:
                left = _left(timeout, httpcore.ConnectTimeout)
                return _Stream(self._plain.connect_tcp(address, port, left, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                problem = failed
        raise problem


class _Limited(httpx.SyncByteStream):
    """An answer's body up to its largest size."""

    def __init__(self, body: Iterable[bytes], largest: int):
        self._body = body
        self._largest = largest

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        with _as_httpx():
            for part in self._body:
                size += len(part)
                if size > self._largest:
                    raise AnswerRefused(f"the answer is larger than {self._largest} bytes")
                yield part

    def close(self) -> None:
        self._body.close()


class _Guarded(httpx.BaseTransport):
    """HTTP over connections of `_Backend`."""

    def __init__(self, total: float, largest: int, private: bool | None):
        self._total = total
        self._private = private
        self._largest = largest
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(),
            network_backend=_Backend(private),
            max_connections=20,
            max_keepalive_connections=5,
            keepalive_expiry=5.0,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme != "https" and not _allowed(self._private):
            raise AddressRefused("the address does not begin with https://")
        _deadline.set(time.monotonic() + self._total)
        target = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        with _as_httpx():
            answer = self._pool.handle_request(
                httpcore.Request(
                    method=request.method,
                    url=target,
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        headers = httpx.Headers(answer.headers)
        if headers.get("Content-Encoding", "identity").lower() != "identity":
            answer.close()
            raise AnswerRefused("the answer is compressed although it was asked for plain")
        return httpx.Response(
            status_code=answer.status,
            headers=headers,
            stream=_Limited(answer.stream, self._largest),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        self._pool.close()


@functools.cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


@contextmanager
def _as_httpx() -> Iterator[None]:
    """httpcore's exceptions under the names that httpx gives them, which are the same."""
    try:
        yield
    except Exception as problem:
        same = getattr(httpx, type(problem).__name__, None)
        if not type(problem).__module__.startswith("httpcore") or same is None:
            raise
        raise same(str(problem)) from problem
