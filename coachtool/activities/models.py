"""Activities and their frozen versions."""

from functools import cached_property

from django.db import models

from coachtool.activities import brief


class Activity(models.Model):
    """A coaching activity, known by its slug; what it says is in its versions."""

    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=200)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.title

    @property
    def latest(self) -> "ActivityVersion":
        """The newest published version: what learners meet. Raises ActivityVersion.DoesNotExist if there is none."""
        return self.versions.filter(published=True).latest("number")

    @property
    def newest(self) -> "ActivityVersion":
        """The newest version of all, which may be a preview that nobody but its author has met."""
        return self.versions.latest("number")


class ActivityVersion(models.Model):
    """One frozen wording of an activity: written once, never changed; attempts are pinned to it."""

    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    published = models.BooleanField(default=True)  # False: frozen for a preview
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["activity", "number"], name="one_version_per_number")]

    def __str__(self):
        return f"{self.activity.slug} v{self.number}"

    @cached_property
    def brief(self) -> brief.Brief:
        return brief.load(self.definition, lenient=True)
