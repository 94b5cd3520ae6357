"""What is reason enough for blocks, and for how long."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.config.sections import Differential
from monitor.model import Probe, Role, Sample, Transport
from monitor.sampling import block_reasons, differential
from monitor.sampling.block_reasons import NameReasons, Transfers
from monitor.simulation import blocks as simulated

EVENING = 20_000


@pytest.mark.parametrize(
    ("looks", "is_enough"),
    [([True, True], True), ([True, False, False, True], False), ([True], False)],
)
def test_two_of_the_last_three_looks_are_enough(looks, is_enough):
    reasons = NameReasons()
    reasons.looks.extend(looks)
    assert reasons.are_enough(EVENING, is_slow=False) is is_enough


def test_what_was_enough_is_so_to_the_end_of_the_evening():
    reasons = NameReasons()
    reasons.looks.extend([True, True])
    assert reasons.are_enough(EVENING, is_slow=False)
    reasons.looks.extend([False, False, False])
    assert reasons.are_enough(EVENING, is_slow=False)
    assert not reasons.are_enough(EVENING + 1, is_slow=False)


@pytest.mark.parametrize(
    ("costs", "is_enough"),
    [
        ([2.0, 2.0, 1.0], True),
        ([2.0, 1.0, 1.0], False),
        ([2.0, 2.0], False),
        ([1.1, 1.1, 1.1], False),
    ],
)
def test_blocks_of_the_evening_before_are_reason_to_begin_at_once(costs, is_enough):
    reasons = NameReasons()
    for cost in costs:
        reasons.note_block(EVENING, cost)
    assert reasons.are_enough(EVENING + 1, is_slow=False) is is_enough
    assert not NameReasons().are_enough(EVENING + 1, is_slow=False)


def test_blocks_of_long_ago_are_forgotten():
    reasons = NameReasons()
    for evening in (EVENING, EVENING + 5):
        reasons.note_block(evening, 3.0)
    assert set(reasons.costs) == {EVENING + 5}


def heard(rates: dict[str, list[float | None]], **more) -> Transfers:
    """Transfers of some sites; the target is `site`, all others are controls."""
    transfers = Transfers()
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    for name, of_site in rates.items():
        for n, rate in enumerate(of_site):
            sample = Sample(
                started_at_utc=begin + timedelta(minutes=5 * n),
                target=name,
                role=Role.TARGET if name == "site" else Role.CONTROL,
                probe=more.get("probe", Probe.DOWNLOAD),
                transport=more.get("transport", Transport.TCP),
                goodput_bps=rate,
            )
            transfers.hear(sample)
    return transfers


WELL = [1e7] * 30
SLOW = [*[1e7] * 30, 1e6, 1e7, 1e6]


@pytest.mark.parametrize(
    ("site", "control", "is_slow"),
    [
        (SLOW, WELL, True),
        ([*WELL, None, None], WELL, True),
        (WELL, WELL, False),
        ([*WELL, 1e6], WELL, False),
        (SLOW, SLOW, False),  # the whole line
        (SLOW, [], False),  # nobody to hold it against
        ([1e7] * 5 + [1e6] * 3, WELL, False),  # no usual rate yet
    ],
)
def test_slow_transfers_count_while_those_of_controls_are_well(site, control, is_slow):
    assert heard({"site": site, "control": control}).is_slow("site") is is_slow


@pytest.mark.parametrize(
    "other", [{"probe": Probe.PAIR_OWN}, {"transport": Transport.QUIC}]
)
def test_only_ordinary_transfers_count(other):
    assert not heard({"site": SLOW, "control": WELL}, **other).is_slow("site")


def test_the_usual_is_that_of_seven_days():
    transfers = heard({"control": WELL})
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    for day in range(20):
        when = begin + timedelta(days=day)
        sample = Sample(started_at_utc=when, target="site", goodput_bps=1e7)
        transfers.hear(sample)  # of another kind
        for minute in range(3):
            when += timedelta(minutes=minute)
            transfers.hear(
                Sample(
                    started_at_utc=when,
                    target="site",
                    probe=Probe.DOWNLOAD,
                    goodput_bps=1e7,
                )
            )
    kept = transfers.rates["site"]
    assert kept[-1][0] - kept[0][0] <= timedelta(days=7)
    assert len(kept) in (21, 22, 23, 24)


def test_the_study_draws_what_the_daemon_does():
    """The simulation stands below the daemon and has its own copies."""
    assert Differential.blocks_per_evening == simulated.BLOCKS
    for name in ("SLOWER", "LOOKED_AT", "TRIGGERING", "TELLING", "FEW_BLOCKS"):
        assert getattr(simulated, name) == getattr(block_reasons, name)
    assert simulated.CALM_BLOCKS == differential.CALM_BLOCKS
