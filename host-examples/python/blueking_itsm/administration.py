"""blueking:itsm/administration: making and replacing services. Whoever may call this can replace an approval flow."""

from typing import Protocol

from .types import Connection


class Administration(Protocol):
    """The functions. Each is sent once: when `may_have_acted` is true, list what there is before trying again."""

    def create_catalog(self, connection: Connection, catalog_json: str) -> str:
        """Makes a catalogue from JSON text, and answers it as JSON text."""

    def import_service(self, connection: Connection, service_json: str) -> str:
        """Makes a service with its flow from JSON text, as a site exports it, and answers it as JSON text."""

    def update_service(self, connection: Connection, service_json: str) -> str:
        """Replaces a service and its flow from the same JSON text with the service's `id`."""
