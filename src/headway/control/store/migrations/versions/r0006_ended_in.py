"""The stage in which a request ended that was not answered whole."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("requests", sa.Column("ended_in", sa.String, nullable=False, server_default=sa.text("''")))
