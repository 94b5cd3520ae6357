"""The application: routes, guards, and what they share."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Final

from aiohttp import web

from monitor.clock import Clock
from monitor.config import Config
from monitor.store import Store
from monitor.web import api, drawings, errand_routes, metrics, pages, site_routes
from monitor.web.answer_cache import KeptAnswers
from monitor.web.answers.facts import Facts
from monitor.web.context import CONTEXT, Context
from monitor.web.errands import Errands
from monitor.web.lock import guard
from monitor.web.lock.access import Access
from monitor.web.lock.attempts import Attempts
from monitor.web.static_files import Files

MAX_BODY_BYTES: Final = 16_384


def make_app(
    store: Store, config: Config, clock: Clock, config_path: Path | None = None
) -> web.Application:
    """The application over a database that exists.

    Parameters
    ----------
    store : the open database; the application lets go of it at its end.
    config : whose `web`, `report.folder`, sites, zone and window are shown.
    config_path : the file of the configuration, for what pages set going.
    clock : tells how old samples are and when sessions end.
    """
    app = web.Application(
        middlewares=[
            guard.safe_headers,
            guard.few_at_once,
            guard.known_host,
            guard.same_origin,
            guard.known_visitor,
        ],
        client_max_size=MAX_BODY_BYTES,
    )
    app[CONTEXT] = Context(
        config=config,
        facts=Facts(config, store, clock),
        access=Access(config.web, clock, Attempts(clock)),
        files=Files(),
        answers=KeptAnswers(clock),
        errands=Errands(config_path, config.database) if config_path else None,
    )
    routes = [
        r
        for m in (pages, drawings, errand_routes, site_routes, api, metrics)
        for r in m.routes()
    ]
    base = config.web.base_path
    if base:
        # Some proxies pass the prefix on, some take it away.
        app.add_routes([web.get(base, pages.to_dashboard), *_below(base, routes)])
    app.add_routes(routes)
    app.cleanup_ctx.append(_closing)
    return app


def _below(base: str, routes: Iterable[web.RouteDef]) -> list[web.RouteDef]:
    return [web.RouteDef(r.method, base + r.path, r.handler, r.kwargs) for r in routes]


async def _closing(app: web.Application) -> AsyncIterator[None]:
    yield
    errands = app[CONTEXT].errands
    if errands is not None:
        await errands.close()
    app[CONTEXT].close()
