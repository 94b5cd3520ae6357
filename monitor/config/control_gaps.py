"""What a configuration's controls cannot show, whatever is measured.

Nothing here is refused: a home may have its reasons. But a file whose verdicts must
stay weak is not called right.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from monitor.config.companies import partial_controls
from monitor.config.sections import Config, Site
from monitor.reason import Reason, phrase

FEWEST: Final = 3
"""Live controls that a verdict on somebody's intent needs (contracts 5)."""
_ENOUGH: Final = 5
_KINDS: Final = phrase(
    "have five or more, of three kinds: in the country, abroad, and on large content"
    " networks"
)


@dataclass(frozen=True, slots=True)
class ControlGap:
    """One thing that is missing, and what to do about it."""

    lack: Reason
    advice: Reason


def control_gaps(config: Config) -> Iterator[ControlGap]:
    """What is missing of the controls that have nothing to do with a target."""
    partial = {control.control for control in partial_controls(config)}
    controls = [site for site in config.controls if site.name not in partial]
    owners = {site.owner for site in controls}
    if not controls:
        yield ControlGap(
            phrase("none: nobody can say whether a site is slow or the line"), _KINDS
        )
        return
    if len(controls) < FEWEST:
        yield ControlGap(
            phrase(
                "{n}: with fewer than {fewest} no verdict says that a slowdown is"
                " meant",
                n=len(controls),
                fewest=FEWEST,
            ),
            _KINDS,
        )
    elif len(controls) < _ENOUGH or len(owners) < FEWEST:
        few = phrase(
            "{n} of {owners} owners are few", n=len(controls), owners=len(owners)
        )
        yield ControlGap(few, _KINDS)
    if any(map(has_transfer, config.targets)):
        n_transfers = sum(map(has_transfer, controls))
        if n_transfers < FEWEST:
            yield ControlGap(
                phrase(
                    "{n} of {controls} have transfers: those of the targets can hardly"
                    " be held against them",
                    n=n_transfers,
                    controls=len(controls),
                ),
                phrase(
                    "name pages (https://) without download: false, or a download_url"
                ),
            )


def has_transfer(site: Site) -> bool:
    """Whether the site's throughput is measured, too."""
    return site.download and site.can_be_transferred
