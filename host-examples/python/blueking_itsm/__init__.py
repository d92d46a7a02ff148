"""BlueKing ITSM for Python: the component `itsm.wasm`, with types.

    itsm = Itsm()
    operation = itsm.tickets.new_operation_id()

Each interface of the component is a module with its values, and an attribute of `Itsm` with its functions.
"""

from . import administration, callbacks, diagnosis, handling, operations, services, tickets, tracking, types
from .callbacks import UnboundError, UnreadableError
from .cases import Error
from .component import Itsm
from .diagnosis import UnfitError
from .services import UnresolvedError
from .types import ItsmError

__all__ = [
    "Error",
    "Itsm",
    "ItsmError",
    "UnboundError",
    "UnfitError",
    "UnreadableError",
    "UnresolvedError",
    "administration",
    "callbacks",
    "diagnosis",
    "handling",
    "operations",
    "services",
    "tickets",
    "tracking",
    "types",
]
