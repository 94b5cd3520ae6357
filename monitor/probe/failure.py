"""What an exception is called: one table from conditions to OONI df-007 failure names.

Where it happened (`failed_operation`) is the step that the probe was in. The names are
those of OONI's data format df-007; anything else is `unknown_failure: ...`, without
addresses, as df-007 asks.
"""

import errno
import ssl

from h11 import RemoteProtocolError

from monitor.model import Operation
from monitor.probe.wire_text import printable
from monitor.reason import Reason

_ERRNO_NAMES = {
    errno.ECONNREFUSED: "connection_refused",
    errno.ECONNRESET: "connection_reset",
    errno.EPIPE: "connection_reset",
    errno.ECONNABORTED: "connection_aborted",
    errno.EHOSTUNREACH: "host_unreachable",
    errno.ENETUNREACH: "network_unreachable",
    errno.ENETDOWN: "network_down",
    errno.ENETRESET: "network_reset",
    errno.ETIMEDOUT: "generic_timeout_error",
    errno.EADDRNOTAVAIL: "address_not_available",
    errno.EAFNOSUPPORT: "address_family_not_supported",
    errno.EACCES: "permission_denied",
    errno.EPERM: "permission_denied",
    errno.ENOBUFS: "no_buffer_space",
    errno.EINVAL: "invalid_argument",
}


class ProbeFailedError(Exception):
    """A condition that has a failure name of its own.

    Parameters
    ----------
    name : failure name of df-007.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class NotTriedError(Exception):
    """There is nothing to measure: no outcome of the net's, and no sample."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def failure_name(error: Exception, operation: Operation) -> str:
    """The df-007 name of what stopped a probe in the step `operation`."""
    if isinstance(error, ProbeFailedError):
        return error.name
    if isinstance(error, TimeoutError):
        return "generic_timeout_error"
    if isinstance(error, EOFError):
        return "eof_error"
    if isinstance(error, RemoteProtocolError):
        return "unknown_failure: invalid_http_response"
    if isinstance(error, ssl.SSLError):
        return _tls_name(error, operation)
    if isinstance(error, OSError):
        return _errno_name(error)
    return f"unknown_failure: {type(error).__name__}"


def _tls_name(error: ssl.SSLError, operation: Operation) -> str:
    if operation is Operation.TLS_HANDSHAKE:
        return "ssl_failed_handshake"
    reason = getattr(error, "reason", None) or "ssl_error"  # not set on every one
    return f"unknown_failure: {printable(reason, 60).lower()}"


def _errno_name(error: OSError) -> str:
    number = error.errno or 0
    unknown = f"unknown_failure: {errno.errorcode.get(number, type(error).__name__)}"
    return _ERRNO_NAMES.get(number, unknown)
