"""manage.py lti_register_sandbox: connect the tool to the sandbox LMS of demo and tests."""

import os

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Register the tool at the sandbox LMS (COACHTOOL_SANDBOX_URL); in demo and test only."

    def handle(self, **options):
        if not settings.EMBEDDED:
            raise CommandError("The sandbox LMS belongs to demo and test; this is neither.")
        sandbox = os.environ.get("COACHTOOL_SANDBOX_URL", "http://127.0.0.1:8001").rstrip("/")
        call_command(
            "lti_register",
            f"--issuer={sandbox}",
            "--client-id=coachtool-sandbox",
            f"--auth-login-url={sandbox}/lti/auth/",
            f"--auth-token-url={sandbox}/lti/token/",
            f"--jwks-url={sandbox}/lti/jwks/",
            "--deployment=1",
            "--name=Sandbox LMS",
            stdout=self.stdout,
        )
