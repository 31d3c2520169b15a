"""How many logins and launches pass, and who is turned away."""

import pytest
from django.test import Client, RequestFactory

from coachtool.attempts.models import Tenant
from lti import limits
from tests.lti.lms import OMIT, Lms

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Counts of this test only, in one minute."""
    limits._valkey().flushdb()
    monkeypatch.setattr(limits, "_asked_again", 0.0)
    monkeypatch.setattr(limits.time, "time", lambda: 1_800_000_015.0)


def assert_turned_away(response) -> None:
    assert response.status_code == 429
    assert response["Retry-After"] == "45"
    assert "Wait 45 seconds" in response.text
    assert "frame-ancestors *" in response["Content-Security-Policy"]


def test_after_many_refused_logins_an_address_is_turned_away_for_the_minute(lms, settings, monkeypatch):
    settings.LIMIT_REFUSED = 5
    for _ in range(6):
        assert lms.login(Client(), iss=OMIT).status_code == 400
    assert_turned_away(lms.login(Client()))
    assert_turned_away(Client().post("/lti/launch/", {"state": "x", "id_token": "y"}))
    assert lms.login(Client(REMOTE_ADDR="192.0.2.7")).status_code == 303
    monkeypatch.setattr(limits.time, "time", lambda: 1_800_000_061.0)
    assert lms.login(Client()).status_code == 303


def test_a_campus_where_one_in_twenty_is_refused_gets_in(lms, settings):
    settings.LIMIT_REFUSED = 5
    for number in range(200):
        expected = 303 if number % 20 else 400
        assert lms.login(Client(), iss=lms.issuer if number % 20 else OMIT).status_code == expected


def test_2000_logins_a_minute_of_one_address_pass_by_default(settings):
    request = RequestFactory().post("/lti/login/", REMOTE_ADDR="192.0.2.7")
    settings.LIMIT_REFUSED = 60
    for _ in range(2000):
        for door in ("login", "continue", "launch"):
            limits.arrived(request, door)
        limits.began(1)


def test_an_address_has_its_limit(lms, settings):
    settings.LIMIT_ADDRESS = 3
    for _ in range(3):
        assert lms.login(Client()).status_code == 303
    assert_turned_away(lms.login(Client()))
    assert lms.login(Client(REMOTE_ADDR="192.0.2.7")).status_code == 303


def test_a_registration_has_its_limit_whatever_the_address(lms, settings):
    settings.LIMIT_REGISTRATION = 3
    other = Lms(client_id="client-2")
    other.register()
    for number in range(3):
        assert lms.login(Client(REMOTE_ADDR=f"192.0.2.{number}")).status_code == 303
    assert_turned_away(lms.login(Client(REMOTE_ADDR="192.0.2.9")))
    assert other.login(Client()).status_code == 303


def test_a_launch_that_is_sent_again_in_its_own_browser_is_not_counted_against_it(lms, browser, settings):
    settings.LIMIT_REFUSED = 1
    asked = lms.begin(browser)
    token = lms.sign(lms.claims(asked["nonce"]))
    assert lms.post(browser, asked["state"], token).status_code == 303
    for _ in range(4):
        assert lms.post(browser, asked["state"], token).status_code == 403


def test_a_valkey_that_is_away_stops_no_launch_and_is_left_alone_for_a_while(lms, browser, settings, monkeypatch):
    import redis

    settings.LIMIT_ADDRESS = 1
    calls = []

    class Away:
        def pipeline(self, transaction):
            calls.append(transaction)
            raise redis.ConnectionError("away")

    monkeypatch.setattr(limits, "_valkey", lambda: Away())
    for _ in range(3):
        assert lms.launch(browser).status_code == 303
    assert len(calls) == 1
    assert Tenant.objects.count() == 1


ADDRESSES = [
    ("203.0.113.9", "", [], "203.0.113.9"),
    ("203.0.113.9", "192.0.2.1", [], "203.0.113.9"),
    ("203.0.113.9", "192.0.2.1", ["10.0.0.0/8"], "203.0.113.9"),
    ("10.1.1.1", "192.0.2.1", ["10.0.0.0/8"], "192.0.2.1"),
    ("10.1.1.1", "198.51.100.1, 192.0.2.1", ["10.0.0.0/8"], "192.0.2.1"),
    ("10.1.1.1", "192.0.2.1, 10.2.2.2", ["10.0.0.0/8"], "192.0.2.1"),
    ("10.1.1.1", "192.0.2.1:4711", ["10.0.0.0/8"], "192.0.2.1"),
    ("10.1.1.1", "nonsense", ["10.0.0.0/8"], "10.1.1.1"),
    ("::1", "2001:db8:1:2:3:4:5:6", ["::1"], "2001:db8:1:2::/64"),
    ("::1", "[2001:db8:1:2::9]:443", ["::1"], "2001:db8:1:2::/64"),
    ("::ffff:10.1.1.1", "192.0.2.1", ["10.0.0.0/8"], "192.0.2.1"),
    ("", "192.0.2.1", ["10.0.0.0/8"], ""),
]


@pytest.mark.parametrize(("peer", "forwarded", "trusted", "expected"), ADDRESSES)
def test_the_client_is_believed_from_trusted_proxies_only(settings, peer, forwarded, trusted, expected):
    settings.TRUSTED_PROXIES = trusted
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers)
    assert limits.client_address(request) == expected
