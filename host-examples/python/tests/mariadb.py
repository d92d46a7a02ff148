"""A MariaDB of its own in a temporary folder, for a program in Python that then has its address in `SITE_DATABASE`.

python -m tests.mariadb -m tests.django_lives
"""

import getpass
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import pymysql


@contextmanager
def mariadb() -> Iterator[str]:
    """The path of the socket of a running server, which has an empty database `site`."""
    program = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise SystemExit("mariadbd is missing: install MariaDB's server, which is mariadb-server-core in Debian")
    # The path of a socket has to be short.
    with TemporaryDirectory(dir="/tmp") as folder:
        socket, log = Path(folder, "socket"), Path(folder, "log")
        Path(folder, "data").mkdir()
        options = ["--no-defaults", f"--user={getpass.getuser()}", f"--datadir={folder}/data", f"--socket={socket}"]
        # Without the tables of users nothing has to be installed, and without network nobody else comes in.
        options += ["--skip-grant-tables", "--skip-networking", f"--pid-file={folder}/pid"]
        options += ["--character-set-server=utf8mb4"]
        with log.open("w") as said, subprocess.Popen([program, *options], stdout=said, stderr=said) as server:
            try:
                give_up = time.monotonic() + 60
                # The last thing that the server says before it serves.
                while "ready for connections" not in log.read_text():
                    if server.poll() is not None or time.monotonic() > give_up:
                        raise SystemExit(f"mariadbd does not start: {log.read_text()}")
                    time.sleep(0.05)
                with pymysql.connect(unix_socket=str(socket), user="root") as connection:
                    connection.cursor().execute("CREATE DATABASE site")
                yield str(socket)
            finally:
                server.kill()


def address(socket: str) -> str:
    """The server's database as `SITE_DATABASE` names one."""
    return f"mysql://root@{quote(socket, safe='')}/site"


if __name__ == "__main__":
    with mariadb() as path:
        sys.exit(
            subprocess.run(
                [sys.executable, *sys.argv[1:]], env={**os.environ, "SITE_DATABASE": address(path)}
            ).returncode
        )
