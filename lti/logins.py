"""Third-party initiated login: what is fixed when it begins, and its one-time spending at launch.

State, nonce, registration, target, deployment and browser are bound in one
row. The browser is bound by a secret per login, so that tabs opened at once do
not disturb each other: it comes back in a cookie, or where the browser keeps
none, from the storage that the LMS offers (LTI Client Side postMessages 1.0).
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from lti import limits, plumbing
from lti.claims import origin
from lti.models import LoginState, Registration
from lti.refusals import Refusal

LIFETIME = timedelta(minutes=10)
PARAMS = ("iss", "login_hint", "target_link_uri", "client_id", "lti_message_hint", "lti_deployment_id")


@dataclass(frozen=True)
class Begun:
    """A login that was recorded: `secret` goes into the browser's cookie, or into the LMS's storage."""

    state: str
    secret: str
    has_storage: bool


@dataclass(frozen=True)
class Spent:
    """What the login fixed, for the one launch that answers it; `by_cookie`: the browser keeps our cookies."""

    state: str
    by_cookie: bool
    registration: Registration
    nonce: str
    target_link_uri: str
    deployment_id: str


def launch_url() -> str:
    """The tool's redirect_uri and default target_link_uri."""
    return settings.URL + reverse("lti:launch")


def cookie_name(state: str) -> str:
    return "coachtool_login_" + hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()[:16]


def cookie_path() -> str:
    """The path that login and launch share."""
    return reverse("lti:login").removesuffix("login/")


def begin(given: dict) -> Begun:
    """Record the login that the platform initiated with the parameters `given`; raises Refusal, limits.TooMany."""
    params = {name: given[name] for name in PARAMS if given.get(name)}
    for name in ("iss", "login_hint", "target_link_uri"):
        if name not in params:
            raise Refusal("login_incomplete", f"{name} is missing")
    if any(
        "\0" in value or len(value) > 8000 or value != value.encode("utf-8", "replace").decode()
        for value in params.values()
    ):
        raise Refusal("login_incomplete", "a parameter is malformed")
    _own(params["target_link_uri"])
    registration = _registration(params["iss"], params.get("client_id", ""))
    limits.began(registration.pk)
    deployment_id = params.get("lti_deployment_id", "")
    _open_deployment(registration, deployment_id)
    state, nonce, url = plumbing.authentication_request(registration, params, launch_url())
    secret = secrets.token_urlsafe(32)
    storage_target = _storage_target(given)
    LoginState.objects.create(
        state=state,
        nonce=nonce,
        binding=_digest(secret),
        registration=registration,
        target_link_uri=params["target_link_uri"],
        deployment_id=deployment_id,
        params=params,
        auth_url=url,
        storage_target=storage_target,
        expires=timezone.now() + LIFETIME,
    )
    return Begun(state, secret, bool(storage_target))


def pending(state: str) -> LoginState | None:
    """The login under way, whoever's it is."""
    if "\0" in state:
        return None
    return LoginState.objects.filter(state=state, expires__gt=timezone.now()).select_related("registration").first()


def cookie_secret(state: str, request: HttpRequest) -> str:
    """The secret that this browser's cookie keeps of the login; '' if none."""
    return request.COOKIES.get(cookie_name(state), "")


def is_bound(login: LoginState, request: HttpRequest) -> bool:
    """Whether this is the browser that began the login."""
    return login.binding == _digest(cookie_secret(login.state, request))


def spend(state: str, request: HttpRequest, stored: str = "") -> Spent | None:
    """Take the login of this browser, once: a single atomic delete, or None.

    `stored` is the secret where it came out of the LMS's storage and not in the
    cookie. The caller has made sure that a page of our own sent it: whoever began
    a login knows its secret, and could make somebody else's browser send it.
    """
    if "\0" in state:
        return None
    kept = cookie_secret(state, request)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM lti_loginstate WHERE state = %s AND binding = %s AND expires > %s "
            "RETURNING registration_id, nonce, target_link_uri, deployment_id",
            [state, _digest(kept or stored), timezone.now()],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    registration = Registration.objects.get(pk=row[0])
    if not registration.is_active:
        raise Refusal("unknown_platform", "the registration was switched off")
    return Spent(state, bool(kept), registration, *row[1:])


def _own(target: str) -> None:
    launch = urlsplit(launch_url())
    try:
        path = urlsplit(target).path
    except ValueError:
        path = ""
    if origin(target) != origin(launch.geturl()) or path != launch.path or "\\" in target or len(target) > 2000:
        raise Refusal("foreign_target", "target_link_uri is not this tool's launch URL")


def _storage_target(given: dict) -> str:
    """The frame that keeps values for us, as the login names it; '' where there is none or it may not be used."""
    target = given.get("lti_storage_target") or ""
    usable = settings.COOKIELESS and len(target) <= 255 and target.isprintable() and target.strip()
    return target if usable else ""


def _registration(issuer: str, client_id: str) -> Registration:
    found = Registration.objects.filter(issuer=issuer, is_active=True)
    if client_id:
        found = found.filter(client_id=client_id)
    found = list(found[:2])
    if len(found) > 1:
        raise Refusal("ambiguous_client", "client_id is missing, and this issuer has several registrations")
    if not found:
        raise Refusal("unknown_platform", "no active registration for this issuer and client_id")
    return found[0]


def _open_deployment(registration: Registration, deployment_id: str) -> None:
    if not deployment_id:
        return
    known = registration.deployments.filter(deployment_id=deployment_id).first()
    if known is None and not registration.learns_deployments:
        raise Refusal("deployment_refused", "this registration takes no new deployments")
    if known is not None and not known.is_active:
        raise Refusal("deployment_refused", "the deployment is switched off")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
