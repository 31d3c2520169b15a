"""Every path of the sandbox LMS."""

from django.urls import path

from lti.sandbox import gradebook, oidc, pages, tokens

_item = "lti/courses/<int:course_id>/lineitems/<int:item_id>/lineitem"

urlpatterns = [
    path("", pages.home, name="home"),
    path("as/<str:username>/", pages.sign_in, name="sign_in"),
    path("courses/<int:course_id>/", pages.course, name="course"),
    path("courses/<int:course_id>/links.json", pages.course_json, name="course_json"),
    path("courses/<int:course_id>/gradebook/", pages.gradebook, name="gradebook"),
    path("courses/<int:course_id>/gradebook.json", pages.gradebook_json, name="gradebook_json"),
    path("courses/<int:course_id>/links/<slug:slug>/", pages.activity, name="activity"),
    path("courses/<int:course_id>/links/<slug:slug>/launch/", oidc.begin, name="launch"),
    path("verdicts/", pages.verdicts, name="verdicts"),
    path("verdicts.json", pages.verdicts_json, name="verdicts_json"),
    path("faults/", pages.faults, name="faults"),
    path("healthz", pages.health, name="health"),
    path("lti/auth/", oidc.authenticate, name="auth"),
    path("lti/jwks/", oidc.jwks, name="jwks"),
    path("lti/token/", tokens.token, name="token"),
    path("lti/courses/<int:course_id>/lineitems", gradebook.lineitems, name="lineitems"),
    path(_item, gradebook.lineitem, name="lineitem"),
    path(_item + "/scores", gradebook.scores, name="scores"),
    path(_item + "/results", gradebook.results, name="results"),
]
