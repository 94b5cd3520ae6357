"""A real PgBouncer for the tests, as Debian ships it, in transaction mode."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.ports import free_port
from tests.postgres import ACCOUNT, AS_ACCOUNT, PostgresServer
from tests.waiting import eventually

_SETTINGS = """[databases]
* = user=postgres host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
logfile = {folder}/log
pidfile = {folder}/pid
{more}
"""


@contextmanager
def pooler(server: PostgresServer, *, more: str = "") -> Iterator[int]:
    """The port of a pooler before a server.

    Parameters
    ----------
    more : further lines of its settings; it is stock without.
    """
    program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        raise RuntimeError("these tests need pgbouncer: apt-get install pgbouncer")
    folder = Path(tempfile.mkdtemp(prefix="monitor-pooler-"))
    port = free_port()
    settings = _SETTINGS.format(server=server.port, port=port, folder=folder, more=more)
    (folder / "settings.ini").write_text(settings)
    if ACCOUNT:
        # It refuses root, as PostgreSQL does.
        shutil.chown(folder, ACCOUNT.pw_uid, ACCOUNT.pw_gid)
    command = [program, str(folder / "settings.ini")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, **AS_ACCOUNT)
    try:
        eventually(lambda: _answers(port))
        yield port
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def _answers(port: int) -> bool:
    try:
        psycopg.connect(f"postgresql://x@127.0.0.1:{port}/postgres").close()
    except psycopg.OperationalError:
        return False
    return True
