"""Approvals by BlueKing ITSM in a Django site, in the site's own database.

    INSTALLED_APPS = [..., "blueking_itsm.django"]             # settings.py, with ITSM_GATEWAY and its like
    path("itsm/callback", blueking_itsm.django.callback)        # urls.py: the path of ITSM_CALLBACK_URL
    Operation.objects.request(subject="42", title="open an account", creator="carol", approvers=["admin"])

    @receiver(outcome_delivered)
    def open_account(operation, outcome, **_): ...               # once, in one transaction with what it writes

`python manage.py itsm_tick --loop`, or the Celery task `blueking_itsm.tick`, asks ITSM where no callback comes.
"""

from .signals import outcome_delivered
from .views import callback, metrics

__all__ = ["callback", "metrics", "outcome_delivered"]
