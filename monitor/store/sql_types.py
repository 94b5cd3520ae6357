"""SQLAlchemy's types of statements, rows and columns that hold values of many types.

They are generic in the tuple of those types. Whoever reads a row gives its values to a
record, which says what they are; writing the tuples out would say it twice.
"""

from typing import Any, TypeAlias

import psycopg
from sqlalchemy import Column, Select

Statement: TypeAlias = Select[Any]
StoredRow: TypeAlias = Any
"""Of a statement of many columns."""
TableColumn: TypeAlias = Column[Any]
Connection: TypeAlias = psycopg.Connection[Any]
"""To PostgreSQL, past SQLAlchemy."""
Cursor: TypeAlias = psycopg.Cursor[Any]
