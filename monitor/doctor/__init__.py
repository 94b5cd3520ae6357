"""`monitor doctor`: what on this machine would make measurements wrong, with advice."""

import os
import shutil
import socket
from collections.abc import Iterator, Sequence, Set
from contextlib import suppress
from datetime import date, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from random import Random
from urllib.parse import urlsplit
from zoneinfo import TZPATH, ZoneInfo, ZoneInfoNotFoundError

from monitor import present, private
from monitor.addresses import is_address
from monitor.clock import Clock, is_synchronised
from monitor.config import Config, Way, control_gaps, masked, partial_controls
from monitor.doctor.finding import Finding, State
from monitor.doctor.home_line import line_of
from monitor.doctor.http3_answers import quic_finding
from monitor.doctor.measured_hosts import (
    Outcomes,
    host_findings,
    tried,
    what_failed,
)
from monitor.doctor.name_servers import (
    answering,
    has_next_resolver,
    resolver_findings,
)
from monitor.doctor.neutral_server import neutral_finding
from monitor.errors import InputError, MonitorError, RightsError
from monitor.machine import machine_zone
from monitor.masking import HIDDEN
from monitor.model import Role, Sample, Target
from monitor.night_folders import night_folders
from monitor.probe import Prober, ProbeSettings
from monitor.probe.gateway import Gateway
from monitor.probe.hosts import system_resolvers
from monitor.probe.legs import LegProber
from monitor.probe.route import DefaultRoute, NetworkFiles, WayKind, WayOut
from monitor.reason import Reason, phrase, verbatim
from monitor.store import Store
from monitor.store.checkpoint import LONG_WAL_BYTES, wal_bytes
from monitor.store.engine import COMPANIONS, sqlite_file
from monitor.store.spool_file import spool_path

__all__ = ["Finding", "State", "examine"]

_NO_PLACE = ("UTC", "Etc/UTC", "Etc/UCT", "Etc/GMT", "GMT", "Universal")

LOW_DISK_BYTES = 500_000_000
"""Some years of samples of the shipped configuration."""


async def examine(
    store: Store,
    config: Config,
    settings: ProbeSettings,
    *,
    clock: Clock,
    directory: Path,
    config_path: Path,
) -> list[Finding]:
    """All findings about this machine, this configuration and what it measures."""
    targets = config.all_targets()
    name_servers = settings.resolvers or system_resolvers()
    answers = await answering(name_servers, _a_name(targets), clock)
    files = NetworkFiles()
    route = files.route()
    gateway = await _asked_gateway(route, clock)
    findings = [
        # Before anything opens the database, which would set its rights.
        *private_findings(config, config_path),
        *resolver_findings(name_servers, answers),
        clock_finding(is_synchronised()),
        zone_finding(config.timezone),
        home_zone_finding(config.timezone, machine_zone(), clock.now_utc()),
        *write_findings(directory),
        database_finding(store),
        *retention_findings(store, config, clock.now_utc()),
        log_finding(wal_bytes(config.database)),
        gateway_finding(route, gateway),
        *way_out_findings(None if route is None else files.way_by(route)),
        *partial_findings(config),
        *way_findings(config.ways, {name for _, name in socket.if_nameindex()}),
    ]
    prober = Prober(settings, clock)
    outcomes = await tried(prober, targets)
    line = await line_of(
        targets, outcomes, gateway, has_next_resolver=has_next_resolver(answers)
    )
    is_at_fault = line.is_at_fault
    suspects, controls = _by_role(targets, outcomes)
    well = [t for t in targets if _answers(outcomes.get(t.name))]
    quic = None if is_at_fault else await quic_finding(prober, config, well)
    neutral = None if is_at_fault else await _of_neutral(config, settings, clock)
    return [
        *findings,
        *line.findings,
        *(finding for finding in (quic, neutral) if finding is not None),
        *host_findings(targets, suspects, blames_line=is_at_fault),
        *control_findings(controls, blames_line=is_at_fault),
    ]


async def _of_neutral(
    config: Config, settings: ProbeSettings, clock: Clock
) -> Finding | None:
    section = config.differential
    if section is None:
        return None
    prober = LegProber(settings, clock, section.bytes)
    rng = Random()  # noqa: S311  an order, no secret
    return await neutral_finding(prober, section.neutral, section.bytes, rng)


def _answers(outcome: object) -> bool:
    return isinstance(outcome, Sample) and outcome.failure is None


def way_findings(ways: Sequence[Way], interfaces: Set[str]) -> Iterator[Finding]:
    """Whether the interfaces of other ways are there; they may come up later."""
    for way in ways:
        if way.interface is not None and way.interface not in interfaces:
            told = phrase(
                "{way}: no interface {interface} on this machine now",
                way=way.name,
                interface=way.interface,
            )
            advice = phrase("bring it up; until then its pairs are told as way_down")
            yield Finding(phrase("way"), State.WARNING, told, advice)


def _by_role(
    targets: Sequence[Target], outcomes: Outcomes
) -> tuple[Outcomes, Outcomes]:
    """The outcomes of targets and of controls."""
    controls = {t.name for t in targets if t.role is Role.CONTROL}
    return (
        {name: o for name, o in outcomes.items() if name not in controls},
        {name: o for name, o in outcomes.items() if name in controls},
    )


def _a_name(targets: Sequence[Target]) -> str:
    """A name that any resolver has an answer for."""
    hosts = (urlsplit(target.url).hostname or "" for target in reversed(targets))
    return next((h for h in hosts if h and not is_address(h)), "example.org")


def clock_finding(is_synchronised_: bool | None) -> Finding:
    """Whether sample times can be trusted."""
    if is_synchronised_:
        return Finding(phrase("clock"), State.OK, phrase("synchronised"))
    silent, wrong = phrase("cannot be asked"), phrase("not synchronised")
    told = wrong if is_synchronised_ is False else silent
    advice = phrase("switch on NTP: timedatectl set-ntp true, or install chrony")
    return Finding(phrase("clock"), State.WARNING, told, advice)


def zone_finding(zone: str) -> Finding:
    """Whether the zone data know the last change of offset that matters here."""
    almaty = ZoneInfo("Asia/Almaty")
    offset = datetime(2024, 6, 1, 12, tzinfo=almaty).utcoffset()
    title, source = phrase("time-zone data"), _zone_data_source()
    told = phrase("{zone}, {source:reasons}", zone=zone, source=(source,))
    if offset != timedelta(hours=5):
        return Finding(
            title,
            State.BAD,
            phrase(
                "{told:reasons}: older than Kazakhstan's change of 1 March 2024",
                told=(told,),
            ),
            phrase("update the system's tzdata package"),
        )
    return Finding(title, State.OK, told)


def home_zone_finding(zone: str, of_machine: str | None, now_utc: datetime) -> Finding:
    """Whether the evenings of the configuration are this machine's evenings.

    A wrong zone acquits in silence: the slow hours fall into the rest of the day.
    """
    title = phrase("zone of the home")
    if of_machine in (None, *_NO_PLACE):
        return Finding(title, State.OK, _of_no_place(zone, of_machine))
    try:
        theirs = _offsets(str(of_machine), now_utc)
    except (ValueError, ZoneInfoNotFoundError, OSError):
        theirs = []
    told = phrase(
        "{zone}; this machine goes by {machine}", zone=zone, machine=of_machine
    )
    if theirs == _offsets(zone, now_utc):
        return Finding(title, State.OK, told)
    return Finding(
        title,
        State.WARNING,
        phrase("{told:reasons}, where clocks show another time", told=(told,)),
        phrase(
            "if this home is there, set timezone: {machine} in the configuration; the"
            " evenings that are judged are of the configured zone",
            machine=of_machine,
        ),
    )


def _of_no_place(zone: str, of_machine: str | None) -> Reason:
    if of_machine is None:
        return phrase(
            "{zone}; this machine goes by no named zone, which is no place", zone=zone
        )
    return phrase(
        "{zone}; this machine goes by {machine}, which is no place",
        zone=zone,
        machine=of_machine,
    )


def _offsets(zone: str, now_utc: datetime) -> list[timedelta | None]:
    """What the clocks differ from UTC by, through the year to come."""
    months = (now_utc + timedelta(days=30 * n) for n in range(13))
    return [month.astimezone(ZoneInfo(zone)).utcoffset() for month in months]


def write_findings(directory: Path) -> Iterator[Finding]:
    """Whether samples can be kept here."""
    if not os.access(directory, os.W_OK | os.X_OK):
        none = phrase("{folder}: none", folder=str(directory))
        own = phrase("start the monitor in a directory of its own user")
        yield Finding(phrase("write access"), State.BAD, none, own)
        return
    yield Finding(phrase("write access"), State.OK, verbatim(directory))
    n_free = shutil.disk_usage(directory).free
    state = State.OK if n_free > LOW_DISK_BYTES else State.WARNING
    advice = phrase("free some space: a year takes about 250 MB")
    told = phrase("{free:.1f} GB free", free=n_free / 1e9)
    yield Finding(phrase("disk"), state, told, None if state is State.OK else advice)


def database_finding(store: Store) -> Finding:
    """Whether the database opens at this version's layout."""
    title = phrase("database")
    try:
        store.check(writes=True)
    except (InputError, RightsError) as error:
        advice = phrase("`monitor run` ends at once")
        return Finding(title, State.BAD, verbatim(error), advice)
    except MonitorError as error:
        advice = phrase("samples go to a spool file until it is back")
        return Finding(title, State.BAD, verbatim(error), advice)
    return Finding(title, State.OK, verbatim(masked(store.url)))


def retention_findings(
    store: Store, config: Config, now_utc: datetime
) -> Iterator[Finding]:
    """What retention removed and what it waits for; nothing without the database."""
    n_days, title = config.retention.samples_days, phrase("retention")
    with suppress(MonitorError):
        retention = store.retention(config.vantage)
        removed = retention.removed()
        told = phrase(
            "{n} samples of {days} days removed so far",
            n=removed.n_rows,
            days=removed.n_days,
        )
        if n_days is None:
            kept = phrase("{told:reasons}; the others are kept", told=(told,))
            yield Finding(title, State.OK, kept)
            return
        age = retention.age(n_days, now=now_utc)
        if age.step is not None:
            yield Finding(
                title,
                State.WARNING,
                phrase(
                    "{told:reasons}; waits: the clock was set from {before} to {after}"
                    " UTC",
                    told=(told,),
                    before=f"{age.step.before_utc:%F %H:%M}",
                    after=f"{age.step.after_utc:%F %H:%M}",
                ),
                phrase("nothing is removed for 24 hours after that"),
            )
            return
        measured = phrase(
            "{told:reasons}; {n} of {days} measured days: kept {kept:reasons}",
            told=(told,),
            n=age.n_measured,
            days=n_days,
            kept=(_kept(age.first_kept),),
        )
        yield Finding(title, State.OK, measured)


def _kept(first: date | None) -> Reason:
    if first is None:
        return phrase("all are kept")
    return phrase("from {day:date}", day=first.isoformat())


def private_findings(config: Config, config_path: Path) -> Iterator[Finding]:
    """Whether others on this machine can read what is stored; sets right what is ours.

    A configuration is its writer's, and is only told about.
    """
    title = phrase("private files")
    open_ones = [p for p in _stored_files(config) if private.is_open_to_others(p)]
    left = [path for path in open_ones if not private.take_from_others(path)]
    if left:
        advice = phrase(
            "they belong to another user: sudo chmod go= {path}, or chown",
            path=str(left[0]),
        )
        yield Finding(title, State.WARNING, _left_open(left), advice)
    elif open_ones:
        told = phrase("their owner's alone; set right just now: {n}", n=len(open_ones))
        yield Finding(title, State.OK, told)
    else:
        yield Finding(title, State.OK, phrase("their owner's alone"))
    if _holds_secrets(config) and private.is_open_to_others(config_path):
        yield Finding(
            phrase("configuration"),
            State.WARNING,
            phrase(
                "{path}: holds secrets, and others on this machine may read it",
                path=str(config_path),
            ),
            phrase(
                "chmod go= {path}; see docs/deployment.md for a service",
                path=str(config_path),
            ),
        )


def _stored_files(config: Config) -> Iterator[Path]:
    """Whatever the program keeps, as far as it is there."""
    spool = spool_path(config.database)
    yield from (spool, spool.with_name(f"{spool.name}.unreadable"))
    path = sqlite_file(config.database)
    if path is not None:
        yield from (path.with_name(path.name + end) for end in COMPANIONS)
    yield from night_folders(Path(config.report.folder))


def _left_open(paths: Sequence[Path]) -> Reason:
    names = ", ".join(map(str, paths[:3]))
    if len(paths) == 1:
        return phrase(
            "{names}: others on this machine may read or change it", names=names
        )
    return phrase(
        "{names}: others on this machine may read or change {n} of them",
        names=names,
        n=len(paths),
    )


def _holds_secrets(config: Config) -> bool:
    return bool(config.notify.urls or config.notify.heartbeat) or HIDDEN in masked(
        config.database
    )


def log_finding(n_bytes: int) -> Finding:
    """Whether SQLite's write-ahead log shrinks again after each round."""
    title, told = phrase("write-ahead log"), phrase("{n:.1f} MB", n=n_bytes / 1e6)
    if n_bytes < LONG_WAL_BYTES:
        return Finding(title, State.OK, told)
    advice = phrase(
        "another program keeps the database open in a transaction: end it; until then"
        " the log grows, and a damaged page of it may cost what it holds"
    )
    return Finding(title, State.WARNING, told, advice)


def partial_findings(config: Config) -> Iterator[Finding]:
    """Controls that may be slowed together with a target, and what is missing."""
    for partial in partial_controls(config):
        title = phrase("control {name}", name=partial.control)
        yield Finding(title, State.WARNING, partial.matter, partial.ADVICE)
    for gap in control_gaps(config):
        yield Finding(phrase("controls"), State.WARNING, gap.lack, gap.advice)


def control_findings(
    outcomes: Outcomes, *, blames_line: bool = False
) -> Iterator[Finding]:
    """Whether there are enough live controls for a verdict, and which are dead."""
    advice = phrase("if it stays so, put another site in its place")
    n_alive = 0
    for name, outcome in outcomes.items():
        if isinstance(outcome, Sample) and outcome.failure is None:
            n_alive += 1
            continue
        yield Finding(
            phrase("control {name}", name=name),
            State.WARNING,
            what_failed(outcome),
            None if blames_line else advice,
        )
    needed = phrase("at least three live controls are needed to accuse anybody")
    yield Finding(
        phrase("controls"),
        State.OK if n_alive >= 3 else State.BAD,
        phrase("{n} of {controls} answer", n=n_alive, controls=len(outcomes)),
        None if n_alive >= 3 or blames_line else needed,
    )


async def _asked_gateway(
    route: DefaultRoute | None, clock: Clock
) -> present.Gateway | None:
    """How the gateway answers; None: there is none."""
    if route is None or route.gateway is None:
        return None
    sample = await Gateway(clock, vantage="doctor").measure()
    connect_s = None if sample is None else sample.connect_s
    return present.Gateway(has_answered=connect_s is not None, connect_s=connect_s)


def gateway_finding(
    route: DefaultRoute | None, gateway: present.Gateway | None
) -> Finding:
    """Whether trouble of the home's own can be seen."""
    title = phrase("gateway")
    if route is None:
        advice = phrase(
            "without it, trouble of the home line cannot be told from the net's"
        )
        return Finding(title, State.WARNING, phrase("no default route"), advice)
    if route.gateway is None or gateway is None:
        told = phrase(
            "none: {interface} leads out by itself, this machine is the router",
            interface=route.interface,
        )
        return Finding(title, State.OK, told)
    if gateway.connect_s is None:
        advice = phrase("harmless; own trouble is then seen by the sites alone")
        return Finding(title, State.WARNING, phrase("does not answer"), advice)
    told = phrase(
        "answers in {ms:.1f} ms over {interface}",
        ms=1e3 * gateway.connect_s,
        interface=route.interface,
    )
    return Finding(title, State.OK, told)


def way_out_findings(way: WayOut | None) -> Iterator[Finding]:
    """What the home is connected by, where that is no line of its own."""
    if way is None or way.kind is WayKind.LINE:
        return
    name = way.interface
    words = {
        WayKind.TUNNEL: phrase("through a tunnel (VPN, {interface})", interface=name),
        WayKind.PHONE: phrase(
            "through a mobile phone or modem ({interface})", interface=name
        ),
    }
    yield Finding(
        phrase("way out"),
        State.WARNING,
        phrase(
            "{way:reasons}: what is measured is that way's, not your line's",
            way=(words[way.kind],),
        ),
        phrase(
            "if that is not meant, switch it off for this machine; each round keeps"
            " which way it went, and evenings on another way than usual are set aside"
        ),
    )


def _zone_data_source() -> Reason:
    for directory in TZPATH:
        path = Path(directory) / "tzdata.zi"
        with suppress(OSError):
            first_line = path.read_text().split("\n", 1)[0]
            number = first_line.strip("# ").removeprefix("version ")
            return phrase("system version {version}", version=number)
    with suppress(PackageNotFoundError):
        return verbatim(f"tzdata {version('tzdata')}")
    return phrase("unknown version")
