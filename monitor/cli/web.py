"""`monitor web`: the dashboard alone, and its secrets."""

import asyncio
import os
import secrets
import signal
import sys

import click

from monitor.cli.options import configuration, configuration_apart
from monitor.cli.root import Settings
from monitor.cli.terminal import say
from monitor.config import Config
from monitor.config.apart import taken_over

LEAST_LETTERS = 10
NICENESS = 10


@click.group("web")
def web_command() -> None:
    """Serve the dashboard alone, or make its password or token."""


@web_command.command("serve")
@click.option("--child", is_flag=True, hidden=True, help="End when stdin ends.")
@click.option("--handed", is_flag=True, hidden=True, help="Configured by stdin.")
@click.pass_obj
def serve_command(settings: Settings, *, child: bool, handed: bool) -> None:
    """Show what is stored, without measuring, until SIGTERM or Ctrl-C."""
    from monitor.clock import SystemClock
    from monitor.service import log_to_stderr
    from monitor.web.http_server import serve, until_told_to_end

    config = _configuration(settings, child=child, handed=handed)
    log_to_stderr(quiet=("alembic",))

    if child:
        # When the machine is busy, measuring goes first.
        os.nice(NICENESS)

    async def run() -> None:
        stop = asyncio.Event()
        for signum in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(signum, stop.set)
        watch = asyncio.create_task(until_told_to_end(stop)) if child else None
        try:
            await serve(
                config,
                SystemClock(),
                announce=_announce,
                config_path=settings.config_path,
                stop=stop,
            )
        finally:
            if watch is not None:
                watch.cancel()

    asyncio.run(run())


def _configuration(settings: Settings, *, child: bool, handed: bool) -> Config:
    if handed:
        return taken_over(sys.stdin.buffer.readline())
    return (configuration_apart if child else configuration)(settings)


def _announce(address: str) -> None:
    # Whoever waits for the line gets it at once, also through a pipe.
    say(f"Dashboard: {address}")
    sys.stdout.flush()


@web_command.command("password")
def password_command() -> None:
    """Ask for a password and print its hash for the configuration."""
    from monitor.web.lock.access import MAX_SECRET, new_hash

    password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    if not LEAST_LETTERS <= len(password) <= MAX_SECRET:
        raise click.UsageError(f"{LEAST_LETTERS} to {MAX_SECRET} letters are needed")
    say("In config.yaml, under web:")
    say(f'  password_hash: "{new_hash(password)}"')


@web_command.command("token")
def token_command() -> None:
    """Make a random token for programs, and its hash for the configuration."""
    from monitor.web.lock.access import new_hash

    token = secrets.token_urlsafe(32)
    say(f"Token, shown this once: {token}")
    say("In config.yaml, under web:")
    say(f'  token_hash: "{new_hash(token)}"')
