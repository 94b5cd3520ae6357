"""Bundles of a simulated home with every member, altered at random at each level.

Here the home has three days; `python -m benchmarks.alterations` does the same to the
bundle of a whole `monitor demo`, each check of which takes ten seconds.
"""

import zipfile
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.alterations import KINDS, outcomes, passed_forgeries, told_kinds
from monitor.cli import cli
from monitor.simulation import simulate
from tests.evidence.authority import make_authority, serving

LEVELS = ("private", "trusted", "public")
N_EACH = 1
CONFIG = """
timezone: Asia/Almaty
vantage: simulated
report: {pdf: false}
targets: [{name: facebook, url: "https://www.facebook.com/"}]
"""


def run(*words: str) -> str:
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Level -> a bundle with report, several days and a time-stamp."""
    terms = {"start": date(2026, 10, 1), "timezone": "Asia/Almaty", "every_s": 1800}
    home = simulate("slow_3x", seed=1, days=3, noise="gaussian_ar", **terms)
    folder = tmp_path_factory.mktemp("demo")
    make_authority(folder)
    (folder / "config.yaml").write_text(CONFIG)
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.delenv("MONITOR_DATABASE", raising=False)
        # Pictures are no part of what is altered, and most of a report's work.
        patched.setattr("monitor.report.html._charts", lambda *_: ())
        home.samples.to_parquet("home.parquet")
        run("import", "home.parquet")
        with serving(folder) as url:
            run("lodge", "--authority", url)
        for level in LEVELS:
            night = ["--date", "2026-10-02", "--since", "2026-10-01", "--out", "out"]
            run("report", *night, "--bundle", "--level", level)
    names = {"private": "evidence.zip"}
    return {
        level: folder / "out" / names.get(level, f"evidence-{level}.zip")
        for level in LEVELS
    }


@pytest.mark.long
def test_these_bundles_have_every_member(bundles) -> None:
    for path in bundles.values():
        with zipfile.ZipFile(path) as bundle:
            names = Counter(name.partition("/")[0] for name in bundle.namelist())
        assert names["report"] == 3
        assert names["lodged"] == 1
        assert {"samples.ndjson", "chain.ndjson", "config.json"} <= set(names)


@pytest.mark.long
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_alteration_is_caught_and_named(bundles, level: str, kind: str) -> None:
    if kind not in told_kinds(bundles[level]):
        kind = "row"
    for seed, found in enumerate(outcomes(bundles[level], range(N_EACH), [kind])):
        told = "; ".join(map(str, found.findings)) or "INTACT"
        assert found.is_named, (seed, found.place, told)


@pytest.mark.long
@pytest.mark.parametrize("level", LEVELS)
def test_every_forgery_around_an_honest_digest_is_named(bundles, level: str) -> None:
    assert list(passed_forgeries(bundles[level])) == []
