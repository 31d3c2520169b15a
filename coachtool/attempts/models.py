"""Who practises, where, and what happened: the record that everything else is derived from."""

import uuid

from django.db import models

from coachtool.activities.models import Activity, ActivityVersion


class Tenant(models.Model):
    """One LTI deployment's data: nothing is ever shared across tenants."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    issuer = models.CharField(max_length=500)

    def __str__(self):
        return self.name


class Course(models.Model):
    """An LTI context."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="courses")
    lms_id = models.CharField(max_length=255)
    title = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "lms_id"], name="one_course_per_context")]

    def __str__(self):
        return self.title or self.lms_id


class Person(models.Model):
    """A user of the LMS, by its `sub`. The name is kept to be shown; nothing else is."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="people")
    lms_id = models.CharField(max_length=255)
    name = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "lms_id"], name="one_person_per_sub")]

    def __str__(self):
        return self.name or "Learner"


class ResourceLink(models.Model):
    """An activity placed in a course."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="resource_links")
    lms_id = models.CharField(max_length=255)
    title = models.CharField(max_length=500, blank=True)
    activity = models.ForeignKey(Activity, on_delete=models.PROTECT, related_name="resource_links")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["course", "lms_id"], name="one_row_per_resource_link")]

    def __str__(self):
        return self.title or self.activity.title


class Attempt(models.Model):
    """One learner's one conversation. Its id is the xAPI registration."""

    class State(models.TextChoices):
        CREATED = "created"
        LIVE = "live"
        FINISHED = "finished"

    class Modality(models.TextChoices):
        VOICE = "voice"
        TEXT = "text"

    class Outcome(models.TextChoices):
        PASSED = "passed"
        FAILED = "failed"
        UNCLEAR = "unclear"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    resource_link = models.ForeignKey(ResourceLink, on_delete=models.CASCADE, related_name="attempts")
    learner = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="attempts")
    version = models.ForeignKey(ActivityVersion, on_delete=models.PROTECT, related_name="attempts")
    modality = models.CharField(max_length=5, choices=Modality)
    state = models.CharField(max_length=8, choices=State, default=State.CREATED)
    graded = models.BooleanField(default=True)  # an anonymous launch practises without a grade
    consent = models.JSONField(default=dict)  # {"microphone": bool, "camera": bool, "ai_disclosure": version}
    created = models.DateTimeField(auto_now_add=True)
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=20, blank=True)  # closed, done, left, timeout, guardrail
    # The fence: only the conversation process that holds the newest epoch may write.
    epoch = models.PositiveIntegerField(default=0)
    heartbeat = models.DateTimeField(null=True)
    score = models.FloatField(null=True)  # share of the maximum, 0 to 1
    outcome = models.CharField(max_length=7, choices=Outcome, blank=True)
    evaluator = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["state", "heartbeat"])]

    @property
    def brief(self):
        return self.version.brief

    @property
    def points(self) -> float | None:
        """The score in the activity's points."""
        return None if self.score is None else round(self.score * self.brief.max_score, 2)


class AttemptEvent(models.Model):
    """Append-only: the attempt can be rebuilt from its events in order of `seq`."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=30)
    at = models.DateTimeField()
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["seq"]
        constraints = [models.UniqueConstraint(fields=["attempt", "seq"], name="one_event_per_seq")]


class ObjectiveOutcome(models.Model):
    """What was judged of one objective, with its evidence."""

    class Verdict(models.TextChoices):
        MET = "met"
        NOT_MET = "not_met"
        UNCLEAR = "unclear"

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="outcomes")
    objective = models.CharField(max_length=100)
    verdict = models.CharField(max_length=7, choices=Verdict)
    points = models.FloatField()
    # [{"key_point", "verdict", "reason", "evidence": [{"seq", "quote", "strength"}]}]
    key_points = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["attempt", "objective"], name="one_outcome_per_objective")]


class Escalation(models.Model):
    """A question that a human reviewer has to answer."""

    class State(models.TextChoices):
        OPEN = "open"
        ANSWERED = "answered"

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="escalations")
    guardrail = models.CharField(max_length=100)
    question = models.TextField()
    created = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True)
    answered = models.DateTimeField(null=True)
