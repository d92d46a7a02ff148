"""The project's fake ITSM as a child process, for the demo and the tests; and where built things are."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[2]


def built(path: Path, command: str) -> Path:
    """The path of something built, or an error that says how to build it."""
    if not path.is_file():
        raise SystemExit(f"{path.name} is not built: run `{command}`")
    return path.resolve()


def component() -> Path:
    """The core module of the built `itsm.wasm`."""
    return built(Path(os.environ.get("ITSM_WASM_DIR", ROOT / "target/itsm")) / "itsm.core.wasm", "cargo xtask build")


class FakeItsm:
    """A running fake ITSM. Its people act by `tell`, and `show` is what they see."""

    def __init__(self, *options: str) -> None:
        program = built(
            Path(os.environ.get("FAKE_ITSM", ROOT / "target/debug/fake-itsm")), "cargo build --bin fake-itsm"
        )
        self._process = subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().rpartition(" ")[2].strip()
        self.gateway = f"{self.url}/api/bk-itsm/prod"

    def tell(self, verb: str, **what: object) -> None:
        """Does what a person does: `tell("approve", sn=..., who="admin")`."""
        self._ask(verb, json.dumps(what).encode())

    def show(self, verb: str) -> Any:
        """What is there: `show("tickets")`."""
        return self._ask(verb, None)

    def started(self, sn: str) -> str:
        """Waits until the ticket's flow runs."""
        self._until(lambda: any(ticket["sn"] == sn and ticket["started"] for ticket in self.show("tickets")))
        return sn

    def first(self) -> str:
        """Waits for a ticket whose flow runs. Its number."""
        self._until(lambda: bool(self.show("tickets")))
        return self.started(self.show("tickets")[0]["sn"])

    def called_back(self, sn: str) -> dict[str, Any]:
        """Waits until the ticket's callback was sent, or lost, and says how that went."""
        sent: list[dict[str, Any]] = []

        def look() -> bool:
            sent.extend(one for one in self.show("callbacks") if one["sn"] == sn)
            return bool(sent)

        self._until(look)
        return sent[0]

    def requests(self, action: str) -> list[dict[str, Any]]:
        """The requests for one action so far."""
        return [seen for seen in self.show("exchanges") if seen["action"] == action]

    def _ask(self, verb: str, body: bytes | None) -> Any:
        # Not by a proxy of the environment.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.url}/fake/{verb}", body, timeout=60) as answer:
            return json.load(answer)

    def _until(self, happened: Callable[[], bool]) -> None:
        give_up = time.monotonic() + 120
        while not happened():
            if time.monotonic() > give_up:
                raise TimeoutError("the fake ITSM does not get there")
            time.sleep(0.02)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()
