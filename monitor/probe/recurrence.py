"""When a page may be searched again: a day after success, hours after failure."""

from dataclasses import dataclass
from typing import Final

REMEMBERED_S: Final = 24 * 3600.0
AGAIN_AFTER_S: Final = 3600.0
"""An evening's block is over or not: an hour finds what was lost again in the same
evening, and costs a site that never answers one search an hour, then fewer."""
_MAX_DOUBLINGS: Final = 10


@dataclass(slots=True)
class Recurrence:
    """The searches of one kind for one target; instants on the monotonic clock [s]."""

    searched_s: float = 0.0
    until_s: float = 0.0
    n_searches: int = 0
    """Since the last one that was not in vain."""

    @property
    def again_s(self) -> float:
        """When the next search may be, if this one was in vain."""
        n_in_vain = max(0, self.n_searches - 1)
        return self.searched_s + min(AGAIN_AFTER_S * 2.0**n_in_vain, REMEMBERED_S)

    def is_due(self, now_s: float) -> bool:
        """Whether to search now."""
        return now_s >= self.until_s

    def begin(self, now_s: float) -> None:
        """Note that a search begins."""
        self.searched_s = now_s
        self.n_searches = min(self.n_searches + 1, _MAX_DOUBLINGS)

    def end(self, *, is_in_vain: bool) -> None:
        """Note what came of the search."""
        self.until_s = self.again_s if is_in_vain else self.searched_s + REMEMBERED_S

    def forget_failures(self) -> None:
        """What was found is good: the next search in vain is the first one."""
        self.n_searches = 0

    def hasten(self) -> None:
        """Search again as soon as that may be: what was found is no good."""
        self.until_s = min(self.until_s, self.again_s)
