"""What is on the pages and in their headers."""

import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from coachtool.attempts import access
from coachtool.attempts.models import ResourceLink
from knowledge.models import Collection


def get(world, path, role="learner"):
    client, visit = world.admitted(world.learner, role)
    return client.get(path.format(visit=visit))


def test_the_lobby_says_whom_you_meet_and_what_for_but_not_the_answers(world):
    html = get(world, "/v/{visit}/lobby/").text
    for shown in ("Talk with Ruth", "Triggers for escalation", "Up to 8 minutes", "Ruth is an AI, not a person."):
        assert shown in html
    for answer in ("10,000", "injured", "add up"):
        assert answer not in html


def test_the_lobby_lists_ones_own_attempts_only(world):
    mine, others = world.finished(), world.finished(world.other)
    html = get(world, "/v/{visit}/lobby/").text
    assert str(mine.pk) in html
    assert str(others.pk) not in html


def test_the_conversation_page_hands_its_scripts_what_they_need(world):
    attempt = world.attempt(modality="voice")
    client, visit = world.admitted(world.learner, "learner")
    html = client.get(f"/v/{visit}/attempts/{attempt.pk}/").text
    data = json.loads(re.search(r'<script id="conversation-data" type="application/json">(.*?)</script>', html)[1])
    assert data["socket"] == f"/ws/v/{visit}/attempts/{attempt.pk}/"
    assert data["report"] == f"/v/{visit}/attempts/{attempt.pk}/report/"
    assert data["persona"] == {"name": "Ruth", "face": "ruth"}
    assert (data["modality"], data["minutes"]) == ("voice", 8)
    assert 0 <= data["now"] - data["started"] < 60_000


def test_no_page_has_inline_script_or_style_but_the_import_map_with_its_nonce(world):
    attempt, finished = world.attempt(), world.finished()
    nonces = set()
    for path in ("lobby/", f"attempts/{attempt.pk}/", f"attempts/{finished.pk}/report/"):
        response = get(world, "/v/{visit}/" + path)
        policy = response.headers["Content-Security-Policy"]
        assert "'unsafe-inline'" not in policy and "'unsafe-eval'" not in policy
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", response.text)
        inline = re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)([^>]*)>", response.text)
        nonce = re.search(r"'nonce-([\w-]{16,})'", policy)
        if str(attempt.pk) in path:
            assert inline == [f' type="importmap" nonce="{nonce[1]}"']
            nonces.add(nonce[1])
        else:
            assert inline == [] and nonce is None
    nonces.add(
        re.search(
            r"'nonce-([\w-]+)'", get(world, f"/v/{{visit}}/attempts/{attempt.pk}/").headers["Content-Security-Policy"]
        )[1]
    )
    assert len(nonces) == 2, "a nonce is good for one response"


def test_a_page_is_framed_by_its_platform_only_and_a_refusal_by_anybody(world):
    client, visit = world.admitted(world.learner, "learner", frame_origin="https://lms.example")

    def ancestors(path):
        return client.get(path).headers["Content-Security-Policy"].split("frame-ancestors ")[1]

    assert ancestors(f"/v/{visit}/lobby/") == "https://lms.example"
    assert ancestors("/v/unknown/lobby/") == "*"
    assert ancestors("/") == "'none'"


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/nothing/here/", 404), ("/v/unknown/", 403)])
def test_whoever_comes_without_a_launch_is_told_what_to_do(client, db, path, status):
    response = client.get(path)
    assert response.status_code == status
    assert "course" in response.text


def test_a_stale_form_is_refused_with_a_remedy(world):
    strict = Client(enforce_csrf_checks=True)
    session = strict.session
    visit = access.admit(session, person=world.learner, resource_link=world.link, role="learner")
    session.save()
    response = strict.post(f"/v/{visit.id}/attempts/start/", {"modality": "text", "ai_disclosure": "v1"})
    assert response.status_code == 403
    assert "nothing was sent" in response.text and f'href="/v/{visit.id}/"' in response.text


def test_when_our_side_fails_the_page_says_so_without_a_trace(world, monkeypatch):
    monkeypatch.setattr("coachtool.attempts.presenter.rows", lambda *_: 1 / 0)
    client, visit = world.admitted(world.learner, "learner")
    client.raise_request_exception = False
    response = client.get(f"/v/{visit}/lobby/")
    assert response.status_code == 500
    assert "Something on our side did not work" in response.text
    assert "ZeroDivisionError" not in response.text


def test_a_new_window_is_admitted_once_and_for_a_minute_only(world, monkeypatch):
    client, visit = world.admitted(world.learner, "learner")
    url = client.post(f"/v/{visit}/window/").json()["url"]
    window = Client()
    arrived = window.get(url)
    assert arrived.status_code == 302
    assert window.get(arrived.url).status_code == 200
    assert "Talk with Ruth" in window.get(arrived.url).text
    assert Client().get(url).status_code == 403, "used already"
    late = client.post(f"/v/{visit}/window/").json()["url"]
    monkeypatch.setattr("coachtool.attempts.window.SECONDS", -1)
    refused = Client().get(late)
    assert refused.status_code == 403 and "expired" in refused.text
    assert Client().get(f"/v/{visit}/window/forged:key:here/").status_code == 403


def test_an_instructor_answers_a_question_that_was_asked_at_another_activity_of_the_course(world):
    other = ResourceLink.objects.create(course=world.link.course, lms_id="other", activity=world.link.activity)
    question = world.finished(link=other).escalations.get()
    client, visit = world.admitted(world.instructor, "instructor")
    queue = f"/v/{visit}/escalations/?at={other.pk}"
    assert queue not in client.get(f"/v/{visit}/attempts/").text
    assert queue in client.get(f"/v/{visit}/attempts/?at={other.pk}").text
    assert f'id="question-{question.pk}"' in client.get(queue).text
    data = {f"{question.pk}-answer": "Ask Dana.", "at": other.pk}
    assert client.post(f"/v/{visit}/escalations/{question.pk}/answer/", data)["Location"] == queue
    question.refresh_from_db()
    assert question.answer == "Ask Dana."


def test_the_attempts_of_another_course_are_not_shown(world, elsewhere):
    client, visit = world.admitted(world.instructor, "instructor")
    assert client.get(f"/v/{visit}/attempts/?at={elsewhere.pk}").status_code == 403


def test_the_instructors_pages_share_their_tabs(world):
    client, visit = world.admitted(world.instructor, "instructor")
    for page, here in (("attempts/", "Attempts"), ("course/", "Course")):
        html = client.get(f"/v/{visit}/{page}").text
        assert re.search(rf'aria-current="page">{here}</a>', html)
        assert f'href="/v/{visit}/attempts/"' in html and f'href="/v/{visit}/course/"' in html


def test_after_a_refused_address_the_page_still_follows_the_reading(world):
    client, visit = world.admitted(world.instructor, "instructor")
    course = world.link.course
    handbook = Collection.objects.create(tenant=course.tenant, course=course, name="Handbook")
    page = client.post(reverse("knowledge:add_address", args=[visit, handbook.pk]), {"url": "not an address"})
    own = reverse("knowledge:collection", args=[visit, handbook.pk])
    assert page.status_code == 422 and f'data-live="{own}"' in page.text
    assert 'id="contents-live"' in client.get(own).text
