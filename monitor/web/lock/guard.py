"""What every request passes: sane host, same origin, known visitor; safe headers.

The first layer turns every failure into an answer that tells nothing of the inside.
"""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from monitor.errors import MonitorError
from monitor.stored_analysis import UnreadableAnalysisError
from monitor.text import printable
from monitor.web.answers.facts import NotHere
from monitor.web.answers.schemas import Problem
from monitor.web.context import CONTEXT, Context
from monitor.web.lock.access import Refused, Who
from monitor.web.lock.attempts import TooMany
from monitor.web.lock.visitors import is_proxy, visitor
from monitor.web.query import NotAllowed

_log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SESSION_COOKIE: Final = "monitor_session"
SHARE_COOKIE: Final = "monitor_share"
WHO: Final = web.RequestKey("who", Who)

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self' data: blob:; connect-src 'self'; form-action 'self';"
    " manifest-src 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_PUBLIC: Final = frozenset(
    {"/login", "/healthz", "/healthz/line", "/manifest.webmanifest"}
)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def base_of(request: web.Request) -> str:
    """The path prefix of all links; empty at the root of the host."""
    return request.app[CONTEXT].config.web.base_path


def own_path(request: web.Request) -> str:
    """The path without the prefix, which some proxies pass on."""
    base = base_of(request)
    if base and request.path.startswith(f"{base}/"):
        return request.path.removeprefix(base)
    return request.path


def is_api(request: web.Request) -> bool:
    """Whether a program asks: it gets JSON and no redirection."""
    path = own_path(request)
    return path.startswith("/api/") or path == "/metrics"


def is_https(request: web.Request) -> bool:
    """Whether the visitor's connection is encrypted, as the proxy in front says."""
    said = request.headers.getall("X-Forwarded-Proto", [])
    is_believed = is_proxy(_peer(request), request.app[CONTEXT].config.web)
    return is_believed and bool(said) and said[-1] == "https"


def visitor_address(request: web.Request) -> str:
    """The address that guesses are counted under."""
    forwarded = request.headers.getall("X-Forwarded-For", [])
    return visitor(_peer(request), forwarded, request.app[CONTEXT].config.web)


def _peer(request: web.Request) -> str:
    return request.remote or "unknown"


def problem(status: int, error: str, details: list[str] | None = None) -> web.Response:
    """A JSON answer that says what is wrong."""
    document = Problem(status=status, error=error, details=details or [])
    return web.Response(
        status=status,
        text=document.model_dump_json(),
        content_type="application/json",
    )


@web.middleware
async def safe_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Headers on every answer, and an answer for every failure."""
    response = await _answered(request, handler)
    if not response.prepared:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
    return response


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _http_answer(request, error)
    except NotAllowed as error:
        return problem(400, str(error), error.details)
    except TimeoutError:
        return problem(408, "the request took too long")
    except MonitorError as error:
        return _own_answer(request, error)
    except Exception:  # noqa: BLE001
        # One broken page must not end the server; the inside stays inside.
        _log.exception("request_failed path=%s", request.path)
        return problem(500, "this is a fault of the program; its log has the details")


def _own_answer(request: web.Request, error: MonitorError) -> web.Response:
    if isinstance(error, NotHere):
        return problem(404, str(error))
    if isinstance(error, Refused):
        return problem(401, str(error))
    if isinstance(error, TooMany):
        answer = problem(429, str(error))
        answer.headers["Retry-After"] = f"{error.retry_after_s:.0f}"
        return answer
    _log.warning("cannot_answer path=%s error=%s", request.path, error)
    if isinstance(error, UnreadableAnalysisError):
        return problem(503, str(error))
    return problem(503, "the database is out of reach or busy; try again")


def _http_answer(request: web.Request, error: web.HTTPException) -> web.Response:
    if is_api(request):
        answer = problem(error.status, error.reason.lower())
    else:
        answer = web.Response(status=error.status, text=f"{error.reason}\n")
    if "Allow" in error.headers:
        answer.headers["Allow"] = error.headers["Allow"]
    return answer


@web.middleware
async def few_at_once(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a visitor who would hold most of the connections, also by a proxy."""
    crowd = request.app[CONTEXT].crowd
    answer = await crowd.let_in(visitor_address(request), partial(handler, request))
    if answer is not None:
        return answer
    return problem(429, "too many requests at once")


@web.middleware
async def known_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse foreign host names when no secret protects the page.

    A page elsewhere can let its own name point to 127.0.0.1 and would then be read as
    ours by the browser.
    """
    context = request.app[CONTEXT]
    if context.access.is_open and not _is_own_host(context, request.host):
        return problem(421, "this host name is not served here; see web.hosts")
    return await handler(request)


def _is_own_host(context: Context, host: str) -> bool:
    own_names = {context.config.web.host, *context.config.web.hosts}
    return is_own_machine(host) or _name_of(host) in own_names


def is_own_machine(host: str) -> bool:
    """Whether a Host header names the machine as only itself can."""
    return _name_of(host) in _LOOPBACK


def _name_of(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


@web.middleware
async def same_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what changes something and comes from another page."""
    if request.method not in _SAFE and not _is_same_origin(request):
        return problem(403, _of_another_page(request))
    return await handler(request)


def _is_same_origin(request: web.Request) -> bool:
    """Whether our own page sends this.

    A browser says so in `Sec-Fetch-Site`, which no script can set, over HTTPS and on
    loopback. Elsewhere it says where its page is from, and that has to be the host that
    is asked: a proxy may have changed that.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    if origin is not None:
        return urlsplit(origin).netloc in _asked_hosts(request) and origin != "null"
    # Programs send neither header, and no cookies either.
    return SESSION_COOKIE not in request.cookies


def _asked_hosts(request: web.Request) -> set[str]:
    """The host that the visitor asked, also as a proxy in front tells it."""
    if not is_proxy(_peer(request), request.app[CONTEXT].config.web):
        return {request.host}
    told = request.headers.getall("X-Forwarded-Host", [])
    return {request.host, *(text.rpartition(",")[2].strip() for text in told[-1:])}


def _of_another_page(request: web.Request) -> str:
    origin = urlsplit(request.headers.get("Origin", "")).netloc
    told = "refused: the request comes from another page"
    if not origin or origin in _asked_hosts(request):
        return told
    return (
        f"{told}: it is on {printable(origin[:100])}, and Host says"
        f" {printable(request.host[:100])}. If these are the same, the proxy between"
        " them has to pass the header Host on as it came (nginx: proxy_set_header Host"
        " $http_host;)"
    )


def for_owner(handler: Handler) -> Handler:
    """A question of which whoever has a shared link is not to see the answer."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        return await handler(request) if request[WHO] is Who.OWNER else _only_look()

    return guarded


def _only_look() -> web.Response:
    return problem(403, "refused: a shared link only lets look")


@web.middleware
async def known_visitor(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in whom the configuration lets in."""
    who = await _who(request)
    request[WHO] = who
    if who is Who.NOBODY and not _is_public(own_path(request)):
        return _ask_for_password(request)
    if who is Who.GUEST and request.method not in _SAFE:
        return _only_look()
    return await handler(request)


def _is_public(path: str) -> bool:
    return path in _PUBLIC or path.startswith(("/static/", "/share/"))


def _ask_for_password(request: web.Request) -> web.StreamResponse:
    if is_api(request):
        answer = problem(401, "log in, or send Authorization: Bearer TOKEN")
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    if request.method not in _SAFE:
        return problem(401, "log in")
    return web.Response(status=303, headers={"Location": f"{base_of(request)}/login"})


async def _who(request: web.Request) -> Who:
    context = request.app[CONTEXT]
    access = context.access
    if access.is_open:
        return Who.OWNER
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer" and token:
        return await _of_token(request, context, token)
    if access.of_session(request.cookies.get(SESSION_COOKIE)) is Who.OWNER:
        return Who.OWNER
    share = request.cookies.get(SHARE_COOKIE)
    return Who.NOBODY if access.share_expires_s(share) is None else Who.GUEST


async def _of_token(request: web.Request, context: Context, token: str) -> Who:
    if context.access.token_is_known(token):
        return Who.OWNER
    address = visitor_address(request)
    is_right = await context.guess(context.access.token_is_right, token, address)
    return Who.OWNER if is_right else Who.NOBODY
