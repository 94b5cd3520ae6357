"""Text of others steers no terminal, no log and no spreadsheet: every command tried."""

import io
import json
import logging
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitor.cli import cli
from monitor.cli.options import progress
from monitor.cli.table import print_samples
from monitor.cli.terminal import echo_json, print_table
from monitor.errors import ConfigError
from monitor.interchange import read_batches, samples_from, write_samples
from monitor.model import Operation, Role, Sample
from monitor.service import JournalFormatter, log_formatter
from monitor.store import open_store
from tests import harm

FIRST = datetime(2026, 10, 1, tzinfo=UTC)
PERIOD = ["--since", "2026-10-01", "--until", "2026-10-10"]
CONFIG = """
timezone: Asia/Almaty
report: {pdf: false}
targets: [{name: facebook, url: "https://www.facebook.com/"}]
"""
SQL = "SELECT vantage, target, path, failure, certificate_issuer FROM v_samples"


def hostile_samples(text: str, place: int) -> list[Sample]:
    """Ten slow evenings of a site whose every text is the same hostile one."""
    found = []
    for hour in range(10 * 24):
        at = FIRST + timedelta(hours=hour, seconds=place)
        for role, factor in ((Role.TARGET, 5.0), (Role.CONTROL, 1.0)):
            is_slow = role is Role.TARGET and at.hour in (15, 16)
            found.append(
                Sample(
                    started_at_utc=at,
                    target=f"{text[:200]}{role.value}",
                    role=role,
                    vantage=text[:250],
                    path=text[:250] if hour % 24 == 3 else "direct",
                    duration_s=factor if is_slow else 1.0,
                    failed_operation=Operation.RESOLVE if hour % 24 == 4 else None,
                    failure=text if hour % 24 == 4 else None,
                    remote_address=text,
                    certificate_sha256=text,
                    certificate_issuer=text,
                    server_name=text,
                    probe_version=text,
                )
            )
    return found


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose database holds every hostile text in every field."""
    folder = tmp_path_factory.mktemp("house")
    (folder / "config.yaml").write_text(CONFIG)
    url = f"sqlite:///{folder / 'monitor.db'}"
    with open_store(url) as store:
        for place, text in enumerate(harm.TEXTS.values()):
            store.samples.append(hostile_samples(text[:2000], place))
    with open_store(url) as opened:
        notes = opened.notes
        for text in harm.TEXTS.values():
            day = date(2026, 10, 3)
            notes.add(day, day, text[:500], noted_at_utc=FIRST)
    return folder


@pytest.fixture
def run(house: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(house)
    monkeypatch.delenv("MONITOR_DATABASE", raising=False)

    def call(*words: str, status: int = 0) -> Result:
        result = CliRunner().invoke(cli, list(words))
        assert result.exit_code == status, result.output
        return result

    return call


def assert_harmless(result: Result) -> None:
    assert harm.steering(result.stdout) == []
    assert harm.steering(result.stderr) == []
    lines = result.output.split("\n")
    assert not [line for line in lines if line.startswith("ALERT")]


@pytest.mark.parametrize(
    "words",
    [
        ["anomalies", *PERIOD, "--state", "all", "--controls"],
        pytest.param(["anomalies", *PERIOD, "--episodes"], marks=pytest.mark.long),
        pytest.param(["anomalies", *PERIOD, "--by", "target"], marks=pytest.mark.long),
        pytest.param(["anomalies", *PERIOD, "--by", "note"], marks=pytest.mark.long),
        ["anomalies", "--compare", "2026-10-08 20:00..22:00"],
        ["sql", SQL],
        ["sql", "SELECT failure AS \"\x1b[31m\", 1 AS 'b\u202e' FROM v_samples"],
        ["sql", "SELECT * FROM v_notes"],
        ["note", "list"],
        pytest.param(["analyze", *PERIOD], marks=pytest.mark.long),
        ["analyze", *PERIOD, "--explain"],
        ["verify", "--stored"],
        ["config", "check"],
    ],
    ids=lambda words: " ".join(words[:1] + words[-1:]),
)
def test_what_a_command_prints_steers_no_terminal(run, words: list[str]) -> None:
    assert_harmless(run(*words))


def test_what_a_report_prints_steers_no_terminal(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITOR_DATABASE", f"sqlite:///{tmp_path / 'm.db'}")
    samples = hostile_samples("".join(harm.MARKS.values())[:240], 0)
    with open_store(f"sqlite:///{tmp_path / 'm.db'}") as store:
        # A report is of the configured vantage, whose name can hold nothing hostile.
        store.samples.append([replace(sample, vantage="home") for sample in samples])
    night = ["report", "--date", "2026-10-09"]
    out = str(tmp_path / "a\u202eb")
    for level in ("private", "public"):
        words = ["--out", out, "--bundle", "--level", level]
        assert_harmless(run(*night, *words))
    assert_harmless(run(*night, "--preview"))
    assert_harmless(run("verify", str(tmp_path / "a\u202eb" / "evidence.zip")))


@pytest.mark.parametrize(
    "words",
    [
        ["anomalies", *PERIOD, "--state", "all", "--controls"],
        pytest.param(["anomalies", *PERIOD, "--episodes"], marks=pytest.mark.long),
        pytest.param(["anomalies", *PERIOD, "--by", "note"], marks=pytest.mark.long),
        ["sql", SQL, "--limit", "100000"],
        ["sql", "SELECT 1 AS '=1+1', 2 AS \"\x1b[31m\""],
        ["note", "list"],
    ],
    ids=lambda words: " ".join(words[:1] + words[-1:]),
)
def test_no_cell_of_an_answer_is_a_formula(run, words: list[str]) -> None:
    found = run(*words, "--csv")
    assert_harmless(found)
    wrong = [cell for cell in harm.cells(found.stdout) if not harm.is_no_formula(cell)]
    assert wrong == []


@pytest.mark.long
def test_an_exported_table_holds_no_formula_and_comes_back(run, house: Path) -> None:
    with open_store(f"sqlite:///{house / 'monitor.db'}") as store:
        before = list(store.samples.read())
    run("export", "all.csv")
    cells = harm.cells((house / "all.csv").read_bytes().decode())
    assert [cell for cell in cells if not harm.is_no_formula(cell)] == []
    # Names with control characters are refused at the door.
    names = dict.fromkeys(("vantage", "target", "path", "server_name"), "a")
    renamed = [replace(sample, **names) for sample in before]
    write_samples(house / "renamed.csv", renamed)
    back = [s for b in read_batches(house / "renamed.csv") for s in samples_from(b)]
    for name in ("failure", "certificate_issuer", "remote_address"):
        assert [getattr(s, name) for s in back] == [getattr(s, name) for s in before]


def test_a_document_keeps_every_text(run) -> None:
    found = run("note", "list", "--json")
    assert_harmless(found)
    texts = [note["text"] for note in json.loads(found.stdout)["notes"]]
    assert texts == [text[:500] for text in harm.TEXTS.values()]


@pytest.mark.parametrize("text", harm.TEXTS.values(), ids=harm.TEXTS)
def test_a_table_has_one_straight_line_for_each_row(text: str, capsys) -> None:
    from rich.cells import cell_len

    print_table(["a", "b"], [{"a": text, "b": "end"}, {"a": "x", "b": "end"}])
    lines = capsys.readouterr().out.rstrip("\n").split("\n")
    assert len(lines) == 3
    assert harm.steering("".join(lines)) == []
    assert max(map(len, lines)) < 2500
    assert cell_len(lines[1]) == cell_len(lines[2])


@pytest.mark.parametrize("text", harm.TEXTS.values(), ids=harm.TEXTS)
def test_the_table_of_a_round_steers_no_terminal(text: str, capsys) -> None:
    print_samples(hostile_samples(text, 0)[8:10])
    shown = capsys.readouterr().out
    assert harm.steering(shown) == []
    assert "\N{SKULL}" not in shown


@pytest.mark.parametrize("text", harm.TEXTS.values(), ids=harm.TEXTS)
def test_a_document_is_one_whatever_is_in_it(text: str, capsys) -> None:
    echo_json({text: [text]})
    shown = capsys.readouterr().out
    assert harm.steering(shown) == []
    assert json.loads(shown) == {text: [text]}


def file_names() -> list[str]:
    texts = [*harm.MARKS.values(), *harm.FORMULAS.values(), harm.PAGES["rich"]]
    return sorted({text.replace("/", "-")[:80] for text in texts})


@pytest.mark.parametrize("name", file_names(), ids=ascii)
def test_names_of_files_are_told_plainly(run, tmp_path: Path, name: str) -> None:
    missing = str(tmp_path / name)
    Path(f"{missing}.csv").write_text("a,b\n1,2\n")
    for words in (
        ["import", f"{missing}.csv"],
        ["import", f"{missing}.ndjson"],
        ["import", "--format", "ooni", missing],
        ["analyze", *PERIOD, "--from", missing],
        ["analyze", *PERIOD, missing],
        ["verify", missing],
        ["--config", missing, "config", "check"],
        ["verify", "a", "b", missing],
        ["restore", missing],
        ["export", f"{missing}/a.csv"],
    ):
        assert_harmless(run(*words, status=2))
    assert_harmless(run("export", f"{missing}.csv", "--since", "2030-01-01", "--force"))


@pytest.mark.parametrize("text", harm.TEXTS.values(), ids=harm.TEXTS)
def test_mistakes_in_a_configuration_are_told_plainly(
    run, tmp_path: Path, text: str
) -> None:
    document = {
        "timezone": text,
        text: 1,
        "vantage": text,
        "targets": [{"name": text, "url": text, text: text}],
        "notify": {"urls": [text]},
        "report": {"folder": text},
        "database": text,
    }
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(document))
    found = run("--config", str(path), "config", "check", status=2)
    assert_harmless(found)
    assert max(map(len, found.stderr.split("\n"))) < 1000
    assert str(ConfigError("x\ny", [text])).count("\n") == 1


@pytest.mark.parametrize("text", harm.TEXTS.values(), ids=harm.TEXTS)
@pytest.mark.parametrize("is_journal", [False, True])
def test_a_log_line_stays_one(text: str, *, is_journal: bool) -> None:
    formatter = JournalFormatter("%(name)s %(message)s")
    if not is_journal:
        formatter = log_formatter({}, 2)
    failure = (ValueError, ValueError(text), None)
    words = ("monitor", logging.ERROR, "x", 1, "event=x reason=%s", (text,))
    shown = formatter.format(logging.LogRecord(*words, failure))
    assert harm.steering(shown) == []
    starts = [line.removeprefix("<3>") for line in shown.split("\n")]
    assert not [line for line in starts if line.startswith("ALERT")]


@pytest.mark.parametrize("text", harm.TEXTS.values(), ids=harm.TEXTS)
def test_a_progress_bar_shows_a_name_as_it_is(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert list(progress([1, 2], f"checking {text}")) == [1, 2]
    assert "evil.example\x1b" not in shown.getvalue()
    assert "\x1b]" not in shown.getvalue()
    assert "\u202e" not in shown.getvalue()
