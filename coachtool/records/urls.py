"""Paths under /xapi/."""

from django.urls import path

from coachtool.records import views

app_name = "xapi"
urlpatterns = [path("profile/", views.xapi_profile, name="profile")]
