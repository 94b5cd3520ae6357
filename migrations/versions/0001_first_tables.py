"""First tables: series, samples, rounds, analyses, verdicts; rows are never changed."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("samples", "rounds", "analyses", "verdicts")


def upgrade():
    _create_series_and_samples()
    _create_rounds()
    _create_verdicts()
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def downgrade():
    raise NotImplementedError("measurements are not dropped; restore a backup instead")


def _create_series_and_samples():
    op.create_table(
        "series",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("vantage", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("probe", sa.Text, nullable=False),
        sa.Column("server_name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
        sa.UniqueConstraint(
            "vantage",
            "target",
            "path",
            "probe",
            "server_name",
            name="uq_series_vantage",
        ),
    )
    op.create_table(
        "samples",
        sa.Column("series_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("started_at_us", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("is_control", sa.Boolean, nullable=False),
        sa.Column("domain_lookup_s", sa.Double),
        sa.Column("connect_s", sa.Double),
        sa.Column("tls_handshake_s", sa.Double),
        sa.Column("waiting_s", sa.Double),
        sa.Column("response_s", sa.Double),
        sa.Column("duration_s", sa.Double),
        sa.Column("encoded_body_bytes", sa.BigInteger),
        sa.Column("goodput_bps", sa.Double),
        sa.Column("http_status", sa.BigInteger),
        sa.Column("failed_operation", sa.Text),
        sa.Column("failure", sa.Text),
        sa.Column("remote_address", sa.Text),
        sa.Column("certificate_sha256", sa.Text),
        sa.Column("certificate_issuer", sa.Text),
        sa.Column("tcp_min_rtt_s", sa.Double),
        sa.Column("tcp_retransmits", sa.BigInteger),
        sa.Column("probe_version", sa.Text),
        sa.Column("round_id", sa.Text),
        sa.Column("sequence", sa.BigInteger),
        sa.Column("url", sa.Text),
        sa.Column("http_version", sa.Text),
        sa.Column("tls_version", sa.Text),
        sa.Column("resolver", sa.Text),
        sa.Column("dns_answers", sa.Text),
        sa.Column("cdn", sa.Text),
        sa.Column("tcp_rtt_s", sa.Double),
        sa.Column("tcp_rcv_rtt_s", sa.Double),
        sa.Column("tcp_rcv_ooopack", sa.BigInteger),
        sa.Column("timeline", sa.Text),
        sa.ForeignKeyConstraint(
            ["series_id"], ["series.id"], name="fk_samples_series_id"
        ),
        sa.PrimaryKeyConstraint("series_id", "started_at_us", name="pk_samples"),
        sqlite_with_rowid=False,
    )


def _create_rounds():
    op.create_table(
        "rounds",
        sa.Column("vantage", sa.Text, nullable=False),
        sa.Column("slot_start_us", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("round_id", sa.Text, nullable=False),
        sa.Column("started_at_us", sa.BigInteger),
        sa.Column("duration_s", sa.Double),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("n_planned", sa.Integer, nullable=False),
        sa.Column("n_done", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint(
            "vantage", "slot_start_us", "round_id", name="pk_rounds"
        ),
        sqlite_with_rowid=False,
    )


def _create_verdicts():
    op.create_table(
        "analyses",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("computed_at_us", sa.BigInteger, nullable=False),
        sa.Column("method_version", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_analyses"),
    )
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("analysis_id", sa.Integer, nullable=False),
        sa.Column("vantage", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name="fk_verdicts_analysis_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_verdicts"),
    )
    op.create_index("ix_verdicts_analysis_id", "verdicts", ["analysis_id"])


def _guard_sqlite():
    for table in APPEND_ONLY:
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table}: rows are only added'); END"
            )


def _guard_postgresql():
    op.execute(
        "CREATE FUNCTION monitor_only_added() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION '%: rows are only added', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_only_added"
            f" BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION monitor_only_added()"
        )
