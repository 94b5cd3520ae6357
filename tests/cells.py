"""Cells one by one, as tests write them down."""

from monitor.evening_reading import Cell, CellColumns, SiteCells, columns_of, slow_logs


def cell_of(
    place: tuple[int, int, int], metric: str, value: float | None, n: int, n_failed: int
) -> Cell:
    """A cell of a measured value."""
    return Cell(*place, *slow_logs(metric, [value], [n], [n_failed]), n, n_failed)


def site_cells(values: list[Cell], attempts: list[Cell]) -> SiteCells:
    """What was measured of one site."""
    return SiteCells(columns_of(values), columns_of(attempts))


def rows(cells: CellColumns) -> list[Cell]:
    """The cells of which something counts."""
    every = zip(cells.places.spans, *cells[1:], strict=True)
    return [Cell(*span, *more) for span, *more in every if more[1]]
