"""Small things that browsers fetch: manifest, badge of a service, QR code."""

import io
import json
from functools import partial
from html import escape
from typing import Final

from aiohttp import web

from monitor.machine import own_address
from monitor.service_verdicts import services_of
from monitor.text import printable
from monitor.verdict_table import Tone, row_of
from monitor.web.answers.facts import Facts, NotHere
from monitor.web.context import CONTEXT
from monitor.web.lock.guard import base_of, is_https, is_own_machine
from monitor.wording import SOURCE_LANGUAGE, cards, language

_COLOURS: Final = {
    Tone.ALARM: "#a02c00",
    Tone.WARN: "#6c4a00",
    Tone.OTHER: "#33508f",
    Tone.FINE: "#0a604b",
    Tone.OPEN: "#4d5965",
}
_LETTER_PX: Final = 7
_LONGEST_NAME: Final = 60


def routes() -> list[web.RouteDef]:
    """All of them."""
    return [
        web.get("/manifest.webmanifest", manifest),
        web.get("/badge.svg", badge),
        web.get("/qr.svg", qr_code),
    ]


async def manifest(request: web.Request) -> web.Response:
    """What a phone needs to install the page; tells nothing that was measured."""
    base = base_of(request)
    icon = {"src": f"{base}/static/icon.svg", "sizes": "any", "type": "image/svg+xml"}
    document = {
        "name": "Is it them, or my line?",
        "short_name": "monitor",
        "start_url": f"{base}/",
        "scope": f"{base}/",
        "display": "standalone",
        "background_color": "#f7f6f2",
        "theme_color": "#0d5c92",
        "icons": [icon, {**icon, "purpose": "maskable"}],
    }
    return web.Response(
        text=json.dumps(document), content_type="application/manifest+json"
    )


async def badge(request: web.Request) -> web.Response:
    """A service's last verdict as a small picture: `/badge.svg?service=NAME`."""
    context = request.app[CONTEXT]
    service = request.query.get("service", "")
    text = await context.ask(partial(_badge, context.facts, service))
    return _svg(text)


def _badge(facts: Facts, service: str) -> str:
    vantage = facts.vantage(None)
    for stored in facts.analyses(1):
        for judged in services_of(stored.read().verdicts):
            if (judged.service, judged.vantage) == (service, vantage):
                words = cards.heading(judged.leading, language(SOURCE_LANGUAGE))
                tone = row_of(judged.verdict).tone
                return badge_svg(service, f"{tone.sign} {words}", tone)
    if service not in {info.service or info.target for info in facts.series()}:
        raise NotHere(f"service {service[:_LONGEST_NAME]!r} is unknown")
    return badge_svg(service, "? Not judged yet", Tone.OPEN)


def badge_svg(name: str, words: str, tone: Tone) -> str:
    """Name and words side by side; as wide as they are long."""
    name = printable(name)[:_LONGEST_NAME]
    left, right = (10 + _LETTER_PX * len(text) for text in (name, words))
    title, name, words = (escape(t) for t in (f"{name}: {words}", name, words))
    font = 'font-family="DejaVu Sans,Verdana,sans-serif" font-size="11"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20"'
        f' role="img" aria-label="{title}"><title>{title}</title>'
        f'<rect width="{left}" height="20" fill="#303b46"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{_COLOURS[tone]}"/>'
        f'<g fill="#fff" text-anchor="middle" {font}>'
        f'<text x="{left / 2}" y="14">{name}</text>'
        f'<text x="{left + right / 2}" y="14">{words}</text></g></svg>'
    )


async def qr_code(request: web.Request) -> web.Response:
    """The address of the page for the camera of a phone."""
    address = phone_address(request)
    if address is None:
        raise NotHere("the page can be opened on this machine only; see `web.host`")
    return _svg(qr_svg(address))


def qr_svg(text: str) -> str:
    """A text as a QR code, dark on light with its quiet zone."""
    # Loaded when somebody asks: few do.
    import segno

    file = io.BytesIO()
    segno.make(text, micro=False).save(
        file, kind="svg", scale=6, border=4, light="#ffffff", xmldecl=False
    )
    return file.getvalue().decode()


def phone_address(request: web.Request) -> str | None:
    """Where another device of the house opens the page; None: it cannot.

    The address that the visitor came by, unless that is this machine's own name for
    itself.
    """
    config = request.app[CONTEXT].config.web
    scheme, host = "https" if is_https(request) else "http", request.host
    if is_own_machine(host):
        if config.is_loopback:
            return None
        host = f"{own_address()}:{config.port}"
    return f"{scheme}://{host}{config.base_path}/"


def _svg(text: str) -> web.Response:
    return web.Response(text=text, content_type="image/svg+xml")
