"""Calls to addresses that somebody told us: where they may lead, how long and how large they may get."""

import json
import socket
import threading
import time
from contextlib import contextmanager

import httpx
import pytest

from coachtool.site import outgoing


@contextmanager
def server(*answers: bytes, pause: float = 0.0):
    """A socket that answers each connection with `answers`, one part after another; its port and its visitors."""
    listening = socket.create_server(("127.0.0.1", 0))
    visitors: list[bytes] = []

    def serve():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                visitors.append(connection.recv(65536))
                try:
                    for part in answers:
                        connection.sendall(part)
                        time.sleep(pause)
                except OSError:
                    pass

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1], visitors
    finally:
        listening.close()


def answer(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), b"Connection: close", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@pytest.fixture
def strict(settings):
    settings.ALLOW_PRIVATE_ADDRESSES = False


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2001:0:1:2::",
    ],
)
def test_addresses_inside_networks_are_not_public(address):
    assert not outgoing.is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822", "::ffff:93.184.216.34"]
)
def test_addresses_of_the_internet_are_public(address):
    assert outgoing.is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"]
)
def test_no_spelling_of_loopback_is_reached(strict, host):
    with server(answer(b"secret")) as (port, visitors), outgoing.client() as client:
        with pytest.raises(httpx.ConnectError):
            client.get(f"https://{host}:{port}/")
        assert visitors == []


def test_a_name_that_changes_its_address_after_the_check_gains_nothing(strict, monkeypatch):
    """DNS rebinding: public when asked first, loopback ever after."""
    asked = []
    real = socket.getaddrinfo

    def rebinding(host, port, *args, **kwargs):
        if host != "rebind.example":
            return real(host, port, *args, **kwargs)
        asked.append(host)
        address = "203.0.113.9" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    # 203.0.113.0/24 is for documentation: let it count as public, so that the connection is tried.
    monkeypatch.setattr(outgoing, "_is_public", lambda address: str(address) == "203.0.113.9")
    dialled = []
    monkeypatch.setattr(
        socket, "create_connection", lambda address, *args, **kwargs: dialled.append(address) or _unreachable()
    )
    with outgoing.client() as client, pytest.raises(httpx.ConnectError):
        client.get("https://rebind.example/")
    assert asked == ["rebind.example"] and [address for address, _ in dialled] == ["203.0.113.9"]
    with outgoing.client() as client, pytest.raises(outgoing.AddressRefused):
        client.get("https://rebind.example/")
    assert len(dialled) == 1


def _unreachable():
    raise OSError("unreachable")


def test_a_name_with_one_private_address_among_public_ones_is_refused(strict, monkeypatch):
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: both)
    with outgoing.client() as client, pytest.raises(outgoing.AddressRefused, match="private network"):
        client.get("https://lms.example/")


def test_plain_http_is_refused_unless_the_site_allows_private_addresses(strict, settings):
    with server(answer(b"hello")) as (port, _), outgoing.client() as client:
        with pytest.raises(outgoing.AddressRefused, match="https"):
            client.get(f"http://127.0.0.1:{port}/")
        settings.ALLOW_PRIVATE_ADDRESSES = True
        assert client.get(f"http://127.0.0.1:{port}/").text == "hello"


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "0.0.0.0", "224.0.0.1"])
def test_metadata_addresses_are_refused_even_where_private_ones_are_allowed(settings, host):
    settings.ALLOW_PRIVATE_ADDRESSES = True
    with outgoing.client(timeout=1) as client, pytest.raises(outgoing.AddressRefused):
        client.get(f"http://{host}/latest/meta-data/")


def test_redirects_are_not_followed():
    moved = answer(b"", b"Location: http://127.0.0.1:1/", status=b"302 Found")
    with server(moved) as (port, _), outgoing.client() as client:
        assert client.get(f"http://127.0.0.1:{port}/").status_code == 302


def test_an_answer_may_not_be_larger_than_said():
    with server(answer(b"x" * 5000)) as (port, _):
        with outgoing.client(largest=4999) as client, pytest.raises(outgoing.AnswerRefused, match="larger"):
            client.get(f"http://127.0.0.1:{port}/")
        with outgoing.client(largest=5000) as client:
            assert len(client.get(f"http://127.0.0.1:{port}/").content) == 5000


def test_a_compressed_answer_is_refused_because_its_size_is_unknown():
    with server(answer(b"\x1f\x8b", b"Content-Encoding: gzip")) as (port, visitors), outgoing.client() as client:
        with pytest.raises(outgoing.AnswerRefused, match="compressed"):
            client.get(f"http://127.0.0.1:{port}/")
        assert b"accept-encoding: identity" in visitors[0].lower()


@pytest.mark.parametrize("where", ["headers", "body"])
def test_an_answer_that_drips_ends_at_the_calls_deadline(where):
    whole = answer(b"y" * 100)
    begin = 10 if where == "headers" else whole.index(b"y")
    parts = (whole[:begin], *(whole[at : at + 1] for at in range(begin, len(whole))))
    with server(*parts, pause=0.1) as (port, _), outgoing.client(timeout=5.0, total=0.5) as client:
        begun = time.monotonic()
        with pytest.raises(httpx.ReadTimeout):
            client.get(f"http://127.0.0.1:{port}/")
        assert 0.4 < time.monotonic() - begun < 2.0


def test_a_server_that_does_not_answer_ends_at_the_timeout():
    with server(b"", pause=2.0) as (port, _), outgoing.client(timeout=0.3) as client, pytest.raises(httpx.ReadTimeout):
        client.get(f"http://127.0.0.1:{port}/")


def test_what_is_sent_arrives_as_with_httpx():
    with server(answer(b'{"ok": true}')) as (port, visitors), outgoing.client() as client:
        got = client.post(f"http://127.0.0.1:{port}/a?b=c", json={"d": 1}, headers={"Authorization": "Bearer t"})
    assert got.json() == {"ok": True}
    assert visitors[0].startswith(b"POST /a?b=c HTTP/1.1\r\n") and b"Bearer t" in visitors[0]
    assert json.loads(visitors[0].split(b"\r\n\r\n", 1)[1] or b'{"d": 1}') == {"d": 1}


def test_a_connection_that_is_refused_is_an_http_error():
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    with outgoing.client() as client, pytest.raises(httpx.ConnectError):
        client.get(f"http://127.0.0.1:{port}/")


def test_a_name_that_does_not_exist_is_said_so(strict):
    with outgoing.client() as client, pytest.raises(httpx.ConnectError, match="cannot be resolved"):
        client.get("https://no-such-name.invalid/")
