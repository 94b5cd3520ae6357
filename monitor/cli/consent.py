"""Consent before the first measurement: asked on a terminal, not of a service."""

import logging
import os
import sys
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import click

from monitor.cli.options import LANGUAGES, refused, terminal_language
from monitor.cli.terminal import say
from monitor.clock import Clock
from monitor.config import Config
from monitor.errors import InputError, MonitorError, StoreError
from monitor.reason import phrase

if TYPE_CHECKING:
    from monitor.store import Store
    from monitor.wording.consent_texts import ConsentText

_log = logging.getLogger(__name__)

ENVIRONMENT_CONSENT: Final = "MONITOR_CONSENT"
VERSION: Final = 1
"""Of the texts; a new one is asked for when what the program does has changed."""
DIFFERENTIAL_VERSION: Final = 2
"""Of the texts with blocks: a consent to less is none to them."""
WAYS_VERSION: Final = 3
"""Of the texts with ways."""
ALL_VERSION: Final = 4
"""Of the texts with blocks and ways."""
ASKED_OF: Final = {
    VERSION: frozenset[str](),
    DIFFERENTIAL_VERSION: frozenset({"differential"}),
    WAYS_VERSION: frozenset({"ways"}),
    ALL_VERSION: frozenset({"differential", "ways"}),
}
"""Version -> keys of the configuration whose texts it holds beside the usual one."""

_TRIES: Final = 3
_LEVELS: Final = ("plain", "extended")


class ConsentError(MonitorError):
    """The person does not want it, or did not understand it."""


def ensure_consent(
    store: "Store",
    config: Config,
    clock: Clock,
    *,
    yes: bool,
    page_language: str | None = None,
) -> None:
    """Return when measuring may begin.

    Parameters
    ----------
    yes : consent was given on the command line.
    page_language : in which it was asked for and given in the browser.

    Raises
    ------
    ConsentError : somebody was asked and did not agree.
    InputError : the configuration requires a consent, and nobody can be asked.
    """
    if _is_given(store, config):
        return
    if page_language is not None:
        _record(store, config, clock, way="page", language=page_language)
        return
    way = _way_without_asking(yes=yes)
    if way is None and not _is_terminal():
        _go_on_without(config)
        return
    language = terminal_language()
    if way is None:
        way, language = "terminal", _ask(config)
    _record(store, config, clock, way=way, language=language)


def _is_given(store: "Store", config: Config) -> bool:
    try:
        store.open()
        given = store.consents.all_given(config.vantage)
    except StoreError:
        return False
    rank = _LEVELS.index(config.probing.level)
    asked = _asked(config)
    return any(
        asked <= ASKED_OF.get(c.version, frozenset()) and c.level in _LEVELS[rank:]
        for c in given
    )


def _asked(config: Config) -> frozenset[str]:
    """The keys of the configuration that need a consent of their own."""
    chosen = {"differential": config.differential, "ways": config.ways}
    return frozenset(key for key, value in chosen.items() if value)


def _version(config: Config) -> int:
    return next(v for v, keys in ASKED_OF.items() if keys == _asked(config))


def _way_without_asking(*, yes: bool) -> str | None:
    if yes:
        return "--yes"
    value = os.environ.get(ENVIRONMENT_CONSENT)
    if value in (None, ""):
        return None
    if value != "yes":
        raise InputError(refused(ENVIRONMENT_CONSENT, value, "yes"))
    return ENVIRONMENT_CONSENT


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _go_on_without(config: Config) -> None:
    if asked := _asked(config):
        raise InputError(
            phrase(
                "{names:names}: needs a consent of its own, and there is no terminal to"
                " ask on; run it once on a terminal, or with --yes or {variable}=yes",
                names=tuple(sorted(asked)),
                variable=ENVIRONMENT_CONSENT,
            )
        )
    if config.consent == "require":
        raise InputError(
            phrase(
                "consent: require, but there is no terminal to ask on; run it once on a"
                " terminal, or with --yes or {variable}=yes",
                variable=ENVIRONMENT_CONSENT,
            )
        )
    _log.warning(
        "consent event=not_asked: no terminal; `monitor run` on a terminal tells what"
        " is measured, seen and stored"
    )


def _ask(config: Config) -> str:
    """Tell and ask; the language that was chosen."""
    # Only where somebody is asked: what words take stays with a process for months.
    from monitor.wording.consent_texts import TEXTS

    language: str = click.prompt(
        "Language / Язык / Тіл",
        type=click.Choice(LANGUAGES),
        default=terminal_language(),
        err=True,
    )
    text = TEXTS[language]
    for _ in range(_TRIES):
        _tell(config, text)
        if _answer(text, text.seen_question) and not _answer(text, text.sent_question):
            break
        say(f"\n{text.wrong}", err=True)
    else:
        raise ConsentError("consent: the questions were not answered; nothing begun")
    if not _answer(text, text.agree_question):
        raise ConsentError("consent: not given; nothing begun")
    return language


def _tell(config: Config, text: "ConsentText") -> None:
    level = config.probing.level
    n_sites = len(config.targets) + len(config.controls)
    say("\n" + text.body.format(n=n_sites, level=level), err=True)
    if level == "extended":
        say(text.extended, err=True)
    if config.differential is not None:
        host = urlsplit(config.differential.neutral).hostname
        names = ", ".join(config.differential.targets)
        say(text.differential.format(host=host, names=names), err=True)
    if config.ways:
        names = ", ".join(way.name for way in config.ways)
        often = min(way.every for way in config.ways)
        minutes = int(often.total_seconds() // 60)
        say(text.ways.format(names=names, minutes=minutes), err=True)


def _answer(text: "ConsentText", question: str) -> bool:
    choice = f"[{text.yes[0]}/{text.no[0]}]"
    while True:
        said = click.prompt(f"{question} {choice}", prompt_suffix=" ", err=True)
        word = str(said).strip().lower()
        if word in (*text.yes, *text.no):
            return word in text.yes
        say(text.unclear, err=True)


def _record(
    store: "Store", config: Config, clock: Clock, *, way: str, language: str
) -> None:
    from monitor.store.consents import Consent

    consent = Consent(
        given_at_utc=clock.now_utc(),
        version=_version(config),
        level=config.probing.level,
        language=language,
        way=way,
        vantage=config.vantage,
    )
    try:
        store.open()
        store.consents.append(consent)
    except StoreError as error:
        _log.warning("consent event=not_recorded reason=%s", error)
