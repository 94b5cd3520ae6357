"""The targets of a vantage as hosts of services, and the evidence that each must have.

False discoveries are counted over services (`monitor.service_verdicts`): found is a
service whose weighted mean passes e-BH, and of its hosts those that pass the same
height by themselves, of which there is one at least. An innocent host beside a slowed
one passes it with a probability of at most one over the height.
"""

from dataclasses import dataclass

import numpy as np

from monitor.analysis.evalue import e_bh
from monitor.analysis.suspicion import FALSE_DISCOVERY_RATE
from monitor.series.evening_table import EveningTable
from monitor.series.rows import Bools, Floats, Ints
from monitor.service_verdicts import weights


@dataclass(frozen=True, slots=True)
class Hosts:
    """Which service each target is of, in the order of the targets."""

    service: Ints
    """Place of the service, shape (n,)."""
    weight: Floats
    """Share in the service's evidence, shape (n,)."""

    @property
    def bars(self) -> Floats:
        """Evidence that establishes a host whatever the others show, shape (n,)."""
        n_services = np.unique(self.service).size
        return np.asarray(n_services / FALSE_DISCOVERY_RATE / self.weight)

    def standing_out(self, e_values: Floats) -> Bools:
        """Hosts of found services that stand out by themselves, shape (n,).

        Parameters
        ----------
        e_values : of the hosts, shape (n,)
        """
        shares = np.bincount(self.service, self.weight * e_values)
        of_service = np.asarray(shares, np.float64)
        height = e_bh(of_service, FALSE_DISCOVERY_RATE)
        is_found = of_service[self.service] >= height
        return np.asarray(is_found & (e_values >= height))


def hosts(table: EveningTable, targets: Ints) -> Hosts:
    """The hosts of a vantage.

    Parameters
    ----------
    targets : places of the targets among the series
    """
    keys = [table.grid.keys[target] for target in targets]
    names, service = np.unique([key.service for key in keys], return_inverse=True)
    weight = np.ones(targets.size)
    for place in range(names.size):
        of_service = np.flatnonzero(service == place)
        weight[of_service] = weights([keys[target].part for target in of_service])
    return Hosts(service.astype(np.int64), weight)
