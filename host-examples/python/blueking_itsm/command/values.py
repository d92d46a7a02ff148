"""Tickets, nodes and decisions, as programs get them."""

from __future__ import annotations

from typing import Any

from ..types import Decision, RunningNode, Ticket


def ticket(it: Ticket) -> dict[str, Any]:
    return {
        "sn": it.sn,
        "title": it.title,
        "creator": it.creator,
        "status": it.status,
        "created_at": it.created_at,
        "ended_at": it.ended_at,
        "ticket_url": it.ticket_url,
    }


def decision(it: Decision) -> dict[str, Any]:
    return {"operator": it.operator, "approved": it.approved, "remark": it.remark, "at": it.at}


def node(it: RunningNode) -> dict[str, Any]:
    return {
        "node_id": it.node_id,
        "name": it.name,
        "status": it.status,
        "processors": it.processors,
        "allowed_actions": it.allowed_actions,
    }
