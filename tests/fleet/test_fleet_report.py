"""What a fleet publishes: never fewer than five homes, whatever is asked."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor import fleet
from monitor.errors import InputError
from monitor.fleet.fleet_report import (
    fleet_report,
    report_csv,
    report_html,
    report_json,
)
from tests.fleet.homes import write_home
from tests.fleet.test_analyze import Here
from tests.web.browser import AXE, PATIENCE_MS, chromium


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Five slowed homes of one provider, four quiet ones of another."""
    folder = tmp_path_factory.mktemp("homes")
    lines = ["vantage,timezone,isp,region"]
    for n in range(9):
        family, isp = ("slow_3x", "=Big") if n < 5 else ("quiet", "<b>Small</b>")
        write_home(folder, f"secret{n}", family, 1)
        lines.append(f"secret{n},Asia/Almaty,{isp},{'north' if n < 4 else 'south'}")
    homes = folder / "vantages.csv"
    homes.write_text("\n".join(lines) + "\n")
    out = str(folder / "out")
    now = datetime(2026, 11, 1, tzinfo=UTC)
    fleet.analyze(str(folder), out=out, engine=Here(), now_utc=now)
    return out, homes


def test_groups_of_five_are_told_and_smaller_ones_are_not(
    judged: tuple[str, Path],
) -> None:
    out, homes = judged
    report = fleet_report(out, homes=homes)
    assert {(g.provider, g.n) for g in report.groups} == {("=Big", 5)}
    assert report.n_too_few == 4
    assert {row.provider for heat in report.maps for row in heat.rows} == {"=Big"}
    for text in (report_html(report), report_csv(report), report_json(report)):
        assert "Small" not in text
        assert "secret" not in text


def test_a_finer_cut_tells_less(judged: tuple[str, Path]) -> None:
    out, homes = judged
    report = fleet_report(out, homes=homes, by=("isp", "region"))
    assert report.groups == ()
    assert report.maps == ()
    assert "Big" not in report_json(report)


def test_one_service_alone(judged: tuple[str, Path]) -> None:
    out, homes = judged
    report = fleet_report(out, homes=homes, service="facebook")
    assert [heat.service for heat in report.maps] == ["facebook"]
    with pytest.raises(InputError, match="--service: found 'myspace'; allowed: face"):
        fleet_report(out, homes=homes, service="myspace")
    with pytest.raises(InputError, match="--by: found 'vantage'"):
        fleet_report(out, homes=homes, by=("vantage",))


def test_the_page_asks_nobody_and_runs_nothing(judged: tuple[str, Path]) -> None:
    out, homes = judged
    page = report_html(fleet_report(out, homes=homes))
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert "http" not in page.replace("http-equiv", "")
    assert "5 of 5" in page


def test_csv_and_json_say_the_same(judged: tuple[str, Path]) -> None:
    out, homes = judged
    report = fleet_report(out, homes=homes)
    rows = list(csv.DictReader(io.StringIO(report_csv(report))))
    groups = json.loads(report_json(report))["groups"]
    assert [row["k"] for row in rows] == [str(g["k"]) for g in groups]
    assert rows[0]["provider"] == "'=Big"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_accessibility_checker_has_no_objection(
    judged: tuple[str, Path], tmp_path: Path, scheme: str
) -> None:
    """WCAG 2.2 A and AA, and what is good practice, on a phone."""
    out, homes = judged
    page_file = tmp_path / "fleet.html"
    html = report_html(fleet_report(out, homes=homes))
    page_file.write_text(html.replace("=Big", "A provider whose name is long, LLP"))
    with chromium() as browser:
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, color_scheme=scheme
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(page_file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        # A long name leaves most of its evenings in sight.
        names = page.locator(".heat th[scope=row]")
        assert max(names.evaluate_all("all => all.map(one => one.offsetWidth)")) < 150
        page.evaluate(AXE.read_text())
        faults = page.evaluate("axe.run().then(told => told.violations)")
    assert [fault["id"] for fault in faults] == []
