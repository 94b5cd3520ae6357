"""The chains of a database: days are closed, checked against the rows, and lodged."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from cryptography.x509 import Certificate

from monitor.errors import InputError
from monitor.evidence import timestamp
from monitor.evidence.branches import breaks, strays
from monitor.evidence.bundle import Ledger
from monitor.evidence.canonical_rows import ROW_FORMAT, stored_rows
from monitor.evidence.chain import GENESIS, continued, day_digest, day_keys, days_of
from monitor.evidence.findings import Finding, told_days
from monitor.model import DayDigest
from monitor.store import Store
from monitor.store.digests import Lodging
from monitor.wallclock import clock_named, local_instant

CLOSE_AFTER: Final = timedelta(hours=3)
"""How long after its end a day is closed: by then the spool has been delivered."""

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
    zone = clock_named(timezone)
    first = local_instant(since, zone)
    last = local_instant(until + _DAY, zone, minute=12 * 60)
    end = datetime.combine(last.date(), time(), tzinfo=UTC)
    start = datetime.combine(first.date(), time(), tzinfo=UTC)
    return start, end if end == last else end + _DAY


def close_days(
    store: Store, *, now_utc: datetime, vantage: str | None = None
) -> Sequence[DayDigest]:
    """Chain every day that has ended and is not chained yet; the new links.

    A closed day whose rows have grown since (the spool, an import) gets another link:
    the first one stays, so that the growth is seen. Where the chain forked, the days
    that its end does not bind are stated once more behind it, as they were. New links
    are of the newest row format; older ones keep theirs.

    Parameters
    ----------
    vantage : whose days; None: of every vantage of the database.

    Raises
    ------
    StoreError : the database is out of reach.
    """
    return [
        link
        for name in ([vantage] if vantage is not None else store.digests.vantages())
        for link in _close(store, name, now_utc)
    ]


def _close(store: Store, vantage: str, now_utc: datetime) -> Sequence[DayDigest]:
    """Close the days of one vantage: read first, so that the chain is held briefly."""
    digests = store.digests
    secret, counts = digests.secret(), digests.row_counts(vantage=vantage)
    closed = _n_closed(digests.links(vantage=vantage))
    days = sorted(
        day
        for day, n_rows in counts.items()
        # Fewer rows than then are no growth: that is for `stored_differences`.
        if n_rows > closed.get(day, 0) and _has_ended(day, now_utc)
    )
    read = [_of_rows(store, secret, vantage, day, GENESIS) for day in days]
    with digests.extending(vantage) as chain:
        links = chain.links()
        closed = _n_closed(links)
        grown = [
            link
            for link in read
            # Another closing may have come first; rows may have come meanwhile.
            if link is not None
            and link.n_rows > closed.get(link.day, 0)
            and link.n_rows == chain.row_count(link.day)
        ]
        head = links[-1].digest if links else GENESIS
        new = list(_continued([*strays(links), *grown], head))
        chain.append(new, closed_at_utc=now_utc)
    return new


def _n_closed(links: Sequence[DayDigest]) -> dict[str, int]:
    return {link.day: link.n_rows for link in links}


def _continued(links: Sequence[DayDigest], head: str) -> Iterator[DayDigest]:
    for link in links:
        new = continued(link, head)
        head = new.digest
        yield new


def _start(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), tzinfo=UTC)


def _has_ended(day: str, now_utc: datetime) -> bool:
    # Not the end of the day, which the calendar of the last year does not have.
    return _start(day) <= now_utc - _DAY - CLOSE_AFTER


def heads(store: Store, *, vantage: str | None = None) -> Sequence[DayDigest]:
    """The last link of a vantage; None: of each.

    Raises
    ------
    InputError : no day has been closed yet.
    """
    newest = {link.vantage: link for link in store.digests.links(vantage=vantage)}
    if not newest:
        raise InputError("no day has been closed yet: there is nothing to lodge")
    return list(newest.values())


def _of_rows(
    store: Store,
    secret: bytes,
    vantage: str,
    day: str,
    previous: str,
    row_format: int = ROW_FORMAT,
) -> DayDigest | None:
    """The link of the rows of a day that are stored now; None without any."""
    start = _start(day)
    span = {"since": start, "until": start + _DAY}
    rows = stored_rows(store, **span, vantage=vantage, row_format=row_format)
    for of_day in days_of(rows):
        keys = day_keys(secret, vantage, day)
        return day_digest(of_day.under(row_format), keys, previous)
    return None


def ledger(store: Store) -> Ledger:
    """What the database keeps for its chains, for a bundle."""
    digests = store.digests
    return Ledger(
        secret=digests.secret(),
        links=digests.links(),
        lodged={lodging.digest: lodging.token for lodging in digests.lodgings()},
    )


def stored_differences(store: Store) -> Sequence[Finding]:
    """What was changed in the database since its days were closed.

    Raises
    ------
    StoreError : the database is out of reach.
    """
    links = store.digests.links()
    return [*_false_links(links), *_unhealed(links), *_changed_days(store, links)]


def stored_notes(store: Store) -> Sequence[str]:
    """What is worth knowing about the chains of a database, and no alteration.

    Raises
    ------
    StoreError : the database is out of reach.
    """
    by_vantage = _by_vantage(store.digests.links())
    return [
        f"the chain of {vantage!r} forked at {told_days(k.day for k in breaks(links))}"
        " (two closings of days at once); its end states every day again and binds all"
        for vantage, links in by_vantage.items()
        if breaks(links) and not strays(links)
    ]


def _false_links(links: Sequence[DayDigest]) -> Iterator[Finding]:
    for link in links:
        expected = continued(link, link.previous)
        if expected.digest != link.digest:
            yield Finding(
                file=_FILE, day=link.day, what="the digest is not that of this link"
            )


def _unhealed(links: Sequence[DayDigest]) -> Iterator[Finding]:
    for chain in _by_vantage(links).values():
        if not strays(chain) and chain[0].previous == GENESIS:
            continue
        for link in [*chain[:1], *breaks(chain)]:
            if link.previous != GENESIS:
                yield Finding(
                    file=_FILE,
                    day=link.day,
                    what="does not continue the link before it; after two closings of"
                    " days at once the next closing mends that",
                )


def _by_vantage(links: Sequence[DayDigest]) -> dict[str, list[DayDigest]]:
    chains: dict[str, list[DayDigest]] = {}
    for link in links:
        chains.setdefault(link.vantage, []).append(link)
    return chains


def _changed_days(store: Store, links: Sequence[DayDigest]) -> Iterator[Finding]:
    secret, removed = store.digests.secret(), store.removed_rows()
    newest: Mapping[tuple[str, str], DayDigest] = {
        (link.vantage, link.day): link for link in links
    }
    for (vantage, day), link in newest.items():
        current = _of_rows(store, secret, vantage, day, link.previous, link.row_format)
        n_rows = 0 if current is None else current.n_rows
        n_removed = removed.get((vantage, day), 0)
        if n_removed and n_rows + n_removed >= link.n_rows:
            # Retention counted what it removed; of the rest no root can be made.
            continue
        # More rows than then are no alteration: the next closing gives a second link.
        if n_rows <= link.n_rows and (current is None or current.root != link.root):
            what = (
                f"the rows of {vantage!r} are not those of the day's digest:"
                f" {n_rows} rows now, {link.n_rows} when it was closed"
                f"{f', {n_removed} removed by retention' if n_removed else ''}"
            )
            yield Finding(file=_FILE, day=day, what=what)


def lodge(
    store: Store,
    authority: str,
    *,
    now_utc: datetime,
    vantage: str | None = None,
    trusted: Sequence[Certificate] = (),
) -> Sequence[Lodging]:
    """Have the last digest of a vantage (None: of each) time-stamped; what is kept.

    Raises
    ------
    InputError : no day has been closed yet.
    ServiceError : the authority or the database is out of reach.
    """
    kept = []
    for link in heads(store, vantage=vantage):
        token = timestamp.stamp(authority, link.digest, trusted=trusted).token
        lodging = Lodging(
            digest=link.digest,
            authority=authority,
            lodged_at_utc=now_utc,
            token=token,
        )
        store.digests.lodge(lodging)
        kept.append(lodging)
    return kept
