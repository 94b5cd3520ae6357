"""What of the home never gets into a sample."""

import pytest

from monitor.model import Probe, Target
from monitor.probe.observation import Observation
from tests.fakes import FakeClock


@pytest.mark.parametrize(
    ("resolver", "stored"),
    [
        ("192.168.1.1", "private"),
        ("10.0.0.1:5353", "private"),
        ("fe80::1%eth0", "private"),
        ("[fd00::1]:53", "private"),
        ("127.0.0.53", "127.0.0.53"),
        ("8.8.8.8", "8.8.8.8"),
        ("[2001:4860:4860::8888]:53", "[2001:4860:4860::8888]:53"),
        ("hosts", "hosts"),
        ("localhost", "localhost"),
        (None, None),
    ],
)
def test_resolver_inside_the_home_is_not_stored(
    resolver: str | None, stored: str | None
) -> None:
    clock = FakeClock()
    seen = Observation(
        clock=clock,
        started_at_utc=clock.now_utc(),
        url="https://a.example/",
        resolver=resolver,
    )
    target = Target(name="a", url="https://a.example/")
    assert seen.sample(target, Probe.HTTPS, "home").resolver == stored
