"""Measure, judge and prove recurring evening slowdowns. Imports nothing by itself."""

__version__ = "0.2.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from monitor.notebook import Notebook


def open(url: str, *, timezone: str | None = None) -> "Notebook":
    """The database at a URL, for notebooks; see docs/notebook.md."""
    from monitor.notebook import Notebook

    return Notebook(url, timezone=timezone)
