"""The site's Celery: `celery -A site_tasks worker --beat`."""

import os
import sys
from pathlib import Path

from celery import Celery

# The package of this repository. An installed one needs no path.
sys.path.append(str(Path(__file__).parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")
app = Celery("site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
