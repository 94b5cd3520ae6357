"""The database: samples and rounds in, facts out; SQLite in a file, or PostgreSQL."""

from monitor.store.door import Store, open_store

__all__ = ["Store", "open_store"]
