"""Pauses that the owner asked for: added, never changed."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "pauses",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("vantage", sa.Text, nullable=False),
        sa.Column("asked_at_us", sa.BigInteger, nullable=False),
        sa.Column("until_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pauses"),
    )
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            "CREATE TRIGGER pauses_only_added"
            " BEFORE UPDATE OR DELETE OR TRUNCATE ON pauses"
            " FOR EACH STATEMENT EXECUTE FUNCTION monitor_only_added()"
        )
        return
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER pauses_no_{action.lower()} BEFORE {action} ON pauses"
            " BEGIN SELECT RAISE(ABORT, 'pauses: rows are only added'); END"
        )


def downgrade():
    raise NotImplementedError("measurements are not dropped; restore a backup instead")
