"""Removes one home of the several that share a PostgreSQL database.

The second way round the guard that rows are only added (the first is retention): a
person must be able to leave without a trace, and without taking others' measurements.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, delete, select, text, update

from monitor.store.tables import (
    APPEND_ONLY,
    analyses,
    day_digests,
    lodgings,
    metadata,
    series,
    verdicts,
)


def remove(connection: Connection, vantage: str) -> None:
    """Remove every row of a vantage; what is of all vantages stays.

    Parameters
    ----------
    connection : in a writing transaction on PostgreSQL, as the owner of the tables.
    """
    own_series = select(series.c.id).where(series.c.vantage == vantage)
    own_days = select(day_digests.c.digest).where(day_digests.c.vantage == vantage)
    with _unguarded(connection):
        connection.execute(delete(lodgings).where(lodgings.c.digest.in_(own_days)))
        _remove_judgements(connection, vantage)
        # Those that refer to others come first.
        for table in reversed(metadata.sorted_tables):
            if "vantage" in table.c:
                connection.execute(delete(table).where(table.c.vantage == vantage))
            elif "series_id" in table.c:
                of_series = table.c.series_id.in_(own_series)
                connection.execute(delete(table).where(of_series))


def _remove_judgements(connection: Connection, vantage: str) -> None:
    """Take the vantage out of documents that judged others, too."""
    of_vantage = verdicts.c.vantage == vantage
    judged = analyses.c.id.in_(select(verdicts.c.analysis_id).where(of_vantage))
    rows = connection.execute(
        select(analyses.c.id, analyses.c.document).where(judged)
    ).all()
    connection.execute(delete(verdicts).where(of_vantage))
    for number, document in rows:
        rest = _without(json.loads(document), vantage)
        this = analyses.c.id == number
        if rest["verdicts"]:
            shorter = json.dumps(rest, ensure_ascii=False, allow_nan=False)
            connection.execute(update(analyses).where(this).values(document=shorter))
        else:
            connection.execute(delete(analyses).where(this))


def _without(document: dict[str, Any], vantage: str) -> dict[str, Any]:
    rest: dict[str, Any] = {"verdicts": []}
    for name, value in document.items():
        if isinstance(value, list):
            rest[name] = [v for v in value if v.get("vantage") != vantage]
        elif name == "vantages":
            rest[name] = {k: v for k, v in value.items() if k != vantage}
        else:
            rest[name] = value
    return rest


@contextmanager
def _unguarded(connection: Connection) -> Iterator[None]:
    """Lift the guards within this transaction: nobody else sees a table without."""
    _switch(connection, "DISABLE")
    yield
    _switch(connection, "ENABLE")


def _switch(connection: Connection, what: str) -> None:
    for table in APPEND_ONLY:
        trigger = f"{table.name}_only_added"
        connection.execute(text(f"ALTER TABLE {table.name} {what} TRIGGER {trigger}"))
