"""What the tests say of SQLite is true of MariaDB too: of the Django app, and of the durable loop without Django."""

import unittest
from contextlib import ExitStack, closing
from typing import Any

import pymysql

from . import support, test_durable
from .mariadb import address, mariadb
from .support import run

SOCKET = ""
SERVER = ExitStack()


def setUpModule() -> None:
    global SOCKET
    SOCKET = SERVER.enter_context(mariadb())


def tearDownModule() -> None:
    SERVER.close()


class DjangoApp(unittest.TestCase):
    def test_each_test_of_the_app_passes_and_killed_workers_lose_and_double_nothing(self) -> None:
        ended = run("-m", "unittest", "tests.test_django", SITE_DATABASE=address(SOCKET))
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertRegex(ended.stderr, r"Ran [0-9]{2,} tests in .*\n\nOK\n$")


class Site(support.Site):
    paramstyle = pymysql.paramstyle

    def connect(self) -> Any:
        return pymysql.connect(unix_socket=SOCKET, user="root", database="site")


class DurableLoop(test_durable.DurableLoop):
    def setUp(self) -> None:
        self.site = self.enterContext(Site())
        self.addCleanup(self.drop_tables)

    def drop_tables(self) -> None:
        with closing(self.site.connect()) as database:
            database.cursor().execute("DROP TABLE itsm_operation, account")
