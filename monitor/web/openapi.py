"""The OpenAPI document, made from the table of endpoints and their models."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from monitor.web.answers.queries import Query, SamplesQuery, ShareRequest
from monitor.web.answers.schemas import Answer, Problem, Share
from monitor.web.endpoints import (
    ACTIONS,
    ENDPOINTS,
    PREFIX,
    STREAMS,
    Action,
    Endpoint,
)
from monitor.web.version import VERSION

_REF: Final = "#/components/schemas/{model}"
_PROBLEMS: Final = {
    400: "Parameters that are not allowed",
    401: "Not logged in",
    403: "Refused: a request from another page, or a read-only visitor",
    404: "Nothing of that name",
    429: "Too many attempts; Retry-After tells when to come back",
    503: "The database is out of reach",
}

Json = dict[str, Any]
"""A part of a JSON schema, as pydantic makes it."""


def openapi_document(base: str = "") -> Json:
    """The description of `/api/v1` under a path prefix, OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "monitor",
            "version": VERSION,
            "description": "Stored measurements of one home. Read only, but for"
            " pauses, notes and share links. Durations in seconds, rates in bit/s,"
            " instants in RFC 3339, dates local to the home's zone.",
        },
        "servers": [{"url": base + PREFIX}],
        "security": [{}, {"session": []}, {"token": []}],
        "paths": {
            **_questions(),
            **_streams(),
            **{action.path: {"post": _action(action)} for action in ACTIONS},
            "/shares": {"post": _share()},
        },
        "components": {"schemas": _schemas(), "securitySchemes": _SECURITY},
    }


_SECURITY: Final = {
    "session": {"type": "apiKey", "in": "cookie", "name": "monitor_session"},
    "token": {"type": "http", "scheme": "bearer"},
}


def _questions() -> Json:
    return {endpoint.path: {"get": _question(endpoint)} for endpoint in ENDPOINTS}


def _question(endpoint: Endpoint) -> Json:
    return {
        "operationId": endpoint.path.strip("/")
        .replace("/", "_")
        .replace("{id}", "one"),
        "summary": endpoint.summary,
        "description": endpoint.answer.__doc__,
        "parameters": _parameters(endpoint.query, endpoint.path),
        "responses": _responses("application/json", _ref(endpoint.answer)),
    }


def _streams() -> Json:
    return {
        path: {
            "get": {
                "operationId": path.strip("/").replace(".", "_"),
                "summary": "All samples of a query, streamed in the interchange format",
                "parameters": _parameters(SamplesQuery, path),
                "responses": _responses(content_type, {"type": "string"}),
            }
        }
        for path, content_type in STREAMS.items()
    }


def _share() -> Json:
    summary = "Make a read-only link that expires; only with a password set"
    return _post("share", summary, ShareRequest, Share)


def _action(action: Action) -> Json:
    name = action.path.strip("/")
    return _post(f"do_{name}", action.summary, action.request, action.answer)


def _post(name: str, summary: str, request: type[Query], answer: type[Answer]) -> Json:
    return {
        "operationId": name,
        "summary": summary,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _ref(request)}},
        },
        "responses": {
            **_responses("application/json", _ref(answer)),
            "413": _problem("The body is too large"),
            "415": _problem("The body is not JSON"),
        },
    }


def _responses(content_type: str, schema: Json) -> Json:
    good = {"description": "The answer", "content": {content_type: {"schema": schema}}}
    problems = {str(status): _problem(text) for status, text in _PROBLEMS.items()}
    return {"200": good, **problems}


def _problem(text: str) -> Json:
    content = {"application/json": {"schema": _ref(Problem)}}
    return {"description": text, "content": content}


def _parameters(query: type[Query], path: str) -> list[Json]:
    schema = query.model_json_schema(mode="validation", ref_template=_REF)
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "path" if f"{{{name}}}" in path else "query",
            "required": name in required,
            "schema": _without_null(parameter),
        }
        for name, parameter in schema.get("properties", {}).items()
    ]


def _without_null(schema: Mapping[str, Any]) -> Json:
    """A parameter is absent rather than null."""
    shown = {k: v for k, v in schema.items() if k not in ("title", "default", "anyOf")}
    options = [o for o in schema.get("anyOf", []) if o.get("type") != "null"]
    return {**shown, **(options[0] if options else {})}


def _schemas() -> Json:
    answers = [e.answer for e in (*ENDPOINTS, *ACTIONS)]
    queries: list[type[Query]] = [endpoint.query for endpoint in ENDPOINTS]
    queries += [action.request for action in ACTIONS]
    _, given = models_json_schema(
        [(model, "serialization") for model in (*answers, Problem, Share)],
        ref_template=_REF,
    )
    _, taken = models_json_schema(
        [(q, "validation") for q in queries] + [(ShareRequest, "validation")],
        ref_template=_REF,
    )
    schemas: Json = {**taken["$defs"], **given["$defs"]}
    return schemas


def _ref(model: type) -> Json:
    return {"$ref": _REF.format(model=model.__name__)}
