"""What the tool knows of the platforms: keys, registrations, logins under way, and the grades it owes them."""

from django.db import models

from coachtool.attempts.models import Attempt, Person, ResourceLink, Tenant


class ToolKey(models.Model):
    """One of the tool's RSA keys. Published from the start, signs from `signs_from`, is withdrawn at `retires`."""

    kid = models.CharField(max_length=64, unique=True)
    private_pem = models.TextField()
    created = models.DateTimeField(auto_now_add=True)
    signs_from = models.DateTimeField()
    retires = models.DateTimeField(null=True, blank=True)

    def __str__(self):
        return self.kid


class Registration(models.Model):
    """The tool at one platform. One issuer may have many (every Canvas school shares one), told apart by client_id."""

    name = models.CharField(max_length=200, blank=True)
    issuer = models.CharField(max_length=500)
    client_id = models.CharField(max_length=255)
    auth_login_url = models.URLField(max_length=1000)
    auth_token_url = models.URLField(max_length=1000)
    audience = models.CharField(max_length=1000, blank=True)  # of the client assertion; the token URL if empty
    jwks_url = models.URLField(max_length=1000, blank=True)  # where the platform's keys are; empty: `jwks` is fixed
    jwks = models.JSONField(null=True, blank=True)
    jwks_fetched = models.DateTimeField(null=True, blank=True)
    learns_deployments = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "client_id"], name="one_registration_per_client")]

    def __str__(self):
        return self.name or f"{self.issuer} ({self.client_id})"


class Deployment(models.Model):
    """A place at the platform where the tool was installed: the border of one tenant's data."""

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="deployments")
    deployment_id = models.CharField(max_length=255)
    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="deployment")
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["registration", "deployment_id"], name="one_deployment_per_id")]

    def __str__(self):
        return f"{self.registration}, deployment {self.deployment_id}"


class LoginState(models.Model):
    """A login under way: what the launch that answers it must match. Spent by deleting it, once."""

    state = models.CharField(max_length=64, unique=True)
    nonce = models.CharField(max_length=128)
    binding = models.CharField(max_length=64)  # SHA-256 of the secret in this browser's cookie
    registration = models.ForeignKey(Registration, on_delete=models.CASCADE)
    target_link_uri = models.CharField(max_length=2000)
    deployment_id = models.CharField(max_length=255, blank=True)
    params = models.JSONField()  # the login as the platform sent it, to begin it again in another window
    auth_url = models.TextField()
    expires = models.DateTimeField(db_index=True)


class GradeService(models.Model):
    """Where the grades of a resource link go: the `endpoint` claim of its newest launch."""

    resource_link = models.OneToOneField(ResourceLink, on_delete=models.CASCADE, related_name="grade_service")
    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="grade_services")
    lineitem = models.CharField(max_length=2000)
    scopes = models.JSONField(default=list)


class GradeDelivery(models.Model):
    """The grade that the platform should hold for one learner at one resource link, and whether it does.

    `score` and `maximum` are points. `timestamp` is fixed until the grade
    changes, so that a resend is harmless, and always later than the one before.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        STUCK = "stuck"

    resource_link = models.ForeignKey(ResourceLink, on_delete=models.CASCADE, related_name="grade_deliveries")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="grade_deliveries")
    attempt = models.ForeignKey(
        Attempt, on_delete=models.CASCADE, related_name="grade_deliveries"
    )  # the one that counts
    score = models.FloatField()
    maximum = models.FloatField()
    final = models.BooleanField()  # False while a person still has to look at the attempt
    comment = models.CharField(max_length=500, blank=True)
    timestamp = models.DateTimeField()
    state = models.CharField(max_length=7, choices=State, default=State.PENDING)
    tries = models.PositiveIntegerField(default=0)
    next_try = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)  # a worker is sending it; free again after this
    queued = models.DateTimeField()
    sent = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resource_link", "person"], name="one_grade_per_learner_and_link")
        ]
        indexes = [models.Index(fields=["state", "next_try"])]
