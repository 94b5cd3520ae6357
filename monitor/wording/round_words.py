"""Why a round was missed, cut short or set aside, in words of the reader."""

from monitor.wording import Language

_SLOTS = " slot(s)"
_NOT_DONE = "not done: "


def told_gap(reason: str, language: Language) -> str:
    """The reason that a round carries: parts between semicolons.

    A part that is not known here is shown as it was stored.
    """
    return "; ".join(_part(part, language) for part in reason.split("; "))


def _part(part: str, language: Language) -> str:
    n_slots = part.removesuffix(_SLOTS)
    if part != n_slots and n_slots.isdecimal():
        return language.fill("%(n)s slot(s)", {"n": n_slots})
    if part.startswith(_NOT_DONE):
        names = part.removeprefix(_NOT_DONE)
        return language.fill("not done: %(names)s", {"names": names})
    t = language.gettext
    causes = {
        "budget: round left out": t("budget: round left out"),
        "budget: throughput transfers left out": t(
            "budget: throughput transfers left out"
        ),
        "no round was begun in time": t("no round was begun in time"),
        "paused by the owner": t("paused by the owner"),
        "stopped": t("stopped"),
        "the monitor was not running": t("the monitor was not running"),
        "time ran out": t("time ran out"),
    }
    return causes.get(part, part)


def told_spoiled(reason: str, language: Language) -> str:
    """Why a round was set aside: the local probe and its failure."""
    t = language.gettext
    causes = {
        "clock: clock_stepped": t("clock: clock_stepped"),
        "event_loop: event_loop_late": t("event_loop: event_loop_late"),
        "resolver: first_resolver_silent": t("resolver: first_resolver_silent"),
        "way: way_changed": t("way: way_changed"),
        "gateway: generic_timeout_error": t("gateway: generic_timeout_error"),
    }
    return causes.get(reason, reason)
