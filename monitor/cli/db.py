"""`monitor db upgrade`."""

import click

from monitor.cli.options import database_url
from monitor.cli.root import Settings
from monitor.cli.terminal import say
from monitor.config import masked


@click.group("db")
def db_command() -> None:
    """Care for the database."""


@db_command.command("upgrade")
@click.pass_obj
def upgrade_command(settings: Settings) -> None:
    """Create the database or bring it to this version's layout."""
    from monitor.store import open_store
    from monitor.store.tables import REVISION

    url = database_url(settings)
    open_store(url).close()
    say(f"{masked(url)}: at revision {REVISION}")
