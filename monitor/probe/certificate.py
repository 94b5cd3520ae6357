"""The certificate of a handshake: its evidence, and whether it is to be trusted.

The handshake itself verifies nothing, so that the fingerprint and issuer of a false
certificate are kept; the judgement follows before anything is sent. The chain is
checked by OpenSSL against the system's store, the name by `service_identity`.
"""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Protocol, cast

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from OpenSSL import crypto
from service_identity import CertificateError, VerificationError
from service_identity.cryptography import (
    verify_certificate_hostname,
    verify_certificate_ip_address,
)

from monitor.addresses import is_address
from monitor.clock import Clock
from monitor.probe.failure import ProbeFailedError
from monitor.probe.wire_text import printable

# Errors of OpenSSL's X509_verify_cert that say "not signed by anybody we know":
# no issuer found, self-signed leaf or root, leaf signature not verifiable.
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})
_ACCEPTED_S = 3600.0
_MOST_ACCEPTED = 256
_LONGEST_CHAIN = 10
_LONGEST_ISSUER = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """The certificates of one handshake, leaf first, and the leaf's identity."""

    chain: tuple[x509.Certificate, ...]
    sha256: str
    issuer: str


class TrustStore:
    """The system's authorities, read once (about 30 ms) and shared by all probes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accepted: dict[tuple[str, tuple[x509.Certificate, ...]], float] = {}
        self._store = crypto.X509Store()
        paths = ssl.get_default_verify_paths()
        if paths.cafile or paths.capath:
            self._store.load_locations(paths.cafile, paths.capath)

    def verify(self, presented: Presented, host: str) -> None:
        """Judge a certificate for a host name or literal address.

        The same chain for the same host, once accepted, is not judged again for an
        hour: the CPU that this takes would stand between handshake and request.

        Raises
        ------
        ProbeFailedError
            `ssl_unknown_authority`, `ssl_invalid_certificate` (expired, not yet valid,
            malformed) or `ssl_invalid_hostname`, in this order.
        """
        key = (host, presented.chain)
        now_s = self._clock.monotonic_s()
        if now_s < self._accepted.get(key, 0.0):
            return
        self.verify_chain(presented)
        _verify_name(presented.chain[0], host)
        if len(self._accepted) >= _MOST_ACCEPTED:
            self._accepted.clear()
        self._accepted[key] = now_s + _ACCEPTED_S

    def verify_chain(self, presented: Presented) -> None:
        """Judge a certificate for any name; raises as `verify` does."""
        leaf, *others = (crypto.X509.from_cryptography(c) for c in presented.chain)
        context = crypto.X509StoreContext(self._store, leaf, others)
        try:
            context.verify_certificate()
        except crypto.X509StoreContextError as error:
            raise ProbeFailedError(_chain_failure(error.errors[0])) from error


def client_context() -> ssl.SSLContext:
    """A TLS client that tells HTTP/1.1 and verifies nothing (see `TrustStore`)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


class _RawCertificate(Protocol):
    def public_bytes(self, encoding: int) -> bytes: ...


class _RawTls(Protocol):
    def get_unverified_chain(self) -> list[_RawCertificate] | None: ...


_DER = 2  # _ssl.ENCODING_DER


def presented_by(tls: ssl.SSLObject) -> Presented:
    """The certificates that the other side showed in a finished handshake.

    Raises
    ------
    ProbeFailedError
        `ssl_invalid_certificate` if they cannot be decoded.
    """
    return presented_chain(_chain_ders(tls))


def presented_chain(ders: Sequence[bytes]) -> Presented:
    """The certificates of a chain in DER, leaf first; raises as `presented_by`."""
    try:
        return _decoded(tuple(ders[:_LONGEST_CHAIN]))
    except (ValueError, IndexError) as error:
        raise ProbeFailedError("ssl_invalid_certificate") from error


@lru_cache(maxsize=64)
def _decoded(ders: tuple[bytes, ...]) -> Presented:
    chain = tuple(x509.load_der_x509_certificate(der) for der in ders)
    leaf = chain[0]
    return Presented(
        chain=chain,
        sha256=leaf.fingerprint(SHA256()).hex(),
        issuer=printable(leaf.issuer.rfc4514_string(), _LONGEST_ISSUER),
    )


def _chain_ders(tls: ssl.SSLObject) -> list[bytes]:
    """The DER chain; what is public in Python 3.13 is private before."""
    if hasattr(tls, "get_unverified_chain"):
        return list(tls.get_unverified_chain())
    raw = cast("_RawTls", tls._sslobj)  # type: ignore[attr-defined]
    return [c.public_bytes(_DER) for c in raw.get_unverified_chain() or ()]


def _chain_failure(code: int) -> str:
    if code in _UNKNOWN_AUTHORITY:
        return "ssl_unknown_authority"
    return "ssl_invalid_certificate"


def _verify_name(leaf: x509.Certificate, host: str) -> None:
    try:
        if is_address(host):
            verify_certificate_ip_address(leaf, str(ip_address(host)))
        else:
            verify_certificate_hostname(leaf, host)
    except (VerificationError, CertificateError) as error:
        raise ProbeFailedError("ssl_invalid_hostname") from error
