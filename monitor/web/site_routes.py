"""The routes of the sites: which are measured, switched, added, and the way back.

The file is rewritten line by line with its comments, checked before it stands, and the
one before is kept beside it. The daemon that started us is told to read it.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Final, Literal

from aiohttp import web
from pydantic import Field

from monitor.config import load
from monitor.config.site_lines import SiteLines, added, site_lines, switched
from monitor.errors import ConfigError, InputError
from monitor.private import replacing
from monitor.web.answers.queries import Name, NoQuery, Query
from monitor.web.api import body_of
from monitor.web.context import CONTEXT
from monitor.web.errand_routes import errands_of
from monitor.web.lock.guard import for_owner
from monitor.web.query import NotAllowed, checked

DAEMON: Final = "MONITOR_DAEMON_PID"
"""Set by the daemon for the dashboard that it starts."""
_BEFORE: Final = ".before"
_TOLD_AFTER_S: Final = 1.0
"""The answer is to leave before the daemon starts the dashboard anew."""


class SwitchRequest(Query):
    """Which site, and what it is to be."""

    name: Name
    is_on: bool


class SiteRequest(Query):
    """A site to measure from now on."""

    kind: Literal["targets", "controls"] = "targets"
    name: Name
    url: Annotated[str, Field(min_length=1, max_length=2000)]


def routes() -> list[web.RouteDef]:
    """All of them; for the owner alone."""
    return [
        web.get("/sites", for_owner(sites)),
        web.post("/sites/switch", switch),
        web.post("/sites/add", add),
        web.post("/sites/undo", undo),
    ]


async def sites(request: web.Request) -> web.Response:
    """The sites of the file as it is now."""
    path = errands_of(request).config_path
    return await _answered(request, partial(_told, path))


async def switch(request: web.Request) -> web.Response:
    """Measure a site, or no longer."""
    asked = checked(SwitchRequest, await body_of(request))
    change = partial(switched, name=asked.name, is_on=asked.is_on)
    return await _changed(request, change)


async def add(request: web.Request) -> web.Response:
    """Measure one site more."""
    asked = checked(SiteRequest, await body_of(request))
    change = partial(added, kind=asked.kind, name=asked.name, url=asked.url)
    return await _changed(request, change)


async def undo(request: web.Request) -> web.Response:
    """The file as it was before the last change here."""
    checked(NoQuery, await body_of(request))
    path = errands_of(request).config_path
    answer = await _answered(request, partial(_undone, path))
    _tell_daemon(answer)
    return answer


async def _changed(request: web.Request, change: Callable[[str], str]) -> web.Response:
    path = errands_of(request).config_path
    answer = await _answered(request, partial(_rewritten, path, change))
    _tell_daemon(answer)
    return answer


async def _answered(
    request: web.Request, ask: Callable[[], dict[str, object]]
) -> web.Response:
    """What the file says, one change at a time; a mistake is told as it is."""
    context = request.app[CONTEXT]
    try:
        async with context.file_lock:
            return web.json_response(await context.ask(ask))
    except ConfigError as error:
        raise NotAllowed(list(error.problems)) from None
    except InputError as error:
        raise NotAllowed([str(error)]) from None


def _told(path: Path) -> dict[str, object]:
    return {
        "sites": [_site(site) for site in site_lines(_text(path))],
        "can_undo": _kept(path).is_file(),
    }


def _site(site: SiteLines) -> dict[str, object]:
    return {"name": site.name, "kind": site.kind, "is_on": site.is_on}


def _rewritten(path: Path, change: Callable[[str], str]) -> dict[str, object]:
    before = _text(path)
    text = change(before)
    _write(_kept(path), before)
    _write(path, text)
    return _told(path)


def _undone(path: Path) -> dict[str, object]:
    kept = _kept(path)
    if not kept.is_file():
        raise InputError("sites: nothing was changed here that could be undone")
    load(kept)
    _write(path, _text(kept))
    kept.unlink()
    return _told(path)


def _text(path: Path) -> str:
    try:
        # As it is, line ends included.
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name}: cannot be read: {error}") from None


def _write(path: Path, text: str) -> None:
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(text.encode())
    except OSError as error:
        reason = error.strerror
        raise InputError(f"{path.name}: cannot be written: {reason}") from None


def _kept(path: Path) -> Path:
    return path.with_name(path.name + _BEFORE)


def _tell_daemon(answer: web.Response) -> None:
    """Let the daemon that started us read the file, once the answer has left."""
    parent = os.environ.get(DAEMON)
    if answer.status == 200 and parent == str(os.getppid()):
        loop = asyncio.get_running_loop()
        loop.call_later(_TOLD_AFTER_S, os.kill, os.getppid(), signal.SIGHUP)
