"""What the owner does on the page: pause, resume, note, as the commands do."""

from datetime import timedelta

from monitor.web.answers.facts import Facts
from monitor.web.answers.overview import paused_until
from monitor.web.answers.queries import NoQuery, NoteRequest, PauseRequest
from monitor.web.answers.schemas import Noted, Paused


def pause(facts: Facts, request: PauseRequest) -> Paused:
    """Begin a pause, or make another one of it."""
    now_utc = facts.clock.now_utc()
    until = now_utc + timedelta(minutes=request.minutes)
    facts.store.pauses.append(
        facts.config.vantage, asked_at_utc=now_utc, until_utc=until
    )
    return Paused(paused_until_utc=until)


def resume(facts: Facts, _request: NoQuery) -> Paused:
    """End the pause, if there is one."""
    if paused_until(facts) is not None:
        now_utc = facts.clock.now_utc()
        facts.store.pauses.append(
            facts.config.vantage, asked_at_utc=now_utc, until_utc=now_utc
        )
    return Paused(paused_until_utc=None)


def note(facts: Facts, request: NoteRequest) -> Noted:
    """Add a note of this home."""
    number = facts.store.notes.add(
        request.first_date,
        request.last_date,
        request.text,
        noted_at_utc=facts.clock.now_utc(),
        vantage=facts.config.vantage,
    )
    return Noted(number=number)
