"""What may be sensed is asked where the site allows it, twice and plainly; elsewhere there is nothing to agree to."""

import json
import re

import pytest

from coachtool.attempts.models import Attempt

VOICE = {"modality": "voice", "microphone": "on", "ai_disclosure": "v1"}
BOTH = {"sense_voice": "on", "sense_face": "on"}


@pytest.fixture
def standard(settings):
    settings.PERCEPTION = "standard"


def _data(response):
    return json.loads(re.search(r'id="conversation-data"[^>]*>(.*?)</script>', response.text, re.S)[1])


def test_the_two_choices_are_separate_and_not_made_for_the_learner(world, standard):
    client, visit = world.admitted(world.learner, "learner")
    page = client.get(f"/v/{visit}/lobby/").text
    for name in BOTH:
        (box,) = re.findall(rf'<input[^>]*name="{name}"[^>]*>', page)
        assert "checked" not in box
    assert page.count("never stored and never scored") == 2


@pytest.mark.parametrize("chosen", [{}, {"sense_voice": "on"}, {"sense_face": "on"}, BOTH])
def test_each_choice_is_kept_as_it_was_made(world, standard, chosen):
    client, visit = world.admitted(world.learner, "learner")
    client.post(f"/v/{visit}/attempts/start/", {**VOICE, **chosen})
    consent = Attempt.objects.get().consent
    assert {name: consent[name] for name in BOTH} == {name: name in chosen for name in BOTH}
    assert consent["camera"] is ("sense_face" in chosen)


def test_in_writing_nothing_is_sensed(world, standard):
    client, visit = world.admitted(world.learner, "learner")
    client.post(f"/v/{visit}/attempts/start/", {**VOICE, **BOTH, "modality": "text"})
    consent = Attempt.objects.get().consent
    assert not consent["sense_voice"] and not consent["sense_face"] and not consent["camera"]


@pytest.mark.parametrize("policy", ["eu", "off"])
def test_under_another_policy_there_is_no_choice_and_what_is_posted_is_not_read(world, settings, policy):
    settings.PERCEPTION = policy
    client, visit = world.admitted(world.learner, "learner")
    page = client.get(f"/v/{visit}/lobby/").text
    assert "sense_" not in page and "camera" not in page.lower()
    response = client.post(f"/v/{visit}/attempts/start/", {**VOICE, **BOTH, "camera": "on"})
    consent = Attempt.objects.get().consent
    assert not consent["sense_voice"] and not consent["sense_face"] and not consent["camera"]
    page = client.get(response.url)
    assert _data(page)["sense"] is None
    assert 'id="sensed"' not in page.text


def test_the_conversation_page_says_what_was_agreed_to(world, standard):
    client, visit = world.admitted(world.learner, "learner")
    page = client.get(client.post(f"/v/{visit}/attempts/start/", {**VOICE, "sense_face": "on"}).url)
    assert _data(page)["sense"] == {"voice": False, "face": True}
    assert 'id="sensed"' in page.text


def test_who_agreed_to_nothing_has_no_panel(world, standard):
    client, visit = world.admitted(world.learner, "learner")
    page = client.get(client.post(f"/v/{visit}/attempts/start/", VOICE).url)
    assert _data(page)["sense"] is None
    assert 'id="sensed"' not in page.text


@pytest.mark.parametrize("policy", ["eu", "off"])
def test_an_earlier_consent_does_not_count_where_the_policy_forbids(world, settings, policy):
    settings.PERCEPTION = policy
    attempt = world.attempt(modality="voice", consent={"microphone": True, "sense_voice": True, "sense_face": True})
    client, visit = world.admitted(world.learner, "learner")
    page = client.get(f"/v/{visit}/attempts/{attempt.pk}/")
    assert _data(page)["sense"] is None and 'id="sensed"' not in page.text
