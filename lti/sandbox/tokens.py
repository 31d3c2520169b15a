"""The token endpoint: client_credentials with a signed client assertion (Security Framework 1.0, section 4.1)."""

import hashlib
import secrets
import time
from datetime import timedelta

import httpx
import jwt
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from lti.sandbox import clients, platform
from lti.sandbox.judge import Wrong, judged
from lti.sandbox.models import AccessToken, ToolClient, UsedAssertion

LASTS = 3600  # seconds
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST_ASSERTION = 3600  # seconds from iat to exp
_SKEW = 10  # seconds


@judged("token")
def token(request: HttpRequest) -> HttpResponse:
    """Judge the request, hand out a bearer token."""
    if request.method != "POST":
        raise Wrong(405, "the token endpoint takes POST only")
    if request.content_type != "application/x-www-form-urlencoded":
        raise Wrong(400, f"Content-Type is {request.content_type!r}, not application/x-www-form-urlencoded")
    given = request.POST
    if given.get("grant_type") != "client_credentials":
        raise Wrong(400, "grant_type is not client_credentials", "unsupported_grant_type")
    if given.get("client_assertion_type") != _ASSERTION_TYPE:
        raise Wrong(400, f"client_assertion_type is not {_ASSERTION_TYPE}")
    client = _judge_assertion(given.get("client_assertion", ""))
    scopes = given.get("scope", "").split()
    if not scopes or set(scopes) - set(client.scopes):
        raise Wrong(400, "scope is empty or names more than was granted", "invalid_scope")
    value = secrets.token_urlsafe(32)
    AccessToken.objects.create(digest=_digest(value), scopes=scopes, expires=timezone.now() + timedelta(seconds=LASTS))
    response = JsonResponse(
        {"access_token": value, "token_type": "Bearer", "expires_in": LASTS, "scope": " ".join(scopes)}
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def require_scope(request: HttpRequest, *scopes: str) -> None:
    """One of `scopes` in the request's bearer token, or Wrong 401 or 403."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not value:
        raise Wrong(401, "no bearer token")
    found = AccessToken.objects.filter(digest=_digest(value), expires__gt=timezone.now()).first()
    if found is None:
        raise Wrong(401, "the bearer token is unknown or has expired", "invalid_token")
    if not set(scopes) & set(found.scopes):
        raise Wrong(403, f"the token's scope does not cover {scopes[0]}", "insufficient_scope")


def _judge_assertion(assertion: str) -> ToolClient:
    """The client that signed it, or Wrong."""
    try:
        header = jwt.get_unverified_header(assertion)
        issuer = jwt.decode(assertion, options={"verify_signature": False}).get("iss")
    except jwt.PyJWTError:
        raise Wrong(400, "client_assertion is not a JWT") from None
    if header.get("alg") != "RS256":
        raise Wrong(401, "client_assertion is not signed with RS256", "invalid_client")
    if not header.get("kid"):
        raise Wrong(401, "client_assertion names no kid", "invalid_client")
    client = clients.find(issuer) if isinstance(issuer, str) and issuer else None
    if client is None:
        raise Wrong(401, "client_assertion: iss is no client_id that may ask", "invalid_client")
    try:
        key = platform.tool_key(client.jwks_uri, header["kid"])
    except (httpx.HTTPError, ValueError, KeyError) as problem:
        raise Wrong(401, f"the tool's key set could not be fetched: {problem!r}", "invalid_client") from None
    if key is None:
        raise Wrong(401, "the tool publishes no key with this kid", "invalid_client")
    try:
        claims = jwt.decode(
            assertion,
            jwt.PyJWK(key, algorithm="RS256"),
            algorithms=["RS256"],
            options={"verify_aud": False, "require": ["iss", "sub", "aud", "exp", "iat", "jti"]},
            leeway=_SKEW,
        )
    except jwt.PyJWTError as problem:
        raise Wrong(401, f"client_assertion: {problem}", "invalid_client") from None
    if claims["sub"] != client.client_id:
        raise Wrong(401, "client_assertion: iss and sub are not both the client_id", "invalid_client")
    if claims["aud"] not in (platform.url("/lti/token/"), [platform.url("/lti/token/")]):
        raise Wrong(401, "client_assertion: aud is not the token endpoint", "invalid_client")
    if claims["iat"] > time.time() + _SKEW or claims["exp"] - claims["iat"] > _LONGEST_ASSERTION:
        raise Wrong(401, "client_assertion: iat is in the future, or it lives too long", "invalid_client")
    try:
        with transaction.atomic():
            UsedAssertion.objects.create(jti=str(claims["jti"])[:255])
    except IntegrityError:
        raise Wrong(401, "client_assertion: jti has been used before", "invalid_client") from None
    return client


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
