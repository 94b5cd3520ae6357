"""The `monitor` command: global options, lazy commands, exit status of our errors."""

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import click
from click.decorators import FC

from monitor.cli.terminal import say
from monitor.errors import ConfigError, InputError, MonitorError, ServiceError
from monitor.masking import masked_in
from monitor.service import last_words
from monitor.text import printable
from monitor.untyped import Theirs

COMMANDS = {
    "init": ("first_hour", "write a configuration for this home, tried from its line"),
    "run": ("daemon", "measure, analyse and show, until stopped"),
    "now": ("now_command", "each service at this moment, and whether the line is well"),
    "sample": ("sample", "one round now, stored"),
    "probe": ("probe", "one probe of any URL, not stored"),
    "pause": ("pausing", "no measurements for a while: a gap on record"),
    "resume": ("pausing", "measure again before the pause is over"),
    "import": ("exchange", "read samples from CSV, NDJSON or Parquet files"),
    "export": ("exchange", "write samples to a CSV, NDJSON or Parquet file"),
    "analyze": ("analyze", "verdicts, from the database or from sample files"),
    "report": ("report", "the report of a night, and its evidence bundle"),
    "nightly": (
        "nightly_command",
        "what `run` starts after each night: judge, store, report, tell",
    ),
    "demo": ("demo_command", "five simulated weeks, judged, reported and shown"),
    "verify": ("verify_command", "check an evidence bundle"),
    "lodge": ("lodge", "have the last digest time-stamped by somebody else"),
    "notify": ("notifying", "try the services that are told"),
    "fleet": ("fleet", "many homes, one judgement"),
    "digest": ("circle", "a small signed digest of this home's evenings, for friends"),
    "circle": ("circle", "digests of friends' homes, and who agrees"),
    "anomalies": ("anomalies", "slow and dead evenings, episodes, comparisons"),
    "vantage": ("vantage", "in which zone, window and net each point measures"),
    "note": ("note", "note what happened on a date"),
    "sql": ("sql", "a question in SQL, read-only"),
    "web": ("web", "the dashboard alone; make its password or token"),
    "config": ("config", "check the configuration"),
    "db": ("db", "care for the database"),
    "backup": (
        "backup_command",
        "copy the database into a file, also while it is in use",
    ),
    "restore": ("backup_command", "copy a backup into an empty database"),
    "wipe": ("backup_command", "remove everything that was stored"),
    "doctor": ("doctor_command", "check this machine, with advice"),
}
"""Command -> (module in monitor.cli, one line of help)."""

EXIT_NO = 1
EXIT_INPUT = 2
EXIT_SERVICE = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """The global options."""

    config_path: Path
    database: str | None


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    # The names and signatures below are click's.

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"monitor.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        _take_global_options(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is named, or which ones may be meant."""
        name = args[0]
        if name in COMMANDS or name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        # click would look among the commands that were imported: there are none.
        raise click.UsageError(_no_such_command(name), ctx)

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the table without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; our errors become a message and an exit status."""
        try:
            return super().invoke(ctx)
        except MonitorError as error:
            say(last_words(f"monitor: {_message(error)}"), err=True)
            sys.exit(_status(error))
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.ClickException as error:
            # It repeats what was typed, names of files included.
            error.message = printable(masked_in(error.message))  # type: ignore[misc]
            raise
        except BrokenPipeError:
            # The reader (a pager, `head`) had enough.
            sys.stderr.close()
            sys.exit(0)


def _no_such_command(name: str) -> str:
    from difflib import get_close_matches

    from monitor.cli.errors_told import in_terminals_words
    from monitor.reason import phrase

    near = get_close_matches(name, COMMANDS)
    if not near:
        return in_terminals_words(phrase("No such command {name}.", name=repr(name)))
    return in_terminals_words(
        phrase(
            "No such command {name}. Did you mean {near}?",
            name=repr(name),
            near=", ".join(map(repr, near)),
        )
    )


def _message(error: MonitorError) -> str:
    """One line, except where every problem has its own."""
    from monitor.cli.errors_told import told_error

    text = masked_in(told_error(error))
    return text if isinstance(error, ConfigError) else printable(text)


def _status(error: MonitorError) -> int:
    if isinstance(error, InputError):
        return EXIT_INPUT
    return EXIT_SERVICE if isinstance(error, ServiceError) else EXIT_NO


def _config_option(**more: Theirs) -> Callable[[FC], FC]:
    return click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Configuration file.",
        **more,
    )


def _database_option(**more: Theirs) -> Callable[[FC], FC]:
    return click.option(
        "--database",
        help="Database URL; replaces the file's. MONITOR_DATABASE replaces both.",
        **more,
    )


def _take_global_options(command: click.Command) -> None:
    """Let a command, and what is below it, take the global options too."""
    if any(parameter.name == "config_path" for parameter in command.params):
        return
    # Applied to a command, a decorator of click's appends to its parameters.
    _config_option(expose_value=False, callback=_into_settings)(command)
    _database_option(expose_value=False, callback=_into_settings)(command)
    if isinstance(command, click.Group):
        for below in command.commands.values():
            _take_global_options(below)


def _into_settings(ctx: click.Context, option: click.Parameter, value: object) -> None:
    """The option nearest to the end of the command line is in force."""
    if value is not None and option.name is not None:
        ctx.obj = replace(ctx.obj, **{option.name: value})


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@_config_option(default=Path("config.yaml"), show_default=True)
@_database_option()
@click.version_option(package_name="monitor", prog_name="monitor")
@click.pass_context
def cli(ctx: click.Context, config_path: Path, database: str | None) -> None:
    """Tell whether somebody slows down sites every evening, or only the busy hour."""
    ctx.obj = Settings(config_path, database)
