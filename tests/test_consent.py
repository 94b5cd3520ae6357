"""Nobody is measured from a terminal who has not agreed; services are not held up."""

import os
import pty
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.cli.consent import (
    ALL_VERSION,
    DIFFERENTIAL_VERSION,
    VERSION,
    WAYS_VERSION,
    _tell,
    ensure_consent,
)
from monitor.clock import SystemClock
from monitor.config import load
from monitor.errors import InputError
from monitor.store import Store, open_store
from monitor.store.consents import Consent
from monitor.wording.consent_texts import TEXTS
from tests import forks
from tests.costs import in_brief
from tests.servers.tcp import serve
from tests.servers.web import says
from tests.test_daemon import PAGE, configuration, daemon, rows, stopped, wait_for
from tests.waiting import PATIENCE_S


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serve(says(PAGE)) as served:
        yield served.port


@contextmanager
def on_a_terminal(
    folder: Path, answers: str, *words: str
) -> Iterator[subprocess.Popen[bytes]]:
    """`monitor run` with somebody at a terminal who types the answers."""
    ours, theirs = pty.openpty()
    os.write(ours, answers.encode())
    process = forks.Command(
        *("run", *words),
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "LANG": "C.UTF-8", "LC_ALL": ""},
    )
    os.close(theirs)
    with (folder / "log").open("wb") as log:
        copier = subprocess.Popen(["cat"], stdin=ours, stdout=log, stderr=log)
    os.close(ours)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        copier.wait()


def consents(folder: Path) -> list[Consent]:
    with open_store(f"sqlite:///{folder / 'monitor.db'}") as store:
        return store.consents.all_given("home")


@pytest.mark.parametrize("language", in_brief(TEXTS, "kk"))
async def test_who_understood_and_agrees_is_measured(
    tmp_path: Path, port: int, language: str
) -> None:
    configuration(tmp_path, port)
    yes, no = TEXTS[language].yes[0], TEXTS[language].no[0]
    answers = f"{language}\n{yes}\n{no}\n{yes}\n"
    with on_a_terminal(tmp_path, answers) as process:
        await wait_for(tmp_path, "SELECT * FROM rounds")
        await stopped(process, signal.SIGTERM)
    assert TEXTS[language].seen_question in (tmp_path / "log").read_text()
    (consent,) = consents(tmp_path)
    assert (consent.language, consent.version, consent.way) == (
        language,
        VERSION,
        "terminal",
    )


async def test_who_agreed_is_not_asked_again(tmp_path: Path, port: int) -> None:
    configuration(tmp_path, port)
    with open_store(f"sqlite:///{tmp_path / 'monitor.db'}") as store:
        store.consents.append(a_consent("plain"))
    with on_a_terminal(tmp_path, "") as process:
        await wait_for(tmp_path, "SELECT * FROM rounds")
        await stopped(process, signal.SIGTERM)
    assert len(consents(tmp_path)) == 1


@pytest.mark.parametrize(
    "answers",
    [
        "en\nyes\nno\nno\n",
        "en\nyes\nyes\nno\nyes\nyes\nno\nno\n" + 9 * "no\n",
    ],
    ids=["refused", "not understood"],
)
async def test_who_refuses_or_does_not_understand_is_not_measured(
    tmp_path: Path, port: int, answers: str
) -> None:
    configuration(tmp_path, port)
    with on_a_terminal(tmp_path, answers) as process:
        assert process.wait(PATIENCE_S) == 1
    assert "nothing begun" in (tmp_path / "log").read_text()
    assert rows(tmp_path, "SELECT * FROM samples") == []
    assert consents(tmp_path) == []


@pytest.mark.long
async def test_wrong_answer_is_explained(tmp_path: Path, port: int) -> None:
    configuration(tmp_path, port)
    with on_a_terminal(tmp_path, "en\nno\nyes\nno\nyes\n") as process:
        await wait_for(tmp_path, "SELECT * FROM rounds")
        await stopped(process, signal.SIGTERM)
    log = (tmp_path / "log").read_text()
    assert TEXTS["en"].wrong in log
    assert len(consents(tmp_path)) == 1


async def test_yes_on_the_command_line_is_a_consent(tmp_path: Path, port: int) -> None:
    configuration(tmp_path, port)
    with on_a_terminal(tmp_path, "", "--yes") as process:
        await wait_for(tmp_path, "SELECT * FROM rounds")
        await stopped(process, signal.SIGTERM)
    assert [c.way for c in consents(tmp_path)] == ["--yes"]


def unattended(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return forks.run(
        "run",
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_service_is_not_held_up_and_says_so_once(
    tmp_path: Path, port: int
) -> None:
    configuration(tmp_path, port)
    with daemon(tmp_path) as process:
        await wait_for(tmp_path, "SELECT * FROM rounds")
        await stopped(process, signal.SIGTERM)
    assert (tmp_path / "log").read_text().count("event=not_asked") == 1
    assert consents(tmp_path) == []


def test_service_without_a_required_consent_does_not_begin(tmp_path: Path) -> None:
    configuration(tmp_path, 1, consent="require")
    done = unattended(tmp_path)
    assert done.returncode == 2
    assert "MONITOR_CONSENT=yes" in done.stderr
    assert rows(tmp_path, "SELECT * FROM samples") == []


def test_environment_takes_no_other_word(tmp_path: Path) -> None:
    configuration(tmp_path, 1)
    done = unattended(tmp_path, MONITOR_CONSENT="maybe")
    assert done.returncode == 2
    assert "found 'maybe'; allowed: yes" in done.stderr


async def test_consent_to_plain_probes_is_none_to_more(
    tmp_path: Path, port: int
) -> None:
    configuration(tmp_path, port, consent="require", probing={"level": "extended"})
    with open_store(f"sqlite:///{tmp_path / 'monitor.db'}") as store:
        store.consents.append(a_consent("plain"))
    assert unattended(tmp_path).returncode == 2


@pytest.mark.parametrize("version", [VERSION, DIFFERENTIAL_VERSION])
def test_blocks_need_a_consent_of_their_own(
    tmp_path: Path, port: int, version: int
) -> None:
    """One to the extended level without them is not one to them."""
    configuration(
        tmp_path,
        port,
        probing={"level": "extended"},
        database=f"sqlite:///{tmp_path}/monitor.db",
        differential={"neutral": "https://own.example/1m", "targets": ["site"]},
    )
    with open_store(f"sqlite:///{tmp_path}/monitor.db") as store:
        store.consents.append(replace(a_consent("extended"), version=version))
    config = load(tmp_path / "config.yaml")
    store = Store(config.database)
    try:
        if version == DIFFERENTIAL_VERSION:
            ensure_consent(store, config, SystemClock(), yes=False)
            return
        with pytest.raises(InputError, match="needs a consent of its own"):
            ensure_consent(store, config, SystemClock(), yes=False)
    finally:
        store.close()


@pytest.mark.parametrize(
    ("version", "is_enough"),
    [
        (VERSION, False),
        (DIFFERENTIAL_VERSION, False),
        (WAYS_VERSION, True),
        (ALL_VERSION, True),
    ],
)
def test_ways_need_a_consent_of_their_own(
    tmp_path: Path, port: int, version: int, is_enough: bool
) -> None:
    """One to blocks is not one to ways."""
    url = f"sqlite:///{tmp_path}/monitor.db"
    way = {"name": "tunnel", "interface": "wg0"}
    configuration(tmp_path, port, database=url, ways=[way])
    with open_store(url) as store:
        store.consents.append(replace(a_consent("plain"), version=version))
        config = load(tmp_path / "config.yaml")
        if is_enough:
            ensure_consent(store, config, SystemClock(), yes=False)
            return
        with pytest.raises(InputError, match="ways: needs a consent of its own"):
            ensure_consent(store, config, SystemClock(), yes=False)


@pytest.mark.parametrize("code", TEXTS)
def test_who_is_asked_is_told_of_the_ways(
    tmp_path: Path, port: int, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    way = {"name": "tunnel", "interface": "wg0", "every": "20m"}
    configuration(tmp_path, port, ways=[way])
    config = load(tmp_path / "config.yaml")
    _tell(config, TEXTS[code])
    told = capsys.readouterr().err
    assert "tunnel" in told
    assert "20" in told
    assert "{" not in told


def a_consent(level: str) -> Consent:
    return Consent(
        given_at_utc=datetime(2026, 11, 1, tzinfo=UTC),
        version=VERSION,
        level=level,
        language="en",
        way="terminal",
    )


def test_consents_are_kept_in_order(store: Store) -> None:
    store.consents.append(a_consent("plain"))
    store.consents.append(a_consent("extended"))
    assert store.consents.all_given("home") == [
        a_consent("plain"),
        a_consent("extended"),
    ]


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with open_store(database) as opened:
        yield opened


@pytest.mark.parametrize("language", TEXTS)
def test_texts_are_whole_in_every_language(language: str) -> None:
    text = TEXTS[language]
    shown = text.body.format(n=13, level="plain")
    assert "13" in shown
    assert "plain" in shown
    assert "monitor wipe" in shown
    assert not set(text.yes) & set(text.no)
    assert len(text.body.splitlines()) == pytest.approx(20, abs=4)
