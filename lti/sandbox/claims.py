"""The claims of each message, as Moodle 4.5 makes them, with custom variables filled in."""

from urllib.parse import quote

from django.conf import settings

from lti.sandbox import memberships, platform
from lti.sandbox.models import Launch, ResourceLink, ToolClient, User

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
DEEP_LINKING = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
_MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"


def of(launch: Launch, client: ToolClient) -> dict:
    """What the id_token of this launch says, apart from issuer, audience, nonce and time."""
    course, user = launch.course, launch.user
    claims = {
        LTI + "version": "1.3.0",
        LTI + "message_type": launch.message,
        LTI + "deployment_id": client.deployment_id,
        LTI + "target_link_uri": launch.target or client.target_link_uri,
        LTI + "roles": [_MEMBERSHIP + ("Instructor" if user.instructor else "Learner")],
        LTI + "context": {
            "id": str(course.pk),
            "label": course.label,
            "title": course.title,
            "type": ["CourseSection"],
        },
        LTI + "lis": {"person_sourcedid": "", "course_section_sourcedid": ""},
        LTI + "ext": {"user_username": user.username, "lms": "sandbox"},
        LTI + "launch_presentation": {
            "locale": "en",
            "document_target": "iframe",
            "return_url": platform.url(f"/courses/{course.pk}/"),
        },
        LTI + "tool_platform": {
            "product_family_code": "coachtool-sandbox",
            "version": "1",
            "guid": "coachtool-sandbox",
            "name": "Sandbox LMS",
        },
        "sub": user.sub,
        "given_name": user.given_name,
        "family_name": user.family_name,
        "name": str(user),
        "email": f"{user.username}@example.invalid",
        AGS: _endpoint(launch, client),
        **memberships.claim(course, client),
    }
    if launch.link is not None:
        link = launch.link
        claims[LTI + "resource_link"] = {"title": link.title, "description": link.description, "id": str(link.pk)}
        claims[LTI + "custom"] = filled_in(link, user)
    if launch.message == Launch.Message.DEEP_LINKING:
        del claims[LTI + "launch_presentation"]["return_url"]  # as Moodle; the settings say where to go
        claims[DEEP_LINKING] = launch.picking.settings
    if launch.message == Launch.Message.SUBMISSION_REVIEW:
        about = launch.about
        claims[LTI + "for_user"] = {
            "user_id": about.sub,
            "name": str(about),
            "given_name": about.given_name,
            "family_name": about.family_name,
            "roles": [_MEMBERSHIP + "Learner"],
        }
    return claims


def filled_in(link: ResourceLink, user: User) -> dict[str, str]:
    """The link's custom parameters; a variable that this platform does not know stays as it is (LTI Core 1.3, 6.1)."""
    course = link.course
    variables = {
        "$ResourceLink.id": str(link.pk),
        "$ResourceLink.title": link.title,
        "$ResourceLink.id.history": _history(link.history),
        "$Context.id": str(course.pk),
        "$Context.title": course.title,
        "$Context.id.history": _history(course.history),
        "$User.id": user.sub,
        "$Person.name.full": str(user),
    }
    return {name: variables.get(value, value) for name, value in link.custom.items()}


def _history(ids: list[int]) -> str:
    return ",".join(quote(str(each), safe="") for each in ids)


def _endpoint(launch: Launch, client: ToolClient) -> dict:
    lineitems = platform.url(f"/lti/courses/{launch.course_id}/lineitems")
    query = f"?type_id={settings.DEPLOYMENT_ID}"
    endpoint = {
        "scope": [scope for scope in client.scopes if scope.startswith(platform.AGS)],
        "lineitems": lineitems + query,
    }
    item = launch.item or (launch.link.item if launch.link is not None else None)
    return endpoint | ({"lineitem": f"{lineitems}/{item.pk}/lineitem{query}"} if item is not None else {})
