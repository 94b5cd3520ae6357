"""Telegram's first messages: the question for a key, and its answer; pure.

What every app of Telegram sends before anybody is logged in: `req_pq_multi` as an
unencrypted message of MTProto 2.0, answered by `resPQ` with the same nonce, over the
obfuscated abridged transport that the apps speak (core.telegram.org/mtproto, "Transport
obfuscation"). No account, no key, nothing kept.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from monitor.probe.failure import ProbeFailedError

REPLY_MAX_BYTES: Final = 1024
"""A resPQ has about 100; what is announced longer is none."""
_NONCE_BYTES: Final = 16
_REQ_PQ_MULTI: Final = 0xBE7E8EF1
_RES_PQ: Final = 0x05162463
_VECTOR: Final = 0x1CB5C415
_ABRIDGED: Final = b"\xef" * 4
_LONG: Final = 0x7F
_OTHER_BEGINNINGS: Final = frozenset(
    {b"HEAD", b"POST", b"GET ", b"OPTI", b"\xee" * 4, b"\xdd" * 4, b"\x16\x03\x01\x02"}
)
"""What a server would take for something else than the obfuscated transport."""


class Obfuscated:
    """Both directions of one connection under the obfuscated abridged transport."""

    def __init__(self) -> None:
        begin = bytearray(_unlike_others())
        begin[56:60] = _ABRIDGED
        key = bytes(begin[8:56])
        self._seal = _counter_mode(key)
        self._open = _counter_mode(key[::-1])
        sealed = self._seal.update(bytes(begin))
        self.opening = bytes(begin[:56]) + sealed[56:]
        """The first 64 bytes that the client sends."""
        self._opened = bytearray()

    def sealed(self, message: bytes) -> bytes:
        """The packet that carries a message (of a multiple of 4 bytes, below 508)."""
        return self._seal.update(bytes([len(message) // 4]) + message)

    def opened(self, received: bytes) -> Iterator[bytes]:
        """The messages that are whole with these bytes.

        Raises
        ------
        ProbeFailedError
            If a message is announced longer than `REPLY_MAX_BYTES`.
        """
        self._opened += self._open.update(received)
        while (n_bytes := self._announced_bytes()) is not None:
            if len(self._opened) <= n_bytes:
                return
            yield bytes(self._opened[1 : 1 + n_bytes])
            del self._opened[: 1 + n_bytes]

    def _announced_bytes(self) -> int | None:
        if not self._opened:
            return None
        n_bytes = 4 * self._opened[0]
        if n_bytes >= 4 * _LONG or n_bytes > REPLY_MAX_BYTES:
            raise _invalid()
        return n_bytes


@dataclass(frozen=True, slots=True)
class Question:
    """One `req_pq_multi` with a nonce of its own."""

    nonce: bytes = field(default_factory=lambda: os.urandom(_NONCE_BYTES))

    def message(self, unix_s: float) -> bytes:
        """The unencrypted message; its id is the time in 2^-32 s, divisible by four."""
        message_id = int(unix_s * 2**32) & ~3
        body = struct.pack("<I", _REQ_PQ_MULTI) + self.nonce
        return struct.pack("<qqI", 0, message_id, len(body)) + body

    def check(self, reply: bytes) -> None:
        """Refuse what is no answer to this very question.

        Raises
        ------
        ProbeFailedError
            `unknown_failure: mtproto_error_404` for an error of the transport, else
            `unknown_failure: invalid_mtproto_response`.
        """
        if len(reply) == 4:
            (code,) = struct.unpack("<i", reply)
            raise ProbeFailedError(f"unknown_failure: mtproto_error_{abs(code)}")
        if not self._is_answer(reply):
            raise _invalid()

    def _is_answer(self, reply: bytes) -> bool:
        body = reply[20:]
        if len(body) < 40 or reply[:8] != bytes(8):
            return False
        (n_bytes,) = struct.unpack_from("<I", reply, 16)
        (kind,) = struct.unpack_from("<I", body)
        # After both nonces: pq, a short text padded to a multiple of 4, and the list of
        # the server's keys.
        after_pq = 36 + (1 + body[36] + 3) // 4 * 4
        vector = body[after_pq : after_pq + 4]
        return (
            n_bytes == len(body)
            and kind == _RES_PQ
            and body[4:20] == self.nonce
            and vector == struct.pack("<I", _VECTOR)
        )


def _unlike_others() -> bytes:
    while True:
        begin = os.urandom(64)
        is_other = begin[0] == _ABRIDGED[0] or begin[:4] in _OTHER_BEGINNINGS
        if not is_other and begin[4:8] != bytes(4):
            return begin


def _counter_mode(key_and_counter: bytes) -> CipherContext:
    key, counter = key_and_counter[:32], key_and_counter[32:]
    return Cipher(AES(key), CTR(counter)).encryptor()


def _invalid() -> ProbeFailedError:
    return ProbeFailedError("unknown_failure: invalid_mtproto_response")
