"""Answering the platform's picker: the request that waits, and the signed response (Deep Linking 2.0, section 4.5)."""

import secrets
import time
from collections.abc import Sequence
from datetime import timedelta

import jwt
from django.utils import timezone

from coachtool.activities.models import Activity
from coachtool.attempts.access import Visit
from lti import deep_linking_settings, keys, logins
from lti.claim_parts import LTI
from lti.claims import DeepLinking
from lti.deep_linking_settings import LINK, Settings
from lti.models import DeepLinkingRequest, Deployment, Registration
from lti.placement import Picking
from lti.rsa_keys import private_key

LIFETIME = timedelta(days=1)  # an instructor may write an activity first, or go back and choose again
TAG = "coachtool"
_CLAIM = "https://purl.imsglobal.org/spec/lti-dl/claim/"
_ANSWER_LASTS = 600  # seconds; where scripts are off, a person has to press the button
_FRAME = {"width": 1000, "height": 800}  # pixels; a platform may make it larger
# What the platform fills in at a launch, so that a copied course is known as a copy.
HISTORY = {"link_history": "$ResourceLink.id.history", "context_history": "$Context.id.history"}


class Expired(Exception):
    """The request waited for too long, or its deployment was switched off."""


def remember(picking: Picking, settings: Settings) -> DeepLinkingRequest:
    """Keep the request for as long as it may be answered."""
    return DeepLinkingRequest.objects.create(
        key=secrets.token_urlsafe(24),
        deployment=picking.deployment,
        course=picking.course,
        person=picking.person,
        settings=settings.claim,
        expires=timezone.now() + LIFETIME,
    )


def waiting(visit: Visit) -> DeepLinkingRequest:
    """The request that this visit answers; raises Expired."""
    found = DeepLinkingRequest.objects.select_related("deployment__registration", "deployment__tenant").filter(
        key=visit.placing,
        course_id=visit.course_id,
        person_id=visit.person_id,
        expires__gt=timezone.now(),
        deployment__is_active=True,
        deployment__registration__is_active=True,
    )
    request = found.first() if visit.placing else None
    if request is None:
        raise Expired
    return request


def settings_of(request: DeepLinkingRequest) -> Settings:
    """What the platform accepts."""
    return deep_linking_settings.read(request.settings, request.settings["deep_link_return_url"])[0]


def answer(request: DeepLinkingRequest, activities: Sequence[Activity], message: str) -> str:
    """The response that places these activities, signed; none is a polite no. `message` is for the LMS to show."""
    settings = settings_of(request)
    items = [content_item(activity, settings) for activity in activities]
    return _signed(request.deployment, settings, items, {"msg": message})


def refuse(registration: Registration, found: DeepLinking, why: str) -> str:
    """The empty response to a request that cannot be served, signed; `why` is the LMS's to show."""
    deployment = Deployment(registration=registration, deployment_id=found.deployment_id)
    return _signed(deployment, found.settings, [], {"errormsg": why})


def content_item(activity: Activity, settings: Settings) -> dict:
    """One activity as a resource link with its line item (Deep Linking 2.0, section 3; Submission Review 1.0)."""
    launch, brief = logins.launch_url(), activity.latest.brief
    item = {
        "type": LINK,
        "title": brief.title,
        "text": brief.summary,
        "url": launch,
        "custom": {"activity": activity.slug, **HISTORY},
    }
    if settings.accept_lineitem:
        item["lineItem"] = {
            "label": brief.title,
            "scoreMaximum": brief.max_score,
            "resourceId": activity.slug,
            "tag": TAG,
            "submissionReview": {
                "reviewableStatus": ["Submitted", "Completed"],
                "label": "Read the conversation",
                "url": launch,
            },
        }
    if "iframe" in settings.targets:
        item["iframe"] = _FRAME
    elif "window" in settings.targets:
        item["window"] = {"targetName": "_blank"}
    return item


def _signed(deployment: Deployment, settings: Settings, items: list[dict], said: dict[str, str]) -> str:
    now = int(time.time())
    registration = deployment.registration
    claims = {
        "iss": registration.client_id,
        "aud": registration.issuer,
        "iat": now,
        "exp": now + _ANSWER_LASTS,
        "nonce": secrets.token_urlsafe(24),
        LTI + "deployment_id": deployment.deployment_id,
        LTI + "message_type": "LtiDeepLinkingResponse",
        LTI + "version": "1.3.0",
        _CLAIM + "content_items": items,
    }
    if settings.data is not None:
        claims[_CLAIM + "data"] = settings.data
    claims |= {_CLAIM + name: text for name, text in said.items()}
    key = keys.signing_key()
    return jwt.encode(claims, private_key(key.private_pem), algorithm="RS256", headers={"kid": key.kid})
