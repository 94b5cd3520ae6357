"""Hourly roll-ups, and a trigger that marks the hours whose samples grew."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

METRICS = (
    "domain_lookup_s",
    "connect_s",
    "tls_handshake_s",
    "waiting_s",
    "response_s",
    "duration_s",
    "goodput_bps",
)


def upgrade():
    op.create_table(
        "hourly",
        sa.Column("series_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("hour_us", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("n_failed", sa.Integer, nullable=False),
        sa.Column("body_bytes", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Double) for name in METRICS),
        sa.ForeignKeyConstraint(
            ["series_id"], ["series.id"], name="fk_hourly_series_id"
        ),
        sa.PrimaryKeyConstraint("series_id", "hour_us", name="pk_hourly"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "hourly_stale",
        sa.Column("series_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("hour", sa.BigInteger, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("series_id", "hour", name="pk_hourly_stale"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO hourly_stale (series_id, hour)"
        " SELECT DISTINCT series_id, started_at_us / 3600000000 FROM samples"
    )
    if op.get_bind().dialect.name == "sqlite":
        _mark_on_sqlite()
    else:
        _mark_on_postgresql()


def downgrade():
    raise NotImplementedError("measurements are not dropped; restore a backup instead")


def _mark_on_sqlite():
    op.execute(
        "CREATE TRIGGER samples_stale AFTER INSERT ON samples BEGIN"
        " INSERT INTO hourly_stale (series_id, hour)"
        " SELECT NEW.series_id, NEW.started_at_us / 3600000000 WHERE NOT EXISTS"
        " (SELECT 1 FROM hourly_stale WHERE series_id = NEW.series_id"
        " AND hour = NEW.started_at_us / 3600000000); END"
    )


def _mark_on_postgresql():
    # The update of a mark that is there locks it until these samples are committed:
    # a roll-up that runs now cannot take the mark away without having seen them.
    op.execute(
        "CREATE FUNCTION monitor_mark_stale() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO hourly_stale (series_id, hour)"
        " SELECT DISTINCT series_id, started_at_us / 3600000000 FROM added"
        " ORDER BY 1, 2"
        " ON CONFLICT (series_id, hour) DO UPDATE SET hour = excluded.hour;"
        " RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER samples_stale AFTER INSERT ON samples"
        " REFERENCING NEW TABLE AS added"
        " FOR EACH STATEMENT EXECUTE FUNCTION monitor_mark_stale()"
    )
