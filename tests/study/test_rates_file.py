"""What a report tells of error rates is what docs/error-rates.md says."""

from pathlib import Path

import pytest

from study.rates_file import FILE, MEASURES, rates_file

PAGE = Path("docs/error-rates.md").read_text()


def test_the_file_of_the_report_is_that_of_the_page() -> None:
    assert FILE.read_text() == rates_file(PAGE)


@pytest.mark.parametrize("measure", [*MEASURES.values(), "Method version 5;"])
def test_what_the_page_does_not_say_is_not_guessed(measure: str) -> None:
    with pytest.raises(ValueError, match="the page"):
        rates_file(PAGE.replace(measure, "something else"))
