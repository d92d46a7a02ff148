"""Asks for accounts, and tells of them."""

from blueking_itsm.django.models import Operation
from django.http import JsonResponse
from django.views.decorators.http import require_POST

from .models import Account


@require_POST
def ask(request):
    owner = request.POST["owner"]
    title = f"open an account for {owner}"
    Operation.objects.request(subject=owner, title=title, creator="carol", approvers=["admin"])
    return JsonResponse({"asked for": owner}, status=202)


def accounts(request):
    return JsonResponse({"accounts": [account.owner for account in Account.objects.order_by("id")]})
