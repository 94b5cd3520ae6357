"""The second engine behind the same protocol: `make test-cluster`; needs Java 17."""

from datetime import UTC, datetime
from pathlib import Path

from monitor import fleet
from tests.fleet.homes import folder_of
from tests.fleet.test_analyze import Here

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def test_spark_gives_the_same_verdicts(tmp_path: Path) -> None:
    homes = folder_of(tmp_path / "homes", dict.fromkeys("abcde", "slow_2x"))
    digests = {
        fleet.analyze(str(homes), engine=engine, n_workers=2, now_utc=NOW).document[
            "verdicts_sha256"
        ]
        for engine in (Here(), "spark")
    }
    assert len(digests) == 1
