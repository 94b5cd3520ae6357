"""The database: samples and rounds in, facts out; SQLite in a file, or PostgreSQL."""

from monitor.store.database import Store, open_store
from monitor.store.migration import check, upgrade

__all__ = ["Store", "check", "open_store", "upgrade"]
