"""HTTP to Django, WebSockets to the conversation's consumer."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from channels.sessions import SessionMiddlewareStack
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coachtool.settings")
http = get_asgi_application()


def sockets() -> URLRouter:
    """The consumer is imported once Django is set up, because it needs the models."""
    from realtime.consumers import ConversationConsumer

    return URLRouter([path("ws/v/<str:visit_id>/attempts/<uuid:attempt_id>/", ConversationConsumer.as_asgi())])


application = ProtocolTypeRouter(
    {"http": http, "websocket": AllowedHostsOriginValidator(SessionMiddlewareStack(sockets()))}
)
