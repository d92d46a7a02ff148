"""A request and its answer, as the guest and what sends them know both.

Not in `http`: with its import the first call of a program that sends nothing takes half as long again.
"""

from __future__ import annotations

import time
from typing import Any


class HttpError(Exception):
    """A request comes to nothing: a case of wasi:http's `error-code`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Request:
    """A request on its way out. `deadline` is on the clock of `time.monotonic`."""

    method = "GET"
    scheme = "https"
    authority = ""
    target = "/"
    deadline = 0.0
    exchange: Any = None

    def __init__(self, headers: list[tuple[str, bytes]]) -> None:
        self.headers = headers
        self.body = bytearray()

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """The scheme, the host and the port."""
        # Loaded before any request is made.
        from .http import origin

        return origin(f"{self.scheme}://{self.authority}")

    @property
    def length(self) -> int:
        """The bytes that its body will have."""
        return next((int(value) for name, value in self.headers if name.lower() == "content-length"), 0)

    def left(self) -> float:
        """The seconds until its deadline."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class Exchange:
    """A request and its answer. It is opened before anything is sent; then come `send`, `head`, and `read` to the end."""

    status = 0
    timed_out = False

    def __init__(self) -> None:
        self.headers: list[tuple[str, bytes]] = []

    def send(self, body: bytes) -> None:
        """Sends the request. What goes wrong is told by `head`."""
        raise NotImplementedError

    def head(self) -> None:
        """Waits for the head of the answer."""
        raise NotImplementedError

    def read(self, most: int) -> bytes:
        """Some bytes of the answer's body. None at its end."""
        raise NotImplementedError

    def close(self) -> None:
        """Lets go."""

    def interrupt(self) -> None:
        """Ends what another thread waits for."""
