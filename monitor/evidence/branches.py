"""What a link of the chain binds: the links behind it, and with them the days; pure.

A link names the one before it by its digest, so a digest binds its own link and all on
the way back to the beginning, and nothing else: not a link that came later, not one
that stands beside that way. A day is bound as its newest link on the way tells it.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

from monitor.model import DayDigest

LinkT = TypeVar("LinkT", bound=DayDigest)


def branch(links: Iterable[LinkT], digest: str) -> dict[str, LinkT]:
    """Day -> its newest link on the way from the link with a digest to the beginning.

    Parameters
    ----------
    links : of one vantage; their digests are those of their content.
    """
    by_digest = {link.digest: link for link in links}
    bound: dict[str, LinkT] = {}
    link = by_digest.get(digest)
    while link is not None:
        bound.setdefault(link.day, link)
        link = by_digest.get(link.previous)
    return bound


def strays(links: Sequence[LinkT]) -> list[LinkT]:
    """Newest links of days that the last link does not bind as they tell them.

    A fork leaves them beside the way: two closings at once, or a link that is missing.

    Parameters
    ----------
    links : of one vantage, in their order.
    """
    if not links:
        return []
    bound = branch(links, links[-1].digest)
    newest = {link.day: link for link in links}
    return [link for link in newest.values() if not tells(bound, link)]


def breaks(links: Sequence[LinkT]) -> list[LinkT]:
    """Links that do not continue the one before them.

    Parameters
    ----------
    links : see `strays`.
    """
    return [link for before, link in pairwise(links) if link.previous != before.digest]


def tells(bound: Mapping[str, DayDigest], link: DayDigest) -> bool:
    """Whether the day's bound link tells the same rows as this one."""
    of_day = bound.get(link.day)
    return of_day is not None and _rows_of(of_day) == _rows_of(link)


def _rows_of(link: DayDigest) -> tuple[int, str, int]:
    return link.n_rows, link.root, link.row_format
