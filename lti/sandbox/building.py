"""What the instructor does to a course: take an activity away, copy everything, type a grade, read a submission."""

from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from lti.sandbox import clients, gradebook, oidc, people
from lti.sandbox.deep_linking import slug_for
from lti.sandbox.models import Course, Launch, LineItem, ResourceLink, User


@csrf_exempt  # here and below: the session's cookie does not come along with other sites' forms
@require_POST
def remove_link(request: HttpRequest, course_id: int, slug: str) -> HttpResponse:
    """Take an activity out of the course, its column and grades with it."""
    _instructor(request)
    get_object_or_404(ResourceLink, slug=slug, course_id=course_id).delete()
    return redirect("course", course_id)


@csrf_exempt
@require_POST
def copy_course(request: HttpRequest, course_id: int) -> HttpResponse:
    """A new course with the same activities and columns, and nobody's grades, as a new term begins with."""
    _instructor(request)
    return redirect("course", copy(get_object_or_404(Course, pk=course_id)).pk)


@transaction.atomic
def copy(course: Course) -> Course:
    """As Moodle and Canvas do it: links keep their custom parameters, columns their resourceId and tag."""
    number = Course.objects.count() + 1
    made = Course.objects.create(
        label=f"{course.label[:40]}-{number}",
        title=f"{course.title.partition(' (copy')[0]} (copy {number})",
        history=[course.pk, *course.history],
    )
    for link in course.links.order_by("pk"):
        items = list(link.items.all())
        history = [link.pk, *link.history]
        link.pk, link.course, link.slug, link.history = None, made, slug_for(link.title), history
        link._state.adding = True
        link.save()
        for item in items:
            item.pk, item.course, item.link = None, made, link
            item._state.adding = True
            item.save()
    return made


@csrf_exempt
@require_POST
def type_grade(request: HttpRequest, course_id: int, item_id: int, username: str) -> HttpResponse:
    """The instructor's own grade in a cell of the gradebook; an empty one takes it away."""
    _instructor(request)
    item = get_object_or_404(LineItem, pk=item_id, course_id=course_id)
    learner = get_object_or_404(User, username=username, instructor=False)
    typed = request.POST.get("points", "").strip().replace(",", ".")
    problem = ""
    try:
        gradebook.type_grade(item, learner, float(typed) if typed else None)
    except ValueError:
        problem = f"{learner}: type a number from 0 to {item.maximum:g}, or nothing."
    query = f"?{urlencode({'problem': problem})}" if problem else ""
    return redirect(reverse("gradebook", args=[course_id]) + query)


@never_cache
@require_GET
def review(request: HttpRequest, course_id: int, item_id: int, username: str) -> HttpResponse:
    """What a learner did for a column, in a frame."""
    _viewer(request)
    item, learner = _reviewable(course_id, item_id, username)
    allow = "; ".join(f"{feature} {settings.TOOL_URL}" for feature in ("microphone", "camera", "autoplay"))
    context = {"course": item.course, "item": item, "learner": learner, "allow": allow}
    return render(request, "sandbox/review.html", context)


@never_cache
@require_GET
def review_launch(request: HttpRequest, course_id: int, item_id: int, username: str) -> HttpResponse:
    """Open it at the tool (LTI Submission Review 1.0)."""
    user = _viewer(request)
    item, learner = _reviewable(course_id, item_id, username)
    client = clients.find(item.link.client if item.link else "")
    if client is None:
        raise Http404
    return oidc.send(
        request,
        client,
        title=item.label,
        message=Launch.Message.SUBMISSION_REVIEW,
        user=user,
        course=item.course,
        link=item.link,
        item=item,
        about=learner,
        target=item.submission_review.get("url", ""),
    )


def _viewer(request: HttpRequest) -> User:
    user = people.viewer(request)
    if user is None:
        raise Http404
    return user


def _instructor(request: HttpRequest) -> User:
    user = _viewer(request)
    if not user.instructor:
        raise Http404
    return user


def _reviewable(course_id: int, item_id: int, username: str) -> tuple[LineItem, User]:
    items = LineItem.objects.select_related("course", "link").filter(submission_review__isnull=False)
    return (
        get_object_or_404(items, pk=item_id, course_id=course_id),
        get_object_or_404(User, username=username, instructor=False),
    )
