"""All that a verdict may say, and what follows from it: one table, read by all.

Report, notifications, dashboard, metrics and alert rules ask here. A new verdict is one
row, one rule (`analysis/rules.py`) and its words in each language.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MOST_ODDS: Final = 1e6
"""Odds above are told as so much: more would tell of the arithmetic, not the world."""


class Tone(StrEnum):
    """Gravity as a colour; the class of a card in report and dashboard."""

    ALARM = "alarm"
    WARN = "warn"
    OTHER = "other"
    FINE = "fine"
    OPEN = "open"

    @property
    def sign(self) -> str:
        """The same as a shape: for a reader without colours."""
        return _SIGNS[self]


_SIGNS: Final = {
    Tone.ALARM: "\N{BLACK UP-POINTING TRIANGLE}",
    Tone.WARN: "\N{BLACK DIAMOND}",
    Tone.OTHER: "\N{BLACK SQUARE}",
    Tone.FINE: "\N{WHITE CIRCLE}",
    Tone.OPEN: "?",
}


class Episode(StrEnum):
    """What a verdict is to an episode of slow evenings."""

    BEGINS = "begins"
    """It begins, unless it goes on."""
    ENDS = "ends"
    STAYS = "stays"
    """Too little is known: as it was."""


class Lead(StrEnum):
    """Which sentence above the dashboard's cards names the service."""

    SUSPECTED = "suspected"
    BLOCKED = "blocked"
    SUSTAINED = "sustained"
    RESOLVER = "resolver"
    ALONE = "alone"
    OTHER = "other"
    NONE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What follows from a verdict."""

    name: str
    tone: Tone
    episode: Episode
    lead: Lead = Lead.NONE
    is_accusing: bool = False
    """Whether it says that somebody singles the service out: alert rules go off."""

    @property
    def is_established(self) -> bool:
        """Whether something beyond chance was found about this very site."""
        return self.is_suspect or self.name == "server_side"

    @property
    def is_about_dead(self) -> bool:
        """Whether it is told by evenings without an answer, not by slow ones."""
        return self.lead in (Lead.BLOCKED, Lead.RESOLVER)

    @property
    def is_suspect(self) -> bool:
        """Whether its slow evenings, size and odds are worth showing."""
        return self.tone in (Tone.ALARM, Tone.WARN)


_ROWS: Final = (
    Row(
        name="targeted_throttling",
        tone=Tone.ALARM,
        episode=Episode.BEGINS,
        lead=Lead.SUSPECTED,
        is_accusing=True,
    ),
    Row(
        name="targeted_blocking",
        tone=Tone.ALARM,
        episode=Episode.BEGINS,
        lead=Lead.BLOCKED,
        is_accusing=True,
    ),
    Row(
        name="selective_slowdown",
        tone=Tone.WARN,
        episode=Episode.BEGINS,
        lead=Lead.SUSPECTED,
        is_accusing=True,
    ),
    Row(
        name="sustained_slowdown",
        tone=Tone.WARN,
        episode=Episode.BEGINS,
        lead=Lead.SUSTAINED,
        is_accusing=True,
    ),
    Row(
        name="resolver_blocking",
        tone=Tone.WARN,
        episode=Episode.BEGINS,
        lead=Lead.RESOLVER,
    ),
    Row(
        name="recurring_slowdown",
        tone=Tone.WARN,
        episode=Episode.BEGINS,
        lead=Lead.ALONE,
    ),
    Row(name="server_side", tone=Tone.OTHER, episode=Episode.ENDS, lead=Lead.OTHER),
    Row(
        name="general_congestion",
        tone=Tone.OTHER,
        episode=Episode.ENDS,
        lead=Lead.OTHER,
    ),
    Row(name="own_line", tone=Tone.OTHER, episode=Episode.ENDS, lead=Lead.OTHER),
    Row(name="no_recurring_slowdown", tone=Tone.FINE, episode=Episode.ENDS),
    Row(name="inconclusive", tone=Tone.OPEN, episode=Episode.STAYS),
    Row(name="insufficient_data", tone=Tone.OPEN, episode=Episode.STAYS),
)

TABLE: Final[Mapping[str, Row]] = {row.name: row for row in _ROWS}
"""The gravest first."""
VERDICTS: Final = tuple(TABLE)
"""All that a verdict may say, the gravest first."""


def row_of(verdict: str) -> Row:
    """The row of a verdict; of one that only a newer program knows, an open one."""
    unknown = Row(name=verdict, tone=Tone.OPEN, episode=Episode.STAYS)
    return TABLE.get(verdict, unknown)


def gravity(verdict: str) -> int:
    """Place in the order of gravity, 0 is the gravest; unknown ones come last."""
    return VERDICTS.index(verdict) if verdict in TABLE else len(VERDICTS)
