"""The registry of a lake: which homes it admits, and what they say of themselves.

Rows are only added; the newest of a vantage counts. The same columns stand in the file
`vantages.csv` of a folder of sample files.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final, Self

import pyarrow as pa

from monitor.errors import InputError
from monitor.fleet.lake import Lake
from monitor.untyped import Json

FOLDER: Final = "vantages"
KINDS: Final = ("home", "office", "data_centre", "vpn")
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A home as a fleet knows it; what is empty is not known."""

    vantage: str
    timezone: str = ""
    asn: str = ""
    isp: str = ""
    country: str = ""
    region: str = ""
    access: str = ""
    kind: str = "home"
    independent_group: str = ""
    """Homes of one group are one voice; empty: one of its own."""
    public_key: str = ""
    consent: str = ""
    level: str = ""
    probe_version: str = ""
    enrolled_at_utc: str = ""

    @property
    def provider(self) -> str:
        """The name under which its provider is told."""
        return self.isp or self.asn or UNKNOWN

    @property
    def voice(self) -> str:
        """What it is counted as."""
        return self.independent_group or self.vantage

    @classmethod
    def of(cls, row: Mapping[str, Json]) -> Self:
        """The home in a row; columns of newer programs are left out.

        Raises
        ------
        InputError : it has no name, or is of an unknown kind.
        """
        names = {field.name for field in fields(cls)}
        texts = {k: str(v).strip() for k, v in row.items() if k in names and v}
        if "vantage" not in texts:
            raise InputError("a home: found no vantage; needed: its name")
        if texts.get("kind", KINDS[0]) not in KINDS:
            raise InputError(
                f"home {texts['vantage']!r}: kind: found {texts['kind']!r}; allowed:"
                f" {', '.join(KINDS)}"
            )
        return cls(**texts)


SCHEMA: Final = pa.schema([(field.name, pa.string()) for field in fields(Enrolled)])


def admitted(lake: Lake) -> dict[str, Enrolled]:
    """The homes of a lake by vantage."""
    names = lake.files.names(FOLDER)
    rows = (row for name in names for row in lake.files.table(name).to_pylist())
    in_order = sorted(rows, key=lambda row: row["enrolled_at_utc"] or "")
    return {row["vantage"]: Enrolled.of(row) for row in in_order}


def admit(lake: Lake, home: Enrolled) -> None:
    """Add a home, or what is new about it."""
    stamp = home.enrolled_at_utc.translate({ord(c): None for c in "-:."})
    name = f"{FOLDER}/part-{stamp}-{home.vantage}.parquet"
    lake.files.write_table(name, pa.Table.from_pylist([asdict(home)], SCHEMA))


def homes_of_file(path: Path) -> dict[str, Enrolled]:
    """The homes in a CSV file with the registry's columns.

    Raises
    ------
    InputError : it cannot be read, or holds what is not allowed.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows: Iterable[Mapping[str, Json]] = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    homes = (Enrolled.of(row) for row in rows)
    return {home.vantage: home for home in homes}
