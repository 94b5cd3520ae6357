"""What a fleet publishes of a night: groups of at least five homes, nothing else."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

import pyarrow as pa
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from monitor import private
from monitor.errors import InputError
from monitor.fleet.fleet_night import GROUP_COLUMNS, RUNS, facts_of
from monitor.fleet.groups_of_homes import (
    BY_PROVIDER,
    MEANINGS,
    TOO_FEW,
    FleetGroup,
    group_name,
    groups_of,
    voices,
)
from monitor.fleet.home_facts import FEWEST, HomeFact
from monitor.fleet.lake import DOCUMENT, Files, Lake
from monitor.fleet.registry import Enrolled, admitted, homes_of_file
from monitor.interchange.writing import replacing
from monitor.text import disarm
from monitor.untyped import Json

BY: Final = ("isp", "asn", "country", "region", "access", "kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatRow:
    """The share of slow homes of one group by evening; None: fewer than five."""

    provider: str
    shares: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """One service: providers by evenings."""

    service: str
    evenings: tuple[date, ...]
    rows: tuple[HeatRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetReport:
    """What is published."""

    run: Mapping[str, Json]
    by: tuple[str, ...]
    groups: tuple[FleetGroup, ...]
    n_too_few: int
    """Groups of fewer than five homes, of which nothing is told."""
    maps: tuple[HeatMap, ...]

    @property
    def by_words(self) -> str:
        """What makes a group, for people."""
        return " and ".join("provider" if name == "isp" else name for name in self.by)

    @property
    def telling(self) -> list[FleetGroup]:
        """Groups in which something was found, what accuses first."""
        order = list(MEANINGS)
        telling = (group for group in self.groups if group.label in MEANINGS)
        return sorted(telling, key=lambda g: (order.index(g.label), -(g.k or 0) / g.n))

    @property
    def quiet(self) -> list[FleetGroup]:
        """The others."""
        return [group for group in self.groups if group.label not in MEANINGS]

    @property
    def services(self) -> list[str]:
        """The services of all groups."""
        return sorted({group.service for group in self.groups})

    @property
    def quiet_rows(self) -> list[tuple[str, list[FleetGroup | None]]]:
        """Groups in which nothing was found, a row for each provider."""
        cells = {(group.provider, group.service): group for group in self.quiet}
        providers = sorted({group.provider for group in self.quiet})
        return [(p, [cells.get((p, s)) for s in self.services]) for p in providers]


def fleet_report(
    address: str,
    *,
    night: str | None = None,
    by: Sequence[str] = BY_PROVIDER,
    service: str | None = None,
    homes: Path | None = None,
) -> FleetReport:
    """The report of a night that was judged.

    Parameters
    ----------
    night : local date of its last evening; None: the newest that was judged.
    by : columns of the registry that make a group.
    service : only this one; None: all.
    homes : CSV file with the registry's columns, where there is no registry.

    Raises
    ------
    InputError : no such night was judged; an unknown column or service.
    """
    unknown = [name for name in by if name not in BY]
    if unknown:
        raise InputError(f"--by: found {unknown[0]!r}; allowed: {', '.join(BY)}")
    files = Files(address)
    run = _run_of(files, night)
    facts = list(_facts(files, run, _enrolled(address, files, homes)))
    services = {fact.service for fact in facts}
    if service is not None and service not in services:
        allowed = ", ".join(sorted(services))
        raise InputError(f"--service: found {service!r}; allowed: {allowed}")
    told = [g for g in groups_of(facts, by) if service in (None, g.service)]
    chosen = [f for f in voices(facts) if service in (None, f.service)]
    return FleetReport(
        run=run,
        by=tuple(by),
        groups=tuple(group for group in told if group.label != TOO_FEW),
        n_too_few=sum(group.label == TOO_FEW for group in told),
        maps=tuple(_maps(chosen, by)),
    )


def _run_of(files: Files, night: str | None) -> Mapping[str, Json]:
    names = [name for name in files.names(RUNS) if name.count("/") == 1]
    runs = [files.document(name) for name in names]
    chosen = [run for run in runs if night in (None, run["night"])]
    if not chosen:
        nights = ", ".join(sorted({run["night"] for run in runs})) or "none"
        raise InputError(f"--night: found {night}; judged are: {nights}")
    newest: Mapping[str, Json] = max(
        chosen, key=lambda run: (run["night"], run["made_at_utc"])
    )
    return newest


def _enrolled(address: str, files: Files, homes: Path | None) -> dict[str, Enrolled]:
    if homes is not None:
        return homes_of_file(homes)
    return admitted(Lake.open(address)) if files.has(DOCUMENT) else {}


def _facts(
    files: Files, run: Mapping[str, Json], enrolled: Mapping[str, Enrolled]
) -> Iterator[HomeFact]:
    outputs = run["outputs"].values()
    if not outputs:
        return iter(())
    verdicts = pa.concat_tables([files.table(o["verdicts"]) for o in outputs])
    evenings = pa.concat_tables([files.table(o["evenings"]) for o in outputs])
    small = verdicts.drop_columns(["document"])
    return facts_of(enrolled, small.to_pandas(), evenings.to_pandas())


def _maps(facts: Iterable[HomeFact], by: Sequence[str]) -> Iterator[HeatMap]:
    of_service: dict[str, dict[str, list[HomeFact]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for fact in facts:
        of_service[fact.service][group_name(fact.home, by)].append(fact)
    for service, members in sorted(of_service.items()):
        told = {p: group for p, group in members.items() if len(group) >= FEWEST}
        days = {day for group in told.values() for f in group for day in f.evenings}
        evenings = tuple(sorted(days))
        rows = tuple(
            HeatRow(provider=p, shares=tuple(_share(told[p], d) for d in evenings))
            for p in sorted(told)
        )
        if rows:
            yield HeatMap(service=service, evenings=evenings, rows=rows)


def _share(facts: Sequence[HomeFact], day: date) -> float | None:
    slow = [fact.evenings[day] for fact in facts if day in fact.evenings]
    return sum(slow) / len(slow) if len(slow) >= FEWEST else None


def report_json(report: FleetReport) -> str:
    """The report as JSON."""
    document = {
        **_terms(report),
        "groups": [group.to_dict() for group in report.groups],
        "evenings": [
            {
                "service": heat.service,
                "provider": row.provider,
                "evening": day.isoformat(),
                "slow_share": share,
            }
            for heat in report.maps
            for row in heat.rows
            for day, share in zip(heat.evenings, row.shares, strict=True)
            if share is not None
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1)


def _terms(report: FleetReport) -> dict[str, Json]:
    run = report.run
    kept = (
        *("run_id", "night", "since", "until", "window", "versions"),
        *("n_homes", "verdicts_sha256"),
    )
    terms = {name: run[name] for name in kept}
    terms["n_carried"] = run.get("n_carried", 0)
    return {
        **terms,
        "n_failed": len(run["failed"]),
        "by": list(report.by),
        "fewest_homes": FEWEST,
        "n_too_few": report.n_too_few,
    }


def report_csv(report: FleetReport) -> str:
    """The groups as CSV."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(GROUP_COLUMNS)
    for group in report.groups:
        row = group.to_dict()
        cells = (row[name] for name in GROUP_COLUMNS)
        writer.writerow([disarm(c) if isinstance(c, str) else c for c in cells])
    return out.getvalue()


def report_html(report: FleetReport) -> str:
    """The report as one page without scripts and without anything from elsewhere."""
    labels = {group.label for group in report.telling}
    meanings = {label: text for label, text in MEANINGS.items() if label in labels}
    return _template().render(report=report, terms=_terms(report), meanings=meanings)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("monitor.fleet", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("fleet.html")


def write_report(report: FleetReport, folder: Path) -> list[Path]:
    """Write fleet.html, fleet.csv and fleet.json; their paths.

    Raises
    ------
    InputError : the folder cannot be written.
    """
    try:
        private.make_folder(folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror}") from None
    bodies = {
        "fleet.html": report_html(report),
        "fleet.csv": report_csv(report),
        "fleet.json": report_json(report),
    }
    for name, body in bodies.items():
        with replacing(folder / name) as partial:
            partial.write_text(body, encoding="utf-8", newline="")
    return [folder / name for name in bodies]
