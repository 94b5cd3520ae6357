"""An analysis as a JSON document: to print, to store, and to read again years later.

What is stored is the document of contracts 5 and, with each verdict, its evenings one
by one (`evening_marks`) and the numbers behind it (`details`). Verdicts on services are
rolled up from those on hosts, also when a document is read: those of version 1 have one
host each. Keys that this program
does not know are left out, those that are absent have their defaults: documents of
older and of newer programs are read, unless `schema_version` says that they cannot be.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Final

from monitor.errors import InputError, MonitorError
from monitor.evening_rule import DEFAULT_WINDOW, Window, parse_window
from monitor.model import Analysis, VantageTerms, Verdict
from monitor.reason import Reason
from monitor.service_verdicts import services_of
from monitor.text import printable
from monitor.untyped import Json

if TYPE_CHECKING:
    from pydantic import TypeAdapter

SCHEMA_VERSION: Final = 2
"""Grows when an older program would misread a document."""

Document = dict[str, object]


_UNREADABLE: Final = (
    ValueError,  # of pydantic, too
    InputError,
    TypeError,
    LookupError,
    AttributeError,
)


class UnreadableAnalysisError(MonitorError):
    """A stored analysis that this program cannot read; the message says why."""


def document_of(analysis: Analysis) -> Document:
    """The document that `monitor analyze --json` prints."""
    return {
        "schema_version": SCHEMA_VERSION,
        "method_version": analysis.method_version,
        "timezone": analysis.timezone,
        "tzdata_version": analysis.tzdata_version,
        "window": _window(analysis.window),
        "since": _date_text(analysis.since),
        "until": _date_text(analysis.until),
        **_vantages(analysis),
        "services": [service.to_dict() for service in services_of(analysis.verdicts)],
        "verdicts": [verdict.to_dict() for verdict in analysis.verdicts],
    }


def _window(window: Window) -> Document:
    start, end = window.text
    return {"start": start, "end": end}


def _vantages(analysis: Analysis) -> Document:
    """Terms of single vantages; no key where none has its own."""
    told = {name: _terms(terms) for name, terms in analysis.vantages.items()}
    return {"vantages": told} if told else {}


def _terms(vantage: VantageTerms) -> Document:
    terms = {
        "timezone": vantage.timezone,
        "window": None if vantage.window is None else _window(vantage.window),
    }
    return {name: value for name, value in terms.items() if value is not None}


def stored_document(analysis: Analysis) -> Document:
    """The same with what the dashboard needs of each verdict."""
    return {**document_of(analysis), "verdicts": stored_verdicts(analysis)}


def stored_verdicts(analysis: Analysis) -> list[Document]:
    """Each verdict as the stored document has it."""
    return [_stored(verdict) for verdict in analysis.verdicts]


def _stored(verdict: Verdict) -> Document:
    details = verdict.details
    return {
        **verdict.to_dict(),
        "evening_marks": [
            {"date": mark.day.isoformat(), "state": mark.state, "ratio": mark.ratio}
            for mark in verdict.marks
        ],
        "details": None if details is None else _json(asdict(details)),
    }


def _json(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    return value


def _date_text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def read_document(document: object) -> Analysis:
    """An analysis of its document, stored by this program, an older or a newer one.

    Raises
    ------
    UnreadableAnalysisError
        It is none, or of a program so new that this one would misread it.
    """
    if not isinstance(document, Mapping):
        raise UnreadableAnalysisError("a stored analysis is no JSON object")
    version = document.get("schema_version", SCHEMA_VERSION)
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        shown = printable(str(version)[:40])
        raise UnreadableAnalysisError(
            f"a stored analysis has schema version {shown}, of a newer program; this"
            f" one reads up to {SCHEMA_VERSION}: update it, or wait for its next night"
        )
    try:
        return _analyses().validate_python(_renamed(document))
    except _UNREADABLE as error:
        first = printable(str(error).replace("\n", " ")[:200])
        raise UnreadableAnalysisError(
            f"a stored analysis cannot be read: {first}"
        ) from None


@cache
def _analyses() -> "TypeAdapter[Analysis]":
    # Not by the measuring process, which reads no analysis.
    from pydantic import TypeAdapter

    return TypeAdapter(Analysis)


def _renamed(document: Mapping[str, Json]) -> Document:
    """The document in the names and shapes of `Analysis`."""
    verdicts = document.get("verdicts") or []
    if not isinstance(verdicts, list):
        raise TypeError("verdicts is no list")
    return {
        "method_version": document.get("method_version", ""),
        "timezone": document.get("timezone", "UTC"),
        "tzdata_version": document.get("tzdata_version", ""),
        "window": _read_window(document) or parse_window(_NO),
        "vantages": {
            name: {"timezone": terms.get("timezone"), "window": _read_window(terms)}
            for name, terms in (document.get("vantages") or {}).items()
        },
        "since": document.get("since"),
        "until": document.get("until"),
        "verdicts": [_renamed_verdict(verdict) for verdict in verdicts],
    }


def _read_window(document: Mapping[str, Json]) -> Window | None:
    span = _span(document.get("window"))
    return None if span is None else parse_window("-".join(span))


_NO: Final = DEFAULT_WINDOW
"""Before the window was stored there was one window only."""


_ABSENT: Final = dict.fromkeys(
    ("strength", "p_value", "e_value", "onset_date", "offset_date")
)


def _renamed_verdict(verdict: Mapping[str, object]) -> Document:
    return {
        **_ABSENT,
        **verdict,
        "found_window": _span(verdict.get("found_window")),
        "mechanism": [_renamed_check(c) for c in _list(verdict, "mechanism")],
        "reasons": _reasons(verdict),
        "marks": [
            {**mark, "day": mark.get("date")}
            for mark in _list(verdict, "evening_marks")
        ],
    }


def _renamed_check(check: Mapping[str, object]) -> Document:
    sentence = str(check.get("detail", ""))
    detail = sentence.removeprefix(_UNKNOWN)
    try:
        figure = Reason.from_dict(check.get("detail_record"))
    except ValueError:
        figure = _as_it_is("", detail)
    return {"is_made": detail == sentence, **check, "detail": figure}


def _reasons(verdict: Mapping[str, object]) -> list[Reason]:
    """The reasons; of a program that did not store them as such, its sentences."""
    records, sentences = _list(verdict, "reason_records"), _list(verdict, "reasons")
    try:
        reasons = [Reason.from_dict(record) for record in records]
    except ValueError:
        reasons = []
    return reasons or [_as_it_is(f"{n}", str(s)) for n, s in enumerate(sentences)]


def _list(verdict: Mapping[str, object], name: str) -> list[Json]:
    values = verdict.get(name) or []
    if not isinstance(values, list):
        raise TypeError(f"{name} is no list")
    return values


def _as_it_is(rule: str, sentence: str) -> Reason:
    return Reason(rule, _SENTENCE, {"sentence": sentence})


_SENTENCE: Final = "{sentence}"
_UNKNOWN: Final = "unknown: "


def _span(window: object) -> tuple[str, str] | None:
    if not isinstance(window, Mapping):
        return None
    return str(window["start"]), str(window["end"])
