"""Parameters of a request as a checked model."""

from typing import TypeVar

from aiohttp import web
from pydantic import ValidationError

from monitor.errors import MonitorError
from monitor.web.answers.queries import Query

Q = TypeVar("Q", bound=Query)


class NotAllowed(MonitorError):  # noqa: N818 - an answer, not a failure
    """Parameters that are not allowed; `details` has one line each."""

    def __init__(self, details: list[str]) -> None:
        self.details = details
        super().__init__("parameters are not allowed")


def parameters(request: web.Request, model: type[Q]) -> Q:
    """Query and path of a request; raises NotAllowed."""
    names = [name for name, _ in request.query.items()]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise NotAllowed([f"{name[:80]}: given more than once" for name in twice])
    return checked(model, {**request.query, **request.match_info})


def checked(model: type[Q], values: object) -> Q:
    """The model of what was sent; raises NotAllowed."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise NotAllowed(_details(error)) from None


def _details(error: ValidationError) -> list[str]:
    return [
        f"{'.'.join(map(str, e['loc']))[:80] or 'query'}:"
        f" {e['msg'].removeprefix('Value error, ')}"
        for e in error.errors(include_url=False, include_input=False)
    ]
