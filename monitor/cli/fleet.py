"""`monitor fleet`: many homes, one judgement."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from monitor.cli.options import optional_configuration
from monitor.cli.root import EXIT_NO, Settings
from monitor.cli.terminal import echo_json, print_table, say, visible
from monitor.errors import InputError
from monitor.evening_rule import DEFAULT_WINDOW

if TYPE_CHECKING:
    from monitor.fleet import FleetRun


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
        f"run {document['run_id']}: {document['n_homes']} homes,"
        f" {document['n_verdicts']} verdicts, sha256 {document['verdicts_sha256']}"
    )
    rows = run.to_dict()["groups"]
    if rows:
        print_table(_SHOWN, rows)
    for name, reason in run.failed:
        say(f"failed: {visible(name)}: {visible(reason, limit=500)}", err=True)
