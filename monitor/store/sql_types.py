"""SQLAlchemy's types of statements, rows and columns that hold values of many types.

They are generic in the tuple of those types. Whoever reads a row gives its values to a
record, which says what they are; writing the tuples out would say it twice.
"""

from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Column, Select

if TYPE_CHECKING:
    # A quarter of a second of CPU in each process, which SQLite has no use for.
    import psycopg

Statement: TypeAlias = Select[Any]
StoredRow: TypeAlias = Any
"""Of a statement of many columns."""
TableColumn: TypeAlias = Column[Any]
Connection: TypeAlias = "psycopg.Connection[Any]"
"""To PostgreSQL, past SQLAlchemy."""
Cursor: TypeAlias = "psycopg.Cursor[Any]"
