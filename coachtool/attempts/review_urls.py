"""Paths under /v/<visit>/: an instructor's verdicts, grades of her own, and disputes."""

from django.urls import path

from coachtool.attempts import review_views as views

_objective = "attempts/<uuid:attempt_id>/objectives/<str:objective>/"

app_name = "review"
urlpatterns = [
    path(_objective + "review/", views.review_objective, name="objective"),
    path(_objective + "dispute/", views.dispute_objective, name="dispute"),
    path("disputes/<int:dispute_id>/withdraw/", views.withdraw_dispute, name="withdraw_dispute"),
    path("disputes/<int:dispute_id>/answer/", views.answer_dispute, name="answer_dispute"),
    path("attempts/<uuid:attempt_id>/grade/", views.give_grade, name="grade"),
    path("attempts/<uuid:attempt_id>/grade/withdraw/", views.withdraw_grade, name="withdraw_grade"),
]
