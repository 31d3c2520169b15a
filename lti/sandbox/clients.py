"""Which tools may launch: the one registered by hand, and those that registered themselves."""

from django.conf import settings

from lti.sandbox import platform
from lti.sandbox.models import ToolClient


def fixed() -> ToolClient:
    """The tool's registration by hand, which demo and tests begin with; it is in no table."""
    return ToolClient(
        client_id=settings.CLIENT_ID,
        deployment_id=settings.DEPLOYMENT_ID,
        name="Coaching conversations",
        login_url=platform.tool_login_url(),
        target_link_uri=platform.tool_launch_url(),
        redirect_uris=[platform.tool_launch_url()],
        jwks_uri=platform.tool_jwks_url(),
        scopes=list(platform.SCOPES),
        is_active=True,
    )


def find(client_id: str) -> ToolClient | None:
    """The client that may launch and ask for tokens; '' is the fixed one."""
    if client_id in ("", settings.CLIENT_ID):
        return fixed()
    return ToolClient.objects.filter(client_id=client_id, is_active=True).first()


def owns(client: ToolClient, url: str) -> bool:
    """Whether the address is the tool's: its launch URL, with or without a query."""
    return url.partition("?")[0] == client.target_link_uri.partition("?")[0]
