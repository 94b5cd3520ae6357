"""How often the method errs, as it was last measured: some rows of docs/error-rates.md.

The file beside this module is written by `python -m study rates` from that page; a test
holds them together. Nothing here computes or guesses a rate.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRate:
    """A share of simulated cases in which the method erred."""

    errors: int
    cases: int
    percent: float
    low_percent: float
    """Wilson's interval at 95 %."""
    high_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRates:
    """The measured rates, and of which method they are."""

    method_version: str
    homes: int
    """Simulated homes of the first physics that they were measured on."""
    evenings: int
    """Of each of them."""
    rates: Mapping[str, ErrorRate]


@cache
def error_rates() -> ErrorRates:
    """The rates of the last study."""
    text = files("monitor.wording").joinpath("error_rates.json").read_text("utf-8")
    document = json.loads(text)
    rates = {name: ErrorRate(**rate) for name, rate in document["rates"].items()}
    return ErrorRates(**{**document, "rates": rates})
