"""A process as others can know it again, and whether it is surely gone."""

import hashlib
import os
import socket
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_BEGAN: Final = 19
"""Place of the start time in /proc/PID/stat, behind the name."""
_ENDED: Final = ("Z", "X", "x")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """One process on one machine."""

    token: str
    """Drawn by the process; no other has it."""
    host: str
    machine: str
    """The same after a restart of the machine, another on another; empty: unknown."""
    boot: str
    """The same as long as the kernel runs."""
    pids: str
    """The space in which process numbers are counted: a container has its own."""
    pid: int
    began: str
    """When the process began, as its kernel counts."""

    @classmethod
    def this_process(cls) -> Self:
        """The running process, under a new token."""
        pid = os.getpid()
        return cls(
            token=uuid.uuid4().hex,
            host=socket.gethostname(),
            machine=_machine(),
            boot=_text(Path("/proc/sys/kernel/random/boot_id")),
            pids=_link(Path("/proc/self/ns/pid")),
            pid=pid,
            began=_began(pid) or "",
        )

    def knows_gone(self, other: "Holder") -> bool | None:
        """Whether the other has ended; None: it cannot be seen from here."""
        if not self.boot or self.boot != other.boot:
            # On one machine, a new boot ended all processes of the one before.
            is_same = self.machine == other.machine != ""
            return True if is_same and self.boot and other.boot else None
        if not self.pids or self.pids != other.pids:
            return None
        return _has_ended(other.pid, other.began)


def _has_ended(pid: int, began: str) -> bool | None:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        pass
    now = _began(pid)
    return None if now is None else now != began


def _began(pid: int) -> str | None:
    """When the process began; empty: it has ended; None: that is hidden."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return "" if fields[0] in _ENDED else fields[_BEGAN]


def _machine() -> str:
    # Cards that were copied have one number for several machines: hence the
    # addresses of what is built in.
    parts = [_text(Path("/etc/machine-id")), *_built_in_addresses()]
    if not any(parts):
        return ""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _built_in_addresses() -> Iterable[str]:
    devices = sorted(Path("/sys/class/net").glob("*/device"))
    return [_text(device.parent / "address") for device in devices]


def _text(path: Path) -> str:
    with suppress(OSError):
        return path.read_text().strip()
    return ""


def _link(path: Path) -> str:
    with suppress(OSError):
        return str(path.readlink())
    return ""
