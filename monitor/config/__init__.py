"""config.yaml in, one frozen `Config` out; all problems at once, each with its path.

Only the command line and the use cases see a `Config`; the layers below take plain
values.
"""

from monitor.config.companies import partial_controls
from monitor.config.control_gaps import control_gaps
from monitor.config.loading import checked_database_url, is_written, load, parse
from monitor.config.masked import effective
from monitor.config.sections import Config, Site, Way, Web
from monitor.config.values import parsed_duration
from monitor.masking import masked

__all__ = [
    "Config",
    "Site",
    "Way",
    "Web",
    "checked_database_url",
    "control_gaps",
    "effective",
    "is_written",
    "load",
    "masked",
    "parse",
    "parsed_duration",
    "partial_controls",
]
