from django.apps import AppConfig


class LtiConfig(AppConfig):
    name = "lti"

    def ready(self):
        from lti import receivers  # noqa: F401
