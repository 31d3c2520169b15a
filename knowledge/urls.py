"""Paths under /v/<visit>/: the course's documents."""

from django.urls import path

from knowledge import views

app_name = "knowledge"
_ONE = "documents/<uuid:collection_id>/"
urlpatterns = [
    path("documents/", views.collections, name="collections"),
    path(_ONE, views.collection, name="collection"),
    path(f"{_ONE}rename/", views.rename, name="rename"),
    path(f"{_ONE}delete/", views.delete_collection, name="delete_collection"),
    path(f"{_ONE}question/", views.question, name="question"),
    path(f"{_ONE}files/", views.add_files, name="add_files"),
    path(f"{_ONE}addresses/", views.add_address, name="add_address"),
    path(f"{_ONE}addresses/<uuid:crawl_id>/", views.crawl, name="crawl"),
    path(f"{_ONE}addresses/<uuid:crawl_id>/again/", views.recrawl, name="recrawl"),
    path(f"{_ONE}addresses/<uuid:crawl_id>/delete/", views.delete_crawl, name="delete_crawl"),
    path(f"{_ONE}<uuid:document_id>/", views.document, name="document"),
    path(f"{_ONE}<uuid:document_id>/again/", views.reread, name="reread"),
    path(f"{_ONE}<uuid:document_id>/delete/", views.delete_document, name="delete_document"),
]
