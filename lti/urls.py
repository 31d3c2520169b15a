"""Under /lti/."""

from django.urls import include, path

from lti import doors

app_name = "lti"
urlpatterns = [
    path("login/", doors.login, name="login"),
    path("login/continue/", doors.proceed, name="continue"),
    path("launch/", doors.launch, name="launch"),
    path("jwks/", doors.jwks, name="jwks"),
    path("", include("lti.registering.urls")),
]
