"""Sent synchronously and inside the transaction that causes them, so that what a receiver
writes (a grade to send, statements to send) stands or falls with it. Argument: `attempt`;
for `event_appended` also `event`."""

from django.dispatch import Signal

attempt_finished = Signal()
event_appended = Signal()
