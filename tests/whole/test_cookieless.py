"""A conversation from launch to grade in a Chromium that keeps no cookie of the tool in the LMS's frame."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.lti.chromium import chromium, no_cookies_of, no_third_party_cookies
from tests.whole.test_browser import LINES

pytestmark = [pytest.mark.whole, pytest.mark.timeout(360)]


def activity(page, world, learner: str, storage: str = ""):
    """The activity's frame, as the learner reaches it from the course."""
    page.goto(f"{world.product.sandbox_url}/as/{learner}/")
    href = page.get_by_role("link", name=re.compile("claim", re.I)).first.get_attribute("href")
    page.goto(f"{world.product.sandbox_url}{href}{'?storage=' + storage if storage else ''}")
    return page.frame_locator("main > iframe:not([hidden])")


def begin_in_writing(frame) -> None:
    frame.get_by_label("In writing").check()
    frame.locator("#ai_disclosure").check()
    frame.locator("#start").click()
    expect(frame.locator("body[data-phase=live]")).to_be_attached(timeout=60_000)


def say(frame, lines) -> None:
    for number, line in enumerate(lines):
        expect(frame.locator("#lines > li")).to_have_count(2 * number + 1, timeout=30_000)
        frame.locator("#words").fill(line)
        frame.locator("#words").press("Enter")


def visit_in(page) -> str:
    return next(frame.url for frame in page.frames if "/v/" in frame.url).split("/v/")[1].split("/")[0]


def verdicts(world) -> list:
    return httpx.get(f"{world.product.sandbox_url}/verdicts.json", timeout=10).json()["verdicts"]


def test_without_any_cookie_a_learner_passes_in_writing_and_gets_the_grade(world, tmp_path):
    before = len(verdicts(world))
    blocked = no_cookies_of(world.product.url, world.product.sandbox_url)
    with chromium(tmp_path / "profile", blocked) as context:
        page = context.new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        frame = activity(page, world, "learner11", "frame")
        begin_in_writing(frame)
        assert visit_in(page).startswith("~")
        say(frame, LINES)
        expect(frame.get_by_role("heading", name="Passed")).to_be_visible(timeout=60_000)
        assert [cookie for cookie in context.cookies() if cookie["name"].startswith("coachtool")] == []
        address = visit_in(page)
        page.goto(f"{world.product.sandbox_url}/as/learner11/")
        page.get_by_role("link", name=re.compile("grade", re.I)).first.click()
        expect(page.locator("main")).to_contain_text("100", timeout=30_000)
        assert errors == []
    assert verdicts(world)[before:] == []
    for log in ("web", "conversation", "background"):
        assert address not in world.product.log(log)


def test_with_third_party_cookies_blocked_a_learner_is_answered(world, tmp_path):
    with chromium(tmp_path / "profile", no_third_party_cookies()) as context:
        page = context.new_page()
        frame = activity(page, world, "learner12")
        begin_in_writing(frame)
        assert not visit_in(page).startswith("~")
        say(frame, LINES[:1])
        expect(frame.locator("#lines > li")).to_have_count(3, timeout=30_000)
