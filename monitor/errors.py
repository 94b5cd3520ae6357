"""What can go wrong in the program itself; a network failure is a value, not an error.

MonitorError
├── InputError              bad configuration, file, option: exit status 2
│   └── ConfigError         every problem of one configuration, each with its path
└── ServiceError            a needed service is out of reach: exit status 3
    └── StoreError          the database cannot be used now
        ├── RightsError     its server refuses to this role what is needed
        └── HeldError       another process measures this vantage into it
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Self

from monitor.text import printable


class MonitorError(Exception):
    """Any failure of this program that a person is told about in one message."""


class InputError(MonitorError):
    """Input that cannot be used: where, what was found, what is allowed.

    Its argument is a text, or a reason, which is told in the reader's language.
    """


class ConfigError(InputError):
    """All problems of one configuration at once.

    Parameters
    ----------
    source : where the configuration came from, usually a file name.
    problems : one line each, ``path: what was found; what is allowed``: texts, or
        reasons, which are told in the reader's language.
    """

    def __init__(self, source: str, problems: Sequence[object]) -> None:
        self.source = printable(source)
        self.reasons = tuple(problems)
        # Keys and values may hold line ends: each problem stays one line.
        self.problems = tuple(printable(str(problem)) for problem in problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{self.source}: {len(self.problems)} problem(s)\n{lines}")

    def __reduce__(self) -> tuple[type[Self], tuple[str, tuple[object, ...]]]:
        """How a child hands it over."""
        return type(self), (self.source, self.reasons)


class ServiceError(MonitorError):
    """A service that is needed to go on is out of reach."""


class StoreError(ServiceError):
    """The database cannot be opened, read or written now."""


class RightsError(StoreError):
    """The database refuses to this role what is needed; waiting will not help."""


class HeldError(StoreError):
    """Another process measures this vantage into the database."""


def refuse_unknown(option: str, names: Iterable[str], allowed: Collection[str]) -> None:
    """Refuse a name that is not known; where nothing is known, nothing is refused.

    Raises
    ------
    InputError : a misspelled name would look like an empty answer.
    """
    from difflib import get_close_matches

    for name in names:
        if allowed and name not in allowed:
            told = ", ".join(sorted(allowed))
            near = get_close_matches(name, allowed, 1)
            meant = f" (did you mean {near[0]!r}?)" if near else ""
            raise InputError(f"{option}: found {name!r}; allowed: {told}{meant}")
