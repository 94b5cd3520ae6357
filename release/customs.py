"""How each language writes numbers and dates, of Babel: `python -m release.customs`."""

import json
import re
from typing import Any, Final

from babel import Locale

from monitor.wording import LANGUAGES
from monitor.wording.customs import PATH

REGIONS: Final = {"en": "en_GB"}
"""Dates as most of the world writes them: the day first, the clock with 24 hours."""
_SIZES: Final = {"9": "gigabyte", "6": "megabyte", "3": "kilobyte"}
_PLACES: Final = {"d": "{day}", "MMMM": "{month}", "y": "{year}"}


def main() -> None:
    """Write the table."""
    told = {code: customs_of(code) for code in LANGUAGES}
    PATH.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n")


def customs_of(code: str) -> dict[str, Any]:
    """What a language writes, in the fields of `Customs`."""
    locale = Locale.parse(REGIONS.get(code, code))
    symbols = locale.number_symbols["latn"]
    months, days = locale.months, locale.days
    return {
        "decimal": symbols["decimal"],
        "group": symbols["group"],
        "percent": locale.percent_formats[None].pattern.replace("#,##0", "{0}"),
        "long_date": _long_date(str(locale.date_formats["long"].pattern)),
        "months": _in_order(months["format"]["wide"]),
        "short_months": _in_order(months["format"]["abbreviated"]),
        "lone_months": _in_order(months["stand-alone"]["abbreviated"]),
        "short_days": _in_order(days["format"]["abbreviated"]),
        "lone_short_days": _in_order(days["stand-alone"]["abbreviated"]),
        "days": _in_order(days["stand-alone"]["wide"]),
        "amounts": {power: _amount(locale, unit) for power, unit in _SIZES.items()},
    }


def _long_date(pattern: str) -> str:
    """The pattern with places for `str.format`; what is quoted stands as it is."""
    parts = re.findall(r"'([^']*)'|([A-Za-z]+)|([^A-Za-z']+)", pattern)
    return "".join(text or _PLACES.get(word, "") or rest for text, word, rest in parts)


def _in_order(names: Any) -> list[str]:  # noqa: ANN401 - Babel's
    return [str(names[number]) for number in sorted(names)]


def _amount(locale: Locale, unit: str) -> str:
    (pattern,) = set(locale._data["unit_patterns"][f"digital-{unit}"]["short"].values())
    # In the Kazakh data (CLDR 47) the megabyte has a Latin M.
    return str(pattern).replace("M\u0411", "\u041c\u0411").replace(" ", "\u00a0")


if __name__ == "__main__":
    main()
