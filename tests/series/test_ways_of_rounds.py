"""Which rows were measured on another way: those of the round that its row begins."""

import numpy as np
import pandas as pd
import pytest

from monitor.series.lanes import lanes
from monitor.series.pairs import Phase, _phase
from monitor.series.rows import rows
from monitor.series.ways import Elsewhere, elsewhere

NOON = pd.Timestamp("2026-10-01T12:00Z")
LINE, TUNNEL = "line/ethernet/3f2a", "tunnel/wireguard"


def away(ways: dict[float, str], sites: list[float]) -> list[bool]:
    """Whether each row of a site, so many seconds after noon, went another way."""
    of_ways = [(s, "_way", "way", way) for s, way in ways.items()]
    of_sites = [(s, "site", "https", "") for s in sites]
    found = told(of_ways + of_sites)
    return found.is_it[-len(sites) :].tolist()


def told(parts: list[tuple[float, str, str, str]]) -> Elsewhere:
    seconds, targets, probes, names = zip(*parts, strict=True)
    frame = pd.DataFrame(
        {
            "started_at_utc": [NOON + pd.Timedelta(seconds=s) for s in seconds],
            "target": targets,
            "probe": probes,
            "server_name": names,
            "connect_s": 0.1,
        }
    )
    table = rows(frame)
    return elsewhere(table, lanes(table, np.unique(table.lane)))


def test_a_row_belongs_to_the_last_round_that_began_before_it():
    ways = {0: TUNNEL, 300: LINE, 600: LINE, 900: TUNNEL, 1200: LINE}
    sites = [-1.0, 0.0, 75.0, 76.0, 301.0, 601.0, 901.0, 974.0, 1201.0]
    expected = [False, True, True, False, False, False, True, True, False]
    assert away(ways, sites) == expected


def test_without_a_row_of_a_way_nothing_went_another_one():
    assert told([(0.0, "site", "https", "")]).kinds == ()
    assert told([(0.0, "_way", "way", LINE), (1.0, "site", "https", "")]).kinds == ()


@pytest.mark.parametrize(
    ("minutes", "phase"),
    [
        (-31, Phase.CALM),
        (-30, Phase.BETWEEN),
        (-1, Phase.BETWEEN),
        (0, Phase.EVENING),
        (119, Phase.EVENING),
        (120, Phase.BETWEEN),
        (149, Phase.BETWEEN),
        (150, Phase.CALM),
    ],
)
def test_half_an_hour_on_either_side_of_the_window_is_neither(minutes, phase):
    assert _phase(minutes, 120) is phase
