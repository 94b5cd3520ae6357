"""Whether digests of one home go on from each other: none can be re-dated later."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import combinations

from monitor.circle.home_digest import HomeDigest

_CLOCKS_APART = timedelta(days=1)


def contradiction(
    digests: Sequence[HomeDigest], *, now_utc: datetime | None = None
) -> str | None:
    """What contradicts itself in the digests of one key; None: nothing.

    Parameters
    ----------
    now_utc : none may have been made later; None: not asked.
    """
    ordered = sorted(digests, key=_place)
    for digest in ordered:
        if now_utc is not None and digest.made_at_utc > now_utc + _CLOCKS_APART:
            return f"it says that it was made at {digest.made_at_utc:%Y-%m-%d %H:%M}"
    return next(_breaks(combinations(ordered, 2)), None)


def is_older(digest: HomeDigest, than: Iterable[HomeDigest]) -> bool:
    """Whether a digest stands before any of those that were added already.

    Its owner could write it now: the links up to then are known to them.
    """
    return any(_place(digest) < _place(added) for added in than)


def _place(digest: HomeDigest) -> tuple[int, datetime]:
    return digest.chain.number, digest.made_at_utc


def _breaks(pairs: Iterable[tuple[HomeDigest, HomeDigest]]) -> Iterator[str]:
    for earlier, later in pairs:
        link = max(earlier.chain.links.keys() & later.chain.links.keys(), default=None)
        if earlier.made_at_utc > later.made_at_utc:
            yield (
                f"the chain of {later.chain.number} days is said to be older than that"
                f" of {earlier.chain.number}: it was re-dated"
            )
        elif earlier.home != later.home or earlier.household != later.household:
            yield "one key speaks for two homes"
        elif link is not None and _differs(earlier, later):
            yield f"its chain is another one up to link {link}: days were rewritten"


def _differs(earlier: HomeDigest, later: HomeDigest) -> bool:
    before, after = earlier.chain, later.chain
    if before.number == after.number and before != after:
        return True
    shared = before.links.keys() & after.links.keys()
    return any(before.links[n] != after.links[n] for n in shared)
