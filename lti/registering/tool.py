"""What the tool says of itself to a platform, in one place and in each platform's form."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse

from lti.deep_linking import HISTORY

TITLE = "Coaching conversations"
DESCRIPTION = (
    "Learners practise a difficult conversation with an AI persona, by voice or in writing. "
    "Each is scored from what was said, and the grade goes to the gradebook."
)

_AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
LINEITEM = _AGS + "lineitem"
LINEITEM_READONLY = _AGS + "lineitem.readonly"
RESULT_READONLY = _AGS + "result.readonly"
SCORE = _AGS + "score"
MEMBERSHIP_READONLY = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"

# What it means for people when a scope is not granted.
SCOPES = {
    SCORE: "No grades can be sent: the tool may not write scores.",
    LINEITEM: (
        "The tool cannot make or change columns in the gradebook. "
        "Where the LMS makes no column itself, no grades can be sent."
    ),
    LINEITEM_READONLY: "The tool cannot look up the gradebook's columns.",
    RESULT_READONLY: "The tool cannot see grades that were changed in the LMS.",
    MEMBERSHIP_READONLY: "Instructors see only learners who have opened the activity, not the whole course.",
}
CLAIMS = ("iss", "sub", "name", "given_name", "family_name")  # no e-mail address: nothing here needs one
CUSTOM = HISTORY  # where a copied course and its activities come from, as far as the platform says

RESOURCE_LINK = "LtiResourceLinkRequest"
DEEP_LINKING = "LtiDeepLinkingRequest"
SUBMISSION_REVIEW = "LtiSubmissionReviewRequest"
# Where a platform shows its instructors the way to choose an activity: Canvas's names, then Moodle's and the spec's.
_PLACEMENTS = ("assignment_selection", "link_selection", "ContentArea")
_CANVAS_TEXT = {"assignment_selection": TITLE, "link_selection": TITLE}

_TOOL_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-tool-configuration"
_PLATFORM_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-platform-configuration"
_CANVAS = "https://canvas.instructure.com/lti/"


@dataclass(frozen=True)
class Address:
    """One of the tool's URLs, with the names that platforms' forms have for it."""

    name: str
    url: str
    known_as: str


def launch_url() -> str:
    """Opens activities and Deep Linking alike; redirect URI and default target link URI."""
    return settings.URL + reverse("lti:launch")


def login_url() -> str:
    return settings.URL + reverse("lti:login")


def jwks_url() -> str:
    return settings.URL + reverse("lti:jwks")


def canvas_key_url() -> str:
    return settings.URL + reverse("lti:canvas_key")


def logo_url() -> str:
    return settings.URL + static("logo.svg")


def domain() -> str:
    return urlsplit(settings.URL).netloc


def addresses() -> tuple[Address, ...]:
    """Every URL that a platform's form may ask for."""
    launch = launch_url()
    return (
        Address("Launch URL", launch, "Tool URL, target link URI, LTI link"),
        Address("Login URL", login_url(), "Initiate login URL, OIDC initiation URL, OpenID Connect login URL"),
        Address("Redirect URI", launch, "Redirection URI, tool redirect URL"),
        Address("Deep Linking URL", launch, "Content selection URL"),
        Address("Key set URL", jwks_url(), "Public keyset, public JWK URL, JWKS URL"),
        Address("Logo URL", logo_url(), "Icon URL"),
        Address("Canvas JSON key", canvas_key_url(), "JSON URL of an LTI key in Canvas"),
    )


def canvas_key() -> dict:
    """The JSON of an LTI 1.3 developer key in Canvas."""
    placements = [
        {
            "placement": placement,
            "message_type": DEEP_LINKING,
            "target_link_uri": launch_url(),
            "text": text,
            "icon_url": logo_url(),
            "enabled": True,
            "selection_width": 900,
            "selection_height": 700,
        }
        for placement, text in _CANVAS_TEXT.items()
    ]
    return {
        "title": TITLE,
        "description": DESCRIPTION,
        "oidc_initiation_url": login_url(),
        "target_link_uri": launch_url(),
        "public_jwk_url": jwks_url(),
        "scopes": list(SCOPES),
        "custom_fields": dict(CUSTOM),
        "extensions": [
            {
                "platform": "canvas.instructure.com",
                "domain": domain(),
                "tool_id": "coachtool",
                "privacy_level": "name_only",
                "settings": {"text": TITLE, "icon_url": logo_url(), "placements": placements},
            }
        ],
    }


def registration_request(configuration: dict) -> dict:
    """The client registration to send (LTI Dynamic Registration 1.0, section 3.5; OpenID Connect Registration 1.0).

    `configuration` is the platform's openid-configuration. What it does not
    support is not asked for: Canvas refuses a registration with a message or
    placement that it does not know.
    """
    platform = configuration.get(_PLATFORM_CONFIGURATION)
    platform = platform if isinstance(platform, dict) else {}
    supported = configuration.get("scopes_supported")
    scopes = [scope for scope in SCOPES if not isinstance(supported, list) or scope in supported]
    tool = {
        "domain": domain(),
        "description": DESCRIPTION,
        "target_link_uri": launch_url(),
        "custom_parameters": dict(CUSTOM),
        "claims": list(CLAIMS),
        "messages": _messages(platform.get("messages_supported")),
    }
    if platform.get("product_family_code") == "canvas":
        tool |= {_CANVAS + "privacy_level": "name_only", _CANVAS + "tool_id": "coachtool"}
    return {
        "application_type": "web",
        "grant_types": ["client_credentials", "implicit"],
        "response_types": ["id_token"],
        "redirect_uris": [launch_url()],
        "initiate_login_uri": login_url(),
        "client_name": TITLE,
        "client_uri": settings.URL,
        "logo_uri": logo_url(),
        "jwks_uri": jwks_url(),
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join(scopes),
        _TOOL_CONFIGURATION: tool,
    }


def _messages(supported: object) -> list[dict]:
    """The tool's messages, as far as the platform lists them; all where it lists none."""
    listed = supported if isinstance(supported, list) else [{"type": DEEP_LINKING}, {"type": SUBMISSION_REVIEW}]
    offers = {
        entry["type"]: entry for entry in listed if isinstance(entry, dict) and isinstance(entry.get("type"), str)
    }
    common = {"target_link_uri": launch_url(), "label": TITLE, "icon_uri": logo_url()}
    messages = [{"type": RESOURCE_LINK, **common}]
    if DEEP_LINKING in offers:
        there = offers[DEEP_LINKING].get("placements")
        chosen = [name for name in _PLACEMENTS if isinstance(there, list) and name in there]
        messages.append({"type": DEEP_LINKING, **common} | ({"placements": chosen} if chosen else {}))
    if SUBMISSION_REVIEW in offers:
        messages.append({"type": SUBMISSION_REVIEW, **common})
    return messages
