"""What the table of customs and the reader of catalogues say is what Babel says."""

import gettext
import json
from datetime import date, datetime, timedelta
from io import BytesIO
from itertools import product

import pytest
from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from monitor.wording import LANGUAGES, catalogue_path, language
from monitor.wording.catalogue import read_catalogue
from monitor.wording.customs import PATH, PLURALS
from release.customs import REGIONS, customs_of

DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(0, 800, 11)]
NUMBERS = (0, -0.4, 0.05, 2.5, 999.95, 1234.5, -1234.56, 12_345_678, 1e22)
COUNTS = (*range(130), 1.5, 2.0, 21.0, 0.1, 11.5)


def locale(code: str) -> Locale:
    return Locale.parse(REGIONS.get(code, code))


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_table_is_made_of_babels_data(code: str) -> None:
    assert json.loads(PATH.read_text(encoding="utf-8"))[code] == customs_of(code)


@pytest.mark.parametrize("code", LANGUAGES)
def test_numbers_are_written_as_babel_writes_them(code: str) -> None:
    for value, digits in product(NUMBERS, range(4)):
        pattern = "#,##0" + ("." + "#" * digits if digits else "")
        shown = round(value, digits) + 0
        told = format_decimal(shown, format=pattern, locale=locale(code))
        assert language(code).number(value, digits) == told.replace("-", "\u2212")
    told = format_percent(-12.34, locale=locale(code)).replace("-", "\u2212")
    assert language(code).percent(-1234) == told


@pytest.mark.parametrize("code", LANGUAGES)
def test_dates_are_written_as_babel_writes_them(code: str) -> None:
    words, there = language(code), locale(code)
    for day in DAYS:
        moment = datetime(day.year, day.month, day.day, day.day % 24, day.month)
        assert words.long_date(day) == format_date(day, "long", locale=there)
        assert words.day(day) == format_date(day, "EEE, d MMM yyyy", locale=there)
        assert words.month(day) == format_date(day, "LLL yyyy", locale=there)
        short = format_date(day, "d MMM", locale=there).replace(" ", "\u00a0")
        assert words.short_date(day) == short
        told = format_datetime(moment, "d MMM yyyy, HH:mm", locale=there)
        assert words.moment(moment) == told


@pytest.mark.parametrize("code", LANGUAGES)
def test_numbers_have_the_forms_of_unicode(code: str) -> None:
    rule, kinds = PLURALS[code]
    theirs = locale(code).plural_form
    assert set(kinds) == {*theirs.tags, "other"}
    assert [rule(n) for n in COUNTS] == [theirs(n) for n in COUNTS]


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_catalogue_is_read_as_babel_reads_it(code: str) -> None:
    raw = catalogue_path(code).read_bytes()
    theirs, compiled = read_po(BytesIO(raw), locale=code), BytesIO()
    write_mo(compiled, theirs)
    told = gettext.GNUTranslations(BytesIO(compiled.getvalue()))
    ours = read_catalogue(raw.decode())
    assert vars(ours.translations())["_catalog"] == vars(told)["_catalog"]
    ids = {m.id for m in theirs if m.id and isinstance(m.id, str)}
    assert ours.messages() == ids


def test_what_has_no_translation_stays_as_it_is() -> None:
    """Old messages are comments; a context and plural forms have keys of their own."""
    text = """
msgid ""
msgstr "Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "new"
msgstr ""

msgctxt "sky"
msgid "clear"
msgstr "klar"

msgid "%(n)s day"
msgid_plural "%(n)s days"
msgstr[0] "%(n)s "
"Tag"
msgstr[1] "%(n)s Tage"

#~ msgid "old"
#~ msgstr "alt"
"""
    catalogue = read_catalogue(text)
    told = catalogue.translations()
    assert told.gettext("new") == "new"
    assert told.gettext("clear") == "clear"
    assert told.pgettext("sky", "clear") == "klar"
    assert told.ngettext("%(n)s day", "%(n)s days", 1) == "%(n)s Tag"
    assert told.ngettext("%(n)s day", "%(n)s days", 2) == "%(n)s Tage"
    assert catalogue.messages() == {"new", "clear"}
