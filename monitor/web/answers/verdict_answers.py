"""What the API tells of verdicts, of hosts and of services."""

from datetime import date, datetime
from typing import Self

from pydantic import JsonValue

from monitor import model
from monitor.evening_rule import EveningState
from monitor.verdict_table import Tone, gravity, row_of
from monitor.web.answers.schemas import Answer, DayOf, Window


class ToldCheck(Answer):
    """One check of the mechanism in words."""

    check: str
    title: str
    """What was looked at, as a question."""
    sign: str
    """The outcome as one character."""
    outcome: str
    detail: str


class ToldFact(Answer):
    """One number of a verdict with what it is."""

    term: str
    text: str


class Told(Answer):
    """A verdict and why it is what it is, in the language that was asked for."""

    heading: str
    sentence: str
    facts: list[ToldFact]
    reasons: list[str]
    checks: list[ToldCheck]


class EveningCounts(Answer):
    """Evenings behind a verdict; the dead are among the slow."""

    observed: int
    usable: int
    slow: int
    dead: int


class Effect(Answer):
    """How many times slower than the rest of the day and beyond the controls."""

    metric: str
    ratio: float | None
    ci95: tuple[float | None, float | None]


class ReasonRecord(Answer):
    """A reason before it has a language: a rule, its message, and the values in it."""

    rule: str
    message: str
    values: dict[str, JsonValue]


class Check(Answer):
    """One check of the mechanism: +1 points to interference, -1 away, 0 is unknown."""

    check: str
    score: int
    detail: str
    is_made: bool
    """Whether the samples allowed it."""
    detail_record: ReasonRecord


class Mark(Answer):
    """What the analysis said of one evening."""

    date: DayOf
    state: EveningState
    ratio: float | None


class Kind(Answer):
    """How a verdict is shown; the same for all verdicts of its name."""

    gravity: int
    """0 is the gravest."""
    tone: Tone
    sign: str

    @classmethod
    def of(cls, verdict: str) -> Self:
        """The kind of a verdict's name."""
        tone = row_of(verdict).tone
        return cls(gravity=gravity(verdict), tone=tone, sign=tone.sign)


class Verdict(Answer):
    """One verdict as `monitor analyze --json` gives it, with its evenings one by one.

    `told` is there when a language was asked for.
    """

    vantage: str
    target: str
    service: str
    part: str
    verdict: str
    strength: str | None
    evenings: EveningCounts
    effect: Effect
    p_value: float | None
    e_value: float | None
    found_window: Window | None
    onset_date: str | None
    offset_date: str | None
    mechanism: list[Check]
    rule: str | None
    """Id of the rule that decided."""
    reasons: list[str]
    reason_records: list[ReasonRecord]
    evening_marks: list[Mark]
    kind: Kind
    told: Told | None = None

    @classmethod
    def of(cls, verdict: model.Verdict) -> Self:
        """The answer of a stored verdict."""
        marks = [
            Mark(date=mark.day, state=mark.state, ratio=mark.ratio)
            for mark in verdict.marks
        ]
        kind = Kind.of(verdict.verdict)
        shown = {**verdict.to_dict(), "evening_marks": marks, "kind": kind}
        return cls.model_validate(shown)


class Verdicts(Answer):
    """The last analysis; `verdicts` is empty before the first."""

    computed_at_utc: datetime | None
    method_version: str | None
    since: date | None
    until: date | None
    timezone: str | None
    verdicts: list[Verdict]
    lead: str | None = None
    """All verdicts on the configured measuring point in short, when a language was
    asked for."""


class Member(Answer):
    """A host of a service, and the verdict on it in short."""

    target: str
    part: str
    verdict: str
    strength: str | None
    evenings: EveningCounts
    effect: Effect
    kind: Kind
    heading: str | None = None
    """The verdict in words, when a language was asked for."""
    part_title: str | None = None
    """The part in words."""

    @classmethod
    def of(cls, verdict: model.Verdict, **told: str) -> Self:
        """The answer of a stored verdict."""
        stated = verdict.to_dict()
        shown = {name: stated[name] for name in cls.model_fields if name in stated}
        return cls.model_validate({**shown, **told, "kind": Kind.of(verdict.verdict)})


class ServiceVerdict(Answer):
    """The verdict on a service as `monitor analyze --json` gives it, and its hosts.

    `hosts` names those about which something is established; `members` are all, the
    one whose verdict it is first. `told` is there when a language was asked for.
    """

    vantage: str
    service: str
    verdict: str
    strength: str | None
    hosts: list[str]
    e_value: float | None
    reasons: list[str]
    reason_records: list[ReasonRecord]
    kind: Kind
    members: list[Member]
    told: Told | None = None

    @classmethod
    def of(
        cls, judged: model.ServiceVerdict, told: Told | None, members: list[Member]
    ) -> Self:
        """The answer of a service that was rolled up."""
        kind = Kind.of(judged.verdict)
        shown = {**judged.to_dict(), "kind": kind, "members": members, "told": told}
        return cls.model_validate(shown)


class Services(Answer):
    """The last analysis by service; `services` is empty before the first."""

    computed_at_utc: datetime | None
    method_version: str | None
    since: date | None
    until: date | None
    timezone: str | None
    services: list[ServiceVerdict]
    rates: list[str]
    """How often the method was wrong where the truth was known, when a language was
    asked for."""
    lead: str | None = None
    """All verdicts on the configured measuring point in short, when a language was
    asked for."""


class VerdictPoint(Answer):
    """The verdict on a target in one analysis."""

    computed_at_utc: datetime
    until: date | None
    vantage: str
    target: str
    verdict: str
    strength: str | None


class VerdictHistory(Answer):
    """What the last analyses said, newest first."""

    verdicts: list[VerdictPoint]
