"""Documents of the analysis and the verdicts in them; never changed, only added to."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert

from monitor.model import Analysis
from monitor.store.database import Database
from monitor.store.instants import to_us
from monitor.store.tables import analyses, verdicts
from monitor.stored_analysis import Document, stored_document, stored_verdicts


@dataclass(frozen=True, slots=True)
class Analyses:
    """What analyses found, in a database."""

    database: Database

    def append(self, analysis: Analysis, *, computed_at_utc: datetime) -> None:
        """Store what one analysis found: its document, and its verdicts one by one."""
        with self.database.writing() as connection:
            _append(connection, analysis, computed_at_utc)


def _append(
    connection: Connection, analysis: Analysis, computed_at_utc: datetime
) -> None:
    """Store one document and a row for each of its verdicts."""
    document = stored_document(analysis)
    values = {
        "computed_at_us": to_us(computed_at_utc),
        "method_version": analysis.method_version,
        "document": _text(document),
    }
    (analysis_id,) = connection.execute(
        insert(analyses).returning(analyses.c.id), values
    ).one()
    rows = [
        {
            "analysis_id": analysis_id,
            "vantage": verdict.vantage,
            "target": verdict.target,
            "verdict": verdict.verdict,
            "document": _text(stored),
        }
        for verdict, stored in zip(
            analysis.verdicts, stored_verdicts(analysis), strict=True
        )
    ]
    if rows:
        connection.execute(insert(verdicts), rows)


def _text(document: Document) -> str:
    return json.dumps(document, ensure_ascii=False, allow_nan=False)
