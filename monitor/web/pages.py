"""The pages for people: dashboard, login, shared links, stored reports, own files."""

import asyncio
import json
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from monitor.errors import StoreError
from monitor.machine import machine_zone
from monitor.present import LineState
from monitor.reason import Reason
from monitor.wallclock import clock_named, zones_of
from monitor.web.answers import now, overview
from monitor.web.answers.facts import Facts
from monitor.web.context import CONTEXT, Context
from monitor.web.drawings import phone_address
from monitor.web.errand_routes import is_as_shipped
from monitor.web.lock.access import SESSION, Refused, Who
from monitor.web.lock.attempts import TooMany
from monitor.web.lock.guard import (
    SESSION_COOKIE,
    SHARE_COOKIE,
    WHO,
    Handler,
    base_of,
    is_https,
    problem,
    visitor_address,
)
from monitor.web.page_modules import modules_of
from monitor.web.texts import chosen_language, coded, page_texts, passages
from monitor.web.version import VERSION
from monitor.wording import LANGUAGES
from monitor.wording.consent_texts import TEXTS

BODY_TIMEOUT_S: Final = 10
LANGUAGE_COOKIE: Final = "monitor_language"

_REPORT_CSP: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:;"
    " font-src data:; frame-ancestors 'none'"
)
"""A report brings its own style and pictures and runs no script."""

_TEMPLATES: Final = Environment(
    loader=PackageLoader("monitor.web"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
)
_TEMPLATES.filters |= {"coded": coded, "passages": passages}


_PAGES: Final = (
    ("/", "now"),
    ("/evenings", "evenings"),
    ("/evenings/{service}", "evenings"),
    ("/day", "day"),
    ("/day/{date}", "day"),
    ("/day/{date}/{target}", "day"),
    ("/compare", "compare"),
    ("/notes", "notes"),
    ("/reports", "reports"),
    ("/health", "health"),
    ("/settings", "settings"),
    ("/first", "first"),
)
"""Address and name of each page; its script reads from the address what is chosen."""


def routes() -> list[web.RouteDef]:
    """All routes for people."""
    return [
        *(web.get(path, _showing(name)) for path, name in _PAGES),
        web.get("/login", login_page),
        web.post("/login", log_in),
        web.post("/logout", log_out),
        web.get("/share/{token}", enter_shared),
        web.get("/reports/{night}/{name}", report),
        web.get("/healthz", healthz),
        web.get("/healthz/line", healthz_line),
        web.get("/static/{name:.+}", static_file),
    ]


async def to_dashboard(request: web.Request) -> web.Response:
    """The path prefix without the slash at its end."""
    return _to(request, "/")


def _showing(name: str) -> Handler:
    """A page of the dashboard; its numbers come from the API."""

    async def handler(request: web.Request) -> web.Response:
        context = request.app[CONTEXT]
        elsewhere = _earlier_address(request)
        if name == "now" and elsewhere:
            return _to(request, elsewhere)
        clock = await context.ask(partial(_clock, context.facts))
        return _page(
            request,
            f"{name}.html",
            page=name,
            zone=clock.key,
            modules=modules_of(name),
            moves=[[_ms(since), zone] for since, zone in zones_of(clock)],
            is_owner=request[WHO] is Who.OWNER,
            can_make=context.errands is not None,
            phone=phone_address(request),
            first=_of_first(context) if name == "first" else None,
            is_first=name in ("now", "first")
            and await context.ask(partial(is_as_shipped, context)),
            has_login=not context.access.is_open,
        )

    return handler


def _clock(facts: Facts) -> ZoneInfo:
    """The home's clock; without a database that of its configuration."""
    try:
        return clock_named(facts.terms().timezone)
    except StoreError:
        return clock_named(facts.config.timezone)


def _ms(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp() * 1e3


def _of_first(context: Context) -> dict[str, object]:
    """What only the first page shows."""
    return {
        "consents": TEXTS,
        "n_sites": len(context.config.all_targets()),
        "machine_zone": machine_zone() or "",
    }


def _earlier_address(request: web.Request) -> str | None:
    """Where a link of the one-page dashboard leads: a day of a site."""
    day, target = request.query.get("day"), request.query.get("target")
    if not day or not target:
        return None
    return f"/day/{quote(day, safe='')}/{quote(target, safe='')}"


async def login_page(request: web.Request) -> web.Response:
    """A form for the password."""
    return _page(request, "login.html", error=None)


async def log_in(request: web.Request) -> web.Response:
    """Check the password and begin a session."""
    context = request.app[CONTEXT]
    if context.access.is_open:
        return _to(request, "/")
    async with asyncio.timeout(BODY_TIMEOUT_S):
        password = (await request.post()).get("password")
    text = password if isinstance(password, str) else ""
    try:
        session = await context.guess(
            context.access.log_in, text, visitor_address(request)
        )
    except Refused:
        return _page(request, "login.html", status=401, error="login.wrong")
    except TooMany as error:
        answer = _page(request, "login.html", status=429, error="login.too_many")
        answer.headers["Retry-After"] = f"{error.retry_after_s:.0f}"
        return answer
    answer = _to(request, "/")
    _set_cookie(request, answer, SESSION_COOKIE, session, int(SESSION.total_seconds()))
    return answer


async def log_out(request: web.Request) -> web.Response:
    """End the session."""
    request.app[CONTEXT].access.log_out(request.cookies.get(SESSION_COOKIE))
    answer = _to(request, "/login")
    for name in (SESSION_COOKIE, SHARE_COOKIE):
        answer.del_cookie(name, path=_cookie_path(request))
    return answer


async def enter_shared(request: web.Request) -> web.Response:
    """Let a guest in until the link expires."""
    context = request.app[CONTEXT]
    token = request.match_info["token"]
    expires_s = context.access.share_expires_s(token)
    if expires_s is None:
        return _page(request, "login.html", status=404, error="share.expired")
    answer = _to(request, "/")
    left_s = int(expires_s - context.facts.clock.now_utc().timestamp())
    _set_cookie(request, answer, SHARE_COOKIE, token, left_s)
    return answer


async def report(request: web.Request) -> web.StreamResponse:
    """A file of a stored report."""
    context = request.app[CONTEXT]
    path: Path = await context.ask(
        partial(
            overview.report_file,
            context.facts,
            request.match_info["night"],
            request.match_info["name"],
        )
    )
    answer = web.FileResponse(path)
    answer.headers["Content-Security-Policy"] = _REPORT_CSP
    answer.headers["X-Content-Type-Options"] = "nosniff"
    if path.suffix not in (".html", ".pdf", ".png", ".svg"):
        answer.headers["Content-Disposition"] = "attachment"
    return answer


async def healthz(request: web.Request) -> web.Response:
    """200 while samples are fresh, 503 otherwise; a dead line is no fault of ours."""
    health = await _health(request)
    return web.json_response(health, status=200 if health["fresh"] else 503)


async def healthz_line(request: web.Request) -> web.Response:
    """200 while the line is up, 503 otherwise."""
    health = await _health(request)
    is_up = health["line"] == LineState.UP
    return web.json_response(health, status=200 if is_up else 503)


async def _health(request: web.Request) -> dict[str, object]:
    """No more than a stranger may know: this is asked without a password."""
    context = request.app[CONTEXT]
    fresh, (line, reason) = await context.ask(partial(_state, context.facts))
    return {
        "fresh": fresh.is_fresh,
        "reason": fresh.reason,
        "line": line.value,
        "line_reason": str(reason),
    }


def _state(facts: Facts) -> tuple[overview.Freshness, tuple[LineState, Reason]]:
    return overview.freshness(facts, facts.config.vantage), now.line(facts)


async def static_file(request: web.Request) -> web.Response:
    """One of the page's own files."""
    file = request.app[CONTEXT].files.get(request.match_info["name"])
    if file is None:
        return problem(404, "there is no such file")
    headers = {
        "ETag": f'"{file.etag}"',
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
    }
    if file.etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        body, headers["Content-Encoding"] = file.gzipped, "gzip"
    else:
        body = file.body
    return web.Response(
        body=body, content_type=file.content_type, charset="utf-8", headers=headers
    )


def _page(
    request: web.Request, template: str, status: int = 200, **values: object
) -> web.Response:
    language = _language(request)
    messages = page_texts(language)
    text = _TEMPLATES.get_template(template).render(
        t=lambda key: messages[key],
        language=language,
        languages=LANGUAGES,
        messages=_as_data(dict(messages)),
        version=VERSION,
        base=base_of(request),
        **values,
    )
    answer = web.Response(status=status, text=text, content_type="text/html")
    answer.headers["Vary"] = "Accept-Language, Cookie"
    if "lang" in request.query:
        answer.set_cookie(
            LANGUAGE_COOKIE,
            language,
            max_age=365 * 86400,
            path=_cookie_path(request),
            samesite="Lax",
        )
    return answer


def _as_data(value: object) -> Markup:
    """JSON that cannot end the element it stands in."""
    text = json.dumps(value, ensure_ascii=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704  escaped above


def _language(request: web.Request) -> str:
    asked = request.query.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    return chosen_language(asked, request.headers.get("Accept-Language", ""))


def _to(request: web.Request, path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": base_of(request) + path})


def _cookie_path(request: web.Request) -> str:
    """Another site under another prefix of the same host gets no cookie of ours."""
    return base_of(request) or "/"


def _set_cookie(
    request: web.Request, answer: web.Response, name: str, value: str, max_age_s: int
) -> None:
    answer.set_cookie(
        name,
        value,
        max_age=max_age_s,
        path=_cookie_path(request),
        httponly=True,
        samesite="Lax",
        secure=is_https(request),
    )
