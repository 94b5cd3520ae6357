"""Caddy: a server of another make that speaks HTTP/1.1, HTTP/2 and HTTP/3."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme

from tests.ports import free_port
from tests.waiting import eventually


def caddy() -> str:
    """Where it is installed."""
    program = shutil.which("caddy", path="/usr/bin:/usr/local/bin")
    if program is None:
        raise RuntimeError("these tests need caddy: apt-get install it")
    return program


@contextmanager
def serving(
    folder: Path,
    authority: trustme.CA,
    *names: str,
    more: str = "",
    host: str = "127.0.0.1",
) -> Iterator[int]:
    """The port of a server of the files in `folder / "site"`, under some names.

    Parameters
    ----------
    more : further directives of the site.
    """
    port = free_port(host)
    certificate = authority.issue_cert(*names)
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    chain = folder / "chain.pem"
    chain.write_bytes(b"".join(c.bytes() for c in certificate.cert_chain_pems))
    file = folder / "Caddyfile"
    file.write_text(
        "{\n admin off\n auto_https off\n}\n"
        f"https://:{port} {{\n bind {host}\n tls {chain} {folder / 'key.pem'}\n"
        f" root * {folder / 'site'}\n {more}\n file_server\n}}\n"
    )
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [caddy(), "run", "--adapter", "caddyfile", "--config", str(file)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
        )
    try:
        eventually(lambda: _is_listening(host, port) or process.poll(), log=log)
        assert process.poll() is None, log.read_text()
        yield port
    finally:
        process.terminate()
        process.wait()


def _is_listening(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
