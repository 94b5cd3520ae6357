"""`/metrics` for Prometheus: asked at each scrape; nothing is counted in memory."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from monitor.web.context import CONTEXT, Context

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


def routes() -> list[web.RouteDef]:
    """The one route."""
    return [web.get("/metrics", metrics)]


async def metrics(request: web.Request) -> web.Response:
    """Everything that Prometheus is to know."""
    # Most homes have no Prometheus that asks.
    from prometheus_client.exposition import choose_encoder

    context = request.app[CONTEXT]
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    make = partial(_body, context, encode)
    answer = await context.ask(
        partial(context.answers.get, f"metrics {content_type}", make)
    )
    return web.Response(body=answer.plain, headers={"Content-Type": content_type})


def _body(context: Context, encode: "Callable[[CollectorRegistry], bytes]") -> bytes:
    from prometheus_client import CollectorRegistry

    from monitor.web.answers.metric_families import StoredFacts

    registry = CollectorRegistry(auto_describe=False)
    registry.register(StoredFacts(context.facts))
    body: bytes = encode(registry)
    return body
