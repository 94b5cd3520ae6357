"""Tables of measured figures inside the pages of docs/."""

from pathlib import Path


def write_table(page: Path, name: str, table: list[str]) -> None:
    """Put a table between the marks ``<!-- NAME: begin -->`` and ``... end``."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    before, rest = page.read_text().split(begin)
    after = rest.split(end)[1]
    page.write_text(before + begin + "\n".join(table) + "\n" + end + after)
