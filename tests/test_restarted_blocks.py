"""What a daemon knows of the blocks of before its start."""

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.model import Probe, Sample
from monitor.store import open_store
from tests.fresh_daemon import fresh_daemon
from tests.servers import web
from tests.servers.tcp import closed_port, serve
from tests.test_daemon import configuration, rows, stopped
from tests.waiting import until


def poisoned(begun: datetime) -> list[Sample]:
    """Two blocks after which the neutral server failed under its own name."""
    legs = []
    for place, probe in enumerate((Probe.SNI_AWAY, Probe.PAIR_BASE) * 2):
        failure = "connection_reset" if probe == Probe.PAIR_BASE else None
        legs.append(
            Sample(
                started_at_utc=begun + timedelta(minutes=place),
                target="site",
                probe=probe,
                block=f"s{place // 2}",
                failure=failure,
            )
        )
    return legs


async def test_a_rest_of_a_day_holds_beyond_a_restart(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'monitor.db'}") as store:
        store.samples.append(poisoned(datetime.now(UTC) - timedelta(hours=1)))
    async with serve(web.says(web.whole(bytes(100_000)))) as site:
        configuration(
            tmp_path,
            site.port,
            every="1m",
            probing={"level": "extended"},
            differential={
                "neutral": f"https://neutral.test:{closed_port()}/1m.bin",
                "targets": ["site"],
            },
        )
        with fresh_daemon(tmp_path, MONITOR_CONSENT="yes") as process:
            log = tmp_path / "log"
            await until(lambda: "event=still_stopped" in log.read_text(), log=log)
            await stopped(process, signal.SIGTERM)
    legs = rows(tmp_path, "SELECT block FROM samples WHERE block <> ''")
    assert len(legs) == 4
