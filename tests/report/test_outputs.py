"""PDF, CSV, JSON and text of a report: complete, deterministic, harmless."""

import csv
import io
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pyarrow as pa
import pytest
from selectolax.parser import HTMLParser

from monitor.evening_rule import EveningState
from monitor.interchange.formula import rearm
from monitor.report import (
    PdfUnavailableError,
    render_csv,
    render_html,
    render_json,
    render_pdf,
    render_text,
)
from monitor.report.pdf import laid_out
from monitor.untyped import Theirs
from monitor.wording import language
from tests import harm
from tests.report.test_html import hostile


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_a_row_per_target_and_evening(report) -> None:
    found = rows(render_csv(report))
    assert len(found) == 4 * 27
    slow = [r for r in found if r["target"] == "facebook" and r["state"] == "slow"]
    service = next(s for s in report.hosts if s.name == "facebook")
    assert len(slow) == service.verdict.evenings.slow
    assert all(float(r["times_slower"]) > 1.25 for r in slow)


@pytest.mark.parametrize("text", harm.TEXTS.values(), ids=harm.TEXTS)
def test_no_cell_is_a_formula_and_no_text_is_lost(one_service, text: str) -> None:
    for row in rows(render_csv(hostile(one_service, text))):
        for name in ("vantage", "target", "verdict", "strength", "timezone"):
            assert harm.is_no_formula(row[name])
            assert rearm(pa.array([row[name]])).to_pylist() == [text]
        assert all(harm.is_no_formula(cell) for cell in row.values())


def test_services_come_first_and_their_hosts_beneath(report) -> None:
    facebook, *others = sorted(report.hosts, key=lambda h: h.name != "facebook")
    video = replace(facebook.verdict, service="meta", part="media")
    page = replace(others[0].verdict, service="meta", verdict="no_recurring_slowdown")
    hosts = (replace(facebook, verdict=video), replace(others[0], verdict=page))
    told = replace(report, hosts=hosts)
    assert [service.name for service in told.services] == ["meta"]
    _, line = render_text(told, "en").splitlines()[-2:]
    assert line.startswith("- ")
    assert "Of meta: the media host (Facebook)." in line
    first = HTMLParser(render_html(told, "en")).css_first(".short")
    assert [li.text().strip() for li in first.css(".hosts li .sign")] != []
    assert len(first.css(".hosts li")) == 2
    assert first.css_first(".tag").text().startswith("meta: ")
    assert {row["service"] for row in rows(render_csv(told))} == {"meta"}
    assert {row["part"] for row in rows(render_csv(told))} == {"media", "page"}


def test_a_service_that_is_its_own_host_is_told_as_ever(one_service) -> None:
    page = render_html(one_service, "en")
    assert 'class="hosts"' not in page
    assert "Of " not in HTMLParser(page).css_first(".short").text()


def test_json_is_the_analysis_and_what_the_report_adds(report) -> None:
    document = json.loads(render_json(report))
    assert document["schema_version"] == 2
    assert [v["target"] for v in document["verdicts"]] == [s.name for s in report.hosts]
    states = [e["state"] for e in document["evenings"]["facebook"]]
    assert states.count("slow") == document["verdicts"][0]["evenings"]["slow"]
    assert set(states) <= {state.value for state in EveningState}
    hours = document["hours"]["facebook"]
    assert len(hours["controls"]["week"]) == 7 * len(hours["controls"]["day"]) == 168
    evening = hours["target"]["day"][20]
    assert evening["p10"] <= evening["median"] <= evening["p90"]
    assert evening["median"] > 2 > hours["target"]["day"][12]["median"]


@pytest.mark.parametrize("text", harm.TEXTS.values(), ids=harm.TEXTS)
def test_no_text_moves_the_cursor_of_a_terminal(one_service, text: str) -> None:
    shown = render_text(hostile(one_service, f"{text}\n\r\x07\x9b2J"), "en")
    assert harm.steering(shown) == []
    assert len(shown.splitlines()) == 3


def _unpacked(pdf: bytes) -> list[bytes]:
    """The file, and each stream in it that can be unpacked."""
    texts = [pdf]
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        with suppress(zlib.error):
            texts.append(zlib.decompress(stream))
    return texts


def _pages(pdf: bytes) -> int:
    return sum(len(re.findall(rb"/Type\s*/Page\b", t)) for t in _unpacked(pdf))


@pytest.mark.long
def test_the_pdf_has_pages_and_asks_nobody(one_service) -> None:
    text = " ".join([*harm.PAGES.values(), *harm.MARKS.values()])
    pdf = render_pdf(render_html(hostile(one_service, text), "kk"))
    assert pdf.startswith(b"%PDF-")
    assert _pages(pdf) >= 3
    whole = b"\n".join(_unpacked(pdf))
    for name in (b"/JavaScript", b"/JS", b"/URI", b"/Launch", b"/GoToR", b"/AA"):
        assert not re.search(name + rb"\b", whole)
    for name in (b"/EmbeddedFile", b"/Filespec", b"/RichMedia", b"/AcroForm"):
        assert not re.search(name + rb"\b", whole)
    assert b"root:" not in whole


def test_a_request_from_the_page_is_refused(one_service, tmp_path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"\x89PNG not really")
    page = f'<img src="{secret.as_uri()}" alt="refused">'
    assert b"not really" not in render_pdf(page)


@pytest.fixture(scope="module")
def laid(report, draw):
    """The four services of the demo on paper."""
    return laid_out(draw(report, "kk"))


def boxes(box: Theirs) -> Iterator[Theirs]:
    yield box
    for child in getattr(box, "children", ()):
        yield from boxes(child)


@pytest.mark.every_run
def test_the_pdf_is_tagged_and_has_title_and_language(laid) -> None:
    pdf = laid.write_pdf(pdf_variant="pdf/ua-1")
    whole = b"\n".join(_unpacked(pdf))
    for name in (b"/StructTreeRoot", b"/Marked true", b"/Lang (kk)", b"pdfuaid:part"):
        assert name in whole
    assert "15 сәуір".encode() in whole
    # Each picture says in words what it shows; a mark beside words is none.
    n_figures = len(re.findall(rb"/S\s*/Figure\b", whole))
    assert n_figures == len(re.findall(rb"/Alt\b", whole)) >= 4 * 3


def test_every_page_bears_title_date_and_digest(laid, report) -> None:
    for page in laid.pages:
        margins = [b for b in page._page_box.children if "Margin" in type(b).__name__]
        texts = [b.text for m in margins for b in boxes(m) if hasattr(b, "text")]
        told = " ".join(texts)
        assert report.chain.digest in told
        assert report.chain.day in told
        assert language("kk").long_date(report.night) in told


def test_no_page_is_mostly_blank(laid) -> None:
    """But for the last one, text or pictures reach below the middle of each."""
    for page in laid.pages[:-1]:
        html = page._page_box.children[0]
        ends = [
            b.position_y + b.height
            for b in boxes(html)
            if hasattr(b, "text") or "Replaced" in type(b).__name__
        ]
        assert max(ends) > 0.6 * page.height


def test_the_first_page_holds_all_that_it_is_for(laid) -> None:
    texts = [b.text for b in boxes(laid.pages[0]._page_box) if hasattr(b, "text")]
    assert any(language("kk").gettext("What this does not show") in t for t in texts)


def test_without_pango_the_error_says_what_to_install(
    one_service, monkeypatch: pytest.MonkeyPatch
) -> None:
    import builtins

    real = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name.startswith("weasyprint"):
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(PdfUnavailableError, match="apt install libpango"):
        render_pdf("<p>")


def test_gaps_and_set_aside_rounds_are_told(report, one_service) -> None:
    assert isinstance(report.gaps, tuple)
    empty = replace(one_service, gaps=(), spoiled=())
    assert "There were no gaps" in render_html(empty, "en")
