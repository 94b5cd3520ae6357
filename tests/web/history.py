"""A week of a made-up home in a real database: one service slow in the evening.

Five sites every quarter of an hour; Facebook has a tenth of its goodput from 20:00 to
22:00 local time, Twitter answers nothing then, the rest is steady. One gap.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import text

from monitor.config import Config, parse
from monitor.model import Operation, Probe, Role, Round, RoundStatus, Sample
from monitor.store import Store, open_store
from monitor.store.engine import make_engine, writing
from monitor.stored_analysis import read_document

ZONE = "Asia/Almaty"
NOW = datetime(2026, 10, 20, 18, 0, tzinfo=UTC)
DAYS = 8
FIRST = NOW - timedelta(days=DAYS)
STEP = timedelta(minutes=15)
SITES = {
    "facebook": Role.TARGET,
    "twitter": Role.TARGET,
    "wikipedia": Role.CONTROL,
    "vk": Role.CONTROL,
    "debian": Role.CONTROL,
}
GAP = (datetime(2026, 10, 18, 6, tzinfo=UTC), datetime(2026, 10, 18, 9, tzinfo=UTC))
HOSTILE = "<img src=x onerror=alert(1)>=HYPERLINK(1)"


def config(database: str, *, report_folder: str = "reports", **web: object) -> Config:
    """The home's configuration."""
    site = {role: [] for role in Role}
    for name, role in SITES.items():
        site[role].append({"name": name, "url": f"https://{name}.example/"})
    return parse(
        {
            "timezone": ZONE,
            "database": database,
            "every": "15m",
            "targets": site[Role.TARGET],
            "controls": site[Role.CONTROL],
            "budget": {"per_month": "20GB"},
            "web": {"port": 0, **web},
            "report": {"folder": report_folder},
        },
        source="test",
    )


def is_evening(moment: datetime) -> bool:
    """Whether a moment is in the window."""
    return moment.astimezone(ZoneInfo(ZONE)).hour in (20, 21)


def samples() -> Iterator[Sample]:
    """Every sample of the week."""
    for index in range(int((NOW - FIRST) / STEP)):
        start = FIRST + index * STEP
        if GAP[0] <= start < GAP[1]:
            continue
        for place, name in enumerate(SITES):
            moment = start + timedelta(seconds=2 * place)
            yield page(name, moment, index)
            yield transfer(name, moment + timedelta(seconds=1), index)
        yield local(Probe.EVENT_LOOP, start, waiting_s=0.004)


def page(name: str, moment: datetime, index: int) -> Sample:
    """One page probe."""
    wobble = 1 + (index % 7) / 100
    common = {"target": name, "role": SITES[name], "started_at_utc": moment}
    if name == "twitter" and is_evening(moment):
        return Sample(
            **common,
            domain_lookup_s=0.02,
            connect_s=0.05,
            duration_s=10.0,
            failed_operation=Operation.TLS_HANDSHAKE,
            failure="generic_timeout_error",
        )
    return Sample(
        **common,
        domain_lookup_s=0.02 * wobble,
        connect_s=0.05 * wobble,
        tls_handshake_s=0.06 * wobble,
        waiting_s=0.1 * wobble,
        response_s=0.2 * wobble,
        duration_s=0.43 * wobble,
        encoded_body_bytes=100_000,
        http_status=200,
        http_version="1.1",
        tls_version="TLSv1.3",
        remote_address="192.0.2.7",
        certificate_issuer=HOSTILE if name == "facebook" else "Test CA",
        round_id=f"round{index}",
    )


def transfer(name: str, moment: datetime, index: int) -> Sample:
    """One throughput transfer with its byte curve."""
    if name == "twitter" and is_evening(moment):
        return Sample(
            started_at_utc=moment,
            target=name,
            probe=Probe.DOWNLOAD,
            duration_s=10.0,
            failed_operation=Operation.TLS_HANDSHAKE,
            failure="generic_timeout_error",
        )
    is_slow = name == "facebook" and is_evening(moment)
    seconds = (20.0 if is_slow else 2.0) * (1 + (index % 5) / 50)
    return Sample(
        started_at_utc=moment,
        target=name,
        role=SITES[name],
        probe=Probe.DOWNLOAD,
        response_s=seconds,
        duration_s=seconds + 0.3,
        encoded_body_bytes=500_000,
        goodput_bps=8 * 500_000 / seconds,
        http_status=200,
        timeline=tuple((seconds * i / 10, 50_000 * i) for i in range(1, 11)),
    )


def local(probe: str, moment: datetime, **values: float) -> Sample:
    """What this machine says of itself."""
    return Sample(
        target=f"_{probe}",
        role=Role.CONTROL,
        probe=probe,
        started_at_utc=moment,
        **values,
    )


def rounds() -> Iterator[Round]:
    """One round of each kind."""
    for status, hour, seconds in (
        (RoundStatus.COMPLETE, 1, 30.0),
        (RoundStatus.OVERLONG, 2, 60.0),
        (RoundStatus.MISSED, 6, 3 * 3600.0),
    ):
        slot = datetime(2026, 10, 18, hour, tzinfo=UTC)
        is_missed = status is RoundStatus.MISSED
        yield Round(
            round_id=f"{status}",
            vantage="home",
            slot_start_utc=slot,
            started_at_utc=None if is_missed else slot,
            duration_s=seconds,
            status=status,
            n_planned=10,
            n_done=0 if is_missed else 10,
            reason="the monitor was not running" if is_missed else None,
        )


def document() -> dict[str, object]:
    """What an analysis found, as contracts 5 has it."""
    verdict = {
        "vantage": "home",
        "target": "facebook",
        "verdict": "targeted_throttling",
        "strength": "likely",
        "evenings": {"observed": 8, "usable": 8, "slow": 8, "dead": 0},
        "effect": {"metric": "goodput_bps", "ratio": 10.0, "ci95": [9.0, 11.0]},
        "p_value": 0.0001,
        "e_value": 512.0,
        "found_window": {"start": "20:00", "end": "22:00"},
        "onset_date": "2026-10-13",
        "offset_date": None,
        "mechanism": [{"check": "plateau", "score": 1, "detail": "200 kbit/s"}],
        "reasons": ["only 3 controls"],
        "evening_marks": [{"date": "2026-10-19", "state": "slow", "ratio": 10.2}],
    }
    return {
        "schema_version": 1,
        "method_version": "test",
        "timezone": ZONE,
        "since": "2026-10-13",
        "until": "2026-10-20",
        "verdicts": [verdict],
    }


def fill_up_to_now(url: str, now: datetime) -> None:
    """Two days of it, moved so that now is half past nine in its evening."""
    last = datetime(2026, 10, 20, 16, 31, tzinfo=UTC)
    moved = (
        replace(sample, started_at_utc=sample.started_at_utc + (now - last))
        for sample in samples()
        if last - timedelta(days=2) <= sample.started_at_utc <= last
    )
    with open_store(url) as store:
        store.samples.append(moved)
    _make_rollups(url)


def services_document() -> dict[str, object]:
    """The same of services with several hosts."""
    told = document()
    (verdict,) = told["verdicts"]
    page = {"verdict": "no_recurring_slowdown", "strength": None, "mechanism": []}
    told["verdicts"] = [
        {**verdict, **page, "service": "facebook", "part": "page"},
        {**verdict, "target": "facebook-video", "service": "facebook", "part": "media"},
        {**verdict, **page, "target": "telegram", "verdict": "inconclusive"},
    ]
    return told


def fill(url: str) -> None:
    """Write all of it, and make the roll-ups."""
    with open_store(url) as store:
        store.samples.append(samples())
        for one in rounds():
            store.rounds.append(one)
        moment = NOW - timedelta(hours=1)
        store.analyses.append(read_document(document()), computed_at_utc=moment)
    _note(url)
    _make_rollups(url)


def _make_rollups(url: str) -> None:
    with Store(url) as store:
        rollups = store.rollups()
        while rollups.refresh():
            pass


def _note(url: str) -> None:
    engine = make_engine(url)
    with writing(engine) as connection:
        connection.execute(
            text(
                "INSERT INTO notes (noted_at_us, first_date, last_date, text)"
                " VALUES (1, '2026-10-16', '2026-10-16', '<b>Match</b>')"
            )
        )
    engine.dispose()
