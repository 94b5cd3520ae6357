"""What this machine itself says: hosts file, resolv.conf, `localhost`, its networks."""

from ipaddress import IPv6Address, IPv6Network
from pathlib import Path

from monitor.addresses import is_address
from monitor.model import AddressFamily

HOSTS = Path("/etc/hosts")
RESOLV_CONF = Path("/etc/resolv.conf")
IF_INET6 = Path("/proc/net/if_inet6")
"""Addresses of IPv6 that this machine has, on Linux."""
_FALLBACK_RESOLVER = "127.0.0.1"
_LOOPBACK = {
    AddressFamily.IPV4: ("127.0.0.1",),
    AddressFamily.IPV6: ("::1",),
    AddressFamily.ANY: ("127.0.0.1", "::1"),
}


class HostsFile:
    """The hosts file, parsed again only when it has changed: it may be very long."""

    def __init__(self, path: Path = HOSTS) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._addresses: dict[str, tuple[str, ...]] = {}

    def addresses(self, host: str, family: AddressFamily) -> tuple[str, ...]:
        """Addresses of the wanted family for a name; IPv4 first for `any`."""
        self._refresh()
        addresses = self._addresses.get(host, ())
        return of_family(addresses, family)

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp != self._stamp:
                text = self._path.read_text(errors="replace")
                self._stamp, self._addresses = stamp, parsed_hosts(text)
        except OSError:
            self._stamp, self._addresses = None, {}


def parsed_hosts(text: str) -> dict[str, tuple[str, ...]]:
    """Addresses by lower-case name from the text of a hosts file."""
    addresses: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) < 2 or not is_address(words[0]):
            continue
        for name in words[1:]:
            so_far = addresses.get(name.lower(), ())
            addresses[name.lower()] = (*so_far, words[0])
    return addresses


def system_resolver(path: Path = RESOLV_CONF) -> str:
    """The first `nameserver` of resolv.conf; without one this machine, as in libc."""
    return next(iter(system_resolvers(path)), _FALLBACK_RESOLVER)


def system_resolvers(path: Path = RESOLV_CONF) -> tuple[str, ...]:
    """The `nameserver`s of resolv.conf, in their order."""
    try:
        rows = [line.split() for line in path.read_text(errors="replace").splitlines()]
    except OSError:
        return ()
    return tuple(row[1] for row in rows if len(row) > 1 and row[0] == "nameserver")


def localhost_addresses(host: str, family: AddressFamily) -> tuple[str, ...]:
    """Loopback for `localhost` and names below it (RFC 6761, 6.3), else nothing."""
    is_local = host == "localhost" or host.endswith(".localhost")
    return _LOOPBACK[family] if is_local else ()


def of_family(addresses: tuple[str, ...], family: AddressFamily) -> tuple[str, ...]:
    """The addresses that a family allows; for `any`, IPv4 before IPv6."""
    four = tuple(a for a in addresses if ":" not in a)
    six = tuple(a for a in addresses if ":" in a)
    if family is AddressFamily.IPV4:
        return four
    return six if family is AddressFamily.IPV6 else four + six


def is_beside_us(address: str, path: Path = IF_INET6) -> bool:
    """Whether an address lies in a network of IPv6 that this machine is in.

    There every device of a home has an address that the whole net can name, and a
    server sees by ours which network that is.
    """
    if ":" not in address:
        return False
    return any(IPv6Address(address) in network for network in _networks(path))


def _networks(path: Path) -> list[IPv6Network]:
    try:
        rows = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return []
    return [
        IPv6Network((bytes.fromhex(row[0]), min(64, int(row[2], 16))), strict=False)
        for row in rows
    ]
