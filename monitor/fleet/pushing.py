"""At home: closed days into the inbox of a lake, each with a signed manifest.

Only days that the chain has closed and whose rows are still those it closed; each once.
The rows come first and the manifest last: a day without its manifest is not there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Final

import pyarrow as pa

from monitor import __version__
from monitor.config import Config
from monitor.errors import InputError
from monitor.evidence.canonical_rows import ORDER, Row, stored_rows
from monitor.evidence.redact import LOOKED_UP, Hosts, public_part, trusted_part
from monitor.fleet.home_cards import CONSENT
from monitor.fleet.lake import LAKE_VERSION, Lake, parquet_bytes
from monitor.fleet.signing import FleetSecret
from monitor.interchange.file_columns import COLUMNS, Kind
from monitor.model import DayDigest
from monitor.store import Store
from monitor.untyped import Json

INBOX: Final = "inbox/v1"
DAYS: Final = 40
"""How far back days are pushed and taken: late ones are normal."""
NAME_DIGITS: Final = 12
_DAY: Final = timedelta(days=1)
_TYPES: Final = {
    Kind.MOMENT: pa.timestamp("us", tz="UTC"),
    Kind.NUMBER: pa.float64(),
    Kind.COUNT: pa.int64(),
}
ROWS: Final = pa.schema([(c.name, _TYPES.get(c.kind, pa.string())) for c in COLUMNS])
"""The columns of contracts 4 in a lake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedDay:
    """One day as it lies in the inbox."""

    name: str
    """Of both files, without ending."""
    body: bytes
    manifest: dict[str, Json]


def fleet_secret(store: Store, config: Config, lake: Lake) -> FleetSecret:
    """What the configured home is in a lake."""
    return FleetSecret.of(store.digests.secret(), lake.lake_id, config.vantage)


def due_days(
    store: Store, config: Config, lake: Lake, *, now_utc: datetime
) -> Iterator[PushedDay]:
    """The closed days that are not in the lake yet, oldest first.

    Raises
    ------
    InputError : the owner has not agreed.
    ServiceError : the lake or the database is out of reach.
    """
    if config.fleet.consent != CONSENT:
        raise InputError(
            f"fleet.consent: found {config.fleet.consent}; needed: {CONSENT}, once you"
            " have read what `monitor fleet card` shows"
        )
    secret = fleet_secret(store, config, lake)
    links = store.digests.links(vantage=config.vantage)
    oldest = (now_utc - DAYS * _DAY).date().isoformat()
    newest = {link.day: (number, link) for number, link in enumerate(links)}
    for day, (number, link) in sorted(newest.items()):
        if day >= oldest and not _is_there(lake, secret.vantage, link):
            pushed = _day(store, config, lake, secret, link, number)
            if pushed is not None:
                yield pushed


def push(lake: Lake, day: PushedDay) -> None:
    """Put a day into the inbox."""
    lake.files.write(f"{day.name}.parquet", day.body)
    lake.files.write_document(f"{day.name}.json", day.manifest)


def inbox_folder(lake: Lake, vantage: str, day: str) -> str:
    """Where the days of a vantage lie."""
    return f"{INBOX}/bucket={lake.bucket(vantage):03d}/date={day}"


def _is_there(lake: Lake, vantage: str, link: DayDigest) -> bool:
    folder = inbox_folder(lake, vantage, link.day)
    names = lake.files.names(folder)
    return any(
        lake.files.document(name)["chain"]["digest"] == link.digest
        for name in names
        if name.startswith(f"{folder}/{vantage}-") and name.endswith(".json")
    )


def _day(
    store: Store,
    config: Config,
    lake: Lake,
    secret: FleetSecret,
    link: DayDigest,
    number: int,
) -> PushedDay | None:
    start = datetime.combine(date.fromisoformat(link.day), time(), UTC)
    stored = stored_rows(store, since=start, until=start + _DAY, vantage=config.vantage)
    hosts = Hosts(secret.host_key)
    rows = [trusted_row(row, secret.vantage, hosts) for row in stored]
    # Rows that came or went since: the next closing states the day again.
    if len(rows) != link.n_rows:
        return None
    body = parquet_bytes(table_of(rows))
    digest = sha256(body).hexdigest()
    manifest = {
        "lake_version": LAKE_VERSION,
        "lake_id": lake.lake_id,
        "vantage": secret.vantage,
        "day": link.day,
        "n_rows": len(rows),
        "sha256": digest,
        "columns": ROWS.names,
        "level": config.fleet.level,
        "consent": config.fleet.consent,
        "probe_version": __version__,
        "timezone": config.timezone,
        "asn": config.fleet.asn,
        "chain": {"number": number, "digest": link.digest, "previous": link.previous},
    }
    folder = inbox_folder(lake, secret.vantage, link.day)
    name = f"{folder}/{secret.vantage}-{digest[:NAME_DIGITS]}"
    return PushedDay(name=name, body=body, manifest=secret.signed(manifest))


def trusted_row(row: Row, vantage: str, hosts: Hosts) -> Row:
    """A row as the trusted circle reads it, under the home's name in the lake.

    Servers have stand-ins in their networks, so that "another one than by day" can be
    seen.
    """
    told = {**public_part(row), **trusted_part(row), "vantage": vantage}
    if "remote_address" in row:
        told["remote_address"] = hosts(row["remote_address"])
    for name in LOOKED_UP:
        if name in row:
            told[name] = hosts.of_lookup(row[name])
    return told


def table_of(rows: Sequence[Row]) -> pa.Table:
    """Canonical rows as a table, in the order of a day."""
    ordered = sorted(rows, key=lambda row: [row.get(name, "") for name in ORDER])
    moments = (datetime.fromisoformat(row["started_at_utc"]) for row in ordered)
    typed = [
        {**row, "started_at_utc": moment}
        for row, moment in zip(ordered, moments, strict=True)
    ]
    return pa.Table.from_pylist(typed, ROWS)
