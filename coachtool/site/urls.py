from django.urls import path

from coachtool.site import health, views

app_name = "site"
urlpatterns = [
    path("", views.landing, name="landing"),
    path("healthz", health.healthz, name="healthz"),
]
