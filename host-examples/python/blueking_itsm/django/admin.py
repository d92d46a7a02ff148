"""What waits, since when and for whom; what was refused and why."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.html import format_html

from .models import Operation


@admin.register(Operation)
class OperationAdmin(admin.ModelAdmin):
    """Nothing is changed here: ITSM decides. The tag, the record and the ticket are not shown."""

    list_display = ("__str__", "title", "creator", "approvers", "requested_at", "state", "verdict", "page", "report")
    list_filter = ("state", "verdict")
    search_fields = ("id", "subject", "title", "creator", "approvers", "sn")
    ordering = ("-requested_at",)
    fields = (
        *("id", "subject", "title", "creator", "approvers", "requested_at", "decide_by"),
        *("state", "verdict", "settled_at", "page", "report"),
    )
    readonly_fields = fields

    @admin.display(description="ticket", ordering="sn")
    def page(self, operation: Operation) -> str:
        if not operation.ticket_url.startswith(("https://", "http://")):
            return operation.sn
        return format_html('<a href="{}">{}</a>', operation.ticket_url, operation.sn)

    def has_add_permission(self, *_: Any) -> bool:
        return False

    has_change_permission = has_add_permission
    has_delete_permission = has_add_permission
