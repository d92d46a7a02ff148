"""The Celery task for ticks, which Celery finds by itself."""

from celery import shared_task
from django.apps import apps


@shared_task(name="blueking_itsm.tick", ignore_result=True)
def tick() -> None:
    """Asks ITSM where it is time to. Let Celery beat call it every 30 seconds."""
    apps.get_app_config("blueking_itsm").loop.tick()
