"""The site for servers: `gunicorn wsgi`, or `uwsgi --module wsgi`."""

import os
import sys
from pathlib import Path

from django.core.wsgi import get_wsgi_application

# The package of this repository. An installed one needs no path.
sys.path.append(str(Path(__file__).parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")
application = get_wsgi_application()
