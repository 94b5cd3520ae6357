"""Whatever a forger writes around an honest day's digest does not pass with it."""

from pathlib import Path

import pytest

from benchmarks.alterations import packed, unpacked
from benchmarks.forgeries import FORGERIES, honest_digest
from monitor.evidence import verify_bundle
from tests.evidence.samples import some_samples
from tests.evidence.test_bundle import bundle

LEVELS = ("private", "trusted", "public")


@pytest.fixture(params=LEVELS)
def honest(request, tmp_path: Path) -> Path:
    """Six days of one home."""
    samples = [s for s in some_samples(n_days=6) if s.vantage == "home"]
    bundle(tmp_path / "a.zip", request.param, samples, report_level=request.param)
    return tmp_path / "a.zip"


@pytest.mark.parametrize("name", sorted(FORGERIES))
def test_a_forgery_around_an_honest_digest_does_not_pass(honest, name):
    forge, word = FORGERIES[name]
    members = unpacked(honest)
    given = honest_digest(members)
    packed(honest, forge(members))
    result = verify_bundle(honest, digest=given)
    assert not result.is_intact
    assert word in "\n".join(map(str, result.findings))
