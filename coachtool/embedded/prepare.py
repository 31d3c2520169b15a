"""Brings one side's database up to date and loads what the demo needs; every step can be repeated.

`python -m coachtool.embedded.prepare tool|sandbox`, run by the supervisor, with
the environment of the processes that it prepares for.
"""

from __future__ import annotations

import os
import sys

CLIENT_ID = "coachtool-sandbox"
DEPLOYMENT_ID = "1"


def tool() -> None:
    """The tool: its tables, the demo activities and the sandbox LMS as a registered platform."""
    call = _django("coachtool.settings")
    call("migrate", interactive=False, verbosity=0)
    call("load_activities")
    sandbox = os.environ["COACHTOOL_SANDBOX_URL"]
    call("lti_register", *_registration(sandbox))


def sandbox() -> None:
    """The sandbox LMS: its tables, course, people and the placed activities."""
    call = _django("lti.sandbox.settings")
    call("migrate", interactive=False, verbosity=0)
    call("sandbox_seed")


def _registration(sandbox: str) -> list[str]:
    return [
        f"--issuer={sandbox}",
        f"--client-id={CLIENT_ID}",
        f"--deployment={DEPLOYMENT_ID}",
        f"--auth-login-url={sandbox}/lti/auth/",
        f"--auth-token-url={sandbox}/lti/token/",
        f"--jwks-url={sandbox}/lti/jwks/",
        "--name=Sandbox LMS",
    ]


def _django(settings: str):
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    import django
    from django.core.management import call_command

    django.setup()
    return call_command


if __name__ == "__main__":
    {"tool": tool, "sandbox": sandbox}[sys.argv[1]]()
