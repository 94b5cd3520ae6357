"""Hosts of the shipped services, and what domain a host name belongs to.

What a site's page refers to is fetched only from its own domain and from where its
service keeps its files. Nothing is asked of the net for that: the list of public
suffixes comes with a library.
"""

from functools import cache
from typing import Final
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList

_CONTENT: Final = {
    "facebook.com": "fbcdn.net",
    "instagram.com": "cdninstagram.com fbcdn.net",
    "messenger.com": "fbcdn.net",
    "threads.com": "cdninstagram.com fbcdn.net",
    "whatsapp.com": "whatsapp.net fbcdn.net",
    "youtube.com": "ytimg.com googlevideo.com ggpht.com",
    "telegram.org": "cdn-telegram.org telesco.pe",
    "t.me": "telegram.org cdn-telegram.org telesco.pe",
    "twitter.com": "twimg.com x.com",
    "x.com": "twimg.com twitter.com",
    "vk.com": "userapi.com vkuser.net",
    "ok.ru": "mycdn.me okcdn.ru",
    "wikipedia.org": "wikimedia.org",
    "cdnjs.com": "cdnjs.cloudflare.com",
}
"""Domain of a service -> where it keeps its files, for what the shipped file measures
and its nearest relatives."""


def content_hosts(url: str) -> tuple[str, ...]:
    """Where the service of a URL keeps its files; nothing for an unknown service."""
    return tuple(_CONTENT.get(registrable_domain(url) or "", "").split())


def registrable_domain(url: str) -> str | None:
    """The domain of a URL's host that somebody registered; None for an address.

    `www.bbc.co.uk` belongs to `bbc.co.uk`, `me.github.io` to itself. A name without
    one (`localhost`, `nas`, `github.io`) is None, too.
    """
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return None
    is_literal = ":" in host or host.rpartition(".")[2].isdigit()
    return None if is_literal else _suffixes().privatesuffix(_ascii(host))


def owner_of(url: str) -> str:
    """Whose server a URL is at: its registrable domain, else its host and port."""
    return registrable_domain(url) or urlsplit(url).netloc


def is_public_suffix(domain: str) -> bool:
    """Whether sites of many owners live below a domain: `co.uk`, `github.io`."""
    return bool(_suffixes().is_public(_ascii(domain)))


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        return host


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
