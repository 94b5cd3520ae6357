"""What goes wrong in the first hour is told in the language of the terminal."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.cli import cli
from monitor.cli.told_apart import told_apart
from monitor.reason import phrase

BAD = """
timezone: Mars
every: 5
unknown: 1
targets:
  - {name: a b, url: "ftp://x"}
  - {url: "https://user:pass@example.com"}
controls: [{name: c, url: "https://c.org"}, {name: c, url: "https://c.org"}]
web: {host: 0.0.0.0, port: 99999}
throughput: {max_bytes: 1kB}
"""
GOOD = """
timezone: Asia/Almaty
targets: [{name: a, url: "https://a.example.org/"}]
budget: {per_day: 1500MB}
report: {language: LANGUAGE}
"""
ENGLISH = re.compile(r"\b(found|allowed|needed|such|data|right|budget|day|file)\b")


def ended(*words: str, language: str = "C") -> tuple[int, str]:
    result = CliRunner().invoke(cli, words, env={"LC_ALL": language})
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("language", "zone", "key"),
    [
        ("C", "allowed: an IANA time zone", "unknown: unknown key"),
        ("ru_RU.UTF-8", "допускается: часовой пояс", "unknown: неизвестный ключ"),
        ("kk_KZ.UTF-8", "рұқсат етілгені: IANA", "unknown: белгісіз кілт"),
    ],
)
def test_every_problem_of_a_file(
    tmp_path: Path, language: str, zone: str, key: str
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(BAD)
    status, text = ended("--config", str(path), "config", "check", language=language)
    assert status == 2
    lines = text.splitlines()
    assert zone in text
    assert f"  {key}" in lines
    assert len(lines) == 11
    assert "user:pass" not in text
    assert bool(ENGLISH.search(text)) == (language == "C")
    # What is typed is told as it is typed.
    assert "64000" in text
    assert "65535" in text


@pytest.mark.parametrize("language", ["ru_RU.UTF-8", "kk_KZ.UTF-8"])
def test_no_file_no_such_command_and_no_yaml(tmp_path: Path, language: str) -> None:
    path = tmp_path / "config.yaml"
    status, text = ended("--config", str(path), "now", language=language)
    assert (status, bool(ENGLISH.search(text))) == (2, False)
    assert "monitor init" in text
    path.write_text("a: [")
    status, text = ended("--config", str(path), "now", language=language)
    assert status == 2
    assert "YAML" in text
    assert not re.search(r"\bvalid\b", text)
    status, text = ended("nwo", language=language)
    assert status == 2
    assert "'now'" in text
    assert "No such command" not in text


@pytest.mark.parametrize(
    ("language", "budget"), [("en", "1,500 MB"), ("ru", "1\u00a0500 МБ")]
)
def test_what_is_in_force_is_told_in_the_language_of_the_file(
    tmp_path: Path, language: str, budget: str
) -> None:
    path, database = tmp_path / "config.yaml", f"sqlite:///{tmp_path}/m.db"
    path.write_text(GOOD.replace("LANGUAGE", language))
    words = ("--config", str(path), "--database", database, "config", "check")
    status, text = ended(*words)
    assert status == 0
    notes = [line for line in text.splitlines() if line.startswith("#")]
    assert any(budget in line for line in notes)
    assert bool(ENGLISH.search("\n".join(notes))) == (language == "en")
    status, text = ended(*words, "--json", language="ru_RU.UTF-8")
    assert json.loads(text)["budget"]["per_day"] == 1_500_000_000


AT_ODDS = """
timezone: Asia/Almaty
targets: [{name: a, url: "https://1.1.1.1/", address_family: both}]
controls: [{name: c, url: "https://c.org", address_family: both}]
quic: {targets: [nobody]}
report: {deliver: nightly}
"""


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("C", "no such target or"),
        ("ru_RU", "нет такой цели"),
        ("kk_KZ", "ондай нысана"),
    ],
)
def test_keys_that_contradict_each_other(
    tmp_path: Path, language: str, told: str
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(AT_ODDS)
    status, text = ended("--config", str(path), "config", "check", language=language)
    assert status == 2
    assert len(text.splitlines()) == 5
    assert told in text
    english = re.search(r"\b(of|needs|family|such)\b", text.replace(str(path), ""))
    assert bool(english) == (language == "C")


@pytest.mark.parametrize(
    ("language", "usage", "told"),
    [
        ("C.UTF-8", "Usage: ", "No such option '--bad'."),
        ("ru_RU.UTF-8", "Вызов: ", "Ошибка: Нет параметра '--bad'."),
        ("kk_KZ.UTF-8", "Шақыру: ", "Қате: '--bad' параметрі жоқ."),
    ],
)
def test_what_click_refuses(language: str, usage: str, told: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "now", "--bad"],
        env={**os.environ, "LC_ALL": language, "PYTHONUTF8": "1"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    text = done.stderr.decode()
    assert text.startswith(usage)
    assert told in text


@pytest.mark.parametrize(
    ("code", "told"), [("en", "1 or more"), ("ru", "1 или больше")]
)
def test_a_child_tells_for_who_runs_for_months(
    monkeypatch: pytest.MonkeyPatch, code: str, told: str
) -> None:
    monkeypatch.setenv("MONITOR_LANGUAGE", code)
    assert told_apart([phrase("{ge} or more", ge="1")] * 2) == [told] * 2
