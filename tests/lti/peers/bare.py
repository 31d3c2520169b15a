"""A tool made of plain pylti1p3next, as its documentation says to: Django, a tool configuration in memory.

It stands beside ours in docs/launch-checks.md and in `manage.py bench launch`.
Nothing of coachtool is imported. Environment: BARE_CONFIG, a JSON file for
ToolConfDict; BARE_DATABASE, the connection settings of its sessions, JSON.
Run it as `daphne tests.lti.peers.bare:application`; `python -m tests.lti.peers.bare`
makes its table.
"""

import json
import os
import sys
from pathlib import Path

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="of the bare tool, in tests only",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.sessions"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    DATABASES={"default": json.loads(os.environ["BARE_DATABASE"])},
    # Django's defaults would be dropped inside the LMS's iframe, as the library's documentation warns.
    SESSION_COOKIE_SAMESITE="None",
    SESSION_COOKIE_SECURE=True,
    LOGGING_CONFIG=None,
    USE_TZ=True,
)
django.setup()

from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpRequest, HttpResponse, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402
from pylti1p3.contrib.django import DjangoMessageLaunch, DjangoOIDCLogin  # noqa: E402
from pylti1p3.deep_link_resource import DeepLinkResource  # noqa: E402
from pylti1p3.exception import LtiException, OIDCException  # noqa: E402
from pylti1p3.registration import Registration  # noqa: E402
from pylti1p3.tool_config import ToolConfDict  # noqa: E402

config = json.loads(Path(os.environ["BARE_CONFIG"]).read_text())
tool_conf = ToolConfDict(config["platforms"])
for issuer, clients in config["platforms"].items():
    for client in clients:
        tool_conf.set_private_key(issuer, config["private_key"], client_id=client["client_id"])
        tool_conf.set_public_key(issuer, config["public_key"], client_id=client["client_id"])


@csrf_exempt
def login(request: HttpRequest) -> HttpResponse:
    target = request.POST.get("target_link_uri", request.GET.get("target_link_uri"))
    if not target:
        return HttpResponse("Login failed: no target_link_uri", status=400)
    try:
        return DjangoOIDCLogin(request, tool_conf).redirect(target)
    except OIDCException as problem:
        return HttpResponse(f"Login failed: {problem}", status=400)


@csrf_exempt
def launch(request: HttpRequest) -> HttpResponse:
    message = DjangoMessageLaunch(request, tool_conf)
    try:
        message.get_launch_data()
    except LtiException as problem:
        return HttpResponse(f"Launch failed: {problem}", status=401)
    if message.is_deep_link_launch():
        resource = DeepLinkResource().set_url(request.build_absolute_uri()).set_title("The activity")
        return HttpResponse(message.get_deep_link().output_response_form([resource]))
    return HttpResponse(f"Launched {message.get_launch_id()}")


def jwks(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"keys": [Registration.get_jwk(config["public_key"])]})


urlpatterns = [path("login/", login), path("launch/", launch), path("jwks/", jwks)]
application = get_asgi_application()

if __name__ == "__main__" and "migrate" in sys.argv:
    call_command("migrate", verbosity=0)
