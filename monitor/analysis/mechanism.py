"""What the samples tell about the cause: a list of checks, each -1, 0 or +1.

+1 points to interference on the way, -1 away from it, 0 is unknown. Each says its
figure, and one that could not be made says why.
"""

from collections.abc import Callable

from monitor.analysis.case import Case
from monitor.analysis.name_checks import pair_checks
from monitor.analysis.path_checks import (
    bypass,
    certificate,
    destination,
    name_swap,
    refusals,
    twin,
)
from monitor.analysis.timing_checks import (
    edges,
    load_response,
    round_trip,
    server,
    stage,
    synchrony,
)
from monitor.analysis.transfer_checks import (
    cut_off,
    fingerprint,
    plateau,
    sender_loss,
)
from monitor.model import MechanismCheck

_CHECKS: tuple[Callable[[Case], MechanismCheck], ...] = (
    stage,
    plateau,
    cut_off,
    edges,
    round_trip,
    load_response,
    destination,
    certificate,
    server,
    refusals,
    bypass,
    name_swap,
    twin,
    fingerprint,
)


def mechanism(case: Case, others: list[Case]) -> tuple[MechanismCheck, ...]:
    """Every check of one target; of one that blocks alone speak of, theirs."""
    if not case.is_established and (case.named or case.dead_by_name):
        return (
            *(check(case) for check in (certificate, bypass, name_swap)),
            *pair_checks(case),
        )
    lost = sender_loss(case)
    return (
        *(check(case) for check in _CHECKS),
        *(() if lost is None else (lost,)),
        *pair_checks(case),
        synchrony(case, others),
    )
