"""Paths under /v/<visit>/: where grades are, and what to do about them."""

from django.urls import path

from lti import grade_pages

app_name = "grades"
urlpatterns = [
    path("grades/", grade_pages.status, name="status"),
    path("grades/retry/", grade_pages.retry_all, name="retry_all"),
    path("grades/<int:delivery_id>/retry/", grade_pages.retry, name="retry"),
    path("grades/<int:delivery_id>/send/", grade_pages.send, name="send"),
    path("grades/<int:delivery_id>/keep/", grade_pages.keep, name="keep"),
    path("grades/column/", grade_pages.make_column, name="make_column"),
    path("grades/column/away/", grade_pages.take_column_away, name="take_column_away"),
]
