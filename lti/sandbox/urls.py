"""Every path of the sandbox LMS."""

from django.urls import path

from lti.sandbox import building, deep_linking, gradebook, memberships, oidc, pages, registration, storage, tokens

_cell = "courses/<int:course_id>/gradebook/<int:item_id>/<str:username>"
_item = "lti/courses/<int:course_id>/lineitems/<int:item_id>/lineitem"

urlpatterns = [
    path("", pages.home, name="home"),
    path("as/<str:username>/", pages.sign_in, name="sign_in"),
    path("courses/<int:course_id>/", pages.course, name="course"),
    path("courses/<int:course_id>/links.json", pages.course_json, name="course_json"),
    path("courses/<int:course_id>/members/", memberships.page, name="members"),
    path("courses/<int:course_id>/members.json", memberships.members_json, name="members_json"),
    path("courses/<int:course_id>/gradebook/", pages.gradebook, name="gradebook"),
    path("courses/<int:course_id>/gradebook.json", pages.gradebook_json, name="gradebook_json"),
    path("courses/<int:course_id>/add/", deep_linking.add, name="add"),
    path("courses/<int:course_id>/add/launch/", deep_linking.launch, name="add_launch"),
    path("courses/<int:course_id>/copy/", building.copy_course, name="copy_course"),
    path("courses/<int:course_id>/links/<slug:slug>/remove/", building.remove_link, name="remove_link"),
    path(f"{_cell}/grade/", building.type_grade, name="type_grade"),
    path(f"{_cell}/review/", building.review, name="review"),
    path(f"{_cell}/review/launch/", building.review_launch, name="review_launch"),
    path("courses/<int:course_id>/links/<slug:slug>/", pages.activity, name="activity"),
    path("courses/<int:course_id>/links/<slug:slug>/launch/", oidc.begin, name="launch"),
    path("verdicts/", pages.verdicts, name="verdicts"),
    path("verdicts.json", pages.verdicts_json, name="verdicts_json"),
    path("faults/", pages.faults, name="faults"),
    path("habits/", pages.habits, name="habits"),
    path("storage/", storage.frame, name="storage"),
    path("storage/wrong/", storage.wrong, name="storage_wrong"),
    path("healthz", pages.health, name="health"),
    path("tools/", registration.tools, name="tools"),
    path("tools/add/", registration.add, name="add_tool"),
    path("tools/<int:pk>/", registration.switch, name="switch_tool"),
    path(".well-known/openid-configuration", registration.configuration, name="configuration"),
    path("lti/registration/", registration.register, name="register"),
    path("lti/auth/", oidc.authenticate, name="auth"),
    path("lti/jwks/", oidc.jwks, name="jwks"),
    path("lti/deep-linking/<str:key>/", deep_linking.answered, name="deep_linking"),
    path("lti/token/", tokens.token, name="token"),
    path("lti/courses/<int:course_id>/memberships", memberships.service, name="memberships"),
    path("lti/courses/<int:course_id>/lineitems", gradebook.lineitems, name="lineitems"),
    path(_item, gradebook.lineitem, name="lineitem"),
    path(_item + "/scores", gradebook.scores, name="scores"),
    path(_item + "/results", gradebook.results, name="results"),
]
