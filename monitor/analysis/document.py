"""Verdicts as the JSON document of contracts 5, and as text for an expert."""

from collections.abc import Sequence
from datetime import date
from importlib import import_module
from typing import Any

from monitor.analysis.judge import METHOD_VERSION
from monitor.model import Verdict
from monitor.series import parse_window

SCHEMA_VERSION = 1


def analysis_document(
    verdicts: Sequence[Verdict],
    *,
    timezone: str,
    window: str = "20:00-22:00",
    since: date | str | None = None,
    until: date | str | None = None,
) -> dict[str, Any]:
    """The document that `monitor analyze --json` prints.

    Without `since` or `until` the first and last evening of the samples stand there.
    """
    start, end = parse_window(window).text
    first = _known(verdicts, "first_evening")
    last = _known(verdicts, "last_evening")
    return {
        "schema_version": SCHEMA_VERSION,
        "method_version": METHOD_VERSION,
        "timezone": timezone,
        "tzdata_version": _tzdata_version(),
        "window": {"start": start, "end": end},
        "since": str(since) if since else min(first, default=None),
        "until": str(until) if until else max(last, default=None),
        "verdicts": [verdict.to_dict() for verdict in verdicts],
    }


def _known(verdicts: Sequence[Verdict], detail: str) -> list[str]:
    found = (verdict.details.get(detail) for verdict in verdicts)
    return [value for value in found if value is not None]


def explain(verdict: Verdict) -> str:
    """The numbers behind a verdict, as indented text."""
    lines = [f"{verdict.vantage} / {verdict.target}: {verdict.verdict}"]
    lines += [f"  {reason}" for reason in verdict.sentences()]
    lines += _evidence(verdict)
    lines += [f"  {c.score:+d} {c.check}: {c}" for c in verdict.mechanism]
    for evening in verdict.details.get("evenings", ()):
        mark = "dead" if evening["dead"] else "slow" if evening["slow"] else ""
        size = "-" if evening["excess"] is None else f"x{evening['excess']:.2f}"
        lines.append(f"  {evening['date']}  {size:>8}  {mark}".rstrip())
    return "\n".join(lines)


def _evidence(verdict: Verdict) -> list[str]:
    details = verdict.details
    if not details:
        return []
    lines = [
        f"  e-value {verdict.e_value:.4g} (slow {details['e_slow']:.4g}, dead "
        f"{details['e_dead']:.4g}), p-value {verdict.p_value}",
        f"  controls: {', '.join(details['controls']) or 'none'}; "
        f"live {details['controls_live']}",
    ]
    lines += [
        f"  {name}: e {m['e_value']:.4g}, weight {m['weight']:.2f}, law {m['law']}, "
        f"innocent spread {m['innocent_spread_log']:.3f}, innocent rates "
        f"{m['innocent_rates']}"
        for name, m in details["metrics"].items()
    ]
    return lines


def _tzdata_version() -> str:
    return str(import_module("tzdata").IANA_VERSION)
