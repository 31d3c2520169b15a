"""Under /lti/."""

from django.urls import path

from lti import views

app_name = "lti"
urlpatterns = [
    path("login/", views.login, name="login"),
    path("login/continue/", views.proceed, name="continue"),
    path("launch/", views.launch, name="launch"),
    path("place/<str:token>/", views.place, name="place"),
    path("jwks/", views.jwks, name="jwks"),
]
