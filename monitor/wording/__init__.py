"""The one place in which what was found becomes words, in each language.

Reports, messages, the dashboard and the terminal all ask here. A message has places for
what is told: `%(name)s` where Python or a template fills it, `{name}` where the browser
does, and `{name:kind}` in a reason (`monitor.reason`).

Catalogues are the `.po` files beside this module. They are turned into gettext's own
form in memory when a language is first used, so that a checkout and an installed wheel
hold the same files and no compiled copy can grow stale. How a language writes numbers
and dates is in `customs.json`.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

from monitor.errors import InputError
from monitor.wording.catalogue import Catalogue, read_catalogue
from monitor.wording.customs import PLURALS, customs

LANGUAGES: Final = ("en", "ru", "kk")
SOURCE_LANGUAGE: Final = "en"
"""The language of the messages in the code. Its catalogue has plainer words for what
the rules say in their own short English, and nothing else."""

_MINUS: Final = "\N{MINUS SIGN}"
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"


class Language:
    """Messages, numbers and dates as one language writes them."""

    def __init__(self, code: str, catalogue: Catalogue) -> None:
        self.code = code
        self._translations = catalogue.translations()
        self._known = catalogue.messages()
        self._customs = customs(code)

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
        rule, kinds = PLURALS[self.code]
        return forms[kinds.index(rule(n))]

    @property
    def plurals(self) -> Mapping[str, int]:
        """The kinds of number that have a form of their own, with one of each kind."""
        rule, _ = PLURALS[self.code]
        return {rule(n): n for n in (5, 2, 1)} | {"other": 2}

    def fill(self, message: str, values: Mapping[str, object]) -> str:
        """The translated message with its named places filled."""
        return self.gettext(message) % values

    def number(self, value: float, digits: int = 0) -> str:
        """A number with at most `digits` decimals."""
        # Rounded first and without a sign of zero: "-0" is no number to a reader.
        shown = round(value, digits) + 0
        return self._customs.number(shown, digits).replace("-", _MINUS)

    def percent(self, value: float) -> str:
        """A whole number of hundredths with the sign where the language puts it."""
        return self._customs.percent.format(self.number(round(value)))

    def size(self, n_bytes: float) -> str:
        """An amount of data with two digits or three, in the language's own unit."""
        exponent = next((e for e in (9, 6) if n_bytes >= 10**e), 3)
        value = n_bytes / 10**exponent
        text = self.number(value, 0 if value >= 10 else 1)
        return self._customs.amounts[str(exponent)].format(text)

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
        month = self._customs.months[day.month - 1]
        return self._customs.long_date.format(day=day.day, month=month, year=day.year)

    def day(self, day: date) -> str:
        """The date with the day of the week."""
        weekday = self._customs.short_days[day.weekday()]
        return f"{weekday}, {self._in_year(day)}"

    def weekday(self, number: int) -> str:
        """The name of a day of the week, 0 is Monday."""
        return self._customs.days[number]

    def calendar(self) -> dict[str, str]:
        """Short names of months, `month.1`, and of days, `weekday.0` is Sunday."""
        days = self._customs.lone_short_days
        return {
            **{f"month.{n}": m for n, m in enumerate(self._customs.short_months, 1)},
            **{f"weekday.{(n + 1) % 7}": name for n, name in enumerate(days)},
        }

    def short_date(self, day: date) -> str:
        """Day and month, without the year; never broken over two lines."""
        return f"{day.day}{_NO_BREAK}{self._customs.short_months[day.month - 1]}"

    def _in_year(self, day: date) -> str:
        month = self._customs.short_months[day.month - 1]
        return f"{day.day} {month} {day.year:04}"

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
        dash = f"{_NO_BREAK}\N{EN DASH} "
        return f"{self.short_date(days[0])}{dash}{self.short_date(days[-1])}"

    def month(self, day: date) -> str:
        """Month and year."""
        return f"{self._customs.lone_months[day.month - 1]} {day.year:04}"

    def moment(self, moment: datetime) -> str:
        """Date and time to the minute, in the moment's own zone."""
        return f"{self._in_year(moment)}, {moment:%H:%M}"


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
    text = catalogue_path(code).read_text(encoding="utf-8")
    return Language(code, read_catalogue(text))


def catalogue_path(code: str) -> Path:
    """The file with the translations into a language."""
    return Path(__file__).parent / f"{code}.po"
