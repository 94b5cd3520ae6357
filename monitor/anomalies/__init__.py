"""Ad-hoc questions about evenings.

Each is told as the analysis told it, beside what was measured: the median of its window
against the median of the rest of the same day. Whether its slow evenings are more than
chance or the busy hour, only the verdict says.
"""

from monitor.anomalies.asked import Question
from monitor.anomalies.comparison import Comparison, Reference, compare, parse_span
from monitor.anomalies.episodes import Episode, episodes, grouped
from monitor.anomalies.evening_lines import Evening
from monitor.anomalies.search import ask_each, ask_evenings

__all__ = [
    "Comparison",
    "Episode",
    "Evening",
    "Question",
    "Reference",
    "ask_each",
    "ask_evenings",
    "compare",
    "episodes",
    "grouped",
    "parse_span",
]
