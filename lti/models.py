"""What the tool knows of the platforms: keys, registrations, logins under way, and the grades it owes them."""

from django.db import models

from coachtool.attempts.models import Attempt, Course, GradeOverride, Person, ResourceLink, Tenant


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

    class By(models.TextChoices):
        HAND = "hand"  # the form on the registration page
        DYNAMIC = "dynamic"  # Dynamic Registration
        COMMAND = "command"  # manage.py lti_register

    class LineItems(models.TextChoices):
        """Whether the tool makes a line item where a launch brings none."""

        AUTO = "auto"
        ALWAYS = "always"
        NEVER = "never"

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
    product = models.CharField(max_length=50, blank=True)  # product_family_code, learnt at registration or launch
    scopes = models.JSONField(default=list, blank=True)  # granted at registration; empty: unknown
    registered_by = models.CharField(max_length=7, choices=By, default=By.COMMAND)
    registration_client_uri = models.CharField(max_length=1000, blank=True)  # RFC 7592, section 3
    created = models.DateTimeField(auto_now_add=True)
    line_items = models.CharField(max_length=6, choices=LineItems, default=LineItems.AUTO)
    quiet_until = models.DateTimeField(null=True, blank=True)  # no grade is sent before: the platform said 429

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "client_id"], name="one_registration_per_client")]

    def __str__(self):
        return self.name or f"{self.issuer} ({self.client_id})"


class Invitation(models.Model):
    """Lets one LMS administrator register their platform. The link's secret is kept as its SHA-256 only."""

    digest = models.CharField(max_length=64, unique=True)
    note = models.CharField(max_length=200, blank=True)  # whom it is for
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField()
    registration = models.ForeignKey(  # what was registered with it
        Registration, on_delete=models.SET_NULL, null=True, blank=True, related_name="invitations"
    )

    def __str__(self):
        return self.note or f"invitation {self.pk}"


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
    # The frame that keeps values for us where cookies are blocked (LTI Client Side postMessages 1.0); '' if none.
    storage_target = models.CharField(max_length=255, blank=True)
    expires = models.DateTimeField(db_index=True)


class DeepLinkingRequest(models.Model):
    """An instructor in the LMS's picker: what to answer, and where to (Deep Linking 2.0, section 4.4).

    `settings` is the claim as far as an answer needs it; `key` names the request in a visit.
    """

    key = models.CharField(max_length=64, unique=True)
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE)
    course = models.ForeignKey(Course, on_delete=models.CASCADE)
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    settings = models.JSONField()
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField(db_index=True)


class MembershipService(models.Model):
    """Where a course's roster is read (Names and Role Provisioning Services 2.0), and how that went last."""

    course = models.OneToOneField(Course, on_delete=models.CASCADE, related_name="membership_service")
    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="membership_services")
    url = models.CharField(max_length=2000)
    differences_url = models.CharField(max_length=2000, blank=True)  # rel="differences" of the newest reading
    read_whole = models.DateTimeField(null=True)  # when everybody was listed last, not only what had changed
    asked = models.DateTimeField(null=True)  # when a reading began last
    synced = models.DateTimeField(null=True)  # when one succeeded last
    last_error = models.CharField(max_length=500, blank=True)


class GradeService(models.Model):
    """Where the grades of a resource link go: the `endpoint` claim of its newest launch.

    `lineitem` is empty where the platform made no line item; with `lineitems`,
    its container, the tool can make one, and has where `made` says so. Of such
    a column `column` is what the platform was told last: `label`, `maximum`,
    and `again` once it was made a second time. `unwanted`: the instructor took
    it away, so none is made unless she asks. `trouble`: why there is none.
    """

    resource_link = models.OneToOneField(ResourceLink, on_delete=models.CASCADE, related_name="grade_service")
    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="grade_services")
    lineitem = models.CharField(max_length=2000, blank=True)
    lineitems = models.CharField(max_length=2000, blank=True)
    made = models.BooleanField(default=False)
    scopes = models.JSONField(default=list)
    column = models.JSONField(default=dict)
    unwanted = models.BooleanField(default=False)
    trouble = models.CharField(max_length=500, blank=True)


class GradeDelivery(models.Model):
    """The grade that the platform should hold for one learner at one resource link, and whether it does.

    `score` and `maximum` are points; `score` is None where a grade that was sent
    is to be taken back. `timestamp` is fixed until the grade changes, so that a
    resend is harmless, and always later than the one before.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        STUCK = "stuck"
        HELD = "held"  # somebody changed the grade in the LMS; the instructor says which one stands
        KEPT = "kept"  # she said: the one in the LMS
        WAITING = "waiting"  # provisional, and the LMS would show it as a grade: held back until it is reviewed

    resource_link = models.ForeignKey(ResourceLink, on_delete=models.CASCADE, related_name="grade_deliveries")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="grade_deliveries")
    attempt = models.ForeignKey(  # the one that counts; None where the grade is the instructor's own
        Attempt, on_delete=models.CASCADE, related_name="grade_deliveries", null=True
    )
    override = models.ForeignKey(GradeOverride, on_delete=models.SET_NULL, related_name="+", null=True)
    score = models.FloatField(null=True)
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
    refusals = models.PositiveSmallIntegerField(default=0)  # answers that look final, of which a few are asked again
    # Every score that was ever on its way, as [points, maximum]: what the LMS may hold of ours.
    tried = models.JSONField(default=list)
    submitted = models.UUIDField(null=True)  # the attempt that the LMS has as a submission (Canvas)
    overrules = models.BooleanField(default=False)  # the instructor said to replace the grade that the LMS holds

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resource_link", "person"], name="one_grade_per_learner_and_link")
        ]
        indexes = [models.Index(fields=["state", "next_try"])]
