"""The digest of this home: its evenings judged anew, its chain, its signature.

What is not in `HomeDigest` does not leave: no address, no name of the home, no sample.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from monitor.analysis import COLUMNS, analyze
from monitor.analysis.judge import METHOD_VERSION
from monitor.circle.home_digest import (
    RECENT_DIGITS,
    RECENT_LINKS,
    SCHEMA_VERSION,
    checked,
    quarter_hour,
)
from monitor.config import Config
from monitor.errors import InputError
from monitor.evening_rule import EveningState
from monitor.evidence.ledger import close_days
from monitor.fleet.signing import FleetSecret
from monitor.model import DayDigest, EveningMark, MechanismCheck, ServiceVerdict
from monitor.service_verdicts import services_of
from monitor.store import Store
from monitor.store.frames import load_frame
from monitor.store.own_terms import own_clock
from monitor.wallclock import clock_named, local_instant

DAYS: Final = 30
"""Evenings of a digest unless others are asked for."""
MOST_DAYS: Final = 366
_DAY: Final = timedelta(days=1)
_LAKE: Final = "circle"
"""Stands where a lake's id stands: another name and key than in any lake."""
_USABLE: Final = (EveningState.SLOW, EveningState.DEAD, EveningState.FINE)
_SLOW: Final = (EveningState.SLOW, EveningState.DEAD)
_NAME_CHECKS: Final = ("name_away", "name_swap")
"""The first goes before the second: its server is not the service's."""


def circle_secret(store: Store, config: Config) -> FleetSecret:
    """What this home is in circles; its key is made at the first use."""
    return FleetSecret.of(store.digests.secret(), _LAKE, config.vantage)


def span_of(
    since: date | None, until: date | None, zone: str, now_utc: datetime
) -> tuple[date, date]:
    """First and last evening of a digest; by default the 30 up to yesterday's.

    Raises
    ------
    InputError : they are no evenings that have been.
    """
    today = now_utc.astimezone(clock_named(zone)).date()
    last = until or today - _DAY
    first = since or last - (DAYS - 1) * _DAY
    if last >= today:
        raise InputError(f"--until: found {last}; allowed: a date before {today}")
    if not first <= last < first + MOST_DAYS * _DAY:
        raise InputError(
            f"--since: found {first}; allowed: at most {MOST_DAYS} days up to {last}"
        )
    return first, last


def signed_digest(
    store: Store,
    config: Config,
    *,
    since: date,
    until: date,
    asn: int | None,
    now_utc: datetime,
) -> dict[str, Any]:
    """The digest of the configured home, checked as a friend will check it.

    Days that have ended are closed first.

    Raises
    ------
    InputError : no target was measured, or no day has been closed yet.
    StoreError : the database is out of reach.
    """
    services = _services(store, config, since, until)
    if not services:
        raise InputError("digest: no target was measured; nothing to tell")
    close_days(store, now_utc=now_utc, vantage=config.vantage)
    secret = circle_secret(store, config)
    start, end = config.window.span.text
    document = secret.signed(
        {
            "schema_version": SCHEMA_VERSION,
            "home": secret.vantage,
            "household": secret.household,
            "key": secret.public_key,
            "made_at_utc": f"{quarter_hour(now_utc):%Y-%m-%dT%H:%MZ}",
            "timezone": config.timezone,
            "window": {"start": start, "end": end},
            "method_version": METHOD_VERSION,
            "asn": asn,
            "since": since.isoformat(),
            "until": until.isoformat(),
            "chain": _chain(store.digests.links(vantage=config.vantage)),
            "services": services,
        }
    )
    checked(document, "digest")
    return document


def _chain(links: Sequence[DayDigest]) -> dict[str, object]:
    if not links:
        raise InputError("digest: no day has been closed yet; try again tomorrow")
    recent = links[-RECENT_LINKS:]
    return {
        "number": len(links),
        "day": links[-1].day,
        "digest": links[-1].digest,
        "recent": [link.digest[:RECENT_DIGITS] for link in recent],
    }


def _services(
    store: Store, config: Config, since: date, until: date
) -> list[dict[str, object]]:
    zone = own_clock(store, config.vantage, config.timezone, since=since, until=until)
    # A window across midnight and its day end after the last local date.
    end = local_instant(until + 2 * _DAY, clock_named(zone))
    samples = load_frame(store, until=end, vantage=config.vantage, columns=COLUMNS)
    verdicts = analyze(
        samples, timezone=zone, window=str(config.window), since=since, until=until
    )
    return [told_service(service) for service in services_of(verdicts)]


def told_service(service: ServiceVerdict) -> dict[str, object]:
    """What a digest says of one service."""
    checks = {check.check: check for check in service.leading.mechanism}
    told = {
        "service": service.service,
        "verdict": service.verdict,
        "e_value": service.e_value,
        "evenings": list(_evenings(service)),
        "fingerprint": _fingerprint(checks.get("fingerprint")),
        "name_effect": _name_effect(checks),
    }
    return {name: value for name, value in told.items() if value is not None}


def _evenings(service: ServiceVerdict) -> Iterator[list[object]]:
    """Usable evenings by date, each `[date, n, slow, dead, effect]`."""
    by_day: dict[date, list[EveningMark]] = defaultdict(list)
    for verdict in service.members:
        for mark in verdict.marks:
            if mark.state in _USABLE:
                by_day[mark.day].append(mark)
    for day, marks in sorted(by_day.items()):
        ratios = [mark.ratio for mark in marks if mark.ratio is not None]
        yield [
            day.isoformat(),
            len(marks),
            sum(mark.state in _SLOW for mark in marks),
            sum(mark.state is EveningState.DEAD for mark in marks),
            _rounded(max(ratios, default=None)),
        ]


def _fingerprint(check: MechanismCheck | None) -> dict[str, object] | None:
    """Class and rate; None where the slow transfers have no one shape."""
    if check is None or not check.is_made:
        return None
    hold, rate = _hold(check), check.detail.values.get("rate")
    if hold is None:
        return None
    rate_bps = rate * 1e3 if isinstance(rate, int | float) and rate > 0 else None
    return {"hold": hold, "rate_bps": rate_bps}


def _hold(check: MechanismCheck) -> str | None:
    """The class that a figure tells: of one rate, and only policers let bursts pass."""
    message = check.detail.message
    if "{rate" not in message:
        return None
    if check.score <= 0:
        return "server"
    return "policed" if "{burst" in message else "shaped"


def _name_effect(
    checks: Mapping[str, MechanismCheck],
) -> dict[str, object] | None:
    """What the name cost in blocks, where there were enough."""
    for name in _NAME_CHECKS:
        check = checks.get(name)
        values = check.detail.values if check is not None and check.is_made else {}
        figures = [values.get(key) for key in ("times", "low", "high")]
        ratios = [_rounded(v) for v in figures if isinstance(v, int | float)]
        n_blocks = values.get("n")
        if len(ratios) == len(figures) and isinstance(n_blocks, int):
            ratio, *interval = ratios
            return {
                "check": name,
                "ratio": ratio,
                "ci95": interval,
                "n_blocks": n_blocks,
            }
    return None


def _rounded(ratio: float | None) -> float | None:
    return None if ratio is None else float(f"{ratio:.3g}")
