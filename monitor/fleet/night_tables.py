"""The tables that a night leaves: a row per home and target, and one per evening."""

import json
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from monitor.evening_rule import EveningState
from monitor.model import Verdict
from monitor.service_verdicts import services_of
from monitor.untyped import Json

_SEPARATORS: Final = (",", ":")
_SLOW: Final = (EveningState.SLOW, EveningState.DEAD)


def verdict_rows(
    verdicts: Sequence[Verdict], **of_home: str | None
) -> Iterator[dict[str, Json]]:
    """The rows of a home.

    Parameters
    ----------
    of_home : what is the same in all of them, such as `probe_version`.
    """
    speaks = {
        (told.leading.vantage, told.leading.target): told
        for told in services_of(verdicts)
    }
    for verdict in verdicts:
        told = speaks.get((verdict.vantage, verdict.target))
        window = verdict.found_window or (None, None)
        low, high = verdict.effect.ci95
        yield {
            "vantage": verdict.vantage,
            "target": verdict.target,
            "service": verdict.service,
            "verdict": verdict.verdict,
            "strength": verdict.strength,
            "e_value": verdict.e_value,
            "is_leading": told is not None,
            "service_e_value": None if told is None else told.e_value,
            "n_usable": verdict.evenings.usable,
            "ratio": verdict.effect.ratio,
            "low": low,
            "high": high,
            "begins": window[0],
            "ends": window[1],
            "onset": verdict.onset_date,
            **of_home,
            "document": document_text(verdict),
        }


def document_text(verdict: Verdict) -> str:
    """The verdict document in its one spelling."""
    return json.dumps(verdict.to_dict(), separators=_SEPARATORS, ensure_ascii=False)


def evening_rows(verdict: Verdict) -> Iterator[dict[str, Json]]:
    """The evenings of a home and target that count."""
    for mark in verdict.marks:
        excess = np.log(mark.ratio) if mark.ratio else None
        yield {
            "vantage": verdict.vantage,
            "target": verdict.target,
            "evening": mark.day,
            "state": str(mark.state),
            "is_slow": mark.state in _SLOW,
            "excess": excess,
        }


_TEXTS: Final = ("verdict", "strength", "begins", "ends", "onset", "probe_version")
_JUDGED: Final = ("timezone", "judged_since", "judged_until")
"""In which zone and on which evenings the verdict was given: of a home whose verdict is
carried on they are those of an earlier night."""
VERDICTS: Final = pa.schema(
    [(name, pa.string()) for name in ("vantage", "target", "service")]
    + [(name, pa.string()) for name in (*_TEXTS, *_JUDGED, "document")]
    + [(name, pa.float64()) for name in ("e_value", "service_e_value")]
    + [(name, pa.float64()) for name in ("ratio", "low", "high")]
    + [("is_leading", pa.bool_()), ("n_usable", pa.int32())]
    # Evenings since then on which it may have been slow.
    + [("n_open", pa.int32())]
)
EVENINGS: Final = pa.schema(
    {
        "vantage": pa.string(),
        "target": pa.string(),
        "evening": pa.date32(),
        "state": pa.string(),
        "is_slow": pa.bool_(),
        "excess": pa.float64(),
    }
)
