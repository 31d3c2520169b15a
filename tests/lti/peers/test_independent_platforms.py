"""Launches that other people's platforms begin, fill and sign."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from coachtool.attempts import access
from coachtool.attempts.models import Person
from lti.models import GradeService, Registration
from tests.lti.lms import LAUNCH_URL, pem
from tests.lti.peers.signer import Placement, Signer

LOGIN_URL = LAUNCH_URL.replace("launch", "login")
PLATFORMS = ["xblock_platform", "lti1p3platform_platform"]


@pytest.fixture(scope="module", params=PLATFORMS)
def signer(request):
    with Signer(request.param, Placement(LOGIN_URL, LAUNCH_URL, "claims-escalation", pem())) as running:
        yield running


@pytest.fixture
def registered(signer, activity) -> Registration:
    about = signer.about()
    return Registration.objects.create(
        issuer=about["issuer"],
        client_id=about["client_id"],
        auth_login_url=f"{about['issuer']}/auth",
        auth_token_url=f"{about['issuer']}/token",
        jwks=about["jwks"],
    )


def answer(browser: Client, signer: Signer, role: str) -> tuple[str, dict]:
    """From the platform's login to its answer: where the form goes, and what is in it."""
    login = urlsplit(signer.login(role))
    response = browser.get(f"{login.path}?{login.query}")
    while response.status_code in (302, 303) and response["Location"].startswith("/"):
        response = browser.get(response["Location"])
    assert response.status_code == 302, response.content.decode()
    asked = {name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()}
    return urlsplit(asked["redirect_uri"]).path, signer.launch(role, asked)


@pytest.mark.whole
@pytest.mark.django_db
@pytest.mark.parametrize(("role", "graded"), [("learner", True), ("instructor", False)])
def test_a_launch_that_an_independent_platform_signed_is_let_in(signer, registered, role, graded):
    browser = Client()
    response = browser.post(*answer(browser, signer, role))
    assert response.status_code == 303, response.content.decode()
    visit = access.find(browser.session, response["Location"].split("/")[2])
    assert (visit.role, visit.graded) == (role, graded)
    assert visit.frame_origin == registered.issuer
    assert Person.objects.get(pk=visit.person_id).name == "Ada Osei"
    assert GradeService.objects.get(resource_link=visit.resource_link_id).lineitem.endswith("lineitems/1")


@pytest.mark.whole
@pytest.mark.django_db
def test_what_an_independent_platform_signed_gets_in_once(signer, registered):
    browser = Client()
    path, form = answer(browser, signer, "learner")
    assert browser.post(path, form).status_code == 303
    assert browser.post(path, form).status_code == 403
