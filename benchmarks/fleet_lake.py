"""Simulated homes that push into a lake, for the benchmarks of fleets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256

import numpy as np
import pandas as pd
import pyarrow as pa

from monitor.fleet.home_cards import CONSENT
from monitor.fleet.lake import LAKE_VERSION, Lake, parquet_bytes
from monitor.fleet.pushing import NAME_DIGITS, ROWS, PushedDay, inbox_folder, push
from monitor.fleet.registry import Enrolled, admit
from monitor.fleet.signing import FleetSecret
from monitor.simulation import simulate

ZONE = "Asia/Almaty"
ENROLLED = "2026-10-01T00:00:00Z"


@dataclass(frozen=True)
class SimulatedHome:
    """A home of a lake, and its rows by UTC day."""

    secret: FleetSecret
    isp: str
    days: dict[date, pd.DataFrame]
    number: int = 0
    """Of its chain's links: the day's own and so many."""

    def enroll(self, lake: Lake) -> None:
        """Have the lake admit it."""
        home = Enrolled(
            vantage=self.secret.vantage,
            timezone=ZONE,
            isp=self.isp,
            public_key=self.secret.public_key,
            enrolled_at_utc=ENROLLED,
        )
        admit(lake, home)

    def push(self, lake: Lake, day: date) -> None:
        """Put a day into the inbox, signed."""
        rows = self.days.get(day)
        if rows is not None:
            push(lake, self._pushed(lake, day, rows))

    def _pushed(self, lake: Lake, day: date, rows: pd.DataFrame) -> PushedDay:
        vantage = self.secret.vantage
        body = parquet_bytes(table_of(rows, vantage))
        digest = sha256(body).hexdigest()
        manifest = {
            "lake_version": LAKE_VERSION,
            "lake_id": lake.lake_id,
            "vantage": vantage,
            "day": day.isoformat(),
            "n_rows": len(rows),
            "sha256": digest,
            "consent": CONSENT,
            "timezone": ZONE,
            "chain": {
                "number": day.toordinal() + self.number,
                "digest": digest,
                "previous": "",
            },
        }
        folder = inbox_folder(lake, vantage, day.isoformat())
        name = f"{folder}/{vantage}-{digest[:NAME_DIGITS]}"
        return PushedDay(name=name, body=body, manifest=self.secret.signed(manifest))


def table_of(rows: pd.DataFrame, vantage: str) -> pa.Table:
    """Rows as a home pushes them."""
    given = rows.assign(vantage=vantage)
    columns = [
        pa.array(given[field.name], field.type, from_pandas=True)
        if field.name in given
        else pa.nulls(len(given), field.type)
        for field in ROWS
    ]
    return pa.Table.from_arrays(columns, schema=ROWS)


def simulated_homes(
    lake: Lake, families: Sequence[str], *, days: int, every_s: int
) -> Iterator[SimulatedHome]:
    """One home of each family named, in order; each with a seed of its own."""
    for seed, family in enumerate(families):
        rows = simulate(family, seed=seed, days=days, every_s=every_s).samples
        of_day = rows["started_at_utc"].dt.tz_convert(UTC).dt.date
        by_day = dict(iter(rows.groupby(of_day)))
        secret = FleetSecret.of(f"home {seed}".encode(), lake.lake_id, f"h{seed}")
        yield SimulatedHome(secret, f"Provider {seed % 3}", by_day)


def days_of(homes: Sequence[SimulatedHome]) -> list[date]:
    """All days, in order."""
    return sorted(set().union(*(home.days for home in homes)))


def midnight(day: date) -> datetime:
    """The begin of a day of UTC."""
    return datetime.combine(day, datetime.min.time(), UTC)


def share(part: float, whole: float) -> str:
    """A ratio as a table shows it."""
    return f"{part / whole:.2f}" if np.isfinite(whole) and whole else "-"
