"""What an ordinary browser sends: a probe must not be told apart from a visitor."""

from monitor.probe.settings import ProbeSettings

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
    """Headers of a request for a file, uncompressed: its size is then its own."""
    return {
        "User-Agent": settings.user_agent,
        "Accept": "*/*",
        "Accept-Language": "en-US,en;q=0.9",
        "Accept-Encoding": "identity",
    }
