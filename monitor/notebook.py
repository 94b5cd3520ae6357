"""The database in a notebook: `monitor.open(url).samples(...)` gives a DataFrame.

Read-only, and nothing is loaded before it is asked for.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self
from zoneinfo import ZoneInfo

from monitor.errors import InputError
from monitor.evening_rule import DEFAULT_WINDOW, EveningState
from monitor.wallclock import local_instant, parsed_date

if TYPE_CHECKING:
    import pandas as pd

    from monitor.model import Verdict
    from monitor.store import Store

_DAY: Final = timedelta(days=1)


class Notebook:
    """One database, seen from a notebook.

    Parameters
    ----------
    url : `sqlite:///FILE` or `postgresql+psycopg://...`.
    timezone : IANA zone of all local dates, given and shown.
    """

    def __init__(self, url: str, *, timezone: str = "UTC") -> None:
        self.url = url
        self._opened: Store | None = None
        self.timezone = timezone
        self._zone = ZoneInfo(timezone)

    def _store(self) -> "Store":
        """The database, opened with the first question."""
        from monitor.store import open_store

        if self._opened is None:
            self._opened = open_store(self.url)
        return self._opened

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

        frame = load_frame(
            self._store(),
            since=self._start(since),
            until=self._end(until),
            targets=targets,
            vantage=vantage,
            columns=columns,
        )
        if "started_at_utc" in frame:
            local = frame["started_at_utc"].dt.tz_convert(self.timezone)
            frame.insert(1, "started_at_local", local)
        return frame

    def evenings(
        self,
        *,
        since: str | date,
        until: str | date,
        window: str = DEFAULT_WINDOW,
        **filters: Any,  # noqa: ANN401 - those of `monitor.anomalies.Question`
    ) -> "pd.DataFrame":
        """One row per target and evening, as `monitor anomalies --state all` has it."""
        import pandas as pd

        from monitor.anomalies import Question, ask_evenings

        question = Question(
            timezone=self.timezone,
            since=_date(since),
            until=_date(until),
            window=window,
            states=tuple(EveningState),
            is_exact=True,
            **filters,
        )
        return pd.DataFrame(ask_evenings(self._store(), question))

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
        window: str = DEFAULT_WINDOW,
    ) -> "Sequence[Verdict]":
        """The verdicts on these evenings; `monitor.analysis.services_of` rolls up."""
        from monitor.analysis import COLUMNS, analyze

        frame = self.samples(columns=COLUMNS).drop(columns="started_at_local")
        return analyze(
            frame, timezone=self.timezone, window=window, since=since, until=until
        )

    def _start(self, day: str | date | None) -> datetime | None:
        if day is None:
            return None
        return local_instant(_date(day), self._zone)

    def _end(self, day: str | date | None) -> datetime | None:
        return None if day is None else self._start(_date(day) + _DAY)


def _date(day: str | date) -> date:
    try:
        return parsed_date(day if isinstance(day, str) else f"{day:%Y-%m-%d}")
    except ValueError as error:
        raise InputError(f"date: found {day!r}; allowed: {error}") from None
