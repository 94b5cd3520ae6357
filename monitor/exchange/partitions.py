"""Samples as Parquet files by local date: `DIR/date=2026-10-20/samples.parquet`.

The layout that pandas, DuckDB, Spark and Polars read as one table with a column `date`.
"""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from monitor import private
from monitor.errors import InputError
from monitor.interchange import write_samples
from monitor.model import Sample
from monitor.wallclock import clock_named


def write(
    folder: Path,
    samples: Iterable[Sample],
    *,
    timezone: str,
    licence: str = "",
) -> int:
    """How many samples were written; a date that is there already is replaced whole.

    Parameters
    ----------
    folder : made when it is not there.
    samples : ordered by time; whole local dates.
    timezone : IANA zone of the dates.
    licence : see `write_samples`.

    Raises
    ------
    InputError : the folder cannot be written.
    """
    zone, n_written = clock_named(timezone), 0

    def local_date(sample: Sample) -> str:
        return sample.started_at_utc.astimezone(zone).date().isoformat()

    for date, of_date in groupby(samples, local_date):
        part = folder / f"date={date}"
        try:
            private.make_folder(part)
        except OSError as error:
            raise InputError(f"{part}: cannot be made: {error.strerror}") from None
        file = part / "samples.parquet"
        n_written += write_samples(file, of_date, licence=licence)
    return n_written
