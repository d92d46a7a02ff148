"""The settings of the example, for tests in which real servers serve it."""

import os

from site_settings import *  # type: ignore[import-not-found]  # noqa: F403
from site_settings import CELERY_BEAT_SCHEDULE, INSTALLED_APPS

OWN_APP = {"blueking_itsm.django": "tests.served.apps.Ahead"}
INSTALLED_APPS = [OWN_APP.get(app, app) for app in INSTALLED_APPS]
ROOT_URLCONF = "tests.served.urls"

# Celery's messages are files.
CELERY_BROKER_URL = "filesystem://"
CELERY_BROKER_TRANSPORT_OPTIONS = dict.fromkeys(["data_folder_in", "data_folder_out"], os.environ.get("SITE_MESSAGES"))
CELERY_BEAT_SCHEDULE = {name: {**task, "schedule": 1.0} for name, task in CELERY_BEAT_SCHEDULE.items()}
