"""What three evenings of the shipped configuration say of what the lab imposes.

The daemon with the shipped config.yaml, unaltered, in the lab's home, under each of the
throttlings of the record and under their innocent twins; HTTP/3 as it comes, where
`monitor[quic]` is installed. Of each day some rounds are measured, the others are left
out; durations are true.

    sudo LAB=... python -m benchmarks.lab_services [--only NAME ...] [--keep FOLDER]

It writes a table of docs/lab-hosts.md, of all conditions in FOLDER. About ten minutes
for each, twenty for those of QUIC.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.lab import labctl
from benchmarks.lab_days import (
    FIRST,
    asked,
    daemon,
    judge,
    set_clock,
    wait_for_round,
)
from benchmarks.lab_hosts import CACHE, CONFIG, NAMES, PAGE, TELEGRAM
from benchmarks.page import write_table
from benchmarks.process import Figures

EVENINGS = 3
WITHIN_SLOT_S = (241,)
"""Where in a slot the clock is put: its round is due by then, and a step during a round
would set it aside."""
ACCUSED = (
    "targeted_throttling",
    "targeted_blocking",
    "selective_slowdown",
    "resolver_blocking",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What is done in the window of each evening.

    Attributes
    ----------
    throttles : of the lab.
    hosts : whom something must be said of; nothing may be said of the others.
    right : verdicts that are right for the service.
    told : what the report must say of the service.
    is_dense : every round of the evening is measured that makes transfers, and more of
        the day: pairs and connections are counted, not timed.
    """

    words: str
    service: str = ""
    throttles: tuple[tuple[str, ...], ...] = ()
    hosts: frozenset[str] = frozenset()
    right: tuple[str, ...] = ACCUSED
    told: str = ""
    is_dense: bool = False


def _by_name(host: str, rate: str, names: str, *more: str) -> tuple[str, ...]:
    return (host, "sni-police", rate, NAMES, f"sni={names}", *more)


_YOUTUBE_QUIC = "youtube.com,ytimg.com"
CONDITIONS = {
    "youtube-2024": Condition(
        words="`*.googlevideo.com` 128 kbit/s by name, bucket 2 kB, over QUIC "
        "512 kbit/s (YouTube 2024)",
        service="youtube",
        throttles=(
            _by_name(CACHE, "128kbit", "googlevideo.com", "burst=2000"),
            (CACHE, "quic-police", "512kbit", "by=sni", NAMES, "sni=googlevideo.com"),
        ),
        hosts=frozenset({"youtube-video"}),
    ),
    "youtube-2024-wide": Condition(
        words="the same with a bucket of 10 kB",
        service="youtube",
        throttles=(_by_name(CACHE, "128kbit", "googlevideo.com", "burst=10000"),),
        right=(),
        told="not measurable at level plain",
    ),
    "youtube-2025": Condition(
        words="`i.ytimg.com` 128 kbit/s by name (YouTube 2025)",
        service="youtube",
        throttles=(_by_name("i.ytimg.com", "128kbit", "i.ytimg.com"),),
        hosts=frozenset({"youtube-images"}),
    ),
    "twitter-2021": Condition(
        words="`twimg.com`, `twitter.com`, `t.co` 140 kbit/s by name (Twitter 2021)",
        service="twitter",
        throttles=(_by_name("twitter.com", "140kbit", "twimg.com,twitter.com,t.co"),),
        hosts=frozenset({"twitter"}),
    ),
    "telegram-rate": Condition(
        words="Telegram's ranges 128 kbit/s by address",
        service="telegram",
        throttles=((TELEGRAM, "police", "128kbit"),),
        hosts=frozenset({"telegram"}),
    ),
    "telegram-loss": Condition(
        words="Telegram's ranges, 30 % of the client's packets lost (Telegram 2026)",
        service="telegram",
        throttles=((TELEGRAM, "loss", "30", "dir=up"),),
        hosts=frozenset(
            {f"telegram{host}" for host in ("", "-app", "-media", "-dc2", "-dc4")}
        ),
        is_dense=True,
    ),
    "quic-dropped": Condition(
        words="YouTube's QUIC dropped by name",
        service="youtube",
        throttles=(
            ("youtube.com", "quic-drop", "by=sni", NAMES, f"sni={_YOUTUBE_QUIC}"),
        ),
        right=(),
        told="QUIC got no answer",
        is_dense=True,
    ),
    "quic-slowed": Condition(
        words="YouTube's QUIC 512 kbit/s by name",
        service="youtube",
        throttles=(
            (
                *("youtube.com", "quic-police", "512kbit", "by=sni"),
                *(NAMES, f"sni={_YOUTUBE_QUIC}"),
            ),
        ),
        right=(),
        told="QUIC is",
        is_dense=True,
    ),
    "congested": Condition(
        words="nobody's doing: 8 flows on a line of 10 Mbit/s",
        throttles=(("line", "congestion", "8", "down=10mbit"),),
        right=(),
    ),
    "own-limit": Condition(
        words="nobody's doing: YouTube's own server sends 512 kbit/s",
        service="youtube",
        throttles=(("youtube.com", "server", "rate=512kbit"),),
        hosts=frozenset({"youtube"}),
        right=("server_side",),
    ),
    "own-limit-short": Condition(
        words="nobody's doing: YouTube's and its images' own servers send 1 Mbit/s, "
        "transfers of 0.3 and 1.3 s",
        service="youtube",
        throttles=(
            ("youtube.com", "server", "rate=1mbit"),
            ("i.ytimg.com", "server", "rate=1mbit"),
        ),
        hosts=frozenset({"youtube", "youtube-images"}),
        right=("server_side",),
    ),
    "lossy": Condition(
        words="nobody's doing: 3 % of all packets lost",
        throttles=(("line", "loss", "3"),),
        right=(),
        is_dense=True,
    ),
    "nothing": Condition(words="nothing", right=()),
}


def slots(condition: Condition) -> Iterator[datetime]:
    """The rounds of the days; the others are left out.

    All of them make transfers, in which the hosts of a service take turns.
    """
    step = 10 if condition.is_dense else 20
    rest = range(600, 1140, 50) if condition.is_dense else (600, 790, 960, 1110)
    for day in range(EVENINGS):
        for minute in (*rest, *range(1200, 1320, step), 1360):
            yield FIRST + timedelta(days=day, minutes=minute)


def evenings(condition: Condition, folder: Path) -> None:
    """The days of a condition, measured."""
    labctl("clear")
    shutil.copy(CONFIG, folder)
    set_clock(next(slots(condition)) + timedelta(seconds=1))
    is_on = False
    with daemon(folder):
        for slot in slots(condition):
            is_inside = slot.hour in (20, 21)
            if is_inside is not is_on:
                labctl("clear")
                for words in condition.throttles if is_inside else ():
                    labctl("throttle", *words)
                is_on = is_inside
            wait_for_round(folder / "monitor.db", slot, WITHIN_SLOT_S)
    labctl("clear")


def row(name: str, folder: Path) -> str:
    """What became of a condition."""
    condition = CONDITIONS[name]
    document = json.loads((folder / "verdicts.json").read_text())
    services = {v["service"]: v for v in document["services"]}
    hosts = document["verdicts"]
    mine = services.get(condition.service)
    others = [v for s, v in services.items() if s != condition.service]
    accused = {v["target"] for v in hosts if v["verdict"] in ACCUSED}
    of_others = [v["service"] for v in others if v["verdict"] in ACCUSED]
    verdict = "-" if mine is None else _told(mine)
    named = ", ".join(_host(v) for v in hosts if v["target"] in _named(mine))
    cells = (
        condition.words,
        verdict,
        named or "-",
        _words(condition, mine) or "-",
        ", ".join(of_others) or "nothing",
        "yes" if is_right(condition, mine, accused, of_others) else "**no**",
    )
    return "| " + " | ".join(cells) + " |"


def is_right(
    condition: Condition, mine: Figures | None, accused: set[str], others: list[str]
) -> bool:
    """Whether service, host and kind are, and nothing is said of the rest."""
    if others:
        return False
    if mine is None or not condition.right:
        text = "" if mine is None else " ".join(mine["reasons"])
        return not accused and condition.told in text
    is_of_hosts = set(mine["hosts"]) <= condition.hosts and accused <= condition.hosts
    return mine["verdict"] in condition.right and is_of_hosts


def _named(mine: Figures | None) -> list[str]:
    return [] if mine is None else list(mine["hosts"])


def _told(verdict: Figures) -> str:
    return f"`{verdict['verdict']}` {verdict['strength'] or ''}".rstrip()


def _host(verdict: Figures) -> str:
    checks = [
        f"{c['check']} {c['score']:+d}" for c in verdict["mechanism"] if c["score"]
    ]
    return f"{verdict['target']} ({', '.join(checks) or 'no check'})"


def _words(condition: Condition, mine: Figures | None) -> str:
    """What is said of QUIC, of losses, and of what the condition is about."""
    about = ("QUIC", "lost on the way", *([condition.told] if condition.told else []))
    reasons = [] if mine is None else mine["reasons"]
    return " ".join(r for r in reasons if any(words in r for words in about))


def main() -> None:
    base, names = asked(str(__doc__), CONDITIONS, prefix="lab-services-")
    for name in names:
        folder = base / name
        folder.mkdir(parents=True)
        evenings(CONDITIONS[name], folder)
    table = [
        "| imposed in the window | verdict on the service | its hosts (checks) "
        "| in words | of other services | right |",
        "|---|---|---|---|---|---|",
    ]
    for name in CONDITIONS:
        if (base / name).exists():
            judge(base / name)
            table.append(row(name, base / name))
            print(table[-1], flush=True)
    write_table(PAGE, "services", table)
    labctl("clock", "reset")


if __name__ == "__main__":
    main()
