from django.apps import AppConfig


class AttemptsConfig(AppConfig):
    name = "coachtool.attempts"

    def ready(self):
        from coachtool.attempts import escalations, signals

        signals.event_appended.connect(escalations.on_event, dispatch_uid="talk around a question")
