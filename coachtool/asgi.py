"""HTTP to Django, WebSockets to the conversation's consumer."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coachtool.settings")

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from channels.sessions import SessionMiddlewareStack  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.urls import path  # noqa: E402

http = get_asgi_application()

from realtime.consumers import ConversationConsumer  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": AllowedHostsOriginValidator(
            SessionMiddlewareStack(
                URLRouter([path("ws/v/<str:visit_id>/attempts/<uuid:attempt_id>/", ConversationConsumer.as_asgi())])
            )
        ),
    }
)
