"""`monitor report`: the report of any past night, and its evidence bundle."""

import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.options import (
    check_known,
    configuration,
    measured_database_url,
    optional_date,
)
from monitor.cli.root import Settings
from monitor.cli.terminal import say, visible
from monitor.errors import InputError, MonitorError
from monitor.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.config import Config
    from monitor.config.sections import Language
    from monitor.evidence import BundleInfo
    from monitor.model import DayDigest
    from monitor.nightly import Night
    from monitor.store import Store

BUNDLE = "evidence.zip"


@click.command("report")
@click.option("--date", "day", help="The night, a local date; default: the last one.")
@click.option("--since", help="First evening; default: as many as configured.")
@click.option("--vantage", help="Of this measuring point; default: the configured one.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the files; default: `report.folder`/DATE.",
)
@click.option(
    "--language", type=click.Choice(["en", "ru", "kk"]), help="Of the report."
)
@click.option("--bundle", is_flag=True, help="The evidence bundle as well.")
@click.option(
    "--level",
    type=click.Choice(["private", "trusted", "public"]),
    default="private",
    show_default=True,
    help="For whom the bundle is.",
)
@click.option(
    "--letter",
    type=click.Choice(["provider", "regulator"]),
    help="A letter as well, to be edited: the verdicts in words, and questions.",
)
@click.option(
    "--preview", is_flag=True, help="Write nothing; show what the bundle would tell."
)
@click.pass_obj
def report_command(
    settings: Settings,
    *,
    day: str | None,
    since: str | None,
    vantage: str | None,
    out: Path | None,
    language: "Language | None",
    bundle: bool,
    level: str,
    letter: str | None,
    preview: bool,
) -> None:
    """Write the report of a night: HTML, PDF, CSV, JSON.

    The verdicts are those of that date: later evenings are not looked at. The bundle
    holds the report, the raw rows and what it takes to check them with `monitor
    verify`. Nothing is sent anywhere.
    """
    from monitor.clock import SystemClock
    from monitor.nightly import report_files, write_files
    from monitor.store import open_store

    now_utc = SystemClock().now_utc()
    measured_database_url(settings)
    config = _in_language(configuration(settings), language)
    first = optional_date(since, option="--since")
    chosen = optional_date(day, option="--date")
    with open_store(config.database) as store:
        own, config = config.vantage, _at(store, config, vantage)
        if out is None and config.vantage != own and not preview:
            raise InputError(
                f"--out: needed; the folder of nights is that of {visible(own)}"
            )
        night = _asked(store, config, (first, chosen), now_utc, for_bundle=bundle)
        if preview:
            _show(store, night, config, level)
            return
        folder = out or Path(config.report.folder) / night.night.isoformat()
        letters = _letters(night, config, letter)
        files = report_files(night, config)
        write_files(folder, files | letters)
        print_night(night, config)
        for name in sorted(files | letters):
            say(printable(str(folder / name)))
        if bundle:
            path = folder / (BUNDLE if level == "private" else f"evidence-{level}.zip")
            write_evidence(path, store, night, config, files=files, level=level)


def _letters(night: "Night", config: "Config", to: str | None) -> dict[str, bytes]:
    """The letter that was asked for: a draft of its writer, and in no bundle."""
    from monitor.report import Addressee, render_letter

    if to is None:
        return {}
    (report,) = night.reports
    text = render_letter(report, Addressee(to), config.report.language)
    return {f"letter-{to}.txt": text.encode()}


def _asked(
    store: "Store",
    config: "Config",
    dates: tuple[date | None, date | None],
    now_utc: "datetime",
    *,
    for_bundle: bool,
) -> "Night":
    """The night that was asked for, judged; the days before it are closed."""
    from monitor.evidence.ledger import close_days
    from monitor.nightly import analysed_night

    first, chosen = dates
    _check_date(store, chosen, config, now_utc)
    close_days(store, now_utc=now_utc, vantage=config.vantage)
    last = chosen or _latest(store, config, now_utc)
    if for_bundle:
        first = _first_with_rows(store, config, last, first)
    night = analysed_night(store, config, last, now_utc=now_utc, since=first)
    _check(night)
    return _with_circle(night, config)


def _with_circle(night: "Night", config: "Config") -> "Night":
    """The night with what the digests of friends state; without them as it is."""
    from monitor.circle.agreement import services_of_homes, slow_of_judged
    from monitor.circle.circle_files import CircleFiles, circle_folder
    from monitor.report import CircleCount

    try:
        homes = CircleFiles(circle_folder(config.database)).homes()
    except MonitorError as error:
        say(f"circle: left out of the report: {error}", err=True)
        return night
    counts = {name: slow_of_judged(homes, name) for name in services_of_homes(homes)}
    circle = tuple(
        CircleCount(service=name, n_slow=n_slow, n_judged=n_judged)
        for name, (n_slow, n_judged) in counts.items()
        if n_judged
    )
    reports = tuple(replace(report, circle=circle) for report in night.reports)
    return replace(night, reports=reports)


def write_evidence(
    path: Path,
    store: "Store",
    night: "Night",
    config: "Config",
    *,
    files: dict[str, bytes],
    level: str = "private",
    just_closed: "Sequence[DayDigest]" = (),
) -> None:
    """Write the bundle of a night and print where it is and what names it."""
    info = _bundled(
        path, store, night, config, files=files, level=level, just_closed=just_closed
    )
    say(f"{printable(str(info.path))}: {info.n_rows} rows, level {info.level}")
    say(f"digest of this bundle: {info.digest}")
    say("Give this digest on another way than the file.")


def _bundled(
    path: Path,
    store: "Store",
    night: "Night",
    config: "Config",
    *,
    files: dict[str, bytes],
    level: str,
    just_closed: "Sequence[DayDigest]" = (),
) -> "BundleInfo":
    """The bundle; at the public level with a report that names no house."""
    from monitor.config import effective
    from monitor.evidence import names_at, write_bundle
    from monitor.evidence.canonical_rows import stored_rows
    from monitor.evidence.ledger import ledger, whole_days
    from monitor.nightly import beside_report, public_night, report_files
    from monitor.stored_analysis import document_of

    kept = replace(ledger(store), just_closed=just_closed)
    names = names_at(level, kept.secret or b"", document_of(night.analysis))
    if level == "public":
        files = report_files(public_night(night, names), config)
    start, end = whole_days(night.since, night.night, night.analysis.timezone)
    return write_bundle(
        path,
        report_files=files,
        samples=stored_rows(store, since=start, until=end, vantage=config.vantage),
        config_document=effective(config),
        verdict_document=document_of(night.analysis),
        level=level,
        ledger=kept,
        report_level="public" if level == "public" else "trusted",
        beside=beside_report(store, night, config, level=level, name=names),
    )


def _show(store: "Store", night: "Night", config: "Config", level: str) -> None:
    from monitor.evidence.preview import preview
    from monitor.nightly import report_files

    files = report_files(night, config)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "preview.zip"
        _bundled(path, store, night, config, files=files, level=level)
        for line in preview(path):
            say(visible(line, limit=500))


def _at(store: "Store", config: "Config", vantage: str | None) -> "Config":
    """The configuration as it is for a vantage: what is said of the home is of one."""
    from monitor.store.own_terms import own_terms
    from monitor.store.vantage_terms import in_force
    from monitor.wallclock import clock_named, zones_of

    if vantage is None or vantage == config.vantage:
        return config
    check_known(store, "--vantage", (vantage,))
    its = own_terms(store, [vantage]).get(vantage, config.own_terms)
    start, end = its.window.text
    stated = in_force(store.terms.all(), vantage)
    return replace(
        config,
        vantage=vantage,
        timezone=zones_of(clock_named(its.timezone))[-1][1],
        window=replace(config.window, start=start, end=end),
        home=replace(
            config.home,
            provider=(stated.provider if stated else None) or "",
            line="",
            hardware="",
            router=None,
        ),
    )


def _in_language(config: "Config", language: "Language | None") -> "Config":
    if language is None:
        return config
    report = replace(config.report, language=language)
    return replace(config, report=report)


def _first_with_rows(
    store: "Store", config: "Config", last: date, asked: date | None
) -> date | None:
    """The first evening of a bundle: one from which on retention removed no rows.

    Raises
    ------
    InputError : an earlier one was asked for; its days would be missing.
    """
    usual = last - timedelta(days=config.report.nights - 1)
    last_gone = store.retention(config.vantage).removed().last_day
    # Its local day may begin on the UTC day before, all of which has to be there.
    gone = None if last_gone is None else date.fromisoformat(last_gone)
    first = date.min if gone is None else gone + timedelta(days=3)
    if asked is not None and asked < first:
        raise InputError(
            f"--since: found {asked}; allowed with --bundle: {first} and later: older"
            " samples were removed (retention.samples_days)"
        )
    return asked or max(first, usual)


def _latest(store: "Store", config: "Config", now_utc: "datetime") -> date:
    """The last night that is over and was measured."""
    from monitor.nights import last_night

    last = last_night(now_utc, config)
    newest = _newest(store, config, until=now_utc)
    if newest is None:
        raise InputError("report: nothing has been measured yet")
    return min(last, last_night(newest + timedelta(days=1), config))


def _check_date(
    store: "Store", day: date | None, config: "Config", now_utc: "datetime"
) -> None:
    """A night that has not come would be reported as one without measurements.

    Unless samples say that it has: clocks of other machines may be ahead.
    """
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(config.timezone)
    today = now_utc.astimezone(zone).date()
    if day is None:
        return
    _check_begun(store, day, config)
    if day <= today:
        return
    newest = _newest(store, config)
    if newest is None or day > newest.astimezone(zone).date():
        raise InputError(f"--date: found {day}; allowed: a date up to today, {today}")


def _check_begun(store: "Store", day: date, config: "Config") -> None:
    """A night that was over before would be told by what was measured after it."""
    from monitor.nights import first_night

    first = store.samples.first(config.vantage)
    if first is None:
        raise InputError("report: nothing has been measured yet")
    begun = first_night(first, config)
    if day < begun:
        raise InputError(
            f"--date: found {day}; allowed: {begun} and later: before, nothing was"
            " measured"
        )


def _newest(
    store: "Store", config: "Config", until: "datetime | None" = None
) -> "datetime | None":
    """When the last sample was taken, before a moment if one is given."""
    from monitor.store.frames import load_frame

    samples = load_frame(
        store,
        until=until,
        vantage=config.vantage,
        columns=["started_at_utc"],
    )
    times = samples["started_at_utc"]
    return None if times.empty else times.max().to_pydatetime()


def _check(night: "Night") -> None:
    if not night.reports:
        raise InputError(
            f"report: no target was measured from {night.since} to {night.night}"
        )


def print_night(night: "Night", config: "Config") -> None:
    """Print the sentences of a night."""
    from monitor.report import render_text

    for report in night.reports:
        say(render_text(report, config.report.language))
