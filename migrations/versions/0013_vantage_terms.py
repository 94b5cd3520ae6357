"""Zone, window and provider of each vantage with the date since when; hours in its own
clock, so that nobody folds them in UTC. No row is touched."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

NAMES = "s.vantage, s.target, s.path, s.probe, NULLIF(s.server_name, '')"
METRICS = (
    "domain_lookup_s, connect_s, tls_handshake_s, waiting_s, response_s, duration_s,"
    " goodput_bps"
)


def upgrade():
    op.create_table(
        "vantage_terms",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("vantage", sa.Text, nullable=False),
        sa.Column("stated_at_us", sa.BigInteger, nullable=False),
        sa.Column("since", sa.Text, nullable=False),
        sa.Column("timezone", sa.Text, nullable=False),
        sa.Column("window", sa.Text, nullable=False),
        sa.Column("provider", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_vantage_terms"),
    )
    op.create_table(
        "local_offsets",
        sa.Column("vantage", sa.Text, nullable=False),
        sa.Column("from_us", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("until_us", sa.BigInteger, nullable=False),
        sa.Column("offset_us", sa.BigInteger, nullable=False),
        sa.Column("day_start_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("vantage", "from_us", name="pk_local_offsets"),
    )
    if op.get_bind().dialect.name == "sqlite":
        _on_sqlite()
    else:
        _on_postgresql()


def downgrade():
    raise NotImplementedError("measurements are not dropped; restore a backup instead")


def _on_sqlite():
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER vantage_terms_no_{action.lower()} BEFORE {action}"
            " ON vantage_terms"
            " BEGIN SELECT RAISE(ABORT, 'vantage_terms: rows are only added'); END"
        )
    op.execute("DROP VIEW v_hours")
    local = "(hour_us + o.offset_us) / 1000000, 'unixepoch'"
    evening = "(hour_us + o.offset_us - o.day_start_us) / 1000000, 'unixepoch'"
    weekday = f"1 + 3 * strftime('%w', {local})"
    _show(
        "CREATE VIEW",
        "strftime('%Y-%m-%dT%H:%M:%S', hour_us / 1000000, 'unixepoch')"
        " || printf('.%06dZ', hour_us % 1000000)",
        f"CAST(strftime('%H', {local}) AS INTEGER)",
        f"substr('sunmontuewedthufrisat', {weekday}, 3)",
        f"strftime('%Y-%m-%d', {evening})",
    )


def _on_postgresql():
    op.execute(
        "CREATE TRIGGER vantage_terms_only_added"
        " BEFORE UPDATE OR DELETE OR TRUNCATE ON vantage_terms"
        " FOR EACH STATEMENT EXECUTE FUNCTION monitor_only_added()"
    )
    us = "* INTERVAL '1 microsecond'"
    local = f"(TIMESTAMP 'epoch' + (hour_us + o.offset_us) {us})"
    evening = f"(TIMESTAMP 'epoch' + (hour_us + o.offset_us - o.day_start_us) {us})"
    _show(
        "CREATE OR REPLACE VIEW",
        f"TIMESTAMPTZ 'epoch' + hour_us {us}",
        f"CAST(EXTRACT(HOUR FROM {local}) AS INTEGER)",
        f"to_char({local}, 'dy')",
        f"CAST({evening} AS DATE)",
    )


def _show(create, hour_utc, hour, weekday, evening):
    op.execute(
        f"{create} v_hours AS SELECT {hour_utc} AS hour_utc, hour_us,"
        f" {NAMES} AS server_name, n, n_failed, body_bytes, {METRICS}, s.transport,"
        f" {hour} AS local_hour, {weekday} AS local_weekday, {evening} AS evening_date"
        " FROM series s JOIN hourly ON hourly.series_id = s.id"
        " LEFT JOIN local_offsets o ON o.vantage = s.vantage"
        " AND hour_us >= o.from_us AND hour_us < o.until_us"
    )
