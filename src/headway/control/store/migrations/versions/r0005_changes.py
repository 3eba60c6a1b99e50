"""Who changed what of each model."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("deployment_id", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("field", sa.String, nullable=False),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("key_prefix", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_changes"),
        sa.ForeignKeyConstraint(["model"], ["models.name"], name="fk_changes_model", ondelete="CASCADE"),
    )
    op.create_index("ix_changes_model_number", "changes", ["model", "number"])
    op.create_index("ix_changes_model_deployment_id_number", "changes", ["model", "deployment_id", "number"])
