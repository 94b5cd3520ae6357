"""What every check of the cause is made of: a score with its figure, or why none."""

import numpy as np

from monitor.analysis.case import Case
from monitor.evening_rule import RATES
from monitor.model import MechanismCheck
from monitor.reason import Reason, measured
from monitor.series.columns import METRICS
from monitor.series.evening_table import medians, typical

MUCH_LOG = float(np.log(1.5))
CONNECT = "connect_s"


def is_of_transfer(case: Case) -> bool:
    """Whether what was slow is the transfer, which has a connection of its own."""
    return METRICS[case.metric] in RATES


def connect_log(case: Case) -> float:
    """Median excess of the connect time of the connection that was slow [log]."""
    if not is_of_transfer(case):
        return case.typical(CONNECT)
    look = case.look
    rise = look.home.table.transfer.connect_rise
    others = rise[look.contrast.controls]
    common = medians(others.T, 1) if others.size else np.zeros(rise.shape[1])
    beyond = rise[case.suspicion.series] - np.nan_to_num(common)
    height = typical(beyond[case.slow])
    return height if np.isfinite(height) else case.typical(CONNECT)


def times(log_ratio: float) -> float | None:
    """How many times slower, as it is printed."""
    with np.errstate(over="ignore"):
        return measured(np.exp(log_ratio), 2)


def made(score: int, figure: Reason) -> MechanismCheck:
    """A check and what it says."""
    return MechanismCheck(check=figure.rule, score=score, detail=figure)


def unmade(why: Reason) -> MechanismCheck:
    """A check that could not be made."""
    return MechanismCheck(check=why.rule, score=0, detail=why, is_made=False)
