"""Digests of made-up homes, signed as a home signs its own."""

from collections.abc import Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from monitor.circle.home_digest import HomeDigest, checked
from monitor.fleet.signing import FleetSecret

FIRST = date(2026, 10, 1)
INNOCENT = "no_recurring_slowdown"
SLOW = "selective_slowdown"


def chain(number: int, seed: str = "") -> dict[str, Any]:
    digests = [sha256(f"{seed}{n}".encode()).hexdigest() for n in range(1, number + 1)]
    return {
        "number": number,
        "day": (FIRST + timedelta(days=number - 1)).isoformat(),
        "digest": digests[-1],
        "recent": [digest[:16] for digest in digests[-62:]],
    }


def service(
    slow: Sequence[int], name: str = "youtube", verdict: str = SLOW, e: float = 30.0
) -> dict[str, Any]:
    """One host, usable every evening; `slow` has a 1 for each slow one."""
    evenings = [
        [(FIRST + timedelta(days=n)).isoformat(), 1, flag, 0, 3.0 if flag else 1.0]
        for n, flag in enumerate(slow)
    ]
    return {"service": name, "verdict": verdict, "e_value": e, "evenings": evenings}


def unsigned(home: str = "anna", number: int = 30, /, **changes: Any) -> dict[str, Any]:
    secret = FleetSecret.of(home.encode(), "circle", "home")
    made = FIRST + timedelta(days=number)
    return {
        "schema_version": 1,
        "home": secret.vantage,
        "household": secret.household,
        "key": secret.public_key,
        "made_at_utc": f"{made}T06:15Z",
        "timezone": "Asia/Almaty",
        "window": {"start": "20:00", "end": "22:00"},
        "method_version": "5.2",
        "asn": 9198,
        "since": FIRST.isoformat(),
        "until": (made - timedelta(days=1)).isoformat(),
        "chain": chain(number),
        "services": [service([n % 2 for n in range(number)])],
        **changes,
    }


def signed(home: str = "anna", number: int = 30, /, **changes: Any) -> dict[str, Any]:
    secret = FleetSecret.of(home.encode(), "circle", "home")
    return secret.signed(unsigned(home, number, **changes))


def digest(home: str = "anna", number: int = 30, /, **changes: Any) -> HomeDigest:
    return checked(signed(home, number, **changes), "test")
