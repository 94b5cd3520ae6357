"""The page's words: the same in every language, and none missing."""

import re
from hashlib import sha256
from pathlib import Path

import pytest

import monitor.web
from monitor.web.answers.schemas import EveningState, Metric
from monitor.web.endpoints import ACTIONS, ENDPOINTS, STREAMS
from monitor.web.texts import chosen_language, coded, page_texts, passages
from monitor.wording import LANGUAGES
from monitor.wording.consent_texts import TEXTS

WEB = Path(monitor.web.__file__).parent
ROOT = Path(__file__).parents[2]
PLURALS = re.compile(r"\.(one|few|many|other)$")


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_message_is_there(code: str):
    own, english = page_texts(code), page_texts("en")
    # Russian counts with more forms.
    assert set(own) >= set(english)
    assert all(text.strip() for text in own.values())


@pytest.mark.parametrize("code", ["ru", "kk"])
def test_nothing_is_left_in_english(code: str):
    """But for names, and for what is only places."""
    own, english = page_texts(code), page_texts("en")
    same = {
        k
        for k, v in own.items()
        if v == english.get(k) and re.search(r"[a-z]{3}", re.sub(r"\{\w+\}", "", v))
    }
    assert same == {"language.en"}


def test_the_browser_gets_the_names_it_may_not_know():
    """Months and days of the week, each another one."""
    own = page_texts("kk")
    assert len({own[f"month.{n}"] for n in range(1, 13)}) == 12
    assert len({own[f"weekday.{n}"] for n in range(7)}) == 7


def test_every_word_that_the_page_asks_for_exists():
    english = page_texts("en")
    stems = {PLURALS.sub("", key) for key in english} | set(english)
    asked: set[str] = set()
    scripts = (p for p in WEB.glob("static/**/*.js") if p.parent.name != "vendor")
    for path in (*scripts, *WEB.glob("templates/*.html")):
        asked |= set(re.findall(r"\btn?\(\"([a-z_0-9.]+)\"", path.read_text()))
    asked.discard("language.")
    asked -= {"page.", "pause.m%s"}
    assert asked <= stems
    assert {f"metric.{metric.value}" for metric in Metric} <= stems
    assert {f"state.{state.value}" for state in EveningState} <= stems


@pytest.mark.parametrize(
    ("asked", "accepted", "code"),
    [
        ("kk", "", "kk"),
        (None, "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        (None, "de;q=0.9, kk;q=0.5, en;q=0.1", "kk"),
        ("xx", "fr", "en"),
        (None, "ru;q=nonsense,,;q=", "en"),
    ],
)
def test_the_language_is_the_one_asked_for_or_the_best_accepted(
    asked: str | None, accepted: str, code: str
):
    assert chosen_language(asked, accepted) == code


@pytest.mark.parametrize(
    "folder", [WEB / "static" / "vendor", Path(__file__).parent / "vendor"]
)
def test_foreign_files_are_the_ones_named_with_their_licence(folder: Path):
    note = (folder / "README.txt").read_text()
    for script in folder.glob("*.js"):
        assert sha256(script.read_bytes()).hexdigest() in note
    assert list(folder.glob("*LICENSE*"))


def test_every_question_is_in_the_manual():
    manual = (ROOT / "docs" / "api.md").read_text()
    for path in (*(e.path for e in (*ENDPOINTS, *ACTIONS)), *STREAMS, "/shares"):
        assert f"`{path}`" in manual, path


def test_commands_stand_as_code_and_nothing_of_others_becomes_markup():
    assert coded("Run `monitor init`.") == "Run <code>monitor init</code>."
    assert "<b>" not in coded("`<b>` <b>")


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_text_of_the_terminal_breaks_its_lines_where_the_page_must(code: str):
    """Each heading has its paragraph; the level of probing at the end is none."""
    told = passages(TEXTS[code].body.format(n=21, level="plain"))
    assert [is_heading for is_heading, _ in told] == [*[True, False] * 5, False]
    assert told[-1][1].endswith("plain")
    assert not any("\n" in passage for _, passage in told)
