"""What a report tells beside its verdicts: gaps, this machine's faults, versions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from monitor.model import SIMULATED, Probe, Round, RoundStatus
from monitor.report import Beside, night_report, public_copy, render_html
from monitor.report.assembly import (
    _gaps,
    _is_simulated,
    _measured,
    _probe_versions,
    _spoiled,
)
from tests.report.conftest import SCOPE

NOON = datetime(2018, 4, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def frame(minutes: list[float], **more: object) -> pd.DataFrame:
    moments = [NOON + m * MINUTE for m in minutes]
    return pd.DataFrame(
        {"started_at_utc": moments, "probe": "https", "failure": "", **more}
    )


def missed(minute: int, reason: str, status=RoundStatus.MISSED) -> Round:
    return Round(
        round_id=str(minute),
        vantage=SIMULATED,
        slot_start_utc=NOON + minute * MINUTE,
        started_at_utc=None,
        duration_s=None,
        status=status,
        n_planned=0,
        n_done=0,
        reason=reason,
    )


@pytest.mark.parametrize(
    ("minutes", "lengths"),
    [
        ([0, 5, 10, 30], []),
        ([0, 5, 10, 31], [21]),
        # Three times the usual: what lies a minute apart is one round.
        ([0, 1, 10, 11, 20, 47], []),
        ([0, 1, 10, 11, 20, 48], [28]),
        ([0], []),
        ([0, 1, 2], []),
    ],
)
def test_a_gap_is_much_longer_than_the_usual_step(minutes, lengths) -> None:
    gaps = _gaps(frame(minutes), SCOPE, ())
    assert [(g.end - g.start) / MINUTE for g in gaps] == lengths


def test_a_gap_has_the_reasons_of_the_slots_within_it() -> None:
    rounds = [
        missed(5, "paused"),
        missed(60, "stopped"),
        missed(61, "after it"),
        missed(4, "before it"),
        missed(20, "not this", RoundStatus.OVERLONG),
    ]
    (gap,) = _gaps(frame([-10, -5, 0, 5, 60]), SCOPE, rounds)
    assert gap.reason == "paused; stopped"
    assert f"{gap.start:%H:%M %Z}" == "18:05 +06"
    (unknown,) = _gaps(frame([-10, -5, 0, 5, 60]), SCOPE, ())
    assert unknown.reason is None


def test_before_the_report_begins_there_is_no_gap() -> None:
    last_hour = frame([290, 295, 300, 305, 359])
    assert _gaps(last_hour, SCOPE, ())
    assert (
        _gaps(last_hour, replace(SCOPE, since=NOON.date() + timedelta(days=1)), ())
        == ()
    )


def test_the_first_hours_of_the_first_day_are_told() -> None:
    """Six hours after noon UTC the next day begins in Almaty."""
    tomorrow = replace(SCOPE, since=NOON.date() + timedelta(days=1))
    assert len(_gaps(frame([360, 365, 370, 375, 430]), tomorrow, ())) == 1
    assert _gaps(frame([359, 420, 425, 430, 435]), tomorrow, ()) == ()


def test_rounds_that_this_machine_spoiled_are_counted_by_reason() -> None:
    probes = [Probe.CLOCK, Probe.EVENT_LOOP, Probe.CLOCK, "https", Probe.CLOCK]
    failures = ["stepped", "late", "stepped", "reset", ""]
    spoiled = _spoiled(frame([0, 1, 2, 3, 4], probe=probes, failure=failures))
    told = [(s.reason, s.n_rounds) for s in spoiled]
    assert told == [("clock: stepped", 2), ("event_loop: late", 1)]
    assert _spoiled(frame([0])) == ()


def test_rows_of_a_simulation_are_told_beside_any_number_of_versions(
    one_service, no_pictures
) -> None:
    versions = [f"0.{n}.0" for n in range(7)]
    of = frame([*range(8)], probe_version=[*versions, SIMULATED])
    assert _probe_versions(of) == (*versions, SIMULATED)
    assert _is_simulated(of, "home")
    assert not _is_simulated(of.iloc[:7], "home")
    assert _is_simulated(of.iloc[:7], SIMULATED)
    many = replace(one_service.versions, probes=_probe_versions(of))
    page = render_html(replace(one_service, versions=many), "en")
    assert "0.3.0, 0.4.0, \N{HORIZONTAL ELLIPSIS}" in page
    assert "0.5.0" not in page


def test_a_public_copy_says_no_hour_of_its_making_and_times_to_the_quarter(small):
    copy = public_copy(small, "v-1")
    assert f"{small.made_at:%d %H:%M:%S.%f}" == "06 07:03:04.000005"
    assert f"{copy.made_at:%d %H:%M:%S.%f}" == "06 00:00:00.000000"
    assert f"{small.measured.first:%d %H:%M:%S}" == "02 09:07:30"
    assert f"{copy.measured.first:%d %H:%M:%S}" == "02 09:00:00"
    assert f"{copy.measured.last:%d %H:%M:%S}" == "06 05:30:00"
    assert {v.vantage for v in copy.analysis.verdicts} == {"v-1"}
    assert copy.is_public
    assert not small.is_public


def test_attempts_in_the_window_are_those_from_its_first_minute_to_its_last() -> None:
    """The window is from 14:00 to 16:00 UTC, two hours after noon."""
    of = frame([0, 119.9, 120, 200, 239.9, 240], probe="https")
    measured = _measured(of, SCOPE)
    assert measured is not None
    assert (measured.attempts, measured.in_window) == (6, 3)
    assert f"{measured.first:%H:%M} {measured.last:%H:%M}" == "18:00 22:00"
    assert _measured(frame([0], probe=Probe.CLOCK), SCOPE) is None
    late = replace(SCOPE, since=NOON.date() + timedelta(days=1))
    assert _measured(of, late) is None
    assert _measured(of, replace(SCOPE, night=NOON.date() - timedelta(days=1))) is None


def test_legs_of_pairs_are_no_attempts_of_their_site(report, home) -> None:
    legs = home.samples.head(20).assign(
        probe=Probe.PAIR_OWN, block="b-1", started_at_utc=NOON + 130 * MINUTE
    )
    both = pd.concat([home.samples, legs], ignore_index=True)
    told = night_report(both, report.analysis, SCOPE, Beside())
    assert told.measured == report.measured
