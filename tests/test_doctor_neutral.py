"""`monitor doctor` refuses a neutral server that could not show what is asked of it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

import pytest
import trustme

from monitor.clock import SystemClock
from monitor.doctor import Finding, State
from monitor.doctor.neutral_server import FEW, MANY, neutral_finding
from monitor.model import Probe, Sample
from monitor.probe import ProbeSettings
from monitor.probe.legs import LEG_MAX_S, LegProber
from tests.servers import dns, web
from tests.servers.certificates import server_context, trust_file
from tests.servers.tcp import serve
from tests.waiting import PATIENCE_S

HOST = "neutral.test"
LEG_BYTES = 64_000
BODY = b"x" * 200_000
PART = {"Content-Range": "bytes 0-199999/1000000"}

Answers = Callable[[str], bytes]
"""Name in the request -> the whole answer; empty: closed without one."""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def _trusted(authority, tmp_path, monkeypatch) -> None:
    path = trust_file(tmp_path / "trusted.pem", authority)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nowhere"))


pytestmark = pytest.mark.usefixtures("_trusted")


def whole(name: str) -> bytes:
    return web.whole(BODY, 206, PART)


@asynccontextmanager
async def neutral(
    tls: ssl.SSLContext, answers: Answers, names: list[str]
) -> AsyncIterator[str]:
    """The URL of a file at a server, which notes the names it is asked by."""

    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        request = await web.request_of(reader)
        name = request.partition("Host: ")[2].split("\r\n")[0].split(":")[0]
        names.append(name)
        writer.write(answers(name))
        await writer.drain()

    async with serve(handle, tls=tls) as served:
        yield f"https://{HOST}:{served.port}/1m.bin"


async def asked(
    tls: ssl.SSLContext, answers: Answers = whole
) -> tuple[Finding, list[str]]:
    names: list[str] = []
    async with (
        dns.name_server({HOST: dns.addresses("127.0.0.1")}) as resolver,
        neutral(tls, answers, names) as url,
    ):
        settings = ProbeSettings(
            resolvers=(resolver.resolver,),
            allow_private_answers=True,
            stage_timeout_s=PATIENCE_S,
        )
        prober = LegProber(settings, SystemClock(), LEG_BYTES)
        return await neutral_finding(prober, url, LEG_BYTES, Random(1)), names


async def test_server_that_serves_is_asked_by_two_names_in_turns(authority) -> None:
    finding, names = await asked(server_context(authority, HOST))
    # on a busy machine the rates may be apart, and more pairs are asked for
    assert finding.state in (State.OK, State.WARNING)
    assert names.count(HOST) == len(names) / 2 >= FEW
    (unknown,) = set(names) - {HOST}
    assert unknown.endswith(".example")
    assert f"({names.count(HOST)} pairs)" in finding.result


def refused(finding: Finding, told: str, advice: str) -> None:
    assert finding.state is State.BAD, finding
    assert told in finding.result
    assert advice in finding.advice


async def test_certificate_of_nobody_is_refused_before_anything_is_sent() -> None:
    finding, names = await asked(server_context(trustme.CA(), HOST))
    refused(finding, "under its own name: tls_handshake: ssl_unknown_authority", "trus")
    assert names == []


async def test_certificate_of_another_name_is_refused(authority) -> None:
    finding, _ = await asked(server_context(authority, "other.test"))
    refused(finding, "under its own name: tls_handshake: ssl_invalid_hostname", "certi")


async def test_server_that_ends_a_handshake_with_unknown_names(authority) -> None:
    context = server_context(authority, HOST)

    def look(_: object, name: str | None, __: object) -> int | None:
        return None if name == HOST else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    context.sni_callback = look
    finding, names = await asked(context)
    refused(finding, "a name that it does not know: tls_handshake: ", "any name")
    assert set(names) <= {HOST}


@pytest.mark.parametrize("status", [421, 302])
async def test_refusal_of_unknown_names(authority, status) -> None:
    def answers(name: str) -> bytes:
        return whole(name) if name == HOST else web.whole(b"no", status)

    finding, _ = await asked(server_context(authority, HOST), answers)
    refused(finding, f"does not know: HTTP status {status}", "under any name")


async def test_close_instead_of_an_answer_to_unknown_names(authority) -> None:
    def answers(name: str) -> bytes:
        return whole(name) if name == HOST else b""

    finding, _ = await asked(server_context(authority, HOST), answers)
    refused(finding, "does not know: http_round_trip: ", "any name")


async def test_no_such_file(authority) -> None:
    context = server_context(authority, HOST)
    finding, _ = await asked(context, lambda _: web.whole(b"no", 404))
    refused(finding, "under its own name: HTTP status 404", "URL of a file")


async def test_small_file(authority) -> None:
    context = server_context(authority, HOST)
    finding, _ = await asked(context, lambda _: web.whole(b"x" * 20_000, 206, PART))
    refused(finding, "20 of 64 kB, then the end", "1 MB or more")


async def test_whole_file_instead_of_a_part_is_told(authority) -> None:
    context = server_context(authority, HOST)
    finding, _ = await asked(context, lambda _: web.whole(BODY))
    assert finding.state is State.WARNING
    if "too scattered" not in finding.result:  # on a busy machine
        assert "sends the whole file" in finding.result
        assert "ranges" in finding.advice


@dataclass
class Drawn:
    """Transfers of drawn rates; slower under the unknown name."""

    rng: Random
    cost: float = 1.0
    spread: float = 0.3
    rate_bps: float = 2e7
    n_asked: int = 0

    async def measure(self, leg, *, traffic) -> Sample:
        self.n_asked += 1
        rate = self.rate_bps * 2.718 ** self.rng.gauss(0, self.spread)
        rate /= self.cost if leg.probe == Probe.SNI_AWAY else 1.0
        n_bytes = min(LEG_BYTES, int(rate * LEG_MAX_S / 8))
        return Sample(
            started_at_utc=SystemClock().now_utc(),
            target="neutral",
            probe=leg.probe,
            http_status=206,
            goodput_bps=rate,
            encoded_body_bytes=n_bytes,
            response_s=8 * n_bytes / rate if n_bytes == LEG_BYTES else LEG_MAX_S,
        )


async def of_drawn(**settings: float) -> list[tuple[Finding, int]]:
    told = []
    for seed in range(40):
        drawn = Drawn(Random(seed), **settings)
        url = f"https://{HOST}/"
        finding = await neutral_finding(drawn, url, LEG_BYTES, Random(seed))
        told.append((finding, drawn.n_asked))
    return told


async def test_scatter_of_a_line_refuses_nobody_and_costs_more_pairs() -> None:
    told = await of_drawn()
    states = [finding.state for finding, _ in told]
    assert states.count(State.BAD) == 0
    assert states.count(State.OK) >= 36
    assert {n for _, n in told} <= {2 * FEW, 2 * MANY}
    assert sum(n == 2 * FEW for _, n in told) >= 24


async def test_server_that_is_slow_to_unknown_names_is_refused() -> None:
    told = await of_drawn(cost=2.0)
    states = [finding.state for finding, _ in told]
    assert states.count(State.BAD) >= 34
    assert states.count(State.OK) <= 2
    worst = next(f for f, _ in told if f.state is State.BAD)
    assert "times slower under a name that it does not know" in worst.result
    assert "every name would look slowed" in worst.advice


async def test_server_that_is_too_slow_to_show_a_limit_is_refused() -> None:
    told = await of_drawn(rate_bps=3e4)
    assert {f.state for f, _ in told} == {State.BAD}
    assert "of 64 kB in 6 s" in told[0][0].result
    assert "quicker server" in told[0][0].advice
