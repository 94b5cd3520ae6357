"""`monitor notify`: whether messages arrive."""

import sys

import click

from monitor.cli.options import configuration
from monitor.cli.root import EXIT_NO, Settings
from monitor.cli.terminal import say, visible
from monitor.errors import InputError


@click.group("notify")
def notify_command() -> None:
    """Messages to the services of `notify.urls`."""


@notify_command.command("test")
@click.pass_obj
def test_command(settings: Settings) -> None:
    """Send one message to every configured service, and say what became of each.

    Exit status 1 when a service did not take it.
    """
    from monitor import notify

    config = configuration(settings)
    if not config.notify.urls:
        raise InputError(
            "notify.urls: found none; allowed: addresses of services, such as"
            " ntfy://ntfy.sh/a-topic-of-yours"
        )
    outcomes = notify.tried(config)
    for place, (service, trouble) in enumerate(outcomes):
        say(f"notify.urls[{place}] ({service}): {visible(trouble) or 'taken'}")
    if any(trouble for _, trouble in outcomes):
        sys.exit(EXIT_NO)
