"""A course, its people and gradebook; what the protocol must remember; and what the tool did wrong."""

from django.db import models


class User(models.Model):
    """Somebody with an account. `sub` is what the tool gets to see."""

    username = models.CharField(max_length=20, unique=True)
    sub = models.CharField(max_length=40, unique=True)
    given_name = models.CharField(max_length=100)
    family_name = models.CharField(max_length=100)
    instructor = models.BooleanField(default=False)

    def __str__(self):
        return f"{self.given_name} {self.family_name}"

    @property
    def number(self) -> int:
        return int(self.username.removeprefix("learner") or 0) if not self.instructor else 0


class Course(models.Model):
    """`history`: the ids of the courses that it was copied from, newest first."""

    label = models.CharField(max_length=50, unique=True)
    title = models.CharField(max_length=200)
    history = models.JSONField(default=list)

    def __str__(self):
        return self.title


class ResourceLink(models.Model):
    """The tool, placed in a course, with its custom parameters.

    `url` is where it launches; the tool's own if empty. `history` as a course's.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="links")
    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    custom = models.JSONField(default=dict)
    url = models.CharField(max_length=2000, blank=True)
    history = models.JSONField(default=list)
    client = models.CharField(max_length=255, blank=True)  # the client_id that launches it; the fixed one if empty

    def __str__(self):
        return self.title

    @property
    def item(self) -> "LineItem | None":
        """The column that a launch names: where there is exactly one (AGS 2.0, section 3.1)."""
        items = list(self.items.all()[:2])
        return items[0] if len(items) == 1 else None


class LineItem(models.Model):
    """A column of the gradebook; of the tool's own making where `made_by_tool` says so. `link` None: of no activity."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="items")
    link = models.ForeignKey(ResourceLink, on_delete=models.CASCADE, related_name="items", null=True)
    label = models.CharField(max_length=200)
    maximum = models.FloatField(default=100)
    resource_id = models.CharField(max_length=255, blank=True)
    tag = models.CharField(max_length=255, blank=True)
    submission_review = models.JSONField(null=True)  # LTI Submission Review 1.0, section 3.1
    made_by_tool = models.BooleanField(default=False)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return self.label


class Score(models.Model):
    """A score as it was received; the newest timestamp of a learner at an item is what counts."""

    item = models.ForeignKey(LineItem, on_delete=models.CASCADE, related_name="scores")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="scores")
    given = models.FloatField(null=True)
    maximum = models.FloatField(null=True)
    activity_progress = models.CharField(max_length=20)
    grading_progress = models.CharField(max_length=20)
    comment = models.TextField(blank=True)
    timestamp = models.DateTimeField()
    received = models.DateTimeField(auto_now_add=True)
    submission = models.JSONField(null=True)  # Canvas's extension, where the tool sent it

    class Meta:
        ordering = ["timestamp", "pk"]
        constraints = [models.UniqueConstraint(fields=["item", "user", "timestamp"], name="timestamps_advance")]


class HumanGrade(models.Model):
    """A grade that the instructor typed into the gradebook; None where she emptied the cell. The newest counts."""

    item = models.ForeignKey(LineItem, on_delete=models.CASCADE, related_name="human_grades")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="human_grades")
    points = models.FloatField(null=True)
    typed = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["typed", "pk"]


class Habits(models.Model):
    """What this platform does its own way: one row."""

    curly_links = models.BooleanField(default=False)  # Moodle's Link headers: curly quotes, &amp;
    page_size = models.PositiveIntegerField(default=50)  # line items and results on one page, unless asked for less


class Member(models.Model):
    """Somebody's membership in a course. `revision` counts the course's changes up to this one's last."""

    class Status(models.TextChoices):
        """As NRPS 2.0, section 2.3 has it."""

        ACTIVE = "Active"
        INACTIVE = "Inactive"
        DELETED = "Deleted"

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    revision = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["course", "user"], name="one_membership_per_user")]


class PlatformKey(models.Model):
    """The platform's RSA key."""

    kid = models.CharField(max_length=64, unique=True)
    private_pem = models.TextField()
    created = models.DateTimeField(auto_now_add=True)


class Picking(models.Model):
    """The instructor adds activities with the tool's picker: what was asked, as the claim says it."""

    key = models.CharField(max_length=64, unique=True)
    course = models.ForeignKey(Course, on_delete=models.CASCADE)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    client = models.CharField(max_length=255, blank=True)  # the tool's client_id; the fixed one if empty
    settings = models.JSONField()
    begun = models.DateTimeField(auto_now_add=True)


class Launch(models.Model):
    """A launch that was begun: its `hint` comes back from the tool, once.

    `link` is None in a Deep Linking launch, `about` the learner of a Submission Review of `item`.
    """

    class Message(models.TextChoices):
        RESOURCE_LINK = "LtiResourceLinkRequest"
        DEEP_LINKING = "LtiDeepLinkingRequest"
        SUBMISSION_REVIEW = "LtiSubmissionReviewRequest"

    hint = models.CharField(max_length=64, unique=True)
    message = models.CharField(max_length=40, choices=Message, default=Message.RESOURCE_LINK)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    course = models.ForeignKey(Course, on_delete=models.CASCADE)
    link = models.ForeignKey(ResourceLink, on_delete=models.CASCADE, null=True)
    item = models.ForeignKey(LineItem, on_delete=models.CASCADE, null=True)
    about = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    picking = models.ForeignKey(Picking, on_delete=models.CASCADE, null=True)
    target = models.CharField(max_length=2000, blank=True)  # target_link_uri; the tool's own if empty
    client = models.CharField(max_length=255, blank=True)  # the tool's client_id; the fixed one if empty
    begun = models.DateTimeField(auto_now_add=True)
    answered = models.DateTimeField(null=True)


class UsedNonce(models.Model):
    nonce = models.CharField(max_length=255, unique=True)
    at = models.DateTimeField(auto_now_add=True)


class UsedAssertion(models.Model):
    """The jti of a client assertion that was accepted."""

    jti = models.CharField(max_length=255, unique=True)
    at = models.DateTimeField(auto_now_add=True)


class AccessToken(models.Model):
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField()
    expires = models.DateTimeField()


class Manner(models.TextChoices):
    """Whose Dynamic Registration is played."""

    MOODLE = "moodle"  # pending until activated; the deployment id comes with the answer
    CANVAS = "canvas"  # the token is asked for on both calls; scopes are cut; no deployment id in the answer


class ToolClient(models.Model):
    """The tool as it registered itself here. (`clients.fixed` is the one that was registered by hand.)"""

    client_id = models.CharField(max_length=255, unique=True)
    deployment_id = models.CharField(max_length=255)
    name = models.CharField(max_length=200)
    manner = models.CharField(max_length=6, choices=Manner)
    login_url = models.CharField(max_length=1000)
    target_link_uri = models.CharField(max_length=1000)
    redirect_uris = models.JSONField(default=list)
    jwks_uri = models.CharField(max_length=1000)
    scopes = models.JSONField(default=list)
    configuration = models.JSONField(default=dict)  # the registration as the tool sent it
    is_active = models.BooleanField(default=False)
    registered = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.name


class RegistrationToken(models.Model):
    """Lets one tool register itself, once."""

    digest = models.CharField(max_length=64, unique=True)
    manner = models.CharField(max_length=6, choices=Manner)
    withheld = models.JSONField(default=list)  # scopes that will not be granted
    expires = models.DateTimeField()
    client = models.OneToOneField(ToolClient, on_delete=models.SET_NULL, null=True, related_name="token")
    spent = models.DateTimeField(null=True)


class Verdict(models.Model):
    """Something that the tool did wrong, and how it was answered."""

    at = models.DateTimeField(auto_now_add=True)
    endpoint = models.CharField(max_length=20)
    status = models.PositiveSmallIntegerField()
    problem = models.CharField(max_length=500)

    class Meta:
        ordering = ["pk"]


class Fault(models.Model):
    """A failure to play to the tool: the next `times` calls of `endpoint` are answered with `status`.

    `after`: only once the call has done its work, as when an answer is lost.
    `delay`: seconds to wait before answering.
    With `statuses` it plays at random: a `share` of the calls gets one of them,
    some after the work is done; the same `seed` plays the same. `calls` counts
    those that were drawn for. Status 0 is silence until the tool gives up.
    """

    endpoint = models.CharField(max_length=20)
    status = models.PositiveSmallIntegerField(default=0)
    times = models.PositiveIntegerField(default=1)
    retry_after = models.PositiveIntegerField(null=True)
    delay = models.FloatField(default=0)
    after = models.BooleanField(default=False)
    statuses = models.JSONField(default=list)
    share = models.FloatField(default=1)
    seed = models.IntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)
