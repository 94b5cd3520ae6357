"""A prober on loopback: own name server, own authority, short limits."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from monitor.clock import SystemClock
from monitor.probe import Prober, ProbeSettings
from tests.probe.site import SITE, MakeProber
from tests.servers import dns
from tests.servers.certificates import server_context, trust_file


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
            "stage_timeout_s": 0.6,
            **limits,
        }
        return Prober(ProbeSettings(**chosen), SystemClock())  # type: ignore[arg-type]

    return make


@pytest.fixture
def prober(make_prober: MakeProber) -> Prober:
    """A prober with limits of 0.6 s per stage: a busy machine still meets them."""
    return make_prober()


@pytest.fixture
def tls(authority: trustme.CA):
    """TLS settings of an honest `site.test`."""
    return server_context(authority, SITE)
