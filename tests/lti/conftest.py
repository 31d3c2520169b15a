import io

import pytest
from django.core.management import call_command
from django.test import Client

from coachtool.activities.models import Activity, ActivityVersion
from tests import factories
from tests.lti.browser import Browser
from tests.lti.lms import KeyServer, Lms
from tests.lti.sandbox_process import Sandbox


@pytest.fixture
def activity(db) -> Activity:
    made = Activity.objects.create(slug="claims-escalation", title="When to escalate a claim")
    ActivityVersion.objects.create(activity=made, number=1, definition=factories.DEFINITION)
    return made


@pytest.fixture
def lms(activity) -> Lms:
    """A registered platform, with an activity at hand."""
    platform = Lms()
    platform.register()
    return platform


@pytest.fixture
def browser() -> Client:
    return Client()


@pytest.fixture
def key_server():
    server = KeyServer(Lms().jwks())
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sandbox_process(live_server, tmp_path_factory):
    """The sandbox LMS beside the tool, which pytest's live server serves."""
    running = Sandbox(live_server.url, tmp_path_factory.mktemp("sandbox") / "daphne.log")
    yield running
    running.stop()


@pytest.fixture
def sandbox(sandbox_process, live_server, settings, activity, transactional_db, monkeypatch):
    """The sandbox LMS, registered in the tool and without faults."""
    settings.URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    monkeypatch.setenv("COACHTOOL_SANDBOX_URL", sandbox_process.url)
    call_command("lti_register_sandbox", verbosity=0, stdout=io.StringIO())
    sandbox_process.mend()
    return sandbox_process


@pytest.fixture
def window(sandbox):
    """A browser at the sandbox LMS."""
    with Browser(sandbox.url) as opened:
        yield opened
