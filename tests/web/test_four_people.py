"""What four people come for, by the commands and pages that README and docs name.

Nobody opens a file that they do not name: `Home.does` runs only commands that stand in
them as they are written here, and files are those that these commands were given or say
that they made.
"""

import json
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import forks
from tests.waiting import PATIENCE_S, eventually
from tests.web.browser import Watched, chromium, served
from tests.web.test_now import fill_dead_line

PAPERS = [Path("README.md"), *sorted(Path("docs").glob("*.md"))]
NAMED = " ".join(re.sub(r"\s+", " ", page.read_text()) for page in PAPERS)


class Home:
    """A home with its samples, its dashboard and a browser that shows it."""

    def __init__(self, folder: Path, address: str, browser: Browser) -> None:
        self.folder = folder
        self.address = address
        self._browser = browser
        self._watched: list[Watched] = []

    def page(self, path: str = "") -> Page:
        """A page as a person sees it."""
        assert not path or f"`/{path.split('/')[0]}" in NAMED, path
        context = self._browser.new_context(locale="en")
        self._watched.append(Watched(context.new_page(), self.address))
        return self._watched[-1].open(path)

    def does(self, words: str, *values: str, status: int = 0) -> str:
        """What a command of the documents says on standard output."""
        assert f"monitor {words}" in NAMED, f"no document names: monitor {words}"
        done = forks.run(
            *words.split(),
            *values,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stderr
        return done.stdout

    def asks(self, path: str, status: int = 200) -> str:
        """What an address of the documents answers to a program."""
        assert f"/{path}" in NAMED, f"no document names: {path}"
        try:
            answer = urllib.request.urlopen(self.address + path, timeout=PATIENCE_S)
        except urllib.error.HTTPError as refused:
            answer = refused
        with answer:
            assert answer.status == status
            return answer.read().decode()

    def leaves(self) -> None:
        """Close the pages; none may have complained or asked another host."""
        for each in self._watched:
            each.page.context.close()
            assert (each.complaints, each.foreign) == ([], [])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def home(
    tmp_path_factory: pytest.TempPathFactory, sqlite_history: str, browser: Browser
) -> Iterator[Home]:
    """A week in which facebook is slow every evening and twitter does not answer."""
    folder = tmp_path_factory.mktemp("home")
    shutil.copy(sqlite_history.removeprefix("sqlite:///"), folder / "monitor.db")
    with served(folder, f"sqlite:///{folder / 'monitor.db'}") as address:
        lived_in = Home(folder, address, browser)
        yield lived_in
        lived_in.leaves()


@pytest.fixture
def dead_home(tmp_path: Path, browser: Browser) -> Iterator[Home]:
    """Two rounds up to now in which nothing but the gateway answered."""
    database = f"sqlite:///{tmp_path / 'monitor.db'}"
    fill_dead_line(database, datetime.now(UTC))
    with served(tmp_path, database) as address:
        called_at = Home(tmp_path, address, browser)
        yield called_at
        called_at.leaves()


def test_at_home_one_asks_whether_it_is_them_and_since_when(home: Home):
    """The sentence, the service, its evenings, a day; then a note, and a pause."""
    page = home.page()
    expect(page.locator("#answer-lead")).to_contain_text("facebook")
    page.click(".card[data-target=facebook] a")
    page.wait_for_selector("html[data-ready] #calendar table")
    expect(page.locator("#sure .rate")).to_contain_text("were accused")
    page.click(".calendar [data-date='2026-10-19']")
    page.wait_for_url("**/day/2026-10-19/facebook*")
    expect(page.locator("#day-title")).to_contain_text("10 times slower")
    notes = home.page("notes")
    notes.fill("#note [name=first_date]", "2026-10-19")
    notes.fill("#note [name=last_date]", "2026-10-19")
    notes.fill("#note [name=text]", "a match that everybody watched")
    notes.click("#note [type=submit]")
    expect(notes.locator("#notes")).to_contain_text("a match that everybody watched")
    assert "a match that everybody" in home.does("note list")
    home.does("pause 2h")
    eventually(lambda: json.loads(home.asks("api/v1/health"))["paused_until_utc"])
    home.does("resume")
    eventually(lambda: not json.loads(home.asks("api/v1/health"))["paused_until_utc"])


def test_a_technician_sees_that_it_is_the_line(dead_home: Home):
    """On the terminal, in the page, and for his supervisor, metrics and alerts."""
    told = dead_home.does("now", status=1)
    assert "The line is down behind this home's own gateway, which answers" in told
    line = dead_home.page().locator("#now [data-line=down]")
    expect(line).to_contain_text("The line is down behind this home's own gateway")
    assert json.loads(dead_home.asks("healthz"))["line"] == "down"
    assert json.loads(dead_home.asks("healthz/line", status=503))["line"] == "down"
    assert "monitor_line_up 0" in dead_home.asks("metrics")
    rules = Path("contrib/prometheus-alerts.yaml")
    assert str(rules) in NAMED
    assert "monitor_line_up == 0" in rules.read_text()


def test_a_technician_finds_the_step_that_fails(home: Home):
    """The samples of an evening by step, in the page and for his own tools."""
    home.does("config check")
    page = home.page("day/2026-10-19/twitter")
    expect(page.locator("#day-title")).to_contain_text("twitter")
    day = ("--target", "twitter", "--since", "2026-10-19", "--until", "2026-10-19")
    rows = home.does("export -", *day)
    assert rows.count("generic_timeout_error") == 2 * 8
    expect(home.page("health").locator("main")).to_contain_text("Gaps")


@pytest.mark.long
def test_a_lawyer_gets_papers_that_another_can_check(home: Home):
    """A report that says how sure it is, a letter, a bundle that shows a change."""
    date = ("--date", "2026-10-19", "--out", "case")
    home.does("report", *date, "--letter", "regulator")
    home.does("report", *date, "--level", "trusted", "--bundle")
    case = home.folder / "case"
    assert (case / "report.pdf").read_bytes().startswith(b"%PDF")
    report = (case / "report.html").read_text()
    assert "How sure is this?" in report
    assert "were accused" in report
    assert "never who ordered it" in report
    assert "facebook" in (case / "letter-regulator.txt").read_text().lower()
    # Whoever receives it needs none of our programs to see that it is the same file.
    check = ("sha256sum", "-c", "evidence-trusted.zip.sha256")
    subprocess.run(check, cwd=case, check=True, capture_output=True)
    bundle = "case/evidence-trusted.zip"
    home.does("verify", bundle)
    whole = bytearray((home.folder / bundle).read_bytes())
    whole[len(whole) // 2] ^= 1
    (home.folder / "altered.zip").write_bytes(whole)
    home.does("verify", "altered.zip", status=1)


def test_a_researcher_takes_numbers_and_asks_again(home: Home):
    """Verdicts, questions, SQL, a file with units, a comparison and its data."""
    verdicts = json.loads(home.does("analyze", "--json", "--until", "2026-10-19"))
    of = {each["target"]: each["verdict"] for each in verdicts["verdicts"]}
    assert set(of) == {"facebook", "twitter"}
    span = ("--since", "2026-10-13", "--until", "2026-10-19")
    slow = home.does("anomalies", "--json", *span)
    assert '"facebook"' in slow
    assert '"twitter"' in slow
    assert '"vk"' not in slow
    count = "SELECT count(*) AS n FROM v_samples WHERE target = 'facebook'"
    assert "n" in home.does("sql", count)
    home.does("export", "week.parquet")
    assert (home.folder / "week.parquet").read_bytes().startswith(b"PAR1")
    assert "openapi" in json.loads(home.asks("api/openapi.json"))
    page = home.page("evenings/facebook")
    with page.expect_download() as download:
        page.click("[data-figure=heatmap] [data-export=csv]")
    assert "2026-10-19" in Path(download.value.path()).read_text()
