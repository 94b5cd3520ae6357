"""A report of four days that has one of everything, put together by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

import pandas as pd

from monitor.analysis.owner import OWN_ROUTER
from monitor.evening_rule import EveningState, parse_window
from monitor.model import (
    Analysis,
    Attachment,
    Details,
    Effect,
    EveningMark,
    Evenings,
    MechanismCheck,
    Note,
    Probe,
    Round,
    RoundStatus,
    Verdict,
)
from monitor.reason import Reason
from monitor.report import Beside, Chain, CircleCount, NightReport, Scope, night_report
from monitor.report.content import EveningCost, NameCost

FIRST, NIGHT = date(2026, 3, 2), date(2026, 3, 5)
WINDOW: Final = parse_window("20:00-22:00")
SCOPE: Final = Scope(
    vantage="home",
    timezone="Asia/Almaty",
    window=WINDOW,
    since=date(2026, 2, 20),
    night=NIGHT,
    made_at_utc=datetime(2026, 3, 6, 2, 3, 4, 5, tzinfo=UTC),
)
_BEGIN: Final = datetime(2026, 3, 2, 4, 7, 30, tzinfo=UTC)
SLOW, DEAD, FINE = EveningState.SLOW, EveningState.DEAD, EveningState.FINE


def samples() -> pd.DataFrame:
    """Every half an hour but for a gap; slow, or without an answer, in the evening."""
    rows = [
        {
            "vantage": vantage,
            "target": name,
            "role": "control" if name == "vk" else "target",
            "probe": "download" if name == "media" else "https",
            "started_at_utc": _BEGIN + timedelta(minutes=30 * n + place),
            "failure": "connection_reset" if name == "chat" and _is_evening(n) else "",
            "connect_s": 0.31 if name != "vk" and _is_evening(n) else 0.1,
            "encoded_body_bytes": 1_234_567 if name == "media" else 23_456,
            "probe_version": "0.2.0",
        }
        for vantage in ("home", "office")
        for n in range(4 * 48)
        if not 70 < n < 80
        for place, name in enumerate(("media", "page", "chat", "vk", "video"))
    ]
    spoiled = [
        {
            "vantage": "home",
            "target": "_clock",
            "probe": Probe.CLOCK,
            "started_at_utc": _BEGIN,
            "failure": "clock_stepped",
        }
    ]
    # A leg of a pair is no attempt of its site.
    leg = {**rows[0], "probe": Probe.PAIR_OWN, "block": "b-1"}
    return pd.DataFrame([*rows, *spoiled, leg])


def _is_evening(n: int) -> bool:
    """From 20:00 to 22:00 in Almaty, ten hours after the first row."""
    return 21 <= n % 48 < 25


_DETAILS: Final = Details(
    controls=("vk",),
    controls_live=1,
    controls_left_out=(),
    is_mostly_dead=False,
    mechanism_sum=0,
    e_slow=1.0,
    e_dead=1.0,
    interval_s=1800.0,
    first_evening=FIRST,
    last_evening=NIGHT,
    metrics=(),
)


def _verdict(target: str, name: str, *states: EveningState, **more: object) -> Verdict:
    marks = tuple(
        EveningMark(day=FIRST + timedelta(days=n), state=state, ratio=2.96)
        for n, state in enumerate(states)
    )
    n_dead, n_slow = (
        sum(s in kinds for s in states) for kinds in ([DEAD], [DEAD, SLOW])
    )
    terms = {
        "vantage": "home",
        "target": target,
        "verdict": name,
        "strength": None,
        "evenings": Evenings(observed=4, usable=len(states), slow=n_slow, dead=n_dead),
        "effect": Effect(metric="connect_s", ratio=2.957, ci95=(2.114, 3.666)),
        "p_value": 0.0123,
        "e_value": 12.34,
        "found_window": ("20:05", "21:55"),
        "onset_date": "2026-03-02",
        "offset_date": None,
        "service": target,
        "marks": marks,
        "details": _DETAILS,
    }
    return Verdict(**terms | more)


def _check(check: str, score: int, figure: str, *, is_made: bool = True):
    return MechanismCheck(
        check=check, score=score, detail=Reason(check, figure), is_made=is_made
    )


_ROUTER: Final = Reason(OWN_ROUTER, "The router was looked at.")
_NAMES: Final = Reason("resolver", "The resolver answers.")


def verdicts() -> tuple[Verdict, ...]:
    """Of every tone one, two hosts of one service, and a stranger's."""
    signs = (
        _check("stage", 1, "connecting takes as long as ever"),
        _check("server", -1, "the server waits"),
        _check("destination", 0, "the same servers"),
        _check("twin", 1, "another name stays fast", is_made=False),
        _check("name_away", 0, "as fast elsewhere"),
    )
    media = _verdict(
        "media", "targeted_throttling", SLOW, FINE, SLOW, SLOW,
        service="film", part="media", strength="likely", e_value=3e6,
        mechanism=signs, reasons=(_NAMES, _ROUTER),
    )  # fmt: skip
    page = _verdict("page", "no_recurring_slowdown", FINE, FINE, service="film")
    chat = _verdict(
        "chat", "targeted_blocking", DEAD, DEAD, FINE, DEAD,
        strength="strong", mechanism=(_check("name_away", 1, "dead elsewhere, too"),),
        reasons=(_NAMES,), details=None, e_value=None,
    )  # fmt: skip
    video = _verdict("video", "selective_slowdown", SLOW, FINE, FINE, SLOW)
    return media, page, chat, video, replace(video, vantage="office")


def analysis() -> Analysis:
    """The verdicts as a night has them."""
    return Analysis(
        method_version="5.5",
        timezone="Asia/Almaty",
        tzdata_version="2026a",
        window=WINDOW,
        since=None,
        until=None,
        verdicts=verdicts(),
    )


def _costs() -> tuple[NameCost, ...]:
    cost = EveningCost(day=NIGHT, n=6, times=3.96, n_legs=24, n_dead=5, n_other_dead=1)
    alive = replace(cost, day=None, times=None, n_dead=0, n_other_dead=0)
    return (
        NameCost(is_away=True, evenings=(cost,), calm=alive),
        NameCost(is_away=False, evenings=(replace(alive, day=NIGHT),), calm=None),
    )


def small_report() -> NightReport:
    """All of it."""
    slot = _BEGIN + timedelta(minutes=36 * 60)
    missed = Round(
        round_id="1", vantage="home", slot_start_utc=slot, started_at_utc=None,
        duration_s=None, status=RoundStatus.MISSED, n_planned=0, n_done=0,
        reason="stopped",
    )  # fmt: skip
    file = Attachment(name="shot.png", sha256="cd" * 32, n_bytes=7)
    beside = Beside(
        rounds=[missed],
        notes=[
            Note(
                number=1, first_date=FIRST, last_date=NIGHT, text="x", attached=(file,)
            )
        ],
        chain=Chain(day="2026-03-04", digest="ab" * 32),
        stated={"provider": "Example Net", "line": "fibre"},
        budget=(8_000_000, 250_000_000),
    )
    made = night_report(samples(), analysis(), SCOPE, beside)
    hosts = tuple(
        replace(h, name_costs=_costs()) if h.name == "media" else h for h in made.hosts
    )
    return replace(
        made,
        hosts=hosts,
        circle=(CircleCount(service="film", n_slow=2, n_judged=3),),
        versions=replace(made.versions, software="1.2.3"),
    )
