"""The home's network: an own namespace with one line out of it, or just loopback."""

import ctypes
import os
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

OUTSIDE, INSIDE = "198.18.7.1", "198.18.7.2"
_CLONE_NEWNET = 0x40000000


def _run(*words: str) -> None:
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


class Loopback:
    """No privileges: the sites are on 127.0.0.1, and the line has no faults."""

    host = "127.0.0.1"
    command: tuple[str, ...] = ()

    def enter(self) -> None:
        """Nothing to enter."""


class Namespace:
    """A home with one interface and a default route; needs root."""

    host = OUTSIDE

    def __init__(self) -> None:
        self._name = f"soak{os.getpid()}"
        self._line = "eth0"
        self.command = ("ip", "netns", "exec", self._name)

    def up(self) -> None:
        """Make the namespace and its line."""
        far = f"out{os.getpid()}"
        _run("ip", "netns", "add", self._name)
        _run("ip", "link", "add", far, "type", "veth", "peer", "name", "home")
        _run("ip", "address", "add", f"{OUTSIDE}/30", "dev", far)
        _run("ip", "link", "set", far, "up")
        _run("ip", "link", "set", "home", "netns", self._name)
        self._ip("link", "set", "lo", "up")
        self._ip("link", "set", "home", "name", self._line)
        self._ip("address", "add", f"{INSIDE}/30", "dev", self._line)
        self.connect()

    def connect(self) -> None:
        """The line comes up, and a default route with it, as from a DHCP client."""
        self._ip("link", "set", self._line, "up")
        self._ip("route", "replace", "default", "via", OUTSIDE)

    def disconnect(self) -> None:
        """The line goes down; the kernel removes its routes."""
        self._ip("link", "set", self._line, "down")

    def rename(self) -> None:
        """The interface gets another name, as after a change of its driver."""
        self.disconnect()
        new = "eth0" if self._line != "eth0" else "lan7"
        self._ip("link", "set", self._line, "name", new)
        self._line = new
        self.connect()

    def enter(self) -> None:
        """Put the calling thread, and what it starts, into the namespace."""
        handle = os.open(f"/run/netns/{self._name}", os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(handle, _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(handle)

    def down(self) -> None:
        """Remove everything."""
        subprocess.run(["ip", "netns", "del", self._name], check=False)

    def _ip(self, *words: str) -> None:
        _run("ip", "-n", self._name, *words)


@contextmanager
def network(*, is_private):
    """The network meanwhile."""
    if not is_private:
        yield Loopback()
        return
    home = Namespace()
    try:
        home.up()
        yield home
    finally:
        home.down()


class Visitor:
    """Somebody who has the dashboard open: a thread that asks for it now and then."""

    PAUSE_S = 2.0
    PATHS = ("", "api/v1/evenings", "api/v1/health", "metrics", "healthz")

    def __init__(self, home, address: str) -> None:
        self.n_answers = self.n_failed = 0
        self._home = home
        self._address = address
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._visit, daemon=True)
        self._thread.start()

    def _visit(self) -> None:
        self._home.enter()
        while not self._is_over.wait(self.PAUSE_S):
            for path in self.PATHS:
                self._ask(path)

    def _ask(self, path: str) -> None:
        command = ["curl", "-s", "-m", "10", "-o", os.devnull, self._address + path]
        done = subprocess.run(command, check=False)
        self.n_answers += done.returncode == 0
        self.n_failed += done.returncode != 0

    def leave(self) -> None:
        """Close the dashboard."""
        self._is_over.set()
        self._thread.join(timeout=30)


def proc_text(pid: int, name: str) -> str:
    """A file of a process under /proc."""
    return Path(f"/proc/{pid}/{name}").read_text()
