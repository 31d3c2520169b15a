"""Paths under /v/<visit>/: the course: its people, progress and objectives."""

from django.urls import path

from coachtool.attempts import course_views as views

app_name = "course"
urlpatterns = [
    path("course/", views.page, name="dashboard"),
    path("course/people.csv", views.table, name="table"),
    path("course/points/<str:point_id>/", views.point, name="point"),
    path("course/roster/", views.refresh, name="refresh"),
]
