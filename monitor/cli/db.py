"""`monitor db`: upgrade, isolate."""

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


@db_command.command("isolate")
@click.option("--role", "roles", multiple=True, help="Of a home, named as its vantage.")
@click.option(
    "--print", "only_shown", is_flag=True, help="The SQL; nothing is changed."
)
@click.pass_obj
def isolate_command(
    settings: Settings, *, roles: tuple[str, ...], only_shown: bool
) -> None:
    """Let each home of a PostgreSQL database see and add its own rows only.

    Run as the owner of the tables, which no home may be. Each home signs in as a role
    named as its vantage: `database: postgresql+psycopg://HOME:PASSWORD@HOST/NAME`.
    """
    from monitor.store import open_store
    from monitor.store.isolation import isolate, statements

    if only_shown:
        for statement in statements(roles):
            say(f"{statement};")
        return
    url = database_url(settings)
    with open_store(url) as store, store.database.writing() as connection:
        isolate(connection, roles)
    say(f"{masked(url)}: each home sees its own rows; {len(roles)} roles let in")
