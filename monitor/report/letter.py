"""A letter to the provider or the regulator, to be edited: the verdicts, and questions.

It says what the report says and not a word more; what its writer has to fill in stands
in square brackets. Nothing is sent.
"""

import textwrap
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from monitor.errors import InputError
from monitor.report.brief import told_service
from monitor.report.content import NightReport
from monitor.report.first_page import first_page, how_sure
from monitor.text import printable
from monitor.verdict_table import row_of
from monitor.wording import Language, language

_WIDTH: Final = 88


class Addressee(StrEnum):
    """Whom a letter is to."""

    PROVIDER = "provider"
    REGULATOR = "regulator"


def render_letter(report: NightReport, to: Addressee, language_code: str) -> str:
    """The letter as plain text in a language.

    Raises
    ------
    InputError : no verdict of the report gives a reason to write.
    """
    tongue = language(language_code)
    if not any(_is_told(service.verdict.verdict) for service in report.services):
        raise InputError(
            f"--letter: the verdicts of {report.night} name no service that is slow or"
            " out of reach, and no busy line: there is nothing to write about"
        )
    lines = [printable(line) for line in _lines(report, to, tongue)]
    return "\n".join(map(_wrapped, lines)) + "\n"


def _is_told(verdict: str) -> bool:
    return row_of(verdict).is_suspect or verdict == "general_congestion"


def _wrapped(line: str) -> str:
    indent = "   " if line[:2] in ("- ", "1.", "2.", "3.") else ""
    return textwrap.fill(line, _WIDTH, subsequent_indent=indent) if line else line


def _lines(report: NightReport, to: Addressee, tongue: Language) -> Iterator[str]:
    t = tongue.gettext
    if report.is_simulated:
        yield t("SIMULATED DATA: nothing here was measured.")
        yield ""
    yield from _head(report, to, tongue)
    yield t("Dear Sir or Madam,")
    yield ""
    page = first_page(report, tongue)
    yield t("I measure my line with the program monitor.")
    yield page.measured
    yield ""
    yield t("What the measurements say:")
    for service in report.services:
        leading = service.hosts[0].verdict
        yield f"- {told_service(service, report, tongue)} {how_sure(leading, tongue)}"
    yield ""
    yield t("What they do not say:")
    for limit in page.limits:
        yield f"- {limit}"
    yield ""
    yield from _asked(to, tongue)
    yield ""
    yield from _foot(report, tongue)


def _head(report: NightReport, to: Addressee, tongue: Language) -> Iterator[str]:
    t = tongue.gettext
    provider = report.stated.get("provider") or t("[name of the provider]")
    is_to_provider = to is Addressee.PROVIDER
    yield t("[your name, address, number of the contract]")
    yield t("[place, date]")
    yield ""
    yield provider if is_to_provider else t("[name of the regulator]")
    yield ""
    values = {
        "first": tongue.long_date(report.since),
        "last": tongue.long_date(report.night),
        "provider": provider,
    }
    if is_to_provider:
        yield tongue.fill(
            "Slow or unreachable services on my line, %(first)s to %(last)s", values
        )
    else:
        yield tongue.fill(
            "Slow or unreachable services on a line of %(provider)s, %(first)s to "
            "%(last)s",
            values,
        )
    if report.stated.get("line"):
        yield tongue.fill("Line: %(line)s", {"line": report.stated["line"]})
    yield ""


def _asked(to: Addressee, tongue: Language) -> Iterator[str]:
    t = tongue.gettext
    if to is Addressee.PROVIDER:
        yield t("I ask you to tell me in writing, within [30] days:")
        yield "1. " + t(
            "whether you, or anybody in your network, treat the traffic of these "
            "services differently from other traffic, at which hours, and on what "
            "legal ground;"
        )
        yield "2. " + t("whether a fault or a full link of yours explains it;")
        yield "3. " + t("what you do so that I get what the contract promises.")
        return
    yield t("I ask you to look into this, and to tell me in writing:")
    yield "1. " + t(
        "whether an order to slow down or to block these services is in force, by "
        "whom, since when, and where it is published;"
    )
    yield "2. " + t(
        "whether the provider has answered for it, and what your own measurements on "
        "this provider's lines show for the same evenings;"
    )
    yield "3. " + t("what I can do against it.")


def _foot(report: NightReport, tongue: Language) -> Iterator[str]:
    t = tongue.gettext
    yield t(
        "Attached are the report and, on request, the evidence bundle with every "
        "measurement in it; anybody can check it with monitor verify."
    )
    if report.chain is not None:
        yield tongue.fill(
            "Digest of the measurements up to %(day)s (UTC): %(digest)s",
            {"day": report.chain.day, "digest": report.chain.digest},
        )
    yield tongue.fill(
        "Made with monitor %(software)s, method %(method)s.",
        {"software": report.versions.software, "method": report.versions.method},
    )
    yield ""
    yield t("[signature]")
