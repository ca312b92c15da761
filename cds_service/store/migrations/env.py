"""What Alembic runs: on the connection of ``store.schema``, which holds the lock."""

from alembic import context

from cds_service.store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
