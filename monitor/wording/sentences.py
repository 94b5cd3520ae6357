"""One plain sentence per verdict, in the reader's language, no stronger than it.

The strongest word for a cause here is "consistent with".
"""

from dataclasses import dataclass
from math import ceil
from typing import Final

from monitor.model import EveningMark, Verdict
from monitor.wording import Language
from monitor.wording.names import display_name
from monitor.wording.sofar import evenings_needed, last_evening_sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a sentence tells beside the verdict."""

    window: tuple[str, str]
    """Local begin and end, `HH:MM`."""
    n_controls: int
    last_evening: EveningMark | None = None


def title(verdict: Verdict, language: Language) -> str:
    """The verdict in a few words."""
    t = language.gettext
    texts = {
        "targeted_throttling": t("slowed in the evening, consistent with interference"),
        "targeted_blocking": t("not reachable, consistent with blocking"),
        "selective_slowdown": t("slow in the evening, the control sites are not"),
        "sustained_slowdown": t("slower at nearly all hours, unlike the control sites"),
        "resolver_blocking": t("not reachable, the home's resolver does not find it"),
        "recurring_slowdown": t("slow in the evening, nothing to compare with"),
        "server_side": t("slow in the evening, signs point to the service itself"),
        "general_congestion": t("the busy hour: other sites are slow as well"),
        "own_line": t("the own line explains it"),
        "no_recurring_slowdown": t("no recurring slowdown"),
        "inconclusive": t("cannot be said yet"),
        "insufficient_data": t("not enough data"),
    }
    return texts.get(verdict.verdict, verdict.verdict)


def sentence(verdict: Verdict, setting: Setting, language: Language) -> str:
    """What happened to a service over the period, in one sentence or two."""
    if verdict.rule in _OF_A_NAME:
        return _OF_A_NAME[verdict.rule](verdict, setting, language)
    # A slowdown whose evenings were mostly dead is told by its dead evenings.
    if verdict.verdict == "selective_slowdown" and _is_mostly_dead(verdict):
        return _both(_dead(verdict, setting, language), _open_cause(language))
    if verdict.verdict in _TELLERS:
        return _TELLERS[verdict.verdict](verdict, setting, language)
    return _both(
        _not_enough(verdict, setting, language),
        last_evening_sentence(setting.last_evening, setting.window, language),
    )


def _values(verdict: Verdict, setting: Setting, language: Language) -> dict[str, str]:
    return {
        "name": display_name(verdict.target),
        "slow": language.number(verdict.evenings.slow),
        "dead": language.number(verdict.evenings.dead),
        "usable": language.number(verdict.evenings.usable),
        "observed": language.number(verdict.evenings.observed),
        "start": setting.window[0],
        "end": setting.window[1],
        "times": _times(verdict.effect.ratio, language),
        "bound": _bound(verdict.effect.ci95[1], language),
        "controls": language.number(setting.n_controls),
    }


def _times(ratio: float | None, language: Language) -> str:
    return language.times(ratio) if ratio else "?"


def _bound(ratio: float | None, language: Language) -> str:
    """Rounded up: what is ruled out was excluded, and no more."""
    return _times(None if ratio is None else ceil(round(10 * ratio, 6)) / 10, language)


def _both(first: str, second: str) -> str:
    return f"{first} {second}".strip()


def _slow(verdict: Verdict, setting: Setting, language: Language) -> str:
    values = _values(verdict, setting, language)
    usable = verdict.evenings.usable
    if verdict.effect.ratio is None:
        return (
            language.ngettext(
                "On %(slow)s of the last %(usable)s evening %(name)s was slower "
                "between %(start)s and %(end)s than during the rest of the day.",
                "On %(slow)s of the last %(usable)s evenings %(name)s was slower "
                "between %(start)s and %(end)s than during the rest of the day.",
                usable,
            )
            % values
        )
    return (
        language.ngettext(
            "On %(slow)s of the last %(usable)s evening %(name)s was slower between "
            "%(start)s and %(end)s than during the rest of the day, on average "
            "%(times)s slower.",
            "On %(slow)s of the last %(usable)s evenings %(name)s was slower between "
            "%(start)s and %(end)s than during the rest of the day, on average "
            "%(times)s slower.",
            usable,
        )
        % values
    )


def _dead(verdict: Verdict, setting: Setting, language: Language) -> str:
    return language.ngettext(
        "On %(dead)s of the last %(usable)s evening %(name)s did not answer between "
        "%(start)s and %(end)s, while the control sites did.",
        "On %(dead)s of the last %(usable)s evenings %(name)s did not answer between "
        "%(start)s and %(end)s, while the control sites did.",
        verdict.evenings.usable,
    ) % _values(verdict, setting, language)


def _slow_by_name(verdict: Verdict, setting: Setting, language: Language) -> str:
    first = language.gettext(
        "Between %(start)s and %(end)s transfers under the name of %(name)s were "
        "slower than under another name, in the same minutes, at a server that is not "
        "the service's."
    ) % _values(verdict, setting, language)
    if verdict.verdict != "targeted_throttling":
        return _both(first, _open_cause(language))
    second = language.gettext(
        "This is consistent with deliberate slowing of this service on the way to it."
    )
    return _both(first, second)


def _dead_by_name(verdict: Verdict, setting: Setting, language: Language) -> str:
    first = language.gettext(
        "Between %(start)s and %(end)s transfers under the name of %(name)s died at a "
        "server that is not the service's, where those under another name lived."
    ) % _values(verdict, setting, language)
    if verdict.verdict != "targeted_blocking":
        return _both(first, _open_cause(language))
    second = language.gettext("This is consistent with blocking of this service.")
    return _both(first, second)


def _is_mostly_dead(verdict: Verdict) -> bool:
    return verdict.details is not None and verdict.details.is_mostly_dead


def _controls_were_not(setting: Setting, language: Language) -> str:
    n = setting.n_controls
    return language.ngettext(
        "The %(n)s control site measured in the same minutes was not.",
        "The %(n)s control sites measured in the same minutes were not.",
        n,
    ) % {"n": language.number(n)}


def _open_cause(language: Language) -> str:
    return language.gettext("What causes this, these measurements do not show.")


def _throttling(verdict: Verdict, setting: Setting, language: Language) -> str:
    if verdict.strength == "strong":
        cause = language.gettext(
            "Several independent signs are consistent with deliberate slowing of this "
            "service on the way to it."
        )
    else:
        cause = language.gettext(
            "Some signs are consistent with deliberate slowing of this service on the "
            "way to it."
        )
    first = _both(
        _slow(verdict, setting, language), _controls_were_not(setting, language)
    )
    return _both(first, cause)


def _blocking(verdict: Verdict, setting: Setting, language: Language) -> str:
    return _both(
        _dead(verdict, setting, language),
        language.gettext("This is consistent with blocking of this service."),
    )


def _selective(verdict: Verdict, setting: Setting, language: Language) -> str:
    first = _both(
        _slow(verdict, setting, language), _controls_were_not(setting, language)
    )
    return _both(first, _open_cause(language))


def _sustained(verdict: Verdict, setting: Setting, language: Language) -> str:
    first = language.gettext(
        "%(name)s has become slower than before, on average %(times)s slower, not only "
        "between %(start)s and %(end)s but at nearly all hours."
    ) % _values(verdict, setting, language)
    second = _both(first, _controls_were_not(setting, language))
    return _both(second, _open_cause(language))


def _resolver(verdict: Verdict, setting: Setting, language: Language) -> str:
    return _both(
        _dead(verdict, setting, language),
        language.gettext(
            "The resolver that this home uses gave no answer for its name, or a false "
            "one; whether that is the home's own filter or the provider's is not shown."
        ),
    )


def _recurring(verdict: Verdict, setting: Setting, language: Language) -> str:
    return _both(
        _slow(verdict, setting, language),
        language.gettext(
            "No control site was measured, so it may be this service or the whole line."
        ),
    )


def _server(verdict: Verdict, setting: Setting, language: Language) -> str:
    return _both(
        _slow(verdict, setting, language),
        language.gettext(
            "The control sites were not, but the signs point to the service, its "
            "servers or the path to them rather than to interference."
        ),
    )


def _congestion(verdict: Verdict, setting: Setting, language: Language) -> str:
    return language.gettext(
        "Between %(start)s and %(end)s %(name)s is slower than during the rest of the "
        "day, and so are the control sites: this looks like the ordinary busy hour, "
        "not like something done to this service."
    ) % _values(verdict, setting, language)


def _own(verdict: Verdict, setting: Setting, language: Language) -> str:
    return language.gettext(
        "%(name)s was slower between %(start)s and %(end)s, but the household's own "
        "line, router or traffic explains it."
    ) % _values(verdict, setting, language)


def _nothing(verdict: Verdict, setting: Setting, language: Language) -> str:
    usable = verdict.evenings.usable
    values = _values(verdict, setting, language)
    first = (
        language.ngettext(
            "On the last %(usable)s evening %(name)s showed no recurring slowdown "
            "between %(start)s and %(end)s.",
            "On the last %(usable)s evenings %(name)s showed no recurring slowdown "
            "between %(start)s and %(end)s.",
            usable,
        )
        % values
    )
    if verdict.evenings.slow:
        return _both(first, _single_evenings(verdict, language))
    if verdict.effect.ci95[1] is None:
        return first
    return _both(
        first,
        language.gettext(
            "A steady slowdown to more than %(bound)s the usual is ruled out."
        )
        % values,
    )


def _single_evenings(verdict: Verdict, language: Language) -> str:
    n = verdict.evenings.slow
    return language.ngettext(
        "It was slow on %(n)s single evening, within the ordinary ups and downs.",
        "It was slow on %(n)s single evenings, within the ordinary ups and downs.",
        n,
    ) % {"n": language.number(n)}


def _unclear(verdict: Verdict, setting: Setting, language: Language) -> str:
    usable = verdict.evenings.usable
    return language.ngettext(
        "From %(usable)s evening it cannot be said whether %(name)s is slowed between "
        "%(start)s and %(end)s: it is neither shown nor excluded.",
        "From %(usable)s evenings it cannot be said whether %(name)s is slowed between "
        "%(start)s and %(end)s: it is neither shown nor excluded.",
        usable,
    ) % _values(verdict, setting, language)


def _not_enough(verdict: Verdict, setting: Setting, language: Language) -> str:
    needed = evenings_needed(verdict)
    if needed is not None:
        return language.fill(
            "Measured so far: %(usable)s of at least %(needed)s evenings; before that "
            "nothing is concluded about %(name)s.",
            _values(verdict, setting, language) | {"needed": language.number(needed)},
        )
    return language.ngettext(
        "There is not enough data on %(name)s to say anything: %(usable)s of "
        "%(observed)s observed evening can be used.",
        "There is not enough data on %(name)s to say anything: %(usable)s of "
        "%(observed)s observed evenings can be used.",
        verdict.evenings.observed,
    ) % _values(verdict, setting, language)


_OF_A_NAME: Final = {"by_name": _slow_by_name, "dead_by_name": _dead_by_name}
"""By rule: what a server that is not the service's shows needs no other row."""

_TELLERS: Final = {
    "targeted_throttling": _throttling,
    "targeted_blocking": _blocking,
    "selective_slowdown": _selective,
    "sustained_slowdown": _sustained,
    "resolver_blocking": _resolver,
    "recurring_slowdown": _recurring,
    "server_side": _server,
    "general_congestion": _congestion,
    "own_line": _own,
    "no_recurring_slowdown": _nothing,
    "inconclusive": _unclear,
}
