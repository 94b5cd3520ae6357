"""The transfers of one block as curves: bytes over time, a picture for each server."""

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from monitor.report.charts import (
    CONTROL_COLOUR,
    SLOW_COLOUR,
    STYLE,
    WIDTH_IN,
    finished_svg,
)
from monitor.report.content import BlockCurves
from monitor.wording import Language

_KILO = 1000


def block_svg(blocks: Sequence[BlockCurves], language: Language) -> str:
    """The curves of a block, those of each server beside those of the other."""
    t = language.gettext
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 2.05), dpi=144, layout="constrained")
        FigureCanvasSVG(figure)
        figure.patch.set_alpha(0)
        places = figure.subplots(1, len(blocks), squeeze=False, sharey=True)
        for axes, block in zip(places[0], blocks, strict=True):
            _draw(axes, block)
            away, own = t("at another server"), t("at the site's own address")
            axes.set_title(away if block.is_away else own, fontsize=8)
            axes.set_xlabel(t("seconds"))
        places[0][0].set_ylabel(t("kB"))
        return finished_svg(figure)


def _draw(axes: Axes, block: BlockCurves) -> None:
    axes.patch.set_alpha(0)
    for leg in block.legs:
        seconds = [0.0, *(second for second, _ in leg.points)]
        arrived = [0.0, *(n / _KILO for _, n in leg.points)]
        colour = SLOW_COLOUR if leg.is_under_name else CONTROL_COLOUR
        style = "-" if leg.is_under_name else "--"
        axes.plot(seconds, arrived, color=colour, ls=style, lw=1.4)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
