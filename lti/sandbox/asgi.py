"""The sandbox LMS as an ASGI application: daphne -p 8001 lti.sandbox.asgi:application"""

import os

# The tool's processes share one environment, which may name the tool's settings.
os.environ["DJANGO_SETTINGS_MODULE"] = "lti.sandbox.settings"

from django.core.asgi import get_asgi_application

application = get_asgi_application()
