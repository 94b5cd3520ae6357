"""Rows of format 2: transport in the identity, service, part, block, segments; links
name their row format. No row of samples is touched: columns are added empty."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

IDENTITY = ("vantage", "target", "path", "probe", "server_name")
NAMES = "s.vantage, s.target, s.path, s.probe, NULLIF(s.server_name, '')"
SAMPLE_COLUMNS = (
    "domain_lookup_s, connect_s, tls_handshake_s, waiting_s, response_s, duration_s,"
    " encoded_body_bytes, goodput_bps, http_status, failed_operation, failure,"
    " remote_address, certificate_sha256, certificate_issuer, tcp_min_rtt_s,"
    " tcp_retransmits, probe_version, round_id"
)
# Kept as a JSON list of texts without quotation marks in them; shown as in files.
ANSWERS = """REPLACE(REPLACE(REPLACE(dns_answers, '["', ''), '"]', ''), '", "', ' ')"""
NEW_COLUMNS = (
    "s.transport, service, part, block, tcp_rcv_rtt_s, tcp_rcv_ooopack, tcp_segs_in,"
    f" timeline, resolver, {ANSWERS} AS dns_answers"
)
METRICS = (
    "domain_lookup_s, connect_s, tls_handshake_s, waiting_s, response_s, duration_s,"
    " goodput_bps"
)


def upgrade():
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for name in ("service", "part", "block"):
        # Not in a batch: that would make the table anew, without its guards.
        op.execute(f"ALTER TABLE samples ADD COLUMN {name} TEXT")
    op.execute("ALTER TABLE samples ADD COLUMN tcp_segs_in BIGINT")
    op.execute(
        "ALTER TABLE day_digests ADD COLUMN row_format INTEGER NOT NULL DEFAULT 1"
    )
    if is_sqlite:
        for view in ("v_samples", "v_hours", "v_days"):
            op.execute(f"DROP VIEW {view}")
        _add_transport_on_sqlite()
    else:
        _add_transport_on_postgresql()
    _show(_utc_sqlite if is_sqlite else _utc_postgresql, is_sqlite)


def downgrade():
    raise NotImplementedError("measurements are not dropped; restore a backup instead")


def _add_transport_on_sqlite():
    """SQLite cannot drop a constraint: the table of series, a small one, is made anew.

    Meanwhile foreign keys are not looked at (`store.upgrade_turns`), and ids stay.
    """
    op.create_table(
        "series_2",
        sa.Column("id", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in IDENTITY),
        sa.Column("transport", sa.Text, nullable=False, server_default="tcp"),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
        sa.UniqueConstraint(*IDENTITY, "transport", name="uq_series_vantage"),
    )
    names = ", ".join(("id", *IDENTITY))
    op.execute(f"INSERT INTO series_2 ({names}) SELECT {names} FROM series")
    op.execute("DROP TABLE series")
    # As of old: views that somebody made over the table are left alone.
    op.execute("PRAGMA legacy_alter_table=ON")
    op.execute("ALTER TABLE series_2 RENAME TO series")
    op.execute("PRAGMA legacy_alter_table=OFF")


def _add_transport_on_postgresql():
    op.execute("ALTER TABLE series ADD COLUMN transport TEXT NOT NULL DEFAULT 'tcp'")
    op.drop_constraint("uq_series_vantage", "series")
    op.create_unique_constraint("uq_series_vantage", "series", [*IDENTITY, "transport"])


def _utc_sqlite(column):
    return (
        f"strftime('%Y-%m-%dT%H:%M:%S', {column} / 1000000, 'unixepoch')"
        f" || printf('.%06dZ', {column} % 1000000)"
    )


def _utc_postgresql(column):
    return f"TIMESTAMPTZ 'epoch' + {column} * INTERVAL '1 microsecond'"


def _show(utc, is_sqlite):
    role = "CASE WHEN is_control THEN 'control' ELSE 'target' END AS role"
    views = {
        "v_samples": f"SELECT {utc('started_at_us')} AS started_at_utc, started_at_us,"
        f" {NAMES} AS server_name, {role}, {SAMPLE_COLUMNS}, {NEW_COLUMNS}"
        " FROM series s JOIN samples ON samples.series_id = s.id",
        "v_hours": f"SELECT {utc('hour_us')} AS hour_utc, hour_us,"
        f" {NAMES} AS server_name, n, n_failed, body_bytes, {METRICS}, s.transport"
        " FROM series s JOIN hourly ON hourly.series_id = s.id",
        "v_days": "SELECT vantage, day, n_rows, root, previous, digest,"
        f" {utc('closed_at_us')} AS closed_at_utc, row_format FROM day_digests",
    }
    # Views of others may rest on a server's: columns at the end leave them whole.
    create = "CREATE VIEW" if is_sqlite else "CREATE OR REPLACE VIEW"
    for name, query in views.items():
        op.execute(f"{create} {name} AS {query}")
