"""`monitor config check`."""

import io

import click

from monitor.cli.options import configuration, spoken_language
from monitor.cli.root import Settings
from monitor.cli.terminal import echo_json, say
from monitor.config import control_gaps, effective, partial_controls
from monitor.errors import InputError, RightsError, StoreError
from monitor.reason import Reason, phrase, verbatim
from monitor.text import printable

_RIGHT = phrase("right. In force, defaults included:")
_ODD = phrase(
    "can be used; what it cannot show stands last. In force, defaults included:"
)


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
        forecast,
        forecast_by_host,
        pairs_forecast,
        quic_forecast,
    )
    from monitor.wording import language
    from monitor.wording.reason_words import told

    tongue = language(spoken_language(settings, config))
    gaps = [*control_gaps(config)]

    def note(*reasons: Reason) -> None:
        say("# " + ": ".join(printable(told(reason, tongue)) for reason in reasons))

    note(verbatim(settings.config_path), _ODD if gaps else _RIGHT)
    yaml = YAML()
    yaml.default_flow_style = False
    values = io.StringIO()
    yaml.dump(effective(config), values)
    say(values.getvalue().rstrip("\n"))
    note(forecast(config))
    unit = tongue.gettext("MB")
    for n_bytes, host in forecast_by_host(config):
        say(f"# {tongue.number(n_bytes / 1e6, 1):>8} {unit}  {printable(host)}")
    note(quic_forecast(config))
    for pairs in pairs_forecast(config):
        note(pairs)
    if away:
        note(verbatim("database"), verbatim(away))
    for partial in partial_controls(config):
        note(verbatim("controls"), partial.matter, partial.ADVICE)
    for gap in gaps:
        note(verbatim("controls"), gap.lack, gap.advice)
