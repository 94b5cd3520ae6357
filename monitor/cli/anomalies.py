"""`monitor anomalies`: slow and dead evenings, in a row, by group, compared."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from math import inf
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from monitor.cli.options import (
    check_order,
    configuration,
    measured_database_url,
    optional_date,
    progress,
    terms_of,
    vantages_in,
)
from monitor.cli.root import Settings
from monitor.cli.terminal import echo_json, print_csv, print_table, say
from monitor.config import masked
from monitor.errors import InputError
from monitor.evening_rule import EveningState
from monitor.verdict_table import VERDICTS
from monitor.wallclock import WEEKDAYS

if TYPE_CHECKING:
    from datetime import datetime

    from _typeshed import DataclassInstance

    from monitor.anomalies import Evening, Question
    from monitor.model import OwnTerms
    from monitor.store import Store

STATES = (*EveningState, "all")
METRICS = (
    "goodput_bps",
    "duration_s",
    "connect_s",
    "tls_handshake_s",
    "waiting_s",
    "response_s",
    "domain_lookup_s",
)
DEFAULT_DAYS = 60


@dataclass(frozen=True, slots=True)
class _Answer:
    kind: str
    names: Sequence[str]
    rows: list[dict[str, object]]
    why: str = ""
    """What is to be said where there are no rows."""


class _Options(TypedDict):
    """What was asked on the command line, as declared below."""

    since: str | None
    until: str | None
    targets: tuple[str, ...]
    services: tuple[str, ...]
    vantage: str | None
    metric: str | None
    weekdays: str | None
    hours: str | None
    min_ratio: float | None
    states: str
    verdict: str | None
    with_controls: bool
    exact: bool
    as_episodes: bool
    group: str | None
    span: str | None
    against: str
    as_json: bool
    as_csv: bool


@click.command("anomalies")
@click.option("--since", help="First local date. Default: 60 days before --until.")
@click.option("--until", help="Last local date, included. Default: today.")
@click.option("--target", "targets", multiple=True, help="Only this site; repeatable.")
@click.option(
    "--service", "services", multiple=True, help="Only its hosts; repeatable."
)
@click.option("--vantage", help="Only this measuring point.")
@click.option(
    "--metric", type=click.Choice(METRICS), help="Default: goodput, else time."
)
@click.option("--weekday", "weekdays", help="Such as mon,tue or sat,sun.")
@click.option("--hours", help="Local hours. Default: each vantage's window.")
@click.option("--min-ratio", type=float, help="At least so many times slower.")
@click.option(
    "--state",
    "states",
    default="slow,dead",
    show_default=True,
    help=f"Of {', '.join(STATES)}.",
)
@click.option(
    "--verdict",
    type=click.Choice(VERDICTS),
    help="Only sites whose last verdict is this one.",
)
@click.option("--controls", "with_controls", is_flag=True, help="Controls as well.")
@click.option("--exact", is_flag=True, help="Single samples, not hourly medians.")
@click.option("--episodes", "as_episodes", is_flag=True, help="Evenings in a row.")
@click.option("--by", "group", help="Count by target, vantage, weekday, month or note.")
@click.option("--compare", "span", help="A date, or '2026-10-20 20:00..22:00'.")
@click.option(
    "--against",
    default="previous 4 same-weekday",
    show_default=True,
    help="'previous N same-weekday', 'previous N days', or a span.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="As CSV.")
@click.pass_obj
def anomalies_command(settings: Settings, /, **options: Unpack[_Options]) -> None:
    """Slow and dead evenings, episodes and comparisons.

    A quick reading of what is stored; whether it is more than chance or the busy hour,
    `monitor analyze` says. Every answer tells the command that gives it again.
    """
    from monitor.clock import SystemClock
    from monitor.store import open_store

    for together in (_FORMS, _ANSWERS):
        _check_alone(options, together)
    url = measured_database_url(settings)
    now = SystemClock().now_utc()
    with open_store(url) as store:
        questions = _questions(settings, store, options, now)
        for question in questions:
            _prepare(store, question.timezone, now)
        answer = _answered(store, questions, options)
    again = _again(settings, questions, options)
    _print(answer, again, options)


def _questions(
    settings: Settings, store: "Store", options: _Options, now: "datetime"
) -> "list[Question]":
    """The question, or one for each vantage when they differ in zone or window."""
    vantage = options["vantage"]
    until = optional_date(options["until"], option="--until")
    terms = terms_of(settings, store, vantages_in(store, vantage), day=until)
    if len({*terms.values()}) == 1 or not terms:
        its = next(iter(terms.values()), None) or configuration(settings).own_terms
        return [_question(options, its, vantage, now)]
    return [_question(options, its, name, now) for name, its in sorted(terms.items())]


_FORMS = {"csv": "as_csv", "json": "as_json"}
_ANSWERS = {"episodes": "as_episodes", "by": "group", "compare": "span"}
"""Options of which only one can be answered, with their names in the program."""


def _check_alone(options: Mapping[str, object], together: dict[str, str]) -> None:
    given = [name for name, key in together.items() if options[key]]
    if len(given) > 1:
        raise InputError(
            f"--{given[0]}: found beside --{given[1]}; allowed: one of them"
        )


def _question(
    options: _Options, terms: "OwnTerms", vantage: str | None, now: "datetime"
) -> "Question":
    from monitor.anomalies import Question
    from monitor.wallclock import clock_named

    until = (
        optional_date(options["until"], option="--until")
        or now.astimezone(clock_named(terms.timezone)).date()
    )
    states = _listed(options["states"], STATES, "--state")
    if "all" in states or options["as_episodes"] or options["group"]:
        states = tuple(EveningState)
    since = optional_date(options["since"], option="--since") or until - timedelta(
        days=DEFAULT_DAYS
    )
    check_order(since, until)
    ratio = options["min_ratio"]
    if ratio is not None and not 0 < ratio < inf:
        raise InputError(f"--min-ratio: found {ratio}; allowed: a number above 0")
    return Question(
        timezone=terms.timezone,
        as_of=now,
        since=since,
        until=until,
        window=options["hours"] or str(terms.window),
        targets=options["targets"],
        services=options["services"],
        vantage=vantage,
        metric=options["metric"],
        weekdays=_listed(options["weekdays"], WEEKDAYS, "--weekday"),
        states=tuple(EveningState(state) for state in states),
        min_ratio=ratio,
        verdict=options["verdict"],
        with_controls=options["with_controls"],
        is_exact=options["exact"],
    )


def _listed(text: str | None, allowed: Sequence[str], option: str) -> tuple[str, ...]:
    parts = tuple(part.strip().lower() for part in (text or "").split(",") if part)
    wrong = [part for part in parts if part not in allowed]
    if wrong:
        raise InputError(f"{option}: found {wrong[0]!r}; allowed: {', '.join(allowed)}")
    return parts


def _prepare(store: "Store", timezone: str, now: "datetime") -> None:
    from monitor.anomalies.search import refresh_rollups

    for _ in progress(refresh_rollups(store, timezone, now), "hourly medians"):
        pass


def _answered(
    store: "Store", questions: "Sequence[Question]", options: _Options
) -> _Answer:
    from monitor.anomalies.search import ask_all, ask_comparison

    span = options["span"]
    if span:
        rows = [
            row
            for question in questions
            for row in ask_comparison(store, question, span, options["against"])
        ]
        return _answer("comparison", _COMPARISON, rows)
    lines = ask_all(store, questions)
    if options["as_episodes"]:
        from monitor.anomalies import episodes

        answer = _answer("episodes", _EPISODE, episodes(lines))
    elif options["group"]:
        answer = _grouped(lines, options["group"])
    else:
        answer = _answer("evenings", _EVENING, lines)
    return answer if answer.rows else replace(answer, why=_why(store, questions))


def _why(store: "Store", questions: "Sequence[Question]") -> str:
    """What was measured when no evening is among the wanted."""
    from monitor.anomalies import ask_evenings
    from monitor.anomalies.search import evenings_without_line

    n_judged = n_down = 0
    for question in questions:
        every = replace(question, states=tuple(EveningState), min_ratio=None)
        lines = ask_evenings(store, every)
        judged = [line for line in lines if line.state is not EveningState.UNUSABLE]
        n_judged += len({(line.vantage, line.date) for line in judged})
        down = evenings_without_line(store, question)
        n_down += sum(map(len, down.values()))
    told = f"none of the {n_judged} evenings that could be judged is such an evening"
    if not n_judged:
        told = "no evening on these dates could be judged"
    if n_down:
        evenings = "1 evening" if n_down == 1 else f"{n_down} evenings"
        told = f"your line was down on {evenings}; {told}"
    return told


def _grouped(lines: "Sequence[Evening]", group: str) -> _Answer:
    from monitor.anomalies import grouped
    from monitor.anomalies.episodes import GROUPS

    if group not in GROUPS:
        raise InputError(f"--by: found {group!r}; allowed: {', '.join(GROUPS)}")
    rows = grouped(lines, group)
    names = list(rows[0]) if rows else [group]
    return _Answer(f"evenings by {group}", names, rows)


def _answer(
    kind: str, names: Sequence[str], rows: "Sequence[DataclassInstance]"
) -> _Answer:
    return _Answer(kind, names, [asdict(row) for row in rows])


_EVENING = (
    "date",
    "weekday",
    "vantage",
    "target",
    "path",
    "state",
    "metric",
    "window_value",
    "rest_value",
    "ratio",
    "beyond_controls",
    "n_probes",
    "n_failed",
    "note",
)
_EPISODE = (
    "vantage",
    "target",
    "path",
    "first_date",
    "last_date",
    "n_evenings",
    "n_slow",
    "n_dead",
    "median_beyond_controls",
    "notes",
)
_COMPARISON = (
    "vantage",
    "target",
    "path",
    "role",
    "metric",
    "value",
    "usual",
    "ratio",
    "beyond_controls",
    "n_probes",
    "n_failed",
    "n_spans",
    "lowest",
    "highest",
)


def _print(answer: _Answer, again: str, options: _Options) -> None:
    if options["as_json"]:
        rows = [{k: row.get(k) for k in answer.names} for row in answer.rows]
        document = {"command": again, "kind": answer.kind, answer_key(answer): rows}
        echo_json(document | ({"why_none": answer.why} if answer.why else {}))
        return
    if options["as_csv"]:
        print_csv(answer.names, answer.rows)
        say(f"again: {again}", err=True)
        return
    if answer.rows:
        print_table(answer.names, answer.rows)
    else:
        say(answer.why or "nothing was measured of these")
    say(f"again: {again}")


def answer_key(answer: _Answer) -> str:
    """The name of the rows in the JSON document."""
    return "groups" if answer.kind.startswith("evenings by") else answer.kind


def _again(
    settings: Settings, questions: "Sequence[Question]", options: _Options
) -> str:
    question = questions[0]
    windows = {asked.window for asked in questions}
    words = ["monitor", "--config", str(settings.config_path)]
    if settings.database:
        words += ["--database", masked(settings.database)]
    words.append("anomalies")
    values = {
        "since": min(asked.since for asked in questions),
        "until": max(asked.until for asked in questions),
        "vantage": options["vantage"],
        "metric": question.metric,
        "weekday": ",".join(question.weekdays),
        # Where they differ, each vantage has its own again.
        "hours": question.window if len(windows) == 1 else None,
        "min-ratio": question.min_ratio,
        "state": options["states"],
        "verdict": question.verdict,
        "by": options["group"],
        "compare": options["span"],
        "against": options["against"] if options["span"] else None,
    }
    for name in question.targets:
        words += ["--target", name]
    for name in question.services:
        words += ["--service", name]
    for name, value in values.items():
        if value not in (None, ""):
            words += [f"--{name}", str(value)]
    flags = {
        "controls": "with_controls",
        "exact": "exact",
        "episodes": "as_episodes",
        "json": "as_json",
        "csv": "as_csv",
    }
    given: Mapping[str, object] = options
    words += [f"--{flag}" for flag, option in flags.items() if given[option]]
    return shlex.join(words)
