"""Verdicts with the terms they were made on, and as text for an expert."""

from collections.abc import Sequence
from datetime import date
from typing import Required, TypedDict, Unpack

from monitor.analysis.judge import METHOD_VERSION
from monitor.evening_rule import DEFAULT_WINDOW, EveningState, Window, parse_window
from monitor.model import Analysis, EveningMark, Verdict
from monitor.stored_analysis import Document, document_of
from monitor.wallclock import tzdata_version


class Terms(TypedDict, total=False):
    """What was asked."""

    timezone: Required[str]
    window: str | Window
    since: date | str | None
    until: date | str | None


def analysis(
    verdicts: Sequence[Verdict],
    *,
    timezone: str,
    window: str | Window = DEFAULT_WINDOW,
    since: date | str | None = None,
    until: date | str | None = None,
) -> Analysis:
    """The verdicts and the terms on which they were made.

    Without `since` or `until` the first and last evening of the samples stand there.
    """
    details = [verdict.details for verdict in verdicts if verdict.details]
    first = [d.first_evening for d in details if d.first_evening]
    last = [d.last_evening for d in details if d.last_evening]
    return Analysis(
        method_version=METHOD_VERSION,
        timezone=timezone,
        tzdata_version=tzdata_version(),
        window=parse_window(window),
        since=_day(since) or min(first, default=None),
        until=_day(until) or max(last, default=None),
        verdicts=tuple(verdicts),
    )


def analysis_document(verdicts: Sequence[Verdict], **terms: Unpack[Terms]) -> Document:
    """The document that `monitor analyze --json` prints; the terms are `analysis`'s."""
    return document_of(analysis(verdicts, **terms))


def _day(day: date | str | None) -> date | None:
    return date.fromisoformat(day) if isinstance(day, str) else day


def explain(verdict: Verdict) -> str:
    """The numbers behind a verdict, as indented text."""
    lines = [f"{verdict.vantage} / {verdict.target}: {verdict.verdict}"]
    lines += [f"  {reason}" for reason in verdict.sentences()]
    lines += _evidence(verdict)
    lines += [f"  {c.score:+d} {c.check}: {c}" for c in verdict.mechanism]
    lines += [_line(mark) for mark in verdict.marks]
    return "\n".join(lines)


def _line(mark: EveningMark) -> str:
    size = "-" if mark.ratio is None else f"x{mark.ratio:.2f}"
    state = "" if mark.state is EveningState.FINE else mark.state
    return f"  {mark.day}  {size:>8}  {state}".rstrip()


def _evidence(verdict: Verdict) -> list[str]:
    details = verdict.details
    if details is None:
        return []
    lines = [
        f"  e-value {verdict.e_value:.4g} (slow {details.e_slow:.4g}, dead "
        f"{details.e_dead:.4g}), p-value {verdict.p_value}",
        f"  controls: {', '.join(details.controls) or 'none'}; "
        f"live {details.controls_live}",
    ]
    lines += [
        f"  {m.metric}: e {m.e_value:.4g}, weight {m.weight:.2f}, law {m.law}, "
        f"innocent spread {m.innocent_spread_log:.3f}, innocent rates "
        f"{[*m.innocent_rates]}"
        for m in details.metrics
    ]
    return lines
