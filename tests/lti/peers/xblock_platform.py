"""Open edX's LTI platform (`lti-consumer-xblock`) outside Open edX: its claims, its login, its signature.

A process of its own (see signer.py): the package brings Django settings of its own.
"""

from __future__ import annotations

import django
from django.conf import settings

from tests.lti.peers.signer import Placement, serve

ISSUER, CLIENT, DEPLOYMENT = "https://courses.openedx.example", "openedx-client", "1"
ROLES = {"learner": "student", "instructor": "staff"}

settings.configure(
    PLATFORM_NAME="Open edX",
    LMS_BASE="courses.openedx.example",
    LMS_ROOT_URL=ISSUER,
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    LOGGING_CONFIG=None,
)
django.setup()

from lti_consumer.data import Lti1p3LaunchData  # noqa: E402
from lti_consumer.lti_1p3.constants import LTI_1P3_CONTEXT_TYPE  # noqa: E402
from lti_consumer.lti_1p3.consumer import LtiAdvantageConsumer  # noqa: E402


class OpenEdx:
    def __init__(self, place: Placement):
        self.place = place
        self.consumer = LtiAdvantageConsumer(
            ISSUER,
            place.login_url,
            place.launch_url,
            CLIENT,
            DEPLOYMENT,
            place.private_pem,
            "openedx-key-1",
            redirect_uris=[place.launch_url],
        )

    def about(self) -> dict:
        return {"issuer": ISSUER, "client_id": CLIENT, "jwks": self.consumer.get_public_keyset()}

    def login(self, role: str) -> str:
        launch = Lti1p3LaunchData(
            user_id="42", user_role=ROLES[role], config_id="1", resource_link_id="block-v1:coaching"
        )
        return self.consumer.prepare_preflight_url(launch)

    def launch(self, role: str, asked: dict) -> dict:
        self.consumer.set_user_data("42", ROLES[role], full_name="Ada Osei", email_address="ada@example.edu")
        self.consumer.set_resource_link_claim("block-v1:coaching", title="When to escalate")
        self.consumer.set_context_claim(
            "course-v1:Edx+Hard+2026", [LTI_1P3_CONTEXT_TYPE.course_offering], "Hard conversations", "Edx+Hard"
        )
        self.consumer.set_launch_presentation_claim("iframe", f"{ISSUER}/courses/hard")
        self.consumer.set_custom_parameters({"activity": self.place.activity})
        self.consumer.enable_ags(f"{ISSUER}/lti/lineitems", f"{ISSUER}/lti/lineitems/1")
        return self.consumer.generate_launch_request(asked)


if __name__ == "__main__":
    serve(OpenEdx)
