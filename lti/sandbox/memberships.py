"""The course's people: Names and Role Provisioning Services 2.0 for the tool, and a page to change them on.

Everybody with an account is a member of every course until taken out of it.
"""

import json
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from lti.sandbox import people, platform
from lti.sandbox.judge import Wrong, judged
from lti.sandbox.models import Course, Member, ResourceLink, ToolClient, User
from lti.sandbox.tokens import require_scope

CLAIM = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
SCOPE = platform.NRPS
MEDIA_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
PAGE = 50  # members on one page at most
_ROLE = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
_STATUSES = [status.value for status in Member.Status]


def claim(course: Course, client: ToolClient) -> dict:
    """The launch's claim that says where the roster is; empty for a tool that may not read it."""
    if SCOPE not in client.scopes:
        return {}
    return {CLAIM: {"context_memberships_url": platform.url(_path(course.pk)), "service_versions": ["2.0"]}}


@judged("memberships")
def service(request: HttpRequest, course_id: int) -> HttpResponse:
    """The roster, page by page (section 2.4); with `since` what has changed after an earlier reading (2.5.5)."""
    if request.method != "GET":
        raise Wrong(405, "memberships takes GET only")
    require_scope(request, SCOPE)
    accepted = {entry.partition(";")[0].strip() for entry in request.headers.get("Accept", "").split(",")}
    if MEDIA_TYPE not in accepted:
        raise Wrong(406, f"Accept does not name {MEDIA_TYPE}")
    course = Course.objects.filter(pk=course_id).first()
    if course is None:
        raise Wrong(404, "there is no such course")
    rl, role = request.GET.get("rl", ""), request.GET.get("role", "")
    if rl and not (rl.isdecimal() and ResourceLink.objects.filter(pk=int(rl), course=course).exists()):
        raise Wrong(404, "rl is no resource link of this course")
    members = list_all(course)
    newest = members.aggregate(newest=Max("revision"))["newest"] or 0
    since = _number(request, "since", 0)
    if since > newest:
        raise Wrong(404, "since is no revision that was ever given")
    members = members.filter(revision__gt=since) if since else members.exclude(status=Member.Status.DELETED)
    if role:
        members = members.filter(user__instructor=role.removeprefix(_ROLE) == "Instructor")
    offset = _number(request, "offset", 0)
    size = min(_number(request, "limit", PAGE), PAGE)
    page = list(members.order_by("pk")[offset : offset + size + 1])
    response = JsonResponse(
        {
            "id": platform.url(request.get_full_path()),
            "context": {"id": str(course.pk), "label": course.label, "title": course.title},
            "members": [_as_json(member) for member in page[:size]],
        },
        content_type=MEDIA_TYPE,
    )
    links = [f'<{platform.url(_path(course_id))}?since={newest}>; rel="differences"']
    if len(page) > size:
        asked = {name: request.GET[name] for name in ("since", "limit", "rl", "role") if name in request.GET}
        further = urlencode(asked | {"offset": offset + size})
        links.insert(0, f'<{platform.url(_path(course_id))}?{further}>; rel="next"')
    response.headers["Link"] = ", ".join(links)
    return response


@never_cache
@csrf_exempt  # forms need the instructor's session, whose cookie other sites' pages do not get to send
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, course_id: int) -> HttpResponse:
    """Who is in the course, and for the instructor the buttons to change it. Programs POST JSON."""
    course = get_object_or_404(Course, pk=course_id)
    if request.method == "POST" and request.content_type == "application/json":
        return _change_by_program(request, course)
    viewer = people.viewer(request)
    if viewer is None:
        return redirect("home")
    if request.method == "POST" and not viewer.instructor:
        return HttpResponse("Only the instructor changes who is in the course.", status=403, content_type="text/plain")
    if request.method == "POST":
        user = get_object_or_404(User, username=request.POST.get("username", ""))
        if request.POST.get("status") in _STATUSES:
            change(course, user, status=request.POST["status"])
        return redirect("members", course.pk)
    members = list_all(course).order_by("-user__instructor", "pk")
    return render(request, "sandbox/members.html", {"course": course, "members": members})


@never_cache
@require_GET
def members_json(request: HttpRequest, course_id: int) -> HttpResponse:
    """The same for programs."""
    course = get_object_or_404(Course, pk=course_id)
    members = [_as_json(member) for member in list_all(course).order_by("pk")]
    return JsonResponse({"course": course.pk, "members": members})


def list_all(course: Course) -> QuerySet[Member]:
    """All memberships, those of accounts that are new here made first."""
    new = User.objects.exclude(memberships__course=course).order_by("pk")
    if new.exists():
        with transaction.atomic():
            revision = _next_revision(course)
            Member.objects.bulk_create(
                [Member(course=course, user=user, revision=revision) for user in new], ignore_conflicts=True
            )
    return Member.objects.filter(course=course).select_related("user")


def change(course: Course, user: User, *, status: str = "", given_name: str = "", family_name: str = "") -> Member:
    """Change somebody's membership or name; the next differences tell of it."""
    list_all(course)
    with transaction.atomic():
        revision = _next_revision(course)
        for name, value in (("given_name", given_name), ("family_name", family_name)):
            if value:
                setattr(user, name, value)
        user.save()
        member = Member.objects.get(course=course, user=user)
        member.status, member.revision = status or member.status, revision
        member.save()
        return member


def _change_by_program(request: HttpRequest, course: Course) -> HttpResponse:
    """`{"username", "status", "given_name", "family_name"}`, or `{"learners": n}` to have learner1 to learner<n>."""
    try:
        asked = json.loads(request.body)
        if "learners" in asked:
            named = [people.find_or_make(f"learner{number}") for number in range(1, int(asked["learners"]) + 1)]
            if None in named:
                raise ValueError(f"at most {people.LEARNERS} learners")
            return JsonResponse({"members": list_all(course).count()}, status=201)
        status = asked.get("status", "")
        user = people.find_or_make(asked["username"])
        if user is None or status not in ("", *_STATUSES):
            raise ValueError(f"username is unknown, or status none of {', '.join(_STATUSES)}")
        names = {name: str(asked.get(name, "")) for name in ("given_name", "family_name")}
        member = change(course, user, status=status, **names)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        return JsonResponse({"error": f"not a change: {problem}"}, status=400)
    return JsonResponse(_as_json(member))


def _next_revision(course: Course) -> int:
    Course.objects.select_for_update().get(pk=course.pk)
    newest = Member.objects.filter(course=course).aggregate(newest=Max("revision"))["newest"]
    return (newest or 0) + 1


def _number(request: HttpRequest, name: str, missing: int) -> int:
    value = request.GET.get(name)
    if value is None:
        return missing
    if not value.isdecimal() or (name == "limit" and int(value) == 0):
        raise Wrong(400, f"{name} is not a number it can be")
    return int(value)


def _path(course_id: int) -> str:
    return f"/lti/courses/{course_id}/memberships"


def _as_json(member: Member) -> dict:
    user = member.user
    return {
        "status": member.status,
        "user_id": user.sub,
        "name": str(user),
        "given_name": user.given_name,
        "family_name": user.family_name,
        "email": f"{user.username}@example.invalid",
        "roles": [_ROLE + ("Instructor" if user.instructor else "Learner")],
    }
