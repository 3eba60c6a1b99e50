"""Records of requests that ended."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_STAGES = ("queue", "cold_start", "preprocess", "gate_wait", "predict", "postprocess", "send")


def upgrade() -> None:
    op.create_table(
        "requests",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("deployment_id", sa.String, nullable=False),
        sa.Column("request_id", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("replica_id", sa.String, nullable=False),
        sa.Column("arrived_at", sa.Double, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        *(sa.Column(f"{stage}_seconds", sa.Double, nullable=True) for stage in _STAGES),
        sa.Column("request_bytes", sa.BigInteger, nullable=False),
        sa.Column("response_bytes", sa.BigInteger, nullable=False),
        sa.Column("trace_id", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_requests"),
        sa.ForeignKeyConstraint(
            ["deployment_id"],
            ["deployments.deployment_id"],
            name="fk_requests_deployment_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_requests_deployment_id_arrived_at_number", "requests", ["deployment_id", "arrived_at", "number"]
    )
