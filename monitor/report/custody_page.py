"""The custody log of a bundle as a page for people; its document comes in."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from monitor.model import SIMULATED
from monitor.report.html import page_environment
from monitor.text import printable_lines
from monitor.untyped import Json
from monitor.wording import Language, language
from monitor.wording.home_words import stated_title
from monitor.wording.round_words import told_gap

_Rows = Sequence[Sequence[str]]
_Table = tuple[str, str, Sequence[str], _Rows]
"""Name in the document, heading, names of the columns, rows."""
_MOST: Final = 400
"""Rows of one table; the rest stands in the document."""


def render_custody(document: Mapping[str, Json], language_code: str) -> str:
    """The page in a language.

    Parameters
    ----------
    document : of `evidence.custody_document`, whole or as a level has it.
    """
    tongue = language(language_code)
    template = page_environment(language_code).get_template("custody.html.j2")
    tables = [
        (heading, names, rows[:_MOST])
        for key, heading, names, rows in _tables(document, tongue)
        if key in document
    ]
    html = template.render(
        log=document, tables=tables, language=tongue, simulated=SIMULATED
    )
    return printable_lines(html)


def _tables(log: Mapping[str, Json], tongue: Language) -> Iterator[_Table]:
    t = tongue.gettext
    yield (
        "as_the_owner_wrote",
        t("As the owner wrote it"),
        (t("What"), t("In the owner's words")),
        [(stated_title(key, tongue), text) for key, text in _items(log)],
    )
    yield (
        "starts",
        t("Starts of the monitor"),
        (t("When"), t("Software"), t("Machine"), t("Clock")),
        [
            (
                _moment(start["started_at_utc"]),
                f"monitor {start['software']}, Python {start['python']}, tzdata"
                f" {start['tzdata']}",
                f"{start['hardware']}; {start['system']}",
                _clock(start["is_synchronised"], tongue),
            )
            for start in log.get("starts", ())
        ],
    )
    yield from _versions(log, tongue)
    yield (
        "gaps",
        t("Gaps"),
        (t("Nothing was measured from"), t("to"), t("Reason")),
        [
            (_moment(gap["start"]), _moment(gap["end"]), _reason(gap["reason"], tongue))
            for gap in log.get("gaps", ())
        ],
    )
    yield (
        "pauses",
        t("Pauses that the owner asked for"),
        (t("When"), t("Up to")),
        _cells(log, "pauses", "asked_at_utc", "until_utc"),
    )
    yield (
        "clock_steps",
        t("Steps of the clock"),
        (t("It showed"), t("Then")),
        _cells(log, "clock_steps", "before_utc", "after_utc"),
    )
    yield from _keeping(log, tongue)


def _versions(log: Mapping[str, Json], tongue: Language) -> Iterator[_Table]:
    t = tongue.gettext
    parts = ("version", "first_utc", "last_utc", "n")
    yield (
        "probe_versions",
        t("Versions of the probe"),
        (t("Version"), t("First"), t("Last"), t("Samples")),
        _cells(log, "probe_versions", *parts),
    )
    yield (
        "method_versions",
        t("Versions of the method"),
        (t("Version"), t("First"), t("Last"), t("Analyses")),
        _cells(log, "method_versions", *parts),
    )


def _keeping(log: Mapping[str, Json], tongue: Language) -> Iterator[_Table]:
    t = tongue.gettext
    yield (
        "closings",
        t("Days closed into the chain"),
        (t("Day"), t("When"), t("Samples")),
        _cells(log, "closings", "day", "closed_at_utc", "n_rows"),
    )
    yield (
        "deletions",
        t("Retention: what may go"),
        (t("When"), t("Samples before")),
        _cells(log, "deletions", "decided_at_utc", "before_utc"),
    )
    removed = log.get("removed", {})
    yield (
        "removed",
        t("Retention: what is gone"),
        (t("Samples"), t("First day"), t("Last day")),
        [_row(removed, "n_rows", "first_day", "last_day")]
        if removed.get("n_rows")
        else [],
    )
    yield (
        "consents",
        t("Consents to being measured"),
        (t("When"), t("Version"), t("Level"), t("Language"), t("Way")),
        _cells(log, "consents", "given_at_utc", "version", "level", "language", "way"),
    )
    yield (
        "attached",
        t("Files of others, kept with notes"),
        (t("Name"), "SHA-256", t("Bytes")),
        _cells(log, "attached", "name", "sha256", "n_bytes"),
    )
    yield (
        "time_stamps",
        t("Time-stamps of other parties"),
        (t("When"), t("Authority"), t("Digest")),
        _cells(log, "time_stamps", "lodged_at_utc", "authority", "digest"),
    )


def _cells(log: Mapping[str, Json], key: str, *names: str) -> _Rows:
    return [_row(record, *names) for record in log.get(key, ())]


def _row(record: Mapping[str, Json], *names: str) -> Sequence[str]:
    return [
        _moment(record[name]) if name.endswith("_utc") else str(record[name])
        for name in names
    ]


def _moment(text: str) -> str:
    """To the second: parts of it tell nobody anything."""
    return text[:19].replace("T", " ")


def _items(log: Mapping[str, Json]) -> Sequence[tuple[str, str]]:
    return [(key, str(text)) for key, text in log.get("as_the_owner_wrote", {}).items()]


def _clock(is_synchronised: bool | None, tongue: Language) -> str:
    t = tongue.gettext
    if is_synchronised is None:
        return t("not known")
    return t("synchronised") if is_synchronised else t("not synchronised")


def _reason(reason: str | None, tongue: Language) -> str:
    return told_gap(reason, tongue) if reason else "\N{EN DASH}"
