"""`monitor init`: a configuration for this home, tried from its line before it stands.

Questions only on a terminal; every one has an answer that Return takes.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from monitor.cli.root import Settings
from monitor.cli.terminal import say, visible
from monitor.errors import InputError

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.config.proposal import Choices
    from monitor.doctor.measured_hosts import Outcomes
    from monitor.model import Sample
    from monitor.probe.failure import NotTriedError

_ANSWERS_S: Final = 60
_SHIPPED_BYTES: Final = 1 << 20


@click.command("init")
@click.option("--country", help="ISO 3166 code, such as KZ; else that of the zone.")
@click.option("--timezone", help="IANA zone; else this machine's.")
@click.option("--yes", is_flag=True, help="Take every proposal; consent is given.")
@click.option(
    "--when-shipped",
    is_flag=True,
    help="Do nothing without a terminal, or where the file was changed already.",
)
@click.option("--page", is_flag=True, hidden=True, help="Choices as JSON on stdin.")
@click.pass_obj
def init_command(
    settings: Settings,
    country: str | None,
    timezone: str | None,
    *,
    yes: bool,
    when_shipped: bool,
    page: bool,
) -> None:
    """Write a configuration for this home.

    The zone is this machine's; targets and control sites are tried from this line, and
    controls that do not answer are left out. A file that you have changed is not
    touched.
    """
    from monitor.interchange.writing import replacing

    path = settings.config_path
    has_terminal = sys.stdin.isatty() and sys.stderr.isatty()
    if when_shipped and (not has_terminal or not _may_be_written(path)):
        return
    if not _may_be_written(path):
        raise InputError(
            f"{path}: was changed since it was shipped; allowed: another --config, or"
            " none where this one lies"
        )
    page_language = None
    if page:
        choices, page_language = _choices_of_page(sys.stdin.read(_SHIPPED_BYTES))
    elif not yes and not has_terminal:
        raise InputError("init: no terminal to ask on; allowed: --yes")
    else:
        choices = _choices(country, timezone, asks=not yes)
    text = _tried(choices)
    with replacing(path) as temporary:
        temporary.write_text(text, "utf-8")
    _tell(settings, yes=yes, page_language=page_language)


def _may_be_written(path: Path) -> bool:
    from monitor.config.proposal import is_shipped

    if not path.exists():
        return True
    if path.stat().st_size > _SHIPPED_BYTES:
        return False
    return is_shipped(path.read_text("utf-8", errors="replace"))


def _choices(country: str | None, timezone: str | None, *, asks: bool) -> "Choices":
    from monitor.config.countries import country_of
    from monitor.config.proposal import Choices
    from monitor.machine import machine_zone

    zone = timezone or machine_zone()
    if asks and timezone is None:
        zone = _asked("Time zone of this home", zone or "Asia/Almaty")
    if zone is None:
        raise InputError(
            "--timezone: this machine names none; allowed: an IANA zone, such as"
            " Asia/Almaty"
        )
    _check_zone(zone)
    code = country or country_of(zone)
    if asks and country is None:
        code = _asked("Country of this home, two letters", code or "-")
    code = _checked_code(code)
    if not asks:
        return Choices(timezone=zone, country=code)
    return Choices(
        timezone=zone,
        country=code,
        per_month=_asked_cap(),
        password_hash=_asked_password(),
    )


def _choices_of_page(text: str) -> "tuple[Choices, str]":
    """What the dashboard's first page asked for, and the language it asked in."""
    from monitor.config.proposal import Choices

    asked = json.loads(text)
    _check_zone(asked["timezone"])
    choices = Choices(
        timezone=asked["timezone"],
        country=_checked_code(asked["country"]),
        per_month=asked["per_month"],
        password_hash=asked["password_hash"],
    )
    return choices, str(asked["language"])


def _asked(question: str, proposal: str) -> str:
    return str(click.prompt(question, default=proposal, err=True)).strip()


def _check_zone(zone: str) -> None:
    from monitor.wallclock import zone_named

    try:
        zone_named(zone)
    except ValueError:
        raise InputError(
            f"--timezone: found {visible(zone)!r}; allowed: an IANA zone, such as"
            " Asia/Almaty"
        ) from None


def _checked_code(code: str | None) -> str | None:
    from monitor.config.countries import checked_country

    if code in (None, "", "-"):
        return None
    try:
        return checked_country(str(code))
    except ValueError as error:
        raise InputError(
            f"--country: found {visible(code)!r}; allowed: {error}"
        ) from None


def _asked_cap() -> str | None:
    from monitor.config.values import parsed_size

    say(
        "The transfers take roughly 1.2 GB a day, 36 GB a month, without a cap. With"
        " one, the evening comes first.",
        err=True,
    )
    while True:
        cap = _asked("Most data in a month, such as 10GB", "none")
        if cap == "none":
            return None
        try:
            if parsed_size(cap) >= 1_000_000:
                return cap
        except ValueError:
            pass
        say("a size such as 10GB, at least 1MB; or none", err=True)


def _asked_password() -> str | None:
    from monitor.cli.web import LEAST_LETTERS
    from monitor.web.lock.access import MAX_SECRET, new_hash

    say(
        "The dashboard opens on this machine only. With a password it can be opened"
        " from every device in this house.",
        err=True,
    )
    while True:
        password = str(
            click.prompt(
                f"Password, {LEAST_LETTERS} letters or more (Return: none)",
                default="",
                hide_input=True,
                show_default=False,
                err=True,
            )
        )
        if not password:
            return None
        if LEAST_LETTERS <= len(password) <= MAX_SECRET:
            return new_hash(password)


def _tried(choices: "Choices") -> str:
    """The text for the choices, without the controls that do not answer here."""
    from monitor.clock import SystemClock
    from monitor.config.proposal import proposed, without_controls
    from monitor.daemon.wiring import probe_settings
    from monitor.doctor.measured_hosts import tried
    from monitor.probe import Prober

    text = proposed(choices)
    config = _parsed(text)
    say(
        f"trying {len(config.targets)} targets and {len(config.controls)} controls"
        f" from this line (up to {_ANSWERS_S} s) ...",
        err=True,
    )
    prober = Prober(probe_settings(config), SystemClock())
    outcomes = asyncio.run(tried(prober, config.all_targets()))
    _print_outcomes(outcomes)
    controls = [site.name for site in config.controls]
    dead = [name for name in controls if _duration_s(outcomes[name]) is None]
    if len(dead) == len(controls):
        say("no control answered: is the line up? All of them stay.", err=True)
        return text
    if dead:
        names = ", ".join(map(visible, dead))
        say(f"left out, as comments: {names}", err=True)
    n_left = len(controls) - len(dead)
    if n_left < 5:
        say(
            f"{n_left} controls are few: five or more of three kinds make a verdict"
            " strong; add some to the file",
            err=True,
        )
    return without_controls(text, dead)


def _parsed(text: str) -> "Config":
    from ruamel.yaml import YAML

    from monitor.config import parse

    return parse(YAML(typ="safe").load(text), source="proposal")


def _print_outcomes(outcomes: "Outcomes") -> None:
    from monitor.doctor.measured_hosts import what_failed

    for name, outcome in outcomes.items():
        duration_s = _duration_s(outcome)
        what = what_failed(outcome)
        if duration_s is not None:
            what = f"{1e3 * duration_s:.0f} ms"
        say(f"  {visible(name)}: {visible(what)}", err=True)


def _duration_s(outcome: "Sample | NotTriedError") -> float | None:
    """How long an answer took; None: there was none."""
    if isinstance(outcome, Exception) or outcome.failure:
        return None
    return outcome.duration_s or 0.0


def _tell(settings: Settings, *, yes: bool, page_language: str | None) -> None:
    from monitor.cli.consent import ensure_consent
    from monitor.cli.options import configuration
    from monitor.clock import SystemClock
    from monitor.store import Store

    config = configuration(settings)
    with Store(config.database) as store:
        ensure_consent(
            store, config, SystemClock(), yes=yes, page_language=page_language
        )
    say(f"written: {settings.config_path}; times of {config.timezone}")
    say(f"`monitor run` measures; the page opens at {_address(config)}")
    if not config.web.is_loopback and sys.stdout.isatty():
        say("\n".join(qr_lines(_url_in_house(config))))


def _address(config: "Config") -> str:
    if config.web.is_loopback:
        return f"http://127.0.0.1:{config.web.port} on this machine"
    return f"{_url_in_house(config)} in this house"


def _url_in_house(config: "Config") -> str:
    from monitor.machine import own_address

    return f"http://{own_address()}:{config.web.port}{config.web.base_path}"


def qr_lines(text: str) -> list[str]:
    """A QR code in half blocks, dark on light, for a terminal with light letters."""
    import segno

    rows = [list(row) for row in segno.make(text, micro=False).matrix_iter(border=2)]
    light = [0] * len(rows[0])
    pairs = zip(rows[::2], [*rows[1::2], *[light] * (len(rows) % 2)], strict=True)
    return ["".join(map(_half_blocks, *pair)) for pair in pairs]


def _half_blocks(upper: int, lower: int) -> str:
    """Two modules, one above the other; what is light is drawn."""
    return {(0, 0): "\u2588", (0, 1): "\u2580", (1, 0): "\u2584", (1, 1): " "}[
        bool(upper), bool(lower)
    ]
