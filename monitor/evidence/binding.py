"""What the digests that a reader was given bind of a bundle, and what not; pure.

A bundle's own digest binds every member. A day's digest binds the rows of its day and
of the days behind it, as the chain told them then: neither rows under a later link, nor
pages, nor configuration. Verdicts are as good as the rows they are computed from.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from monitor.evidence import layout
from monitor.evidence.branches import branch, tells
from monitor.evidence.chain import GENESIS
from monitor.evidence.findings import Binding, Kind, Scope, Verification, told_days
from monitor.evidence.links import Link, by_vantage

_ARCHIVE: Final = "archive"


class Digests:
    """The digests that were given, beside the links of a bundle.

    Parameters
    ----------
    given : hexadecimal, each of a bundle or of a day.
    own : digests of the bundle itself; whichever is given binds all of it.
    links : of its chain.
    """

    def __init__(
        self, given: Iterable[str], *, carried: Iterable[str], links: Sequence[Link]
    ) -> None:
        self._given = [digest.strip().lower() for digest in given]
        self._own = frozenset(carried)
        self._by_vantage = by_vantage(links)
        self._of = {link.digest: link for link in links}
        self._branches = {
            digest: branch(self._by_vantage[link.vantage], digest)
            for digest, link in self._of.items()
            if digest in self._given
        }

    @property
    def bind_all(self) -> bool:
        """Whether one of them is the bundle's own."""
        return not self._own.isdisjoint(self._given)

    def tell(self, whole: Sequence[Link], result: Verification) -> None:
        """Note what each of them is of and binds; one of neither is a finding.

        Parameters
        ----------
        whole : links whose rows are in the bundle as they tell them.
        """
        for digest in self._given:
            link = self._of.get(digest)
            if digest in self._own:
                of, bound = "of this bundle", whole
            elif link is not None:
                of = f"of the day {link.day} of {link.vantage!r}"
                bound = [day for day in whole if self._is_bound_by(digest, day)]
            else:
                what = f"the digest {digest[:80]!r} is none of this bundle"
                result.add(_ARCHIVE, what, kind=Kind.UNBOUND)
                continue
            result.bindings.append(
                Binding(
                    digest=digest,
                    of=of,
                    binds_all=digest in self._own,
                    days=tuple(sorted({day.day for day in bound})),
                    n_rows=sum(day.n_rows for day in bound),
                    n_days_elsewhere=len(
                        self._branches.get(digest, {}).keys() - {k.day for k in bound}
                    ),
                )
            )

    def _is_bound_by(self, digest: str, link: Link) -> bool:
        is_own = self._of[digest].vantage == link.vantage
        return is_own and tells(self._branches[digest], link)

    def check_rows(self, shown: Sequence[Link], result: Verification) -> bool:
        """Whether every row is bound; what is not, is a finding.

        Parameters
        ----------
        shown : links whose rows are in the bundle.
        """
        unbound: dict[tuple[str, str], list[str]] = {}
        for link in shown:
            if not any(self._is_bound_by(d, link) for d in self._branches):
                why = self._why(link)
                unbound.setdefault((link.vantage, why), []).append(link.day)
        for (_, why), days in unbound.items():
            what = f"rows of {told_days(days)} {why}"
            result.add(layout.SAMPLES, what, kind=Kind.UNBOUND, day=min(days))
        if not shown:
            result.add(layout.SAMPLES, "there is no row to bind", kind=Kind.UNBOUND)
        return bool(shown) and not unbound

    def _why(self, link: Link) -> str:
        of_vantage = [d for d in self._branches if self._of[d].vantage == link.vantage]
        if any(link.day in self._branches[digest] for digest in of_vantage):
            return (
                "are under a second link, later than the given digest or beside it:"
                " that binds other rows of these days"
            )
        if of_vantage:
            return "are under links later than the given digest, which binds none"
        if any(link.day in bound for bound in self._branches.values()):
            return (
                f"of {link.vantage!r} are under a second link of these days, in a"
                " chain that the given digest is not of"
            )
        return f"of {link.vantage!r} are in a chain that the given digest is not of"


def check_scope(
    scope: Scope, are_rows_bound: bool, members: Iterable[str], result: Verification
) -> None:
    """Tell verdicts and pages that are asked for and that no digest vouches for.

    Parameters
    ----------
    are_rows_bound : whether the given digests bind every row.
    members : names of all members that hold neither rows nor the chain.
    """
    is_recomputed = are_rows_bound and result.is_recomputed
    free = [name for name in members if name != layout.VERDICTS or not is_recomputed]
    result.not_bound = tuple(free)
    asked = {Scope.ROWS: (), Scope.VERDICTS: (layout.VERDICTS,), Scope.ALL: free}
    for name in free:
        if name in asked[scope]:
            result.add(name, _NEITHER, kind=Kind.UNBOUND)


_NEITHER: Final = "is neither bound by the given digest nor recomputed from bound rows"


def check_withheld(
    links: Sequence[Link], terms: Mapping[str, object] | None, result: Verification
) -> None:
    """Tell days of the chain that ought to have rows here and have none.

    Parameters
    ----------
    terms : the verdict document: its span is claimed, too.
    """
    shown = {link.day for link in links if link.has_rows}
    claimed = {str((terms or {}).get(name)) for name in ("since", "until")}
    span = sorted(shown | {day for day in claimed if day[:2].isdigit()})
    for vantage, chain in by_vantage(links).items():
        with_rows = {link.day for link in chain if link.has_rows}
        without = {link.day for link in chain} - with_rows
        inside = [day for day in without if span and span[0] <= day <= span[-1]]
        if inside:
            what = f"rows of {vantage!r} of {told_days(inside)} are withheld"
            result.add(layout.SAMPLES, what, kind=Kind.WITHHELD, day=min(inside))


def check_begin(links: Sequence[Link], since: object, result: Verification) -> None:
    """Tell a public chain that begins too late to show that no day is kept back."""
    for chain in by_vantage(links).values():
        first = chain[0]
        if first.previous != GENESIS and first.day > str(since)[:10]:
            what = (
                f"links before {first.day} are left out: that no day since {since} is"
                " withheld does not show"
            )
            result.add(layout.CHAIN, what, kind=Kind.WITHHELD, day=first.day)
