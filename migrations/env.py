"""Alembic's entry: migrates over the connection that the program hands in."""

from alembic import context

from monitor.store.engine import make_engine, writing
from monitor.store.tables import VERSION_TABLE, metadata


def _run(connection):
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("migrations need a database: alembic -x url=...")

given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    with writing(make_engine(context.get_x_argument(as_dictionary=True)["url"])) as own:
        _run(own)
