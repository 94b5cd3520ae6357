"""What went wrong, in the language of the terminal, as far as it has a reason."""

from monitor.errors import ConfigError, MonitorError
from monitor.reason import Reason, phrase
from monitor.text import printable


def told_error(error: MonitorError) -> str:
    """The message of an error; one line, except where every problem has its own."""
    if isinstance(error, ConfigError):
        return _told_problems(error)
    match error.args:
        case (Reason() as reason,):
            return in_terminals_words(reason)
    return str(error)


def _told_problems(error: ConfigError) -> str:
    n = phrase("{source}: {n} problem(s)", source=error.source, n=len(error.reasons))
    lines = (
        in_terminals_words(r) if isinstance(r, Reason) else str(r)
        for r in error.reasons
    )
    return "\n  ".join([in_terminals_words(n), *map(printable, lines)])


def in_terminals_words(reason: Reason) -> str:
    """A reason in the language of the terminal."""
    from monitor.cli.options import terminal_language

    code = terminal_language()
    if code == "en":
        return str(reason)
    # Nobody waits for a catalogue who reads no translation.
    from monitor.wording import language
    from monitor.wording.reason_words import told

    return told(reason, language(code))
