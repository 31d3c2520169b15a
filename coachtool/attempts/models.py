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
    """A user of the LMS, by its `sub`. The name is kept to be shown; nothing else is.

    A launch without a `sub` makes a person of its own, whose id begins with ANONYMOUS.
    """

    ANONYMOUS = "anonymous:"

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="people")
    lms_id = models.CharField(max_length=255)
    name = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "lms_id"], name="one_person_per_sub")]

    def __str__(self):
        return self.name or "Learner"

    @property
    def is_anonymous(self) -> bool:
        return self.lms_id.startswith(self.ANONYMOUS)


class ResourceLink(models.Model):
    """An activity placed in a course. `activity` is None until an instructor has picked one.

    `named` is the activity that the LMS named when it last launched (the custom
    parameter `activity`): a new name moves the link, the same name again does
    not undo what an instructor picked since. `preview`: no place in the course,
    but where authors of an activity talk with its newest version before anybody else.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="resource_links")
    lms_id = models.CharField(max_length=255)
    title = models.CharField(max_length=500, blank=True)
    activity = models.ForeignKey(Activity, on_delete=models.PROTECT, related_name="resource_links", null=True)
    named = models.CharField(max_length=100, blank=True)
    preview = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["course", "lms_id"], name="one_row_per_resource_link")]

    def __str__(self):
        return self.title or (self.activity.title if self.activity else "Activity")

    @property
    def version(self) -> ActivityVersion:
        """The version that an attempt which begins now is pinned to."""
        return self.activity.newest if self.preview else self.activity.latest


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
    # What is counted once an instructor has disagreed with a verdict, or has decided an unclear one.
    reviewed_score = models.FloatField(null=True)
    reviewed_outcome = models.CharField(max_length=7, choices=Outcome, blank=True)
    # When its memories were written. It is done once, so that what the learner deletes does not come back.
    remembered = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "heartbeat"])]

    @property
    def brief(self):
        return self.version.brief

    @property
    def counted_score(self) -> float | None:
        """The share of the maximum that counts: the reviewer's where there is one."""
        return self.score if self.reviewed_score is None else self.reviewed_score

    @property
    def counted_outcome(self) -> str:
        return self.reviewed_outcome or self.outcome

    @property
    def is_final(self) -> bool:
        """Whether no person has to look at it any more."""
        return self.counted_outcome != self.Outcome.UNCLEAR

    @property
    def points(self) -> float | None:
        """The score that counts, in the activity's points."""
        score = self.counted_score
        return None if score is None else round(score * self.brief.max_score, 2)


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

    @property
    def by_persona(self) -> bool:
        """Whether what it tells of are the persona's words: said, or held back at a guardrail."""
        return self.data.get("speaker") == "persona"


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


class Review(models.Model):
    """An instructor's verdict on one objective of an attempt. Append-only: the newest counts.

    It agrees with the judge where `verdict` is the outcome's own.
    """

    outcome = models.ForeignKey(ObjectiveOutcome, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    verdict = models.CharField(max_length=7, choices=ObjectiveOutcome.Verdict)
    note = models.TextField(blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created", "pk"]

    @property
    def agrees(self) -> bool:
        return self.verdict == self.outcome.verdict


class GradeOverride(models.Model):
    """A grade of the instructor's own: while one stands, it is the learner's grade, whatever attempts score.

    Append-only: the newest that is not `withdrawn` stands. `points` of `maximum`.
    """

    resource_link = models.ForeignKey(ResourceLink, on_delete=models.CASCADE, related_name="overrides")
    learner = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="overrides")
    points = models.FloatField()
    maximum = models.FloatField()
    note = models.TextField(blank=True)
    given_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    created = models.DateTimeField(auto_now_add=True)
    withdrawn = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created", "pk"]


class Dispute(models.Model):
    """A learner who sees an objective's verdict differently, and what the instructor answered."""

    class State(models.TextChoices):
        OPEN = "open"
        ANSWERED = "answered"
        WITHDRAWN = "withdrawn"

    outcome = models.ForeignKey(ObjectiveOutcome, on_delete=models.CASCADE, related_name="disputes")
    reason = models.TextField()
    created = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    answered = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["outcome"], condition=models.Q(state="open"), name="one_open_dispute_per_outcome"
            )
        ]


class Enrolment(models.Model):
    """A person on a course's roster, as the LMS last told it. `left` is set when they are no longer on it."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="enrolments")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="enrolments")
    role = models.CharField(max_length=10, choices=[("learner", "learner"), ("instructor", "instructor")])
    active = models.BooleanField(default=True)  # the LMS's status Active
    joined = models.DateTimeField(auto_now_add=True)
    left = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["course", "person"], name="one_enrolment_per_person")]


class AddressedVisit(models.Model):
    """A visit of a browser that keeps no cookies: known by the secret in its address, of which this is the digest."""

    digest = models.CharField(max_length=64, unique=True)
    visit = models.JSONField()
    expires = models.DateTimeField(db_index=True)


class Escalation(models.Model):
    """A question that a human reviewer has to answer. The first answer stands.

    `question` is the learner's turn as it was said. `shared` is what the learner consented that reviewers see of it,
    as it was then (sharing.py). `seen` is when the learner had read the answer.
    """

    class State(models.TextChoices):
        OPEN = "open"
        ANSWERED = "answered"

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="escalations")
    guardrail = models.CharField(max_length=100)
    severity = models.CharField(max_length=6, blank=True)  # low, medium, high
    question = models.TextField()
    shared = models.JSONField(default=dict)
    created = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    assigned_to = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    assigned = models.DateTimeField(null=True)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True)
    answered = models.DateTimeField(null=True)
    seen = models.DateTimeField(null=True)


class Memory(models.Model):
    """One thing that a persona remembers of a learner, from one attempt. The learner may correct or delete it.

    How far it reaches (the activity, or every activity with the same persona) is said by the version that the
    attempt was pinned to. `text` is the learner's own words (tried, promised), the objective's name (stalled), or
    empty (ended: how it ended is read from the attempt, because a reviewer may change it). `seq` is the event that
    it was taken from, `objective` and `key_point` what it is about.
    """

    class Kind(models.TextChoices):
        TRIED = "tried"
        ENDED = "ended"
        STALLED = "stalled"
        PROMISED = "promised"

    learner = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memories")
    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="memories")
    kind = models.CharField(max_length=8, choices=Kind)
    objective = models.CharField(max_length=100, blank=True)
    key_point = models.CharField(max_length=100, blank=True)
    text = models.TextField(blank=True)
    corrected = models.TextField(blank=True)
    seq = models.PositiveIntegerField()
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    @property
    def words(self) -> str:
        """What is remembered: in the learner's correction where there is one."""
        return self.corrected or self.text
