"""What a check found, and where: file, day, row, field; what a digest binds; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

MAX_FINDINGS: Final = 100
_MAX_SPANS: Final = 8


class Kind(StrEnum):
    """What is wrong."""

    ALTERED = "altered"
    """Something is not as it was written."""
    WITHHELD = "withheld"
    """The chain has a day whose rows ought to be here."""
    UNBOUND = "unbound"
    """Nothing differs, but the given digest does not vouch for it."""


class Scope(StrEnum):
    """What has to be bound by a given digest."""

    ROWS = "rows"
    """Every row."""
    VERDICTS = "verdicts"
    """Every row, and verdicts that are computed again from them."""
    ALL = "all"
    """Every member of the bundle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference from what was written, or from what was asked to be bound."""

    file: str
    what: str
    kind: Kind = Kind.ALTERED
    day: str | None = None
    row: int | None = None
    """Number within its day, from 0, as in `x_row`."""
    field: str | None = None

    def __str__(self) -> str:
        """One line for people."""
        day = "" if self.day is None else f", day {self.day}"
        row = "" if self.row is None else f", row {self.row}"
        name = "" if self.field is None else f", field {self.field}"
        return f"{self.file}{day}{row}{name}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What one given digest is of, and what of the bundle it binds."""

    digest: str
    of: str
    """In words: this bundle, or a day of a vantage."""
    binds_all: bool
    """Whether it binds every member: it is the bundle's own."""
    days: tuple[str, ...]
    """UTC dates whose rows it binds, of those that have rows here."""
    n_rows: int
    n_days_elsewhere: int
    """Further days that it binds, whose rows are not in this bundle."""


@dataclass(slots=True, kw_only=True)
class Verification:
    """The outcome of a check."""

    path: Path
    level: str | None = None
    digest: str | None = None
    """SHA-256 of the file: names this bundle."""
    heads: Mapping[str, str] = field(default_factory=dict)
    n_rows: int = 0
    n_simulated: int = 0
    """Rows of simulated sites."""
    n_measured: int = 0
    """Rows of other sites; those of the household tell neither."""
    days: tuple[str, ...] = ()
    findings: list[Finding] = field(default_factory=list)
    n_more: int = 0
    """Findings beyond the first hundred."""
    notes: list[str] = field(default_factory=list)
    """What could not be checked, and why; second links; lodged time-stamps."""
    bindings: list[Binding] = field(default_factory=list)
    """Of the digests that were given."""
    is_recomputed: bool = False
    """Whether the verdicts are those that the rows give, computed once more."""
    not_bound: tuple[str, ...] = ()
    """Members that no given digest binds; empty when none was given."""

    @property
    def is_intact(self) -> bool:
        """Whether nothing differs, and all that was asked for is bound."""
        return not self.findings

    def add(
        self,
        file: str,
        what: str,
        *,
        kind: Kind = Kind.ALTERED,
        day: str | None = None,
        row: int | None = None,
        field: str | None = None,
    ) -> None:
        """Note a difference; beyond a hundred they are only counted."""
        if len(self.findings) >= MAX_FINDINGS:
            self.n_more += 1
            return
        self.findings.append(
            Finding(file=file, what=what, kind=kind, day=day, row=row, field=field)
        )


def told_days(days: Iterable[str]) -> str:
    """UTC dates in words, neighbours as spans; never very long."""
    spans = _spans(sorted(set(days)))
    told = [first if first == last else f"{first} to {last}" for first, last in spans]
    if len(told) > _MAX_SPANS:
        told = [*told[:_MAX_SPANS], f"{len(told) - _MAX_SPANS} more spans"]
    return ", ".join(told)


def _spans(days: Sequence[str]) -> list[tuple[str, str]]:
    spans: list[tuple[str, str]] = []
    for day in days:
        if spans and _following(spans[-1][1]) == day:
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return spans


def _following(day: str) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        # A bundle's text may be anything.
        return ""
