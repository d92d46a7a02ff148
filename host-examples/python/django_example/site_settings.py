"""The settings of the site. Those that begin with ITSM_ come from the environment, or stand here."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

SECRET_KEY = os.environ.get("SITE_SECRET_KEY", "only for this example")
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "blueking_itsm.django",
    "accounts",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
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
ROOT_URLCONF = "accounts.urls"
STATIC_URL = "static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"
USE_TZ = True


def database(place: str) -> dict[str, object]:
    """A database by its address, such as mysql://user:password@host:3306/name, or by the path of a file of SQLite.

    A host may be a socket in the file system, with %2F for each slash.
    """
    at = urlsplit(place)
    if at.scheme not in ("mysql", "postgresql"):
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": place, "OPTIONS": {"timeout": 60}}
    if at.scheme == "mysql":
        import pymysql

        pymysql.install_as_MySQLdb()
    return {
        "ENGINE": f"django.db.backends.{at.scheme}",
        "HOST": unquote(at.hostname or ""),
        "PORT": at.port or "",
        "USER": unquote(at.username or ""),
        "PASSWORD": unquote(at.password or ""),
        "NAME": at.path.lstrip("/"),
    }


DATABASES = {"default": database(os.environ.get("SITE_DATABASE", str(Path(__file__).with_name("site.sqlite"))))}

CELERY_BROKER_URL = os.environ.get("SITE_BROKER", "redis://127.0.0.1:6379/0")
CELERY_BEAT_SCHEDULE = {"itsm": {"task": "blueking_itsm.tick", "schedule": 30.0}}
