"""Digests of closed days, notes, and the views that `monitor sql` shows."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

APPEND_ONLY = ("chain_secret", "day_digests", "lodgings", "notes")

SAMPLE_COLUMNS = (
    "domain_lookup_s, connect_s, tls_handshake_s, waiting_s, response_s, duration_s,"
    " encoded_body_bytes, goodput_bps, http_status, failed_operation, failure,"
    " remote_address, certificate_sha256, certificate_issuer, tcp_min_rtt_s,"
    " tcp_retransmits, probe_version, round_id"
)
METRICS = (
    "domain_lookup_s, connect_s, tls_handshake_s, waiting_s, response_s, duration_s,"
    " goodput_bps"
)


def upgrade():
    _create_tables()
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    _create_views(_utc_sqlite if is_sqlite else _utc_postgresql)
    if is_sqlite:
        _guard_sqlite()
    else:
        _guard_postgresql()


def downgrade():
    raise NotImplementedError("measurements are not dropped; restore a backup instead")


def _create_tables():
    op.create_table(
        "chain_secret",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chain_secret"),
    )
    op.create_table(
        "day_digests",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("vantage", sa.Text, nullable=False),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("n_rows", sa.Integer, nullable=False),
        sa.Column("root", sa.Text, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("closed_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_day_digests"),
        # Two processes that close the same day cannot split the chain.
        sa.UniqueConstraint("vantage", "previous", name="uq_day_digests_vantage"),
    )
    op.create_table(
        "lodgings",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("authority", sa.Text, nullable=False),
        sa.Column("lodged_at_us", sa.BigInteger, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_lodgings"),
    )
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("noted_at_us", sa.BigInteger, nullable=False),
        sa.Column("first_date", sa.Text, nullable=False),
        sa.Column("last_date", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("withdraws", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
    )


def _utc_sqlite(column):
    return (
        f"strftime('%Y-%m-%dT%H:%M:%S', {column} / 1000000, 'unixepoch')"
        f" || printf('.%06dZ', {column} % 1000000)"
    )


def _utc_postgresql(column):
    return f"TIMESTAMPTZ 'epoch' + {column} * INTERVAL '1 microsecond'"


def _create_views(utc):
    names = "s.vantage, s.target, s.path, s.probe, NULLIF(s.server_name, '')"
    role = "CASE WHEN is_control THEN 'control' ELSE 'target' END AS role"
    views = {
        "v_samples": f"SELECT {utc('started_at_us')} AS started_at_utc, started_at_us,"
        f" {names} AS server_name, {role}, {SAMPLE_COLUMNS}"
        " FROM series s JOIN samples ON samples.series_id = s.id",
        "v_hours": f"SELECT {utc('hour_us')} AS hour_utc, hour_us,"
        f" {names} AS server_name, n, n_failed, body_bytes, {METRICS}"
        " FROM series s JOIN hourly ON hourly.series_id = s.id",
        "v_rounds": f"SELECT vantage, round_id, {utc('slot_start_us')} AS"
        f" slot_start_utc, {utc('started_at_us')} AS started_at_utc, duration_s,"
        " status, n_planned, n_done, reason FROM rounds",
        "v_verdicts": f"SELECT {utc('computed_at_us')} AS computed_at_utc,"
        " method_version, vantage, target, verdict, v.document AS document"
        " FROM verdicts v JOIN analyses a ON v.analysis_id = a.id",
        "v_notes": f"SELECT id AS number, {utc('noted_at_us')} AS noted_at_utc,"
        " first_date, last_date, text FROM notes n WHERE withdraws IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM notes w WHERE w.withdraws = n.id)",
        "v_days": f"SELECT vantage, day, n_rows, root, previous, digest,"
        f" {utc('closed_at_us')} AS closed_at_utc FROM day_digests",
    }
    for name, query in views.items():
        op.execute(f"CREATE VIEW {name} AS {query}")


def _guard_sqlite():
    for table in APPEND_ONLY:
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table}: rows are only added'); END"
            )


def _guard_postgresql():
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_only_added"
            f" BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION monitor_only_added()"
        )
