"""BlueKing ITSM for Python: the component `itsm.wasm`, with types.

    itsm = Itsm()
    operation = itsm.tickets.new_operation_id()

Each interface of the component is a module with its values, and an attribute of `Itsm` with its functions.
"""

from . import administration, callbacks, diagnosis, handling, operations, services, settings, tickets, tracking, types
from .callbacks import BindingError, ParseError
from .cases import Error
from .component import AsyncItsm, Itsm
from .diagnosis import CallbackUrlError
from .services import ResolveError
from .settings import Settings, SettingsError
from .types import ItsmError

__all__ = [
    "AsyncItsm",
    "BindingError",
    "CallbackUrlError",
    "Error",
    "Itsm",
    "ItsmError",
    "ParseError",
    "ResolveError",
    "Settings",
    "SettingsError",
    "administration",
    "callbacks",
    "diagnosis",
    "handling",
    "operations",
    "services",
    "settings",
    "tickets",
    "tracking",
    "types",
]
