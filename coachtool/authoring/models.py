"""Who wrote an activity, and the text they are still working on."""

from django.db import models

from coachtool.activities.models import Activity, ActivityVersion
from coachtool.attempts.models import Course, Person


class CourseActivity(models.Model):
    """An activity that a course's instructors wrote or copied; one without such a row is the library's."""

    activity = models.OneToOneField(Activity, on_delete=models.CASCADE, related_name="owned")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="activities")
    author = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    copied_from = models.ForeignKey(Activity, on_delete=models.SET_NULL, null=True, related_name="copies")
    archived = models.DateTimeField(null=True)  # no longer offered; places that have it keep it


class Draft(models.Model):
    """The unpublished text of a course's activity: one per activity, gone once it is published.

    `definition` is a Brief's mapping and may be incomplete. `suggested` holds,
    by key point id, the sentences that were suggested and that nobody has
    touched since. `undo` are the newest steps that took something away, with
    what they took. `revision` counts the saves and `touched` says at which one
    each section changed last, so that two editors of one text do not overwrite
    each other unseen.
    """

    activity = models.OneToOneField(Activity, on_delete=models.CASCADE, related_name="draft")
    definition = models.JSONField(default=dict)
    suggested = models.JSONField(default=dict)
    undo = models.JSONField(default=list)
    revision = models.PositiveIntegerField(default=0)
    touched = models.JSONField(default=dict)
    editor = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    updated = models.DateTimeField(auto_now=True)


class Publication(models.Model):
    """Who published a version, when, and what they said has changed."""

    version = models.OneToOneField(ActivityVersion, on_delete=models.CASCADE, related_name="publication")
    author = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    created = models.DateTimeField(auto_now_add=True)
