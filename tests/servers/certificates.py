"""Certificates made on the fly: honest, of a rogue authority, expired, for others."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

EXPIRED = datetime(2020, 1, 1, tzinfo=UTC)


def server_context(
    authority: trustme.CA, *names: str, is_expired: bool = False
) -> ssl.SSLContext:
    """A TLS server with a certificate for `names`."""
    not_after = EXPIRED if is_expired else None
    not_before = EXPIRED - timedelta(days=30) if is_expired else None
    certificate = authority.issue_cert(
        *names, not_before=not_before, not_after=not_after
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def trust_file(path: Path, *authorities: trustme.CA) -> Path:
    """A file of trusted authorities, for the environment's SSL_CERT_FILE."""
    path.write_bytes(b"".join(a.cert_pem.bytes() for a in authorities))
    return path
