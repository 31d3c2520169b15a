from django.urls import path

from coachtool.attempts import memory_views as views

app_name = "memory"
urlpatterns = [
    path("memory/", views.page, name="page"),
    path("memory/export/", views.export, name="export"),
    path("memory/forget/", views.forget_all, name="forget_all"),
    path("memory/restore/", views.restore, name="restore"),
    path("memory/<int:memory_id>/correct/", views.correct, name="correct"),
    path("memory/<int:memory_id>/forget/", views.forget, name="forget"),
]
