"""The one site of these tests."""

from collections.abc import Callable

from monitor.model import Target
from monitor.probe import Prober

SITE = "site.test"
HASTE_S = 2.0
"""Far more than a stage on loopback takes, on a busy machine too."""
MakeProber = Callable[..., Prober]


def at(port: int, scheme: str = "https", path: str = "/", **more: object) -> Target:
    """The target `site.test` on a port."""
    url = f"{scheme}://{SITE}:{port}{path}"
    return Target(name="site", url=url, **more)  # type: ignore[arg-type]
