"""What has no type before it is looked at: named here, so that each has its reason."""

from typing import Any, TypeAlias

Json: TypeAlias = Any
"""A JSON value that somebody else wrote, nested as they like. Every use converts it, or
catches what is wrong with it: `object` would ask for a check of each step down.
Also a cell of a file or a database before it is given its type."""

Theirs: TypeAlias = Any
"""An argument or an answer of another library's function that is only handed on."""


def without_doubles(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """A JSON object, for `json.loads`; of two values under one name neither is right.

    Raises
    ------
    ValueError : a name is there twice.
    """
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a name is there twice")
    return values
