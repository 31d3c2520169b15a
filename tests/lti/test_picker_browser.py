"""The picker in a real Chromium, inside the LMS's frame: by keyboard alone, with cookies blocked, back and forth."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from coachtool.activities.models import Activity, ActivityVersion
from tests import factories
from tests.frames import arrived
from tests.lti.chromium import chromium, no_cookies_of, no_third_party_cookies

pytestmark = [pytest.mark.whole, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def library(sandbox) -> None:
    """With the one of the course, seven activities in three fields."""
    for number, field in enumerate(("Sales", "Sales", "Care", "Care", "Care", "Care")):
        made = Activity.objects.create(slug=f"ready-{number}", title=f"Ready {number}")
        definition = factories.DEFINITION | {"title": f"Ready {number}", "field": field}
        ActivityVersion.objects.create(activity=made, number=1, definition=definition)


def picker(context, sandbox, query: str = ""):
    """The instructor's page with the picker in its frame."""
    page = context.new_page()
    page.goto(f"{sandbox.url}/as/instructor/")
    page.goto(f"{page.url}add/{query}")
    frame = page.frame_locator("iframe[title^=Choose]")
    arrived(frame.get_by_role("heading", name="Add a conversation to your course"))
    return page, frame


def onto(page, target) -> None:
    """Move the focus there with Tab."""
    for _ in range(80):
        if target.evaluate("element => element === element.ownerDocument.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("Tab does not lead there")


def assert_axe_is_content(page) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def test_axe_finds_nothing_at_the_picker_and_at_a_place(sandbox, library, tmp_path):
    with chromium(tmp_path / "profile", {}) as context:
        page = context.new_page()
        page.goto(f"{sandbox.url}/as/instructor/")
        course = page.url
        assert_axe_is_content(page)
        page.goto(f"{course}add/launch/")
        page.get_by_role("article", name="Ready 4").locator("summary").click()
        page.get_by_role("checkbox", name="Choose Ready 1").check()
        assert_axe_is_content(page)
        page.goto(f"{course}links/claims-escalation/launch/")
        page.get_by_role("link", name="Activity", exact=True).click()
        expect(page.get_by_role("heading", name="What learners practise here")).to_be_visible()
        assert_axe_is_content(page)
        # A learner's own: the instructor's has everybody's rows, hundreds once other tests have sent grades.
        page.goto(f"{sandbox.url}/as/learner1/")
        page.goto(f"{course}gradebook/")
        assert_axe_is_content(page)
        page.goto(f"{sandbox.url}/as/instructor/")
        page.goto(f"{course}add/launch/?only=link")
        expect(page.get_by_role("heading", name="Nothing can be added here")).to_be_visible()
        assert_axe_is_content(page)
        review = page.request.get(f"{course}gradebook.json").json()["rows"][0]
        page.goto(f"{course}gradebook/{review['item']}/learner1/review/launch/")
        expect(page.get_by_role("heading", name="Nothing to read yet")).to_be_visible()
        assert_axe_is_content(page)


def test_by_keyboard_alone_and_without_third_party_cookies(sandbox, library, tmp_path):
    before = sandbox.verdicts()
    with chromium(tmp_path / "profile", no_third_party_cookies()) as context:
        page, frame = picker(context, sandbox)
        search = frame.get_by_label("Search activities")
        onto(page, search)
        page.keyboard.type("ready 4")
        expect(frame.get_by_text("1 of 7 activities")).to_have_count(1)
        card = frame.get_by_role("article", name="Ready 4")
        onto(page, card.locator("summary"))
        page.keyboard.press("Enter")
        expect(card.get_by_text("Names the report and how late it was.")).to_be_visible()
        onto(page, frame.get_by_role("button", name="Use it “Ready 4”"))
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/courses/\d+/$"))
        expect(page.get_by_role("link", name=re.compile("Ready 4")).first).to_be_visible()
    assert sandbox.verdicts() == before


def test_without_any_cookie_the_lms_keeps_the_secret_for_the_picker_too(sandbox, live_server, library, tmp_path):
    with chromium(tmp_path / "profile", no_cookies_of(live_server.url, sandbox.url)) as context:
        page, frame = picker(context, sandbox, "?storage=parent")
        frame.get_by_role("button", name="Use it “Ready 2”").click()
        page.wait_for_url(re.compile(r"/courses/\d+/$"))
        expect(page.get_by_role("link", name=re.compile("Ready 2")).first).to_be_visible()


def test_fields_and_search_narrow_down_and_lead_back(sandbox, library, tmp_path):
    with chromium(tmp_path / "profile", {}) as context:
        _, frame = picker(context, sandbox)
        cards = frame.get_by_role("article")
        frame.get_by_role("button", name="Sales").click()
        expect(cards).to_have_count(2)
        frame.get_by_label("Search activities").fill("nothing like this")
        expect(frame.get_by_text("No activity matches.")).to_be_visible()
        frame.get_by_role("button", name="Show all of them").click()
        expect(cards).to_have_count(7)
        expect(frame.get_by_label("Search activities")).to_be_focused()


def test_back_from_the_lms_leads_to_the_picker_and_another_choice_is_answered(sandbox, library, tmp_path):
    before = sandbox.verdicts()
    with chromium(tmp_path / "profile", {}) as context:
        page = context.new_page()
        page.goto(f"{sandbox.url}/as/instructor/")
        page.goto(f"{page.url}add/launch/")
        page.get_by_role("button", name="Use it “Ready 0”").click()
        page.wait_for_url(re.compile(r"/courses/\d+/$"))
        for _ in range(4):
            page.go_back()
            if "/v/" in page.url:
                break
        expect(page.get_by_role("heading", name="Add a conversation to your course")).to_be_visible()
        page.get_by_role("button", name="Use it “Ready 1”").click()
        page.wait_for_url(re.compile(r"/courses/\d+/$"))
        expect(page.get_by_role("link", name=re.compile("Ready 1")).first).to_be_visible()
    assert sandbox.verdicts() == before


def test_without_scripts_a_button_takes_the_answer_to_the_lms(sandbox, library, tmp_path):
    with chromium(tmp_path / "profile", {}, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{sandbox.url}/as/instructor/")
        page.goto(f"{page.url}add/launch/")
        for _ in range(2):  # the LMS's own pages on the way
            page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("article")).to_have_count(7)
        page.get_by_role("button", name="Use it “Ready 0”").click()
        page.get_by_role("button", name="Add to the course").click()
        expect(page.get_by_role("heading", name="1 activity added")).to_be_visible()
