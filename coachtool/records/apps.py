from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "coachtool.records"

    def ready(self) -> None:
        from coachtool.attempts import signals
        from coachtool.records import outbox

        signals.event_appended.connect(outbox.on_event, dispatch_uid="statement of an event")
        signals.attempt_finished.connect(outbox.on_finish, dispatch_uid="statements of an end")
