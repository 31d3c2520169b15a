"""What a real Chromium allows decides the way in: partitioned cookie, the LMS's storage, or a window of its own."""

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from lti.models import Registration
from tests.frames import arrived
from tests.lti.chromium import chromium, no_cookies_of, no_third_party_cookies

pytestmark = [pytest.mark.whole, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]
LOBBY = re.compile("Talk with Robin")


@pytest.fixture
def course(sandbox):
    """The address of the learner's course page for a way to offer storage, once they are signed in."""

    def page(context, storage: str = "", learner: str = "learner1"):
        opened = context.new_page()
        opened.goto(f"{sandbox.url}/as/{learner}/")
        href = opened.get_by_role("link", name=re.compile("claim")).first.get_attribute("href")
        query = f"?storage={storage}" if storage else ""
        opened.goto(f"{sandbox.url}{href}{query}")
        return opened

    return page


@pytest.fixture
def refused(sandbox):
    """What the sandbox finds wrong in the tool's messages during the test."""
    before = len(sandbox.verdicts())
    return lambda: [verdict for verdict in sandbox.verdicts()[before:] if verdict[0] in ("storage", "auth")]


def visit_in(page) -> str:
    """The id of the visit that the activity's frame shows."""
    frame = next(frame for frame in page.frames if "/v/" in frame.url)
    return frame.url.split("/v/")[1].split("/")[0]


def test_with_third_party_cookies_blocked_the_partitioned_one_carries_the_launch(course, tmp_path, refused):
    with chromium(tmp_path / "profile", no_third_party_cookies()) as context:
        for storage in ("", "parent"):
            page = course(context, storage)
            arrived(page.frame_locator("iframe").get_by_role("heading", name=LOBBY))
            assert not visit_in(page).startswith("~")
    assert refused() == []


@pytest.mark.parametrize("storage", ["parent", "frame"])
def test_without_any_cookie_in_the_frame_the_lms_keeps_the_secret(
    course, live_server, sandbox, tmp_path, refused, storage
):
    with chromium(tmp_path / "profile", no_cookies_of(live_server.url, sandbox.url)) as context:
        page = course(context, storage)
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        lobby = page.frame_locator(f"iframe[title='{page.title()}']")
        arrived(lobby.get_by_role("heading", name=LOBBY))
        assert visit_in(page).startswith("~")
        assert [cookie for cookie in context.cookies() if cookie["name"].startswith("coachtool")] == []
        page.reload()
        arrived(lobby.get_by_role("heading", name=LOBBY))
        assert errors == []
    assert refused() == []


def test_two_tabs_at_once_both_get_in_without_cookies(course, live_server, sandbox, tmp_path):
    with chromium(tmp_path / "profile", no_cookies_of(live_server.url, sandbox.url)) as context:
        pages = [course(context, "parent") for _ in range(2)]
        for page in pages:
            arrived(page.frame_locator("iframe").get_by_role("heading", name=LOBBY))
        assert visit_in(pages[0]) != visit_in(pages[1])


@pytest.mark.parametrize("storage", ["", "silent"])
def test_where_nobody_keeps_the_secret_a_window_of_its_own_gets_in(course, live_server, sandbox, tmp_path, storage):
    with chromium(tmp_path / "profile", no_cookies_of(live_server.url, sandbox.url)) as context:
        page = course(context, storage)
        frame = page.frame_locator("iframe")
        arrived(frame.get_by_role("heading", name="One more click"))
        with context.expect_page() as popup:
            frame.get_by_role("link", name="Open in a new window").click()
        expect(popup.value.get_by_role("heading", name=LOBBY)).to_be_visible()
        assert "/v/~" not in popup.value.url


def test_where_the_window_keeps_no_cookies_either_the_page_says_so(course, live_server, sandbox, tmp_path):
    with chromium(tmp_path / "profile", no_cookies_of(live_server.url)) as context:
        frame = course(context, "silent").frame_locator("iframe")
        with context.expect_page() as popup:
            frame.get_by_role("link", name="Open in a new window").click()
        expect(popup.value.get_by_role("heading", name="Cookies are blocked")).to_be_visible()


def test_the_address_alone_is_enough_for_the_forms_and_the_back_button(course, live_server, sandbox, tmp_path):
    with chromium(tmp_path / "profile", no_cookies_of(live_server.url, sandbox.url)) as context:
        page = course(context, "parent")
        lobby = page.frame_locator("iframe")
        for _ in range(2):
            lobby.get_by_label("In writing").check()
            lobby.locator("#ai_disclosure").check()
            lobby.locator("#start").click()
            expect(lobby.locator("#words")).to_be_attached()
            page.evaluate("history.back()")
            arrived(lobby.get_by_role("heading", name=LOBBY))


class _Stranger(BaseHTTPRequestHandler):
    """Frames the address in its query and writes down every message that it gets."""

    def do_GET(self):
        body = (
            b"<!doctype html><title>Stranger</title><script>const got = [];"
            b"addEventListener('message', (event) => got.push(event.data));"
            b"addEventListener('load', () => { const frame = document.createElement('iframe'); frame.name = 'activity';"
            b"frame.src = new URLSearchParams(location.search).get('frame'); document.body.append(frame); });</script>"
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_the_secret_goes_to_no_other_site_that_frames_the_login(live_server, sandbox, tmp_path):
    # As with Canvas, where any site may frame the page: what authenticates is not the issuer's site.
    Registration.objects.update(issuer="https://canvas.example")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Stranger) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        stranger = f"http://127.0.0.1:{server.server_port}"
        login = {
            "iss": "https://canvas.example",
            "login_hint": "u-101",
            "target_link_uri": f"{live_server.url}/lti/launch/",
            "client_id": "coachtool-sandbox",
            "lti_storage_target": "_parent",
        }
        framed = urlencode({"frame": f"{live_server.url}/lti/login/?{urlencode(login)}"})
        with chromium(tmp_path / "profile", no_cookies_of(live_server.url, stranger)) as context:
            page = context.new_page()
            page.goto(f"{stranger}/?{framed}")
            arrived(page.frame_locator("iframe").get_by_role("heading", name="One more click"))
            got = page.evaluate("got")
            assert got and all(message["subject"] == "lti.capabilities" for message in got)
            assert all(set(message) == {"subject", "message_id"} for message in got)
        server.shutdown()
