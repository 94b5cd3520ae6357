"""The door to a database for a test that asks one question of it."""

from collections.abc import Callable, Iterator
from typing import Any

from monitor.store import Store, open_store


def ask_store(
    url: str, question: Callable[..., Any], /, *rest: Any, **named: Any
) -> Any:
    """What a function says of the database at a URL, created when needed."""
    with open_store(url) as store:
        return _whole(question(store, *rest, **named))


def ask_store_as_it_is(
    url: str, question: Callable[..., Any], /, *rest: Any, **named: Any
) -> Any:
    """The same of a database that is not brought to this version first."""
    with Store(url) as store:
        return _whole(question(store, *rest, **named))


def _whole(answer: Any) -> Any:
    return list(answer) if isinstance(answer, Iterator) else answer
