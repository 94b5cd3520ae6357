"""`/metrics` as Prometheus reads it, against what was stored."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_families,
)
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from monitor.web.answers.metric_families import site_families
from tests.fakes import FakeClock
from tests.web import history
from tests.web.conftest import Serve

CONTRIB = Path(__file__).parents[2] / "contrib"
SITE = {
    "instance": "https://facebook.example/",
    "target": "facebook",
    "role": "target",
    "vantage": "home",
}


async def families(client: TestClient) -> dict[str, dict[frozenset, float]]:
    """Samples of each metric by their labels."""
    text = await (await client.get("/metrics")).text()
    found: dict[str, dict[frozenset, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = frozenset(sample.labels.items())
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def value(found: dict, name: str, **labels: str) -> float:
    return found[name][frozenset({**SITE, **labels}.items())]


async def test_the_last_page_has_blackbox_names(serve: Serve, history_url: str):
    found = await families(await serve(history_url))
    last = [s for s in history.samples() if s.target == "facebook"][-2]
    assert last.probe == "https"
    assert value(found, "probe_success") == 1
    assert value(found, "probe_duration_seconds") == pytest.approx(last.duration_s)
    assert value(found, "probe_http_status_code") == 200
    assert value(found, "probe_http_ssl") == 1
    assert value(found, "probe_http_version") == 1.1
    assert value(found, "probe_ip_protocol") == 4
    phases = {"resolve": last.domain_lookup_s, "connect": last.connect_s,
              "tls": last.tls_handshake_s, "processing": last.waiting_s,
              "transfer": last.response_s}  # fmt: skip
    for phase, seconds in phases.items():
        shown = value(found, "probe_http_duration_seconds", phase=phase)
        assert shown == pytest.approx(seconds)


async def test_our_own_families_tell_goodput_evenings_and_verdicts(
    serve: Serve, history_url: str
):
    found = await families(await serve(history_url))
    own = frozenset({"vantage": "home", "target": "facebook", "state": "slow"}.items())
    assert found["monitor_evenings"][own] == 8
    (verdict,) = found["monitor_verdict_info"]
    (service,) = found["monitor_service_verdict_info"]
    assert dict(service) == {
        "vantage": "home",
        "service": "facebook",
        "verdict": "targeted_throttling",
        "strength": "likely",
    }
    assert dict(verdict)["verdict"] == "targeted_throttling"
    assert value(found, "monitor_goodput_bits_per_second") > 1e6
    assert found["monitor_rounds_total"][frozenset({("status", "missed")})] == 1
    assert found["monitor_gap_seconds_total"][frozenset()] == 3 * 3600
    assert found["monitor_budget_month_bytes"][frozenset()] == 2e10
    assert found["monitor_event_loop_lateness_seconds"][frozenset()] == 0.004


def test_a_failure_is_named_and_has_no_later_phases():
    """A timeout in the handshake: connection times stay, the rest is absent."""
    evening = datetime(2026, 10, 16, 15, tzinfo=UTC)
    failed = history.page("twitter", evening, 0)
    url = "https://twitter.example/"
    found = {f.name: f.samples for f in site_families([(url, failed)])}
    assert [s.value for s in found["probe_success"]] == [0]
    phases = {s.labels["phase"] for s in found["probe_http_duration_seconds"]}
    assert phases == {"resolve", "connect"}
    (named,) = found["monitor_probe_failure_info"]
    assert named.labels["failed_operation"] == "tls_handshake"
    assert named.labels["failure"] == "generic_timeout_error"


async def test_what_is_old_is_absent_rather_than_wrong(
    client: TestClient, clock: FakeClock
):
    clock.advance(24 * 3600)
    found = await families(client)
    assert "probe_success" not in found
    assert found["monitor_fresh"][frozenset()] == 0
    assert found["monitor_sample_age_seconds"][frozenset()] > 80_000


async def test_openmetrics_is_spoken_to_those_who_ask(client: TestClient):
    wanted = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = await client.get("/metrics", headers=wanted)
    assert "openmetrics" in answer.headers["Content-Type"]
    assert [f.name for f in open_families(await answer.text())]


def names_in(expressions: list[str]) -> set[str]:
    found = re.findall(r"\b((?:probe|monitor)_[a-z_]+)\b", " ".join(expressions))
    return set(found)


async def test_dashboard_and_alerts_ask_only_for_what_we_export(client: TestClient):
    """The files in contrib, name by name."""
    text = await (await client.get("/metrics")).text()
    exported = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    rules = YAML(typ="safe").load((CONTRIB / "prometheus-alerts.yaml").read_text())
    alerts = [r["expr"] for group in rules["groups"] for r in group["rules"]]
    board = json.loads((CONTRIB / "grafana-dashboard.json").read_text())
    asked = [t["expr"] for panel in board["panels"] for t in panel.get("targets", [])]
    assert alerts
    assert asked
    assert names_in(alerts) | names_in(asked) <= exported
