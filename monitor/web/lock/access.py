"""Who may see the dashboard: a password, a token, a session, a share link.

Without a secret in the configuration everybody on this machine may (the configuration
then allows loopback only). Nothing here knows HTTP. Secrets are kept as hashes: of
passwords and tokens by Argon2, of sessions by SHA-256, since those are random.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from hashlib import sha256
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from itsdangerous import BadData, URLSafeSerializer

from monitor.clock import Clock
from monitor.config import Web
from monitor.errors import MonitorError
from monitor.web.lock.attempts import Attempts

SESSION: Final = timedelta(days=7)
MAX_SESSIONS: Final = 1000
MAX_SECRET: Final = 1024
"""Longest secret that is looked at: hashing a longer one would be work for nothing."""

_HASHER: Final = PasswordHasher()


class Who(Enum):
    """What a visitor may do."""

    OWNER = auto()
    """See everything, make share links."""
    GUEST = auto()
    """See everything."""
    NOBODY = auto()


class Refused(MonitorError):  # noqa: N818 - an answer, not a failure
    """The secret is wrong."""


def new_hash(secret: str) -> str:
    """The Argon2 hash of a password or token, as the configuration takes it."""
    return _HASHER.hash(secret)


def is_right(secret: str, hashed: str) -> bool:
    """Whether a secret is the one behind the hash; takes some 50 ms on purpose."""
    try:
        return _HASHER.verify(hashed, secret[: MAX_SECRET + 1])
    except (VerificationError, InvalidHashError):
        return False


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


@dataclass(slots=True)
class Access:
    """Knows who is who. `log_in` and `token_is_right` belong into a thread."""

    web: Web
    clock: Clock
    attempts: Attempts
    _sessions: dict[bytes, datetime] = field(default_factory=dict)
    _token_digest: bytes | None = None

    @property
    def is_open(self) -> bool:
        """Whether everybody who reaches the address may look."""
        return self.web.password_hash is None and self.web.token_hash is None

    def log_in(self, password: str, address: str) -> str:
        """A new session; raises Refused, or TooMany without looking at the password."""
        self.attempts.check(address)
        hashed = self.web.password_hash
        if hashed is None or not is_right(password, hashed):
            self.attempts.note_failure(address)
            raise Refused("the password is wrong")
        self.attempts.forget(address)
        return self._new_session()

    def token_is_right(self, token: str, address: str) -> bool:
        """Whether a program's token is the configured one; raises TooMany."""
        digest = _digest(token)
        if self.token_is_known(token):
            return True
        self.attempts.check(address)
        hashed = self.web.token_hash
        if hashed is None or not is_right(token, hashed):
            self.attempts.note_failure(address)
            return False
        self._token_digest = digest
        return True

    def token_is_known(self, token: str) -> bool:
        """Whether the token was found right before: quick."""
        digest = self._token_digest
        return digest is not None and hmac.compare_digest(digest, _digest(token))

    def of_session(self, session: str | None) -> Who:
        """The owner, when the session is alive."""
        if session is None:
            return Who.NOBODY
        expires = self._sessions.get(_digest(session))
        if expires is None or expires <= self.clock.now_utc():
            return Who.NOBODY
        return Who.OWNER

    def log_out(self, session: str | None) -> None:
        """End a session."""
        if session is not None:
            self._sessions.pop(_digest(session), None)

    def new_share(self, lasting: timedelta) -> tuple[str, datetime]:
        """A text that lets a guest in until a time, and that time."""
        expires = self.clock.now_utc().replace(microsecond=0) + lasting
        return self._signer().dumps(int(expires.timestamp())), expires

    def share_expires_s(self, share: str | None) -> int | None:
        """Unix time [s] until which a share works; None when it does not."""
        if share is None or self.is_open:
            return None
        try:
            expires_s = int(self._signer().loads(share[:MAX_SECRET]))
        except (BadData, ValueError, TypeError):
            return None
        return expires_s if expires_s > self.clock.now_utc().timestamp() else None

    def _new_session(self) -> str:
        now = self.clock.now_utc()
        alive = {k: v for k, v in self._sessions.items() if v > now}
        while len(alive) >= MAX_SESSIONS:
            del alive[min(alive, key=lambda key: alive[key])]
        session = secrets.token_urlsafe(32)
        self._sessions = {**alive, _digest(session): now + SESSION}
        return session

    def _signer(self) -> URLSafeSerializer:
        # A new password makes every older link worthless.
        key = f"{self.web.password_hash}/{self.web.token_hash}"
        return URLSafeSerializer(key, salt="monitor-share")
