"""Who agreed to the measurements, when, and to which text."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "consents",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("given_at_us", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("way", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER consents_no_{action.lower()} BEFORE {action} ON"
                " consents BEGIN"
                " SELECT RAISE(ABORT, 'consents: rows are only added'); END"
            )
    else:
        op.execute(
            "CREATE TRIGGER consents_only_added"
            " BEFORE UPDATE OR DELETE OR TRUNCATE ON consents"
            " FOR EACH STATEMENT EXECUTE FUNCTION monitor_only_added()"
        )


def downgrade():
    raise NotImplementedError("measurements are not dropped; restore a backup instead")
