"""Ad-hoc questions about evenings: a quick reading of what is stored, not a verdict.

An evening is read as the median of its window against the median of the rest of the
same day, beyond the controls of that evening. It says what was measured; whether that
is more than chance or the busy hour, only `monitor analyze` says.
"""

from monitor.anomalies.asking import Question, ask_evenings
from monitor.anomalies.comparison import Comparison, Reference, compare, parse_span
from monitor.anomalies.episodes import Episode, episodes, grouped
from monitor.anomalies.evenings import Evening, State

__all__ = [
    "Comparison",
    "Episode",
    "Evening",
    "Question",
    "Reference",
    "State",
    "ask_evenings",
    "compare",
    "episodes",
    "grouped",
    "parse_span",
]
