"""A box on the way that answers in a server's place under one name, in the window.

Real TLS: a leg each in the calm and in the window, which then are those of some days.
"""

import asyncio
import ssl
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
import trustme

from monitor.analysis.dead_legs import dead_legs
from monitor.analysis.odd_certificates import odd_certificates
from monitor.clock import SystemClock
from monitor.evening_rule import parse_window
from monitor.model import Probe, Sample, Target
from monitor.probe import ProbeSettings
from monitor.probe.legs import LegProber, legs_of
from monitor.probe.traffic import Traffic
from monitor.series.pairs import Pair, PairValue, legs_apart, of_target, pairs_of
from tests.servers import dns, web
from tests.servers.certificates import server_context, trust_file
from tests.servers.tcp import serve
from tests.waiting import PATIENCE_S

NEUTRAL, SITE = "neutral.test", "site.test"
COLUMNS = (
    *("started_at_utc", "target", "probe", "path", "block", "server_name"),
    *("goodput_bps", "encoded_body_bytes", "duration_s", "http_status"),
    *("failure", "failed_operation", "certificate_issuer"),
)
ORDER = (Probe.PAIR_BASE, Probe.SNI_AWAY, Probe.SNI_AWAY, Probe.PAIR_BASE)
ALERT = b"\x15\x03\x03\x00\x02\x02\x31"
"""Fatal: access denied."""
PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nblocked"


@dataclass
class Box:
    """What it shows under the name; None: it lets it pass."""

    forged: ssl.SSLContext | None = None

    def look(self, sock: ssl.SSLObject, name: str | None, _: object) -> None:
        if name == SITE and self.forged is not None:
            sock.context = self.forged


async def measured(
    settings: ProbeSettings, box: Box, context: ssl.SSLContext
) -> dict[str, Sample]:
    context.sni_callback = box.look
    prober = LegProber(settings, SystemClock(), 64_000)
    async with serve(web.says(web.whole(bytes(64_000))), tls=context) as neutral:
        url = f"https://{NEUTRAL}:{neutral.port}/1m.bin"
        legs = legs_of(Target(name="site", url=f"tls://{SITE}"), url, SITE)
        return {
            probe: await prober.measure(leg, traffic=Traffic())
            for probe, leg in legs.items()
        }


def days_of(calm: dict[str, Sample], window: dict[str, Sample]) -> list[PairValue]:
    """Four days: five blocks in the calm of each, and twelve in the window."""
    rows = []
    for day in range(4):
        midnight = datetime(2026, 3, 1 + day, tzinfo=UTC) - timedelta(hours=5)
        evening = [midnight + timedelta(minutes=1200 + 9 * n) for n in range(12)]
        begun = [(midnight + timedelta(hours=h), calm) for h in range(9, 14)]
        for moment, legs in (*begun, *((when, window) for when in evening)):
            for place, probe in enumerate(ORDER):
                when = moment + timedelta(seconds=place)
                leg = replace(
                    legs[probe], started_at_utc=when, block=f"b{moment:%d%H%M}"
                )
                rows.append([getattr(leg, name) for name in COLUMNS])
    _, apart = legs_apart(pd.DataFrame(rows, columns=list(COLUMNS)))
    made = pairs_of(
        apart,
        vantage="home",
        timezone="Asia/Almaty",
        window=parse_window("20:00-22:00"),
    )
    return of_target(made, "site", Pair.NAME_AWAY)


@pytest.fixture
async def settings():
    async with dns.name_server({NEUTRAL: dns.addresses("127.0.0.1")}) as names:
        yield ProbeSettings(
            resolvers=(names.resolver,),
            allow_private_answers=True,
            stage_timeout_s=PATIENCE_S,
        )


@pytest.mark.parametrize("is_trusted", [True, False])
async def test_a_forged_certificate_is_somebody_in_between(
    settings, authority, rogue, trusted, is_trusted
):
    state = trustme.CA(organization_name="State Authority")
    trust_file(trusted, authority, state)
    box = Box(forged=server_context(state if is_trusted else rogue, SITE))
    context = server_context(authority, NEUTRAL)
    calm = await measured(settings, Box(), context)
    window = await measured(settings, box, context)
    failure = None if is_trusted else "ssl_unknown_authority"
    assert window[Probe.SNI_AWAY].failure == failure
    assert window[Probe.SNI_AWAY].certificate_issuer
    values = days_of(calm, window)
    odd = odd_certificates(values)
    assert odd is not None
    assert odd.is_enough
    assert (odd.n_odd, odd.n_other_odd, odd.n) == (96, 0, 96)
    dead = dead_legs(values)
    assert dead is not None
    assert not dead.is_shown
    # what it does at all hours may be the server's own
    always = odd_certificates(days_of(window, window))
    assert always is None or not always.is_shown


@pytest.mark.parametrize("answer", [ALERT, PAGE])
async def test_an_alert_or_a_page_without_tls_ends_a_leg_as_a_reset_does(
    settings, authority, answer
):
    calm = await measured(settings, Box(), server_context(authority, NEUTRAL))

    async def box(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(answer)
        await writer.drain()

    prober = LegProber(settings, SystemClock(), 64_000)
    async with serve(box) as blocked:
        url = f"https://{NEUTRAL}:{blocked.port}/1m.bin"
        legs = legs_of(Target(name="site", url=f"tls://{SITE}"), url, SITE)
        away = await prober.measure(legs[Probe.SNI_AWAY], traffic=Traffic())
    assert away.failure == "ssl_failed_handshake"
    dead = dead_legs(days_of(calm, {**calm, Probe.SNI_AWAY: away}))
    assert dead is not None
    assert dead.is_enough
    assert (dead.n_dead, dead.n_other_dead, dead.n) == (96, 0, 96)
