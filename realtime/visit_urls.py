"""Paths under /v/<visit>/."""

from django.urls import path

from realtime import views

app_name = "pool"
urlpatterns = [path("lobby/places/", views.places, name="places")]
