"""The course's documents: what is in a collection, what was read of it and what not, and what it answers."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from coachtool.attempts.access import admitted
from coachtool.attempts.models import Course, Person
from coachtool.site.responses import SeeOther
from knowledge import actions, reach, shown, trial
from knowledge.actions import Refused
from knowledge.forms import AddressForm, CollectionForm, QuestionForm, refuse
from knowledge.library import Library
from knowledge.models import Collection

# Collections


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@admitted("instructor", anywhere=True)
def collections(request: HttpRequest) -> HttpResponse:
    """What the course may draw on; a POST begins a new collection of its own."""
    visit = request.visit
    course = Course.objects.select_related("tenant").get(pk=visit.course_id)
    form = CollectionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create_collection(course.tenant, course, form.cleaned_data["name"], _me(request))
            return SeeOther(_url(request, made))
        except Refused as refused:
            refuse(form, refused)
    found = shown.counted(reach.of_course(course.pk))
    context = {
        "course": course,
        "own": [each for each in found if each.course_id],
        "shared": [each for each in found if not each.course_id],
        "form": form,
    }
    return render(request, "knowledge/collections.html", context, status=422 if form.errors else 200)


@require_safe
@never_cache
@admitted("instructor", anywhere=True)
def collection(request: HttpRequest, collection_id: UUID) -> HttpResponse:
    """What is in a collection, and the ways to add to it."""
    return _collection(request, reach.readable(request.visit, collection_id))


def _collection(request: HttpRequest, found: Collection, *, status: int = 200, **forms) -> HttpResponse:
    context = {
        "collection": found,
        "own": reach.is_own(request.visit, found),
        "listing": shown.listing(found),
        "uses": shown.used_by(found),
        "naming": CollectionForm({"name": found.name}),
        "address": AddressForm(),
        "asking": QuestionForm(),
        "largest": settings.DOCUMENT_MB,
        **forms,
    }
    return render(request, "knowledge/collection.html", context, status=status)


@require_POST
@admitted("instructor", anywhere=True)
def rename(request: HttpRequest, collection_id: UUID) -> HttpResponse:
    """Give a collection another name."""
    found = reach.own(request.visit, collection_id)
    form = CollectionForm(request.POST)
    if form.is_valid():
        try:
            actions.rename(found, form.cleaned_data["name"])
            return SeeOther(_url(request, found))
        except Refused as refused:
            refuse(form, refused)
            found.refresh_from_db()
    return _collection(request, found, naming=form, status=422)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@admitted("instructor", anywhere=True)
def delete_collection(request: HttpRequest, collection_id: UUID) -> HttpResponse:
    """Ask first, saying what it affects; then delete the collection with all that was read."""
    found = reach.own(request.visit, collection_id)
    if request.method == "POST":
        actions.delete_collection(found)
        messages.success(request, f"“{found.name}” and everything that was read of it is deleted.")
        return SeeOther(reverse("knowledge:collections", args=[request.visit.id]))
    context = {"collection": found, "listing": shown.listing(found), "uses": shown.used_by(found)}
    return render(request, "knowledge/delete.html", context)


# Adding


@require_POST
@admitted("instructor", anywhere=True)
def add_files(request: HttpRequest, collection_id: UUID) -> HttpResponse:
    """Take files in, each by itself: one that is refused keeps no other out."""
    found = reach.own(request.visit, collection_id)
    files, person = request.FILES.getlist("files"), _me(request)
    refused = [sentence for sentence in (_refused(found, file, person) for file in files) if sentence]
    taken = len(files) - len(refused)
    if not files:
        refused = ["Choose at least one file first."]
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"refused": refused}, status=422 if refused else 201)
    if refused:
        return _collection(request, found, refused=refused, taken=taken, status=422)
    messages.success(request, f"{taken} file{'' if taken == 1 else 's'} added. Reading begins at once.")
    return SeeOther(f"{_url(request, found)}#contents")


def _refused(collection: Collection, file: UploadedFile, person: Person) -> str:
    """Take the file in; why it was refused, empty where it was taken."""
    try:
        actions.add_file(collection, file.name, file, person)
    except Refused as refused:
        return refused.sentence
    return ""


@require_POST
@admitted("instructor", anywhere=True)
def add_address(request: HttpRequest, collection_id: UUID) -> HttpResponse:
    """Have a web address read, and the pages that it leads to."""
    found = reach.own(request.visit, collection_id)
    form = AddressForm(request.POST)
    if form.is_valid():
        asked = form.cleaned_data
        try:
            actions.add_url(found, asked["url"], asked["depth"], asked["pages"], _me(request))
            return SeeOther(f"{_url(request, found)}#contents")
        except Refused as refused:
            refuse(form, refused)
    return _collection(request, found, address=form, status=422)


# One document


@require_safe
@never_cache
@admitted("instructor", anywhere=True)
def document(request: HttpRequest, collection_id: UUID, document_id: UUID) -> HttpResponse:
    """What was read of a document, what was not, and why."""
    found = reach.readable(request.visit, collection_id)
    one = reach.document_of(found, document_id)
    context = {
        "collection": found,
        "own": reach.is_own(request.visit, found),
        "item": shown.item_of(one, len(one.skipped)),
        "document": one,
        "asking": QuestionForm(),
    }
    return render(request, "knowledge/document.html", context)


@require_POST
@admitted("instructor", anywhere=True)
def reread(request: HttpRequest, collection_id: UUID, document_id: UUID) -> HttpResponse:
    """Have a document read again."""
    found = reach.own(request.visit, collection_id)
    one = reach.document_of(found, document_id)
    _tried(request, lambda: actions.reread(one))
    return SeeOther(_url(request, found, "document", one.pk))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@admitted("instructor", anywhere=True)
def delete_document(request: HttpRequest, collection_id: UUID, document_id: UUID) -> HttpResponse:
    """Ask first, saying what it affects; then delete the document and what was read of it."""
    found = reach.own(request.visit, collection_id)
    one = reach.document_of(found, document_id)
    if request.method == "POST":
        actions.delete_document(one)
        messages.success(request, f"“{one}” and everything that was read of it is deleted.")
        return SeeOther(_url(request, found))
    context = {"collection": found, "document": one, "uses": shown.used_by(found)}
    return render(request, "knowledge/delete.html", context)


# One web address


@require_safe
@never_cache
@admitted("instructor", anywhere=True)
def crawl(request: HttpRequest, collection_id: UUID, crawl_id: UUID) -> HttpResponse:
    """Which pages an address led to, which were left out, and why."""
    found = reach.readable(request.visit, collection_id)
    one = reach.crawl_of(found, crawl_id)
    site = next(site for site in shown.listing(found).sites if site.crawl.pk == one.pk)
    context = {"collection": found, "own": reach.is_own(request.visit, found), "site": site, "crawl": one}
    return render(request, "knowledge/crawl.html", context)


@require_POST
@admitted("instructor", anywhere=True)
def recrawl(request: HttpRequest, collection_id: UUID, crawl_id: UUID) -> HttpResponse:
    """Have an address's pages fetched again."""
    found = reach.own(request.visit, collection_id)
    one = reach.crawl_of(found, crawl_id)
    _tried(request, lambda: actions.recrawl(one))
    return SeeOther(_url(request, found, "crawl", one.pk))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@admitted("instructor", anywhere=True)
def delete_crawl(request: HttpRequest, collection_id: UUID, crawl_id: UUID) -> HttpResponse:
    """Ask first, saying what it affects; then delete the address with all pages that it led to."""
    found = reach.own(request.visit, collection_id)
    one = reach.crawl_of(found, crawl_id)
    if request.method == "POST":
        actions.delete_crawl(one)
        messages.success(request, f"{one} and its pages are deleted.")
        return SeeOther(_url(request, found))
    context = {
        "collection": found,
        "crawl": one,
        "pages": one.documents.count(),
        "uses": shown.used_by(found),
    }
    return render(request, "knowledge/delete.html", context)


# Trying a question


@require_safe
@never_cache
@admitted("instructor", anywhere=True)
def question(request: HttpRequest, collection_id: UUID) -> HttpResponse:
    """The passages that a question finds, as a conversation would."""
    found = reach.readable(request.visit, collection_id)
    asking = QuestionForm(request.GET if "q" in request.GET else None)
    tried = asking.cleaned_data["q"] if asking.is_valid() else ""
    library = Library(found.tenant_id, (found.pk,))
    context = {
        "collection": found,
        "asking": asking,
        "tried": tried,
        "trial": trial.of(tried, library) if tried else None,
    }
    return render(request, "knowledge/question.html", context, status=422 if asking.errors else 200)


def _tried(request: HttpRequest, action) -> None:
    """Do it; a refusal is said on the next page."""
    try:
        action()
    except Refused as refused:
        messages.warning(request, refused.sentence)


def _url(request: HttpRequest, collection: Collection, page: str = "collection", *more: UUID) -> str:
    return reverse(f"knowledge:{page}", args=[request.visit.id, collection.pk, *more])


def _me(request: HttpRequest) -> Person:
    return Person.objects.get(pk=request.visit.person_id)
