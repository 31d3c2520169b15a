"""What every page says to the browser: its policy, who may frame it, its cookies; and that forms need their token."""

import re

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client

from coachtool.attempts.models import Attempt, Dispute, GradeOverride, Review
from tests.lti.lms import Lms
from tests.security.table import LEARNER, ROWS, VISIT_ROWS
from tests.security.test_every_view_by_role import ask, says
from tests.security.world import PLATFORM, WHO

PAGES = [row for row in ROWS if row.method == "GET" and "200" in row.cells.values()]
FORMS = [row for row in VISIT_ROWS if row.method == "POST"]
# The import map of the conversation's and the lobby's page; browsers read it only inline.
IMPORT_MAP = re.compile(r'<script type="importmap" nonce="([A-Za-z0-9_-]{20,})">')
DATA = re.compile(r'<script id="[\w-]+" type="application/json">')


def directives(response) -> dict[str, list[str]]:
    parts = (part.split() for part in response["Content-Security-Policy"].split(";"))
    return {part[0]: part[1:] for part in parts if part}


def let_in(row) -> str:
    """Somebody whom the row shows its page."""
    return next(who for who in reversed(WHO) if row.cell(who) == "200")


@pytest.mark.parametrize("row", PAGES, ids=lambda row: row.id)
def test_a_page_has_no_inline_script_or_style_and_its_policy_allows_none(world, row):
    response = ask(world, row, world.asker(let_in(row)))
    policy, page = directives(response), response.content.decode()
    assert policy["object-src"] == ["'none'"] and policy["base-uri"] == ["'none'"]
    for name in ("default-src", "script-src", "style-src"):
        assert "'unsafe-inline'" not in policy[name] and "'unsafe-eval'" not in policy[name] and "*" not in policy[name]
    nonces = IMPORT_MAP.findall(page)
    assert policy["script-src"] == ["'self'", *(f"'nonce-{nonce}'" for nonce in nonces)]
    if "html" in response["Content-Type"]:
        inline = [tag for tag in re.findall(r"<script[^>]*>", page) if "src=" not in tag]
        assert [tag for tag in inline if not IMPORT_MAP.match(tag) and not DATA.match(tag)] == []
        assert "<style" not in page and not re.search(r"<[^>]+\sstyle=", page)
        assert not re.search(r"<[^>]+\son\w+=", page)


@pytest.mark.parametrize("row", [row for row in PAGES if row in VISIT_ROWS], ids=lambda row: row.id)
def test_a_visits_page_is_framed_by_its_platform_only_is_not_kept_and_tells_other_sites_nothing(world, row):
    response = ask(world, row, world.asker(let_in(row)))
    assert directives(response)["frame-ancestors"] == [PLATFORM]
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("row", FORMS, ids=lambda row: row.id)
def test_a_forms_answer_is_framed_by_its_platform_only(world, row):
    who = next(who for who in WHO if row.cell(who) != "403") if row.cells else "instructor"
    response = ask(world, row, world.asker(who))
    assert directives(response)["frame-ancestors"] == [PLATFORM]


@pytest.mark.parametrize("row", [row for row in PAGES if row not in VISIT_ROWS], ids=lambda row: row.id)
def test_a_page_for_everybody_is_framed_by_nobody(world, row):
    assert directives(ask(world, row, world.asker("nobody")))["frame-ancestors"] == ["'none'"]


@pytest.mark.parametrize("row", FORMS, ids=lambda row: row.id)
def test_a_form_without_its_token_is_refused_and_changes_nothing(world, row):
    for who in WHO:
        if row.cell(who) == "403" or who == "address":
            continue
        before = _everything()
        response = ask(world, row, world.asker(who, strict=True))
        assert response.status_code == 403 and "This page was open for a long time" in response.text, who
        assert _everything() == before, who


@pytest.mark.parametrize("row", [row for row in FORMS if row.cell(LEARNER[1]) not in ("403",)], ids=lambda row: row.id)
def test_a_form_of_a_visit_without_cookies_is_proven_by_its_address(world, row):
    with transaction.atomic():
        assert says(ask(world, row, world.asker("address", strict=True))) == row.cell("address")
        transaction.set_rollback(True)


def _everything() -> list[int]:
    """How many rows there are of what forms make and change."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM authoring_draft UNION ALL SELECT count(*) FROM activities_activity")
        counted = [row[0] for row in cursor.fetchall()]
    return counted + [model.objects.count() for model in (Attempt, Review, Dispute, GradeOverride)]


def test_every_cookie_is_for_this_site_in_another_ones_frame_and_not_for_scripts(activity_lms):
    browser = Client()
    seen = {}
    response = activity_lms.login(browser)
    seen |= response.cookies
    response = browser.get(response["Location"])
    response = activity_lms.launch(browser)
    seen |= response.cookies
    home = browser.get(response["Location"])
    lobby = browser.get(home["Location"])
    seen |= lobby.cookies
    assert {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME} <= set(seen)
    for cookie in seen.values():
        flags = {part.strip().partition("=")[0] for part in cookie.OutputString().split(";")[1:]}
        assert {"Secure", "HttpOnly", "Partitioned"} <= flags and "SameSite=None" in cookie.OutputString()


@pytest.fixture
def activity_lms(db):
    from tests import factories

    version = factories.version()
    version.activity.slug = "claims-escalation"
    version.activity.save()
    lms = Lms()
    lms.register()
    return lms
