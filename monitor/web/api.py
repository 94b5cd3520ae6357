"""Handlers of `/api/v1`: parameters checked, asked in a thread, JSON out."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import cache, partial
from typing import Final

from aiohttp import web

from monitor.model import Sample
from monitor.web.answers import sample_pages
from monitor.web.answers.queries import Query, SamplesQuery, ShareRequest
from monitor.web.answers.schemas import Share
from monitor.web.context import CONTEXT, Context
from monitor.web.endpoints import (
    ACTIONS,
    ENDPOINTS,
    PREFIX,
    STREAMS,
    Action,
    Endpoint,
)
from monitor.web.lock.guard import Handler, problem
from monitor.web.openapi import openapi_document
from monitor.web.query import NotAllowed, checked, parameters

BODY_TIMEOUT_S: Final = 10
CHUNK_TIMEOUT_S: Final = 60
"""A reader who takes longer for one piece of a stream is let go."""


def routes() -> list[web.RouteDef]:
    """All routes of the API."""
    questions = [web.get(f"{PREFIX}{e.path}", _answering(e)) for e in ENDPOINTS]
    streams = [web.get(f"{PREFIX}{path}", _streaming(path)) for path in STREAMS]
    return [
        # Before /samples/{id}.
        *streams,
        *sorted(questions, key=lambda route: "{" in route.path),
        web.post(f"{PREFIX}/shares", new_share),
        *(web.post(f"{PREFIX}{a.path}", _acting(a)) for a in ACTIONS),
        web.get("/api/openapi.json", openapi),
    ]


def _answering(endpoint: Endpoint) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        context = request.app[CONTEXT]
        query = parameters(request, endpoint.query)
        is_packed = "gzip" in request.headers.get("Accept-Encoding", "")
        return await context.ask(
            partial(_answer, context, endpoint, query, is_packed=is_packed)
        )

    return handler


def _answer(
    context: Context, endpoint: Endpoint, query: Query, *, is_packed: bool
) -> web.Response:
    def make() -> bytes:
        body: str = endpoint.ask(context.facts, query).model_dump_json()
        return body.encode()

    question = f"{endpoint.path} {query.model_dump_json()}"
    packed = context.answers.get(question, make)
    headers = {"Vary": "Accept-Encoding"}
    if is_packed and packed.gzipped is not None:
        headers["Content-Encoding"] = "gzip"
        return _json(packed.gzipped, headers)
    return _json(packed.plain, headers)


def _json(body: bytes, headers: dict[str, str]) -> web.Response:
    return web.Response(body=body, content_type="application/json", headers=headers)


def _streaming(path: str) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        context = request.app[CONTEXT]
        query = parameters(request, SamplesQuery)
        if context.streams.locked():
            return problem(503, "too many downloads at once; try again later")
        async with context.streams:
            return await _stream(request, context, query, path)

    return handler


async def _stream(
    request: web.Request, context: Context, query: SamplesQuery, path: str
) -> web.StreamResponse:
    response = web.StreamResponse()
    response.content_type = STREAMS[path]
    response.charset = "utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{path[1:]}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    is_csv = path.endswith(".csv")
    pieces = sample_pages.batches(context.facts, query)
    # Asked before the first byte: a database that is away is still an honest 503.
    batch = await context.ask(partial(_next, pieces))
    await response.prepare(request)
    if is_csv:
        await response.write(sample_pages.csv_header().encode())
    as_text = sample_pages.as_csv if is_csv else sample_pages.as_ndjson
    while batch is not None:
        await _write(response, await context.ask(partial(as_text, batch)))
        batch = await context.ask(partial(_next, pieces))
    await response.write_eof()
    return response


def _next(pieces: Iterator[Sequence[Sample]]) -> Sequence[Sample] | None:
    return next(pieces, None)


async def _write(response: web.StreamResponse, text: str) -> None:
    async with asyncio.timeout(CHUNK_TIMEOUT_S):
        await response.write(text.encode("utf-8", "replace"))


def _acting(action: Action) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        context = request.app[CONTEXT]
        asked = checked(action.request, await body_of(request))
        answer = await context.ask(partial(action.act, context.facts, asked))
        # Whoever asks next sees what was done.
        context.answers.forget()
        return web.Response(
            text=answer.model_dump_json(), content_type="application/json"
        )

    return handler


async def new_share(request: web.Request) -> web.Response:
    """Make a read-only link."""
    context = request.app[CONTEXT]
    asked = checked(ShareRequest, await body_of(request))
    if context.access.is_open:
        return problem(403, "a link needs a password: see `monitor web password`")
    base = context.config.web.base_path
    token, expires = context.access.new_share(timedelta(hours=asked.hours))
    share = Share(path=f"{base}/share/{token}", expires_at_utc=expires)
    return web.Response(text=share.model_dump_json(), content_type="application/json")


async def body_of(request: web.Request) -> object:
    """The JSON of a request; raises NotAllowed, or 415 where it is something else."""
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(reason="the body must be application/json")
    async with asyncio.timeout(BODY_TIMEOUT_S):
        return _decoded(await request.read())


def _decoded(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise NotAllowed(["body: not JSON"]) from None


async def openapi(request: web.Request) -> web.Response:
    """The OpenAPI document."""
    base = request.app[CONTEXT].config.web.base_path
    return web.Response(text=_document(base), content_type="application/json")


@cache
def _document(base: str) -> str:
    return json.dumps(openapi_document(base))
