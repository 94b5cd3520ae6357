"""What a database said when it failed, with the advice that helps."""

import re
from typing import Any, Final

_ADVICE: Final = (
    ("malformed", "the file is damaged; keep it, and recover it or name another file"),
    ("not a database", "the file is no SQLite database; name another file"),
    ("locked", "another program holds it; try again when that one has finished"),
    ("lock timeout", "another program holds it; try again when that one has finished"),
    ("readonly", "it may not be written; check the rights of file and folder"),
    ("unable to open", "it cannot be opened; check the rights of file and folder"),
    ("disk is full", "free some space"),
    ("password authentication", "check user and password"),
    ("no schema has been selected", "make the schema that `search_path` names"),
    ("startup parameter", "the pooler refuses it; take it out of the URL"),
    ("does not exist", "check the names in the URL"),
)

_REFUSED: Final = "42501"
"""SQLSTATE `insufficient_privilege`."""
_THING: Final = re.compile(r'(?:denied for|owner of) (\w+) "?([^\s"]+)"?')

_GRANTS: Final = {
    "schema": "GRANT USAGE, CREATE ON SCHEMA {thing} TO {role}",
    "table": "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE {thing} TO {role}",
    "view": "GRANT SELECT ON {thing} TO {role}",
    "relation": "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE {thing} TO {role}",
    "sequence": "GRANT USAGE, SELECT ON SEQUENCE {thing} TO {role}",
    "function": "GRANT EXECUTE ON FUNCTION {thing} TO {role}",
    "database": "GRANT CONNECT, CREATE ON DATABASE {thing} TO {role}",
}


def explained(error: BaseException, role: str | None) -> str:
    """What was said, in one line, and what to do about it.

    Parameters
    ----------
    error : the driver's.
    role : who asked, for the GRANT that helps.
    """
    said = " ".join(str(error).split())[:300]
    if is_refusal(error):
        return f"{said} ({_grant(said, role)})"
    advice = next((tip for sign, tip in _ADVICE if sign in said), "is it running?")
    return f"{said} ({advice})"


def is_refusal(error: BaseException | None) -> bool:
    """Whether the server refused this to the role: waiting will not help."""
    sqlstate: Any = getattr(error, "sqlstate", None)
    # Who may not connect at all is told so without a code.
    return bool(sqlstate == _REFUSED) or "permission denied for database" in str(error)


def _grant(said: str, role: str | None) -> str:
    match = _THING.search(said)
    who = quoted(role) if role else "the role in use"
    if match is None or match[1] not in _GRANTS or "owner of" in said:
        return f"let the owner of the tables run: GRANT its role TO {who}"
    grant = _GRANTS[match[1]].format(thing=quoted(match[2]), role=who)
    return f"let its owner run: {grant}"


def quoted(name: str) -> str:
    """A name as SQL has it: in quotes where it needs them."""
    if re.fullmatch("[a-z_][a-z0-9_]*", name):
        return name
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
