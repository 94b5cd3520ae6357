"""A report as CSV (one row per target and evening) and as one JSON document."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from math import isfinite
from typing import Final

from monitor.hour_profile import Spread
from monitor.report.content import Host, NightReport
from monitor.stored_analysis import document_of
from monitor.text import disarm

_COLUMNS: Final = (
    "vantage",
    "target",
    "evening",
    "state",
    "times_slower",
    "verdict",
    "strength",
    "window_start",
    "window_end",
    "timezone",
    "service",
    "part",
)


def render_csv(report: NightReport) -> str:
    """One row per target and evening; no cell is a formula to a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for host in report.hosts:
        writer.writerows(_rows(report, host))
    return out.getvalue()


def render_json(report: NightReport) -> str:
    """The document of the analysis with what the report adds to it."""
    document = {
        **document_of(report.analysis),
        "vantage": report.vantage,
        "night": report.night.isoformat(),
        "made_at": report.made_at.isoformat(),
        "is_simulated": report.is_simulated,
        "is_public": report.is_public,
        "software_version": report.versions.software,
        "controls": list(report.controls),
        "as_the_owner_wrote": dict(report.stated),
        "evenings": {s.name: _evenings(s) for s in report.hosts},
        "hours": {s.name: _hours(s) for s in report.hosts},
        "gaps": gaps_of(report),
        "spoiled": [{"reason": s.reason, "rounds": s.n_rounds} for s in report.spoiled],
        "circle": [asdict(count) for count in report.circle],
        "data_used": _data_used(report),
        "notes": [
            {
                "first_date": note.first_date.isoformat(),
                "last_date": note.last_date.isoformat(),
                "text": note.text,
                "attached": [
                    {"name": a.name, "sha256": a.sha256, "bytes": a.n_bytes}
                    for a in note.attached
                ],
            }
            for note in report.notes
        ],
        "chain": (
            None
            if report.chain is None
            else {"day": report.chain.day, "digest": report.chain.digest}
        ),
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def gaps_of(report: NightReport) -> list[dict[str, str | None]]:
    """The gaps as a document has them, in local time."""
    return [
        {"start": g.start.isoformat(), "end": g.end.isoformat(), "reason": g.reason}
        for g in report.gaps
    ]


def _data_used(report: NightReport) -> dict[str, object] | None:
    used = report.data_used
    if used is None:
        return None
    days = zip(used.days, used.by_day, strict=True)
    return {
        "budget_bytes": {"per_day": used.per_day, "per_month": used.per_month},
        "by_day_bytes": {day.isoformat(): int(n) for day, n in days},
        "by_site_bytes": {
            site.name: dict(
                zip(("page", "transfer", "other"), site.by_kind, strict=True)
            )
            for site in used.by_site
        },
    }


def _rows(report: NightReport, host: Host) -> Iterator[list[object]]:
    verdict = host.verdict
    for mark in host.evenings:
        ratio = "" if mark.ratio is None else round(mark.ratio, 3)
        row = [
            report.vantage,
            host.name,
            mark.day.isoformat(),
            mark.state.value,
            ratio,
            verdict.verdict,
            verdict.strength or "",
            *report.window,
            report.timezone,
            verdict.service,
            verdict.part,
        ]
        yield [disarm(cell) if isinstance(cell, str) else cell for cell in row]


def _hours(host: Host) -> dict[str, object]:
    """Times slower than usual in the hours of the local day and week, with spread."""
    beside = {"target": host.hours, "controls": host.control_hours}
    return {
        "metric": host.metric,
        **{
            name: {"day": _spreads(profile.day), "week": _spreads(profile.week)}
            for name, profile in beside.items()
        },
    }


def _spreads(spreads: Sequence[Spread]) -> list[dict[str, float | int | None]]:
    return [
        {
            "n": s.n,
            "p10": _finite(s.low),
            "median": _finite(s.middle),
            "p90": _finite(s.high),
        }
        for s in spreads
    ]


def _finite(value: float | None) -> float | None:
    """JSON has no infinity: where n allows a value, null is no answer."""
    return round(value, 3) if value is not None and isfinite(value) else None


def _evenings(host: Host) -> list[dict[str, object]]:
    return [
        {"date": m.day.isoformat(), "state": m.state.value, "times_slower": m.ratio}
        for m in host.evenings
    ]
