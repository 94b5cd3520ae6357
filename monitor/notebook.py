"""The database in a notebook: `monitor.open(url).samples(...)` gives a DataFrame.

Read-only, and nothing is loaded before it is asked for.
"""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from monitor.errors import InputError, refuse_unknown
from monitor.evening_rule import DEFAULT_WINDOW, EveningState, parse_window
from monitor.model import OwnTerms
from monitor.wallclock import asked_clock, local_instant, parsed_date, zones_of

if TYPE_CHECKING:
    import pandas as pd

    from monitor.model import Verdict
    from monitor.store import Store

_DAY: Final = timedelta(days=1)
_OWN_FILTERS: Final = {"timezone", "window", "since", "until", "vantage"}
"""Fields of a question that `evenings` has parameters for."""
_NOWHERE: Final = OwnTerms(timezone="UTC", window=parse_window(DEFAULT_WINDOW))
"""Of a database without samples."""


class Notebook:
    """One database, seen from a notebook.

    Parameters
    ----------
    url : `sqlite:///FILE` or `postgresql+psycopg://...`.
    timezone : IANA zone of all local dates, given and shown; None: each vantage's own,
        as its daemon or `monitor vantage state` stated it.

    Raises
    ------
    InputError : no such zone, or no such file: a misspelled name is no empty database.
    """

    def __init__(self, url: str, *, timezone: str | None = None) -> None:
        from monitor.store.engine import missing_file

        self.url = url
        self._opened: Store | None = None
        self.timezone = timezone if timezone is None else asked_clock(timezone).key
        missing = missing_file(url) if url.startswith("sqlite") else None
        if missing is not None:
            raise InputError(
                f"monitor.open: found no file {str(missing)!r}; allowed: a database"
                " that is there"
            )

    def _store(self) -> "Store":
        """The database, opened with the first question."""
        from monitor.store import open_store

        if self._opened is None:
            self._opened = open_store(self.url)
        return self._opened

    def _terms(
        self, vantage: str | None, day: date | None, window: str | None
    ) -> dict[str, OwnTerms]:
        """Vantage -> its terms, or those that were asked for instead.

        Raises
        ------
        InputError : a vantage of whom nobody said in which zone it is, or none.
        """
        from monitor.store.own_terms import own_terms

        store = self._store()
        names = {info.vantage for info in store.reader.series()}
        refuse_unknown("vantage", [] if vantage is None else [vantage], names)
        chosen = sorted(names if vantage is None else names & {vantage})
        stated = own_terms(store, chosen, day=day)
        return {name: self._asked(name, stated.get(name), window) for name in chosen}

    def _asked(
        self, vantage: str, stated: OwnTerms | None, window: str | None
    ) -> OwnTerms:
        timezone = self.timezone or (stated.timezone if stated else None)
        if timezone is None:
            raise InputError(
                f"timezone: nobody said in which zone {vantage!r} is; allowed:"
                " monitor.open(url, timezone='Asia/Almaty'), or once for all: monitor"
                f" vantage state {vantage} --timezone Asia/Almaty"
            )
        held = stated.window if stated else parse_window(DEFAULT_WINDOW)
        return OwnTerms(
            timezone=timezone, window=held if window is None else parse_window(window)
        )

    def _zone(self, vantage: str | None) -> str:
        """The one zone of the local dates of a question about samples."""
        if self.timezone is not None:
            return self.timezone
        zones = {its.timezone for its in self._terms(vantage, None, None).values()}
        if len(zones) > 1:
            raise InputError(
                f"vantage: found the zones {', '.join(sorted(zones))}; allowed: one"
                " vantage, or monitor.open(url, timezone=...)"
            )
        return next(iter(zones), "UTC")

    def close(self) -> None:
        """Let go of the database; the next question opens it again."""
        if self._opened is not None:
            self._opened.close()
        self._opened = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        """Without the password."""
        from monitor.config import masked

        return f"monitor.open({masked(self.url)!r}, timezone={self.timezone!r})"

    def samples(
        self,
        *,
        since: str | date | None = None,
        until: str | date | None = None,
        targets: Collection[str] | None = None,
        vantage: str | None = None,
        columns: Collection[str] | None = None,
    ) -> "pd.DataFrame":
        """Samples in the columns of the interchange format, and `started_at_local`.

        A column has one zone at most: of a home that moved it has none, only the time
        that clocks showed.

        Parameters
        ----------
        since, until : local dates, both included.
        targets, vantage, columns : only these; None: all. Of the columns all but
            `timeline`: the curves of a year take more memory than everything else.
        """
        from monitor.interchange.file_columns import NAMES
        from monitor.store.frames import load_frame

        if columns is None:
            columns = [name for name in NAMES if name != "timeline"]
        # One name is no collection of letters.
        columns = [columns] if isinstance(columns, str) else columns
        targets = [targets] if isinstance(targets, str) else targets
        _check_order(since, until)
        series = self._store().reader.series()
        refuse_unknown("columns", columns, NAMES)
        refuse_unknown("targets", targets or (), {info.target for info in series})
        own_zone = self._zone(vantage)
        frame = load_frame(
            self._store(),
            since=_start(since, own_zone),
            until=_end(until, own_zone),
            targets=targets,
            vantage=vantage,
            columns=columns,
        )
        if "started_at_utc" in frame:
            frame.insert(1, "started_at_local", _shown(frame, own_zone))
        return frame

    def evenings(
        self,
        *,
        since: str | date,
        until: str | date,
        window: str | None = None,
        vantage: str | None = None,
        **filters: Any,  # noqa: ANN401 - those of `monitor.anomalies.Question`
    ) -> "pd.DataFrame":
        """One row per target and evening, as `monitor anomalies --state all` has it.

        Each vantage in its own zone and window, unless others were asked for.
        """
        import pandas as pd

        from monitor.anomalies import Question, ask_each

        last = _date(until)
        _check_order(since, until)
        allowed = {f.name for f in fields(Question)} - _OWN_FILTERS
        refuse_unknown("evenings", filters, allowed)
        terms = self._terms(vantage, last, window)
        question = {
            "states": tuple(EveningState),
            "is_exact": True,
            **filters,
            "since": _date(since),
            "until": last,
        }
        return pd.DataFrame(ask_each(self._store(), terms, question))

    def notes(self) -> "pd.DataFrame":
        """The notes that were not withdrawn."""
        import pandas as pd

        return pd.DataFrame(self._store().notes.list())

    def sql(self, question: str, *, max_rows: int = 1_000_000) -> "pd.DataFrame":
        """The answer to one SELECT over the views of `monitor sql`."""
        import pandas as pd

        from monitor.store.question import ask

        answer = ask(self.url, question, max_rows=max_rows)
        return pd.DataFrame(list(answer.rows), columns=list(answer.columns))

    def analyze(
        self,
        *,
        since: str | date | None = None,
        until: str | date | None = None,
        window: str | None = None,
        vantage: str | None = None,
    ) -> "Sequence[Verdict]":
        """The verdicts on these evenings; `monitor.analysis.services_of` rolls up.

        Each vantage in its own zone and window, unless others were asked for.
        """
        from monitor.analysis import COLUMNS, analyze_each
        from monitor.store.frames import load_frame

        days = [None if day is None else _date(day) for day in (since, until)]
        terms = self._terms(vantage, days[1], window)
        frame = load_frame(self._store(), vantage=vantage, columns=COLUMNS)
        result = analyze_each(
            frame,
            terms=terms,
            common=next(iter(terms.values()), _NOWHERE),
            since=days[0],
            until=days[1],
        )
        return result.verdicts


def _shown(frame: "pd.DataFrame", clock: str) -> "pd.Series":
    """What the home's clock showed when each sample was taken."""
    zones, begun = zones_of(asked_clock(clock)), frame["started_at_utc"]
    if len(zones) == 1:
        whole: pd.Series = begun.dt.tz_convert(clock)
        return whole
    shown: pd.Series = begun.dt.tz_localize(None)
    for since, zone in zones:
        local = begun.dt.tz_convert(zone).dt.tz_localize(None)
        shown = local if since is None else shown.where(begun < since, local)
    return shown


def _start(day: str | date | None, timezone: str) -> datetime | None:
    return None if day is None else local_instant(_date(day), asked_clock(timezone))


def _end(day: str | date | None, timezone: str) -> datetime | None:
    return None if day is None else _start(_date(day) + _DAY, timezone)


def _check_order(since: str | date | None, until: str | date | None) -> None:
    """Refuse what would be answered as if nothing had been measured."""
    if since is not None and until is not None and _date(since) > _date(until):
        raise InputError(
            f"since: found {_date(since)}; allowed: a date up to {_date(until)}"
        )


def _date(day: str | date) -> date:
    try:
        return parsed_date(day if isinstance(day, str) else f"{day:%Y-%m-%d}")
    except ValueError as error:
        raise InputError(f"date: found {day!r}; allowed: {error}") from None
