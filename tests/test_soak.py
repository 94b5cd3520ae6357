"""Hours of the daemon in half a minute; docs/soak.md has the month and its faults."""

from pathlib import Path

import pytest

from benchmarks.soak.run import Settings, soak
from tests.waiting import PATIENCE_S

HOURS = Settings(
    days=0.7, every_min=60, has_root=False, end_s=PATIENCE_S, has_pdf=False
)


@pytest.mark.long
async def test_hours_with_a_fault_every_other_round_loses_nothing(
    tmp_path: Path,
) -> None:
    outcome = await soak(tmp_path, HOURS)
    assert outcome.found.wrong == [], outcome.text()
    assert outcome.found.counts["slots measured"] >= 10
    assert outcome.found.counts["samples and rounds acknowledged"] >= 100
    assert sum(outcome.soak.n_faults.values()) >= 6
