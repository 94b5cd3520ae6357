"""`monitor config check`."""

import sys

import click

from monitor.cli.context import configuration, echo_json
from monitor.cli.root import Settings
from monitor.config import effective, partial_controls


@click.group("config")
def config_command() -> None:
    """Check the configuration."""


@config_command.command("check")
@click.option("--json", "as_json", is_flag=True, help="The effective values as JSON.")
@click.pass_obj
def check(settings: Settings, *, as_json: bool) -> None:
    """Check the configuration file and print every value in force."""
    config = configuration(settings)
    if as_json:
        echo_json(effective(config))
        return
    from ruamel.yaml import YAML

    from monitor.cli.forecast import forecast_text

    click.echo(f"# {settings.config_path}: right. In force, defaults included:")
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.dump(effective(config), sys.stdout)
    click.echo(f"# {forecast_text(config)}")
    for partial in partial_controls(config):
        click.echo(f"# controls: {partial}: {partial.ADVICE}")
