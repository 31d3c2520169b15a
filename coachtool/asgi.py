"""HTTP to Django, WebSockets to the conversation's consumer."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coachtool.settings")

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from channels.sessions import SessionMiddlewareStack
from django.core.asgi import get_asgi_application
from django.urls import path

http = get_asgi_application()

from realtime.consumers import ConversationConsumer

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
