"""Sends messages to one service of Apprise: the child of `monitor.notify`.

The service is a stranger. It may hang, drip, flood, or lead elsewhere: this process has
little time and memory, takes a little data only, follows no redirect, and reaches
nobody inside the house whom the owner has not named.
"""

import os
import re
import socket
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from urllib.parse import unquote

from monitor.addresses import is_address, is_public
from monitor.children import answer
from monitor.probe.hosts import is_beside_us
from monitor.untyped import Json, Theirs

MAX_ANSWER_BYTES: Final = 1_000_000
"""What a service may say in all."""

_NOT_OF_A_HOST: Final = re.compile(r"[^0-9A-Za-z.:_-]+")
_PORT: Final = re.compile(r":\d+$")


def main() -> None:
    """Answer a request of `{"url", "messages": [{"title", "body"}], "file"}`."""
    answer(_sent)


def _sent(request: Mapping[str, Json]) -> Iterator[str]:
    """For each message why it was not taken; empty when it was."""
    _take_little()
    _stay_outside(hosts_in(request["url"], *_proxies()))
    outcome = _watch_requests()
    from apprise import Apprise, AppriseAsset, NotifyFormat

    service = Apprise(asset=AppriseAsset(http_redirects=False, storage_mode="memory"))
    is_service = service.add(request["url"])
    for message in request["messages"]:
        outcome.clear()
        is_taken = is_service and service.notify(
            title=message["title"],
            body=message["body"],
            body_format=NotifyFormat.TEXT,
            attach=request.get("file"),
        )
        trouble = outcome[-1] if outcome else "not taken"
        yield "" if is_taken else trouble if is_service else "no service of Apprise"


def hosts_in(*texts: str) -> frozenset[str]:
    """Whatever may be a host in some addresses, as their owner wrote them."""
    words = (w for text in texts for w in _NOT_OF_A_HOST.split(unquote(text)))
    return frozenset(
        name.lower() for word in words for name in (word, _PORT.sub("", word)) if name
    )


def _proxies() -> list[str]:
    """The owner's proxies, which reach the services for them."""
    return [v for k, v in os.environ.items() if k.lower().endswith("_proxy")]


def _stay_outside(named: frozenset[str]) -> None:
    """Refuse connections into the house, but to the hosts that the owner named."""
    allowed = {name for name in named if is_address(_bare(name))}
    look_up = socket.getaddrinfo

    def noted(host: Theirs, *args: Theirs, **more: Theirs) -> Theirs:
        addresses = look_up(host, *args, **more)
        if isinstance(host, str) and host.lower().rstrip(".") in named:
            allowed.update(str(address[0]) for *_, address in addresses)
        return addresses

    def check(event: str, args: tuple[Json, ...]) -> None:
        if event not in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            return
        address = args[1]
        if isinstance(address, tuple) and not _may_be_reached(address[0], allowed):
            raise ConnectionRefusedError("leads into the house")

    socket.getaddrinfo = noted
    sys.addaudithook(check)


def _bare(host: str) -> str:
    """Without a zone (fe80::1%eth0)."""
    return host.split("%")[0]


def _may_be_reached(host: str, allowed: set[str]) -> bool:
    # A name here would be looked up after this check, and may lead anywhere.
    if host in allowed:
        return True
    bare = _bare(host)
    is_outside = is_address(bare) and is_public(bare)
    return is_outside and not is_beside_us(host)


def _take_little() -> None:
    """End a conversation in which the other side says too much."""
    n_left = MAX_ANSWER_BYTES

    def counted(take: Callable[..., Theirs]) -> Callable[..., Theirs]:
        def taken(*args: Theirs, **more: Theirs) -> Theirs:
            nonlocal n_left
            received = take(*args, **more)
            n_left -= received if isinstance(received, int) else len(received)
            if n_left < 0:
                raise ConnectionAbortedError("said too much")
            return received

        return taken

    socket.socket.recv = counted(socket.socket.recv)  # type: ignore[method-assign]
    socket.socket.recv_into = counted(socket.socket.recv_into)  # type: ignore[method-assign]
    ssl.SSLSocket.read = counted(ssl.SSLSocket.read)  # type: ignore[method-assign]


def _watch_requests() -> list[str]:
    """Follow no redirect; what became of the last request is added to the list."""
    import requests

    outcome: list[str] = []
    send = requests.Session.send

    def sent(session: Theirs, request: Theirs, **more: Theirs) -> Theirs:
        try:
            answer = send(session, request, **{**more, "allow_redirects": False})
        except BaseException as error:
            outcome.append(_told(error))
            raise
        outcome.append(f"HTTP status {answer.status_code}")
        return answer

    requests.Session.send = sent  # type: ignore[assignment, method-assign]
    return outcome


def _told(error: BaseException) -> str:
    """What went wrong, in words that hold nothing of the address."""
    cause: BaseException | None = error
    while cause is not None:
        text = str(cause)
        for words in ("leads into the house", "said too much"):
            if words in text:
                return words
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


if __name__ == "__main__":
    main()
