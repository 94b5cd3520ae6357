"""What click says of a mistake on the command line, in the language of the terminal.

click asks gettext for a compiled catalogue of its own, which it does not ship; its
sentences are among our messages instead. Those of `--help` are left: the texts beside
them are English, and some are asked for at every start, also of a process that runs
for months.
"""

import gettext
from typing import Final

from monitor.reason import phrase

_SENTENCES: Final = frozenset(
    sentence.message
    for sentence in (
        phrase("Usage:"),
        phrase("Error: {message}"),
        phrase("Try '{command} {option}' for help."),
        phrase("Missing argument"),
        phrase("Missing command."),
        phrase("Missing option"),
        phrase("No such command {name!r}."),
        phrase("No such option {name!r}."),
        phrase("Did you mean {possibility}?"),
        phrase("(Did you mean one of: {possibilities}?)"),
        phrase("Option {name!r} requires an argument."),
        phrase("Option {name!r} does not take a value."),
        phrase("Got unexpected extra argument ({args})"),
        phrase("Got unexpected extra arguments ({args})"),
        phrase("Invalid value: {message}"),
        phrase("Invalid value for {param_hint}: {message}"),
        phrase("{value!r} is not one of {choices}."),
        phrase("{value!r} is not a valid {number_type}."),
        phrase("{value} is not in the range {range}."),
        phrase("Aborted!"),
    )
)
"""With the places as click fills them."""


def speak() -> None:
    """Answer what click asks gettext for; it keeps no other door open."""
    gettext.dgettext = lambda domain, message: _told(message)
    gettext.dngettext = _told_counted


def _told_counted(domain: str, msgid1: str, msgid2: str, n: int) -> str:
    return _told(msgid1 if n == 1 else msgid2)


def _told(message: str) -> str:
    from monitor.cli.options import terminal_language

    code = terminal_language()
    if code == "en" or message not in _SENTENCES:
        return message
    from monitor.wording import language

    return language(code).gettext(message)
