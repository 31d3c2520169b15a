"""Paths under /v/<visit>/."""

from django.urls import path

from coachtool.records import views

app_name = "records"
urlpatterns = [path("attempts/<uuid:attempt_id>/statements/", views.statements, name="statements")]
