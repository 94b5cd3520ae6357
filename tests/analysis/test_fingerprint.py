"""What held a transfer back: by drawn transfers, by evenings, and as a check."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.drawn_transfers import KINDS, USUAL, Way, drawn
from monitor.analysis import analyze
from monitor.analysis.fingerprint import (
    Fingerprint,
    Hold,
    Line,
    Transfer,
    Window,
    common,
    fingerprint,
    line_of,
)
from monitor.analysis.rests import rests_of
from monitor.lists import Curve, curve_text
from monitor.model import MechanismCheck, Verdict
from tests.analysis.homes import TIMEZONE, Home, samples

DRAWN = [(way, hold) for hold, ways in KINDS.values() for way in ways]
POLICED = Way(policed_bps=128e3, burst_bytes=10e3)


@pytest.mark.parametrize(
    ("way", "expected"), DRAWN, ids=lambda x: getattr(x, "told", str)()
)
def test_drawn_transfers_get_their_class(way: Way, expected: str):
    rng = np.random.default_rng(5)
    holds = [fingerprint(drawn(way, rng), USUAL).hold for _ in range(5)]
    # Loss by chance is none of them.
    accused = {Hold.POLICED, Hold.SHAPED, Hold.SERVER}
    assert set(holds) == {expected} if expected else not accused & set(holds)


@pytest.mark.parametrize("rate", [128e3, 512e3, 1e6])
def test_the_line_has_the_rate_and_the_burst_that_were_imposed(rate: float):
    found = line_of(
        drawn(Way(policed_bps=rate, burst_bytes=64e3), np.random.default_rng(3)).curve
    )
    assert found is not None
    assert found.rate_bps == pytest.approx(rate, rel=0.05)
    assert found.burst_bytes == pytest.approx(64e3, rel=0.15)


@pytest.mark.parametrize(
    "curve",
    [
        (),
        ((0.0, 0), (1.0, 10)),
        tuple((1.0, n) for n in range(20)),
        tuple((float(n), 5) for n in range(20)),
        tuple((float(n), 100 - n) for n in range(20)),
    ],
)
def test_a_curve_that_is_none_has_no_line(curve):
    assert line_of(curve) is None


@pytest.mark.parametrize(
    ("changes", "hold"),
    [
        ({}, Hold.POLICED),
        ({"is_silent": True, "curve": ((0.0, 0), (1.0, 12_036))}, Hold.FROZEN),
        ({"min_rtt_s": 0.05}, Hold.QUEUE),
        ({"goodput_bps": 1.5e7}, Hold.WELL),
        ({"n_holes": 0.0}, Hold.SERVER),
        ({"n_holes": 0.0, "rcv_rtt_s": 0.3}, Hold.SHAPED),
        # What was not measured shows nothing.
        ({"n_holes": float("nan")}, Hold.UNKNOWN),
        ({"rcv_rtt_s": float("nan")}, Hold.UNKNOWN),
    ],
)
def test_what_explains_it_more_simply_is_asked_first(changes, hold):
    policed = drawn(POLICED, np.random.default_rng(3))
    assert fingerprint(replace(policed, **changes), USUAL).hold is hold


RTT_S = 0.03


def wavering(rates_bps: Sequence[float], piece_bytes: int) -> Curve:
    """Pieces at rates that follow each other, two seconds each."""
    time_s, n_bytes, points = 0.0, 0, [(0.0, 0)]
    for rate in rates_bps:
        for _ in range(round(rate / 4 / piece_bytes)):
            time_s, n_bytes = time_s + 8 * piece_bytes / rate, n_bytes + piece_bytes
            points.append((time_s, n_bytes))
    return tuple(points)


def late_by_a_record(curve: Curve, late_s: float) -> Curve:
    """Every second piece waits for a hole, and the next one comes with it."""
    return tuple(
        (time_s + (late_s if place % 2 else 0.0), n_bytes)
        for place, (time_s, n_bytes) in enumerate(curve)
    )


@pytest.mark.parametrize("rate", [5e5, 1e6])
def test_records_off_the_line_by_one_of_them_are_still_policed(rate: float):
    """A TLS record of 16 kB is read when the last hole in it is filled."""
    took_s = 8 * 16_384 / rate
    curve = late_by_a_record(in_pieces(rate, 16_384, 30), 0.6 * took_s)
    line = line_of(curve)
    assert line is not None
    assert 4e3 < line.rms_bytes < 6e3
    transfer = slow(curve, rcv_rtt_s=RTT_S, n_holes=80)
    assert fingerprint(transfer, USUAL).hold is Hold.POLICED


@pytest.mark.parametrize("piece", [4096, 16_384])
def test_a_rate_that_drifts_is_no_policers(piece: int):
    """As near to a line as a policed one, but faster in one quarter than in another."""
    curve = wavering([2.4e5, 3.4e5, 2.4e5, 3.4e5], piece)
    line = line_of(curve)
    assert line is not None
    assert line.rms_bytes < 6e3
    transfer = slow(curve, rcv_rtt_s=RTT_S, n_holes=80)
    assert fingerprint(transfer, USUAL).hold is Hold.UNKNOWN


def in_pieces(rate_bps: float, piece_bytes: int, n_pieces: int) -> Curve:
    """Pieces that come whole, each when a rate has brought it."""
    took_s = 8 * piece_bytes / rate_bps
    return tuple((n * took_s, n * piece_bytes) for n in range(n_pieces + 1))


def stairs(rate_bps: float, step_bytes: int, n_steps: int) -> Curve:
    """Steps that come in a few records, as fast as a line of 30 Mbit/s brings them."""
    took_s, records = 8 * step_bytes / rate_bps, 4
    return tuple(
        (n * took_s + k * 0.003, n * step_bytes + (k + 1) * step_bytes // records)
        for n in range(n_steps)
        for k in range(records)
    )


def slow(curve: Curve, *, rcv_rtt_s: float, n_holes: float = 0.0) -> Transfer:
    time_s, n_bytes = curve[-1]
    return Transfer(
        curve=curve,
        goodput_bps=8 * n_bytes / time_s,
        is_silent=False,
        rcv_rtt_s=rcv_rtt_s,
        min_rtt_s=RTT_S,
        n_holes=n_holes,
        n_segments=n_bytes / 1448,
    )


@pytest.mark.parametrize("rate", [128e3, 256e3, 1e6, 2e6])
@pytest.mark.parametrize("n_steps", [2, 3, 30])
def test_steps_of_a_server_are_told_at_every_rate_and_size(rate: float, n_steps: int):
    """Its rests are in the receiver's round trip, however long they are."""
    curve = stairs(rate, 32_768, n_steps)
    rest_s = 8 * 32_768 / rate - 0.009
    for rcv_rtt_s in (RTT_S, rest_s):
        transfer = slow(curve, rcv_rtt_s=rcv_rtt_s)
        assert fingerprint(transfer, USUAL).hold is Hold.SERVER


@pytest.mark.parametrize("rate", [128e3, 512e3, 2e6])
@pytest.mark.parametrize("piece", [4096, 16_384])
def test_records_that_come_whole_are_no_steps(rate: float, piece: int):
    """Of a record nothing is read before its end: a limit on the way has rests, too."""
    curve = in_pieces(rate, piece, 60)
    rests = rests_of(curve, RTT_S)
    assert (rests.bytes_share, rests.longest_s) == (0.0, 0.0)
    transfer = slow(curve, rcv_rtt_s=8 * 64e3 / rate)
    assert not transfer.has_steps
    assert fingerprint(transfer, USUAL).hold is not Hold.SERVER


@pytest.mark.parametrize(
    "changes", [{"rcv_rtt_s": 0.9}, {"n_holes": 10.0}, {"rcv_rtt_s": float("nan")}]
)
def test_steps_behind_a_queue_or_with_losses_are_no_server_s(changes):
    transfer = slow(stairs(512e3, 32_768, 10), rcv_rtt_s=0.4)
    assert transfer.has_steps
    held = replace(transfer, **changes)
    assert fingerprint(held, USUAL).hold is not Hold.SERVER


def test_a_pause_of_this_machine_makes_no_steps():
    """After one pause of 0.3 s the curve of a shaped transfer is where it would be."""
    even = in_pieces(1e6, 4096, 60)
    paused = tuple(p for p in even if not 0.5 < p[0] < 0.8)
    transfer = slow(paused, rcv_rtt_s=0.2)
    assert rests_of(paused, RTT_S).longest_s > 0.3
    assert not transfer.has_steps


@pytest.mark.parametrize(
    ("rate", "rcv_rtt_s", "is_even"),
    [(512e3, 0.05, True), (512e3, 0.15, False), (2e6, 0.04, True), (2e6, 0.06, False)],
)
def test_an_even_sender_has_no_queue(rate: float, rcv_rtt_s: float, is_even: bool):
    """Twice the round trip is a queue at 2 Mbit/s; at 512 kbit/s it is two packets."""
    transfer = slow(in_pieces(rate, 4096, 110), rcv_rtt_s=rcv_rtt_s)
    assert transfer.is_even is is_even
    hold = Hold.SERVER if is_even else Hold.UNKNOWN
    assert is_even or fingerprint(transfer, USUAL).hold in (hold, Hold.SHAPED)
    assert not is_even or fingerprint(transfer, USUAL).hold is hold


def test_old_rows_without_a_count_of_segments_have_holes_all_the_same():
    policed = drawn(POLICED, np.random.default_rng(3))
    old = replace(policed, n_segments=float("nan"))
    assert old.holes == pytest.approx(policed.holes, rel=0.2)


def of(hold: Hold, rate: float = 128e3) -> Fingerprint:
    line = Line(rate_bps=rate, burst_bytes=1e4, rms_bytes=1e3, drift_log=0.1)
    return Fingerprint(hold=hold, line=line)


def evening(*own: Hold, controls: tuple[Hold, ...] = (Hold.WELL,) * 4) -> Window:
    return Window(site=[of(hold) for hold in own], controls=controls)


P, S, U, W = Hold.POLICED, Hold.SERVER, Hold.UNKNOWN, Hold.WELL


def test_what_most_evenings_share_is_told_with_its_numbers():
    found = common([evening(P, P, W, U), evening(P, P), evening(P, W)])
    assert found is not None
    assert (found.hold, found.n_slow, found.n_evenings) == (P, 6, 3)
    assert found.share == pytest.approx(5 / 6)
    assert (found.rate_bps, found.rate_spread_log) == (128e3, 0.0)
    assert found.are_controls_well


def test_what_the_controls_meet_as_well_does_not_count():
    alike = evening(P, P, controls=(P, P, W, W))
    found = common([alike, alike, alike])
    assert found is not None
    assert (found.n_evenings, found.share) == (0, 0.0)


def test_without_controls_in_the_same_rounds_nothing_counts():
    found = common([evening(P, P, controls=())] * 3)
    assert found is not None
    assert found.n_evenings == 0
    assert not found.are_controls_well


def test_evenings_without_a_slow_transfer_tell_nothing():
    assert common([]) is None
    assert common([evening(W, W)]) is None


def test_rates_that_scatter_are_not_one():
    rng = np.random.default_rng(4)
    scattered = [
        Window(site=[of(P, 1e5 * np.exp(0.3 * x)) for x in rng.normal(size=4)],
               controls=(W, W))
        for _ in range(5)
    ]  # fmt: skip
    found = common(scattered)
    assert found is not None
    assert found.rate_spread_log > 0.1


HOME = Home(
    days=12,
    every_min=30,
    targets=("facebook", "youtube"),
    metrics=("goodput_bps", "connect_s"),
    factor={"youtube": 30.0},
)


FREE = Way()
COLUMNS = ("goodput_bps", "timeline", "tcp_rcv_rtt_s", "tcp_rcv_ooopack", "tcp_segs_in")


def recorded(way: Way, controls: Way = FREE) -> pd.DataFrame:
    """The home's samples, with the curve of a transfer in each of the evening's."""
    frame = samples(HOME).assign(tcp_min_rtt_s=0.03)
    rng = np.random.default_rng(6)
    hour = frame.started_at_utc.dt.tz_convert(TIMEZONE).dt.hour
    inside = hour.isin([20, 21])
    rows = []
    for target, rate, is_inside in zip(
        frame.target, frame.goodput_bps, inside, strict=True
    ):
        is_it = target == "youtube"
        held = drawn(way if is_it else controls, rng) if is_inside else None
        is_free = is_it or controls is FREE
        rows.append(
            (rate, None, np.nan, np.nan, np.nan)
            if held is None
            else (
                rate if is_free else held.goodput_bps,
                curve_text(held.curve),
                held.rcv_rtt_s,
                held.n_holes,
                held.n_segments,
            )
        )
    return frame.assign(**dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)))


def figures(check: MechanismCheck) -> dict:
    return check.detail.to_dict()["values"]


def checked(frame: pd.DataFrame) -> tuple[Verdict, MechanismCheck]:
    (found,) = (v for v in analyze(frame, timezone=TIMEZONE) if v.target == "youtube")
    (check,) = (c for c in found.mechanism if c.check == "fingerprint")
    return found, check


def test_a_policer_is_seen_and_makes_a_verdict_strong():
    found, check = checked(recorded(POLICED))
    assert check.score == 1
    assert (found.verdict, found.strength) == ("targeted_throttling", "strong")
    assert figures(check)["rate"] == pytest.approx(129, abs=5)
    assert figures(check)["evenings"] == 12
    assert str(check).startswith("100% of 48 slow transfers were cut down to one rate")
    assert any(reason.rule == "own_router" for reason in found.reasons)


def test_a_shaper_is_seen():
    _, check = checked(recorded(Way(shaped_bps=1e6)))
    assert check.score == 1
    assert "queue" in str(check)


def test_a_server_s_own_limit_points_at_the_service():
    found, check = checked(recorded(Way(server_bps=5e5)))
    assert check.score == -1
    assert found.verdict == "server_side"
    assert "fingerprint" in str(found.reasons[0])


def test_loss_by_chance_is_no_shape():
    _, check = checked(recorded(Way(loss=0.05)))
    assert (check.score, check.is_made) == (0, True)


def test_a_line_that_polices_everything_tells_nothing_of_the_site():
    frame = recorded(POLICED, controls=Way(policed_bps=128e3, burst_bytes=10e3))
    for verdict in analyze(frame, timezone=TIMEZONE):
        assert all(c.score <= 0 for c in verdict.mechanism if c.check == "fingerprint")


def test_curves_that_are_none_are_not_counted():
    frame = recorded(POLICED)
    is_none = frame["timeline"].isna()
    back = [(4.0 - n / 10, 9_000 * n) for n in range(20)]
    less = [(n / 10, 200_000 - 9_000 * n) for n in range(20)]
    for text in ("[[1, true]]", "{}", curve_text(back), curve_text(less)):
        frame["timeline"] = frame["timeline"].where(is_none, text)
        _, check = checked(frame)
        assert (check.score, check.is_made) == (0, False)
    _, check = checked(frame.drop(columns="timeline"))
    assert (check.score, check.is_made) == (0, False)


def transfer_of_nothing() -> Transfer:
    nan = float("nan")
    return Transfer(
        curve=(),
        goodput_bps=nan,
        is_silent=False,
        rcv_rtt_s=nan,
        min_rtt_s=nan,
        n_holes=nan,
        n_segments=nan,
    )


@pytest.mark.parametrize("zero", ["goodput_bps", "min_rtt_s", "rcv_rtt_s"])
def test_numbers_that_are_0_in_a_file_of_others_do_no_harm(zero: str):
    transfer = slow(in_pieces(512e3, 4096, 110), rcv_rtt_s=0.05)
    assert fingerprint(replace(transfer, **{zero: 0.0}), USUAL).hold in Hold


def test_a_transfer_of_which_nothing_is_known_is_unclear():
    assert fingerprint(transfer_of_nothing(), USUAL).hold in (Hold.SHORT, Hold.UNKNOWN)
