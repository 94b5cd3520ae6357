"""The one place in which what was found becomes words, in each language.

Reports, messages, the dashboard and the terminal all ask here. A message has places for
what is told: `%(name)s` where Python or a template fills it, `{name}` where the browser
does, and `{name:kind}` in a reason (`monitor.reason`).

Catalogues are the `.po` files beside this module. They are turned into gettext's own
form in memory when a language is first used, so that a checkout and an installed wheel
hold the same files and no compiled copy can grow stale.
"""

import gettext as gettext_module
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

from monitor.errors import InputError

LANGUAGES: Final = ("en", "ru", "kk")
SOURCE_LANGUAGE: Final = "en"
"""The language of the messages in the code. Its catalogue has plainer words for what
the rules say in their own short English, and nothing else."""

_REGIONS: Final = {"en": "en_GB"}
"""Dates as most of the world writes them: the day first, the clock with 24 hours."""

_SIZES: Final = {9: "digital-gigabyte", 6: "digital-megabyte", 3: "digital-kilobyte"}
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"
_PLURALS: Final[tuple[str, ...]] = ("zero", "one", "two", "few", "many", "other")


class Language:
    """Messages, numbers and dates as one language writes them."""

    def __init__(
        self,
        code: str,
        translations: gettext_module.NullTranslations,
        messages: frozenset[str],
    ) -> None:
        self.code = code
        self._translations = translations
        self._known = messages
        self._locale = Locale.parse(_REGIONS.get(code, code))

    def knows(self, message: str) -> bool:
        """Whether the catalogue has a message without a plural form."""
        return message in self._known

    def gettext(self, message: str) -> str:
        """The message in this language."""
        return self._translations.gettext(message)

    def pgettext(self, context: str, message: str) -> str:
        """The message as it is meant in a context."""
        return self._translations.pgettext(context, message)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """The message in the form that goes with the number `n`."""
        return self._translations.ngettext(singular, plural, n)

    def form(self, n: float, forms: Sequence[str]) -> str:
        """The form that goes with a number, of forms in the order of Unicode CLDR.

        Russian has four: 1 раз, 2 раза, 5 раз, and 1,5 раза.
        """
        rule = self._locale.plural_form
        kinds = [kind for kind in _PLURALS if kind in rule.tags or kind == "other"]
        return forms[kinds.index(rule(n))]

    @property
    def plurals(self) -> Mapping[str, int]:
        """The kinds of number that have a form of their own, with one of each kind."""
        rule = self._locale.plural_form
        return {rule(n): n for n in (5, 2, 1)} | {"other": 2}

    def fill(self, message: str, values: Mapping[str, object]) -> str:
        """The translated message with its named places filled."""
        return self.gettext(message) % values

    def number(self, value: float, digits: int = 0) -> str:
        """A number with at most `digits` decimals."""
        pattern = "#,##0" + ("." + "#" * digits if digits else "")
        # Rounded first and without a sign of zero: "-0" is no number to a reader.
        shown = round(value, digits) + 0
        text = format_decimal(shown, format=pattern, locale=self._locale)
        return text.replace("-", "\N{MINUS SIGN}")

    def percent(self, value: float) -> str:
        """A whole number of hundredths with the sign where the language puts it."""
        text = format_percent((round(value) + 0) / 100, locale=self._locale)
        return text.replace("-", "\N{MINUS SIGN}")

    def size(self, n_bytes: float) -> str:
        """An amount of data with two digits or three, in the language's own unit."""
        exponent = next((e for e in (9, 6) if n_bytes >= 10**e), 3)
        value = n_bytes / 10**exponent
        text = format_unit(
            round(value, 0 if value >= 10 else 1),
            _SIZES[exponent],
            length="short",
            locale=self._locale,
        )
        # In the Kazakh data (CLDR 47) the megabyte has a Latin M.
        return text.replace("M\u0411", "\u041c\u0411").replace(" ", _NO_BREAK)

    def amount(self, value: float) -> str:
        """A number above zero; beyond a million its size no longer matters."""
        if value < 0.1:
            return self.fill("less than %(tenth)s", {"tenth": self.number(0.1, 1)})
        if value < 1e6:
            return self.number(value, 1)
        return self.fill("more than %(million)s", {"million": self.number(1e6)})

    def times(self, ratio: float) -> str:
        """How many times: "8 times", "3.1 times"."""
        shown = round(ratio, 1) if ratio < 10 else round(ratio)
        if shown == int(shown):
            n = int(shown)
            return self.ngettext("%(n)s time", "%(n)s times", n) % {"n": self.number(n)}
        return self.fill("%(fraction)s times", {"fraction": self.number(shown, 1)})

    def long_date(self, day: date) -> str:
        """The date in words."""
        return format_date(day, "long", locale=self._locale)

    def day(self, day: date) -> str:
        """The date with the day of the week."""
        return format_date(day, "EEE, d MMM yyyy", locale=self._locale)

    def weekday(self, number: int) -> str:
        """The name of a day of the week, 0 is Monday."""
        return str(self._locale.days["stand-alone"]["wide"][number])

    def calendar(self) -> dict[str, str]:
        """Short names of months, `month.1`, and of days, `weekday.0` is Sunday."""
        months = self._locale.months["format"]["abbreviated"]
        days = self._locale.days["stand-alone"]["abbreviated"]
        return {
            **{f"month.{n}": name for n, name in months.items()},
            **{f"weekday.{(n + 1) % 7}": name for n, name in days.items()},
        }

    def short_date(self, day: date) -> str:
        """Day and month, without the year; never broken over two lines."""
        text = format_date(day, "d MMM", locale=self._locale)
        return text.replace(" ", "\N{NO-BREAK SPACE}")

    def short_dates(self, days: Sequence[date]) -> str:
        """Dates in order; three and more that follow each other as a span."""
        runs: list[list[date]] = []
        for day in days:
            if runs and day - runs[-1][-1] == timedelta(days=1):
                runs[-1].append(day)
            else:
                runs.append([day])
        return ", ".join(map(self._run, runs))

    def _run(self, days: Sequence[date]) -> str:
        if len(days) < 3:
            return ", ".join(map(self.short_date, days))
        dash = "\N{NO-BREAK SPACE}\N{EN DASH} "
        return f"{self.short_date(days[0])}{dash}{self.short_date(days[-1])}"

    def month(self, day: date) -> str:
        """Month and year."""
        return format_date(day, "LLL yyyy", locale=self._locale)

    def moment(self, moment: datetime) -> str:
        """Date and time to the minute, in the moment's own zone."""
        return format_datetime(moment, "d MMM yyyy, HH:mm", locale=self._locale)


@lru_cache
def language(code: str) -> Language:
    """The language of a code.

    Raises
    ------
    InputError
        No such language.
    """
    if code not in LANGUAGES:
        allowed = ", ".join(LANGUAGES)
        raise InputError(f"language: found {code!r}; allowed: {allowed}")
    with catalogue_path(code).open("rb") as file:
        catalogue: Any = read_po(file, locale=code)
    ids = (message.id for message in catalogue if message.id)
    messages = frozenset(message for message in ids if isinstance(message, str))
    return Language(code, _translations(catalogue), messages)


def catalogue_path(code: str) -> Path:
    """The file with the translations into a language."""
    return Path(__file__).parent / f"{code}.po"


def _translations(catalogue: Any) -> gettext_module.NullTranslations:  # noqa: ANN401 - Babel's
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext_module.GNUTranslations(compiled)
