"""blueking:itsm/administration.

Functions that create and replace services. A caller of the interface can replace an approval flow, so the
world `consumer` does not import it.

The component sends each request once and never repeats it. When `Failure.may_have_acted` is true, list
the services or the catalogues before you call again. The oldest community ESB does not have the actions:
a call then fails with `FixArgument` `connection.endpoint`.

Made of wit/ by `cargo xtask python --bless`: edit the comments there.
"""

from __future__ import annotations

from typing import Any

from . import types
from ._interface import AsyncInterface, Function, Interface


class Administration(Interface):
    """Functions that create and replace services. A caller of the interface can replace an approval flow, so the
    world `consumer` does not import it.

    The component sends each request once and never repeats it. When `Failure.may_have_acted` is true, list
    the services or the catalogues before you call again. The oldest community ESB does not have the actions:
    a call then fails with `FixArgument` `connection.endpoint`.
    """

    def create_catalog(
        self,
        connection: types.Connection,
        catalog_json: str,
    ) -> str:
        """Creates a catalogue from a JSON object such as
        `{"parent__id":1,"name":"CMDB","desc":"","project_key":"cmdb"}`. Returns ITSM's answer as JSON text.
        Fails with `FixArgument` `catalog-json` when the text is not a JSON object or ITSM refuses a member.
        """
        return self._call("administration.create_catalog", connection, catalog_json)

    def import_service(
        self,
        connection: types.Connection,
        service_json: str,
    ) -> str:
        """Creates a service with its flow from a JSON object, as a site exports a service. Returns ITSM's answer
        as JSON text. Fails with `FixArgument` `service-json` when the text is not a JSON object or ITSM
        refuses a member.
        """
        return self._call("administration.import_service", connection, service_json)

    def update_service(
        self,
        connection: types.Connection,
        service_json: str,
    ) -> str:
        """Replaces a service and its flow. The JSON object is that of `import_service` with the service's `id`.
        Returns ITSM's answer as JSON text. Tickets that already run keep their old flow. Fails with
        `FixArgument` `service-json` when the text is not a JSON object or ITSM refuses a member.
        """
        return self._call("administration.update_service", connection, service_json)


class AsyncAdministration(AsyncInterface):
    """Functions that create and replace services. A caller of the interface can replace an approval flow, so the
    world `consumer` does not import it.

    The component sends each request once and never repeats it. When `Failure.may_have_acted` is true, list
    the services or the catalogues before you call again. The oldest community ESB does not have the actions:
    a call then fails with `FixArgument` `connection.endpoint`.
    """

    async def create_catalog(
        self,
        connection: types.Connection,
        catalog_json: str,
    ) -> str:
        """Creates a catalogue from a JSON object such as
        `{"parent__id":1,"name":"CMDB","desc":"","project_key":"cmdb"}`. Returns ITSM's answer as JSON text.
        Fails with `FixArgument` `catalog-json` when the text is not a JSON object or ITSM refuses a member.
        """
        return await self._call("administration.create_catalog", connection, catalog_json)

    async def import_service(
        self,
        connection: types.Connection,
        service_json: str,
    ) -> str:
        """Creates a service with its flow from a JSON object, as a site exports a service. Returns ITSM's answer
        as JSON text. Fails with `FixArgument` `service-json` when the text is not a JSON object or ITSM
        refuses a member.
        """
        return await self._call("administration.import_service", connection, service_json)

    async def update_service(
        self,
        connection: types.Connection,
        service_json: str,
    ) -> str:
        """Replaces a service and its flow. The JSON object is that of `import_service` with the service's `id`.
        Returns ITSM's answer as JSON text. Tickets that already run keep their old flow. Fails with
        `FixArgument` `service-json` when the text is not a JSON object or ITSM refuses a member.
        """
        return await self._call("administration.update_service", connection, service_json)


# fmt: off
WIT: dict[str, Any] = {
}
FUNCTIONS: dict[str, Function] = {
    "create_catalog": Function("create-catalog", (("connection", "types.connection"), ("catalog_json", "string"), ), ("result", "string", "types.failure"), types.ItsmError, True),
    "import_service": Function("import-service", (("connection", "types.connection"), ("service_json", "string"), ), ("result", "string", "types.failure"), types.ItsmError, True),
    "update_service": Function("update-service", (("connection", "types.connection"), ("service_json", "string"), ), ("result", "string", "types.failure"), types.ItsmError, True),
}
# fmt: on
