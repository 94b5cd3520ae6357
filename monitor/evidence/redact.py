"""Which circle may read what: private, trusted, public; pure.

Every column belongs to the widest circle that may read it. A wider circle gets a
coarser form of what is kept from it: times on the quarter hour, addresses as their
network, "a tunnel" for the name of one. All forms are idempotent, so that one function
cuts the part of a circle out of a row of any level. A column stays in the circle that
its row format gave it.
"""

import hmac
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from monitor.addresses import is_public
from monitor.evidence.canonical_rows import COLUMNS_OF, ROW_FORMAT, Row, utc_text
from monitor.masking import HIDDEN, masked_in
from monitor.model import LOCAL_PROBES, Probe
from monitor.untyped import Json


class Level(StrEnum):
    """Whom a bundle is for."""

    PRIVATE = "private"
    """Oneself: everything."""
    TRUSTED = "trusted"
    """A lawyer, the provider: all but full addresses of servers."""
    PUBLIC = "public"
    """Anybody: no exact times, no name of the place, nothing about the household."""


QUARTER_MIN: Final = 15
_HOME_COLUMNS: Final = ("vantage", "remote_address", "block")
_PUBLIC: Final = {
    row_format: tuple(name for name in columns if name not in _HOME_COLUMNS)
    for row_format, columns in COLUMNS_OF.items()
}
_PUBLIC_LOCAL: Final = (
    *("started_at_utc", "target", "role", "probe", "failed_operation", "failure"),
)
_TRUSTED_2: Final = ("started_at_utc", "vantage", "path", "remote_address", "block")
_TRUSTED: Final = {
    1: ("started_at_utc", "vantage", "path", "remote_address"),
    2: _TRUSTED_2,
    3: _TRUSTED_2,
}
_NEUTRAL_FORMAT: Final = 3
"""From this one on the neutral server is kept from the public."""
_AT_NEUTRAL: Final = frozenset({Probe.PAIR_BASE, Probe.SNI_SWAP, Probe.SNI_AWAY})
"""Legs that are at the neutral server, or bear its name."""
_OF_NEUTRAL: Final = (
    *("certificate_sha256", "certificate_issuer", "server_name"),
    *("resolver", "dns_answers"),
)
"""What tells which server that is: the owner's own."""
LOOKED_UP: Final = ("resolver", "dns_answers")
"""Columns with the addresses of a lookup; the last ones of a row that has them."""
ADDRESSES: Final = ("remote_address", *LOOKED_UP)
"""Columns whose addresses only the household reads in full."""
_PRIVATE: Final = {1: ADDRESSES[:1], 2: ADDRESSES, 3: ADDRESSES}
_WORDS: Final = frozenset({"hosts", "localhost", "system", "private"})
"""What a resolver may be instead of an address; none of them tells of a home."""
_WITHIN: Final = "private"
_WRITTEN: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT[0-2]\d:)([0-5]\d):[0-5]\d\.\d{6}Z", re.ASCII
)
"""A time as `rows` writes it; any other spelling takes the slow way."""
_PREFIX: Final = {4: 24, 6: 48}
_PUBLIC_CONFIG: Final = (
    "timezone",
    "every",
    "window",
    "targets",
    "controls",
    "throughput",
)
_SECRET_KEY: Final = re.compile(
    r"pass|secret|token|key|notify|urls|mail", re.IGNORECASE
)


def tells_the_neutral_server(row: Row, row_format: int) -> bool:
    """Whether a row's name, certificate and lookup are for the trusted circle alone."""
    return row_format >= _NEUTRAL_FORMAT and row["probe"] in _AT_NEUTRAL


def public_part(row: Row, row_format: int = ROW_FORMAT) -> Row:
    """What anybody may read of a row of any level, the vantage's pseudonym aside."""
    is_local = row["probe"] in LOCAL_PROBES
    kept = _PUBLIC_LOCAL if is_local else _PUBLIC[row_format]
    part = {name: row[name] for name in kept if name in row}
    if tells_the_neutral_server(row, row_format):
        part = {name: part[name] for name in part if name not in _OF_NEUTRAL}
    part["started_at_utc"] = quarter(row["started_at_utc"])
    if part.get("path", "direct") != "direct":
        part["path"] = "tunnel"
    return part | looked_up(part)


def trusted_part(row: Row, row_format: int = ROW_FORMAT) -> Row:
    """What the trusted circle reads beyond the public part."""
    is_local = row["probe"] in LOCAL_PROBES
    kept = tuple(COLUMNS_OF[row_format]) if is_local else _TRUSTED[row_format]
    if tells_the_neutral_server(row, row_format):
        kept += _OF_NEUTRAL
    part = {name: row[name] for name in kept if name in row}
    if "remote_address" in row:
        part["remote_address"] = network(row["remote_address"])
    return part | looked_up(part)


def private_part(row: Row, row_format: int = ROW_FORMAT) -> Row:
    """What only the household reads."""
    return {name: row[name] for name in _PRIVATE[row_format] if name in row}


def looked_up(row: Row) -> Row:
    """The addresses of a lookup as everybody may read them."""
    return {name: networks(row[name]) for name in LOOKED_UP if name in row}


@lru_cache(maxsize=4096)
def networks(text: str) -> str:
    """Resolvers or answers, coarsened: networks, and `private` for what is no site's.

    An address that nobody out on the net can own is one of the home, or its provider's;
    so may be a name.
    """
    return " ".join(map(_coarse, text.split()))


def _coarse(item: str) -> str:
    if item in _WORDS:
        return item
    address = _without_port(item)
    first = network(address)
    # What carries another address in itself may have a network that is nobody's.
    is_seen = first and is_public(address) and is_public(first)
    return first if is_seen else _WITHIN


def _without_port(item: str) -> str:
    """The address of `1.1.1.1`, `1.1.1.1:5353`, `::1` or `[::1]:5353`."""
    if item.startswith("["):
        return item[1:].partition("]")[0]
    return item.partition(":")[0] if item.count(":") == 1 else item


def quarter(text: str) -> str:
    """A time, rounded down to the quarter hour."""
    written = _WRITTEN.fullmatch(text)
    if written:
        minute = int(written[2])
        return f"{written[1]}{minute - minute % QUARTER_MIN:02}:00.000000Z"
    moment = datetime.fromisoformat(text)
    minute = moment.minute - moment.minute % QUARTER_MIN
    return utc_text(moment.replace(minute=minute, second=0, microsecond=0))


@lru_cache(maxsize=4096)
def network(address: str) -> str:
    """First address of the network (IPv4 /24, IPv6 /48); empty when it is none."""
    try:
        version = ip_address(address).version
        net = ip_network(f"{address}/{_PREFIX[version]}", strict=False)
    except ValueError:
        return ""
    return str(net.network_address)


class Hosts:
    """Stand-ins for addresses: the same network, equal exactly where they are equal.

    So that "another address than by day" can still be seen. The network is bound by the
    chain, the rest of the stand-in is not.

    Parameters
    ----------
    key : of one bundle; another one gives other stand-ins.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known: dict[str, str] = {}

    def __call__(self, address: str) -> str:
        """The stand-in for an address; empty for what is none."""
        if address not in self._known:
            self._known[address] = self._stand_in(address)
        return self._known[address]

    def of_lookup(self, text: str) -> str:
        """Resolvers or answers with a stand-in for each address of the net."""
        return " ".join(map(self._of_item, text.split()))

    def _of_item(self, item: str) -> str:
        coarse = _coarse(item)
        return coarse if coarse in _WORDS else self(_without_port(item))

    def _stand_in(self, address: str) -> str:
        first = network(address)
        if not first:
            return ""
        base, real = ip_address(first), ip_address(address)
        if base.version == 4:
            hosts = sorted(range(256), key=lambda host: self._mark(base + host))
            return str(base + hosts[int(real) - int(base)])
        bits = int.from_bytes(self._mark(real)[:10], "big")
        return str(base + bits)

    def _mark(self, address: IPv4Address | IPv6Address) -> bytes:
        return hmac.digest(self._key, address.packed, "sha256")


def config_for(level: Level, document: Mapping[str, Json]) -> dict[str, Json]:
    """The configuration without secrets; beyond the house only what the method uses."""
    if level is Level.PRIVATE:
        return {name: _masked(name, value) for name, value in document.items()}
    return {
        name: _masked(name, document[name])
        for name in _PUBLIC_CONFIG
        if name in document
    }


def _masked(name: str, value: Json) -> Json:
    if _SECRET_KEY.search(name) and value:
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: _masked(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked("", item) for item in value]
    return masked_in(value) if isinstance(value, str) else value


def renamed(value: Json, name: Callable[[str], str]) -> Json:
    """A JSON document whose vantages are replaced by another name.

    They stand under `vantage`, and as the keys of `vantages`.
    """
    if isinstance(value, Mapping):
        return {key: _renamed(key, item, name) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [renamed(item, name) for item in value]
    return value


def _renamed(key: str, item: Json, name: Callable[[str], str]) -> Json:
    if key == "vantage" and isinstance(item, str):
        return name(item)
    if key == "vantages" and isinstance(item, Mapping):
        return {name(vantage): renamed(value, name) for vantage, value in item.items()}
    return renamed(item, name)
