"""Every page against everybody who might ask for it: denied unless a visit grants it."""

import pytest
from django.test import Client

PAGES = {
    "home": "/v/{visit}/",
    "lobby": "/v/{visit}/lobby/",
    "attempts": "/v/{visit}/attempts/",
    "conversation": "/v/{visit}/attempts/{live}/",
    "report": "/v/{visit}/attempts/{finished}/report/",
    "start": "POST /v/{visit}/attempts/start/",
    "window": "POST /v/{visit}/window/",
    "answer": "POST /v/{visit}/escalations/{escalation}/answer/",
}
# Who asks: nobody's browser; a browser with a visit of its own that asks with somebody else's visit id; the learner
# whose attempts they are; another learner of the course; the course's instructor; the instructor of another course.
WHO = ("none", "foreign", "learner", "other", "instructor", "elsewhere")
GRANTED = {
    "home": dict(learner=302, other=302, instructor=302, elsewhere=302),
    "lobby": dict(learner=200, other=200, instructor=200, elsewhere=200),
    "attempts": dict(instructor=200, elsewhere=200),
    "conversation": dict(learner=200),
    "report": dict(learner=200, instructor=200),
    "start": dict(learner=302, other=302, instructor=302, elsewhere=302),
    "window": dict(learner=200, other=200, instructor=200, elsewhere=200),
    "answer": dict(instructor=302),
}


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_only_for_those_it_is_for(world, elsewhere, page, who):
    visits = {
        "learner": (world.learner, "learner", world.link),
        "other": (world.other, "learner", world.link),
        "instructor": (world.instructor, "instructor", world.link),
        "elsewhere": (world.instructor, "instructor", elsewhere),
    }
    finished = world.finished()
    live = world.attempt()
    if who in visits:
        person, role, link = visits[who]
        client, visit = world.admitted(person, role, link=link)
    else:
        client = Client()
        _, visit = world.admitted(world.learner, "learner")
        if who == "foreign":
            client, _ = world.admitted(world.other, "learner")
    path = PAGES[page].format(visit=visit, live=live.pk, finished=finished.pk, escalation=finished.escalations.get().pk)
    if path.startswith("POST "):
        prefix = f"{finished.escalations.get().pk}-"
        data = {"modality": "text", "ai_disclosure": "v1", f"{prefix}answer": "Ask me on Thursday."}
        response = client.post(path.removeprefix("POST "), data)
    else:
        response = client.get(path)
    assert response.status_code == GRANTED[page].get(who, 403)
    if response.status_code == 403:
        assert "Please open this from your course" in response.text
        assert world.learner.name not in response.text


def test_a_launch_as_a_learner_arrives_in_the_lobby_and_in_the_conversation_once_it_lives(world):
    client, visit = world.admitted(world.learner, "learner")
    assert client.get(f"/v/{visit}/").url == f"/v/{visit}/lobby/"
    live = world.attempt()
    assert client.get(f"/v/{visit}/").url == f"/v/{visit}/attempts/{live.pk}/"


def test_a_launch_as_an_instructor_arrives_at_the_attempts(world):
    client, visit = world.admitted(world.instructor, "instructor")
    assert client.get(f"/v/{visit}/").url == f"/v/{visit}/attempts/"


def test_an_instructor_does_not_enter_a_learners_conversation(world):
    live = world.attempt()
    client, visit = world.admitted(world.instructor, "instructor")
    assert client.get(f"/v/{visit}/attempts/{live.pk}/").status_code == 403
    later = client.get(f"/v/{visit}/attempts/{live.pk}/report/")
    assert later.status_code == 200
    assert "is still in this conversation" in later.text


def test_a_conversation_that_is_over_leads_to_its_report_and_a_report_to_a_conversation_that_is_not(world):
    client, visit = world.admitted(world.learner, "learner")
    finished, live = world.finished(), world.attempt()
    assert client.get(f"/v/{visit}/attempts/{finished.pk}/").url.endswith(f"{finished.pk}/report/")
    assert client.get(f"/v/{visit}/attempts/{live.pk}/report/").url.endswith(f"{live.pk}/")


def test_pages_about_people_are_not_kept_by_caches(world):
    client, visit = world.admitted(world.learner, "learner")
    for path in ("lobby/", f"attempts/{world.finished().pk}/report/", f"attempts/{world.attempt().pk}/"):
        assert "no-store" in client.get(f"/v/{visit}/{path}").headers["Cache-Control"]
