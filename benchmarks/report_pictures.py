"""The pictures of the report in docs/images, made anew in Chromium.

`python -m benchmarks.report_pictures`, of the home of `monitor demo`. The page of the
PDF needs `pdftoppm` (Debian: poppler-utils) and is left as it is without it.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image

from monitor.analysis import analysis, analyze
from monitor.report import Beside, NightReport, night_report, render_html, render_pdf
from monitor.simulation import demo_home
from tests.report.conftest import CHAIN, NIGHT, SCOPE, SINCE
from tests.web.browser import chromium

FOLDER: Final = Path("docs/images")
SCREENS: Final = (
    ("report-en.png", "en", (760, 1140), "light"),
    ("report-ru-dark.png", "ru", (760, 1140), "dark"),
    ("report-kk-phone.png", "kk", (390, 1100), "light"),
)
_COLOURS: Final = 128


def main() -> None:
    """Write the pictures."""
    report = demo_report()
    with chromium() as browser:
        for name, code, (width, height), scheme in SCREENS:
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            page = context.new_page()
            page.set_content(render_html(report, code))
            page.screenshot(path=FOLDER / name)
            smaller(FOLDER / name)
    if shutil.which("pdftoppm"):
        draw_first_page(report)


def demo_report() -> NightReport:
    """The report of the demo's home, as in the tests."""
    terms = {"timezone": SCOPE.timezone, "since": SINCE, "until": NIGHT}
    home = demo_home()
    judged = analysis(analyze(home.samples, **terms), **terms)
    return night_report(home.samples, judged, SCOPE, Beside(chain=CHAIN))


def draw_first_page(report: NightReport) -> None:
    """The first page of the PDF."""
    with tempfile.TemporaryDirectory() as folder:
        pdf = Path(folder) / "report.pdf"
        pdf.write_bytes(render_pdf(render_html(report, "en")))
        words = ("-r", "70", "-singlefile", "-png", pdf, FOLDER / "report-pdf")
        subprocess.run(["pdftoppm", *words], check=True)
    smaller(FOLDER / "report-pdf.png")


def smaller(path: Path) -> None:
    """A few colours are enough for text and pictures."""
    image = Image.open(path).convert(
        "P", palette=Image.Palette.ADAPTIVE, colors=_COLOURS
    )
    image.save(path, optimize=True)


if __name__ == "__main__":
    main()
