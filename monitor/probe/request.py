"""What an ordinary browser sends: a probe must not be told apart from a visitor."""

from monitor.probe.settings import ProbeSettings

_BEYOND_BYTES = 65_536
"""A transfer is cut in full flow, not at the end of what was asked for: there the loss
of a last segment would cost a time-out."""

BROWSER_CODINGS = "gzip, deflate, br, zstd"


def page_headers(settings: ProbeSettings, codings: str) -> dict[str, str]:
    """Headers of a request for a page."""
    return {
        "User-Agent": settings.user_agent,
        "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "Accept-Language": "en-US,en;q=0.9",
        "Accept-Encoding": codings,
    }


def object_headers(settings: ProbeSettings) -> dict[str, str]:
    """Headers of a request for a file, uncompressed: its size is then its own.

    Of a file, as a player does, no more is asked for than the transfer takes: after a
    cut, what is on its way would arrive all the same, as much again on a quick line.
    """
    n_bytes = settings.download_max_bytes + _BEYOND_BYTES
    return {
        "User-Agent": settings.user_agent,
        "Accept": "*/*",
        "Accept-Language": "en-US,en;q=0.9",
        "Accept-Encoding": "identity",
        "Range": f"bytes=0-{n_bytes - 1}",
    }
