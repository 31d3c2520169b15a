"""The statements that have been made, and how far each has come on its way to the record store."""

from django.db import models

from coachtool.attempts.models import Attempt


class StatementOutbox(models.Model):
    """One statement, written in the transaction of the event it tells; its body never changes afterwards."""

    class State(models.TextChoices):
        PENDING = "pending"  # to be sent
        SENT = "sent"  # the record store has it
        DEAD = "dead"  # the record store refuses it for what it says; `last_error` has the reason
        KEPT = "kept"  # no record store was configured: the tool's own store has it

    statement_id = models.UUIDField(unique=True)
    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="statements")
    sequence = models.PositiveIntegerField()  # 1, 2, … within the attempt
    body = models.JSONField()
    state = models.CharField(max_length=7, choices=State, default=State.PENDING)
    tries = models.PositiveIntegerField(default=0)
    next_try = models.DateTimeField()
    last_error = models.CharField(max_length=1000, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    sent = models.DateTimeField(null=True)

    class Meta:
        ordering = ["attempt_id", "sequence"]
        constraints = [models.UniqueConstraint(fields=["attempt", "sequence"], name="one_statement_per_sequence")]
        indexes = [
            models.Index(fields=["next_try", "id"], condition=models.Q(state="pending"), name="statements_to_send")
        ]
