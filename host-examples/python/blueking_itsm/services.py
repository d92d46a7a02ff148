"""blueking:itsm/services: what tickets are requests for: catalogues, services, their forms, their flows' nodes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .cases import Case, ReasonError, raises
from .types import Connection, FormField, ItsmError, NodeProcessors


@dataclass(frozen=True)
class ServiceSummary:
    """A service. `id` is for `tickets.ServiceId`."""

    id: int
    name: str
    kind: str
    description: str


@dataclass(frozen=True)
class ServiceFilter:
    """Which services. `None` does not narrow."""

    catalog_id: int | None = None
    kind: str | None = None
    display_type: str | None = None
    display_role: str | None = None


@dataclass(frozen=True)
class ServiceForm:
    """A service with its form. `workflow_id` is for `workflow_detail`."""

    service: ServiceSummary
    workflow_id: int
    fields: tuple[FormField, ...]


@dataclass(frozen=True)
class Catalog:
    """A catalogue. `parent_id` is `None` for the root."""

    id: int
    parent_id: int | None
    key: str
    name: str
    level: int
    description: str


@dataclass(frozen=True)
class Node:
    """A node of a service's flow. `id` is for `types.NodeProcessors`."""

    id: int
    name: str
    processors: tuple[str, ...]
    processors_type: str
    all_sign: bool


@dataclass(frozen=True)
class NamedProcessors:
    """Users for a node that is known by its name, exactly as in the flow."""

    name: str
    users: Sequence[str]


@dataclass(frozen=True)
class Candidates:
    """Nodes that a name does not settle: all there are, or all of that name."""

    name: str
    nodes: tuple[Node, ...]


class UnknownName(Case[Candidates]):
    """No node has this name; these there are."""


class AmbiguousName(Case[Candidates]):
    """Several nodes have this name: use their ids."""


class IgnoresProcessors(Case[Candidates]):
    """ITSM ignores users at this node in silence: it is claimed or distributed first, a sign-off or automatic."""


ResolveReason = ItsmError | UnknownName | AmbiguousName | IgnoresProcessors


class ResolveError(ReasonError[ResolveReason]):
    """Names did not lead to nodes. When the nodes could not even be read, `ItsmError` is raised instead."""


class Services(Protocol):
    """The functions."""

    def list_services(self, connection: Connection, filter: ServiceFilter) -> tuple[ServiceSummary, ...]:
        """Lists services."""

    def form(self, connection: Connection, service_id: int) -> ServiceForm:
        """A service with its form: what a ticket of it has to fill in."""

    def list_catalogs(
        self, connection: Connection, project_key: str | None, only_with_services: bool
    ) -> tuple[Catalog, ...]:
        """The catalogues of a project, each after the one it lies in. `None` is the default project."""

    def nodes(self, connection: Connection, service_id: int, ticket_creator: str | None) -> tuple[Node, ...]:
        """The nodes of a service's flow, in their order, first the one where tickets are made."""

    @raises(ResolveError)
    def resolve_processors(
        self, connection: Connection, service_id: int, named: Sequence[NamedProcessors]
    ) -> tuple[NodeProcessors, ...]:
        """Nodes' ids for nodes' names, for `tickets.NewTicket.processors`."""

    def workflow_detail(self, connection: Connection, workflow_id: int) -> str:
        """A flow in full, as JSON text."""
