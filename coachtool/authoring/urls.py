"""Paths under /v/<visit>/: writing, copying and previewing activities."""

from django.urls import path

from coachtool.authoring import views, views_versions

app_name = "authoring"
urlpatterns = [
    path("activities/new/", views.new, name="new"),
    path("activities/<slug:slug>/begin/", views.begin, name="begin"),
    path("activities/<slug:slug>/copy/", views.copy, name="copy"),
    path("activities/<slug:slug>/edit/", views.edit, name="edit"),
    path("activities/<slug:slug>/edit/check/", views.check, name="check"),
    path("activities/<slug:slug>/edit/<str:section>/", views.section, name="section"),
    path("activities/<slug:slug>/preview/", views.preview, name="preview"),
    path("activities/<slug:slug>/back/", views.back, name="back"),
    path("activities/<slug:slug>/publish/", views.publish, name="publish"),
    path("activities/<slug:slug>/versions/", views_versions.versions, name="versions"),
    path("activities/<slug:slug>/versions/<int:number>/", views_versions.text, name="text"),
    path("activities/<slug:slug>/versions/<int:number>/restore/", views_versions.restore, name="restore"),
    path("activities/<slug:slug>/archive/", views_versions.archive, name="archive"),
]
