"""Countries: which one a time zone lies in, and well-known sites in it for comparison.

The sites are a proposal, tried from the home's own line before it is written. A country
that is not listed has none: its owner knows better ones than this file.
"""

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from monitor.reason import phrase

DOMESTIC: Final[Mapping[str, tuple[str, ...]]] = {
    "AM": ("news.am", "ardshinbank.am", "list.am"),
    "AZ": ("oxu.az", "kapitalbank.az", "turbo.az"),
    "BY": ("onliner.by", "belarusbank.by", "av.by"),
    "DE": ("spiegel.de", "sparkasse.de", "heise.de"),
    "FR": ("lemonde.fr", "service-public.fr", "leboncoin.fr"),
    "GB": ("bbc.co.uk", "gov.uk", "argos.co.uk"),
    "GE": ("ambebi.ge", "bog.ge", "myauto.ge"),
    "IN": ("flipkart.com", "onlinesbi.sbi", "ndtv.com"),
    "IR": ("digikala.com", "aparat.com", "varzesh3.com"),
    "KG": ("24.kg", "akipress.org", "house.kg"),
    "KZ": ("vk.com", "ok.ru", "kaspi.kz"),
    "MM": ("mmtimes.com", "kbzbank.com", "shop.com.mm"),
    "PK": ("dawn.com", "daraz.pk", "hbl.com"),
    "RU": ("ya.ru", "ok.ru", "sberbank.ru"),
    "TJ": ("asiaplustj.info", "eskhata.com", "somon.tj"),
    "TM": ("turkmenportal.com", "business.com.tm", "orient.tm"),
    "TR": ("hurriyet.com.tr", "garantibbva.com.tr", "trendyol.com"),
    "UA": ("pravda.com.ua", "privatbank.ua", "rozetka.com.ua"),
    "UZ": ("kun.uz", "uzum.uz", "olx.uz"),
    "VN": ("vnexpress.net", "vietcombank.com.vn", "tiki.vn"),
}
"""ISO 3166 code -> hosts of a news site, a bank and a large service of the country."""

_ROW: Final = re.compile(r"(?m)^(?P<code>[A-Z]{2})\t[^\t]*\t(?P<zone>[^\t\n]+)")
_CODE: Final = re.compile(r"[A-Z]{2}")


def country_of(zone: str) -> str | None:
    """ISO 3166 code of the country that a zone is named for; None: of none."""
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    rows = {row["zone"]: row["code"] for row in _ROW.finditer(table)}
    return rows.get(zone)


def checked_country(text: str) -> str:
    """A code as it is written; raises ValueError."""
    code = text.strip().upper()
    table = files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text("utf-8")
    if _CODE.fullmatch(code) is None or f"\n{code}\t" not in table:
        raise ValueError(phrase("two letters of ISO 3166, such as KZ"))
    return code
