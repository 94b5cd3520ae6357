"""Time-stamps of another party on a digest (RFC 3161): asked for, kept, checked.

Only the digest leaves the house; the authority learns that somebody has one, and the
address that asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha512
from pathlib import Path
from typing import Final

from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from monitor import children
from monitor.errors import InputError, ServiceError
from monitor.evidence.der import with_sorted_certificates
from monitor.masking import masked

_LIMITS: Final = children.Limits(time_s=60, memory_bytes=256 << 20)
_GRANTED: Final = (0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A time-stamp on a digest."""

    token: bytes
    """The authority's whole reply, DER."""
    stamped_at_utc: datetime
    is_signature_checked: bool


def roots(path: Path) -> list[Certificate]:
    """The certificates of a PEM file.

    Raises
    ------
    InputError : the file cannot be read or has none.
    """
    try:
        return load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: no certificates in PEM form found ({error})"
        ) from None


def stamp(authority: str, digest: str, *, trusted: Sequence[Certificate] = ()) -> Stamp:
    """A new time-stamp on a digest, checked.

    Parameters
    ----------
    authority : URL that takes requests over HTTP (RFC 3161, section 3.4).
    digest : hexadecimal text; its ASCII bytes are what is stamped.
    trusted : root certificates; without, the signature is not checked.

    Raises
    ------
    InputError : the authority is no HTTP URL.
    ServiceError : no usable reply.
    """
    if not authority.startswith(("https://", "http://")):
        raise InputError(
            f"authority: found {masked(authority)!r}; allowed: https://... or http://..."
        )
    request = TimestampRequestBuilder().data(digest.encode("ascii")).build()
    try:
        token = _asked(authority, request.as_bytes())
        return _checked(token, digest, trusted, request)
    except ValueError as error:
        raise ServiceError(f"authority {masked(authority)}: {error}") from None


def check(token: bytes, digest: str, *, trusted: Sequence[Certificate] = ()) -> Stamp:
    """A kept time-stamp, checked against the digest.

    Raises
    ------
    ValueError : it is none, or none of this digest, or not of a trusted authority.
    """
    return _checked(token, digest, trusted, None)


def _asked(authority: str, query: bytes) -> bytes:
    """The authority's reply; ValueError says why there is none."""
    request = {"authority": authority, "query": query.hex()}
    ended = children.run("monitor.evidence.authority_request", request, _LIMITS)
    told = ended.answers[0] if ended.answers else {"trouble": ended.trouble}
    if "reply" not in told:
        raise ValueError(told["trouble"])
    return bytes.fromhex(told["reply"])


def _checked(
    token: bytes,
    digest: str,
    trusted: Sequence[Certificate],
    request: TimeStampRequest | None,
) -> Stamp:
    response = _decoded(token)
    if response.status not in _GRANTED:
        raise ValueError(f"the time-stamp was refused: {response.status_string}")
    info = response.tst_info
    if trusted:
        _check_signature(response, digest, trusted, request)
    elif request is not None and info.nonce != request.nonce:
        raise ValueError("the reply is not to this request")
    elif sha512(digest.encode("ascii")).digest() != info.message_imprint.message:
        raise ValueError("the time-stamp is on something else")
    return Stamp(
        token=token,
        stamped_at_utc=info.gen_time.astimezone(UTC),
        is_signature_checked=bool(trusted),
    )


def _decoded(token: bytes) -> TimeStampResponse:
    try:
        return decode_timestamp_response(with_sorted_certificates(token))
    except ValueError as error:
        raise ValueError(f"no time-stamp reply ({error})") from None


def _check_signature(
    response: TimeStampResponse,
    digest: str,
    trusted: Sequence[Certificate],
    request: TimeStampRequest | None,
) -> None:
    builder = VerifierBuilder()
    if request is not None:
        builder = VerifierBuilder.from_request(request)
    for certificate in trusted:
        builder = builder.add_root_certificate(certificate)
    try:
        builder.build().verify_message(response, digest.encode("ascii"))
    except (VerificationError, ValueError) as error:
        raise ValueError(f"the time-stamp does not hold ({error})") from None
