from django.apps import AppConfig


class SandboxConfig(AppConfig):
    name = "lti.sandbox"
    label = "sandbox"
