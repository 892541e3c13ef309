"""What alembic runs: the steps, in the transaction that store.migrations opened."""

from alembic import context

from store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite takes its tables' changes back with the transaction as PostgreSQL does, which alembic does not assume.
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
