"""Registering by hand: the form, and checks against the platform itself that say per field what is wrong."""

import json

import httpx
from django import forms
from django.conf import settings

from coachtool.site import outgoing
from lti import platform_keys
from lti.models import Registration
from lti.registering import keeping
from lti.registering.dynamic import is_address, may_be_audience

_PLATFORM_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-platform-configuration"
_CONFIGURATION_PATHS = ("/.well-known/openid-configuration", "/mod/lti/openid-configuration.php")
_PATIENCE = httpx.Timeout(4.0, connect=3.0)
_KEYS_ADVICE = "Paste the keys below instead, if your LMS shows them."
_SAID_BY_PLATFORM = {
    "auth_login_url": "authorization_endpoint",
    "auth_token_url": "token_endpoint",
    "jwks_url": "jwks_uri",
}


class RegistrationForm(forms.Form):
    """What an LMS shows once the tool was set up in it. `check_platform` asks the LMS itself."""

    name = forms.CharField(max_length=200, required=False, label="Name")
    issuer = forms.CharField(max_length=500, label="Issuer")
    client_id = forms.CharField(max_length=255, label="Client ID")
    auth_login_url = forms.CharField(max_length=1000, label="Authentication request URL")
    auth_token_url = forms.CharField(max_length=1000, label="Access token URL")
    jwks_url = forms.CharField(max_length=1000, required=False, label="Key set URL")
    jwks = forms.CharField(max_length=100_000, required=False, label="Keys, if the LMS has no key set URL")
    deployments = forms.CharField(max_length=5000, required=False, label="Deployment IDs")
    only_these = forms.BooleanField(required=False, label="Only these deployments")
    audience = forms.CharField(max_length=1000, required=False, label="Audience")
    product = forms.CharField(max_length=50, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.error_messages["required"] = f"{field.label or name} is missing."

    def clean_issuer(self) -> str:
        issuer = self.cleaned_data["issuer"]
        # OpenID Connect wants a URL; Blackboard and older platforms have plain words.
        if issuer.startswith("http:") and not settings.ALLOW_PRIVATE_ADDRESSES:
            raise forms.ValidationError("The issuer begins with http://. LTI 1.3 requires https://.")
        if "://" in issuer and not is_address(issuer):
            raise forms.ValidationError("This is not a web address. Copy the issuer exactly as your LMS shows it.")
        return issuer

    def clean_auth_login_url(self) -> str:
        return self._address("auth_login_url")

    def clean_auth_token_url(self) -> str:
        return self._address("auth_token_url")

    def clean_jwks_url(self) -> str:
        if "{client_id}" in self.cleaned_data["jwks_url"]:
            raise forms.ValidationError("Put your client ID in the place of {client_id}.")
        return self._address("jwks_url") if self.cleaned_data["jwks_url"] else ""

    def clean_jwks(self) -> dict | None:
        pasted = self.cleaned_data["jwks"].strip()
        if not pasted:
            return None
        try:
            data = json.loads(pasted)
            # One key alone is what some platforms show.
            keys = platform_keys.key_set({"keys": [data]} if isinstance(data, dict) and "kty" in data else data)
        except (ValueError, RecursionError):
            raise forms.ValidationError(
                'This is not a JSON key set. It looks like {"keys": [{"kty": "RSA", …}]}.'
            ) from None
        if any(set(key) & {"d", "p", "q", "dp", "dq", "qi", "k"} for key in keys["keys"]):
            raise forms.ValidationError("This holds a private key. Paste the public one, and replace this key pair.")
        if not platform_keys.usable(keys):
            raise forms.ValidationError("There is no RSA key with a key ID (kid) in it.")
        return keys

    def clean_deployments(self) -> tuple[str, ...]:
        ids = [line.strip() for line in self.cleaned_data["deployments"].splitlines()]
        if any(len(entry) > 255 for entry in ids):
            raise forms.ValidationError("A deployment ID is longer than 255 characters.")
        return tuple(dict.fromkeys(entry for entry in ids if entry))

    def clean_audience(self) -> str:
        return self._address("audience") if self.cleaned_data["audience"] else ""

    def clean(self) -> dict:
        data = super().clean()
        if not data.get("jwks_url") and not data.get("jwks") and not {"jwks_url", "jwks"} & set(self.errors):
            self.add_error("jwks_url", "Give the address of the key set, or paste the keys below.")
        if data.get("only_these") and not data.get("deployments") and "deployments" not in self.errors:
            self.add_error("deployments", "List the deployments that may launch, or take new ones as they come.")
        if data.get("audience") and data.get("auth_token_url"):
            if data["audience"] == data["auth_token_url"]:
                data["audience"] = ""
            elif not may_be_audience(data["audience"], data["auth_token_url"]):
                self.add_error(
                    "audience",
                    "The audience lies on another host than the access token URL. If that is right, "
                    "ask whoever runs this tool to register your LMS with manage.py lti_register.",
                )
        return data

    def check_platform(self) -> bool:
        """Ask the platform whether all this is right; what is wrong goes to its field. After `is_valid`."""
        with outgoing.client(timeout=_PATIENCE, total=8.0) as client:
            said = _configuration(client, self.cleaned_data["issuer"])
            if said:
                self._compare(said)
            if self.cleaned_data.get("jwks_url"):
                self._check_keys()
            if "auth_token_url" not in self.errors:
                self._check_token_url(client)
        return not self.errors

    def platform(self) -> keeping.Platform:
        """What was typed, as a value. After `is_valid`."""
        data = self.cleaned_data
        return keeping.Platform(
            **{name: data[name] for name in ("issuer", "client_id", "auth_login_url", "auth_token_url", "audience")},
            jwks_url=data["jwks_url"],
            jwks=None if data["jwks_url"] else data["jwks"],
            name=data["name"],
            product=data["product"],
            deployments=data["deployments"],
            learns_deployments=not data["only_these"],
        )

    def _address(self, name: str) -> str:
        url = self.cleaned_data[name]
        if not is_address(url):
            raise forms.ValidationError("This is not a web address; it begins with https:// and has no blanks.")
        if url.startswith("http:") and not settings.ALLOW_PRIVATE_ADDRESSES:
            raise forms.ValidationError("This begins with http://. LTI 1.3 requires https://.")
        return url

    def _compare(self, said: dict) -> None:
        """With the platform's own openid-configuration, where it publishes one."""
        issuer = self.cleaned_data["issuer"]
        if said["issuer"] != issuer:
            self.add_error("issuer", f"Your LMS says that its issuer is {said['issuer']}, exactly so.")
            return
        for name, member in _SAID_BY_PLATFORM.items():
            typed, there = self.cleaned_data.get(name), said.get(member)
            if typed and is_address(there) and typed != there:
                self.add_error(name, f"Your LMS says that this address is {there}.")

    def _check_keys(self) -> None:
        if "jwks_url" in self.errors:
            return
        try:
            keys = platform_keys.fetch(self.cleaned_data["jwks_url"])
        except outgoing.AddressRefused as refused:
            self.add_error("jwks_url", f"We may not go there: {refused}.")
        except httpx.HTTPError as problem:
            self.add_error("jwks_url", f"The key set could not be fetched: {_plain(problem)}. {_KEYS_ADVICE}")
        except ValueError as problem:
            self.add_error("jwks_url", f"There is no key set at this address: {problem}. {_KEYS_ADVICE}")
        else:
            if not platform_keys.usable(keys):
                self.add_error(
                    "jwks_url", "The key set has no RSA key with a key ID (kid), so no launch can be verified."
                )

    def _check_token_url(self, client: httpx.Client) -> None:
        # No client assertion goes along: nobody knows yet whose address this is.
        try:
            answer = client.post(self.cleaned_data["auth_token_url"], data={"grant_type": "client_credentials"})
        except outgoing.AddressRefused as refused:
            self.add_error("auth_token_url", f"We may not go there: {refused}.")
            return
        except httpx.HTTPError as problem:
            self.add_error("auth_token_url", f"Nothing answers there: {_plain(problem)}.")
            return
        # A token endpoint refuses a request without credentials (RFC 6749, section 5.2).
        if answer.status_code in (404, 405, 410) or answer.status_code >= 500 or 300 <= answer.status_code < 400:
            self.add_error("auth_token_url", f"This does not answer as a token endpoint (HTTP {answer.status_code}).")


def initial(registration: Registration) -> dict:
    """The form's values for a registration that is there."""
    names = ("name", "issuer", "client_id", "auth_login_url", "auth_token_url", "jwks_url", "audience", "product")
    return {name: getattr(registration, name) for name in names} | {
        "jwks": json.dumps(registration.jwks, indent=1) if registration.jwks and not registration.jwks_url else "",
        "deployments": "\n".join(registration.deployments.order_by("pk").values_list("deployment_id", flat=True)),
        "only_these": not registration.learns_deployments,
    }


def _configuration(client: httpx.Client, issuer: str) -> dict | None:
    """The LTI platform's openid-configuration at its issuer, if there is one; many have none."""
    if not is_address(issuer):
        return None
    for path in _CONFIGURATION_PATHS:
        try:
            answer = client.get(issuer.rstrip("/") + path, headers={"Accept": "application/json"})
            data = answer.json() if answer.status_code == 200 else None
        except (httpx.HTTPError, ValueError, RecursionError):
            continue
        # The same address may be a sign-in service with a configuration of its own, which is another thing.
        if isinstance(data, dict) and is_address(data.get("issuer")) and _PLATFORM_CONFIGURATION in data:
            return data
    return None


def _plain(problem: Exception) -> str:
    if isinstance(problem, httpx.TimeoutException):
        return "no answer in time"
    if isinstance(problem, outgoing.AnswerRefused) or "resolved" in str(problem):
        return str(problem)
    return "no connection" if isinstance(problem, httpx.ConnectError) else "the connection broke"
