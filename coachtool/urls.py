"""Every path of the tool."""

from django.urls import include, path

urlpatterns = [
    path("", include("coachtool.site.urls")),
    path("", include("realtime.urls")),
    path("lti/", include("lti.urls")),
    path("v/<str:visit_id>/", include("coachtool.attempts.urls")),
    path("v/<str:visit_id>/", include("coachtool.attempts.review_urls")),
    path("v/<str:visit_id>/", include("coachtool.attempts.memory_urls")),
    path("v/<str:visit_id>/", include("coachtool.attempts.escalation_urls")),
    path("v/<str:visit_id>/", include("coachtool.attempts.course_urls")),
    path("v/<str:visit_id>/", include("coachtool.records.visit_urls")),
    path("v/<str:visit_id>/", include("coachtool.authoring.urls")),
    path("v/<str:visit_id>/", include("realtime.visit_urls")),
    path("v/<str:visit_id>/", include("knowledge.urls")),
    path("v/<str:visit_id>/", include("lti.picking_urls")),
    path("v/<str:visit_id>/", include("lti.grade_urls")),
    path("xapi/", include("coachtool.records.urls")),
]
