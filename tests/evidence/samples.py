"""Two vantages, three days, every kind of row a bundle may hold; seeded."""

import random
from datetime import UTC, datetime, timedelta

from monitor.model import Operation, Probe, Role, Sample

START = datetime(2026, 10, 1, tzinfo=UTC)


def some_samples(*, n_days: int = 3, per_day: int = 24, seed: int = 1) -> list[Sample]:
    """Samples of `n_days` days by time; every row is another one."""
    rng = random.Random(seed)
    rounds = [
        START + timedelta(days=day, seconds=slot * 86400 / per_day + rng.random())
        for day in range(n_days)
        for slot in range(per_day)
    ]
    found = [sample for at in rounds for sample in _round(at, rng)]
    return sorted(found, key=lambda s: s.started_at_utc)


def _round(at: datetime, rng: random.Random) -> list[Sample]:
    return [
        _page(at, rng, "facebook", Role.TARGET, "31.13.72.36"),
        _page(at, rng, "wikipedia", Role.CONTROL, "2620:0:861:ed1a::1"),
        _failed(at + timedelta(seconds=3), rng),
        Sample(
            started_at_utc=at + timedelta(seconds=4),
            target="interface",
            role=Role.CONTROL,
            probe=Probe.INTERFACE,
            goodput_bps=rng.uniform(0, 1e6),
            duration_s=30.0,
            resolver="192.168.77.1",
        ),
        Sample(
            started_at_utc=at + timedelta(seconds=5),
            target="youtube",
            vantage="office",
            path="my-vpn",
            connect_s=rng.random(),
        ),
    ]


def _page(
    at: datetime, rng: random.Random, target: str, role: Role, address: str
) -> Sample:
    return Sample(
        started_at_utc=at + timedelta(seconds=rng.random()),
        target=target,
        role=role,
        connect_s=rng.random() / 10,
        waiting_s=rng.random(),
        duration_s=2.0,
        encoded_body_bytes=rng.randrange(10**6),
        http_status=200,
        remote_address=address,
        server_name=f"www.{target}.com",
        service="meta" if role is Role.TARGET else None,
        block="b7" if role is Role.TARGET else None,
        tcp_rcv_rtt_s=0.0625,
        tcp_segs_in=at.minute,
        timeline=((0.0, 1000), (0.25, 9000)),
        resolver="private" if role is Role.TARGET else "1.1.1.1",
        dns_answers=(address, "10.10.34.36", "2a03:2880:f10c:83:face:b00c:0:25de"),
        certificate_issuer='C=US, O="Қазақ" \\ CA',
    )


def _failed(at: datetime, rng: random.Random) -> Sample:
    return Sample(
        started_at_utc=at,
        target="telegram",
        connect_s=rng.random(),
        failed_operation=Operation.TLS_HANDSHAKE,
        failure="generic_timeout_error",
        remote_address="149.154.167.51",
        block="b8",
        resolver="192.168.77.1",
    )


VERDICTS = {
    "schema_version": 1,
    "method_version": "test-0",
    "timezone": "Asia/Almaty",
    "window": {"start": "20:00", "end": "22:00"},
    "since": "2026-10-01",
    "until": "2026-10-03",
    "verdicts": [
        {"vantage": "home", "target": "facebook", "verdict": "insufficient_data"}
    ],
}
CONFIG = {
    "vantage": "home",
    "timezone": "Asia/Almaty",
    "database": "postgresql+psycopg://me:geheim@host/db",
    "targets": [{"name": "facebook", "url": "https://www.facebook.com/"}],
    "notify": {"urls": ["tgram://123:abc/456"]},
}
