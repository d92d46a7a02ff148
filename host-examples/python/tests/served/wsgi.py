"""The WSGI application, whose ITSM has been asked before a server forks its workers."""

import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "django_example"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.served.settings")

from blueking_itsm.services import ServiceFilter
from django.apps import apps
from wsgi import application  # type: ignore[import-not-found]

__all__ = ["application"]

loop = apps.get_app_config("blueking_itsm").loop
itsm, connection = loop._itsm, loop._connection
# An instance and a connection are there now.
itsm.services.list_services(connection, ServiceFilter())
