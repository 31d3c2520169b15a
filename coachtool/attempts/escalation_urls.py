"""Paths under /v/<visit>/: the questions that went to a person."""

from django.urls import path

from coachtool.attempts import escalation_views as views

app_name = "escalations"
urlpatterns = [
    path("escalations/", views.page, name="page"),
    path("escalations/<int:escalation_id>/assign/", views.assign, name="assign"),
    path("escalations/<int:escalation_id>/answer/", views.answer, name="answer"),
    path("escalations/<int:escalation_id>/seen/", views.seen, name="seen"),
]
