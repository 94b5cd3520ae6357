"""Every message of every rule is made by some home, and told without an English word.

A branch of words that no home reaches is a sentence that nobody has read.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.drawn_transfers import Way
from monitor.analysis import analyze, as_stated
from monitor.analysis.case import Case, case_of
from monitor.analysis.effect import Estimate
from monitor.analysis.judge import evenings_between, levels_of, prepare
from monitor.analysis.look import Home as PreparedHome
from monitor.analysis.look import look_of
from monitor.analysis.reasons import reasons
from monitor.analysis.rules import rule
from monitor.model import MechanismCheck, Verdict
from monitor.reason import Reason
from monitor.report.first_page import how_sure
from monitor.series import grid
from monitor.service_verdicts import services_of
from monitor.simulation import FAMILIES, simulate
from monitor.simulation.blocks import BLOCK_WORLDS, BlockWorld, simulated_blocks
from monitor.simulation.capacity import capacity_home
from monitor.verdict_table import VERDICTS
from monitor.web.answers.now import NEVER, paused
from monitor.wording import Language, language
from monitor.wording.cards import facts, heading, lead, short_sentence
from monitor.wording.check_words import check_outcome, check_title
from monitor.wording.numbers import evidence_lines
from monitor.wording.reason_words import told
from monitor.wording.sentences import Setting, sentence, title
from release.messages import messages
from tests import test_present
from tests.analysis.homes import CONTROLS, TARGETS, TIMEZONE, Home, samples
from tests.analysis.test_fingerprint import POLICED, recorded
from tests.analysis.test_pairs import certified, dying, ways
from tests.analysis.test_sender_loss import HOME as LOSSY
from tests.analysis.test_sender_loss import with_loss
from tests.analysis.test_transports import calm_only, home_with_quic, never_answered
from tests.analysis.test_ways import LINE, OTHER_LINE, with_ways
from tests.analysis.test_ways import home as home_of_ways
from tests.costs import in_brief

SETTING = Setting(window=("20:00", "22:00"), n_controls=5)
METRICS = ("connect_s", "tls_handshake_s", "waiting_s", "goodput_bps")
SLOWED = Home(metrics=METRICS, factor={"facebook": 3.0})
WAYS = ("tunnel/wireguard", "phone/usb/0001", OTHER_LINE)
NAMES = {
    *TARGETS,
    *CONTROLS,
    "DNS",
    "QUIC",
    "TCP",
    "VPN",
    "cloudflare",
    "debian",
    "ok",
    "python",
    "tzdata",
    "e-",
    "plain",
    "twin",
}
"""What is written alike in every language: sites, a package, the letter of e-values, a
value of the configuration."""
OF_CAPACITY = (
    ("refused_403", 2),
    ("all_hours", 2),
    ("changed_object", 2),
    ("held_512k_no_transfer", 2),
    ("filter_zero", 2),
    ("blocked_transfers", 2),
    ("four_of_seven", 2),
    ("held_two_a_week", 2),
    ("full_transit", 2),
)
"""Homes of the second physics, and what is said only there."""
LATIN = re.compile(r"[A-Za-z]+")


def judged(frame: pd.DataFrame) -> list[Verdict]:
    return analyze(frame, timezone=TIMEZONE)


def local(frame: pd.DataFrame):
    return frame.started_at_utc.dt.tz_convert(TIMEZONE).dt


def in_evening(frame: pd.DataFrame, target: str = "facebook") -> pd.Series:
    return local(frame).hour.isin([20, 21]) & (frame.target == target)


def changed(home: Home, **columns: tuple[object, object]) -> pd.DataFrame:
    """Facebook's evenings with other values than the rest."""
    frame = samples(home)
    rows = in_evening(frame)
    return frame.assign(
        **{name: np.where(rows, *pair) for name, pair in columns.items()}
    )


def slower_connects_and_scattered_rates() -> pd.DataFrame:
    frame = samples(SLOWED)
    rows = in_evening(frame)
    noise = np.random.default_rng(2).standard_normal(int(rows.sum()))
    frame.loc[rows, "goodput_bps"] = 1e6 * np.exp(1.5 * noise)
    frame.loc[rows, "connect_s"] *= 30
    return frame


def cut_off() -> pd.DataFrame:
    frame = samples(SLOWED).assign(encoded_body_bytes=500_000.0, failure="")
    rows = in_evening(frame)
    frame["failed_operation"] = np.where(rows, "read", "")
    frame.loc[rows, "failure"] = "generic_timeout_error"
    frame.loc[rows, "encoded_body_bytes"] = np.linspace(15e3, 18e3, int(rows.sum()))
    return frame


def dead_all_day() -> pd.DataFrame:
    frame = samples(Home(days=7))
    rows = frame.target == "facebook"
    frame["failure"] = np.where(rows, "generic_timeout_error", "")
    frame["failed_operation"] = np.where(rows, "connect", "")
    frame.loc[rows, "tls_handshake_s"] = np.nan
    return frame


def saturdays() -> pd.DataFrame:
    frame = samples(Home(days=60, every_min=15))
    rows = in_evening(frame) & (local(frame).day_of_week == 5)
    frame.loc[rows, "tls_handshake_s"] *= 3
    return frame


def hill(every_min: float = 5.0, busy: float = 0.0) -> pd.DataFrame:
    """Facebook, and all sites less so, slower along a hill around nine."""
    home = Home(days=30, every_min=every_min, metrics=("connect_s", "tls_handshake_s"))
    frame = samples(home)
    hour = local(frame).hour + local(frame).minute / 60
    bell = np.exp(-(((hour - 21) / 2) ** 2))
    extra = np.where(frame.target == "facebook", 1.0 + 2 * busy, busy)
    frame["tls_handshake_s"] *= 1 + extra * bell
    return frame


def with_local_rows(home: Home, probe: str, **values: object) -> pd.DataFrame:
    frame = samples(home)
    stamps = frame[frame.target == "vk"].started_at_utc
    rows = pd.DataFrame(
        {"started_at_utc": stamps, "target": f"_{probe}", "role": "control"}
    ).assign(probe=probe, **values)
    return pd.concat([frame, rows], ignore_index=True)


def by_another_way() -> pd.DataFrame:
    home = Home(metrics=METRICS, targets=("facebook",), controls=(), seed=9)
    alone = samples(replace(home, targets=("twitter",), days=2))
    return pd.concat(
        [
            samples(replace(SLOWED, targets=("facebook",))),
            samples(home).assign(path="tunnel"),
            alone.assign(path="tunnel"),
        ]
    )


def swapped(n_days: int) -> pd.DataFrame:
    frame = samples(SLOWED)
    rows = (frame.target == "facebook") & (local(frame).day <= n_days)
    swap = frame.loc[rows, ["started_at_utc", "target", "role", "tls_handshake_s"]]
    return pd.concat([frame, swap.assign(probe="sni_swap", server_name="example.org")])


def quiet_slow_quiet() -> pd.DataFrame:
    slow = Home(days=12, start="2026-03-13", factor={"facebook": 3.0})
    parts = Home(days=12), slow, Home(days=12, start="2026-03-25")
    return pd.concat(map(samples, parts))


def addresses_by_day_only() -> pd.DataFrame:
    frame = samples(SLOWED)
    return frame.assign(remote_address=np.where(in_evening(frame), "", "192.0.2.1"))


def impossible_values() -> pd.DataFrame:
    frame = samples(Home(days=7))
    frame.loc[:2, "tls_handshake_s"] = -1.0
    return frame


def frames() -> Iterator[pd.DataFrame]:  # noqa: PLR0915 - a list
    """Homes that between them reach every rule."""
    yield samples(Home())
    yield samples(Home(days=7, controls=CONTROLS[:1]))
    yield samples(Home(days=4))
    yield samples(Home(busy=2.0))
    yield samples(Home(busy=0.5, factor={"facebook": 2.0}))
    yield samples(Home(controls=(), factor={"facebook": 3.0}))
    yield samples(Home(controls=CONTROLS[:3], factor={"facebook": 3.0, "kaspi": 3.0}))
    yield samples(Home(metrics=("connect_s",), factor={"facebook": 3.0}))
    yield samples(Home(every_min=30, factor={"facebook": 3.0}))
    yield samples(Home(days=21, factor={"facebook": 3.0}, window_h=(20.5, 22.5)))
    yield samples(Home(days=20, factor={"facebook": 3.0}, window_h=(20.5, 21.2)))
    dead = ("connect", "generic_timeout_error")
    yield samples(Home(days=7, dead={"telegram": dead}))
    yield samples(Home(days=7, controls=CONTROLS[:2], dead={"telegram": dead}))
    yield samples(Home(days=7, dead=dict.fromkeys((*TARGETS, *CONTROLS), dead)))
    both = {"facebook": 3.0, "youtube": 3.0}
    yield samples(Home(metrics=METRICS, factor=both, share=0.5))
    yield samples(Home(metrics=METRICS, factor=both))
    yield apart()
    yield changed(SLOWED, remote_address=("198.51.100.7", "192.0.2.1"))
    yield changed(SLOWED, certificate_issuer=("CN=National", "CN=Usual"))
    yield changed(SLOWED, http_status=(429, 200))
    yield slower_connects_and_scattered_rates()
    yield cut_off()
    yield dead_all_day()
    yield saturdays()
    yield hill()
    yield hill(busy=0.6)
    yield with_local_rows(Home(days=7), "event_loop", failure="event_loop_late")
    yield with_local_rows(Home(days=7), "resolver", failure="first_resolver_silent")
    yield with_local_rows(Home(days=7, metrics=METRICS), "gateway", connect_s=0.5)
    yield by_another_way()
    yield with_loss(LOSSY, {"telegram": 0.15})
    yield swapped(n_days=31)
    yield swapped(n_days=2)
    yield quiet_slow_quiet()
    yield addresses_by_day_only()
    yield impossible_values()


def apart() -> pd.DataFrame:
    """Two targets slow at other hours."""
    frame = samples(SLOWED)
    hour = local(frame).hour
    frame.loc[
        (frame.target == "youtube") & hour.isin([21, 22]), list(METRICS[1:3])
    ] *= 4
    return frame


def rare() -> Iterator[Reason]:
    """Where any factor is possible, and where the way to the gateway is longer."""
    for home in (Home(days=7), Home(busy=2.0)):
        (at,) = prepare(samples(home), timezone=TIMEZONE).homes
        one = first_case(at)
        assert one.effect is not None
        yield rule(replace(one, effect=replace(one.effect, high=math.inf)), ()).reason
    far = np.full_like(at.table.gateway_rise, math.log(2))
    yield rule(
        first_case(replace(at, table=replace(at.table, gateway_rise=far))), ()
    ).reason


def uneven() -> Iterator[Reason]:
    """A size that is known of the slow evenings only, or of none."""
    (at,) = prepare(samples(SLOWED), timezone=TIMEZONE).homes
    one = first_case(at)
    assert one.is_established
    yield rule(replace(one, effect=Estimate(0.1, -1.0, 1.0)), ()).reason
    yield from reasons(replace(one, is_of_slow=True), rule(one, ()))


def of_hosts() -> Iterator[Reason]:
    """Services of several hosts, with twins that are quick and slow."""
    quick = samples(replace(SLOWED, targets=("facebook", "twin"), every_min=15))
    slow = {"facebook": 3.0, "twin": 3.0}
    for frame in (
        quick,
        samples(
            replace(SLOWED, targets=("facebook", "twin"), factor=slow, every_min=15)
        ),
    ):
        part = np.where(frame.target == "twin", "twin", "")
        service = np.where(frame.role == "target", "meta", "")
        yield from reasons_in(judged(frame.assign(part=part, service=service)))
        lost = frame[(frame.target != "twin") | (frame.index % 500 == 0)]
        yield from reasons_in(judged(lost.assign(part="", service="")))
        own = np.where(lost.target == "twin", "twin", "")
        yield from reasons_in(judged(lost.assign(part=own, service="meta")))
    (found, *_) = judged(quick)
    parts = ("page", "media", "api", "messaging", "another")
    kinds = ("selective_slowdown", "no_recurring_slowdown", "inconclusive")
    for kind in kinds:
        hosts = [
            replace(
                found,
                target=f"{TARGETS[n % 4]}",
                part=part,
                service="youtube",
                verdict=kind if n else kinds[0],
            )
            for n, part in enumerate(parts)
        ]
        for service in services_of(hosts):
            yield from reasons_of(service.reasons)


def of_curves() -> Iterator[Reason]:
    """What a fingerprint says of transfers, and what it cannot."""
    for way in (POLICED, Way(shaped_bps=1e6), Way(server_bps=5e5), Way(loss=0.05)):
        yield from reasons_in(judged(recorded(way)))
    frame = recorded(POLICED)
    yield from reasons_in(judged(frame.assign(timeline=None)))


def few_controls() -> pd.DataFrame:
    """Transfers die, beside two controls."""
    home = capacity_home("blocked_transfers", seed=2, days=16, every_s=600)
    frame = home.samples
    controls = sorted(frame.target[frame.role == "control"].unique())
    return frame[~frame.target.isin(controls[2:])]


def first_case(at: PreparedHome) -> Case:
    seen = look_of(at, evenings_between(at, None, None))
    return case_of(seen, 0, levels_of(seen))


def reasons_of(found: Iterable[Reason]) -> Iterator[Reason]:
    for reason in found:
        yield reason
        for value in reason.values.values():  # noqa: PD011 - no frame
            if isinstance(value, tuple):
                yield from reasons_of(v for v in value if isinstance(v, Reason))


def reasons_in(verdicts: Iterable[Verdict]) -> Iterator[Reason]:
    for verdict in verdicts:
        yield from reasons_of(verdict.reasons)
        yield from (check.detail for check in verdict.mechanism)


def foreign_words(text: str, names: Iterable[str] = ()) -> set[str]:
    for name in sorted({*names, *NAMES}, key=len, reverse=True):
        text = re.sub(re.escape(name), "", text, flags=re.IGNORECASE)
    return set(LATIN.findall(text))


def in_words(verdict: Verdict, tongue: Language) -> Iterator[str]:
    """All that a report, a message, a card or the terminal says of a verdict."""
    yield title(verdict, tongue)
    yield sentence(verdict, SETTING, tongue)
    yield heading(verdict, tongue)
    yield short_sentence(verdict, tongue)
    yield how_sure(verdict, tongue)
    yield from evidence_lines(verdict, tongue)
    for fact in facts(verdict, tongue):
        yield f"{fact.term}: {fact.text}"
    for check in verdict.mechanism:
        yield from (check_title(check, tongue), check_outcome(check, tongue))
        yield told(check.detail, tongue)


def reached() -> Iterator[Reason]:
    # The zone data are corrected only where they are years old.
    yield from grid._notes(TIMEZONE)
    yield from rare()
    yield from uneven()
    yield from of_hosts()
    yield from of_pairs()
    yield from of_curves()
    yield from reasons_in(judged(few_controls()))
    yield from reasons_in(as_stated(judged(few_controls()), date(2026, 11, 1)))
    for family in ("own_load", "outages", "slow_2x_on_congestion"):
        home = simulate(family, seed=4, days=14, every_s=600)
        yield from reasons_in(analyze(home.samples, timezone=home.timezone))
    for frame in frames():
        yield from reasons_in(judged(frame))
    for kind, seed in OF_CAPACITY:
        cut = capacity_home(kind, seed=seed, days=16, every_s=600)
        yield from reasons_in(analyze(cut.samples, timezone=cut.timezone))


def said_now() -> Iterator[Reason]:
    """What is said of a moment, which is no rule of the method."""
    controls = [test_present.site(name) for name in test_present.CONTROLS]
    slow = test_present.site("youtube", [20e6, 0.5e6, 0.5e6])
    dead = [20e6, None, None]
    homes = [
        test_present.home(test_present.site("youtube"), *controls),
        test_present.home(slow, *controls),
        test_present.home(slow, test_present.site("facebook")),
        test_present.home(test_present.site("facebook", dead), *controls),
        test_present.home(
            test_present.site("facebook", dead, has_ever_answered=False), *controls
        ),
        test_present.home(
            test_present.site("facebook", dead, pages=[0.3, 0.3]), *controls
        ),
        test_present.home(test_present.site("facebook", connect_s=1e-4), *controls),
        test_present.home(),
    ]
    for gateway, stage in ((True, "connect"), (False, "connect"), (None, "connect")):
        silent = [test_present.site(s.target, [None], stage=stage) for s in controls]
        homes.append(test_present.home(*silent, gateway=gateway))
    silent = [test_present.site(s.target, [None], stage="resolve") for s in controls]
    homes.append(test_present.home(*silent))
    homes.append(test_present.home(*silent, has_next_resolver=True))
    for found in homes:
        yield from found.reasons
    yield paused(datetime(2026, 10, 21, 2, tzinfo=UTC))
    yield NEVER


def of_pairs() -> Iterator[Reason]:
    """What blocks say of a name, and what they leave open."""
    quiet = samples(Home(days=7, targets=("facebook",), every_min=15))
    slowed = samples(replace(SLOWED, targets=("facebook",), days=7, every_min=15))
    named = blocks_of(replace(BLOCK_WORLDS["D1"], name=4.0, fires=True))
    is_calm = ~local(named).hour.isin([19, 20, 21, 22])
    by_address = blocks_of(BLOCK_WORLDS["D2"])
    residual = blocks_of(BLOCK_WORLDS["D5"])
    always = blocks_of(replace(BLOCK_WORLDS["D4"], unknown_names=4.0))
    homes = [(quiet, legs) for legs in (named, always, named[~is_calm])]
    homes += [(quiet, quick(named, probe)) for probe in ("pair_own", "sni_away")]
    homes += [(slowed, legs) for legs in (residual, by_address, named[is_calm])]
    late = drawn_later(named, by_address)
    homes.append((quiet, late))
    for direct in (1.0, 3.0):
        homes.append((slowed, pd.concat([by_address, ways(direct)])))
    for frame, legs in homes:
        yield from reasons_in(judged(pd.concat([frame, legs])))
    yield from of_dead_legs()
    yield from of_transports()
    for way, usual in ((LINE, "tunnel/tun"), *((w, LINE) for w in WAYS)):
        frame = with_ways(samples(home_of_ways()), dict.fromkeys((2, 3), way), usual)
        yield from reasons_in(judged(frame))


def of_dead_legs() -> Iterator[Reason]:
    """Names and ways under which nothing comes, other certificates, and residue."""
    quiet = samples(Home(days=7, targets=("facebook",), every_min=15))
    slowed = samples(replace(SLOWED, targets=("facebook",), days=7, every_min=15))
    legs = blocks_of(BLOCK_WORLDS["D2"])
    names = ("pair_own", "sni_away")
    blocked = dying(legs, *names)
    always = dying(legs, *names, hours=tuple(range(24)))
    cut = dying(ways(1.0), "pair_own")
    cut.loc[cut.path != "direct", ["failure", "failed_operation"]] = ""
    cut.loc[cut.path != "direct", ["goodput_bps", "http_status"]] = 2e7, 200
    residual = blocks_of(BlockWorld(name=4.0, residue=4.0, fires=True))
    homes = [(quiet, part) for part in (blocked, always, residual)]
    homes += [(slowed, part) for part in (certified(legs, *names), cut, blocked)]
    for frame, part in homes:
        yield from reasons_in(judged(pd.concat([frame, part])))


def of_transports() -> Iterator[Reason]:
    """What TCP and QUIC say of each other."""
    blocked = (home_with_quic(is_blocked=way) for way in ("quic", "tcp"))
    slowed = (home_with_quic(tcp=4.0, days=14), home_with_quic(quic=5.0))
    for frame in (*blocked, *slowed, never_answered(), calm_only()):
        yield from reasons_in(judged(frame))


def blocks_of(world: BlockWorld) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    legs = simulated_blocks(world, rng, target="facebook", n_evenings=7)
    return legs.assign(vantage="home")


def drawn_later(named: pd.DataFrame, quiet: pd.DataFrame) -> pd.DataFrame:
    """The first evenings without a slow name, the others with one."""
    is_late = local(named).day > local(named).day.min() + 3
    is_early = local(quiet).day <= local(quiet).day.min() + 3
    return pd.concat([quiet[is_early], named[is_late]])


def quick(legs: pd.DataFrame, probe: str) -> pd.DataFrame:
    """One kind of leg as quick as a line allows."""
    rates = legs.goodput_bps.where(legs.probe != probe, 20e6)
    return legs.assign(goodput_bps=rates)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_every_message_is_made_by_a_home_and_told_in_every_language() -> None:
    method, made = Path("docs/method.md").read_text(), {}
    for reason in reached():
        made[reason.message] = reason
        assert f"`{reason.rule}`" in method or f"| {reason.rule} |" in method
    made |= {reason.message: reason for reason in said_now()}
    assert {message.id for message in messages(Path(), "en")} - set(made) == set()
    for reason in made.values():
        for code in ("ru", "kk"):
            text = told(reason, language(code))
            assert foreign_words(text) == set(), text


@pytest.mark.parametrize("family", in_brief(FAMILIES, *list(FAMILIES)[::2]))
def test_no_english_word_is_left_in_what_is_said_of_a_home(family: str) -> None:
    home = simulate(family, seed=2, days=12, every_s=900)
    for verdict in analyze(home.samples, timezone=home.timezone):
        for code in ("ru", "kk"):
            for text in in_words(verdict, language(code)):
                assert foreign_words(text, home.sites.names) == set(), text
                assert "{" not in text
                assert "%(" not in text


@pytest.mark.parametrize("code", ["ru", "kk"])
@pytest.mark.parametrize("kind", VERDICTS)
def test_every_verdict_is_told_without_an_english_word(kind: str, code: str) -> None:
    (found, *_) = judged(samples(Home(days=2, targets=("facebook",), every_min=30)))
    for strength in ("strong", "likely", None):
        verdict = replace(
            found,
            verdict=kind,
            strength=strength,
            p_value=0.0001,
            onset_date="2026-03-01",
            offset_date="2026-03-02",
            mechanism=(MechanismCheck(check="stage", score=1, detail=Reason("", "")),),
        )
        for text in in_words(verdict, language(code)):
            assert foreign_words(text) == set(), text
    above = lead(
        services_of([verdict]),
        since=date(2026, 3, 1),
        until=date(2026, 3, 2),
        window=("20:00", "22:00"),
        language=language(code),
    )
    assert foreign_words(above) == set(), above


def test_a_word_of_english_would_be_seen() -> None:
    assert foreign_words("Медленные вечера: Friday, Sunday.") == {"Friday", "Sunday"}
    assert foreign_words("youtube и TLS: 31") == {"TLS"}
