"""Settings, read from the environment; nothing secret has a default outside demo and test.

COACHTOOL_ENV is `production` unless said otherwise; `demo` and `test` are set
by the embedded supervisor and by the test suite.
"""

import os
import sys
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlparse

from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def env(name: str, default: str | None = None) -> str:
    value = os.environ.get(f"COACHTOOL_{name}", default)
    if value is None:
        raise ImproperlyConfigured(f"Set COACHTOOL_{name} in the environment; see docs/operations.md.")
    return value


def postgres(url: str) -> dict:
    """Django's database settings from postgresql://user:password@host:port/name?host=/socket/dir."""
    parts = urlparse(url)
    query = parse_qs(parts.query)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host", [parts.hostname or ""])[0],
        "PORT": str(parts.port or query.get("port", [""])[0]),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {"pool": {"min_size": 0, "max_size": 8, "timeout": 10}},
    }


ENV = env("ENV", "production")
EMBEDDED = ENV in ("demo", "test")
DEBUG = False
SECRET_KEY = env("SECRET_KEY", "only-for-tests" if ENV == "test" else None)
SECRET_KEY_FALLBACKS = [key for key in env("SECRET_KEY_FALLBACKS", "").split(",") if key]
URL = env("URL", "http://localhost:8000" if EMBEDDED else None).rstrip("/")
DATA_DIR = Path(env("DATA", str(BASE_DIR / ".data")))
ALLOWED_HOSTS = env("ALLOWED_HOSTS", urlparse(URL).hostname).split(",") + (["testserver"] if ENV == "test" else [])

INSTALLED_APPS = [
    "daphne",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "coachtool.site",
    "coachtool.activities",
    "coachtool.attempts",
    "coachtool.authoring",
    "coachtool.records",
    "knowledge",
    "lti",
    "realtime",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "coachtool.site.middleware.SecurityHeaders",
    "coachtool.site.middleware.PartitionedCookies",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "coachtool.attempts.addressed.ProvenByAddress",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

ROOT_URLCONF = "coachtool.urls"
ASGI_APPLICATION = "coachtool.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": ["django.template.loaders.filesystem.Loader"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "coachtool.authoring.preview.bar",
            ],
        },
    }
]

DATABASES = {"default": postgres(env("DATABASE_URL", "postgresql:///coachtool" if ENV == "test" else None))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# One Valkey: database 0 is the broker, 1 the channel layer, 2 the cache.
VALKEY_URL = env("VALKEY_URL", "redis://127.0.0.1:6379" if EMBEDDED else None).rstrip("/")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": f"{VALKEY_URL}/2"}}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [{"address": f"{VALKEY_URL}/1", "socket_timeout": None}], "capacity": 500},
    }
}

CELERY_BROKER_URL = f"{VALKEY_URL}/0"
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {"realtime.workers.converse": "conversation", "realtime.workers.lease": "gpu"}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Longer than the longest conversation, so that the broker never redelivers a live one.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3 * 3600}
CELERY_BEAT_SCHEDULE = {
    "deliver-statements": {"task": "coachtool.records.tasks.deliver_statements", "schedule": 5.0},
    "deliver-grades": {"task": "lti.tasks.deliver_grades", "schedule": 5.0},
    "forget-launches": {"task": "lti.tasks.forget", "schedule": 300.0},
    "read-rosters": {"task": "lti.tasks.read_rosters", "schedule": crontab(hour="2", minute="17")},  # UTC
    "read-documents": {"task": "knowledge.tasks.sweep", "schedule": 30.0},
    "sweep-attempts": {"task": "coachtool.attempts.tasks.sweep", "schedule": 10.0},
}

# The tool lives in another site's iframe: its cookies must be cross-site, secure and partitioned.
SESSION_COOKIE_NAME = "coachtool_session"
SESSION_COOKIE_SAMESITE = "None"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_NAME = "coachtool_csrf"
CSRF_COOKIE_SAMESITE = "None"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [URL]
MESSAGE_STORAGE = "coachtool.attempts.flash.storage"
CSRF_FAILURE_VIEW = "coachtool.site.views.csrf_failure"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = None
if URL.startswith("https:"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31536000

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = None if EMBEDDED else Path(env("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = EMBEDDED
WHITENOISE_AUTOREFRESH = False

# Live media
CONVERSATION_HOST = env("CONVERSATION_HOST", "127.0.0.1")  # the address a gpu worker dials back to
GPU_SLOTS = int(env("GPU_SLOTS", "0"))  # conversations that one worker serves at a time; 0: as many as it can, measured
VIDEO = env("VIDEO", "auto")  # the face as video from a worker: auto (where a GPU draws), on (a processor, too) or off
GPU_PROCESSES = int(env("GPU_PROCESSES", "1"))  # workers that share this machine, and so what was measured
DRAIN_SECONDS = float(env("DRAIN_SECONDS", "300"))  # in which a worker's conversations move on before it ends
METRICS_TOKEN = env("METRICS_TOKEN", "")  # who shows it reads /metrics; without one there is no such page
ICE_SERVERS = [url for url in env("ICE_SERVERS", "").split(",") if url]
REJOIN_SECONDS = int(env("REJOIN_SECONDS", "90"))  # how long a conversation waits for its learner
PERCEPTION = env("PERCEPTION", "eu")  # eu, standard or off: only under standard, and by consent, is anything sensed
if PERCEPTION not in ("eu", "standard", "off"):
    raise ImproperlyConfigured("Set COACHTOOL_PERCEPTION to eu, standard or off; see docs/operations.md.")

# The LMS. Its addresses may lie in a private network only where the site says so.
ALLOW_PRIVATE_ADDRESSES = env("ALLOW_PRIVATE_ADDRESSES", "1" if EMBEDDED else "0") == "1"
LTI_CALL_SECONDS = float(env("LTI_CALL_SECONDS", "8"))  # how long one call of an LMS's service may take
GRADE_PACE = float(env("GRADE_PACE", "1"))  # every wait between two tries of a grade is multiplied by it
COOKIELESS = env("COOKIELESS", "on") == "on"  # without cookies: by the LMS's own storage, else in a new window only
# Logins and launches a minute, 0 for any number: of one client address, of one LMS registration, and refused ones of
# one address. The tests refuse hundreds a minute from one.
LIMIT_ADDRESS = int(env("LIMIT_ADDRESS", "10000"))
LIMIT_REGISTRATION = int(env("LIMIT_REGISTRATION", "20000"))
LIMIT_REFUSED = int(env("LIMIT_REFUSED", "0" if ENV == "test" else "60"))
TRUSTED_PROXIES = [entry for entry in env("TRUSTED_PROXIES", "").replace(" ", "").split(",") if entry]
OPEN_REGISTRATION = env("OPEN_REGISTRATION", "0") == "1"  # Dynamic Registration without an invitation, inactive

# Where statements go; without a URL they stay in the tool's own store.
LRS_URL = env("LRS_URL", "").rstrip("/")
LRS_KEY = env("LRS_KEY", "")
LRS_SECRET = env("LRS_SECRET", "")

# The knowledge base
DOCUMENT_MB = int(env("DOCUMENT_MB", "50"))  # the largest file that may be added
CRAWL_PRIVATE_ADDRESSES = env("CRAWL_PRIVATE_ADDRESSES", "0") == "1"  # pages of a private network, and over http://

# The language model of the generative coach: any OpenAI-compatible server; without a URL every activity is coached by
# the authored coach.
LLM_URL = env("LLM_URL", "").rstrip("/")
LLM_MODEL = env("LLM_MODEL", None if LLM_URL else "")
LLM_KEY = env("LLM_KEY", "")
LLM_FIRST_SECONDS = float(env("LLM_FIRST_SECONDS", "2.5"))  # to the first word, and between two words
LLM_TOTAL_SECONDS = float(env("LLM_TOTAL_SECONDS", "15"))  # for one turn
LLM_TOKENS = int(env("LLM_TOKENS", "60000"))  # budget of one conversation

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"addresses": {"()": "coachtool.site.logs.HideAddresses"}},
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "filters": ["addresses"],
            "formatter": "plain",
            "stream": sys.stderr,
        }
    },
    "root": {"handlers": ["stderr"], "level": env("LOG_LEVEL", "INFO")},
    "loggers": {"aioice": {"level": "WARNING"}, "httpx": {"level": "WARNING"}, "httpx2": {"level": "WARNING"}},
}
