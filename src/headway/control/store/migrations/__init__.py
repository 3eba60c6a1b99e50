"""Steps from each schema to the next, for Alembic. `schema.py` tells how to add one."""
