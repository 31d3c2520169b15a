"""Which cookies a browser keeps and sends for a tool inside another site's iframe."""

import pytest

from realtime.rehearsal.cookies import CookieJar, default_path, path_matches, trustworthy

LMS = "http://127.0.0.1:8001/courses/1/"
TOOL = "http://localhost:8000/lti/login/"
GOOD = "session=abc; Path=/; Secure; HttpOnly; SameSite=None; Partitioned"


@pytest.fixture
def jar():
    return CookieJar("127.0.0.1")


def test_a_secure_cookie_comes_back_to_localhost_over_http_and_websocket(jar):
    jar.store(TOOL, GOOD)
    assert jar.header("http://localhost:8000/v/x/") == "session=abc"
    assert jar.header("ws://localhost:8000/ws/v/x/") == "session=abc"


def test_the_two_sites_share_nothing(jar):
    jar.store(TOOL, GOOD)
    jar.store(LMS, "lms=1; Path=/")
    assert jar.header(LMS) == "lms=1"
    assert jar.header(TOOL) == "session=abc"


@pytest.mark.parametrize("missing", ["Secure", "SameSite=None", "Partitioned"])
def test_a_cookie_that_browsers_drop_in_an_iframe_is_dropped_and_remembered(jar, missing):
    jar.store(TOOL, GOOD.replace(f"; {missing}", ""))
    assert jar.header(TOOL) == ""
    assert "session of localhost" in jar.refused[0]


def test_a_secure_cookie_is_not_taken_from_an_insecure_host():
    jar = CookieJar("lms.example")
    jar.store("http://lms.example/", "a=1; Secure")
    assert jar.header("http://lms.example/") == ""


def test_a_cookie_ends_when_it_is_deleted_or_expired(jar):
    jar.store(TOOL, GOOD)
    jar.store(TOOL, GOOD.replace("abc", "") + "; Max-Age=0")
    assert jar.header(TOOL) == ""
    jar.store(TOOL, GOOD + "; expires=Thu, 01 Jan 1970 00:00:00 GMT")
    assert jar.header(TOOL) == ""


def test_the_longer_path_comes_first_and_only_where_it_fits(jar):
    jar.store(LMS, "wide=1; Path=/")
    jar.store(LMS, "narrow=2; Path=/courses")
    assert jar.header(LMS) == "narrow=2; wide=1"
    assert jar.header("http://127.0.0.1:8001/coursesbook/") == "wide=1"


@pytest.mark.parametrize(("path", "default"), [("", "/"), ("/a", "/"), ("/a/b", "/a"), ("/a/b/", "/a/b")])
def test_a_cookie_without_a_path_belongs_to_its_folder(path, default):
    assert default_path(path) == default


@pytest.mark.parametrize(
    ("path", "cookie", "fits"), [("/a", "/a", True), ("/a/b", "/a", True), ("/ab", "/a", False), ("/x", "/", True)]
)
def test_paths_match_at_their_borders(path, cookie, fits):
    assert path_matches(path, cookie) is fits


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://tool.example/", True),
        ("http://localhost:8000/", True),
        ("http://127.0.0.1:8001/", True),
        ("http://[::1]/", True),
        ("http://tool.example/", False),
        ("http://10.0.0.1/", False),
    ],
)
def test_what_browsers_take_for_secure(url, trusted):
    assert trustworthy(url) is trusted
