"""Documents of the analysis and the verdicts in them; never changed, only added to."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from monitor.store.instants import to_us
from monitor.store.tables import analyses, verdicts


def append(
    connection: Connection,
    found: Sequence[Mapping[str, Any]],
    *,
    computed_at_utc: datetime,
    method_version: str,
    document: Mapping[str, Any],
) -> None:
    """Store one document and a row for each of its verdicts."""
    values = {
        "computed_at_us": to_us(computed_at_utc),
        "method_version": method_version,
        "document": _text(document),
    }
    (analysis_id,) = connection.execute(
        insert(analyses).returning(analyses.c.id), values
    ).one()
    if found:
        connection.execute(insert(verdicts), [_row(v, analysis_id) for v in found])


def _row(verdict: Mapping[str, Any], analysis_id: int) -> dict[str, Any]:
    names = ("vantage", "target", "verdict")
    row = {name: verdict[name] for name in names}
    return {**row, "analysis_id": analysis_id, "document": _text(verdict)}


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, allow_nan=False)
