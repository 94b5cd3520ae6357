"""`monitor config check`."""

import io

import click

from monitor.cli.options import configuration
from monitor.cli.root import Settings
from monitor.cli.terminal import echo_json, say
from monitor.config import control_gaps, effective, partial_controls
from monitor.errors import InputError, RightsError, StoreError
from monitor.text import printable


@click.group("config")
def config_command() -> None:
    """Check the configuration."""


def _checked_database(url: str) -> str:
    """Why it is out of reach now, which is no mistake of the configuration.

    Raises
    ------
    InputError : it answers, and cannot be used.
    """
    from monitor.store import Store

    try:
        with Store(url) as store:
            store.check(writes=False)
    except RightsError as error:
        raise InputError(str(error)) from error
    except StoreError as error:
        return str(error)
    return ""


@config_command.command("check")
@click.option("--json", "as_json", is_flag=True, help="The effective values as JSON.")
@click.pass_obj
def check_command(settings: Settings, *, as_json: bool) -> None:
    """Check the configuration file and print every value in force."""
    config = configuration(settings)
    away = _checked_database(config.database)
    if as_json:
        echo_json(effective(config))
        return
    from ruamel.yaml import YAML

    from monitor.cli.forecast import (
        forecast_by_host,
        forecast_text,
        pairs_texts,
        quic_text,
    )

    gaps = [*control_gaps(config)]
    judged = "right" if not gaps else "can be used; what it cannot show stands last"
    path = printable(str(settings.config_path))
    say(f"# {path}: {judged}. In force, defaults included:")
    yaml = YAML()
    yaml.default_flow_style = False
    values = io.StringIO()
    yaml.dump(effective(config), values)
    say(values.getvalue().rstrip("\n"))
    say(f"# {forecast_text(config)}")
    for line in forecast_by_host(config):
        say(f"# {printable(line)}")
    say(f"# {quic_text(config)}")
    for line in pairs_texts(config):
        say(f"# {printable(line)}")
    if away:
        say(f"# database: {printable(away)}")
    for partial in partial_controls(config):
        say(f"# controls: {partial.matter}: {partial.ADVICE}")
    for gap in gaps:
        say(f"# controls: {gap.lack}: {gap.advice}")
