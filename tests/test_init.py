"""A configuration for a home: nobody's file is replaced; what is written is right."""

import json
import os
import pty
import re
from pathlib import Path

import pytest
import segno
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from monitor.cli.first_hour import qr_lines
from monitor.cli.root import cli
from monitor.config import Config, load, parse
from monitor.config.countries import DOMESTIC, checked_country, country_of
from monitor.config.proposal import (
    Choices,
    is_shipped,
    proposed,
    shipped_text,
    without_controls,
)
from monitor.machine import machine_zone
from tests import forks
from tests.terminals import answered
from tests.test_consent import consents
from tests.waiting import PATIENCE_S
from tests.wording.test_branches import foreign_words
from tests.wording.test_phrases import TYPED


def read(text: str) -> Config:
    return parse(YAML(typ="safe").load(text), source="test")


def comments(text: str) -> list[str]:
    return re.findall(r"(?m)^#.*$", text)


@pytest.mark.parametrize("country", [None, "AQ", *DOMESTIC])
def test_every_proposal_is_a_right_configuration(country: str | None) -> None:
    text = proposed(Choices(timezone="Europe/Moscow", country=country))
    config = read(text)
    assert config.timezone == "Europe/Moscow"
    assert comments(text) == comments(shipped_text())
    assert len(config.controls) >= (4 if country not in DOMESTIC else 5)
    names = {site.name for site in config.controls}
    assert ("kaspi" in names) == (country == "KZ"), "no bank of another country"
    assert config.targets == read(shipped_text()).targets


def test_a_cap_and_a_password_are_written() -> None:
    choices = Choices(
        timezone="Asia/Almaty",
        country="KZ",
        per_month="10GB",
        password_hash=r"scrypt:1$\1\g<0>",
    )
    config = parse_loose(proposed(choices))
    assert config["budget"] == {"per_month": "10GB"}
    assert config["web"] == {
        "host": "0.0.0.0",
        "port": 8420,
        "password_hash": r"scrypt:1$\1\g<0>",
    }


@pytest.mark.parametrize("code", ["ru", "kk"])
def test_the_language_of_the_questions_is_that_of_the_reports(code: str) -> None:
    asked = proposed(Choices(timezone="Asia/Almaty", country="KZ", language=code))
    assert read(asked).report.language == code
    assert asked.startswith(proposed(Choices(timezone="Asia/Almaty", country="KZ")))


def test_english_is_left_to_the_terminal() -> None:
    assert proposed(Choices(timezone="Asia/Almaty", country="KZ")) == shipped_text()


def parse_loose(text: str) -> dict[str, object]:
    return YAML(typ="safe").load(text)


def test_controls_that_do_not_answer_become_comments() -> None:
    text = without_controls(shipped_text(), ["kaspi", "facebook"])
    names = {site.name for site in read(text).controls}
    assert names == {s.name for s in read(shipped_text()).controls} - {"kaspi"}
    assert '# - {name: kaspi, url: "https://kaspi.kz/"}' in text
    assert read(text).targets == read(shipped_text()).targets


def test_zones_and_countries() -> None:
    assert country_of("Asia/Almaty") == "KZ"
    assert country_of("Europe/Moscow") == "RU"
    assert country_of("UTC") is None
    assert checked_country(" kz ") == "KZ"
    for wrong in ("", "K", "XX", "KAZ", ".."):
        with pytest.raises(ValueError, match="ISO 3166"):
            checked_country(wrong)


def test_earlier_shipped_files_are_nobody_s_either() -> None:
    assert is_shipped(shipped_text())
    assert not is_shipped(shipped_text() + "\n")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*words: str) -> Result:
    return CliRunner().invoke(cli, ["init", *words])


def test_a_changed_file_is_never_replaced(folder: Path) -> None:
    mine = shipped_text().replace("every: 5m", "every: 1m")
    (folder / "config.yaml").write_text(mine)
    result = init("--yes", "--timezone", "Asia/Almaty")
    assert result.exit_code == 2
    assert "was changed since it was shipped" in result.stderr
    assert (folder / "config.yaml").read_text() == mine
    assert [path.name for path in folder.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--yes", "--timezone", "Mars/Olympus"), "--timezone: found 'Mars/Olympus'"),
        (("--yes", "--timezone", "UTC", "--country", "Kasachstan"), "--country: found"),
        ((), "no terminal to ask on"),
    ],
)
def test_what_cannot_be_is_named_and_nothing_is_written(
    folder: Path, words: tuple[str, ...], named: str
) -> None:
    result = init(*words)
    assert result.exit_code == 2
    assert named in result.stderr
    assert list(folder.iterdir()) == []


def test_without_a_terminal_make_run_is_not_held_up(folder: Path) -> None:
    (folder / "config.yaml").write_text(shipped_text())
    assert init("--when-shipped").exit_code == 0
    assert (folder / "config.yaml").read_text() == shipped_text()


def typed(
    folder: Path, answers: list[tuple[str, str]], lang: str = "C.UTF-8"
) -> tuple[int, str]:
    """`monitor init` with somebody who answers each question when it is asked."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "LANG": lang, "LC_ALL": "", "LC_MESSAGES": ""}
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    process = forks.Command("init", cwd=folder, env=environment, **streams)
    os.close(theirs)
    log = answered(ours, answers, within_s=PATIENCE_S)
    return process.wait(PATIENCE_S), log


def test_on_a_terminal_it_asks_and_writes(folder: Path) -> None:
    """Also where no site can be reached: then all controls stay."""
    (folder / "config.yaml").write_text(shipped_text())
    status, log = typed(
        folder,
        [
            ("Time zone of this home [", "Asia/Tashkent"),
            ("two letters [UZ]", ""),
            ("such as 10GB [none]", "lots"),
            ("such as 10GB [none]", "10GB"),
            ("Password, ", "short"),
            ("Password, ", "correct horse battery"),
            ("Language", "en"),
            ("[yes/no]", "yes"),
            ("[yes/no]", "no"),
            ("[yes/no]", "yes"),
        ],
    )
    assert status == 0, log
    config = load(folder / "config.yaml")
    assert config.timezone == "Asia/Tashkent"
    assert config.budget.per_month == 10_000_000_000
    assert not config.web.is_loopback
    assert "correct horse" not in log
    assert (folder / "config.yaml").stat().st_mode & 0o077 == 0
    assert "https://kun.uz/" in (folder / "config.yaml").read_text()
    assert re.search(r"the page opens at http://\S+:8420 in this house", log)
    assert [consent.way for consent in consents(folder)] == ["terminal"]


SPOKEN = {
    "ru": (
        "две латинские буквы [KZ]",
        "[нет]",
        "Пароль",
        "да",
        "нет",
        "на этой машине",
    ),
    "kk": ("екі латын әрпі [KZ]", "[жоқ]", "10 таңба", "иә", "жоқ", "осы машинадағы"),
}
"""Pieces of the questions, what is answered, and where the page opens."""


@pytest.mark.parametrize("code", ["ru", "kk"])
def test_it_asks_and_tells_in_the_language_of_the_terminal(
    folder: Path, code: str
) -> None:
    country, none, password, yes, no, where = SPOKEN[code]
    choice = f"[{yes}/{no}]"
    status, log = typed(
        folder,
        [
            ("Etc/UTC]" if machine_zone() == "Etc/UTC" else "]", "Asia/Almaty"),
            (country, ""),
            (none, ""),
            (password, ""),
            ("Language", ""),
            (choice, yes),
            (choice, no),
            (choice, yes),
        ],
        lang=f"{code}_KZ.UTF-8",
    )
    assert status == 0, log
    assert where in log
    assert load(folder / "config.yaml").report.language == code
    assert [consent.language for consent in consents(folder)] == [code]
    # Of what was tried: names, hosts and codes of failures.
    told = re.sub(r"(?m)^  [\w-]+: .*$", "", log.replace("Language /", ""))
    assert foreign_words(told, {*TYPED, *ALIKE, str(folder)}) == set()


ALIKE = (
    "http://127.0.0.1",
    "config.yaml",
    "monitor wipe",
    "Asia/Almaty",
    machine_zone() or "Asia/Almaty",
    "KZ",
    "cookie",
    "plain",
    "(en, ru, kk)",
    "[ru]",
    "[kk]",
)


def test_qr_code_is_the_one_of_the_address() -> None:
    """Its picture, read back module by module, with a light edge all around."""
    url = "http://192.168.1.20:8420"
    lines = qr_lines(url)
    dark = {"\u2588": (0, 0), "\u2580": (0, 1), "\u2584": (1, 0), " ": (1, 1)}
    rows = [[dark[block][half] for block in line] for line in lines for half in (0, 1)]
    expected = [list(row) for row in segno.make(url, micro=False).matrix_iter(border=2)]
    assert [list(map(bool, row)) for row in rows[: len(expected)]] == [
        list(map(bool, row)) for row in expected
    ]
    assert not any(any(row) for row in rows[len(expected) :])
    assert not any(map(any, zip(*(r[:2] + r[-2:] for r in rows), strict=True)))


def test_what_the_page_asked_for_is_checked_again(folder: Path) -> None:
    """Whoever calls it with something else gets a sentence, and no file."""
    (folder / "config.yaml").write_text(shipped_text())
    asked = {"timezone": "Mars/Olympus", "country": None, "per_month": None}
    given = json.dumps({**asked, "password_hash": None, "language": "en"})
    result = CliRunner().invoke(cli, ["init", "--page"], input=given)
    assert result.exit_code == 2
    assert "found 'Mars/Olympus'" in result.stderr
    assert (folder / "config.yaml").read_text() == shipped_text()
