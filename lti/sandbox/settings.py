"""Settings of the sandbox LMS: another site, another process, another database than the tool's.

It lets anybody in as anybody, so it exists in demo and test only.
"""

import hashlib
from pathlib import Path
from urllib.parse import urlparse

from django.core.exceptions import ImproperlyConfigured

from coachtool import settings as tool

if tool.ENV not in ("demo", "test"):
    raise ImproperlyConfigured("The sandbox LMS runs with COACHTOOL_ENV=demo or test only.")

BASE_DIR: Path = tool.BASE_DIR
DEBUG = False
SECRET_KEY = hashlib.sha256(f"sandbox {tool.SECRET_KEY}".encode()).hexdigest()

URL = tool.env("SANDBOX_URL", "http://127.0.0.1:8001").rstrip("/")
TOOL_URL = tool.URL
ALLOWED_HOSTS = [urlparse(URL).hostname, "testserver"]

CLIENT_ID = "coachtool-sandbox"
DEPLOYMENT_ID = "1"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "lti.sandbox",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "lti.sandbox.middleware.ContentSecurity",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
]
ROOT_URLCONF = "lti.sandbox.urls"
ASGI_APPLICATION = "lti.sandbox.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": ["django.template.loaders.filesystem.Loader"],
            "context_processors": ["lti.sandbox.people.seen_by"],
        },
    }
]

DATABASES = {"default": tool.postgres(tool.env("SANDBOX_DATABASE_URL", "postgresql:///coachtool_sandbox"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

SESSION_COOKIE_NAME = "sandbox_session"
# As an LMS sets it: the tool's page in the frame may lead to the authorisation endpoint. 127.0.0.1 counts as secure.
SESSION_COOKIE_SAMESITE = "None"
SESSION_COOKIE_SECURE = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = None

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATICFILES_DIRS = [("sandbox", BASE_DIR / "static" / "sandbox")]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
LOGGING = tool.LOGGING
