"""`monitor init`: a configuration for this home, tried from its line before it stands.

Questions only on a terminal; every one has an answer that Return takes.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from monitor.cli.options import refused
from monitor.cli.root import Settings
from monitor.cli.terminal import say, visible
from monitor.errors import InputError
from monitor.reason import Reason, phrase

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.config.proposal import Choices
    from monitor.doctor.measured_hosts import Outcomes
    from monitor.model import Sample
    from monitor.probe.failure import NotTriedError
    from monitor.wording import Language

_ANSWERS_S: Final = 60
_SHIPPED_BYTES: Final = 1 << 20


class Voice:
    """Asks and tells on the terminal, in one language."""

    def __init__(self, tongue: "Language") -> None:
        self.code = tongue.code
        self._tongue = tongue

    def told(self, reason: Reason) -> str:
        """A text in words."""
        from monitor.wording.reason_words import told

        return told(reason, self._tongue)

    def tell(self, reason: Reason) -> None:
        """Say it beside what the command prints."""
        say(self.told(reason), err=True)

    def answer(self, question: Reason, proposal: str) -> str:
        """What somebody types, or the proposal."""
        text = self.told(question)
        return str(click.prompt(text, default=proposal, err=True)).strip()

    def secret(self, question: Reason) -> str:
        """What somebody types unseen."""
        return str(
            click.prompt(
                self.told(question),
                default="",
                hide_input=True,
                show_default=False,
                err=True,
            )
        )


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
            phrase(
                "{path}: was changed since it was shipped; allowed: another --config,"
                " or none where this one lies",
                path=str(path),
            )
        )
    from monitor.cli.options import terminal_language
    from monitor.wording import language

    voice = Voice(language(terminal_language()))
    if page:
        choices = _choices_of_page(sys.stdin.read(_SHIPPED_BYTES))
        voice = Voice(language(choices.language))
    elif not yes and not has_terminal:
        raise InputError(phrase("init: no terminal to ask on; allowed: --yes"))
    else:
        choices = _choices(voice, country, timezone, asks=not yes)
    text = _tried(voice, choices)
    with replacing(path) as temporary:
        temporary.write_text(text, "utf-8")
    _tell(settings, voice, yes=yes, page_language=voice.code if page else None)


def _may_be_written(path: Path) -> bool:
    from monitor.config.proposal import is_shipped

    if not path.exists():
        return True
    if path.stat().st_size > _SHIPPED_BYTES:
        return False
    return is_shipped(path.read_text("utf-8", errors="replace"))


def _choices(
    voice: Voice, country: str | None, timezone: str | None, *, asks: bool
) -> "Choices":
    from monitor.config.countries import country_of
    from monitor.config.proposal import Choices
    from monitor.machine import machine_zone

    zone = timezone or machine_zone()
    if asks and timezone is None:
        question = phrase("Time zone of this home")
        zone = voice.answer(question, zone or "Asia/Almaty")
    if zone is None:
        raise InputError(
            phrase(
                "--timezone: this machine names none; allowed: an IANA time zone such"
                " as Asia/Almaty"
            )
        )
    _check_zone(zone)
    code = country or country_of(zone)
    if asks and country is None:
        question = phrase("Country of this home, two letters")
        code = voice.answer(question, code or "-")
    code = _checked_code(code)
    if not asks:
        return Choices(timezone=zone, country=code, language=voice.code)
    return Choices(
        timezone=zone,
        country=code,
        per_month=_asked_cap(voice),
        password_hash=_asked_password(voice),
        language=voice.code,
    )


def _choices_of_page(text: str) -> "Choices":
    """What the dashboard's first page asked for, and the language it asked in."""
    from monitor.config.proposal import Choices

    asked = json.loads(text)
    _check_zone(asked["timezone"])
    return Choices(
        timezone=asked["timezone"],
        country=_checked_code(asked["country"]),
        per_month=asked["per_month"],
        password_hash=asked["password_hash"],
        language=str(asked["language"]),
    )


def _check_zone(zone: str) -> None:
    from monitor.wallclock import zone_named

    try:
        zone_named(zone)
    except ValueError:
        allowed = phrase("an IANA time zone such as Asia/Almaty")
        raise InputError(refused("--timezone", visible(zone), allowed)) from None


def _checked_code(code: str | None) -> str | None:
    from monitor.config.countries import checked_country

    if code in (None, "", "-"):
        return None
    try:
        return checked_country(str(code))
    except ValueError as error:
        raise InputError(refused("--country", visible(code), *error.args)) from None


def _asked_cap(voice: Voice) -> str | None:
    from monitor.config.values import parsed_size

    voice.tell(
        phrase(
            "The transfers take roughly {day:.1f} GB a day, {month:.0f} GB a month,"
            " without a cap. With one, the evening comes first.",
            day=1.2,
            month=36.0,
        )
    )
    none = voice.told(phrase("none"))
    while True:
        cap = voice.answer(phrase("Most data in a month, such as 10GB"), none)
        if cap in ("none", none):
            return None
        try:
            if parsed_size(cap) >= 1_000_000:
                return cap
        except ValueError:
            pass
        voice.tell(phrase("a size such as 10GB, at least 1MB; or none"))


def _asked_password(voice: Voice) -> str | None:
    from monitor.cli.web import LEAST_LETTERS
    from monitor.web.lock.access import MAX_SECRET, new_hash

    voice.tell(
        phrase(
            "The dashboard opens on this machine only. With a password it can be opened"
            " from every device in this house."
        )
    )
    question = phrase("Password, {n} letters or more (Return: none)", n=LEAST_LETTERS)
    while True:
        password = voice.secret(question)
        if not password:
            return None
        if LEAST_LETTERS <= len(password) <= MAX_SECRET:
            return new_hash(password)


def _tried(voice: Voice, choices: "Choices") -> str:
    """The text for the choices, without the controls that do not answer here."""
    from monitor.clock import SystemClock
    from monitor.config.proposal import proposed, without_controls
    from monitor.daemon.wiring import probe_settings
    from monitor.doctor.measured_hosts import tried
    from monitor.probe import Prober

    text = proposed(choices)
    config = _parsed(text)
    voice.tell(
        phrase(
            "trying {targets} targets and {controls} controls from this line (up to"
            " {s} s) ...",
            targets=len(config.targets),
            controls=len(config.controls),
            s=_ANSWERS_S,
        )
    )
    prober = Prober(probe_settings(config), SystemClock())
    outcomes = asyncio.run(tried(prober, config.all_targets()))
    _tell_outcomes(voice, outcomes)
    controls = [site.name for site in config.controls]
    dead = [name for name in controls if _duration_s(outcomes[name]) is None]
    if len(dead) == len(controls):
        voice.tell(phrase("no control answered: is the line up? All of them stay."))
        return text
    if dead:
        names = ", ".join(map(visible, dead))
        voice.tell(phrase("left out, as comments: {names}", names=names))
    n_left = len(controls) - len(dead)
    if n_left < 5:
        voice.tell(
            phrase(
                "{n} controls are few: five or more of three kinds make a verdict"
                " strong; add some to the file",
                n=n_left,
            )
        )
    return without_controls(text, dead)


def _parsed(text: str) -> "Config":
    from ruamel.yaml import YAML

    from monitor.config import parse

    return parse(YAML(typ="safe").load(text), source="proposal")


def _tell_outcomes(voice: Voice, outcomes: "Outcomes") -> None:
    from monitor.doctor.measured_hosts import what_failed

    for name, outcome in outcomes.items():
        duration_s = _duration_s(outcome)
        what = what_failed(outcome)
        if duration_s is not None:
            what = phrase("{ms:.0f} ms", ms=1e3 * duration_s)
        say(f"  {visible(name)}: {visible(voice.told(what))}", err=True)


def _duration_s(outcome: "Sample | NotTriedError") -> float | None:
    """How long an answer took; None: there was none."""
    if isinstance(outcome, Exception) or outcome.failure:
        return None
    return outcome.duration_s or 0.0


def _tell(
    settings: Settings, voice: Voice, *, yes: bool, page_language: str | None
) -> None:
    from monitor.cli.consent import ensure_consent
    from monitor.cli.options import configuration
    from monitor.clock import SystemClock
    from monitor.store import Store

    config = configuration(settings)
    with Store(config.database) as store:
        ensure_consent(
            store, config, SystemClock(), yes=yes, page_language=page_language
        )
    path, zone = str(settings.config_path), config.timezone
    written = phrase("written: {path}; times of {zone}", path=path, zone=zone)
    say(voice.told(written))
    say(voice.told(_where_to_look(config)))
    if not config.web.is_loopback and sys.stdout.isatty():
        say("\n".join(qr_lines(_url_in_house(config))))


def _where_to_look(config: "Config") -> Reason:
    if config.web.is_loopback:
        return phrase(
            "`monitor run` measures; the page opens at {url} on this machine",
            url=f"http://127.0.0.1:{config.web.port}",
        )
    return phrase(
        "`monitor run` measures; the page opens at {url} in this house",
        url=_url_in_house(config),
    )


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
