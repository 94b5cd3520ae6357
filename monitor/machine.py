"""What this machine says of itself: its time zone, its address at home, its make."""

import os
import platform
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

_NAMED_BY_LINK: Final = "zoneinfo/"
_MODELS: Final = (
    "/proc/device-tree/model",
    "/sys/devices/virtual/dmi/id/product_name",
)
"""Where a small computer and a PC name themselves."""
_LONGEST_MODEL: Final = 80


def machine_zone() -> str | None:
    """The IANA zone that this machine goes by; None where it does not say."""
    named = os.environ.get("TZ", "").removeprefix(":")
    if named:
        return named if "/" in named else None
    written = Path("/etc/timezone")
    if written.is_file():
        text = written.read_text("utf-8", errors="replace").strip()
        if text:
            return text
    link = os.path.realpath("/etc/localtime")
    _, mark, zone = link.partition(_NAMED_BY_LINK)
    return zone if mark else None


def own_address() -> str:
    """The address that others in the house know; nothing is sent for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()


def hardware() -> str:
    """Model, processors and memory of this machine, as far as it tells them."""
    memory_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    parts = (
        _model(),
        platform.machine(),
        f"{os.cpu_count()} processors",
        f"{memory_bytes >> 20} MiB of memory",
    )
    return ", ".join(part for part in parts if part)


def _model() -> str:
    for name in _MODELS:
        with suppress(OSError):
            text = Path(name).read_text("utf-8", errors="replace").strip("\0 \n")
            if text:
                return text[:_LONGEST_MODEL]
    return ""
