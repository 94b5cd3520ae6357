"""Addresses that may be shown: what is known to be harmless stays, all else is `***`.

A password stands in many parts of an address: before the host, in the query, in words
of libpq, in a path or a name that was meant to be another part. What may be shown is
therefore listed here, not what must not be.
"""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, quote, unquote_plus

HIDDEN: Final = "***"

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_AUTHORITY: Final = re.compile(
    r"(?:(?P<user>[^:/?#@]*)(?P<password>:[^@]*)?@)?"
    r"(?P<host>[^@/?#]*)(?P<path>/[^?#@]*)?(?:\?(?P<query>[^#@]*))?",
    re.DOTALL,
)
_HOST: Final = r"(?:[\w.%-]*|\[[\w:.%-]*\])(?::\d*)?"
_HOSTS: Final = re.compile(rf"{_HOST}(?:,{_HOST})*")
"""What stands for a port and is no number may be a secret."""
_NAME: Final = re.compile(r"[\w.-]*")
_DATABASES: Final = (
    *("postgresql", "postgres", "sqlite"),
    # Not ours; whoever names one is told so.
    *("mysql", "mariadb", "mssql", "oracle"),
)
_PLACE: Final = re.compile(r"[\w.,:\[\]%/-]*")
_NUMBER: Final = re.compile(r"\d*")
_HARMLESS: Final = {
    **dict.fromkeys(("host", "hostaddr"), _PLACE),
    **dict.fromkeys(("dbname", "user", "application_name"), _NAME),
    **dict.fromkeys(("port", "connect_timeout"), _NUMBER),
    "sslmode": re.compile("disable|allow|prefer|require|verify-ca|verify-full"),
    "target_session_attrs": re.compile(
        "any|read-write|read-only|primary|standby|prefer-standby"
    ),
}
"""Key of a database's query -> values that are no secret."""
_NAMED: Final = ("password", "sslpassword", "options", "passfile", "sslkey", "service")
"""Keys that are shown without their values; any other may be a secret itself."""
_SITES: Final = ("http", "https", "tcp", "tls", "mtproto")
"""Schemes of what is measured."""
_OPEN: Final = (*_SITES, "ftp", "ws", "wss", "file", "data")
"""Schemes whose addresses are no secret as long as nobody logs in by them."""
_PLAIN_FILE: Final = re.compile(r"[\w./\\ ~-]+")
_IN_TEXT: Final = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]+")


def masked(address: str) -> str:
    """An address as it may be shown.

    Of a database: scheme, user, hosts, name and harmless keys of the query; of a web
    server: scheme and host; of a file: all of it; of anything else the scheme alone.
    """
    match = _SCHEME.fullmatch(address)
    if match is None:
        return address if _PLAIN_FILE.fullmatch(address) else HIDDEN
    scheme, rest = match.groups()
    kind = scheme.partition("+")[0].lower()
    if kind == "sqlite" and rest.startswith("/"):
        file, _, query = rest.partition("?")
        return f"{scheme}://{file}{_query(query)}"
    parts = _AUTHORITY.fullmatch(rest)
    if parts is None or kind not in (*_DATABASES, *_SITES):
        return f"{scheme}://{HIDDEN}"
    shown = f"{scheme}://{_user(parts)}{_plain(_HOSTS, parts['host'])}"
    if kind not in _DATABASES:
        is_bare = (parts["path"] or "/") == "/" and not parts["query"]
        return f"{shown}{parts['path'] or ''}" if is_bare else f"{shown}/{HIDDEN}"
    path = parts["path"]
    name = "" if path is None else f"/{_plain(_NAME, path[1:])}"
    return f"{shown}{name}{_query(parts['query'])}"


def masked_in(text: str) -> str:
    """A text of somebody else, with every address in it as it may be shown."""
    text = _IN_TEXT.sub(lambda match: masked_login(match[0]), text)
    return _PASSWORD.sub(rf"\1{HIDDEN}", text)


_PASSWORD: Final = re.compile(
    r"\b((?:\w*passw\w*|pwd)\s*[=:]\s*)(?!\*\*\*)"
    r"('[^']*'|\"[^\"]*\"|[^\s&;)'\"]+)",
    re.IGNORECASE,
)
"""As libpq takes it, and many others."""


def has_stray_at(address: str) -> bool:
    """Whether an `@` divides a database's address where its writer did not mean it.

    A part of the password would then be taken for the name of a server, and be asked
    for in DNS.
    """
    place, _, query = address.partition("@")[2].partition("?")
    keys = (pair.partition("=")[0] for pair in query.split("&"))
    return "@" in place or any("@" in key for key in keys)


def masked_login(address: str) -> str:
    """An address in a message: as it is, unless it may hold a secret."""
    scheme = address.partition("://")[0].partition("+")[0].lower()
    is_open = scheme in _OPEN and "@" not in address
    return address if is_open else masked(address)


def without_secrets(text: str, address: str) -> str:
    """What a driver said about a database, without the secrets of its address."""
    for secret in sorted(set(_secrets(address)), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return masked_in(text)


def _user(parts: re.Match[str]) -> str:
    if parts["user"] is None:
        return ""
    password = "" if parts["password"] is None else f":{HIDDEN}"
    return f"{_plain(_NAME, parts['user'])}{password}@"


def _plain(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) else HIDDEN


def _query(query: str | None) -> str:
    if not query:
        return ""
    return "?" + "&".join(
        f"{key}={quote(value, safe=',:[]/')}"
        if _is_harmless(key, value)
        else f"{key if key in (*_NAMED, *_HARMLESS) else HIDDEN}={HIDDEN}"
        for key, value in parse_qsl(query, keep_blank_values=True)
    )


def _is_harmless(key: str, value: str) -> bool:
    return key in _HARMLESS and _HARMLESS[key].fullmatch(value) is not None


_SHORTEST_SECRET: Final = 3
"""To hide less than this would hide half of every text."""


def _secrets(address: str) -> Iterator[str]:
    """Every part of an address that `masked` does not show, as written and decoded."""
    rest = address.partition("://")[2] or address
    login, _, place = rest.rpartition("@")
    hosts = re.split("[/?]", place, maxsplit=1)[0]
    values = [login.partition(":")[2], *_odd_ports(hosts)]
    for key, value in parse_qsl(place.partition("?")[2], keep_blank_values=True):
        if not _is_harmless(key, value):
            values += [value, *([] if key in (*_NAMED, *_HARMLESS) else [key])]
    if _AUTHORITY.fullmatch(rest) is None:
        # Nobody can say what is what: none of its words is shown.
        values += _PARTS.split(rest)
    for value in values:
        for form in (value, unquote_plus(value), quote(value, safe="")):
            if len(form) >= _SHORTEST_SECRET:
                yield form


def _odd_ports(hosts: str) -> Iterator[str]:
    for host in hosts.split(","):
        port = _LITERAL.sub("", host).partition(":")[2]
        if port and not port.isdigit():
            yield port


_LITERAL: Final = re.compile(r"\[[^\]]*\]")
"""An address of IPv6, which has colons of its own."""
_PARTS: Final = re.compile(r"[:@/?#&=\s]+")
