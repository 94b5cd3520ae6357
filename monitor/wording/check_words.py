"""Mechanism checks in plain words: what was looked at, and where it points."""

from monitor.model import MechanismCheck
from monitor.wording import Language
from monitor.wording.reason_words import told


def check_title(check: MechanismCheck, language: Language) -> str:
    """What a check looks at; the analysis' own name where it is a new one."""
    t = language.gettext
    titles = {
        "stage": t("Is connecting as quick as ever while what follows is slow?"),
        "plateau": t("Do all transfers settle at one low rate?"),
        "cut_off": t("Do transfers break off after the same number of bytes?"),
        "edges": t("Does it begin and end within minutes, as if switched?"),
        "synchrony": t("Are other services slow on the same evenings?"),
        "round_trip": t("Do round trips stay as short as by day?"),
        "load_response": t("Does it stay the same when the whole line is busier?"),
        "destination": t("Does the name lead to the same servers as by day?"),
        "certificate": t("Does somebody else sign the certificate in the evening?"),
        "server": t("Is it only the server's answer that waits?"),
        "refusals": t("Does the service itself answer with errors?"),
        "bypass": t("Is it fast by another way in the same minutes?"),
        "name_swap": t("Is the same address fast under another name?"),
        "name_away": t("Is the name slow at a server that is not the service's?"),
        "transport": t("Do TCP and QUIC differ more than by day?"),
        "residue": t("Does the neutral server stay slow after the site's name?"),
        "twin": t("Does another name at the same servers stay fast?"),
        "sender_loss": t("Is what this home sends to it lost on the way?"),
        "fingerprint": t("Do slow transfers have the shape of a limit on the way?"),
    }
    return titles.get(check.check, check.check)


def check_outcome(check: MechanismCheck, language: Language) -> str:
    """Where a check points."""
    if not check.is_made:
        return language.gettext("not known")
    return {
        1: language.gettext("consistent with interference"),
        0: language.gettext("no clear sign"),
        -1: language.gettext("speaks for another cause"),
    }[max(-1, min(1, check.score))]


def check_sign(check: MechanismCheck) -> str:
    """The outcome as one character, for readers of grey prints."""
    if not check.is_made:
        return "?"
    return {1: "+", 0: "\N{MIDDLE DOT}", -1: "\N{MINUS SIGN}"}[
        max(-1, min(1, check.score))
    ]


def check_figure(check: MechanismCheck, language: Language) -> str:
    """What a check measured; empty when it could not be made."""
    return told(check.detail, language) if check.is_made else ""
