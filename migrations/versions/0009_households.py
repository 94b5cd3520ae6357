"""Several homes in one database: who measures a vantage; notes and consents of one."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "leases",
        sa.Column("vantage", sa.Text, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("machine", sa.Text, nullable=False),
        sa.Column("boot", sa.Text, nullable=False),
        sa.Column("pids", sa.Text, nullable=False),
        sa.Column("pid", sa.BigInteger, nullable=False),
        sa.Column("began", sa.Text, nullable=False),
        sa.Column("renewed_at_us", sa.BigInteger, nullable=False),
        sa.Column("lasts_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("vantage", name="pk_leases"),
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in ("notes", "consents"):
        # Not in a batch: that would make the table anew, without its guards.
        op.execute(f"ALTER TABLE {table} ADD COLUMN vantage TEXT")
        _give_to_the_only_vantage(table, is_sqlite)
    _show_vantage_of_notes(is_sqlite)


def downgrade():
    raise NotImplementedError("measurements are not dropped; restore a backup instead")


def _give_to_the_only_vantage(table, is_sqlite):
    """Rows of a database with several vantages stay everybody's."""
    names = "SELECT vantage FROM series UNION SELECT vantage FROM rounds"
    found = op.get_bind().execute(sa.text(names)).scalars().all()
    if len(found) != 1:
        return
    if is_sqlite:
        op.execute(f"DROP TRIGGER {table}_no_update")
    else:
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_only_added")
    update = sa.text(f"UPDATE {table} SET vantage = :vantage")
    op.get_bind().execute(update, {"vantage": found[0]})
    if is_sqlite:
        op.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN"
            f" SELECT RAISE(ABORT, '{table}: rows are only added'); END"
        )
    else:
        op.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_only_added")


def _show_vantage_of_notes(is_sqlite):
    noted_at = (
        "strftime('%Y-%m-%dT%H:%M:%S', noted_at_us / 1000000, 'unixepoch')"
        " || printf('.%06dZ', noted_at_us % 1000000)"
        if is_sqlite
        else "TIMESTAMPTZ 'epoch' + noted_at_us * INTERVAL '1 microsecond'"
    )
    if is_sqlite:
        op.execute("DROP VIEW v_notes")
    # Views of others may rest on a server's: a column at the end leaves them whole.
    op.execute(
        f"CREATE {'' if is_sqlite else 'OR REPLACE '}VIEW v_notes AS"
        f" SELECT id AS number, {noted_at} AS noted_at_utc,"
        " first_date, last_date, text, vantage FROM notes n WHERE withdraws IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM notes w WHERE w.withdraws = n.id)"
    )
