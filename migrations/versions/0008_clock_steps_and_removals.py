"""Steps of the wall clock; what retention removed, counted; decisions by vantage."""

import calendar
from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

APPEND_ONLY = ("removals", "clock_steps")
DAY_US = 86_400_000_000


def upgrade():
    op.add_column("retentions", sa.Column("vantage", sa.Text))
    op.create_table(
        "removals",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("retention_id", sa.Integer, nullable=False),
        sa.Column("vantage", sa.Text, nullable=False),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("n_rows", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_removals"),
        sa.ForeignKeyConstraint(
            ["retention_id"], ["retentions.id"], name="fk_removals_retention_id"
        ),
    )
    op.create_index("ix_removals_vantage", "removals", ["vantage", "day"])
    op.create_table(
        "clock_steps",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("vantage", sa.Text, nullable=False),
        sa.Column("before_us", sa.BigInteger, nullable=False),
        sa.Column("after_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clock_steps"),
    )
    _guard(op.get_bind().dialect.name == "sqlite")
    _count_what_is_gone(op.get_bind())


def downgrade():
    raise NotImplementedError("measurements are not dropped; restore a backup instead")


def _guard(is_sqlite):
    for table in APPEND_ONLY:
        if not is_sqlite:
            op.execute(
                f"CREATE TRIGGER {table}_only_added"
                f" BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION monitor_only_added()"
            )
            continue
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table}: rows are only added'); END"
            )


def _count_what_is_gone(connection):
    """Until now everything before a decision was taken to be gone, and not counted."""
    decision = connection.execute(
        sa.text("SELECT id, before_us FROM retentions ORDER BY before_us DESC LIMIT 1")
    ).first()
    if decision is None:
        return
    links = connection.execute(
        sa.text("SELECT vantage, day, n_rows FROM day_digests ORDER BY id")
    )
    for (vantage, day), n_closed in {(v, d): n for v, d, n in links}.items():
        start_us = _start_us(day)
        n_gone = n_closed - _n_stored(connection, vantage, start_us)
        if start_us < decision.before_us and n_gone > 0:
            _note(connection, decision.id, vantage, day, n_gone)


def _start_us(day):
    return calendar.timegm(date.fromisoformat(day).timetuple()) * 1_000_000


def _n_stored(connection, vantage, start_us):
    query = (
        "SELECT count(*) FROM samples WHERE started_at_us >= :start"
        " AND started_at_us < :end"
        " AND series_id IN (SELECT id FROM series WHERE vantage = :vantage)"
    )
    span = {"vantage": vantage, "start": start_us, "end": start_us + DAY_US}
    return connection.scalar(sa.text(query), span)


def _note(connection, retention_id, vantage, day, n_rows):
    row = {"id": retention_id, "vantage": vantage, "day": day, "n": n_rows}
    connection.execute(
        sa.text(
            "INSERT INTO removals (retention_id, vantage, day, n_rows)"
            " VALUES (:id, :vantage, :day, :n)"
        ),
        row,
    )
