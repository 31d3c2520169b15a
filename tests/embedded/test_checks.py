import multiprocessing
import os
import shutil
import socket
import stat
from collections import namedtuple

import pytest

from coachtool.embedded import checks, plan
from coachtool.embedded.checks import Refused


def listening(family: int, address: str) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, 0))
    listener.listen()
    return listener


@pytest.mark.parametrize("where", ["127.0.0.1", "::1", "0.0.0.0"])
def test_a_port_in_use_is_refused_naming_the_port_and_the_variable(where):
    if where == "::1" and not checks.has_ipv6_loopback():
        pytest.skip("no IPv6 here")
    with listening(socket.AF_INET6 if ":" in where else socket.AF_INET, where) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(Refused) as refused:
            checks.check_port(port, "COACHTOOL_PORT")
    sentence = str(refused.value)
    assert sentence.startswith(f"Port {port} is in use: stop what listens there")
    assert f"COACHTOOL_PORT={port + 10} make demo" in sentence


def test_a_free_port_is_accepted_even_directly_after_its_last_use():
    with listening(socket.AF_INET, "127.0.0.1") as listener:
        port = listener.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        served, _ = listener.accept()
        served.close()  # the side that closes first keeps the port in TIME_WAIT
        client.close()
    checks.check_port(port, "COACHTOOL_PORT")


def test_a_disk_that_is_nearly_full_is_refused(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**10, 10**10, 4 * 10**8))
    with pytest.raises(Refused, match=r"has 0\.4 GB free: make room for 1 GB, or choose another place"):
        checks.check_space(tmp_path)


def test_a_data_directory_that_can_not_be_made_is_refused():
    with pytest.raises(Refused, match=r"can't be written .*COACHTOOL_DATA=/path"):
        checks.claim(plan.Path("/proc/coachtool"))


def test_the_data_directory_is_its_owners_only(tmp_path):
    claim = checks.claim(tmp_path / "data")
    claim.release()
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "data" / "logs").stat().st_mode) == 0o700


def test_a_second_copy_on_the_same_data_is_refused_and_admitted_when_the_first_has_died(tmp_path):
    context = multiprocessing.get_context("fork")
    held, release = context.Event(), context.Event()

    def hold() -> None:
        checks.claim(tmp_path)
        held.set()
        release.wait(30)
        os._exit(9)  # dies without giving back

    other = context.Process(target=hold)
    other.start()
    assert held.wait(10)
    with pytest.raises(Refused, match=rf"A copy already runs on {tmp_path} \(process {other.pid}\): stop it"):
        checks.claim(tmp_path)
    release.set()
    other.join(10)
    checks.claim(tmp_path).release()


def test_a_variable_that_is_no_number_is_refused_by_its_name():
    with pytest.raises(Refused, match=r"COACHTOOL_PORT is 'http': give it a whole number from 1 to 65535\."):
        plan.options({"COACHTOOL_PORT": "http"})
    with pytest.raises(Refused, match="COACHTOOL_CONVERSATIONS is '0'"):
        plan.options({"COACHTOOL_CONVERSATIONS": "0"})


def test_tool_and_sandbox_can_not_share_a_port():
    with pytest.raises(Refused, match="are both 9000: give them different ports"):
        plan.options({"COACHTOOL_PORT": "9000", "COACHTOOL_SANDBOX_PORT": "9000"})
