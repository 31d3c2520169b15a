"""Starting an attempt: what is asked, what is kept, and that a second click makes no second attempt."""

import threading

import pytest
from django.db import connection

from coachtool.activities.models import Activity, ActivityVersion
from coachtool.attempts import start as starting
from coachtool.attempts.access import find
from coachtool.attempts.models import Attempt, ResourceLink

VOICE = {"modality": "voice", "microphone": "on", "ai_disclosure": "v1"}
TEXT = {"modality": "text", "ai_disclosure": "v1"}


@pytest.mark.parametrize(
    ("data", "remedy"),
    [
        ({"ai_disclosure": "v1"}, "Choose how you would like to talk: by voice or in writing."),
        ({**TEXT, "modality": "smoke"}, "Choose how you would like to talk: by voice or in writing."),
        ({**VOICE, "microphone": ""}, "To talk by voice, allow the microphone; or choose to write instead."),
        ({**VOICE, "microphone": "false"}, "To talk by voice, allow the microphone; or choose to write instead."),
        ({"modality": "text"}, "Please confirm that you know you will be talking with an AI"),
    ],
)
def test_what_is_missing_is_named_with_its_remedy_and_nothing_starts(world, data, remedy):
    client, visit = world.admitted(world.learner, "learner")
    response = client.post(f"/v/{visit}/attempts/start/", data)
    assert response.status_code == 422
    shown = response.text[: response.text.index(remedy)]
    assert not shown.endswith("hidden>"), "the remedy is on the page but hidden"
    assert Attempt.objects.count() == 0


def test_an_attempt_keeps_what_was_chosen_and_agreed_to(world):
    client, visit = world.admitted(world.learner, "learner")
    response = client.post(f"/v/{visit}/attempts/start/", {**VOICE, "camera": "on"})
    attempt = Attempt.objects.get()
    assert response.url == f"/v/{visit}/attempts/{attempt.pk}/"
    assert (attempt.modality, attempt.state, attempt.graded) == ("voice", "created", True)
    assert attempt.version == world.version
    agreed = {"microphone": True, "camera": False, "ai_disclosure": "v1", "memory": True}
    assert agreed.items() <= attempt.consent.items()
    assert [(event.kind, event.data) for event in attempt.events.all()] == [("launched", {"modality": "voice"})]


def test_in_writing_no_microphone_is_agreed_to(world):
    client, visit = world.admitted(world.learner, "learner")
    client.post(f"/v/{visit}/attempts/start/", {**TEXT, "microphone": "on"})
    assert Attempt.objects.get().consent["microphone"] is False


@pytest.mark.parametrize(
    ("role", "graded", "counts"),
    [("learner", True, True), ("learner", False, False), ("instructor", True, False)],
)
def test_only_a_learners_named_attempt_is_graded(world, role, graded, counts):
    client, visit = world.admitted(world.learner, role, graded=graded)
    client.post(f"/v/{visit}/attempts/start/", TEXT)
    assert Attempt.objects.get().graded is counts


def test_a_double_click_makes_one_attempt(world):
    client, visit = world.admitted(world.learner, "learner")
    first = client.post(f"/v/{visit}/attempts/start/", TEXT)
    second = client.post(f"/v/{visit}/attempts/start/", TEXT)
    assert first.url == second.url
    assert Attempt.objects.get().events.count() == 1


def test_a_live_conversation_is_gone_into_and_left_as_it_is(world):
    live = world.attempt(modality="voice", consent={"microphone": True})
    client, visit = world.admitted(world.learner, "learner")
    assert client.post(f"/v/{visit}/attempts/start/", TEXT).url.endswith(f"{live.pk}/")
    live.refresh_from_db()
    assert (live.modality, live.consent) == ("voice", {"microphone": True})


def test_an_attempt_that_never_began_takes_over_the_new_choice(world):
    client, visit = world.admitted(world.learner, "learner")
    client.post(f"/v/{visit}/attempts/start/", VOICE)
    client.post(f"/v/{visit}/attempts/start/", TEXT)
    attempt = Attempt.objects.get()
    assert (attempt.modality, attempt.consent["microphone"]) == ("text", False)


def test_an_attempt_that_never_began_is_begun_with_what_the_lobby_shows(world):
    client, visit = world.admitted(world.learner, "learner")
    client.post(f"/v/{visit}/attempts/start/", TEXT)
    newer = world.version.activity.versions.create(number=2, definition=world.version.definition)
    client.post(f"/v/{visit}/attempts/start/", TEXT)
    assert Attempt.objects.get().version == newer


def test_an_attempt_that_never_began_is_not_taken_up_where_another_activity_is_by_now(world):
    client, visit = world.admitted(world.learner, "learner")
    first = client.post(f"/v/{visit}/attempts/start/", TEXT)
    other = Activity.objects.create(slug="other", title="Other")
    there = ActivityVersion.objects.create(activity=other, number=1, definition={**world.version.definition})
    ResourceLink.objects.update(activity=other)
    second = client.post(f"/v/{visit}/attempts/start/", TEXT)
    assert second.url != first.url
    assert [attempt.version for attempt in Attempt.objects.order_by("created")] == [world.version, there]


def test_a_live_conversation_keeps_its_version_and_its_activity_whatever_is_at_the_link_by_now(world):
    live = world.attempt()
    client, visit = world.admitted(world.learner, "learner")
    world.version.activity.versions.create(number=2, definition=world.version.definition)
    for gone in (False, True):
        if gone:  # to an activity that nobody has published yet
            ResourceLink.objects.update(activity=Activity.objects.create(slug="other", title="Other"))
        assert client.post(f"/v/{visit}/attempts/start/", TEXT).url.endswith(f"{live.pk}/")
        assert Attempt.objects.get().version == world.version


def test_after_a_finished_attempt_a_new_one_starts(world):
    world.finished()
    client, visit = world.admitted(world.learner, "learner")
    client.post(f"/v/{visit}/attempts/start/", TEXT)
    assert Attempt.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_starts_at_the_same_moment_make_one_attempt(world):
    client, visit_id = world.admitted(world.learner, "learner")
    visit = find(client.session, visit_id)
    together = threading.Barrier(2)

    def begin():
        together.wait(5)
        try:
            starting.start(visit, "text", {})
        finally:
            connection.close()

    threads = [threading.Thread(target=begin) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert Attempt.objects.count() == 1
