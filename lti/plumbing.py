"""Where pylti1p3 is used: building the authentication request, reading and verifying an id_token.

Its own state, nonce, registration and claim checks are not relied on (claims.py
and logins.py say what is checked instead), nor are its requests without timeout.
"""

import jwt
from pylti1p3.exception import LtiException
from pylti1p3.message_launch import MessageLaunch
from pylti1p3.oidc_login import OIDCLogin
from pylti1p3.registration import Registration as Platform

from lti import platform_keys
from lti.models import Registration
from lti.refusals import Refusal


class _Params:
    """pylti1p3's idea of a request: parameters by name."""

    def __init__(self, params: dict):
        self._params = params

    def get_param(self, key: str) -> str | None:
        return self._params.get(key)


class _Collector:
    """Takes the place of its cookie and session services, to hand out the state and nonce it made."""

    state = ""
    nonce = ""

    def set_cookie(self, name: str, value: str, exp: int | None = None) -> None:
        self.state = value

    def save_nonce(self, nonce: str) -> None:
        self.nonce = nonce


class _Login(OIDCLogin):
    def __init__(self, platform: Platform, params: dict):
        self.made = _Collector()
        self._platform = platform
        super().__init__(_Params(params), None, session_service=self.made, cookie_service=self.made)

    def validate_oidc_login(self) -> Platform:
        return self._platform

    def url(self, redirect_uri: str) -> str:
        return self._prepare_redirect_url(redirect_uri)


class _Token(MessageLaunch):
    def __init__(self, platform: Platform, id_token: str):
        super().__init__(_Params({"id_token": id_token}), None, session_service=object(), cookie_service=object())
        self._registration = platform
        self.set_auto_validation(False)
        # Only the signature here: PyJWT's own reading of exp, iat and aud is replaced by claims.py.
        self.set_jwt_verify_options(
            dict.fromkeys(
                ("verify_aud", "verify_iss", "verify_exp", "verify_nbf", "verify_iat", "verify_sub", "verify_jti"),
                False,
            )
        )

    def _get_request_param(self, key: str) -> str:
        return self._request.get_param(key)

    @property
    def header(self) -> dict:
        return self._jwt["header"]

    @property
    def claims(self) -> dict:
        return self._jwt["body"]


def authentication_request(registration: Registration, params: dict, redirect_uri: str) -> tuple[str, str, str]:
    """State, nonce and URL of the request that answers a platform's login (OpenID Connect Core 3.1.2.1)."""
    login = _Login(_platform(registration), params)
    url = login.url(redirect_uri)
    return login.made.state, login.made.nonce, url


def verified_claims(registration: Registration, id_token: str) -> dict:
    """The claims of an RS256 id_token signed by the registration's platform; raises Refusal."""
    platform = _platform(registration)
    token = _Token(platform, id_token)
    try:
        token.validate_jwt_format()
    except (LtiException, RecursionError) as problem:
        raise Refusal("token_unreadable", str(problem)) from None
    header = token.header
    if not isinstance(header, dict) or not isinstance(token.claims, dict):
        raise Refusal("token_unreadable", "header or claims are not an object")
    if header.get("alg") != "RS256":
        raise Refusal("token_signature", "alg is not RS256")
    if not isinstance(header.get("kid"), str) or not header["kid"]:
        raise Refusal("token_signature", "the header names no kid")
    platform.set_key_set({"keys": [platform_keys.key_for(registration, header["kid"])]})
    try:
        token.validate_jwt_signature()
    except (LtiException, jwt.PyJWTError, ValueError, TypeError) as problem:
        raise Refusal("token_signature", str(problem)) from None
    return token.claims


def _platform(registration: Registration) -> Platform:
    return (
        Platform()
        .set_issuer(registration.issuer)
        .set_client_id(registration.client_id)
        .set_auth_login_url(registration.auth_login_url)
        .set_auth_token_url(registration.auth_token_url)
    )
