"""Chains of days, made at once: the program closes one day after the other."""

from collections.abc import Iterable, Iterator

from monitor.evidence.canonical_rows import ROW_FORMAT
from monitor.evidence.chain import GENESIS, day_digest, day_keys, days_of
from monitor.model import DayDigest, Sample


def day_digests(
    samples: Iterable[Sample], *, secret: bytes, row_format: int = ROW_FORMAT
) -> Iterator[DayDigest]:
    """The links for samples of whole UTC days that come by time, chained per vantage.

    Parameters
    ----------
    secret : the chain's secret, 32 random bytes; makes the keys of the days.
    row_format : 1: as days were closed before there were the columns of format 2.
    """
    heads: dict[str, str] = {}
    for day in days_of(samples):
        before = heads.get(day.vantage, GENESIS)
        keys = day_keys(secret, day.vantage, day.day)
        link = day_digest(day.under(row_format), keys, before)
        heads[day.vantage] = link.digest
        yield link
