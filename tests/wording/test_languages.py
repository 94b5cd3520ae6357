"""Every message is translated, and its named places are kept."""

import re
from datetime import date
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from monitor.errors import InputError
from monitor.wording import LANGUAGES, catalogue_path, language
from monitor.wording.page import PAGE, page_messages
from release.messages import Message, messages, updated

N_FORMS = {"en": 2, "ru": 3, "kk": 2}
N_COUNTED = {"en": 2, "ru": 4, "kk": 2}
"""Russian has a form of its own for fractions."""
LEFT_OUT = {
    "Slower than": {"checks"},
    "{start}-{end}: rounds every": {"start", "end"},
    "The installed time-zone data": {"zone"},
    "{usable} evenings neither": {"usable"},
}
"""How a message begins, and what the reports leave to the lines beside it."""
PLACE = re.compile(r"%\((\w+)\)s")
KAZAKH_LETTERS = "әғқңөұүі"


def catalogue(code: str):
    with catalogue_path(code).open("rb") as file:
        return read_po(file, locale=code)


def places(text: str) -> set[tuple[str, str]]:
    """The places in braces and how they are written."""
    return {(name, kind or "") for _, name, kind, _ in Formatter().parse(text) if name}


def forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return text if isinstance(text, tuple) else (text,)


def of_the_code(code: str) -> frozenset[Message]:
    # All but the language of the code itself translate the same messages.
    return _found(code if code == "en" else "ru")


@lru_cache
def _found(code: str) -> frozenset[Message]:
    return frozenset(messages(Path(), code))


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_catalogue_holds_exactly_the_messages_of_the_code(code: str) -> None:
    known = {Message(m.id, m.context) for m in catalogue(code) if m.id}
    found = of_the_code(code)
    assert found - known == set()
    assert known - found == set()


@pytest.mark.parametrize("code", LANGUAGES)
def test_updating_an_up_to_date_catalogue_changes_nothing(code: str) -> None:
    """Otherwise `make messages` hides the one new message in a thousand moved lines."""
    committed = catalogue_path(code).read_bytes()
    assert updated(committed, of_the_code(code), code) == committed


def test_an_update_shows_new_and_gone_messages_and_nothing_else() -> None:
    committed = catalogue_path("ru").read_bytes()
    gone, *others = sorted(of_the_code("ru"), key=str)
    more = [Message("A new one."), *others]
    found = updated(committed, more, "ru")
    assert b'msgid "A new one."\nmsgstr ""\n' in found
    (obsolete,) = read_po(BytesIO(found), locale="ru").obsolete.values()
    assert obsolete.id == gone.id
    assert updated(found, more, "ru") == found
    lines = set(found.splitlines()) - set(committed.splitlines())
    assert {line for line in lines if not line.startswith(b"#~")} == {
        b'msgid "A new one."'
    }


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_form_is_translated_and_keeps_its_places(code: str) -> None:
    for message in catalogue(code):
        if not message.id:
            continue
        assert not message.fuzzy
        expected = set(PLACE.findall(forms(message.id)[-1]))
        strings = forms(message.string)
        assert len(strings) == (N_FORMS[code] if message.pluralizable else 1)
        for text in strings:
            assert text
            assert set(PLACE.findall(text)) == expected, message.id
            if expected:
                assert "%" not in text % dict.fromkeys(expected, "x") or "%%" in text


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_reason_keeps_the_kinds_of_its_places(code: str) -> None:
    """A catalogue may leave out the names of checks, and count with a value's words."""
    for message in catalogue(code):
        if Message(message.id) not in of_the_code("en"):
            continue
        expected, found = places(message.id), places(message.string)
        absent = {name for name, _ in expected} - {name for name, _ in found}
        may_be = {n for k, v in LEFT_OUT.items() if message.id.startswith(k) for n in v}
        assert absent <= may_be, message.id
        for place, kind in found - expected:
            assert place in {name for name, _ in expected}
            assert len(kind.split("|")) == N_COUNTED[code], message.id


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_page_keeps_its_places_in_every_language(code: str) -> None:
    told = page_messages(language(code))
    for key, text in PAGE.items():
        assert places(told[key]) == places(text), key


def test_kazakh_is_kazakh() -> None:
    text = "".join("".join(forms(m.string)) for m in catalogue("kk") if m.id)
    assert all(letter in text for letter in KAZAKH_LETTERS)


def test_an_unknown_language_is_named_with_what_is_allowed() -> None:
    with pytest.raises(InputError, match=r"'fr'; allowed: en, ru, kk"):
        language("fr")


@pytest.mark.parametrize(
    ("code", "number"), [("en", "1,234.5"), ("ru", "1\xa0234,5"), ("kk", "1\xa0234,5")]
)
def test_numbers_are_written_as_the_language_writes_them(
    code: str, number: str
) -> None:
    assert language(code).number(1234.5, 1) == number


def test_days_in_a_row_are_a_span() -> None:
    days = [date(2026, 10, n) for n in (1, 2, 4, 5, 6, 9)]
    spans = language("en").short_dates(days).replace("\N{NO-BREAK SPACE}", " ")
    assert spans == "1 Oct, 2 Oct, 4 Oct \N{EN DASH} 6 Oct, 9 Oct"
    assert " " not in language("kk").short_date(days[0])


@pytest.mark.parametrize(
    ("code", "shown"), [("en", "97%"), ("ru", "97\N{NO-BREAK SPACE}%"), ("kk", "97%")]
)
def test_hundredths_are_written_as_the_language_does(code: str, shown: str) -> None:
    assert language(code).percent(97.2) == shown


def test_nothing_is_minus_nothing() -> None:
    english = language("en")
    assert english.percent(-0.0) == "0%"
    assert english.number(-0.001, 2) == "0"
    assert english.number(-0.59, 2) == "\N{MINUS SIGN}0.59"
    assert english.amount(0.003) == "less than 0.1"


@pytest.mark.parametrize(
    ("code", "n_bytes", "told"),
    [
        ("en", 1_234_000_000, "1.2 GB"),
        ("ru", 1_234_000_000, "1,2 ГБ"),
        ("kk", 412_300_000, "412 МБ"),
        ("ru", 36_400_000_000, "36 ГБ"),
        ("en", 7_400, "7.4 kB"),
    ],
)
def test_amounts_of_data_are_told_as_the_language_writes_them(code, n_bytes, told):
    assert language(code).size(n_bytes).replace("\N{NO-BREAK SPACE}", " ") == told
