"""How a PostgreSQL server is spoken to, also through a pooler that shares its sessions.

A pooler in transaction mode (PgBouncer as it is shipped) gives every transaction any
session it likes: what is to hold for ours is set at its begin and ends with it, nothing
is prepared, and no `options` are sent, which such a pooler refuses or drops.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from sqlalchemy import URL

from monitor.errors import InputError

_ARGUMENTS: Final[Mapping[str, Any]] = {
    # A server that vanished without a word is given up after about this long, not
    # after the kernel's quarter of an hour.
    "connect_timeout": 2,
    "tcp_user_timeout": 3000,
    "keepalives_idle": 10,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "application_name": "monitor",
}
_OURS: Final[Mapping[str, Any]] = {
    # Whatever the environment says: texts of all languages come and go.
    "client_encoding": "utf8",
    "prepare_threshold": None,
}
_SETTINGS: Final[Mapping[str, str]] = {"lock_timeout": "3000", "TimeZone": "UTC"}

_WORD: Final = re.compile(r"(?:\\.|[^\\\s])+", re.DOTALL)
_SETTING: Final = re.compile(r"(?:-c|--)([A-Za-z_][\w.-]*)=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Server:
    """Where to connect, with what, and what to set in every transaction."""

    url: URL
    arguments: Mapping[str, Any]
    """For the driver."""
    settings: Mapping[str, str]
    """Name of a parameter of the server -> its value."""

    @classmethod
    def of(cls, url: URL) -> Self:
        """The server of a database URL.

        Raises
        ------
        InputError : its `options` hold more than settings.
        """
        given = url.query.get("options", os.environ.get("PGOPTIONS", ""))
        options = given if isinstance(given, str) else " ".join(given)
        arguments = {k: v for k, v in _ARGUMENTS.items() if k not in url.query}
        if options:
            # Said here, or the driver would send them.
            arguments["options"] = ""
        settings = {**_SETTINGS, **_parsed(options)}
        return cls(url, {**arguments, **_OURS}, settings)

    def setting(self, settings: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
        """The statement that sets values up to the end of the transaction."""
        calls = ", ".join(["set_config(%s, %s, true)"] * len(settings))
        return f"SELECT {calls}", tuple(t for item in settings.items() for t in item)

    @property
    def schema(self) -> str | None:
        """The schema in which the URL wants the tables; None: it says nothing."""
        path = self.settings.get("search_path", "")
        match = re.match(r'\s*(?:"((?:[^"]|"")+)"|([^",\s]+))', path)
        if match is None or "$user" in match.group():
            return None
        quoted, plain = match.groups()
        return quoted.replace('""', '"') if quoted else plain.lower()


def _parsed(options: str) -> dict[str, str]:
    """The settings in `options` as PostgreSQL reads them: -c NAME=VALUE, --NAME=VALUE.

    A blank inside a value has a backslash before it.
    """
    words = [re.sub(r"\\(.)", r"\1", word) for word in _WORD.findall(options)]
    settings = {}
    while words:
        word = words.pop(0)
        if word == "-c" and words:
            word += words.pop(0)
        match = _SETTING.fullmatch(word)
        if match is None:
            raise InputError(
                f"database: options: found {word!r}; allowed: -c NAME=VALUE"
            )
        settings[match[1].replace("-", "_")] = match[2]
    return settings
