"""The newest schema. Each change here needs a revision in `migrations/versions` that brings older databases to it.

`number` is the order of insertion. Columns are named as the fields of the rows they hold.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)

from headway.observed.request_table import STAGE_COLUMNS

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _of_a_deployment() -> tuple[Column[Any], ...]:
    """The first columns of a table with many rows for each deployment, which go with it."""
    key = ForeignKey("deployments.deployment_id", ondelete="CASCADE")
    return (
        Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
        Column("deployment_id", String, key, nullable=False),
    )


models = Table(
    "models",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("name"),
)

deployments = Table(
    "deployments",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("deployment_id", String, nullable=False),
    Column("model", String, ForeignKey("models.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("source", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("declared", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("prepared", JSON(none_as_null=True), nullable=True),
    Column("failure", String, nullable=False),
    Column("is_retired", Boolean, nullable=False),
    UniqueConstraint("deployment_id"),
)

environments = Table(
    "environments",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("model", String, ForeignKey("models.name", ondelete="CASCADE"), nullable=False),
    Column("name", String, nullable=False),
    Column(
        "deployment_id",
        String,
        ForeignKey("deployments.deployment_id", ondelete="SET NULL"),
        nullable=True,
        index=True,
    ),
    Column("created_at", Double, nullable=False),
    Column("candidate_id", String, nullable=True),
    Column("replaced_id", String, nullable=True),
    UniqueConstraint("model", "name"),
)

keys = Table(
    "keys",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("prefix", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("name", String, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("prefix"),
)

secrets = Table(
    "secrets",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("value", String, nullable=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("name"),
)

lives = Table(
    "lives",
    metadata,
    *_of_a_deployment(),
    Column("content", JSON, nullable=False),
    UniqueConstraint("deployment_id"),
)

decisions = Table(
    "decisions",
    metadata,
    *_of_a_deployment(),
    Column("at", Double, nullable=False),
    Column("desired", Integer, nullable=False),
    Column("reason", String, nullable=False),
    Column("inputs", JSON, nullable=False),
    Index(None, "deployment_id", "at"),
)

changes = Table(
    "changes",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("model", String, ForeignKey("models.name", ondelete="CASCADE"), nullable=False),
    Column("deployment_id", String, nullable=False),  # no reference: its deletion is told too
    Column("kind", String, nullable=False),
    Column("field", String, nullable=False),
    Column("before", JSON(none_as_null=True), nullable=True),
    Column("after", JSON(none_as_null=True), nullable=True),
    Column("reason", String, nullable=False),
    Column("at", Double, nullable=False),
    Column("author", String, nullable=False),
    Column("key_prefix", String, nullable=False),
    Index(None, "model", "number"),
    Index(None, "model", "deployment_id", "number"),
)

points = Table(
    "points",
    metadata,
    *_of_a_deployment(),
    Column("step", Integer, nullable=False),
    Column("at", Double, nullable=False),
    Column("content", JSON, nullable=False),
    Index(None, "deployment_id", "step", "at"),
)

requests = Table(
    "requests",
    metadata,
    *_of_a_deployment(),
    Column("request_id", String, nullable=False),
    Column("model", String, nullable=False),
    Column("replica_id", String, nullable=False),
    Column("arrived_at", Double, nullable=False),
    Column("status", Integer, nullable=False),
    Column("outcome", String, nullable=False),
    Column("seconds", Double, nullable=False),
    *(Column(name, Double, nullable=True) for name in STAGE_COLUMNS.values()),
    Column("request_bytes", BigInteger, nullable=False),
    Column("response_bytes", BigInteger, nullable=False),
    Column("trace_id", String, nullable=False),
    Column("ended_in", String, nullable=False, server_default=text("''")),
    Index(None, "deployment_id", "arrived_at", "number"),  # the number too, or PostgreSQL sorts for each page
)
