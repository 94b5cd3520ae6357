"""The columns of sample files (contracts 4): what each may hold, and in which order.

Samples in files and in frames have the same columns. In a frame a time is
`datetime64[us, UTC]`, a number is float64 with NaN for "not measured", a text is
categorical.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Final

import pyarrow as pa

from monitor.lists import LONGEST_S, MOST_BYTES
from monitor.model import Operation, Role, Transport


class Kind(Enum):
    """How the cells of a column are read."""

    MOMENT = auto()
    NAME = auto()
    TEXT = auto()
    CHOICE = auto()
    NUMBER = auto()
    COUNT = auto()
    CURVE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its kind and its limits."""

    name: str
    kind: Kind
    is_required: bool = False
    default: str | None = None
    choices: tuple[str, ...] = ()
    lowest: float = 0
    highest: float = 0
    longest: int = 0
    """Most characters of a text."""

    @property
    def is_number(self) -> bool:
        """Whether a cell is a measured number."""
        return self.kind in (Kind.NUMBER, Kind.COUNT)

    @property
    def allowed(self) -> str:
        """What a cell may hold, for a person."""
        return _ALLOWED[self.kind].format(
            choices=", ".join(self.choices),
            lowest=f"{self.lowest:g}",
            highest=f"{self.highest:g}",
            longest=self.longest,
        )


LONGEST_NAME: Final = 255
LONGEST_TEXT: Final = 10_000
FIRST_MOMENT: Final = datetime(2000, 1, 1, tzinfo=UTC)
LAST_MOMENT: Final = datetime(2100, 1, 1, tzinfo=UTC)

_ALLOWED: Final[Mapping[Kind, str]] = {
    Kind.MOMENT: "a time such as 2026-10-01T20:15:00.250000+05:00, with its zone,"
    " from 2000 to 2099",
    Kind.NAME: f"a name of 1 to {LONGEST_NAME} characters, none of them a control"
    " character, no space at either end",
    Kind.TEXT: "at most {longest} characters, none of them NUL",
    Kind.CHOICE: "one of {choices}",
    Kind.NUMBER: "a number from {lowest} to {highest}, or nothing",
    Kind.COUNT: "a whole number from {lowest} to {highest}, or nothing",
    Kind.CURVE: "a JSON list of [seconds, bytes] such as [[0.1, 1000], [0.25, 9000]],"
    " of at most {longest} characters",
}

# More is impossible for one probe: a terabit per second.
_FASTEST_BPS: Final = 1e12
_LONGEST_LABEL: Final = 32


def _name(
    name: str, *, default: str | None = None, is_required: bool = False
) -> Column:
    return Column(name=name, kind=Kind.NAME, default=default, is_required=is_required)


def _text(name: str, longest: int = LONGEST_TEXT) -> Column:
    return Column(name=name, kind=Kind.TEXT, longest=longest)


def _seconds(name: str) -> Column:
    return Column(name=name, kind=Kind.NUMBER, highest=LONGEST_S)


def _count(name: str, highest: float, lowest: float = 0) -> Column:
    return Column(name=name, kind=Kind.COUNT, lowest=lowest, highest=highest)


COLUMNS: Final = (
    Column(name="started_at_utc", kind=Kind.MOMENT, is_required=True),
    _name("target", is_required=True),
    Column(
        name="role", kind=Kind.CHOICE, choices=tuple(Role), default=Role.TARGET.value
    ),
    _name("vantage", default="home"),
    _name("path", default="direct"),
    _name("probe", default="https"),
    _seconds("domain_lookup_s"),
    _seconds("connect_s"),
    _seconds("tls_handshake_s"),
    _seconds("waiting_s"),
    _seconds("response_s"),
    _seconds("duration_s"),
    _count("encoded_body_bytes", MOST_BYTES),
    Column(name="goodput_bps", kind=Kind.NUMBER, highest=_FASTEST_BPS),
    _count("http_status", 999, lowest=100),
    Column(name="failed_operation", kind=Kind.CHOICE, choices=tuple(Operation)),
    _text("failure"),
    _text("remote_address"),
    _text("certificate_sha256"),
    _text("certificate_issuer"),
    _seconds("tcp_min_rtt_s"),
    _count("tcp_retransmits", 1e9),
    _name("server_name"),
    _text("probe_version"),
    Column(
        name="transport",
        kind=Kind.CHOICE,
        choices=tuple(Transport),
        default=Transport.TCP.value,
    ),
    _text("service", _LONGEST_LABEL),
    _text("part", _LONGEST_LABEL),
    _text("block", _LONGEST_LABEL),
    _seconds("tcp_rcv_rtt_s"),
    _count("tcp_rcv_ooopack", 1e9),
    _count("tcp_segs_in", 1e9),
    Column(name="timeline", kind=Kind.CURVE, longest=LONGEST_TEXT),
    _text("resolver"),
    _text("dns_answers"),
)

NAMES: Final = tuple(column.name for column in COLUMNS)
NUMBERS: Final = tuple(column.name for column in COLUMNS if column.is_number)
COUNTS: Final = tuple(c.name for c in COLUMNS if c.kind is Kind.COUNT)
IDENTITY: Final = (
    "vantage",
    "target",
    "path",
    "probe",
    "server_name",
    "transport",
    "started_at_utc",
)

MOMENT_TYPE: Final = pa.timestamp("us", tz="UTC")
TEXT_TYPE: Final = pa.dictionary(pa.int32(), pa.string())


def arrow_type(column: Column) -> pa.DataType:
    """The type of the column in memory."""
    if column.kind is Kind.MOMENT:
        return MOMENT_TYPE
    return pa.float64() if column.is_number else TEXT_TYPE


SCHEMA: Final = pa.schema([(column.name, arrow_type(column)) for column in COLUMNS])
