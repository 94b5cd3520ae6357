"""Use case 2: stored samples to stored verdicts. Runs in a process of its own."""

from datetime import datetime
from typing import Any

from monitor.analysis import METHOD_VERSION
from monitor.store import open_store


def store_verdicts(
    url: str, document: dict[str, Any], *, computed_at_utc: datetime
) -> None:
    """Append an analysis to the database."""
    with open_store(url) as store:
        store.append_verdicts(
            document["verdicts"],
            computed_at_utc=computed_at_utc,
            method_version=METHOD_VERSION,
            document=document,
        )
