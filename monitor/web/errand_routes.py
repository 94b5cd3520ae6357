"""The routes of errands: a report, and the first configuration of a home."""

import json
from functools import partial
from typing import Annotated, Final, Literal

from aiohttp import web
from pydantic import Field

from monitor.config.proposal import is_shipped
from monitor.config.values import Size, Zone
from monitor.web.answers.facts import NotHere
from monitor.web.answers.queries import Language, LocalDate, Query
from monitor.web.api import body_of
from monitor.web.context import CONTEXT, Context
from monitor.web.errands import BusyError, Errand, Errands
from monitor.web.lock.access import MAX_SECRET, new_hash
from monitor.web.lock.guard import for_owner, problem
from monitor.web.query import NotAllowed, checked
from monitor.wording.consent_texts import TEXTS

LEAST_LETTERS: Final = 10
_SHIPPED_BYTES: Final = 1 << 20


class ReportRequest(Query):
    """Which night, in which language, and for whom a bundle is."""

    date: LocalDate | None = None
    language: Language = "en"
    bundle: Literal["none", "private", "trusted", "public"] = "none"


class FirstRequest(Query):
    """What `monitor init` asks for."""

    timezone: Annotated[str, Field(max_length=100)]
    country: Annotated[str, Field(pattern="^([A-Za-z]{2})?$")] = ""
    per_month: Annotated[str, Field(max_length=20)] = ""
    password: Annotated[str, Field(max_length=MAX_SECRET)] = ""
    language: Language = "en"
    is_seen: Literal["yes", "no"]
    is_sent: Literal["yes", "no"]
    agrees: Literal["yes"]


def routes() -> list[web.RouteDef]:
    """All of them; for the owner alone."""
    return [
        web.get("/errand", for_owner(last)),
        web.post("/errand/report", report),
        web.post("/errand/first", first),
    ]


async def last(request: web.Request) -> web.Response:
    """How far the last errand is, and what it printed."""
    errand = errands_of(request).last
    return web.json_response(None if errand is None else _told(errand))


async def report(request: web.Request) -> web.Response:
    """Write the report of a night, and its bundle where one is wanted."""
    asked = checked(ReportRequest, await body_of(request))
    arguments = ["report", "--language", asked.language]
    if asked.date is not None:
        arguments += ["--date", asked.date.isoformat()]
    if asked.bundle != "none":
        arguments += ["--bundle", "--level", asked.bundle]
    return _begun(request, "report", arguments, language=asked.language)


async def first(request: web.Request) -> web.Response:
    """Write the configuration of this home, tried from its line; once."""
    asked = checked(FirstRequest, await body_of(request))
    context = request.app[CONTEXT]
    if not await context.ask(partial(is_as_shipped, context)):
        return problem(409, "the configuration was changed since it was shipped")
    _check(asked)
    password_hash = None
    if asked.password:
        password_hash = await context.guess(new_hash, asked.password)
    choices = {
        "timezone": asked.timezone,
        "country": asked.country.upper() or None,
        "per_month": asked.per_month or None,
        "password_hash": password_hash,
        "language": asked.language,
    }
    given = json.dumps(choices).encode()
    words = ["init", "--page"]
    return _begun(request, "first", words, given, language=asked.language)


def is_as_shipped(context: Context) -> bool:
    """Whether nobody has set up this home yet."""
    if context.errands is None:
        return False
    path = context.errands.config_path
    if not path.is_file() or path.stat().st_size > _SHIPPED_BYTES:
        return False
    return is_shipped(path.read_text("utf-8", errors="replace"))


def _check(asked: FirstRequest) -> None:
    """Raise NotAllowed where `monitor init` would ask again."""
    if (asked.is_seen, asked.is_sent) != ("yes", "no"):
        raise NotAllowed([TEXTS[asked.language].wrong])
    if asked.password and len(asked.password) < LEAST_LETTERS:
        raise NotAllowed([f"password: {LEAST_LETTERS} letters or more, or none"])
    checked(_Values, {"zone": asked.timezone, "size": asked.per_month or "1MB"})


class _Values(Query):
    zone: Zone
    size: Annotated[Size, Field(ge=1_000_000)]


def errands_of(request: web.Request) -> Errands:
    """What pages set going; raises NotHere where there is no configuration file."""
    errands = request.app[CONTEXT].errands
    if errands is None:
        raise NotHere("nothing is made from this page")
    return errands


def _begun(
    request: web.Request,
    name: str,
    arguments: list[str],
    given: bytes = b"",
    *,
    language: str,
) -> web.Response:
    errands = errands_of(request)
    try:
        errand = errands.begin(name, arguments, given, language=language)
    except BusyError as error:
        return problem(409, str(error))
    return web.json_response(_told(errand))


def _told(errand: Errand) -> dict[str, object]:
    return {"name": errand.name, "state": errand.state, "lines": list(errand.lines)}
