"""The API as a table: path, parameters, answer and the function that finds it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from monitor.web.answers import (
    curves,
    data_used,
    evening_strip,
    expected_range,
    heatmap,
    noted_dates,
    now,
    overview,
    owner_acts,
    profiles,
    sample_pages,
    side_by_side,
    telling,
)
from monitor.web.answers.facts import Facts
from monitor.web.answers.queries import (
    CompareQuery,
    DaysQuery,
    ExpectedQuery,
    GapsQuery,
    HeatmapQuery,
    LanguageQuery,
    NoQuery,
    NoteRequest,
    PauseRequest,
    ProfileQuery,
    Query,
    SamplePageQuery,
    SampleQuery,
    SeriesQuery,
    VerdictHistoryQuery,
)
from monitor.web.answers.schemas import (
    Annotations,
    Answer,
    Comparison,
    Evenings,
    Expected,
    Gaps,
    Health,
    Heatmap,
    Noted,
    Now,
    Paused,
    Profile,
    Reports,
    SamplePage,
    SampleRow,
    Series,
    Targets,
    Used,
)
from monitor.web.answers.verdict_answers import Services, VerdictHistory, Verdicts

PREFIX: Final = "/api/v1"

Ask = Callable[[Facts, Any], BaseModel]
"""Each takes the query that its endpoint names: checked before it is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One question that the API answers with JSON."""

    path: str
    summary: str
    query: type[Query]
    answer: type[Answer] | type[SampleRow]
    ask: Ask


ENDPOINTS: Final = (
    Endpoint(
        path="/targets",
        summary="Sites, their roles, the home's zone and window",
        query=NoQuery,
        answer=Targets,
        ask=overview.targets,
    ),
    Endpoint(
        path="/now",
        summary="Each site at this moment, and whether the line is well",
        query=LanguageQuery,
        answer=Now,
        ask=now.now,
    ),
    Endpoint(
        path="/samples",
        summary="Stored samples by time, a page at a time",
        query=SamplePageQuery,
        answer=SamplePage,
        ask=sample_pages.sample_page,
    ),
    Endpoint(
        path="/samples/{id}",
        summary="One sample with all its fields and its byte curve",
        query=SampleQuery,
        answer=SampleRow,
        ask=sample_pages.one_sample,
    ),
    Endpoint(
        path="/series",
        summary="A metric of a target over time, beside the controls",
        query=SeriesQuery,
        answer=Series,
        ask=curves.series,
    ),
    Endpoint(
        path="/expected",
        summary="What a site would have measured, had it gone as the controls did",
        query=ExpectedQuery,
        answer=Expected,
        ask=expected_range.expected,
    ),
    Endpoint(
        path="/heatmap",
        summary="Hour by day of a metric of a target",
        query=HeatmapQuery,
        answer=Heatmap,
        ask=heatmap.heatmap,
    ),
    Endpoint(
        path="/profile",
        summary="The 24 hours of the day, or the 168 of the week, with their spread",
        query=ProfileQuery,
        answer=Profile,
        ask=profiles.profile,
    ),
    Endpoint(
        path="/used",
        summary="Data used by day, site and kind of probe",
        query=DaysQuery,
        answer=Used,
        ask=data_used.used,
    ),
    Endpoint(
        path="/evenings",
        summary="What each evening of each target was like",
        query=DaysQuery,
        answer=Evenings,
        ask=evening_strip.evenings,
    ),
    Endpoint(
        path="/compare",
        summary="Two spans of time of a target side by side",
        query=CompareQuery,
        answer=Comparison,
        ask=side_by_side.comparison,
    ),
    Endpoint(
        path="/verdicts",
        summary="The verdicts of the last analysis",
        query=LanguageQuery,
        answer=Verdicts,
        ask=telling.verdicts,
    ),
    Endpoint(
        path="/services",
        summary="The verdicts of the last analysis by service",
        query=LanguageQuery,
        answer=Services,
        ask=telling.services,
    ),
    Endpoint(
        path="/verdicts/history",
        summary="What the last analyses said",
        query=VerdictHistoryQuery,
        answer=VerdictHistory,
        ask=overview.verdict_history,
    ),
    Endpoint(
        path="/gaps",
        summary="Gaps and incomplete rounds",
        query=GapsQuery,
        answer=Gaps,
        ask=telling.gaps,
    ),
    Endpoint(
        path="/annotations",
        summary="What the user noted about dates",
        query=DaysQuery,
        answer=Annotations,
        ask=noted_dates.annotations,
    ),
    Endpoint(
        path="/reports",
        summary="Stored night reports",
        query=NoQuery,
        answer=Reports,
        ask=overview.reports,
    ),
    Endpoint(
        path="/health",
        summary="Whether samples are fresh, gaps, spool, data used",
        query=NoQuery,
        answer=Health,
        ask=overview.health,
    ),
)

Act = Callable[[Facts, Any], BaseModel]
"""Each takes the request that its action names: checked before it is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that the API does for the owner: a POST with a JSON body."""

    path: str
    summary: str
    request: type[Query]
    answer: type[Answer]
    act: Act


ACTIONS: Final = (
    Action(
        path="/pause",
        summary="Measure nothing for some minutes, from the next round on",
        request=PauseRequest,
        answer=Paused,
        act=owner_acts.pause,
    ),
    Action(
        path="/resume",
        summary="Measure again before the pause is over",
        request=NoQuery,
        answer=Paused,
        act=owner_acts.resume,
    ),
    Action(
        path="/notes",
        summary="Note what happened on one or several dates",
        request=NoteRequest,
        answer=Noted,
        act=owner_acts.note,
    ),
)

STREAMS: Final = {"/samples.ndjson": "application/x-ndjson", "/samples.csv": "text/csv"}
"""Paths that stream all samples of a query, and their content types."""
