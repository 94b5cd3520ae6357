"""Which samples may be gone, and since when: the record of what retention decided."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "retentions",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("decided_at_us", sa.BigInteger, nullable=False),
        sa.Column("before_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_retentions"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER retentions_no_{action.lower()} BEFORE {action} ON"
                " retentions BEGIN"
                " SELECT RAISE(ABORT, 'retentions: rows are only added'); END"
            )
    else:
        op.execute(
            "CREATE TRIGGER retentions_only_added"
            " BEFORE UPDATE OR DELETE OR TRUNCATE ON retentions"
            " FOR EACH STATEMENT EXECUTE FUNCTION monitor_only_added()"
        )


def downgrade():
    raise NotImplementedError("measurements are not dropped; restore a backup instead")
