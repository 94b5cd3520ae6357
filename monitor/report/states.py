"""States of an evening in plain words."""

from monitor.evening_rule import EveningState
from monitor.wording import Language


def state_label(state: EveningState, language: Language) -> str:
    """The state of an evening in one word or two."""
    return {
        EveningState.FINE: language.gettext("as usual"),
        EveningState.SLOW: language.gettext("slow"),
        EveningState.DEAD: language.gettext("did not answer"),
        EveningState.REFUSED: language.gettext("refused to answer"),
        EveningState.UNUSABLE: language.gettext("cannot be judged"),
    }[state]
