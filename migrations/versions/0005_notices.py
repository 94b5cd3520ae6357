"""Messages that were sent, so that each episode is told once."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("told_at_us", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("vantage", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("since", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER notices_no_{action.lower()} BEFORE {action} ON"
                " notices BEGIN"
                " SELECT RAISE(ABORT, 'notices: rows are only added'); END"
            )
    else:
        op.execute(
            "CREATE TRIGGER notices_only_added"
            " BEFORE UPDATE OR DELETE OR TRUNCATE ON notices"
            " FOR EACH STATEMENT EXECUTE FUNCTION monitor_only_added()"
        )


def downgrade():
    raise NotImplementedError("measurements are not dropped; restore a backup instead")
