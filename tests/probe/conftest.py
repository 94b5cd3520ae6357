"""A prober on loopback: own name server, own authority."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from monitor.clock import SystemClock
from monitor.probe import Prober, ProbeSettings
from tests.probe.site import HASTE_S, SITE, MakeProber
from tests.servers import dns
from tests.servers.certificates import server_context, trust_file
from tests.waiting import PATIENCE_S


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """The authority that this machine trusts."""
    return trustme.CA(organization_name="Honest Authority")


@pytest.fixture(scope="session")
def rogue() -> trustme.CA:
    """An authority that nobody trusts."""
    return trustme.CA(organization_name="Rogue Authority")


@pytest.fixture(autouse=True)
def trusted(
    tmp_path: Path, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The file of trusted authorities; probers made later read it."""
    path = trust_file(tmp_path / "trusted.pem", authority)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nowhere"))
    return path


@pytest.fixture
async def names() -> AsyncIterator[dns.NameServer]:
    """A name server that knows `site.test` and some others."""
    rules = {SITE: dns.addresses("127.0.0.1")}
    async with dns.name_server(rules) as server:
        yield server


@pytest.fixture
def make_prober(names: dns.NameServer) -> MakeProber:
    """A maker of probers that ask `names`; every limit may be given."""

    def make(**limits: object) -> Prober:
        chosen: dict[str, object] = {
            "resolvers": (names.resolver,),
            "allow_private_answers": True,
            "stage_timeout_s": PATIENCE_S,
            **limits,
        }
        return Prober(ProbeSettings(**chosen), SystemClock())  # type: ignore[arg-type]

    return make


@pytest.fixture
def prober(make_prober: MakeProber) -> Prober:
    """A prober that a busy machine never makes give up."""
    return make_prober()


@pytest.fixture
def hasty(make_prober: MakeProber) -> Prober:
    """A prober that gives up a stage after HASTE_S."""
    return make_prober(stage_timeout_s=HASTE_S)


@pytest.fixture
def tls(authority: trustme.CA):
    """TLS settings of an honest `site.test`."""
    return server_context(authority, SITE)
