"""Paths under /v/<visit>/: picking the activity of a place, and what the gradebook asks to see."""

from django.urls import path

from lti import picking

app_name = "picking"
urlpatterns = [
    path("activities/", picking.activities, name="activities"),
    path("activities/use/", picking.use, name="use"),
    path("activities/none/", picking.none, name="none"),
    path("submissions/<int:person_id>/", picking.submission, name="submission"),
]
