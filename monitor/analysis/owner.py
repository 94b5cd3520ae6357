"""What only the owner knows of the home, told as the owner's: no sample can show it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from monitor.model import Verdict
from monitor.reason import Reason
from monitor.untyped import Json

OWN_ROUTER = "own_router"
"""Rule of the reason that names the home's own router."""


def as_stated(verdicts: Iterable[Verdict], checked: date | None) -> list[Verdict]:
    """The verdicts with the owner's statement where the router is named.

    Parameters
    ----------
    checked : the day on which the owner looked (`home.router`), or None
    """
    if checked is None:
        return list(verdicts)
    stated = Reason(
        OWN_ROUTER,
        "The owner states that no filter or limit runs on this home's own router "
        "(checked on {day:date}); were that not so, it could do the same.",
        {"day": checked.isoformat()},
    )
    return [
        replace(verdict, reasons=tuple(_instead(verdict.reasons, stated)))
        for verdict in verdicts
    ]


def _instead(reasons: Iterable[Reason], stated: Reason) -> Iterable[Reason]:
    return (stated if reason.rule == OWN_ROUTER else reason for reason in reasons)


def stated_in(document: Mapping[str, Json]) -> date | None:
    """The day that a verdict document says the owner states, None without one."""
    for verdict in document.get("verdicts", ()):
        for record in verdict.get("reason_records", ()):
            if record.get("rule") == OWN_ROUTER and "day" in record.get("values", {}):
                return date.fromisoformat(record["values"]["day"])
    return None
