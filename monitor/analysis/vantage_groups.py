"""Samples of several vantages, each judged in its own zone and window."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pandas as pd

from monitor.analysis.judge import analyze
from monitor.analysis.verdict_document import analysis
from monitor.model import Analysis, OwnTerms, VantageTerms


def analyze_each(
    samples: pd.DataFrame,
    *,
    terms: Mapping[str, OwnTerms],
    common: OwnTerms,
    since: date | str | None = None,
    until: date | str | None = None,
) -> Analysis:
    """One analysis of all vantages.

    Parameters
    ----------
    samples : columns as `analyze` takes them.
    terms : of the vantages that do not have the common ones.
    common : of the analysis; what single vantages have instead, it names.

    Raises
    ------
    InputError : see `analyze`.
    """
    names = samples["vantage"].unique()
    groups: dict[OwnTerms, list[str]] = {}
    for name in names:
        groups.setdefault(terms.get(name, common), []).append(name)
    verdicts = []
    for its, members in groups.items():
        chosen = samples[samples["vantage"].isin(members)]
        verdicts += analyze(
            samples if len(groups) == 1 else chosen,
            timezone=its.timezone,
            window=its.window,
            since=since,
            until=until,
        )
    whole = analysis(
        sorted(verdicts, key=lambda v: (v.vantage, v.target)),
        timezone=common.timezone,
        window=common.window,
        since=since,
        until=until,
    )
    differences = {
        name: _differences(terms.get(name, common), common) for name in names
    }
    return replace(whole, vantages={name: t for name, t in differences.items() if t})


def _differences(terms: OwnTerms, common: OwnTerms) -> VantageTerms | None:
    if terms == common:
        return None
    return VantageTerms(
        timezone=None if terms.timezone == common.timezone else terms.timezone,
        window=None if terms.window == common.window else terms.window,
    )
