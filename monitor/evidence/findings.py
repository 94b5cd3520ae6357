"""What a check found, and where: file, day, row, field; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

MAX_FINDINGS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference from what was written."""

    file: str
    what: str
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


@dataclass(slots=True, kw_only=True)
class Verification:
    """The outcome of a check."""

    path: Path
    level: str | None = None
    digest: str | None = None
    """SHA-256 of the manifest."""
    heads: Mapping[str, str] = field(default_factory=dict)
    n_rows: int = 0
    days: tuple[str, ...] = ()
    findings: list[Finding] = field(default_factory=list)
    n_more: int = 0
    """Findings beyond the first hundred."""
    notes: list[str] = field(default_factory=list)
    """What could not be checked, and why; lodged time-stamps."""

    @property
    def is_intact(self) -> bool:
        """Whether nothing differs."""
        return not self.findings

    def add(
        self,
        file: str,
        what: str,
        *,
        day: str | None = None,
        row: int | None = None,
        field: str | None = None,
    ) -> None:
        """Note a difference; beyond a hundred they are only counted."""
        if len(self.findings) >= MAX_FINDINGS:
            self.n_more += 1
            return
        self.findings.append(
            Finding(file=file, what=what, day=day, row=row, field=field)
        )
