"""The tables as the program uses them; `migrations/` builds the same step by step.

A series is what one probe measures of one target over one path; a sample belongs to
one series and one microsecond. Samples lie in the order of (series, time), so that a
month of one target is read from neighbouring pages.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from monitor.store.sql_types import TableColumn

REVISION: Final = "0014"
"""The newest migration; known here so that a start need not load Alembic to compare."""

VERSION_TABLE: Final = "monitor_version"

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

IDENTITY: Final[Sequence[str]] = (
    "vantage",
    "target",
    "path",
    "probe",
    "server_name",
    "transport",
)
"""With the time: what makes two rows the same sample (contracts 4)."""


def _texts(*names: str) -> list[TableColumn]:
    return [Column(name, Text) for name in names]


def _seconds(*names: str) -> list[TableColumn]:
    return [Column(name, Double) for name in names]


def _counts(*names: str) -> list[TableColumn]:
    return [Column(name, BigInteger) for name in names]


series = Table(
    "series",
    metadata,
    Column("id", Integer, primary_key=True),
    *(Column(name, Text, nullable=False) for name in IDENTITY[:-1]),
    Column("transport", Text, nullable=False, server_default="tcp"),
    UniqueConstraint(*IDENTITY),
)

samples = Table(
    "samples",
    metadata,
    Column("series_id", ForeignKey(series.c.id), primary_key=True, autoincrement=False),
    Column("started_at_us", BigInteger, primary_key=True, autoincrement=False),
    Column("is_control", Boolean, nullable=False),
    *_seconds("domain_lookup_s", "connect_s", "tls_handshake_s", "waiting_s"),
    *_seconds("response_s", "duration_s"),
    *_counts("encoded_body_bytes"),
    Column("goodput_bps", Double),
    *_counts("http_status"),
    *_texts("failed_operation", "failure", "remote_address"),
    *_texts("certificate_sha256", "certificate_issuer"),
    *_seconds("tcp_min_rtt_s"),
    *_counts("tcp_retransmits"),
    *_texts("probe_version", "round_id"),
    *_counts("sequence"),
    *_texts("url", "http_version", "tls_version", "resolver", "dns_answers", "cdn"),
    *_seconds("tcp_rtt_s", "tcp_rcv_rtt_s"),
    *_counts("tcp_rcv_ooopack"),
    *_texts("timeline", "service", "part", "block"),
    *_counts("tcp_segs_in"),
    sqlite_with_rowid=False,
)

rounds = Table(
    "rounds",
    metadata,
    Column("vantage", Text, primary_key=True),
    Column("slot_start_us", BigInteger, primary_key=True, autoincrement=False),
    Column("round_id", Text, primary_key=True),
    Column("started_at_us", BigInteger),
    Column("duration_s", Double),
    Column("status", Text, nullable=False),
    Column("n_planned", Integer, nullable=False),
    Column("n_done", Integer, nullable=False),
    Column("reason", Text),
    sqlite_with_rowid=False,
)

analyses = Table(
    "analyses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("computed_at_us", BigInteger, nullable=False),
    Column("method_version", Text, nullable=False),
    Column("document", Text, nullable=False),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("analysis_id", ForeignKey(analyses.c.id), nullable=False),
    Column("vantage", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("document", Text, nullable=False),
    Index(None, "analysis_id"),
)

chain_secret = Table(
    "chain_secret",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("secret", Text, nullable=False),
)

day_digests = Table(
    "day_digests",
    metadata,
    Column("id", Integer, primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("vantage", "day")),
    Column("n_rows", Integer, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("root", "previous", "digest")),
    Column("closed_at_us", BigInteger, nullable=False),
    Column("row_format", Integer, nullable=False, server_default="1"),
    UniqueConstraint("vantage", "previous"),
)

lodgings = Table(
    "lodgings",
    metadata,
    Column("id", Integer, primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("digest", "authority")),
    Column("lodged_at_us", BigInteger, nullable=False),
    Column("token", Text, nullable=False),
)

notes = Table(
    "notes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("noted_at_us", BigInteger, nullable=False),
    *(Column(n, Text, nullable=False) for n in ("first_date", "last_date", "text")),
    Column("withdraws", Integer),
    Column("vantage", Text),
)
"""Without a vantage: of all."""

consents = Table(
    "consents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("given_at_us", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("level", "language", "way")),
    Column("vantage", Text),
)
"""Without a vantage: for all."""

notices = Table(
    "notices",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("told_at_us", BigInteger, nullable=False),
    *(
        Column(name, Text, nullable=False)
        for name in ("kind", "vantage", "subject", "since")
    ),
)

retentions = Table(
    "retentions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("decided_at_us", BigInteger, nullable=False),
    Column("before_us", BigInteger, nullable=False),
    Column("vantage", Text),
)
"""Samples of the vantage before `before_us` may go; the last decision counts. Those of
the first versions name no vantage and count no longer."""

removals = Table(
    "removals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("retention_id", ForeignKey(retentions.c.id), nullable=False),
    *(Column(name, Text, nullable=False) for name in ("vantage", "day")),
    Column("n_rows", Integer, nullable=False),
    Index(None, "vantage", "day"),
)
"""How many samples of a UTC day went by a decision."""

clock_steps = Table(
    "clock_steps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("vantage", Text, nullable=False),
    Column("before_us", BigInteger, nullable=False),
    Column("after_us", BigInteger, nullable=False),
)
"""What the wall clock showed before and after it was stepped."""

pauses = Table(
    "pauses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("vantage", Text, nullable=False),
    Column("asked_at_us", BigInteger, nullable=False),
    Column("until_us", BigInteger, nullable=False),
)
"""What the owner asked for: no measurements up to a moment."""

vantage_terms = Table(
    "vantage_terms",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("vantage", Text, nullable=False),
    Column("stated_at_us", BigInteger, nullable=False),
    *(Column(n, Text, nullable=False) for n in ("since", "timezone", "window")),
    Column("provider", Text),
)
"""What holds of a vantage from a local date on; of two statements the later one."""

local_offsets = Table(
    "local_offsets",
    metadata,
    Column("vantage", Text, primary_key=True),
    Column("from_us", BigInteger, primary_key=True, autoincrement=False),
    *(
        Column(n, BigInteger, nullable=False)
        for n in ("until_us", "offset_us", "day_start_us")
    ),
)
"""How far a vantage's clock is ahead of UTC, and where an evening's day begins; made of
its terms and the time-zone database, for questions in SQL."""
starts = Table(
    "starts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("vantage", Text, nullable=False),
    Column("started_at_us", BigInteger, nullable=False),
    *(
        Column(name, Text, nullable=False)
        for name in ("software", "python", "system", "hardware", "tzdata")
    ),
    Column("is_synchronised", Boolean),
)
"""When the daemon began to measure, as what, and on what machine."""

attachments = Table(
    "attachments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("note_id", ForeignKey(notes.c.id), nullable=False),
    *(Column(name, Text, nullable=False) for name in ("name", "sha256")),
    Column("content", LargeBinary, nullable=False),
    Column("vantage", Text),
    Index(None, "note_id"),
)
"""Files of others that are kept with a note; without a vantage: of all."""

leases = Table(
    "leases",
    metadata,
    Column("vantage", Text, primary_key=True),
    *(Column(n, Text, nullable=False) for n in ("token", "host", "machine", "boot")),
    Column("pids", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("began", Text, nullable=False),
    *(Column(n, BigInteger, nullable=False) for n in ("renewed_at_us", "lasts_us")),
)
"""Which process measures a vantage; no fact, and changed with every round."""

APPEND_ONLY: Final = (
    samples,
    rounds,
    analyses,
    verdicts,
    chain_secret,
    day_digests,
    lodgings,
    notes,
    consents,
    notices,
    retentions,
    removals,
    clock_steps,
    pauses,
    vantage_terms,
    starts,
    attachments,
)
"""Tables whose rows the database itself refuses to change or delete."""

METRICS: Final = (
    "domain_lookup_s",
    "connect_s",
    "tls_handshake_s",
    "waiting_s",
    "response_s",
    "duration_s",
    "goodput_bps",
)
"""Measured values that have an hourly median."""

hourly = Table(
    "hourly",
    metadata,
    Column("series_id", ForeignKey(series.c.id), primary_key=True, autoincrement=False),
    Column("hour_us", BigInteger, primary_key=True, autoincrement=False),
    Column("n", Integer, nullable=False),
    Column("n_failed", Integer, nullable=False),
    Column("body_bytes", BigInteger, nullable=False),
    *(Column(name, Double) for name in METRICS),
    sqlite_with_rowid=False,
)
"""Roll-up of samples, made by `rollups` and made anew when the samples of an hour grow.
Derived, except where retention removed the samples: there it is all that is left."""

hourly_days = Table(
    "hourly_days",
    metadata,
    Column("series_id", ForeignKey(series.c.id), primary_key=True, autoincrement=False),
    Column("first_us", BigInteger, primary_key=True, autoincrement=False),
    *(Column(n, LargeBinary, nullable=False) for n in ("n", "n_failed", *METRICS)),
)
"""`hourly` packed for charts: in each column the 24 hours of a UTC day."""

hourly_stale = Table(
    "hourly_stale",
    metadata,
    Column("series_id", Integer, primary_key=True, autoincrement=False),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Index(None, "hour"),
    sqlite_with_rowid=False,
)
"""Hours since 1970 whose samples changed since their roll-up; filled by a trigger."""
