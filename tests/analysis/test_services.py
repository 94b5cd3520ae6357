"""Hosts of services: who is measured how, who is compared, who is found."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from monitor.analysis import analyze, services_of
from monitor.analysis.evalue import e_bh
from monitor.analysis.host_evidence import Hosts, hosts
from monitor.errors import InputError
from monitor.evening_rule import parse_window
from monitor.series.evening_table import evening_table
from monitor.series.grid import grids
from tests.analysis.homes import TARGETS, TIMEZONE, Home, samples

YOUTUBE = ("youtube", "youtube-video", "youtube-thumbs")
SLOWED = Home(targets=("facebook", *YOUTUBE), factor={"youtube-video": 3.0})


def of_services(frame: pd.DataFrame) -> pd.DataFrame:
    is_youtube = frame.target.isin(YOUTUBE)
    is_media = frame.target.isin(YOUTUBE[1:])
    return frame.assign(
        service=np.where(is_youtube, "youtube", ""),
        part=np.where(is_media, "media", ""),
    )


def grid_of(frame: pd.DataFrame):
    (grid,) = grids(frame, timezone=TIMEZONE, window=parse_window("20:00-22:00"))
    return grid


def judged(frame: pd.DataFrame) -> dict:
    return {v.target: v for v in analyze(frame, timezone=TIMEZONE)}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return of_services(samples(SLOWED))


def test_a_slowed_media_host_is_told_once_as_its_service(frame):
    verdicts = judged(frame)
    assert verdicts["youtube-video"].verdict == "selective_slowdown"
    assert (verdicts["youtube-video"].service, verdicts["youtube-video"].part) == (
        "youtube",
        "media",
    )
    assert verdicts["facebook"].to_dict()["service"] == "facebook"
    facebook, youtube = services_of([*verdicts.values()])
    assert (youtube.service, youtube.verdict) == ("youtube", "selective_slowdown")
    assert youtube.hosts == ("youtube-video",)
    assert facebook.is_one_host


def test_what_names_no_service_is_judged_as_before(frame):
    plain = frame.drop(columns=["service", "part"])
    named = plain.assign(service=plain.target, part="page")
    assert judged(plain) == judged(named)


def test_a_service_that_is_named_later_has_its_hosts_from_the_start(frame):
    later = frame.started_at_utc >= frame.started_at_utc.max() - pd.Timedelta("1D")
    told = frame.assign(
        service=frame.service.where(later, ""), part=frame.part.where(later, "")
    )
    assert [*services_of([*judged(told).values()])][1].service == "youtube"


def test_further_hosts_do_not_raise_the_bar_for_other_services():
    few = hosts_of(["a", "b", "b", "b", "b", "b"], ["page", *["media"] * 5])
    assert few.bars[0] == pytest.approx(2 / 0.05)
    assert few.standing_out(np.array([41.0, 0, 0, 0, 0, 0])).tolist() == [
        True,
        *[False] * 5,
    ]


@pytest.mark.parametrize(
    ("e_values", "found"),
    [
        # Two services: one alone needs 40 in the weighted mean, two together 20.
        ([0.0, 0.0, 63.0], [False, False, False]),
        ([0.0, 0.0, 65.0], [False, False, True]),
        ([0.0, 50.0, 60.0], [False, True, True]),
        ([0.0, 30.0, 65.0], [False, False, True]),
        ([30.0, 0.0, 65.0], [True, False, True]),
        ([30.0, 0.0, 0.0], [False, False, False]),
    ],
)
def test_a_service_is_found_by_its_mean_and_its_hosts_by_themselves(e_values, found):
    own = hosts_of(["a", "b", "b"], ["page", "page", "media"])
    assert own.standing_out(np.array(e_values)).tolist() == found


@pytest.mark.parametrize("seed", range(3))
def test_a_found_service_has_a_found_host(seed):
    rng = np.random.default_rng(seed)
    own = hosts_of([*"aabbbcdd"], ["page", "media"] * 4)
    for _ in range(200):
        e_values = rng.lognormal(2, 2, 8)
        means = np.bincount(own.service, own.weight * e_values)
        of_found = set(np.flatnonzero(means >= e_bh(means, 0.05)))
        assert set(own.service[own.standing_out(e_values)]) == of_found


def hosts_of(services: list[str], parts: list[str]) -> Hosts:
    rows = [
        {"started_at_utc": "2026-03-01T12:00:00Z", "target": f"t{n}", "connect_s": 0.1}
        | {"service": service, "part": part}
        for n, (service, part) in enumerate(zip(services, parts, strict=True))
    ]
    table = evening_table(grid_of(pd.DataFrame(rows)))
    return hosts(table, np.arange(len(rows)))


@pytest.mark.parametrize("how", [{"part": "twin"}, {"role": "twin"}])
def test_a_twin_is_neither_accused_nor_a_control(frame, how):
    is_it = frame.target == "youtube-video"
    changed = frame.assign(**{k: frame[k].where(~is_it, v) for k, v in how.items()})
    (key,) = (k for k in grid_of(changed).keys if k.target == "youtube-video")
    assert (key.role, key.part, key.service) == ("twin", "twin", "youtube")
    verdicts = judged(changed)
    assert sorted(verdicts) == ["facebook", "youtube", "youtube-thumbs"]
    without = judged(frame[~is_it])
    assert [v.to_dict() for v in verdicts.values()] == [
        v.to_dict() for v in without.values()
    ]
    assert "youtube-video" not in verdicts["youtube"].details.controls


def test_a_role_that_is_none_is_refused_with_all_that_are(frame):
    with pytest.raises(InputError, match="allowed: target, control, twin"):
        judged(frame.assign(role="victim"))


def test_a_host_whose_name_moves_is_one_series(frame):
    day = frame.started_at_utc.dt.strftime("r%d---sn-x.example")
    moving = frame.assign(
        server_name=day.where(frame.target == "youtube-video", ""),
        probe=np.where(frame.target == "youtube-video", "tls", "https"),
    )
    assert len(grid_of(moving).keys) == len(grid_of(frame).keys)
    assert judged(moving)["youtube-video"] == judged(frame)["youtube-video"]


@pytest.mark.parametrize(
    ("probe", "metric", "is_read"),
    [
        ("tls", "tls_handshake_s", True),
        ("tls", "connect_s", True),
        ("mtproto", "waiting_s", True),
        ("mtproto", "connect_s", True),
        ("tls", "waiting_s", False),
        ("mtproto", "tls_handshake_s", False),
        ("mtproto", "goodput_bps", False),
        ("h3", "tls_handshake_s", False),
        ("h3", "connect_s", False),
    ],
)
def test_each_metric_is_read_from_its_own_kinds(probe, metric, is_read):
    home = Home(days=3, every_min=30, targets=TARGETS[:1], metrics=(metric,))
    frame = samples(home)
    frame["probe"] = np.where(frame.role == "target", probe, "https")
    assert (n_cells(frame) > 0) is is_read
    # The kind that measures a page goes before it, however many rows it has.
    both = pd.concat([frame, frame.assign(probe="https", **{metric: 1.0}).iloc[:1]])
    assert n_cells(both) == 1


def n_cells(frame: pd.DataFrame) -> int:
    """Cells of the target that hold a value."""
    grid = grid_of(frame)
    (place,) = (n for n, key in enumerate(grid.keys) if key.target == TARGETS[0])
    cells = grid.values  # noqa: PD011 - no frame
    return int(np.isfinite(cells[place]).sum())


def test_telegram_s_protocol_is_judged_by_its_answers():
    home = Home(
        targets=("telegram", "telegram-dc"),
        metrics=("waiting_s",),
        factor={"telegram-dc": 3.0},
    )
    frame = samples(home)
    is_dc = frame.target == "telegram-dc"
    frame["probe"] = np.where(is_dc, "mtproto", "https")
    frame["service"] = np.where(frame.role == "target", "telegram", "")
    frame["part"] = np.where(is_dc, "messaging", "")
    (service,) = services_of([*judged(frame).values()])
    assert (service.verdict, service.hosts) == ("selective_slowdown", ("telegram-dc",))


TWINNED = Home(
    targets=("youtube-video", "gvt"), factor={"youtube-video": 3.0}, every_min=15
)


def with_twin(home: Home, **changes: object) -> pd.DataFrame:
    frame = samples(home)
    is_twin = frame.target == "gvt"
    frame = frame.assign(
        service=np.where(frame.role == "target", "youtube", ""),
        part=np.where(is_twin, "twin", ""),
        path="direct",
    )
    for name, value in changes.items():
        frame[name] = frame[name].where(~is_twin, value)
    return frame


def twin_check(frame: pd.DataFrame):
    (found,) = judged(frame).values()
    (check,) = (c for c in found.mechanism if c.check == "twin")
    return found, check


def test_a_twin_that_stays_quick_makes_a_verdict_strong():
    found, check = twin_check(with_twin(TWINNED))
    assert check.score == 1
    assert str(check).startswith("youtube-video x3.")
    assert "its twin gvt x1." in str(check) or "its twin gvt x0.9" in str(check)
    assert (found.verdict, found.strength) == ("targeted_throttling", "strong")
    assert any(reason.rule == "own_router" for reason in found.reasons)


def test_a_twin_that_is_as_slow_points_at_the_service():
    both = replace(TWINNED, factor={"youtube-video": 3.0, "gvt": 3.0})
    found, check = twin_check(with_twin(both))
    assert check.score == -1
    assert found.verdict == "server_side"


def test_a_twin_that_is_a_little_slow_tells_nothing():
    some = replace(TWINNED, factor={"youtube-video": 6.0, "gvt": 1.6})
    found, check = twin_check(with_twin(some))
    assert (check.score, check.is_made) == (0, True)
    assert found.strength != "strong"


@pytest.mark.parametrize(
    "changes", [{"service": "facebook"}, {"tls_handshake_s": np.nan}, {"path": "vpn"}]
)
def test_another_service_s_twin_and_one_that_was_not_measured_tell_nothing(changes):
    found, check = twin_check(with_twin(TWINNED, **changes))
    assert (check.score, check.is_made) == (0, False)
    assert found.verdict == "selective_slowdown"


def test_without_a_twin_that_is_said():
    _, check = twin_check(samples(replace(TWINNED, targets=("youtube-video",))))
    assert str(check) == "unknown: no twin host is measured"
