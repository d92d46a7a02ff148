"""blueking:itsm/services.

Functions that read catalogues, services, their forms and the nodes of their flows. The functions change
nothing in ITSM.

Keep the services of a system in a project of their own (servers from 2.6.0 on). Catalogues are listed by
the key of the project, and a ticket takes the project of its service.

Made of wit/ by `cargo xtask python --bless`: edit the comments there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

from . import types
from ._dataclass import dataclass
from ._interface import AsyncInterface, Function, Interface
from .cases import Case, ReasonError


@dataclass(frozen=True)
class ServiceSummary:
    """A service."""

    id: int
    """The service's id, for `ServiceId`."""

    name: str
    """The service's name."""

    kind: str
    """The service's type, in ITSM's word: `request`, `change`, `event`, `question`."""

    description: str
    """The service's description, for people."""


@dataclass(frozen=True)
class ServiceFilter:
    """The conditions of a list of services. `None` sets no condition."""

    catalog_id: int | None = None
    """The service lies in the catalogue with this id."""

    kind: str | None = None
    """The service has this type, in ITSM's word."""

    display_type: str | None = None
    """The service is shown to this kind of audience, in ITSM's word: `OPEN`, `GENERAL`, `ORGANIZATION`."""

    display_role: str | None = None
    """The service is shown to this role."""


@dataclass(frozen=True)
class ServiceForm:
    """A service with its form."""

    service: ServiceSummary
    """The service."""

    workflow_id: int
    """The id of the service's flow, for `workflow_detail`."""

    fields: tuple[types.FormField, ...]
    """The fields of the form."""


@dataclass(frozen=True)
class Catalog:
    """A catalogue: a folder of services and other catalogues."""

    id: int
    """The catalogue's id, for `ServiceFilter.catalog_id`."""

    parent_id: int | None
    """The id of the catalogue that contains this catalogue. `None` for the root."""

    key: str
    """The catalogue's key."""

    name: str
    """The catalogue's name."""

    level: int
    """The depth of the catalogue in the tree, from 0."""

    description: str
    """The catalogue's description, for people."""


@dataclass(frozen=True)
class Node:
    """A node of a service's flow."""

    id: int
    """The node's id, for `NodeProcessors.node_id`."""

    name: str
    """The node's name."""

    processors: tuple[str, ...]
    """The users who handle the node, or the name of the role or variable that supplies the users: see
    `processors_type`.
    """

    processors_type: str
    """The kind of the names in `processors`, in ITSM's word: `PERSON`, `VARIABLE`, `STARTER`."""

    all_sign: bool
    """True when all processors have to sign. False when one processor is enough."""


@dataclass(frozen=True)
class NamedProcessors:
    """The users for a node that the caller knows by its name."""

    name: str
    """The node's name, exactly as in the flow. If somebody renames the node in ITSM, the name no longer
    matches.
    """

    users: Sequence[str]
    """At least one user name."""


@dataclass(frozen=True)
class Candidates:
    """A name that does not lead to one usable node, and the nodes to choose from."""

    name: str
    """The name of the request."""

    nodes: tuple[Node, ...]
    """All nodes of the flow, or all nodes with the name."""


class UnknownName(Case[Candidates]):
    """No node has the name. The payload lists the nodes of the flow."""


class AmbiguousName(Case[Candidates]):
    """Several nodes have the name: use their ids."""


class IgnoresProcessors(Case[Candidates]):
    """The node with the name ignores the users of a ticket without an error: the node is claimed or
    distributed first, is a sign-off node, or is automatic. Name another node, or let the author of the
    flow change the node.
    """


ResolveReason = Union[
    types.ItsmError,
    UnknownName,
    AmbiguousName,
    IgnoresProcessors,
]
"""The reason why the names did not lead to nodes."""


class ResolveError(ReasonError[ResolveReason]):
    """The reason why the names did not lead to nodes."""


class Services(Interface):
    """Functions that read catalogues, services, their forms and the nodes of their flows. The functions change
    nothing in ITSM.

    Keep the services of a system in a project of their own (servers from 2.6.0 on). Catalogues are listed by
    the key of the project, and a ticket takes the project of its service.
    """

    def list_services(
        self,
        connection: types.Connection,
        filter: ServiceFilter,
    ) -> tuple[ServiceSummary, ...]:
        """Lists the services that meet the conditions of `filter`. Fails with `FixArgument` when a field of
        `connection` is invalid.
        """
        return self._call("services.list_services", connection, filter)

    def form(
        self,
        connection: types.Connection,
        service_id: int,
    ) -> ServiceForm:
        """Reads a service with its form: the fields that a ticket of the service has to fill in. Fails with
        `FixArgument` `service-id` when no service has the id.
        """
        return self._call("services.form", connection, service_id)

    def list_catalogs(
        self,
        connection: types.Connection,
        project_key: str | None,
        only_with_services: bool,
    ) -> tuple[Catalog, ...]:
        """Lists the catalogues of a project. A catalogue comes after the catalogue that contains it. With
        `project_key` `None`, the project is the default project `"0"`. With `only_with_services`, catalogues
        without a service are left out. Fails with `FixArgument` when a field of `connection` is invalid.
        """
        return self._call("services.list_catalogs", connection, project_key, only_with_services)

    def nodes(
        self,
        connection: types.Connection,
        service_id: int,
        ticket_creator: str | None,
    ) -> tuple[Node, ...]:
        """Lists the nodes of a service's flow in their order. The first node is the node that creates tickets.
        With `ticket_creator`, nodes whose processor is the creator or the creator's leader contain that user.

        Fails with `FixArgument` `service-id` when no service has the id. Fails with `SendVerifiedUser` when
        the server requires a verified user, as most gateways do.
        """
        return self._call("services.nodes", connection, service_id, ticket_creator)

    def resolve_processors(
        self,
        connection: types.Connection,
        service_id: int,
        named: Sequence[NamedProcessors],
    ) -> tuple[types.NodeProcessors, ...]:
        """Translates names of nodes into ids of nodes. Put the result into `tickets.NewTicket.processors`.

        The function also reads the service's flow. Where the server gives the flow, a node that would ignore
        the users is `IgnoresProcessors`. An ESB gives the flow to a connection with a user. API gateways
        publish a wrong address for the flow, so the component can't read the flow there and returns the users
        unchecked. Sends three requests. Fails with `ResolveError` when a name does not lead to exactly one
        usable node.
        """
        return self._call("services.resolve_processors", connection, service_id, named)

    def workflow_detail(
        self,
        connection: types.Connection,
        workflow_id: int,
    ) -> str:
        """Reads a whole flow as JSON text. The function works over an ESB. Fails with `FixArgument`
        `Connection.endpoint` over an API gateway, because gateways publish a wrong address for the action.
        """
        return self._call("services.workflow_detail", connection, workflow_id)


class AsyncServices(AsyncInterface):
    """Functions that read catalogues, services, their forms and the nodes of their flows. The functions change
    nothing in ITSM.

    Keep the services of a system in a project of their own (servers from 2.6.0 on). Catalogues are listed by
    the key of the project, and a ticket takes the project of its service.
    """

    async def list_services(
        self,
        connection: types.Connection,
        filter: ServiceFilter,
    ) -> tuple[ServiceSummary, ...]:
        """Lists the services that meet the conditions of `filter`. Fails with `FixArgument` when a field of
        `connection` is invalid.
        """
        return await self._call("services.list_services", connection, filter)

    async def form(
        self,
        connection: types.Connection,
        service_id: int,
    ) -> ServiceForm:
        """Reads a service with its form: the fields that a ticket of the service has to fill in. Fails with
        `FixArgument` `service-id` when no service has the id.
        """
        return await self._call("services.form", connection, service_id)

    async def list_catalogs(
        self,
        connection: types.Connection,
        project_key: str | None,
        only_with_services: bool,
    ) -> tuple[Catalog, ...]:
        """Lists the catalogues of a project. A catalogue comes after the catalogue that contains it. With
        `project_key` `None`, the project is the default project `"0"`. With `only_with_services`, catalogues
        without a service are left out. Fails with `FixArgument` when a field of `connection` is invalid.
        """
        return await self._call("services.list_catalogs", connection, project_key, only_with_services)

    async def nodes(
        self,
        connection: types.Connection,
        service_id: int,
        ticket_creator: str | None,
    ) -> tuple[Node, ...]:
        """Lists the nodes of a service's flow in their order. The first node is the node that creates tickets.
        With `ticket_creator`, nodes whose processor is the creator or the creator's leader contain that user.

        Fails with `FixArgument` `service-id` when no service has the id. Fails with `SendVerifiedUser` when
        the server requires a verified user, as most gateways do.
        """
        return await self._call("services.nodes", connection, service_id, ticket_creator)

    async def resolve_processors(
        self,
        connection: types.Connection,
        service_id: int,
        named: Sequence[NamedProcessors],
    ) -> tuple[types.NodeProcessors, ...]:
        """Translates names of nodes into ids of nodes. Put the result into `tickets.NewTicket.processors`.

        The function also reads the service's flow. Where the server gives the flow, a node that would ignore
        the users is `IgnoresProcessors`. An ESB gives the flow to a connection with a user. API gateways
        publish a wrong address for the flow, so the component can't read the flow there and returns the users
        unchecked. Sends three requests. Fails with `ResolveError` when a name does not lead to exactly one
        usable node.
        """
        return await self._call("services.resolve_processors", connection, service_id, named)

    async def workflow_detail(
        self,
        connection: types.Connection,
        workflow_id: int,
    ) -> str:
        """Reads a whole flow as JSON text. The function works over an ESB. Fails with `FixArgument`
        `Connection.endpoint` over an API gateway, because gateways publish a wrong address for the action.
        """
        return await self._call("services.workflow_detail", connection, workflow_id)


# fmt: off
WIT: dict[str, Any] = {
    "services.service-summary": ("record", ServiceSummary, "u64", "string", "string", "string"),
    "services.service-filter": ("record", ServiceFilter, ("option", "u64"), ("option", "string"), ("option", "string"), ("option", "string")),
    "services.service-form": ("record", ServiceForm, "services.service-summary", "u64", ("list", "types.form-field")),
    "services.catalog": ("record", Catalog, "u64", ("option", "u64"), "string", "string", "u32", "string"),
    "services.node": ("record", Node, "u64", "string", ("list", "string"), "string", "bool"),
    "services.named-processors": ("record", NamedProcessors, "string", ("list", "string")),
    "services.candidates": ("record", Candidates, "string", ("list", "services.node")),
    "services.resolve-error": ("variant", (types.ItsmError, "types.failure"), (UnknownName, "services.candidates"), (AmbiguousName, "services.candidates"), (IgnoresProcessors, "services.candidates")),
}
FUNCTIONS: dict[str, Function] = {
    "list_services": Function("list-services", (("connection", "types.connection"), ("filter", "services.service-filter"), ), ("result", ("list", "services.service-summary"), "types.failure"), types.ItsmError, True),
    "form": Function("form", (("connection", "types.connection"), ("service_id", "u64"), ), ("result", "services.service-form", "types.failure"), types.ItsmError, True),
    "list_catalogs": Function("list-catalogs", (("connection", "types.connection"), ("project_key", ("option", "string")), ("only_with_services", "bool"), ), ("result", ("list", "services.catalog"), "types.failure"), types.ItsmError, True),
    "nodes": Function("nodes", (("connection", "types.connection"), ("service_id", "u64"), ("ticket_creator", ("option", "string")), ), ("result", ("list", "services.node"), "types.failure"), types.ItsmError, True),
    "resolve_processors": Function("resolve-processors", (("connection", "types.connection"), ("service_id", "u64"), ("named", ("list", "services.named-processors")), ), ("result", ("list", "types.node-processors"), "services.resolve-error"), ResolveError, True),
    "workflow_detail": Function("workflow-detail", (("connection", "types.connection"), ("workflow_id", "u64"), ), ("result", "string", "types.failure"), types.ItsmError, True),
}
# fmt: on
