"""`monitor fleet`: many homes, one judgement."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from monitor.cli.options import configuration, optional_configuration
from monitor.cli.root import EXIT_NO, Settings
from monitor.cli.terminal import echo_json, print_table, say, visible
from monitor.errors import InputError
from monitor.evening_rule import DEFAULT_WINDOW

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.config import Config
    from monitor.fleet import FleetRun
    from monitor.fleet.lake import Lake


@click.group("fleet")
def fleet_command() -> None:
    """Many homes, one judgement: see docs/fleet.md."""


@fleet_command.command("init")
@click.argument("lake")
@click.option("--buckets", "n_buckets", default=64, show_default=True, type=int)
def init_command(lake: str, *, n_buckets: int) -> None:
    """Make an empty LAKE: a folder, or s3://bucket/prefix."""
    from monitor.clock import SystemClock
    from monitor.fleet.lake import Lake

    now = SystemClock().now_utc()
    made = Lake.create(lake, n_buckets=n_buckets, created=now)
    say(f"{visible(lake)}: lake {made.lake_id}, {made.n_buckets} buckets")


@fleet_command.command("card")
@click.option("--to", help="The lake; default: fleet.to of the configuration.")
@click.pass_obj
def card_command(settings: Settings, *, to: str | None) -> None:
    """Print this home's signed self-description, for `enroll`.

    What agreeing means goes to stderr.
    """
    from monitor.fleet.home_cards import CONSENT, CONSENT_TEXT, card
    from monitor.fleet.pushing import fleet_secret
    from monitor.store import open_store

    config = configuration(settings)
    lake = _lake_of(config, to)
    say(CONSENT_TEXT.format(version=CONSENT), err=True)
    with open_store(config.database) as store:
        secret = fleet_secret(store, config, lake)
    echo_json(card(config, secret, lake.lake_id))


def _lake_of(config: "Config", to: str | None) -> "Lake":
    from monitor.fleet.lake import Lake

    address = to or config.fleet.to
    if not address:
        raise InputError("--to: give a lake, or `fleet: {to: ...}` in the file")
    return Lake.open(address)


@fleet_command.command("enroll")
@click.argument("lake")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--group", help="Counted as one voice with others of this group.")
def enroll_command(lake: str, file: Path, *, group: str | None) -> None:
    """Admit the home of a card in FILE to LAKE."""
    import json

    from monitor.clock import SystemClock
    from monitor.fleet.home_cards import enroll
    from monitor.fleet.lake import Lake

    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: no card: {error}") from None
    now = SystemClock().now_utc()
    home = enroll(Lake.open(lake), document, now_utc=now, group=group)
    say(f"{home.vantage}: enrolled, one voice with {visible(home.voice)}")


@fleet_command.command("push")
@click.option("--to", help="The lake; default: fleet.to of the configuration.")
@click.option("--preview", type=click.Path(path_type=Path, file_okay=False))
@click.pass_obj
def push_command(settings: Settings, *, to: str | None, preview: Path | None) -> None:
    """Push the closed days that are not in the lake yet.

    With --preview FOLDER nothing leaves: the very files are written there.
    """
    from monitor.clock import SystemClock
    from monitor.fleet.lake import Files
    from monitor.fleet.pushing import due_days, push
    from monitor.store import open_store

    config = configuration(settings)
    lake = _lake_of(config, to)
    shown = None if preview is None else replace(lake, files=Files(str(preview)))
    n_days = n_rows = 0
    with open_store(config.database) as store:
        for day in due_days(store, config, lake, now_utc=SystemClock().now_utc()):
            push(shown or lake, day)
            n_days, n_rows = n_days + 1, n_rows + day.manifest["n_rows"]
    where = "pushed" if preview is None else f"written to {visible(preview)}"
    say(f"{n_days} days, {n_rows} rows {where}")


@fleet_command.command("compact")
@click.argument("lake")
def compact_command(lake: str) -> None:
    """Take what the inbox of LAKE holds into the files that are judged.

    Exit status 1: some days were left out; each is named with the reason.
    """
    from monitor.clock import SystemClock
    from monitor.fleet.compaction import compact
    from monitor.fleet.lake import Lake

    done = compact(Lake.open(lake), today=SystemClock().now_utc().date())
    say(f"{done.n_days} days, {done.n_rows} rows into {len(done.written)} files")
    _tell_failed(done.failed)
    sys.exit(EXIT_NO if done.failed else 0)


@fleet_command.command("report")
@click.argument("lake")
@click.option("--night", help="Of which night; default: the newest one judged.")
@click.option("--by", default="isp", show_default=True, help="isp, asn, region, ...")
@click.option("--service", help="Only this service.")
@click.option("--homes", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out",
    default=Path("fleet-report"),
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
)
def report_command(
    lake: str,
    *,
    night: str | None,
    by: str,
    service: str | None,
    homes: Path | None,
    out: Path,
) -> None:
    """Write what a fleet publishes of a night: groups of at least five homes.

    HTML with a heat map of providers by evenings, CSV and JSON. LAKE may be what
    `analyze --out` has written, with --homes.
    """
    from monitor.fleet.fleet_report import fleet_report, write_report

    names = tuple(name.strip() for name in by.split(","))
    told = fleet_report(lake, night=night, by=names, service=service, homes=homes)
    for path in write_report(told, out):
        say(visible(path))


@fleet_command.command("verify")
@click.argument("lake")
@click.option("--run", "run_id", help="Only what this run wrote; default: all runs.")
@click.option("--homes", "n_homes", default=3, show_default=True, type=int)
def verify_command(lake: str, *, run_id: str | None, n_homes: int) -> None:
    """Check LAKE: signatures, files, outputs; judge some homes once more.

    Exit status 1: what differs is named.
    """
    from monitor.clock import SystemClock
    from monitor.fleet.lake import Lake
    from monitor.fleet.lake_check import differences

    today = SystemClock().now_utc().date()
    checked = differences(Lake.open(lake), today, run_id=run_id, n_homes=n_homes)
    _tell_failed(checked.findings)
    say(
        f"{checked.n_days} days of the inbox, {checked.n_runs} runs,"
        f" {checked.n_homes} homes judged again: {len(checked.findings)} differences"
    )
    sys.exit(EXIT_NO if checked.findings else 0)


@fleet_command.command("dask-config")
def dask_config_command() -> None:
    """Print the settings for every machine of a Dask cluster, as its own YAML."""
    from ruamel.yaml import YAML

    from monitor.fleet.dask_settings import document

    YAML(typ="safe", pure=True).dump(document(), sys.stdout)


def _tell_failed(failed: "Iterable[tuple[str, str]]") -> None:
    for name, reason in failed:
        say(f"failed: {visible(name)}: {visible(reason, limit=500)}", err=True)


class _Analyze(TypedDict):
    """Options of the command, as declared below."""

    night: str | None
    since: str | None
    until: str | None
    window: str | None
    timezone: str | None
    homes: Path | None
    engine: str
    scheduler: str | None
    n_workers: int | None
    tls_authority: str | None
    tls_certificate: str | None
    tls_key: str | None
    out: str | None
    resume: str | None
    is_incremental: bool
    as_json: bool


_PATH = click.Path(path_type=Path, dir_okay=False)


@fleet_command.command("analyze")
@click.argument("source")
@click.option("--night", help="Last evening, a local date. Of a lake: yesterday.")
@click.option("--since", help="First evening. Of a lake: 29 days before the last.")
@click.option("--until", help="Last evening, included.")
@click.option("--window", help="Local hours under suspicion, such as 20:00-22:00.")
@click.option("--timezone", help="Zone of homes that name none.")
@click.option("--homes", type=_PATH, help="CSV: vantage,timezone,isp,region,...")
@click.option(
    "--engine",
    default="local",
    show_default=True,
    type=click.Choice(["local", "dask", "spark"]),
)
@click.option("--scheduler", help="Of a running cluster, such as tls://host:8786.")
@click.option("--workers", "n_workers", type=click.IntRange(1, 10_000))
@click.option("--tls-authority", help="PEM file, for the scheduler.")
@click.option("--tls-certificate", help="PEM file, for the scheduler.")
@click.option("--tls-key", help="PEM file, for the scheduler.")
@click.option("--out", help="Folder for what is written; default: the lake itself.")
@click.option("--resume", help="An interrupted run: only what it has not done.")
@click.option(
    "--incremental",
    "is_incremental",
    is_flag=True,
    help="Of a lake: read new days and what earlier nights found, not the month.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def analyze_command(
    settings: Settings, source: str, **options: Unpack[_Analyze]
) -> None:
    """Judge every home of SOURCE: a lake, s3://..., a folder of samples, a database.

    Exit status 1: some homes could not be judged; each is named with the reason.
    """
    from monitor import fleet

    zone, window = _terms(settings, options)
    run = fleet.analyze(
        source,
        night=options["night"],
        since=options["since"],
        until=options["until"],
        window=window,
        timezone=zone,
        homes=options["homes"],
        engine=options["engine"],
        scheduler=options["scheduler"],
        n_workers=options["n_workers"],
        tls=_tls(options),
        out=options["out"],
        resume=options["resume"],
        is_incremental=options["is_incremental"],
    )
    if options["as_json"]:
        echo_json(run.to_dict())
    else:
        _print(run)
    sys.exit(0 if run.is_whole else EXIT_NO)


def _terms(settings: Settings, options: _Analyze) -> tuple[str | None, str]:
    """Zone of homes without one, and window: as asked, else as configured."""
    config = optional_configuration(settings)
    if config is None:
        return options["timezone"], options["window"] or DEFAULT_WINDOW
    zone = options["timezone"] or config.timezone
    return zone, options["window"] or str(config.window)


def _tls(options: _Analyze) -> tuple[str, str, str] | None:
    names = ("tls_authority", "tls_certificate", "tls_key")
    files = [options[name] for name in names]  # type: ignore[literal-required]
    given = [file for file in files if file]
    if not given:
        return None
    if len(given) < len(names):
        raise InputError("--tls-authority, --tls-certificate, --tls-key: give all")
    authority, certificate, key = given
    return authority, certificate, key


_SHOWN = ("provider", "service", "n", "k", "low", "high", "at_least", "label", "part")


def _print(run: "FleetRun") -> None:
    document = run.document
    say(
        f"run {document['run_id']}: {document['n_homes']} homes"
        f" ({document['n_carried']} by an earlier night),"
        f" {document['n_verdicts']} verdicts, sha256 {document['verdicts_sha256']}"
    )
    rows = run.to_dict()["groups"]
    if rows:
        print_table(_SHOWN, rows)
    _tell_failed(run.failed)
