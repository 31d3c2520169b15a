"""manage.py lti_register: connect the tool to a platform, or bring the connection up to date."""

import json
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import URLValidator
from django.db import transaction

from lti.models import Registration
from lti.placement import learn_deployment

_url = URLValidator(schemes=["http", "https"])


class Command(BaseCommand):
    help = "Register the tool at an LTI 1.3 platform. Running it again with the same issuer and client id updates it."

    def add_arguments(self, parser):
        parser.add_argument("--issuer", required=True, help="the platform's issuer, exactly as in its id_tokens")
        parser.add_argument("--client-id", required=True)
        parser.add_argument("--auth-login-url", required=True, help="the platform's OpenID Connect authorisation URL")
        parser.add_argument("--auth-token-url", required=True, help="the platform's OAuth 2 token URL")
        keys = parser.add_mutually_exclusive_group(required=True)
        keys.add_argument("--jwks-url", help="where the platform publishes its keys")
        keys.add_argument("--jwks-file", type=Path, help="a JSON Web Key Set, for a platform that publishes none")
        parser.add_argument("--audience", default="", help="aud of the client assertion, if it is not the token URL")
        parser.add_argument("--deployment", action="append", default=[], help="a deployment id; may be repeated")
        parser.add_argument("--only-these-deployments", action="store_true", help="learn no others at launch")
        parser.add_argument("--name", default="", help="what to call the platform on our pages")

    def handle(self, **options):
        for name in ("auth_login_url", "auth_token_url", "jwks_url"):
            _check_url(name, options[name])
        values = {
            "auth_login_url": options["auth_login_url"],
            "auth_token_url": options["auth_token_url"],
            "audience": options["audience"],
            "jwks_url": options["jwks_url"] or "",
            "jwks": _keys(options["jwks_file"]) if options["jwks_file"] else None,
            "jwks_fetched": None,
            "learns_deployments": not options["only_these_deployments"],
            "is_active": True,
            "registered_by": Registration.By.COMMAND,
        }
        if options["name"]:
            values["name"] = options["name"]
        with transaction.atomic():
            registration, made = Registration.objects.update_or_create(
                issuer=options["issuer"], client_id=options["client_id"], defaults=values
            )
            for deployment_id in options["deployment"]:
                deployment = learn_deployment(registration, deployment_id)
                deployment.is_active = True
                deployment.save(update_fields=["is_active"])
        self.stdout.write(f"{'Registered' if made else 'Updated'} {registration}.")


def _check_url(name: str, url: str | None) -> None:
    try:
        if url:
            _url(url)
    except ValidationError:
        raise CommandError(f"--{name.replace('_', '-')}: {url} is not an http or https URL.") from None


def _keys(path: Path) -> dict:
    try:
        keys = json.loads(path.read_text())
        if not all(isinstance(key, dict) for key in keys["keys"]):
            raise ValueError
    except OSError as problem:
        raise CommandError(f"--jwks-file: {problem.strerror}: {path}") from None
    except (ValueError, KeyError, TypeError):
        raise CommandError(f'--jwks-file: {path} is not a JSON Web Key Set ({{"keys": [...]}}).') from None
    return keys
