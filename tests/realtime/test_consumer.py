"""The WebSocket against a real Valkey: who is let in, and how a page catches up."""

import asyncio
import json

import pytest
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache

from coachtool.asgi import application
from coachtool.attempts import access, journal
from coachtool.attempts.finish import finish
from coachtool.attempts.models import Attempt
from realtime import names, workers
from tests import factories

PATIENCE = 20  # seconds, on a busy machine
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """Attempts for which a conversation was asked of the broker."""
    asked = []
    monkeypatch.setattr(workers.converse, "apply_async", lambda args, **_: asked.append(args[0]))
    return asked


def open_page(attempt, person=None, role="learner"):
    """A browser that was admitted at the attempt's resource link, and opens its socket."""
    session = SessionStore()
    visit = access.admit(
        session, person=person or attempt.learner, resource_link=attempt.resource_link, role=role, graded=True
    )
    session.create()
    path = f"/ws/v/{visit.id}/attempts/{attempt.pk}/"
    headers = [(b"cookie", f"coachtool_session={session.session_key}".encode()), (b"host", b"localhost")]
    return WebsocketCommunicator(application, path, headers=[*headers, (b"origin", b"http://localhost")])


@pytest.fixture
def attempt(db):
    attempt = factories.attempt()
    cache.clear()
    return attempt


@pytest.mark.parametrize("role", ["learner", "instructor"])
async def test_another_person_may_not_speak_in_an_attempt(attempt, role):
    other = await sync(factories.person, attempt.learner.tenant)
    page = await sync(open_page, attempt, other, role)
    await page.connect(timeout=PATIENCE)
    assert (await page.receive_output(timeout=PATIENCE))["code"] == 4403


async def test_a_page_starts_the_conversation_once(attempt, started):
    first, second = await sync(open_page, attempt), await sync(open_page, attempt)
    for page in (first, second):
        await page.connect(timeout=PATIENCE)
        await page.send_json_to({"type": "hello", "after": 0})
    message = await get_channel_layer().receive(names.inbox(attempt.pk))
    assert message["message"]["type"] == "hello"
    while not started:
        await asyncio.sleep(0.05)
    await asyncio.sleep(1.5)
    assert started == [str(attempt.pk)]
    for page in (first, second):
        await page.disconnect()


async def test_a_page_that_comes_back_gets_what_it_missed_and_only_that(attempt):
    for text in ("one", "two"):
        await sync(journal.append, attempt.pk, "utterance", {"speaker": "learner", "text": text})
    page = await sync(open_page, attempt)
    await page.connect(timeout=PATIENCE)
    seen = (await sync(journal.append, attempt.pk, "utterance", {"speaker": "persona", "text": "three"})).seq - 1
    await page.send_json_to({"type": "hello", "after": seen})
    assert (await page.receive_json_from(timeout=PATIENCE))["text"] == "three"
    await page.disconnect()


async def test_a_finished_attempt_answers_with_its_report(attempt):
    await sync(finish, attempt.pk, "done")
    page = await sync(open_page, attempt)
    await page.connect(timeout=PATIENCE)
    await page.send_json_to({"type": "hello", "after": 99})
    ended = await page.receive_json_from(timeout=PATIENCE)
    assert ended["type"] == "ended" and ended["report"].endswith(f"/attempts/{attempt.pk}/report/")
    await page.disconnect()


TOO_LONG = json.dumps({"type": "say", "text": "a" * 70_000})


@pytest.mark.parametrize("sent", ["not json", "[]", '{"type": "sudo"}', TOO_LONG])
async def test_a_bad_message_is_answered_with_a_problem_and_the_socket_stays(attempt, sent):
    page = await sync(open_page, attempt)
    await page.connect(timeout=PATIENCE)
    await page.send_to(text_data=sent)
    assert json.loads((await page.receive_output(timeout=PATIENCE))["text"])["code"] == "bad_message"
    await page.send_json_to({"type": "hello", "after": 0})
    await page.disconnect()


async def test_a_page_of_a_live_attempt_whose_process_died_hears_of_it_and_restarts_it(attempt, started):
    await Attempt.objects.filter(pk=attempt.pk).aupdate(state=Attempt.State.LIVE)
    page = await sync(open_page, attempt)
    await page.connect(timeout=PATIENCE)
    await page.send_json_to({"type": "hello", "after": 0})
    assert (await page.receive_json_from(timeout=PATIENCE))["phase"] == "recovering"
    assert started == [str(attempt.pk)]
    await page.disconnect()


async def sync(function, *args):
    from channels.db import database_sync_to_async

    return await database_sync_to_async(function)(*args)
