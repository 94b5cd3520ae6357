"""Records to docs/error-rates.md: every rate with its interval and its target."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from monitor.simulation import FAMILIES
from study import rates
from study.baselines import BASELINES
from study.intervals import Share
from study.plan import (
    BASELINE_FAMILIES,
    BLOCKS,
    NIGHTLY,
    NIGHTLY_ON_CONGESTION,
    NO_ACCUSATION,
    NULLS,
    POSITIVES,
    STRONG,
)
from study.rates import Record, Seen

_BASELINES_TEXT = (
    "Each rule as published, with its own thresholds, asked once after 30 evenings; "
    "this program was asked after every one of them. The first homes of "
    f"{', '.join(BASELINE_FAMILIES)}."
)
_ON_STRONG = ("slow_3x", "policer_128k", "handshake_delay")
_ON_BLOCKS = ("block_timeout", "block_reset")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table of targets."""

    measure: str
    goal: str
    measured: str
    is_met: bool | None


def target_rows(records: Sequence[Record]) -> list[Row]:
    """The rows of the issue's table."""
    seen = rates.seen_targets(records)
    return [
        *_false_rows(records, seen),
        *_power_rows(seen),
        *_congested_rows(seen),
        *_time_rows(seen),
        *_quality_rows(records, seen),
    ]


def _at_most(measure: str, share: Share, limit: float, goal: str) -> Row:
    met = share.value <= limit if share.n else None
    return Row(measure=measure, goal=goal, measured=str(share), is_met=met)


def _at_least(measure: str, share: Share, limit: float) -> Row:
    met = share.value >= limit if share.n else None
    return Row(
        measure=measure, goal=f">= {100 * limit:.3g} %", measured=str(share), is_met=met
    )


def _false_rows(records: Sequence[Record], seen: Sequence[Seen]) -> list[Row]:
    by_family = rates.by_family(seen, rates.false_alarms)
    nulls = {n: s for n, s in by_family.items() if n in NULLS and s.n}
    worst = max(nulls, key=lambda name: nulls[name].value, default="none")
    quiet = sorted(
        (r for r in records if r["family"] in NO_ACCUSATION), key=itemgetter("seed")
    )
    return [
        _at_most(
            "false accusation per unaffected target, 30 daily looks, all null families",
            rates.false_alarms(seen),
            0.005,
            "<= 0.5 %",
        ),
        _at_most(
            f"the same in the worst family ({worst})",
            nulls.get(worst, Share(0, 0)),
            0.01,
            "<= 1 %",
        ),
        _at_most(
            "homes wrongly accused under own load, outages, gaps, zone changes: the "
            "first 1,000 by seed",
            rates.accused_homes(quiet[:1000], NO_ACCUSATION),
            0.0,
            "0 of 1,000 homes",
        ),
        _at_most(
            "the same, all homes",
            rates.accused_homes(quiet, NO_ACCUSATION),
            0.001,
            "below 1 in 1,000",
        ),
    ]


def _power_rows(seen: Sequence[Seen]) -> list[Row]:
    asked = (
        ("3x and more nightly, within 7 evenings", STRONG, 7, 0.99),
        ("blocking, within 7 evenings", BLOCKS, 7, 0.99),
        ("2x nightly, within 10 evenings", ("slow_2x",), 10, 0.99),
        ("1.5x nightly, within 14 evenings", ("slow_1_5x",), 14, 0.90),
        ("2x on half the nights, within 14 evenings", ("half_nights",), 14, 0.90),
    )
    return [
        _at_least(f"found: {what}", rates.found(seen, families, within), limit)
        for what, families, within, limit in asked
    ]


def _congested_rows(seen: Sequence[Seen]) -> list[Row]:
    asked = (
        ("3x and more", _ON_STRONG, 7),
        ("blocking", _ON_BLOCKS, 7),
        ("2x nightly", ("slow_2x",), 10),
        ("1.5x nightly", ("slow_1_5x",), 14),
        ("2x on half the nights", ("half_nights",), 14),
    )
    return [_congested_row(seen, what, names, n) for what, names, n in asked]


def _congested_row(
    seen: Sequence[Seen], what: str, names: Sequence[str], evenings: int
) -> Row:
    plain = rates.found(seen, names, evenings)
    busy = rates.found(seen, [f"{name}_on_congestion" for name in names], evenings)
    met = busy.value >= 0.95 * plain.value if busy.n and plain.n else None
    return Row(
        measure=f"on strong congestion: {what}, within {evenings} evenings",
        goal=f">= 95 % of {100 * plain.value:.1f} %",
        measured=str(busy),
        is_met=met,
    )


def _time_rows(seen: Sequence[Seen]) -> list[Row]:
    asked = (("2x nightly", "slow_2x", 3), ("2x on half the nights", "half_nights", 8))
    return [
        _evenings_row(what, rates.evenings_to_alarm(seen, (family,)), limit)
        for what, family, limit in asked
    ]


def _evenings_row(what: str, evenings: float, limit: int) -> Row:
    met = None if np.isnan(evenings) else evenings <= limit
    return Row(
        measure=f"median evenings to the first alarm, {what}",
        goal=f"<= {limit}",
        measured="not measured" if met is None else f"{evenings:g}",
        is_met=met,
    )


def _quality_rows(records: Sequence[Record], seen: Sequence[Seen]) -> list[Row]:
    found = rates.edges(seen)
    coverage = rates.covered(seen, (*NIGHTLY, *NIGHTLY_ON_CONGESTION), 30)
    edge = Row(
        measure="window edges, 1.5x and more, from 7 evenings on",
        goal="median <= 5 min, 90 % <= 15 min",
        measured=f"median {found.median_min:.0f} min, 90 %: {found.p90_min:.0f} min "
        f"({found.n} windows, {found.n_without} alarms without one)",
        is_met=found.median_min <= 5 and found.p90_min <= 15 if found.n else None,
    )
    interval = Row(
        measure="coverage of the 95 % interval after 30 evenings",
        goal="93 to 97 %",
        measured=str(coverage),
        is_met=0.93 <= coverage.value <= 0.97 if coverage.n else None,
    )
    return [
        edge,
        interval,
        _at_least(
            "same verdict with one of five controls removed",
            rates.unchanged(records, "without_control"),
            0.95,
        ),
        _at_least(
            "same verdict with 20 % of the rounds lost",
            rates.unchanged(records, "without_rounds"),
            0.95,
        ),
        _at_most(
            "blocking taken for slowing or the reverse",
            rates.confused(seen),
            0.01,
            "<= 1 %",
        ),
    ]


def markdown(records: Sequence[Record]) -> str:
    """The whole page."""
    seen = rates.seen_targets(records)
    methods = ", ".join(sorted({r["method"] for r in records})) or "none"
    parts = [
        f"Method version {methods}; {len(records)} simulated homes of 30 evenings, "
        f"{len(seen)} targets. In brackets: Wilson's 95 % interval and the counts.",
        "## Against the targets",
        _table(
            ("measure", "target", "measured", "met"),
            [
                (row.measure, row.goal, row.measured, _mark(row.is_met))
                for row in target_rows(records)
            ],
        ),
        "## Null families: ever accused in 30 daily looks, per unaffected target",
        _table(("family", "what", "accused", "last verdict right"), _null_lines(seen)),
        _service_note(seen),
        "## Positive families",
        _table(
            (
                "family",
                "what",
                "within 7",
                "within 14",
                "median evenings",
                "right at 30",
            ),
            _positive_lines(seen),
        ),
        _onset_note(seen),
        "## By noise model",
        _table(
            ("noise", "nulls accused", "1.5x within 14", "2x within 10"),
            _noise_lines(seen),
        ),
        "## What others would say of the same data",
        _BASELINES_TEXT,
        _table(("rule", "nulls accused", "positives found"), _baseline_lines(records)),
    ]
    return "\n\n".join(parts) + "\n"


def _mark(is_met: bool | None) -> str:
    return {None: "?", True: "yes", False: "**no**"}[is_met]


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _null_lines(seen: Sequence[Seen]) -> list[tuple[str, ...]]:
    return [
        (
            name,
            FAMILIES[name].source,
            str(rates.false_alarms(seen, (name,))),
            str(rates.right_at_the_end(seen, (name,))),
        )
        for name in NULLS
        if any(s.family == name for s in seen)
    ]


def _service_note(seen: Sequence[Seen]) -> str:
    targeted = rates.service_accused(seen, "targeted_")
    selective = rates.service_accused(seen, "selective_")
    return (
        "In `steering` and `incidents` one target is truly slow, by its CDN or its own "
        "servers. It is not in the table above. `selective_slowdown` is true of it, "
        f"and was ever said of {selective}. Wrong would be `targeted_*`: "
        f"{targeted}."
    )


def _positive_lines(seen: Sequence[Seen]) -> list[tuple[str, ...]]:
    return [
        (
            name,
            FAMILIES[name].source,
            str(rates.found(seen, (name,), 7)),
            str(rates.found(seen, (name,), 14)),
            f"{rates.evenings_to_alarm(seen, (name,)):g}",
            str(rates.right_at_the_end(rates.affected(seen, (name,)), (name,))),
        )
        for name in POSITIVES
        if any(s.family == name for s in seen)
    ]


def _onset_note(seen: Sequence[Seen]) -> str:
    errors = rates.onset_errors_days(seen)
    if not errors:
        return "No onset was dated."
    return (
        f"In `onset_and_end` the onset was dated {len(errors)} times, "
        f"in the median {np.median(errors):g} days and in nine of ten cases at most "
        f"{np.quantile(errors, 0.9):g} days from the true date."
    )


def _noise_lines(seen: Sequence[Seen]) -> list[tuple[str, ...]]:
    names = sorted({s.noise for s in seen})
    parts = {name: [s for s in seen if s.noise == name] for name in names}
    return [
        (
            name,
            str(rates.false_alarms(part)),
            str(rates.found(part, ("slow_1_5x",), 14)),
            str(rates.found(part, ("slow_2x",), 10)),
        )
        for name, part in parts.items()
    ]


def _baseline_lines(records: Sequence[Record]) -> list[tuple[str, ...]]:
    nulls = [name for name in BASELINE_FAMILIES if name in NULLS]
    positives = [name for name in BASELINE_FAMILIES if name in POSITIVES]
    false = rates.baseline_alarms(records, nulls, hit=False)
    true = rates.baseline_alarms(records, positives, hit=True)
    own = (
        "this program, any of 30 daily looks",
        str(rates.own_alarms(records, nulls, hit=False)),
        str(rates.own_alarms(records, positives, hit=True)),
    )
    others = [
        (rule, str(false.get(rule, Share(0, 0))), str(true.get(rule, Share(0, 0))))
        for rule in BASELINES
    ]
    return [own, *others]
