"""Run by Alembic, on the connection and in the transaction that `schema.py` has opened."""

from alembic import context

from headway.control.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
