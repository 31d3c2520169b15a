"""Pages that come before any launch, or instead of one: axe finds nothing on them, and they fit a narrow window."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from lti.registering import invitations
from tests.lti.chromium import chromium

pytestmark = [pytest.mark.whole, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def pages(live_server, settings) -> dict[str, str]:
    """Where each is, and its heading."""
    settings.URL = live_server.url
    secret = invitations.invite("for the test")
    return {
        "/": "Practise a hard conversation",
        "/nowhere/": "",
        "/lti/registration/": "",
        f"/lti/registration/{secret}/": "",
        "/lti/registration/unknown/": "",
        f"/lti/registration/{secret}/dynamic/": "",
        "/lti/login/": "could not be opened",
        "/lti/launch/": "could not be opened",
        "/v/unknown/": "",
    }


def test_they_are_accessible_in_light_and_dark_and_do_not_scroll_sideways(live_server, pages, tmp_path):
    with chromium(tmp_path / "profile", {}) as context:
        page = context.new_page()
        for path, heading in pages.items():
            page.set_viewport_size({"width": 390, "height": 844})
            page.goto(live_server.url + path)
            expect(page.get_by_role("heading", level=1, name=re.compile(heading))).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                found = Axe().run(page)
                assert found.violations_count == 0, f"{path}\n{found.generate_report()}"
