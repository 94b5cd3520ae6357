"""The command line as its user meets it: output, messages, exit status."""

import asyncio
import json
import re
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from monitor.cli import cli
from monitor.config import load
from monitor.config.companies import company
from monitor.doctor import partial_findings
from monitor.machine import machine_zone
from tests.servers.tcp import serve
from tests.servers.web import says, whole
from tests.waiting import PATIENCE_S
from tests.wording.test_branches import foreign_words
from tests.wording.test_phrases import TYPED

DATA = Path("../shared/data").resolve()


@pytest.fixture
def port() -> Iterator[int]:
    """A page on loopback, served from another thread: commands own their loop."""
    ready, stop, found = threading.Event(), threading.Event(), []

    async def main() -> None:
        async with serve(says(whole(b"<html>" + b"x" * 20_000))) as served:
            found.append(served.port)
            ready.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert ready.wait(PATIENCE_S)
    yield found[0]
    stop.set()
    thread.join()


SPOKEN_ALIKE = (
    *TYPED,
    *(name for _, name in socket.if_nameindex()),
    machine_zone() or "UTC",
    "Asia/Almaty",
    "connection_refused",
    "control",
    "site",
    "sqlite:///monitor.db",
)
"""What the doctor repeats in any language."""


@pytest.fixture
def home(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a configuration."""
    url = f"http://localhost:{port}/"
    document = {
        "timezone": "Asia/Almaty",
        "targets": [{"name": "site", "url": url, "download_url": url}],
        "controls": [
            {"name": f"control{i}", "url": url, "download": False} for i in range(3)
        ],
    }
    (tmp_path / "config.yaml").write_text(json.dumps(document))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MONITOR_DATABASE", raising=False)
    return tmp_path


def run(*words: str, status: int = 0) -> Result:
    result = CliRunner().invoke(cli, list(words))
    assert result.exit_code == status, result.output
    return result


def cpu_of_children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_help_answers_at_once() -> None:
    before_s = cpu_of_children_s()
    command = [sys.executable, "-m", "monitor", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "analyze" in done.stdout
    # Python itself takes some 15 ms; ten times the promise would be an import gone wild
    assert cpu_of_children_s() - before_s < 3


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from monitor.cli import cli; "
        "CliRunner().invoke(cli, ['--help']); "
        "print([m for m in ('pandas', 'aiohttp', 'sqlalchemy', 'pydantic', 'rich') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_sample_stores_one_round_and_shows_it(home: Path) -> None:
    shown = run("sample").stdout
    assert "control2" in shown
    assert "200" in shown
    run("export", "out.ndjson")
    lines = [json.loads(x) for x in (home / "out.ndjson").read_text().splitlines()]
    assert {line["target"] for line in lines} >= {"site", "control0"}
    assert {line["probe"] for line in lines} >= {"https", "download"}


def test_sample_of_one_target_as_json(home: Path) -> None:
    samples = json.loads(run("sample", "--target", "site", "--json").stdout)
    assert {(s["target"], s["probe"]) for s in samples if s["target"][0] != "_"} == {
        ("site", "https"),
        ("site", "download"),
    }
    assert all(s["http_status"] == 200 for s in samples if s["target"] == "site")


def test_sample_of_an_unknown_target_names_the_known(home: Path) -> None:
    result = run("sample", "--target", "nobody", status=2)
    assert "found 'nobody'; allowed: site, control0" in result.stderr
    assert not (home / "monitor.db").exists()


def test_probe_needs_no_configuration_and_stores_nothing(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url = f"http://localhost:{port}/"
    sample = json.loads(run("probe", url, "--json").stdout)
    assert sample["http_status"] == 200
    assert sample["encoded_body_bytes"] == 20_006
    assert list(tmp_path.iterdir()) == []


def test_probe_debug_shows_settings_and_steps(home: Path, port: int) -> None:
    result = run("probe", f"http://localhost:{port}/", "--debug", "--json")
    assert "stage_timeout_s = 10.0" in result.stderr
    assert "connect_end" in result.stderr
    assert json.loads(result.stdout)["target"] == "probe"


def test_probe_of_a_dead_site_is_an_answer_not_an_error(home: Path) -> None:
    sample = json.loads(run("probe", "tcp://localhost:1", "--json", status=1).stdout)
    assert (sample["failed_operation"], sample["failure"]) == (
        "connect",
        "connection_refused",
    )


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        (
            "ftp://a/",
            "a URL with https://, http://, tcp://, tls:// or mtproto:// and a",
        ),
        ("https://", "and a host"),
        ("nonsense", "and a host"),
        ("tcp://host", "tcp:// needs a host and a port"),
        ("mtproto://host", "mtproto:// needs a host and a port"),
        ("tls://host/page", "tls:// with a host and a port and nothing else"),
        ("http://host:0/", "from 1 to 65535"),
        ("http://[fe80::1%25eth0]/", "and a host"),
        ("http://host/\x7f", "without white space or control characters"),
        ("http://host/\udc80", "without white space or control characters"),
        ("http://user:secret@host/", "without user name or password"),
    ],
)
def test_probe_of_an_impossible_url_says_what_is_allowed(
    url: str, allowed: str, home: Path
) -> None:
    result = run("probe", url, status=2)
    assert result.stderr.startswith("monitor: URL: found ")
    assert allowed in result.stderr
    assert "secret" not in result.stderr


def test_import_is_idempotent(home: Path) -> None:
    rows = "started_at_utc,target,connect_s\n2026-03-01T12:00:00Z,a,0.1\n"
    (home / "in.csv").write_text(rows)
    assert "1 rows read, 1 new" in run("import", "in.csv").stdout
    assert "1 rows read, 0 new" in run("import", "in.csv").stdout


def test_import_into_a_named_database_needs_no_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "started_at_utc,target,connect_s\n2026-03-01T12:00:00Z,a,0.1\n"
    (tmp_path / "in.csv").write_text(rows)
    result = run("--database", "sqlite:///other.db", "import", "in.csv")
    assert "1 new" in result.stdout


@pytest.mark.parametrize(
    "words", [("export", "out.csv"), ("backup", "out.csv"), ("note", "list")]
)
def test_a_named_database_alone_is_enough_without_dates(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_DATABASE", "sqlite:///other.db")
    run("db", "upgrade")
    run(*words)
    rows = "started_at_utc,target,connect_s\n2026-03-01T12:00:00Z,a,0.1\n"
    (tmp_path / "in.csv").write_text(rows)
    run("import", "in.csv")
    with_date = ("export", "late.csv", "--since", "2026-03-01")
    assert "in which zone 'home' is" in run(*with_date, status=2).stderr


def test_bad_file_stores_nothing_of_any_file(home: Path) -> None:
    good = "started_at_utc,target,connect_s\n2026-03-01T12:00:00Z,a,0.1\n"
    (home / "good.csv").write_text(good)
    (home / "bad.csv").write_text(good + "2026-03-01T12:05:00Z,a,-1\n")
    result = run("import", "good.csv", "bad.csv", status=2)
    assert "bad.csv" in result.stderr
    assert "connect_s" in result.stderr
    assert "1 rows read, 1 new" in run("import", "good.csv").stdout


def test_export_takes_local_dates(home: Path) -> None:
    # 20:00 UTC on the first is 01:00 on the second in Almaty
    rows = "started_at_utc,target,connect_s\n2026-03-01T20:00:00Z,a,0.1\n"
    (home / "in.csv").write_text(rows)
    run("import", "in.csv")
    assert "0 rows" in run("export", "out.csv", "--until", "2026-03-01").stdout
    assert "1 rows" in run("export", "-", "--since", "2026-03-02").stderr
    result = run("export", "new.csv", "--since", "yesterday", status=2)
    assert "--since: found 'yesterday'" in result.stderr


def test_analyze_prints_one_json_document(tmp_path: Path) -> None:
    file = DATA / "dallas_cogent_dispute.csv.gz"
    result = run(
        "analyze", "--from", str(file), "--timezone", "America/Chicago", "--json"
    )
    document = json.loads(result.stdout)
    assert document["window"] == {"start": "20:00", "end": "22:00"}
    assert {v["verdict"] for v in document["verdicts"]} == {"selective_slowdown"}


def test_analyze_reads_the_database(home: Path) -> None:
    run("import", str(DATA / "fourmile_sep2018.csv.gz"))
    result = run("analyze", "--timezone", "America/Denver", "--json")
    (verdict,) = json.loads(result.stdout)["verdicts"]
    assert verdict["verdict"] == "recurring_slowdown"


def test_analyze_without_a_zone_asks_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("started_at_utc,target,connect_s\n")
    result = run("analyze", "--from", "a.csv", status=2)
    assert "--timezone" in result.stderr


def test_explain_shows_the_evenings(home: Path) -> None:
    file = DATA / "fourmile_sep2018.csv.gz"
    words = ("--from", str(file), "--timezone", "America/Denver", "--explain")
    assert "e-value" in run("analyze", *words).stdout


def test_config_check_reports_every_problem(home: Path) -> None:
    (home / "config.yaml").write_text("timezone: x\nevery: y\ntargets: []\n")
    result = run("config", "check", status=2)
    for path in ("timezone", "every", "targets"):
        assert f"  {path}: found" in result.stderr


def test_config_check_prints_what_is_in_force(home: Path) -> None:
    printed = run("config", "check").stdout
    assert "stage_timeout: 10s" in printed
    assert "MB a day expected; no budget is set" in printed
    assert json.loads(run("config", "check", "--json").stdout)["vantage"] == "home"


def test_data_of_a_day_are_told_by_host(home: Path) -> None:
    document = json.loads((home / "config.yaml").read_text())
    page = {"name": "page", "url": "https://www.video.example/"}
    media = {
        "name": "media",
        "service": "page",
        "url": "tls://cdn.video.example",
        "host_from": "https://www.video.example/",
        "host_like": "r*.cdn.video.example",
        "download_url": "https://img.video.example/large.jpg",
    }
    document |= {"every": "5m", "targets": [page, media], "controls": []}
    document["throughput"] = {"every": "10m", "max_bytes": "500kB"}
    (home / "config.yaml").write_text(json.dumps(document))
    lines = run("config", "check").stdout.splitlines()
    told = [line.split("  ")[-1] for line in lines if " MB  " in line]
    sizes = [float(line.split()[1]) for line in lines if " MB  " in line]
    assert told == [
        "www.video.example (page)",
        "img.video.example (media)",
        "r*.cdn.video.example (media)",
    ]
    # A page and every second transfer; the other ones; a handshake.
    assert sizes == [71.6, 38.7, 2.3]


def test_db_upgrade_makes_the_database(home: Path) -> None:
    assert "at revision" in run("db", "upgrade").stdout
    assert (home / "monitor.db").exists()


def test_environment_overrides_option_and_file(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITOR_DATABASE", "sqlite:///env.db")
    run("--database", "sqlite:///option.db", "db", "upgrade")
    assert (home / "env.db").exists()
    assert not (home / "option.db").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("--database", "sqlite:///other.db", "--config", "far.yaml", "db", "upgrade"),
        ("db", "--database", "sqlite:///other.db", "upgrade", "--config", "far.yaml"),
        ("db", "upgrade", "--config", "far.yaml", "--database", "sqlite:///other.db"),
    ],
)
def test_global_options_may_stand_before_and_after_the_command(
    words: tuple[str, ...], home: Path
) -> None:
    (home / "config.yaml").rename(home / "far.yaml")
    run(*words)
    assert (home / "other.db").exists()


def test_configuration_may_be_named_after_every_command(home: Path) -> None:
    for name, command in _commands(cli, click.Context(cli)):
        if not isinstance(command, click.Group):
            options = {o for p in command.params for o in p.opts}
            assert options >= {"--config", "--database"}, name


def _commands(
    group: click.Group, ctx: click.Context
) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from _commands(command, click.Context(command, parent=ctx))


def test_the_nearest_configuration_is_in_force(home: Path) -> None:
    words = ("--config", "nowhere.yaml", "config", "check", "--config", "config.yaml")
    assert "Asia/Almaty" in run(*words).stdout


def test_impossible_database_url_is_bad_input(home: Path) -> None:
    result = run("--database", "oracle://x", "db", "upgrade", status=2)
    assert "--database" in result.stderr


def test_database_out_of_reach_has_its_own_status(home: Path) -> None:
    url = "postgresql+psycopg://u:secret@127.0.0.1:1/d"
    result = run("--database", url, "db", "upgrade", status=3)
    assert "secret" not in result.stderr


def test_missing_configuration_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "config.yaml: cannot be read" in run("sample", status=2).stderr


def test_doctor_finds_enough_controls(home: Path) -> None:
    result = CliRunner().invoke(cli, ["doctor", "--json"])
    findings = {f["check"]: f for f in json.loads(result.stdout)}
    assert findings["controls"]["state"] == "ok"
    assert findings["database"]["state"] == "ok"
    assert {"resolver", "clock", "time-zone data", "write access", "disk"} <= set(
        findings
    )


def test_doctor_says_no_without_controls(home: Path) -> None:
    document = json.loads((home / "config.yaml").read_text())
    for control in document["controls"]:
        control["url"] = "http://localhost:1/"
    (home / "config.yaml").write_text(json.dumps(document))
    result = run("doctor", status=1)
    assert "BAD  controls: 0 of 3 answer" in result.stdout
    assert "connection_refused" in result.stdout


@pytest.mark.parametrize(("code", "bad"), [("ru", "ПЛОХО"), ("kk", "НАШАР")])
def test_doctor_speaks_the_language_of_the_terminal(
    home: Path, monkeypatch: pytest.MonkeyPatch, code: str, bad: str
) -> None:
    document = json.loads((home / "config.yaml").read_text())
    for site in document["controls"]:
        site["url"] = "http://localhost:1/"
    (home / "config.yaml").write_text(json.dumps(document))
    monkeypatch.setenv("LC_ALL", f"{code}_KZ.UTF-8")
    result = run("doctor", status=1)
    assert f"\n{bad} " in result.stdout
    told = re.sub(r"\b20\d\d[a-z]\b", "", result.stdout.replace(str(home), ""))
    assert foreign_words(told, SPOKEN_ALIKE) == set()


def test_the_file_s_own_language_goes_before_the_terminal_s(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = json.loads((home / "config.yaml").read_text())
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    for code, word in (("kk", "дерекқор:"), ("en", "ok   database:")):
        document["report"] = {"language": code}
        (home / "config.yaml").write_text(json.dumps(document))
        assert word in CliRunner().invoke(cli, ["doctor"]).stdout


def test_documents_of_the_doctor_have_no_language(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "kk_KZ.UTF-8")
    found = json.loads(CliRunner().invoke(cli, ["doctor", "--json"]).stdout)
    kinds = {"check", "state", "result", "advice"}
    assert all(finding.keys() == kinds for finding in found)
    (controls,) = (f for f in found if f["result"].endswith("answer"))
    assert controls == {
        "check": "controls",
        "state": "ok",
        "result": "3 of 3 answer",
        "advice": "",
    }


def test_a_control_of_a_targets_own_company_is_named(home: Path) -> None:
    document = json.loads((home / "config.yaml").read_text())
    [target, *_], [control, *_] = document["targets"], document["controls"]
    target.update(name="youtube", url="https://www.youtube.com/")
    control.update(name="fonts", url="https://fonts.gstatic.com/x")
    (home / "config.yaml").write_text(json.dumps(document))
    said = "fonts belongs to Google, as the target youtube does"
    assert said in run("config", "check").stdout
    findings = partial_findings(load(home / "config.yaml"))
    assert next(findings).result == said


@pytest.mark.parametrize(
    ("url", "owner"),
    [
        ("https://rr3---sn.googlevideo.com/a", "Google"),
        ("tcp://t.me:443", "Telegram"),
        ("https://T.CO./", "X"),
        ("https://notfacebook.com/", None),
        ("https://facebook.com.example/", None),
        ("tcp://149.154.167.51:443", None),
    ],
)
def test_the_company_is_that_of_the_whole_domain(url: str, owner: str | None) -> None:
    assert company(url) == owner


def test_unknown_command_is_bad_usage() -> None:
    assert run("measure", status=2).exit_code == 2
