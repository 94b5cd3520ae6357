"""How often the method errs, in words: every rate is one that was measured."""

from collections.abc import Iterator

from monitor.wording import Language
from monitor.wording.error_rates import ErrorRate, ErrorRates


def told_rates(method: str, rates: ErrorRates, tongue: Language) -> Iterator[str]:
    """How often such statements were wrong where the truth was known.

    Parameters
    ----------
    method : version of the method that the verdicts are of.
    """
    accused = rates.rates["false_accusation"]
    of_innocents = tongue.fill(
        "Measured with method %(method)s on %(homes)s simulated homes of %(evenings)s "
        "evenings: of %(cases)s sites that nobody slowed, %(errors)s were accused at "
        "one of %(evenings)s daily looks (%(percent)s %%; 95%% interval %(low)s to "
        "%(high)s %%).",
        {
            "method": rates.method_version,
            "homes": tongue.number(rates.homes),
            "evenings": tongue.number(rates.evenings),
            **_share(accused, tongue),
        },
    )
    # In one breath: who shows only the first of these shows whose rate it is.
    is_own = method == rates.method_version
    yield of_innocents if is_own else f"{of_innocents} {_of_another(method, tongue)}"
    yield tongue.fill(
        "On homes of a second simulator: %(errors)s of %(cases)s (%(percent)s %%; 95%% "
        "interval %(low)s to %(high)s %%).",
        _share(rates.rates["false_accusation_of_capacity"], tongue),
    )
    yield tongue.fill(
        "Called strong although the service's own servers or network did it: "
        "%(service)s; although the household's router did it: %(router)s. An all-clear "
        "although something acted: %(clear)s.",
        {
            "service": _counts(rates.rates["strong_by_service"], tongue),
            "router": _counts(rates.rates["strong_by_router"], tongue),
            "clear": _counts(rates.rates["false_all_clear"], tongue),
        },
    )
    yield tongue.gettext("How often it errs on real lines is not known.")


def _of_another(method: str, tongue: Language) -> str:
    return tongue.fill(
        "The verdicts here are of method %(this)s, which was not measured anew: "
        "its own rates are not known.",
        {"this": method},
    )


def _share(rate: ErrorRate, tongue: Language) -> dict[str, str]:
    return {
        "errors": tongue.number(rate.errors),
        "cases": tongue.number(rate.cases),
        "percent": tongue.number(rate.percent, 2),
        "low": tongue.number(rate.low_percent, 2),
        "high": tongue.number(rate.high_percent, 2),
    }


def _counts(rate: ErrorRate, tongue: Language) -> str:
    return tongue.fill(
        "%(errors)s of %(cases)s (at most %(high)s %%)", _share(rate, tongue)
    )
