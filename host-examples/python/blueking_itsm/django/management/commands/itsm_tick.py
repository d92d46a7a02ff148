"""Asks ITSM where no callback came."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Makes tickets that are still to be made, and asks ITSM how others ended."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--loop", action="store_true", help="until the process is told to end")

    def handle(self, *_: Any, loop: bool, **__: Any) -> None:
        operations = apps.get_app_config("blueking_itsm").loop
        if not loop:
            operations.tick()
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        operations.serve(stop)
