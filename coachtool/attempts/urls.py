from django.urls import path

from coachtool.attempts import views

app_name = "attempts"
urlpatterns = [
    path("", views.home, name="home"),
    path("lobby/", views.lobby, name="lobby"),
    path("window/", views.new_window, name="new_window"),
    path("window/<str:key>/", views.enter_window, name="enter_window"),
    path("attempts/", views.attempts, name="attempts"),
    path("attempts/start/", views.start, name="start"),
    path("attempts/<uuid:attempt_id>/", views.conversation, name="conversation"),
    path("attempts/<uuid:attempt_id>/report/", views.report, name="report"),
]
