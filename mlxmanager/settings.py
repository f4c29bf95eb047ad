"""The settings of the project: the one reader of the environment (through `env`). See docs/settings.md."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from credentials.client_keys import is_well_formed
from inference import logs
from inference.backends.addresses import SETTING, PrivateUpstreams
from mlxmanager import env, home

BASE_DIR = Path(__file__).resolve().parent.parent
HOME = home.locate()

# Secrets. An empty one stops the command that needs it, not the others.

SECRET_KEY = home.secret(HOME, "MLXMANAGER_SECRET_KEY", "secret_key")
HAS_SECRET_KEY = bool(SECRET_KEY)  # Django lets nobody look at an empty SECRET_KEY.
FERNET_KEYS = [
    key.strip() for key in home.secret(HOME, "MLXMANAGER_FERNET_KEYS", "fernet_keys").split(",") if key.strip()
]
FERNET_USE_HKDF = False
ADMIN_PASSWORD = env.text("MLXMANAGER_ADMIN_PASSWORD")
CLIENT_KEY = env.text("MLXMANAGER_CLIENT_KEY")
if CLIENT_KEY and not is_well_formed(CLIENT_KEY):
    raise ImproperlyConfigured(
        "MLXMANAGER_CLIENT_KEY accepts a string of 20 characters or more; beginning with mlxm_, a key of ours."
    )

# Where we listen, and under which names.

LOOPBACK_NAMES = ["127.0.0.1", "localhost", "[::1]"]
BIND_HOST = env.text("MLXMANAGER_HOST", "127.0.0.1")
BIND_PORT = env.integer("MLXMANAGER_PORT", 8000, least=1, most=65535)
WEB_PROCESSES = env.integer("MLXMANAGER_WEB_PROCESSES", 1, least=1, most=64)
PUBLIC_URL = env.text("MLXMANAGER_PUBLIC_URL").rstrip("/")
if PUBLIC_URL and not re.fullmatch(r"https://[^/?#@]+", PUBLIC_URL):
    raise ImproperlyConfigured(
        f"MLXMANAGER_PUBLIC_URL is {PUBLIC_URL!r}; it accepts an address such as https://llm.example.org."
    )
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or ""
ALLOWED_HOSTS = env.words("MLXMANAGER_ALLOWED_HOSTS") or [
    f"[{BIND_HOST}]" if ":" in BIND_HOST else BIND_HOST,
    *LOOPBACK_NAMES,
]
if PUBLIC_HOST:
    ALLOWED_HOSTS.append(PUBLIC_HOST)
CORS_ORIGINS = [origin.rstrip("/").lower() for origin in env.words("MLXMANAGER_CORS_ORIGINS")]
for origin in CORS_ORIGINS:
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*://[a-z0-9.:_\[\]-]+", origin):
        raise ImproperlyConfigured(
            f"MLXMANAGER_CORS_ORIGINS holds {origin!r}; it accepts origins such as https://app.example.org, "
            "separated by commas."
        )
DEBUG = env.boolean("MLXMANAGER_DEBUG", False)
if DEBUG and BIND_HOST not in ("127.0.0.1", "localhost", "::1"):
    raise ImproperlyConfigured(
        f"MLXMANAGER_DEBUG is refused while MLXMANAGER_HOST is {BIND_HOST}: it accepts loopback only."
    )

# Limits of a request, in bytes and seconds. A timeout of None: the default of its kind.

MAX_BODY: int = env.size("MLXMANAGER_MAX_BODY", 32 * 1024**2)
UPSTREAM_TIMEOUT: float | None = env.seconds("MLXMANAGER_UPSTREAM_TIMEOUT", None)
STREAM_FIRST_BYTE = UPSTREAM_TIMEOUT or 60.0
PLAIN_FIRST_BYTE = UPSTREAM_TIMEOUT or 600.0
IDLE_TIMEOUT: float = env.seconds("MLXMANAGER_IDLE_TIMEOUT", 120.0)
DRAIN_SECONDS: float = env.seconds("MLXMANAGER_DRAIN_SECONDS", 30.0)
try:
    PRIVATE_UPSTREAMS = PrivateUpstreams.parse(env.words(SETTING))
except ValueError as error:
    raise ImproperlyConfigured(f"{SETTING}: {error}.") from None

# Local models.

MODELS_DIR = Path(env.text("MLXMANAGER_MODELS_DIR") or HOME / "models").expanduser().absolute()
MEMORY_BUDGET: int | None = env.size("MLXMANAGER_MEMORY_BUDGET", None)
HUGGING_FACE = Path(env.text("HF_HOME") or "~/.cache/huggingface").expanduser().absolute()
HUB_CACHE = Path(env.text("HF_HUB_CACHE") or HUGGING_FACE / "hub").expanduser().absolute()

# Django.

INSTALLED_APPS = [
    "credentials",
    "routing",
    "inference",
    "simple_history",
    "ninja",
    "servestatic",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
# For everything but /v1, which is an application of its own (`inference/api/endpoint.py`).
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]
ROOT_URLCONF = "mlxmanager.urls"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
ASGI_APPLICATION = "mlxmanager.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
STATIC_URL = "static/"
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_AUTOREFRESH = DEBUG


def database() -> dict[str, Any]:
    """PostgreSQL where DATABASE_URL names one, else SQLite in HOME."""
    address = env.text("DATABASE_URL", f"sqlite:///{HOME / 'db.sqlite3'}")
    try:
        config: dict[str, Any] = environ.Env.db_url_config(address)
    except (ValueError, KeyError, environ.ImproperlyConfigured):
        config = {}
    if "postgresql" in config.get("ENGINE", ""):
        return config | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    if "sqlite3" in config.get("ENGINE", ""):
        # IMMEDIATE: a transaction that reads and then writes would otherwise fail as "locked" and lose the write.
        return config | {
            "OPTIONS": {
                "timeout": 5,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
            # A file as in production: threads and processes of a test meet in it.
            "TEST": {"NAME": str(HOME / "test.sqlite3")},
        }
    raise ImproperlyConfigured("DATABASE_URL is not understood; it accepts postgres://… or sqlite:///….")


DATABASES = {"default": database()}

# Safety. Without a public https address the cookies stay plain, or nobody could sign in over http on loopback.

SECURE_CSP = {
    "default-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "frame-ancestors": ["'none'"],
    "form-action": ["'self'"],
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
if PUBLIC_URL:
    CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31_536_000
    # The proxy ends TLS and is the only one that reaches us; without this no request would count as secure.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    # Redirecting is the proxy's to do, and other hosts below this domain are not ours to bind.
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]

LOG_LEVEL = env.choice("MLXMANAGER_LOG_LEVEL", "info", ("debug", "info", "warning", "error")).upper()
LOG_FORMAT = env.choice("MLXMANAGER_LOG_FORMAT", "console", ("console", "json"))
LOGGING_CONFIG = None
logs.configure(level=LOG_LEVEL, style=LOG_FORMAT)
