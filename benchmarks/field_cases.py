"""What small inputs on which the program was once wrong give now.

`python -m benchmarks.field_cases CASES --write` asks the program about the files in
the folders of CASES, runs the tests that hold what needs servers, namespaces or a
database, and writes the table of docs/field-cases.md. It fails when a case says
something else than what is looked for, or a test fails. Some minutes; root and
PostgreSQL as for the tests.
"""

import argparse
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.page import write_table
from benchmarks.process import ROOT

PAGE = ROOT / "docs" / "field-cases.md"
CONFIG = """\
timezone: Asia/Almaty
targets: [{name: youtube, url: "https://www.youtube.com/"}]
controls: [{name: debian, url: "https://www.debian.org/"}]
"""
ANALYZE = "analyze --explain --timezone Asia/Almaty --from samples.csv.gz"
SPEEDTEST = "import --format speedtest-tracker"
SLOW_HOURS = (
    "SELECT DISTINCT substr(started_at_utc, 12, 2) AS hour_utc FROM v_samples"
    " WHERE goodput_bps < 5e7 ORDER BY 1"
)


@dataclass(frozen=True)
class Asked:
    """A command about the files of a case, and what its answer must hold."""

    command: str
    said: str
    """A regular expression; what it finds is shown."""


@dataclass(frozen=True)
class Case:
    """One folder: what people met, and what shows that it is mended."""

    name: str
    kind: str
    asked: tuple[Asked, ...] = ()
    gives: str = ""
    """What the tests hold, where no file can be asked about."""
    tests: tuple[str, ...] = ()


CASES = (
    Case(
        "refused-evening",
        "429 to each request of the evening, quickly",
        (Asked(ANALYZE, r"youtube: inconclusive\n +In the window \d+% of .*?;"),),
    ),
    Case(
        "block-page-evening",
        "in the evening another certificate, 403 and 700 bytes, quickly",
        (Asked(ANALYZE, r"youtube: targeted_blocking\n +No answer .*?;"),),
    ),
    Case(
        "own-resolver-evening",
        "the home's own resolver says 0.0.0.0 in the evening",
        (Asked(ANALYZE, r"youtube: resolver_blocking\n +On .*? in the window"),),
    ),
    Case(
        "dead-first-resolver",
        "the first of two resolvers is dead",
        gives="doctor asks each resolver and names the dead one",
        tests=(
            "test_doctor_net.py::"
            "test_first_resolver_that_is_dead_is_told_though_the_second_works",
        ),
    ),
    Case(
        "ipv6-only-nat64",
        "no way out by IPv4",
        gives="IPv6 is used; an address that the net's own translation made is no lie",
        tests=("probe/test_nat64.py",),
    ),
    Case(
        "mtu-black-hole",
        "a path that swallows large packets",
        gives="doctor names the path and puts no site in another's place",
        tests=(
            "test_doctor_line.py::"
            "test_path_that_swallows_large_packets_is_named_and_no_site",
        ),
    ),
    Case(
        "speedtest-local-time",
        "local times without a zone",
        (
            Asked(f"{SPEEDTEST} results.csv", r"[^:]*--timezone.*"),
            Asked(f"{SPEEDTEST} --timezone Asia/Almaty results.csv", r"\d+ rows read"),
            Asked(f'sql --csv "{SLOW_HOURS}"', r"hour_utc\s+15\s+16\s*$"),
        ),
    ),
    Case(
        "prometheus-collision",
        "two modules of one instance; scrapes that end",
        gives="two probes, their failures kept, nothing beyond the last scrape",
        tests=(
            "exchange/test_exchange.py::test_two_modules_of_one_instance_are_two_probes",
            "exchange/test_exchange.py::"
            "test_prometheus_is_asked_day_by_day_for_what_it_scraped",
        ),
    ),
    Case(
        "smokeping-comma",
        "rrdtool under a locale with decimal commas",
        (
            Asked("import --format smokeping VK-C.txt", r"\d+ rows read"),
            Asked("import --format smokeping VK-de.txt", r"\d+ rows read"),
        ),
    ),
    Case(
        "ooni-im-tests",
        "OONI's messenger tests only",
        (Asked("import --format ooni im.jsonl", r"[^:\n]*telegram.*"),),
    ),
    Case(
        "excel-csv",
        "`;` and decimal comma, as spreadsheets save",
        (
            Asked("import own.csv", r"\d+ rows read"),
            Asked(
                f"{SPEEDTEST} --timezone Asia/Almaty speedtest.csv", r"\d+ rows read"
            ),
            Asked("import speedtest.csv", r"a file of another program needs --format"),
        ),
    ),
    Case(
        "zone-names",
        "zones that browsers refuse",
        (Asked("--config config.yaml config check", r"timezone: .*"),),
    ),
    Case(
        "pgbouncer",
        "a stock pooler in transaction mode",
        gives="the whole store works through it",
        tests=(
            "store/test_poolers.py::test_all_of_the_store_works_through_a_stock_pooler",
        ),
    ),
    Case(
        "search-path",
        "a schema named in the URL",
        gives="everything lies in it, or the URL is refused",
        tests=(
            "store/test_poolers.py::test_everything_lies_in_the_schema_that_the_url_names",
            "store/test_poolers.py::test_a_schema_that_is_not_there_is_refused",
        ),
    ),
    Case(
        "pg-encodings",
        "a database that is not UTF-8",
        gives="refused at once, by every command, in one sentence",
        tests=(
            "store/test_fitness.py::test_another_encoding_is_refused_by_everything",
        ),
    ),
    Case(
        "pg15-public",
        "no right to write into the schema public",
        gives="the daemon ends at its start and tells what to grant",
        tests=(
            "store/test_fitness.py::test_a_schema_that_may_not_be_written_ends_the_daemon",
        ),
    ),
    Case(
        "wal-growth",
        "a reader that holds SQLite's log",
        gives="the log is empty after a round and shrinks when the reader lets go",
        tests=("store/test_log.py",),
    ),
    Case(
        "two-daemons",
        "two daemons of one database and vantage",
        gives="the second is refused, the first goes on",
        tests=("test_two_daemons.py",),
    ),
    Case(
        "nginx-login",
        "behind a reverse proxy, below a prefix",
        gives="people log in through nginx, Caddy and Traefik as the docs set them up",
        tests=("web/test_proxies.py",),
    ),
    Case(
        "discovery-storm",
        "a search for an object that nobody counted",
        gives="counted, and a refused transfer starts no new one",
        tests=(
            "probe/test_traffic.py::test_the_search_for_an_object_is_counted",
            "probe/test_discovery.py::"
            "test_a_refused_transfer_causes_no_new_search_each_time",
        ),
    ),
    Case(
        "odd-http",
        "heads that curl and browsers read",
        gives="read; what curl refuses is no answer",
        tests=("probe/test_odd_heads.py",),
    ),
)


def answers(case: Case, folder: Path) -> Iterator[str]:
    """What the program says of a case's files, in a folder of its own."""
    with tempfile.TemporaryDirectory() as work:
        (Path(work) / "config.yaml").write_text(CONFIG)
        for each in folder.iterdir():
            shutil.copyfile(each, Path(work) / each.name)
        for asked in case.asked:
            done = subprocess.run(
                [sys.executable, "-m", "monitor", *shlex.split(asked.command)],
                cwd=work,
                capture_output=True,
                text=True,
                check=False,
            )
            told = done.stdout + done.stderr
            said = re.search(asked.said, told)
            if said is None:
                raise SystemExit(f"{case.name}: {asked.command}: {told}")
            yield " ".join(said[0].split()).rstrip(";")


def run_tests(case: Case) -> str:
    """How many tests hold the case; ends the program when one fails or is missing."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-m", "long or not long"),
            *(f"tests/{test}" for test in case.tests),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{case.name}: {done.stdout}{done.stderr}")
    (passed,) = re.findall(r"(\d+) passed", done.stdout)
    return str(passed)


def row(case: Case, folder: Path) -> str:
    """A line of the table."""
    if case.asked:
        told = "<br>".join(cell.replace("|", "\\|") for cell in answers(case, folder))
        shown = "<br>".join(f"`monitor {asked.command}`" for asked in case.asked)
        shown = shown.replace(f'"{SLOW_HOURS}"', '"UTC hours below 50 Mbit/s"')
    else:
        told = case.gives
        names = " ".join(f"`{test}`" for test in case.tests)
        shown = f"{names}: {run_tests(case)} passed"
    return f"| {case.name} | {case.kind} | {told} | {shown} |"


def main() -> None:
    """Ask about each case; perhaps write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path, help="folder with a folder for each case")
    parser.add_argument("--only", help="the name of one case")
    parser.add_argument("--write", action="store_true", help="the table of the page")
    asked = parser.parse_args()
    table = ["| case | what people met | gives now | shown by |", "|---|---|---|---|"]
    for case in CASES:
        if asked.only in (None, case.name):
            table.append(row(case, asked.cases / case.name))
            print(table[-1], flush=True)
    if asked.write:
        write_table(PAGE, "cases", table)


if __name__ == "__main__":
    main()
