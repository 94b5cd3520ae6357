"""How much a configuration will receive, in words: said before anything is received."""

from monitor.config import Config


def forecast_text(config: Config) -> str:
    """One line: what a day is expected to receive, and what the budget makes of it."""
    from monitor.daemon.wiring import new_ration
    from monitor.sampling.ration import forecast_bytes_per_day

    ration = new_ration(config)
    expected = forecast_bytes_per_day(ration.costs_bytes, ration.timetable)
    caps = [
        f"{_megabytes(cap)} a {unit}"
        for cap, unit in (
            (config.budget.per_day, "day"),
            (config.budget.per_month, "month"),
        )
        if cap is not None
    ]
    text = f"data: about {_megabytes(expected)} a day expected"
    if not caps:
        return f"{text}; no budget is set"
    per_day = min(
        config.budget.per_day or expected,
        (config.budget.per_month or expected * 30) // 30,
    )
    fits = (
        "everything fits"
        if expected <= per_day
        else f"about {100 * per_day // expected} % of it fits, the evening first"
    )
    return f"{text}; the budget is {' and '.join(caps)}: {fits}"


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.0f} MB"
