"""What was answered: the site's own page, a refusal, or somebody else's page.

Only the site's own page is an answer. What is odd for a site, by status or by size, is
told by the rest of its days; who gave it is told by the certificate. Under the site's
usual certificate only the site itself can have refused, and nothing was learned of the
way to it. Under another one, or without TLS where the site has it, somebody between
answered: an attempt without an answer. Where the certificate was not recorded nobody
can tell, and a refusal teaches nothing (docs/contracts.md, "What an answer is").
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from monitor.model import Probe
from monitor.series.columns import STAGES, Columns
from monitor.series.lanes import Lane
from monitor.series.rows import Bools, Floats, Ints, Rows, Text

_FIRST_ODD_STATUS = 300
_USUAL_ISSUER_SHARE = 0.01
"""Certificates change; an issuer is usual with this share of the rest's own pages."""
_ODD_SIZE = 0.4
"""A page below this part of the usual size is another page ..."""
_NEARLY_ALL = 0.02
_BELOW_NEARLY_ALL = 2 / 3
"""... if it is below this part of nearly all others, too: sizes vary."""
_OUTSIDE = 1.25
"""Signed by somebody else, so many times smaller or larger than nearly all others."""
_MISNAMED = frozenset({"ssl_invalid_hostname", "ssl_unknown_authority"})
_USUAL_NETWORK_SHARE = 0.1
"""An unowned network is the site's own with this share of the rest's answers."""
_ROUND_TRIP = STAGES.index("http_round_trip")
_RESOLVE = STAGES.index("resolve")


@dataclass(frozen=True, slots=True)
class _Answered:
    """The answers of all rows or of one lane, arrays of shape (n,)."""

    status: Floats
    bytes_: Floats
    has_tls: Bools
    issuer: Ints
    """Code of the certificate's issuer, -1 not recorded."""
    is_whole: Bools
    """Answered without a failure."""
    is_rest: Bools
    """The same outside the window: what is usual."""
    seconds: Floats
    """How long the body took."""
    nobodys: Ints
    """Code of the network that nobody on the net owns, -1 somebody can."""
    address: Ints
    """Code of the address, -1 not recorded."""
    is_misnamed: Bools
    """Failed by a certificate that is not the site's."""
    is_page: bool = False

    def of(self, lane: Lane) -> Self:
        """The answers of one lane."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        del values["is_page"]
        cut = {name: column[lane.rows] for name, column in values.items()}
        return replace(self, is_page=lane.probe == Probe.HTTPS, **cut)


def told_apart(
    columns: Columns, runs: Sequence[Lane], in_rest: Bools, nobodys: Ints
) -> Columns:
    """The columns with refusals marked, and pages of others made failures.

    Parameters
    ----------
    in_rest : rows outside the window and its guard, shape (n,)
    nobodys : networks of rows whose address nobody outside owns, shape (n,), see
        `nobodys_networks`
    """
    table = columns.table
    every = _Answered(
        status=table.numbers("http_status")[0],
        bytes_=table.numbers("encoded_body_bytes")[0],
        has_tls=np.isfinite(table.numbers("tls_handshake_s")[0]),
        issuer=_codes(table, "certificate_issuer"),
        is_whole=~columns.is_failed,
        is_rest=in_rest & ~columns.is_failed,
        seconds=table.numbers("response_s")[0],
        nobodys=nobodys,
        address=_codes(table, "remote_address"),
        is_misnamed=_is_misnamed(table),
    )
    is_odd, is_foreign, is_lie = (np.zeros(table.n, np.bool_) for _ in range(3))
    for run in runs:
        if not run.is_local:
            lane = every.of(run)
            is_odd[run.rows], is_foreign[run.rows] = _judged(lane)
            is_lie[run.rows] = _is_lie(lane)
    is_failed = columns.is_failed | is_foreign
    stage = np.where(is_foreign, np.int8(_ROUND_TRIP), columns.stage)
    stage = np.where(is_failed & is_lie, np.int8(_RESOLVE), stage)
    return replace(
        columns,
        stage=stage,
        is_failed=is_failed,
        is_foreign=is_foreign,
        is_refused=is_odd & ~is_foreign,
    )


def _codes(table: Rows, name: str) -> Ints:
    if not table.has(name):
        return np.full(table.n, -1, np.int64)
    text: Text = table.column(name)
    return np.where(text.is_(""), -1, text.codes)


def _is_misnamed(table: Rows) -> Bools:
    text = table.column("failure")
    return np.array([name in _MISNAMED for name in text.values])[text.codes]


def _judged(lane: _Answered) -> tuple[Bools, Bools]:
    """Which answers are odd, and which of them somebody else gave."""
    is_odd = _has_odd_status(lane) | _has_odd_size(lane)
    # Who blocks for longer than the window gives odd pages in the rest, too.
    usual = replace(lane, is_rest=lane.is_rest & ~is_odd)
    is_others = _has_odd_issuer(usual) | _lacks_tls(usual)
    if not is_others.any():
        return is_odd, is_others
    is_foreign = is_others & (is_odd | _is_another_page(usual))
    return is_odd | is_foreign, is_foreign


def _is_lie(lane: _Answered) -> Bools:
    """Told an address that no site has, and that this one does not answer from.

    A site of the house, a translator or a router that tunnels has such an address
    and answers from it in the rest of the day. So was who was led to an address that
    has another site's certificate, and that this site never answered from.
    """
    answering = lane.nobodys[lane.is_rest]
    n_usual = _USUAL_NETWORK_SHARE * answering.size
    codes, counts = np.unique(answering, return_counts=True)
    is_usual = np.isin(lane.nobodys, codes[counts >= n_usual])
    is_invented = (lane.nobodys >= 0) & ~is_usual
    if not lane.is_misnamed.any():
        return np.asarray(is_invented)
    is_elsewhere = ~np.isin(lane.address, lane.address[lane.is_rest])
    return np.asarray(is_invented | (lane.is_misnamed & is_elsewhere))


def _has_odd_status(lane: _Answered) -> Bools:
    """Another status than the most frequent of the rest, and no success."""
    usual = lane.status[lane.is_rest & np.isfinite(lane.status)]
    if not usual.size:
        return np.zeros(lane.status.size, np.bool_)
    values, counts = np.unique(usual, return_counts=True)
    is_other = lane.status != values[np.argmax(counts)]
    with np.errstate(invalid="ignore"):
        return np.asarray(is_other & (lane.status >= _FIRST_ODD_STATUS))


def _has_odd_size(lane: _Answered) -> Bools:
    """A page far smaller than all others, or as small a transfer that was over soon.

    A transfer that the time limit cut is small, too, and took longer than others.
    """
    usual = _usual_sizes(lane)
    if not usual.size:
        return np.zeros(lane.bytes_.size, np.bool_)
    least = _BELOW_NEARLY_ALL * float(np.quantile(usual, _NEARLY_ALL))
    bound = min(_ODD_SIZE * float(np.median(usual)), least)
    is_answer = lane.is_whole & np.isfinite(lane.status)
    with np.errstate(invalid="ignore"):
        is_small = is_answer & (lane.bytes_ < bound)
        if not lane.is_page and is_small.any():
            usual_s = lane.seconds[_is_own(lane) & np.isfinite(lane.seconds)]
            is_small &= bool(usual_s.size) and lane.seconds < np.median(usual_s)
        return np.asarray(is_small)


def _is_another_page(lane: _Answered) -> Bools:
    """A page of another status or size than those of the rest, in any way.

    Asked of what another issuer signed: there a small difference is enough.
    """
    is_answer = lane.is_whole & np.isfinite(lane.status)
    is_other = is_answer & ~np.isin(lane.status, lane.status[lane.is_rest])
    usual = _usual_sizes(lane)
    if not usual.size:
        return np.asarray(is_other)
    low, high = np.quantile(usual, [_NEARLY_ALL, 1 - _NEARLY_ALL])
    least, most = low / _OUTSIDE, high * _OUTSIDE
    if not lane.is_page:
        # Objects change, and transfers are cut by the time limit.
        least, most = _ODD_SIZE * low, np.inf
    with np.errstate(invalid="ignore"):
        is_outside = (lane.bytes_ < least) | (lane.bytes_ > most)
    return np.asarray(is_other | (is_answer & is_outside))


def _usual_sizes(lane: _Answered) -> Floats:
    return lane.bytes_[_is_own(lane) & (lane.bytes_ > 0)]


def _is_own(lane: _Answered) -> Bools:
    """Answers of the rest under the issuer that signed most of them.

    Who blocks for longer than the window answers there, too.
    """
    signed = lane.issuer[lane.is_rest & (lane.issuer >= 0)]
    if not signed.size:
        return lane.is_rest
    return np.asarray(lane.is_rest & (lane.issuer == np.bincount(signed).argmax()))


def _has_odd_issuer(lane: _Answered) -> Bools:
    """Signed by somebody who hardly signs for this site in the rest of the day."""
    usual = lane.issuer[lane.is_rest & (lane.issuer >= 0)]
    if not usual.size:
        return np.zeros(lane.issuer.size, np.bool_)
    share = np.bincount(usual, minlength=int(lane.issuer.max()) + 1) / usual.size
    is_usual = share[np.maximum(lane.issuer, 0)] >= _USUAL_ISSUER_SHARE
    return np.asarray((lane.issuer >= 0) & ~is_usual)


def _lacks_tls(lane: _Answered) -> Bools:
    """Answered in the clear, by a site that otherwise answers by TLS."""
    usual = lane.has_tls[lane.is_rest]
    is_answer = np.isfinite(lane.status)
    is_tls_site = bool(usual.size) and bool(usual.mean() >= 1 - _USUAL_ISSUER_SHARE)
    return is_answer & ~lane.has_tls & is_tls_site
