"""What people see of the sandbox LMS, and what programs ask it."""

import json
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from lti.sandbox import gradebook as grades
from lti.sandbox import judge, people, platform, storage
from lti.sandbox.models import Course, Fault, Habits, ResourceLink, User, Verdict

_ENDPOINTS = ("auth", "token", "configuration", "registration", "lineitem", "scores", "results", "memberships")


@never_cache
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Who do you want to be?"""
    users = list(User.objects.all())
    learners = sorted((user for user in users if not user.instructor), key=lambda user: user.number)
    return render(
        request,
        "sandbox/home.html",
        {
            "course": Course.objects.order_by("pk").first(),
            "instructors": [user for user in users if user.instructor],
            "learners": learners[:3],
            "more": learners[3:],
        },
    )


@never_cache
@require_GET
def sign_in(request: HttpRequest, username: str) -> HttpResponse:
    """Be this person from now on."""
    user = people.find_or_make(username)
    if user is None:
        raise Http404
    if request.session.get("username") != user.username:  # a launch in another tab may still name this session
        request.session.cycle_key()
        request.session["username"] = user.username
    first = Course.objects.order_by("pk").first()
    return redirect("course", first.pk) if first else redirect("home")


@never_cache
@require_GET
def course(request: HttpRequest, course_id: int) -> HttpResponse:
    """The course's activities."""
    user = people.viewer(request)
    if user is None:
        return redirect("home")
    found = get_object_or_404(Course, pk=course_id)
    mine = {row.item.link_id: row for row in grades.rows(found, user)} if not user.instructor else {}
    links = [(link, mine.get(link.pk)) for link in found.links.prefetch_related("items").order_by("pk")]
    others = Course.objects.exclude(pk=found.pk).order_by("pk")
    return render(request, "sandbox/course.html", {"course": found, "links": links, "others": others})


@never_cache
@require_GET
def activity(request: HttpRequest, course_id: int, slug: str) -> HttpResponse:
    """The activity in a frame, with the permissions that Moodle gives one; `?storage=` as in storage.py."""
    if people.viewer(request) is None:
        return redirect("home")
    link = get_object_or_404(ResourceLink.objects.select_related("course"), slug=slug, course_id=course_id)
    allow = platform.frame_permissions()
    manner = request.GET.get("storage", "")
    asked = {"client": request.GET.get("client", ""), "storage": manner if storage.target(manner) else ""}
    query = urlencode({name: value for name, value in asked.items() if value})
    shown = {"course": link.course, "link": link, "allow": allow, "query": query, "storage": storage.told(manner)}
    return render(request, "sandbox/activity.html", shown)


@never_cache
@require_GET
def gradebook(request: HttpRequest, course_id: int) -> HttpResponse:
    """The grades: everybody's for the instructor, one's own for a learner."""
    user = people.viewer(request)
    if user is None:
        return redirect("home")
    found = get_object_or_404(Course, pk=course_id)
    shown = {"course": found, "rows": grades.rows(found, user), "problem": request.GET.get("problem", "")[:200]}
    return render(request, "sandbox/gradebook.html", shown)


@never_cache
@require_GET
def gradebook_json(request: HttpRequest, course_id: int) -> HttpResponse:
    """The same for programs."""
    user = people.viewer(request)
    if user is None:
        return JsonResponse({"error": "sign in at /as/<username>/ first"}, status=401)
    found = get_object_or_404(Course, pk=course_id)
    return JsonResponse(
        {
            "course": {"id": found.pk, "title": found.title},
            "rows": [row.as_json for row in grades.rows(found, user)],
        }
    )


@never_cache
@require_GET
def course_json(request: HttpRequest, course_id: int) -> HttpResponse:
    """The course's activities for programs: where each is shown and launched."""
    found = get_object_or_404(Course, pk=course_id)
    links = [
        {
            "slug": link.slug,
            "title": link.title,
            "activity": link.custom.get("activity", ""),
            "page": f"{settings.URL}/courses/{found.pk}/links/{link.slug}/",
            "launch": f"{settings.URL}/courses/{found.pk}/links/{link.slug}/launch/",
        }
        for link in found.links.order_by("pk")
    ]
    return JsonResponse({"id": found.pk, "title": found.title, "links": links})


@never_cache
@require_GET
def verdicts(request: HttpRequest) -> HttpResponse:
    """What the tool did wrong; empty is good."""
    return render(request, "sandbox/verdicts.html", {"verdicts": Verdict.objects.order_by("-pk")[:500]})


@never_cache
@require_GET
def verdicts_json(request: HttpRequest) -> HttpResponse:
    """The same for programs, oldest first."""
    found = Verdict.objects.values("at", "endpoint", "status", "problem")
    return JsonResponse({"verdicts": list(found)})


@csrf_exempt  # the required media type keeps other sites' pages from sending it
def faults(request: HttpRequest) -> HttpResponse:
    """POST asks for faults to come, DELETE forgets those that are left."""
    if request.method == "DELETE":
        Fault.objects.all().delete()
        return JsonResponse({"faults": 0})
    if request.method != "POST":
        return JsonResponse({"faults": list(Fault.objects.filter(times__gt=0).values())})
    if request.content_type != "application/json":
        return JsonResponse({"error": "send application/json"}, status=415)
    try:
        asked = json.loads(request.body)
        if asked["endpoint"] not in _ENDPOINTS:
            raise ValueError(f"endpoint is one of {', '.join(_ENDPOINTS)}")
        judge.command(asked)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        return JsonResponse({"error": f"not a fault: {problem}"}, status=400)
    return JsonResponse({"faults": Fault.objects.filter(times__gt=0).count()}, status=201)


@csrf_exempt  # as above
def habits(request: HttpRequest) -> HttpResponse:
    """POST {"curly_links": true, "page_size": 2} changes how lists are paged; DELETE goes back to how it was."""
    if request.method == "DELETE":
        Habits.objects.all().delete()
    elif request.method == "POST" and request.content_type == "application/json":
        try:
            asked = json.loads(request.body)
            changed = {"curly_links": bool(asked.get("curly_links")), "page_size": int(asked.get("page_size", 50))}
            if changed["page_size"] < 1:
                raise ValueError("page_size is at least 1")
        except (ValueError, TypeError, AttributeError) as problem:
            return JsonResponse({"error": f"not habits: {problem}"}, status=400)
        Habits.objects.update_or_create(pk=1, defaults=changed)
    elif request.method != "GET":
        return JsonResponse({"error": "send application/json"}, status=415)
    found = Habits.objects.first() or Habits()
    return JsonResponse({"curly_links": found.curly_links, "page_size": found.page_size})


@never_cache
@require_GET
def health(request: HttpRequest) -> HttpResponse:
    """200 once the database answers and the course is there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sandbox_course")
        seeded = cursor.fetchone()[0] > 0
    return JsonResponse({"ready": seeded}, status=200 if seeded else 503)
