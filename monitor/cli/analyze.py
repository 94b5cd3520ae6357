"""`monitor analyze`: verdicts."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from monitor import wallclock
from monitor.cli.options import (
    measured_database_url,
    optional_configuration,
    parsed_date,
    terms_of,
    vantages_in,
)
from monitor.cli.root import Settings
from monitor.cli.terminal import echo_json, say, visible
from monitor.errors import InputError
from monitor.evening_rule import DEFAULT_WINDOW, Window, parse_window

if TYPE_CHECKING:
    import pandas as pd

    from monitor.model import Analysis, OwnTerms, ServiceVerdict, Verdict
    from monitor.wording import Language

MAX_TEXT = 1000
_DAY = timedelta(days=1)


@click.command("analyze")
@click.option("--since", help="First evening, a local date such as 2026-10-01.")
@click.option("--until", help="Last evening, included.")
@click.option("--window", help="Local hours under suspicion, such as 20:00-22:00.")
@click.option("--timezone", help="IANA zone of all vantages; default: each one's own.")
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
    """Judge every target: slowed down every evening, or only the busy hour.

    Each vantage in its own zone and window, unless --timezone or --window says others.
    """
    from monitor.analysis import analyze_each, as_stated
    from monitor.model import OwnTerms
    from monitor.stored_analysis import document_of

    days = [
        None if text is None else parsed_date(text, option=option)
        for text, option in ((since, "--since"), (until, "--until"))
    ]
    asked = _asked(timezone, window)
    paths = _paths(files, more_files)
    if paths:
        common, terms = _common(settings, asked), dict[str, OwnTerms]()
        samples = _of_files(paths, vantage)
    else:
        samples, terms = _of_database(settings, vantage, days[1], asked)
        common = _named_once(settings, terms, asked)
    result = analyze_each(samples, terms=terms, common=common, since=since, until=until)
    checked = None if paths else _router_checked(settings)
    result = replace(result, verdicts=tuple(as_stated(result.verdicts, checked)))
    if as_json:
        echo_json(document_of(result))
    else:
        _print(result, tongue=_tongue(settings), explain=explain)


def _paths(files: tuple[Path, ...], more: tuple[Path, ...]) -> tuple[Path, ...]:
    if more and not files:
        raise InputError(f"found {more[0]}; sample files are named after --from")
    return (*files, *more)


class _Asked(NamedTuple):
    """What the command line says instead of what holds; None: nothing."""

    timezone: str | None
    window: Window | None

    def instead_of(self, terms: "OwnTerms") -> "OwnTerms":
        return replace(
            terms,
            timezone=self.timezone or terms.timezone,
            window=self.window or terms.window,
        )


def _asked(timezone: str | None, window: str | None) -> _Asked:
    if timezone is not None:
        wallclock.asked_clock(timezone, option="--timezone")
    return _Asked(timezone, None if window is None else parse_window(window))


def _common(settings: Settings, asked: _Asked) -> "OwnTerms":
    """What samples from files are judged in: they say of no vantage where it is."""
    from monitor.model import OwnTerms

    config = optional_configuration(settings)
    if config is not None:
        return asked.instead_of(config.own_terms)
    if asked.timezone is None:
        raise InputError(
            f"{settings.config_path}: not found; give the zone of the evenings, "
            "such as --timezone Asia/Almaty"
        )
    window = asked.window or parse_window(DEFAULT_WINDOW)
    return OwnTerms(timezone=asked.timezone, window=window)


def _named_once(
    settings: Settings, terms: "Mapping[str, OwnTerms]", asked: _Asked
) -> "OwnTerms":
    """The terms that the document names once; the others stand with their vantage."""
    every = [*terms.values()]
    if not every or optional_configuration(settings) is not None:
        return _common(settings, asked)
    return max(every, key=every.count)


def _router_checked(settings: Settings) -> date | None:
    """What the owner states of this home; files may be of another."""
    config = optional_configuration(settings)
    return None if config is None else config.home.router_checked


def _of_files(paths: tuple[Path, ...], vantage: str | None) -> "pd.DataFrame":
    from monitor.analysis import COLUMNS
    from monitor.interchange import read_frame

    return _only(read_frame(paths, COLUMNS), vantage)


def _of_database(
    settings: Settings, vantage: str | None, until: date | None, asked: _Asked
) -> "tuple[pd.DataFrame, dict[str, OwnTerms]]":
    """The samples up to a date, and in which terms each vantage is judged."""
    from monitor.analysis import COLUMNS
    from monitor.store import open_store
    from monitor.store.frames import load_frame

    with open_store(measured_database_url(settings)) as store:
        chosen = vantages_in(store, vantage)
        if asked.timezone is None:
            stated = terms_of(settings, store, chosen, day=until)
            terms = {name: asked.instead_of(its) for name, its in stated.items()}
        else:
            terms = dict.fromkeys(chosen, _common(settings, asked))
        samples = load_frame(
            store,
            until=_end(until, terms.values()),
            vantage=vantage,
            columns=COLUMNS,
        )
    return samples, terms


def _end(day: date | None, terms: "Collection[OwnTerms]") -> datetime:
    """When a local date, and the evening's day that it ends in, are over everywhere."""
    from monitor.clock import SystemClock

    if day is None or not terms:
        # What lies later than now, a wrong clock has left there.
        return SystemClock().now_utc()
    zones = {wallclock.asked_clock(its.timezone) for its in terms}
    ends = (wallclock.local_instant(day + _DAY, zone) for zone in zones)
    return max(ends) + _DAY


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


def _print(result: "Analysis", *, tongue: "Language", explain: bool) -> None:
    if not result.verdicts:
        say(tongue.gettext("no targets in the samples: nothing to judge"))
        return
    for line in _terms_told(result, tongue):
        say(line)
    plain_verdicts = [_plainly_seen(verdict) for verdict in result.verdicts]
    for line in _services_told(plain_verdicts, tongue):
        say(line)
    for verdict in plain_verdicts:
        for line in _explained(verdict) if explain else _told(verdict, tongue):
            say(line)


def _services_told(verdicts: "list[Verdict]", tongue: "Language") -> "Iterator[str]":
    from monitor.service_verdicts import services_of

    for service in services_of(verdicts):
        if not service.is_one_host:
            yield from _told_service(service, tongue)


def _explained(verdict: "Verdict") -> "Iterator[str]":
    from monitor.analysis import explain

    yield explain(verdict)


def _terms_told(result: "Analysis", tongue: "Language") -> "Iterator[str]":
    yield _evenings_in(result.window, result.timezone, tongue)
    for name, its in result.vantages.items():
        window, zone = its.window or result.window, its.timezone or result.timezone
        yield f"{visible(name)}: {_evenings_in(window, zone, tongue)}"


def _evenings_in(window: Window, zone: str, tongue: "Language") -> str:
    values = {"window": str(window), "zone": zone}
    return tongue.fill("evenings %(window)s in %(zone)s", values)


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
