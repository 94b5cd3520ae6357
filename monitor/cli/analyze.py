"""`monitor analyze`: verdicts."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.options import (
    check_known,
    local_day_end,
    measured_database_url,
    optional_configuration,
    parsed_date,
)
from monitor.cli.root import Settings
from monitor.cli.terminal import echo_json, say, visible
from monitor.errors import InputError
from monitor.evening_rule import DEFAULT_WINDOW

if TYPE_CHECKING:
    import pandas as pd

    from monitor.model import ServiceVerdict, Verdict
    from monitor.wording import Language

MAX_TEXT = 1000
_AFTER_LAST_DAY = timedelta(days=1)
"""A window across midnight and its day end after the last local date."""


@click.command("analyze")
@click.option("--since", help="First evening, a local date such as 2026-10-01.")
@click.option("--until", help="Last evening, included.")
@click.option("--window", help="Local hours under suspicion, such as 20:00-22:00.")
@click.option("--timezone", help="IANA zone; default: the configuration's.")
@click.option("--vantage", help="Only this vantage.")
@click.option(
    "--from",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Sample file (CSV, NDJSON, Parquet) instead of the database; repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--explain", is_flag=True, help="The numbers behind every verdict.")
@click.argument("more_files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def analyze_command(
    settings: Settings,
    *,
    since: str | None,
    until: str | None,
    window: str | None,
    timezone: str | None,
    vantage: str | None,
    files: tuple[Path, ...],
    more_files: tuple[Path, ...],
    as_json: bool,
    explain: bool,
) -> None:
    """Judge every target: slowed down every evening, or only the busy hour."""
    from monitor.analysis import analysis_document, analyze, as_stated

    for day, option in ((since, "--since"), (until, "--until")):
        if day is not None:
            parsed_date(day, option=option)
    zone, span = _zone_and_window(settings, timezone, window)
    paths = _paths(files, more_files)
    samples = _samples(settings, paths, vantage, local_day_end(until, zone, option=""))
    verdicts = analyze(samples, timezone=zone, window=span, since=since, until=until)
    verdicts = as_stated(verdicts, None if paths else _router_checked(settings))
    if as_json:
        echo_json(
            analysis_document(
                verdicts, timezone=zone, window=span, since=since, until=until
            )
        )
    else:
        tongue = _tongue(settings)
        _print(verdicts, zone, span, tongue=tongue, explain=explain)


def _paths(files: tuple[Path, ...], more: tuple[Path, ...]) -> tuple[Path, ...]:
    if more and not files:
        raise InputError(f"found {more[0]}; sample files are named after --from")
    return (*files, *more)


def _zone_and_window(
    settings: Settings, timezone: str | None, window: str | None
) -> tuple[str, str]:
    if timezone and window:
        return timezone, window
    config = optional_configuration(settings)
    if config is None:
        if timezone is None:
            raise InputError(
                f"{settings.config_path}: not found; give the zone of the evenings, "
                "such as --timezone Asia/Almaty"
            )
        return timezone, window or DEFAULT_WINDOW
    return timezone or config.timezone, window or str(config.window)


def _router_checked(settings: Settings) -> date | None:
    """What the owner states of this home; files may be of another."""
    config = optional_configuration(settings)
    return None if config is None else config.home.router_checked


def _samples(
    settings: Settings,
    paths: tuple[Path, ...],
    vantage: str | None,
    until: datetime | None,
) -> "pd.DataFrame":
    from monitor.analysis import COLUMNS

    if paths:
        from monitor.interchange import read_frame

        return _only(read_frame(paths, COLUMNS), vantage)
    from monitor.clock import SystemClock
    from monitor.store import open_store
    from monitor.store.frames import load_frame

    with open_store(measured_database_url(settings)) as store:
        samples = load_frame(
            store,
            # By default up to now: what lies later, a wrong clock has left there.
            until=SystemClock().now_utc() if until is None else until + _AFTER_LAST_DAY,
            vantage=vantage,
            columns=COLUMNS,
        )
        if samples.empty and vantage is not None:
            check_known(store, "--vantage", [vantage])
    return samples


def _only(frame: "pd.DataFrame", vantage: str | None) -> "pd.DataFrame":
    """The rows of one vantage."""
    if vantage is None:
        return frame
    names = sorted(frame["vantage"].unique())
    if vantage not in names:
        allowed = ", ".join(names)
        raise InputError(f"--vantage: found {vantage!r}; allowed: {allowed}")
    return frame[frame["vantage"] == vantage]


def _tongue(settings: Settings) -> "Language":
    """The language of the reports; English without a configuration."""
    from monitor.wording import SOURCE_LANGUAGE, language

    config = optional_configuration(settings)
    return language(SOURCE_LANGUAGE if config is None else config.report.language)


def _print(
    verdicts: "list[Verdict]",
    zone: str,
    window: str,
    *,
    tongue: "Language",
    explain: bool,
) -> None:
    from monitor.analysis import explain as explained
    from monitor.service_verdicts import services_of

    if not verdicts:
        say(tongue.gettext("no targets in the samples: nothing to judge"))
        return
    values = {"window": window, "zone": zone}
    say(tongue.fill("evenings %(window)s in %(zone)s", values))
    plain_verdicts = [_plainly_seen(verdict) for verdict in verdicts]
    for service in services_of(plain_verdicts):
        if not service.is_one_host:
            for line in _told_service(service, tongue):
                say(line)
    for verdict in plain_verdicts:
        if explain:
            say(explained(verdict))
            continue
        for line in _told(verdict, tongue):
            say(line)


def _told(verdict: "Verdict", tongue: "Language") -> "Iterator[str]":
    """A verdict in the rules' own English, or as the reports tell it."""
    from monitor.wording import SOURCE_LANGUAGE
    from monitor.wording.numbers import evidence_lines
    from monitor.wording.sentences import title

    subject = f"{verdict.vantage} / {verdict.target}"
    if tongue.code == SOURCE_LANGUAGE:
        yield f"{subject}: {_headline(verdict)}"
        yield from (f"    {sentence}" for sentence in verdict.sentences())
        return
    yield f"{subject}: {title(verdict, tongue)}"
    yield from (f"    {line}" for line in evidence_lines(verdict, tongue))


def _told_service(service: "ServiceVerdict", tongue: "Language") -> "Iterator[str]":
    """The verdict on a service of several hosts, and which of them it is about."""
    from monitor.service_verdicts import OF_SERVICE
    from monitor.wording import SOURCE_LANGUAGE
    from monitor.wording.reason_words import told_reasons
    from monitor.wording.sentences import title

    which = [reason for reason in service.reasons if reason.rule == OF_SERVICE]
    if tongue.code == SOURCE_LANGUAGE:
        yield f"{service.vantage} / {service.service}: {_named(service)}"
        yield from (f"    {reason}" for reason in which)
        return
    yield f"{service.vantage} / {service.service}: {title(service.leading, tongue)}"
    yield from (f"    {line}" for line in told_reasons(which, tongue))


def _plainly_seen(value: Any) -> Any:  # noqa: ANN401 - a verdict, or a part of one
    """The same with each text in it on one line, to be printed."""
    if isinstance(value, str):
        return visible(value, limit=MAX_TEXT)
    if isinstance(value, tuple | list):
        return type(value)(map(_plainly_seen, value))
    if isinstance(value, Mapping):
        return {name: _plainly_seen(part) for name, part in value.items()}
    if not is_dataclass(value) or isinstance(value, type):
        return value
    parts = {f.name: _plainly_seen(getattr(value, f.name)) for f in fields(value)}
    return replace(value, **parts)


def _named(verdict: "Verdict | ServiceVerdict") -> str:
    return (
        f"{verdict.verdict} ({verdict.strength})"
        if verdict.strength
        else verdict.verdict
    )


def _headline(verdict: "Verdict") -> str:
    evenings = verdict.evenings
    text = f"{_named(verdict)}, {evenings.slow} of {evenings.usable} evenings"
    if evenings.dead:
        text += f", {evenings.dead} dead"
    effect, (low, high) = verdict.effect, verdict.effect.ci95
    if effect.ratio is not None and low is not None and high is not None:
        text += f"; {effect.ratio:.2f}x ({low:.2f} to {high:.2f}), {effect.metric}"
    return text
