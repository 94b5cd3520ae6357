"""Puts the certificates of a time-stamp reply into the order that DER asks for; pure.

Authorities built on OpenSSL send them in their own order, and a strict reader refuses
the whole reply. The order is not covered by the signature, and putting a set in order
changes no length: the bytes are only moved.
"""

from typing import Final, NamedTuple

_PATH: Final = (0x30, 0x30, 0xA0, 0x30, 0xA0)
"""Reply, token, its content, signed data, certificates (RFC 3161, RFC 5652)."""


class _Element(NamedTuple):
    tag: int
    start: int
    content: int
    end: int


def with_sorted_certificates(reply: bytes) -> bytes:
    """The reply with its set of certificates in order; as it was when it has none.

    Raises
    ------
    ValueError : the reply is torn.
    """
    outer = _element(reply, 0)
    for tag in _PATH[1:]:
        # Of several sequences the last one is meant: the first tells the status.
        sets = [e for e in _children(reply, outer) if e.tag == tag]
        if not sets:
            return reply
        outer = sets[-1] if tag == _PATH[1] else sets[0]
    parts = sorted(reply[e.start : e.end] for e in _children(reply, outer))
    return reply[: outer.content] + b"".join(parts) + reply[outer.end :]


def _children(data: bytes, outer: _Element) -> list[_Element]:
    elements, position = [], outer.content
    while position < outer.end:
        elements.append(_element(data, position))
        position = elements[-1].end
    return elements


def _element(data: bytes, start: int) -> _Element:
    if start + 2 > len(data):
        raise ValueError("torn")
    tag, length, content = data[start], data[start + 1], start + 2
    if length >= 0x80:
        n_bytes = length & 0x7F
        length = int.from_bytes(data[content : content + n_bytes], "big")
        content += n_bytes
    if content + length > len(data):
        raise ValueError("torn")
    return _Element(tag, start, content, content + length)
