"""Sent synchronously and inside the transaction that causes them, so that what a receiver
writes (a grade to send, statements to send) stands or falls with it. Argument: `attempt`;
for `event_appended` also `event`; for `grade_reviewed` the `resource_link` and the `learner` whose grade
an instructor has changed, by a verdict or by a grade of her own.

`course_opened` is of another kind: an instructor looks at `course`, and a receiver may answer with its
`enrolments.Roster`; with `again` it is to be read anew however fresh it is."""

from django.dispatch import Signal

attempt_finished = Signal()
event_appended = Signal()
grade_reviewed = Signal()
course_opened = Signal()
