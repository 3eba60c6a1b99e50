"""What must outlive control's process: its desired state, keys, secrets and decisions, in one SQL database.

Only this package knows SQL, SQLAlchemy and Alembic. `rows` says what is kept, `store` keeps it.
"""
