"""A platform made of `lti1p3platform`: its claims, its login, its signature. A process of its own; see signer.py."""

from __future__ import annotations

from cryptography.hazmat.primitives import serialization
from lti1p3platform.ltiplatform import LTI1P3PlatformConfAbstract
from lti1p3platform.message_launch import LTIAdvantageMessageLaunchAbstract
from lti1p3platform.oidc_login import OIDCLoginAbstract
from lti1p3platform.registration import Registration
from lti1p3platform.request import Request

from tests.lti.peers.signer import Placement, serve

ISSUER, CLIENT, DEPLOYMENT = "https://openlearning.example", "openlearning-client", "deployment-7"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
ROLES = {"learner": [f"{MEMBERSHIP}#Learner"], "instructor": [f"{MEMBERSHIP}#Instructor"]}


class Configuration(LTI1P3PlatformConfAbstract):
    def init_platform_config(self, place: Placement) -> None:
        key = serialization.load_pem_private_key(place.private_pem.encode(), None)
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self._registration = (
            Registration()
            .set_iss(ISSUER)
            .set_client_id(CLIENT)
            .set_deployment_id(DEPLOYMENT)
            .set_oidc_login_url(place.login_url)
            .set_launch_url(place.launch_url)
            .set_platform_private_key(place.private_pem)
            .set_platform_public_key(public.decode())
        )

    def get_registration_by_params(self, **kwargs) -> Registration:
        return self._registration


class Login(OIDCLoginAbstract):
    def set_lti_message_hint(self, hint: str) -> None:
        self._lti_message_hint = hint

    def get_redirect(self, url: str) -> str:
        return url


class AuthenticationRequest(Request):
    """What the tool asked, by GET."""

    def build_metadata(self, asked: dict) -> dict:
        return {"method": "GET", "form_data": {}, "get_data": asked, "headers": {}, "path": "/auth"}


class Launch(LTIAdvantageMessageLaunchAbstract):
    def render_launch_form(self, launch_data: dict, **kwargs) -> dict:
        return launch_data


class OpenLearning:
    def __init__(self, place: Placement):
        self.place = place
        self.configuration = Configuration(place=place)

    def about(self) -> dict:
        return {"issuer": ISSUER, "client_id": CLIENT, "jwks": self.configuration.get_jwks()}

    def login(self, role: str) -> str:
        login = Login(None, self.configuration)
        login.set_lti_message_hint("resource-9")
        return login.initiate_login("77")

    def launch(self, role: str, asked: dict) -> dict:
        launch = Launch(AuthenticationRequest(asked), self.configuration)
        launch._registration = self.configuration.get_registration()
        launch.validate_preflight_response(asked)
        launch.set_user_data("77", ROLES[role], full_name="Ada Osei")
        launch.set_resource_link_claim("resource-9", title="When to escalate")
        launch.set_launch_context_claim("course-9", context_title="Hard conversations")
        launch.set_launch_presentation_claim("iframe", f"{ISSUER}/courses/9")
        launch.set_custom_parameters_claim({"activity": self.place.activity})
        launch.set_ags(f"{ISSUER}/lineitems", f"{ISSUER}/lineitems/1")
        return launch.generate_launch_request()


if __name__ == "__main__":
    serve(OpenLearning)
