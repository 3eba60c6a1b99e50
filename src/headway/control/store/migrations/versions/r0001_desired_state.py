"""Models, deployments, environments, keys, secrets and decisions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    op.create_table(
        "models",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_models"),
        sa.UniqueConstraint("name", name="uq_models_name"),
    )
    _create_deployments()
    _create_environments()
    op.create_table(
        "keys",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("prefix", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_keys"),
        sa.UniqueConstraint("prefix", name="uq_keys_prefix"),
    )
    op.create_table(
        "secrets",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("value", sa.String, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_secrets"),
        sa.UniqueConstraint("name", name="uq_secrets_name"),
    )
    _create_decisions()


def _create_deployments() -> None:
    op.create_table(
        "deployments",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("deployment_id", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("declared", sa.JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("prepared", sa.JSON, nullable=True),
        sa.Column("failure", sa.String, nullable=False),
        sa.Column("is_retired", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_deployments"),
        sa.UniqueConstraint("deployment_id", name="uq_deployments_deployment_id"),
        sa.ForeignKeyConstraint(["model"], ["models.name"], name="fk_deployments_model", ondelete="CASCADE"),
    )
    op.create_index("ix_deployments_model", "deployments", ["model"])


def _create_environments() -> None:
    op.create_table(
        "environments",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("deployment_id", sa.String, nullable=True),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("candidate_id", sa.String, nullable=True),
        sa.Column("replaced_id", sa.String, nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_environments"),
        sa.UniqueConstraint("model", "name", name="uq_environments_model_name"),
        sa.ForeignKeyConstraint(["model"], ["models.name"], name="fk_environments_model", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["deployment_id"],
            ["deployments.deployment_id"],
            name="fk_environments_deployment_id",
            ondelete="SET NULL",
        ),
    )
    op.create_index("ix_environments_deployment_id", "environments", ["deployment_id"])


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("deployment_id", sa.String, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("desired", sa.Integer, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("inputs", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_decisions"),
        sa.ForeignKeyConstraint(
            ["deployment_id"],
            ["deployments.deployment_id"],
            name="fk_decisions_deployment_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_decisions_deployment_id_at", "decisions", ["deployment_id", "at"])
