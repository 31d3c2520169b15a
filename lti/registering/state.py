"""How a registration stands, for the administrator who made it."""

from dataclasses import dataclass
from datetime import datetime

from coachtool.attempts.models import Course
from lti import platform_keys
from lti.models import Deployment, GradeService, Registration
from lti.registering import tool

_AGS_SCOPES = (tool.SCORE, tool.LINEITEM, tool.LINEITEM_READONLY, tool.RESULT_READONLY)


@dataclass(frozen=True)
class State:
    """`keys`: how many of the platform's keys can sign a launch; `missing`: what is not granted, in plain words."""

    registration: Registration
    keys: int
    keys_fetched: datetime | None
    granted_known: bool
    missing: tuple[tuple[str, str], ...]  # scope, what that means
    deployments: tuple[Deployment, ...]
    launched: bool
    hints: tuple[str, ...]


def state(registration: Registration) -> State:
    granted = _granted(registration)
    launched = Course.objects.filter(tenant__deployment__registration=registration).exists()
    return State(
        registration=registration,
        keys=len(platform_keys.usable(registration.jwks)),
        keys_fetched=registration.jwks_fetched,
        granted_known=bool(granted),
        missing=missing(granted),
        deployments=tuple(registration.deployments.order_by("pk")),
        launched=launched,
        hints=() if launched else hints(registration),
    )


def missing(granted: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """The scopes that the tool asks for and has not got, each with what it means; () while nothing is known."""
    if not granted:
        return ()
    # Whoever may write line items may read them.
    implied = granted | ({tool.LINEITEM_READONLY} if tool.LINEITEM in granted else frozenset())
    return tuple((scope, meaning) for scope, meaning in tool.SCOPES.items() if scope not in implied)


def hints(registration: Registration) -> tuple[str, ...]:
    """What is left to do in the LMS before the first launch."""
    if registration.product == "moodle" and registration.registered_by == Registration.By.DYNAMIC:
        return (
            "In Moodle the tool waits to be activated: Site administration → Plugins → Activity modules → "
            "External tool → Manage tools, then Activate on its card.",
        )
    if registration.product == "canvas" and registration.registered_by == Registration.By.DYNAMIC:
        return ("In Canvas, look through what the tool asks for, then choose Enable & Close.",)
    if registration.product == "canvas":
        return (
            "In Canvas, switch the developer key on, then add the app to an account or a course with its client ID.",
        )
    return ()


def _granted(registration: Registration) -> frozenset[str]:
    """As the newest launch with grades said; before that, as the registration did."""
    granted = frozenset(registration.scopes)
    newest = GradeService.objects.filter(registration=registration).order_by("-pk").first()
    if newest is None or not newest.scopes:
        return granted
    # A launch speaks of grades only; what it says nothing about stays.
    others = granted - frozenset(_AGS_SCOPES) if granted else frozenset({tool.MEMBERSHIP_READONLY})
    return frozenset(newest.scopes) | others
