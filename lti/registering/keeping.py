"""Putting a registration on record, and who may change one that is there."""

from dataclasses import dataclass

from django.db import transaction

from lti.models import Invitation, Registration
from lti.placement import learn_deployment


@dataclass(frozen=True)
class Platform:
    """A platform's side of a registration, checked."""

    issuer: str
    client_id: str
    auth_login_url: str
    auth_token_url: str
    jwks_url: str = ""
    jwks: dict | None = None
    audience: str = ""
    name: str = ""
    product: str = ""
    scopes: tuple[str, ...] = ()  # empty: unknown
    registration_client_uri: str = ""
    deployments: tuple[str, ...] = ()
    learns_deployments: bool = True


class Taken(Exception):
    """Issuer and client id are registered, and not by this invitation; or the client id is, at another issuer."""


class OtherPlatform(Exception):
    """This invitation has connected another platform, whose issuer is `issuer`."""

    def __init__(self, issuer: str):
        super().__init__(issuer)
        self.issuer = issuer


@transaction.atomic
def keep(
    platform: Platform, by: Registration.By, invitation: Invitation | None = None, replaces: bool = False
) -> tuple[Registration, bool]:
    """Register `platform`, or bring its registration up to date; whether it is new.

    Without an invitation a new registration is inactive. An existing one may be
    changed by the invitation that made it, or by anybody while it is inactive,
    and stays as active as it was. `replaces`: the invitation's registration
    becomes this one even if its client id changes, as when a typing error is put
    right. Raises Taken or OtherPlatform.
    """
    own = _own(invitation)
    if own is not None and own.issuer != platform.issuer and (not replaces or own.deployments.exists()):
        raise OtherPlatform(own.issuer)
    if (
        Registration.objects.filter(client_id=platform.client_id, is_active=True)
        .exclude(issuer=platform.issuer)
        .exists()
    ):
        # Whoever says that our client id at another's platform is ours at theirs could have us ask that platform
        # for an access token, and send it to them as if it were theirs. Client ids are random: honest ones differ.
        raise Taken
    found = (
        Registration.objects.select_for_update().filter(issuer=platform.issuer, client_id=platform.client_id).first()
    )
    if found is not None and found != own and found.is_active:
        raise Taken
    registration = found or (own if replaces else None)
    made = registration is None
    if registration is None:
        registration = Registration(is_active=invitation is not None)
    if registration.jwks_url != platform.jwks_url or not platform.jwks_url:
        registration.jwks, registration.jwks_fetched = platform.jwks, None
    registration.registered_by = by
    for name in (
        "issuer",
        "client_id",
        "auth_login_url",
        "auth_token_url",
        "jwks_url",
        "audience",
        "registration_client_uri",
        "learns_deployments",
    ):
        setattr(registration, name, getattr(platform, name))
    for name in ("name", "product"):
        setattr(registration, name, getattr(platform, name) or getattr(registration, name))
    registration.scopes = list(platform.scopes) or registration.scopes
    registration.save()
    for deployment_id in platform.deployments:
        learn_deployment(registration, deployment_id)
    if invitation is not None:
        Invitation.objects.filter(pk=invitation.pk).update(registration=registration)
        invitation.registration = registration
    return registration, made


def _own(invitation: Invitation | None) -> Registration | None:
    """What the invitation has registered so far, read under a lock: it may be used twice at the same moment."""
    if invitation is None:
        return None
    locked = Invitation.objects.select_for_update().get(pk=invitation.pk)
    return Registration.objects.filter(pk=locked.registration_id).first()
