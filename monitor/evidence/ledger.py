"""The chains of a database: days are closed, checked against the rows, and lodged."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cryptography.x509 import Certificate

from monitor.errors import InputError
from monitor.evidence import timestamp
from monitor.evidence.bundle import Ledger
from monitor.evidence.chain import GENESIS, day_digest, day_keys, days_of, linked
from monitor.evidence.findings import Finding
from monitor.evidence.rows import stored_rows
from monitor.model import DayDigest
from monitor.store import Store, open_store
from monitor.store.digests import Digests, Lodging
from monitor.store.retention import removed_rows
from monitor.wallclock import EPOCH, local_instant

CLOSE_AFTER: Final = timedelta(hours=3)
"""How long after its end a day is closed: by then the spool has been delivered."""
LATE_DAYS: Final = 40
"""How far back a closed day is looked at again for rows that came late."""

_DAY: Final = timedelta(days=1)
_FILE: Final = "database"


def whole_days(since: date, until: date, timezone: str) -> tuple[datetime, datetime]:
    """The UTC days that hold the local dates from `since` to `until`, with evenings.

    Returns
    -------
    tuple : first moment, and the moment after the last.

    Notes
    -----
    An evening's day reaches into the morning after, hence the twelve hours more.
    """
    zone = ZoneInfo(timezone)
    first = local_instant(since, zone)
    last = local_instant(until + _DAY, zone, minute=12 * 60)
    end = datetime.combine(last.date(), time(), tzinfo=UTC)
    start = datetime.combine(first.date(), time(), tzinfo=UTC)
    return start, end if end == last else end + _DAY


def close_days(url: str, *, now_utc: datetime) -> Sequence[DayDigest]:
    """Chain every day that has ended and is not chained yet; the new links.

    A closed day whose rows have grown since (the spool, an import) gets another link:
    the first one stays, so that the growth is seen.

    Raises
    ------
    StoreError : the database is out of reach.
    """
    with open_store(url) as store, closing(Digests(url)) as digests:
        links = digests.links()
        counts = digests.row_counts(since=_looked_back(links, now_utc))
        closed = {(link.vantage, link.day): link.n_rows for link in links}
        wanted = sorted(
            (day, vantage)
            for (vantage, day), n_rows in counts.items()
            # Fewer rows than then are no growth: that is for `stored_differences`.
            if n_rows > closed.get((vantage, day), 0) and _has_ended(day, now_utc)
        )
        new = list(_linked(store, digests, wanted, _heads(links)))
        digests.append(new, closed_at_utc=now_utc)
    return new


def _looked_back(links: Sequence[DayDigest], now_utc: datetime) -> datetime:
    # A day later than now, closed by a wrong clock, must not hide those before it.
    ended = [link.day for link in links if _has_ended(link.day, now_utc)]
    if not ended:
        return EPOCH
    return _start(max(ended)) - LATE_DAYS * _DAY


def _start(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), tzinfo=UTC)


def _has_ended(day: str, now_utc: datetime) -> bool:
    return _start(day) + _DAY + CLOSE_AFTER <= now_utc


def heads(url: str) -> Sequence[DayDigest]:
    """The last link of each vantage.

    Raises
    ------
    InputError : no day has been closed yet.
    """
    with closing(Digests(url)) as digests:
        found = {link.vantage: link for link in digests.links()}
    if not found:
        raise InputError("no day has been closed yet: there is nothing to lodge")
    return list(found.values())


def _heads(links: Sequence[DayDigest]) -> dict[str, str]:
    return {link.vantage: link.digest for link in links}


def _linked(
    store: Store,
    digests: Digests,
    wanted: Sequence[tuple[str, str]],
    heads: dict[str, str],
) -> Iterator[DayDigest]:
    secret = digests.secret()
    for day, vantage in wanted:
        previous = heads.get(vantage, GENESIS)
        link = _of_rows(store, secret, vantage, day, previous)
        if link is not None:
            heads[vantage] = link.digest
            yield link


def _of_rows(
    store: Store, secret: bytes, vantage: str, day: str, previous: str
) -> DayDigest | None:
    start = _start(day)
    rows = stored_rows(store, since=start, until=start + _DAY, vantage=vantage)
    for found in days_of(rows):
        return day_digest(found, day_keys(secret, vantage, day), previous)
    return None


def ledger(url: str) -> Ledger:
    """What the database keeps for its chains, for a bundle."""
    with closing(Digests(url)) as digests:
        return Ledger(
            secret=digests.secret(),
            links=digests.links(),
            lodged={one.digest: one.token for one in digests.lodgings()},
        )


def stored_differences(url: str) -> Sequence[Finding]:
    """What was changed in the database since its days were closed.

    Raises
    ------
    StoreError : the database is out of reach.
    """
    with open_store(url) as store, closing(Digests(url)) as digests:
        links = digests.links()
        return [
            *_broken_links(links),
            *_changed_days(store, digests.secret(), links, removed_rows(url)),
        ]


def _broken_links(links: Sequence[DayDigest]) -> Iterator[Finding]:
    heads: dict[str, str] = {}
    for link in links:
        own = linked(link.vantage, link.day, link.n_rows, link.root, link.previous)
        if own.digest != link.digest:
            yield Finding(
                file=_FILE, day=link.day, what="the digest is not that of this link"
            )
        if link.previous != heads.get(link.vantage, GENESIS):
            yield Finding(
                file=_FILE, day=link.day, what="does not continue the link before it"
            )
        heads[link.vantage] = link.digest


def _changed_days(
    store: Store,
    secret: bytes,
    links: Sequence[DayDigest],
    removed: Mapping[tuple[str, str], int],
) -> Iterator[Finding]:
    newest: Mapping[tuple[str, str], DayDigest] = {
        (link.vantage, link.day): link for link in links
    }
    for (vantage, day), link in newest.items():
        found = _of_rows(store, secret, vantage, day, link.previous)
        if found is None or found.root != link.root:
            n_rows = 0 if found is None else found.n_rows
            n_removed = removed.get((vantage, day), 0)
            if n_removed and n_rows + n_removed >= link.n_rows:
                # Retention counted what it removed; of the rest no root can be made.
                continue
            what = (
                f"the rows of {vantage!r} are not those of the day's digest:"
                f" {n_rows} rows now, {link.n_rows} when it was closed"
                f"{f', {n_removed} removed by retention' if n_removed else ''}"
            )
            yield Finding(file=_FILE, day=day, what=what)


def lodge(
    url: str,
    authority: str,
    *,
    now_utc: datetime,
    trusted: Sequence[Certificate] = (),
) -> Sequence[Lodging]:
    """Have the last digest of each vantage time-stamped, and keep the time-stamps.

    Raises
    ------
    InputError : no day has been closed yet.
    ServiceError : the authority or the database is out of reach.
    """
    kept = []
    with closing(Digests(url)) as digests:
        for link in heads(url):
            token = timestamp.stamp(authority, link.digest, trusted=trusted).token
            one = Lodging(
                digest=link.digest,
                authority=authority,
                lodged_at_utc=now_utc,
                token=token,
            )
            digests.lodge(one)
            kept.append(one)
    return kept
