"""Starts of the daemon, and files of others attached to notes: added, never changed."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = ("starts", "attachments")


def upgrade():
    op.create_table(
        "starts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("vantage", sa.Text, nullable=False),
        sa.Column("started_at_us", sa.BigInteger, nullable=False),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("software", "python", "system", "hardware", "tzdata")
        ),
        sa.Column("is_synchronised", sa.Boolean),
        sa.PrimaryKeyConstraint("id", name="pk_starts"),
    )
    op.create_table(
        "attachments",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("note_id", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("vantage", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_attachments"),
        sa.ForeignKeyConstraint(
            ["note_id"], ["notes.id"], name="fk_attachments_note_id_notes"
        ),
    )
    op.create_index("ix_attachments_note_id", "attachments", ["note_id"])
    for table in TABLES:
        _only_added(table)


def _only_added(table):
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            f"CREATE TRIGGER {table}_only_added"
            f" BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION monitor_only_added()"
        )
        return
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{table}: rows are only added'); END"
        )


def downgrade():
    raise NotImplementedError("measurements are not dropped; restore a backup instead")
