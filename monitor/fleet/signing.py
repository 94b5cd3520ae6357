"""Names, keys and signatures of the homes of a lake.

Name and key of a home come from the secret of its chain and the lake's id: they are the
same ever after, need no file of their own, and tell two lakes nothing of one home.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from monitor.evidence.canonical_rows import canonical
from monitor.untyped import Json

SIGNATURE: Final = "signature"
_NAME_DIGITS: Final = 20


@dataclass(frozen=True, slots=True)
class FleetSecret:
    """What a home is in one lake."""

    vantage: str
    """Its pseudonym there."""
    household: str
    """The same for all measuring points of one database: they are one voice."""
    key: Ed25519PrivateKey
    host_key: bytes
    """For stand-ins of servers' addresses."""

    @classmethod
    def of(cls, secret: bytes, lake_id: str, vantage: str) -> Self:
        """The home's own, of the secret of its chain."""

        def part(*words: str) -> bytes:
            return hmac.digest(secret, canonical(["monitor fleet 1", *words]), sha256)

        return cls(
            vantage=f"v{part('name', lake_id, vantage).hex()[:_NAME_DIGITS]}",
            household=f"g{part('household', lake_id).hex()[:_NAME_DIGITS]}",
            key=Ed25519PrivateKey.from_private_bytes(part("key", lake_id, vantage)),
            host_key=part("hosts", lake_id),
        )

    @property
    def public_key(self) -> str:
        """What the registry admits [hex]."""
        return self.key.public_key().public_bytes_raw().hex()

    def signed(self, document: Mapping[str, Json]) -> dict[str, Json]:
        """The document with its signature."""
        signature = self.key.sign(_spelled(document))
        return {**document, SIGNATURE: signature.hex()}


def is_signed(document: Mapping[str, Json], public_key: str) -> bool:
    """Whether a document was signed with a key [hex], and not changed since."""
    rest = {k: v for k, v in document.items() if k != SIGNATURE}
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(str(document.get(SIGNATURE, ""))), _spelled(rest))
    except (InvalidSignature, ValueError):
        return False
    return True


def _spelled(document: Mapping[str, Json]) -> bytes:
    """The one spelling of a document, whatever the order it was written in."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
