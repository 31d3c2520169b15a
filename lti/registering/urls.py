"""Under /lti/: the registration pages and what platforms are configured with."""

from django.urls import path

from lti.registering import views

urlpatterns = [
    path("config.json", views.canvas_key, name="canvas_key"),
    path("register/", views.register_open, name="register_open"),
    path("registration/", views.page, name="registration"),
    path("registration/<str:secret>/", views.invitation, name="invited"),
    path("registration/<str:secret>/dynamic/", views.register, name="register"),
    path("registration/<str:secret>/keys/", views.fetch_keys, name="fetch_keys"),
    path("registration/<str:secret>/deployments/", views.new_deployments, name="new_deployments"),
    path("registration/<str:secret>/deployments/<int:pk>/", views.deployment, name="deployment"),
]
