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
    label = models.CharField(max_length=50, unique=True)
    title = models.CharField(max_length=200)

    def __str__(self):
        return self.title


class ResourceLink(models.Model):
    """The tool, placed in a course, with its custom parameters."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="links")
    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    custom = models.JSONField(default=dict)

    def __str__(self):
        return self.title


class LineItem(models.Model):
    """A column of the gradebook."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="items")
    link = models.OneToOneField(ResourceLink, on_delete=models.CASCADE, related_name="item")
    label = models.CharField(max_length=200)
    maximum = models.FloatField(default=100)


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

    class Meta:
        ordering = ["timestamp", "pk"]
        constraints = [models.UniqueConstraint(fields=["item", "user", "timestamp"], name="timestamps_advance")]


class PlatformKey(models.Model):
    """The platform's RSA key."""

    kid = models.CharField(max_length=64, unique=True)
    private_pem = models.TextField()
    created = models.DateTimeField(auto_now_add=True)


class Launch(models.Model):
    """A launch that was begun: its `hint` comes back from the tool, once."""

    hint = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    link = models.ForeignKey(ResourceLink, on_delete=models.CASCADE)
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
    """

    endpoint = models.CharField(max_length=20)
    status = models.PositiveSmallIntegerField()
    times = models.PositiveIntegerField(default=1)
    retry_after = models.PositiveIntegerField(null=True)
    delay = models.FloatField(default=0)
    after = models.BooleanField(default=False)
