"""Kills workers of the Django site at each of their writes, and prints how many operations were lost or doubled.

    SITE_DATABASE=site.sqlite python -m tests.django_lives

The program does the following for the first write, the second, and so on, until no worker gets so far. Four workers ask for an
account each, and are killed at that write. The accounts are approved. Then four workers deliver the outcomes, two of them by
callbacks and two by ticks, and are killed at that write too. `SITE_TIMES` repeats all this for each write. The program exits with
0 if nothing was lost or doubled.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import django
from fake_itsm import FakeItsm, component

from .support import CODE, FOLDER, KEY, SECRET

WORKERS = 4
URL = "http://127.0.0.1/itsm/callback"


def die_at(write: int) -> None:
    """Kills this process before a write. Statements that write count, and so do commits."""
    from django.db import connection

    left = write

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def execute(run: Callable[..., Any], sql: str, *of: Any) -> Any:
        if sql.split()[0] in ("INSERT", "UPDATE", "DELETE"):
            count()
        return run(sql, *of)

    commit = connection._commit

    def count_and_commit() -> None:
        count()
        commit()

    connection.execute_wrappers.append(execute)
    connection._commit = count_and_commit


def lives(write: int, works: list[Callable[[], object]]) -> int:
    """Lets processes work, each until a write. How many were killed there."""
    from django.db import connections

    connections.close_all()
    workers = []
    for work in works:
        worker = os.fork()
        if worker == 0:
            try:
                die_at(write)
                work()
            except BaseException as error:
                print(f"a worker failed: {error!r}", file=sys.stderr)
                os._exit(1)
            os._exit(0)
        workers.append(worker)
    ends = [os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) for worker in workers]
    assert set(ends) <= {0, -signal.SIGKILL}, ends
    return ends.count(-signal.SIGKILL)


class Site:
    """The site, and the people of its ITSM."""

    def __init__(self, fake: FakeItsm) -> None:
        from django.apps import apps

        self.fake = fake
        self.loop = apps.get_app_config("blueking_itsm").loop
        self.later_s = 0
        self.loop._clock = lambda: time.time() + self.later_s

    def ask(self, owner: str) -> None:
        from django.test import Client

        assert Client().post("/ask", {"owner": owner}).status_code == 202

    def call_back(self, owner: str) -> None:
        """Posts what ITSM posts at the end of a ticket."""
        from blueking_itsm.django.models import Operation
        from django.test import Client

        operation = Operation.objects.get(subject=owner)
        ((name, value),) = json.loads(operation.ticket)["callback"]["headers"]
        body = {"sn": operation.sn, "current_status": "FINISHED", "approve_result": True}
        header = {f"HTTP_{name.upper().replace('-', '_')}": value}
        Client().post("/itsm/callback", json.dumps(body), content_type="application/json", **header)

    def until(self, is_so: Callable[[Any], bool], owners: list[str]) -> None:
        """Ticks as time goes by."""
        from blueking_itsm.django.models import Operation

        for _ in range(20):
            operations = Operation.objects.filter(subject__in=owners)
            if all(is_so(operation) for operation in operations):
                return
            self.later_s += 300
            self.loop.tick(whatever=True)
        raise TimeoutError(str(list(operations)))


def play(site: Site, write: int, time_of: int) -> tuple[int, int]:
    """One write: how many workers were killed while they asked, and while they delivered."""
    owners = [f"{write} {time_of} {worker}" for worker in range(WORKERS)]
    asking = lives(write, [lambda owner=owner: site.ask(owner) for owner in owners])  # type: ignore[misc]
    # Whoever got no answer asks again.
    for owner in owners:
        site.ask(owner)
    site.until(lambda operation: bool(operation.sn), owners)
    for ticket in site.fake.show("tickets"):
        if ticket["status"] != "FINISHED" and any(ticket["title"].endswith(f" {owner}") for owner in owners):
            site.fake.tell("approve", sn=site.fake.started(ticket["sn"]), who="admin")
    works: list[Callable[[], object]] = [lambda owner=owner: site.call_back(owner) for owner in owners[:2]]  # type: ignore[misc]
    works += [lambda: site.loop.tick(whatever=True)] * 2
    delivering = lives(write, works)
    site.until(lambda operation: bool(operation.state == "delivered" and operation.due_s is None), owners)
    return asking, delivering


@contextmanager
def the_site() -> Iterator[Site]:
    from django.core.management import call_command

    with FakeItsm("--credentials", f"{CODE}:{SECRET}") as fake:
        fake.tell("fault", action="callback", fault="lost-callback", times=10**6)
        os.environ.update(ITSM_GATEWAY=fake.gateway, ITSM_CALLBACK_URL=URL, ITSM_WASM=str(component()))
        os.environ.update(ITSM_APP_CODE=CODE, ITSM_APP_SECRET=SECRET, ITSM_BINDING_KEYS=KEY)
        call_command("migrate", verbosity=0)
        yield Site(fake)


def main(times: int) -> dict[str, Any]:
    sys.path.insert(0, str(FOLDER / "django_example"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "site_settings"
    django.setup()
    from accounts.models import Account  # type: ignore[import-not-found]
    from blueking_itsm.django.models import Operation

    with the_site() as site:
        write = 0
        killed: list[tuple[int, int]] = []
        while write == 0 or any(killed[-1]):
            write += 1
            played = [play(site, write, time_of) for time_of in range(times)]
            killed.append((sum(asking for asking, _ in played), sum(delivering for _, delivering in played)))
        subjects = set(Operation.objects.values_list("subject", flat=True))
        owners = list(Account.objects.values_list("owner", flat=True))
        tickets = [ticket["title"] for ticket in site.fake.show("tickets")]
        Operation.objects.all().delete()
        Account.objects.all().delete()
    return {
        "asked": write * times * WORKERS,
        "killed": killed,
        "lost": len(subjects - set(owners)),
        "doubled": len(owners) - len(set(owners)),
        "tickets doubled": len(tickets) - len(set(tickets)),
    }


if __name__ == "__main__":
    came = main(int(os.environ.get("SITE_TIMES", "1")))
    print(json.dumps(came))
    sys.exit(bool(came["lost"] or came["doubled"] or came["tickets doubled"]))
