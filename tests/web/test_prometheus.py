"""Our metrics in a real Prometheus, asked what dashboards and alerts ask."""

import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient

from tests.web.prometheus import Prometheus, program, prometheus

CONTRIB = Path(__file__).parents[2] / "contrib"
ALERTS = CONTRIB / "prometheus-alerts.yaml"
CASES = Path(__file__).parent / "data" / "alerts.yaml"

# What the community's dashboard 7587 for blackbox_exporter asks for, panel by panel,
# for one site.
BLACKBOX_PANELS = {
    "status": "probe_success{instance=~SITE}",
    "probe duration": "probe_duration_seconds{instance=~SITE}",
    "HTTP duration by phase": "probe_http_duration_seconds{instance=~SITE}",
    "status code": "probe_http_status_code{instance=~SITE}",
    "HTTP version": "probe_http_version{instance=~SITE}",
    "SSL": "probe_http_ssl{instance=~SITE}",
    "average duration": "avg(probe_duration_seconds{instance=~SITE})",
    "average lookup": "avg(probe_dns_lookup_time_seconds{instance=~SITE})",
}
ABSENT_PANELS = {
    "SSL expiry": "probe_ssl_earliest_cert_expiry{instance=~SITE} - time()"
}
EMPTY_WHEN_WELL = {"monitor_probe_failure_info"}


@pytest.fixture
async def server(client: TestClient, tmp_path: Path) -> AsyncIterator[Prometheus]:
    """A Prometheus that has scraped the week."""
    url = client.make_url("/")
    async with prometheus(tmp_path, f"{url.host}:{url.port}") as running:
        yield running


def of_our_dashboard() -> list[str]:
    """Every query of contrib/grafana-dashboard.json, its variables filled."""
    board = json.loads((CONTRIB / "grafana-dashboard.json").read_text())
    asked = [t["expr"] for panel in board["panels"] for t in panel.get("targets", [])]
    return [query.replace("$target", ".*") for query in asked]


async def test_dashboards_find_what_they_ask_for(server: Prometheus):
    """Our own, and the community's for blackbox_exporter."""
    ours = of_our_dashboard()
    assert not re.search(r"\$", " ".join(ours))
    empty = {query for query in ours if not await server.ask(query)}
    assert empty == EMPTY_WHEN_WELL
    site = '"https://facebook.example/"'
    for panel, query in BLACKBOX_PANELS.items():
        assert await server.ask(query.replace("SITE", site)), panel
    phases = BLACKBOX_PANELS["HTTP duration by phase"].replace("SITE", site)
    assert {one["metric"]["phase"] for one in await server.ask(phases)} == {
        "resolve",
        "connect",
        "tls",
        "processing",
        "transfer",
    }
    instances = await server.ask("count by (instance) (probe_success)")
    assert "https://facebook.example/" in {i["metric"]["instance"] for i in instances}


async def test_what_the_manual_calls_missing_is_missing(server: Prometheus):
    manual = (CONTRIB.parent / "docs" / "api.md").read_text()
    for query in ABSENT_PANELS.values():
        assert await server.ask(query.replace("SITE", '".*"')) == []
        assert f"`{query.partition('{')[0]}`" in manual


def test_the_alerts_fire_when_they_should_and_only_then(tmp_path: Path):
    for file in (ALERTS, CASES):
        shutil.copy(file, tmp_path)
    for job in (("check", "rules", ALERTS.name), ("test", "rules", CASES.name)):
        done = subprocess.run(
            [program("promtool"), *job],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
