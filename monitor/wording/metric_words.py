"""Metrics in plain words and everyday units."""

from monitor.wording import Language


def metric_title(metric: str, language: Language) -> str:
    """What a metric measures."""
    t = language.gettext
    titles = {
        "goodput_bps": t("speed of a transfer"),
        "response_s": t("time to receive the page"),
        "waiting_s": t("wait for the first byte"),
        "tls_handshake_s": t("time to set up encryption"),
        "connect_s": t("time to connect"),
        "domain_lookup_s": t("time to look up the name"),
        "tcp_min_rtt_s": t("round trip"),
        "duration_s": t("time for everything"),
    }
    return titles.get(metric, metric)


def stage_title(stage: str, language: Language) -> str:
    """The step at which attempts failed; the glossary's name in English."""
    t = language.gettext
    titles = {
        "resolve": t("resolve"),
        "connect": t("connect"),
        "tls_handshake": t("tls_handshake"),
        "http_round_trip": t("http_round_trip"),
        "read": t("read"),
        "not recorded": t("not recorded"),
        "unknown": t("unknown"),
    }
    return titles.get(stage, stage)


def metric_value(value: float | None, metric: str, language: Language) -> str:
    """A value with its unit; a dash where nothing was measured."""
    if value is None:
        return "\N{EN DASH}"
    # Not inside f-strings: there Babel finds no messages.
    units = (language.gettext("Mbit/s"), language.gettext("ms"), language.gettext("s"))
    if metric.endswith("_bps"):
        scaled, unit = value / 1e6, units[0]
    elif value < 1:
        scaled, unit = value * 1e3, units[1]
    else:
        scaled, unit = value, units[2]
    return f"{_three_digits(scaled, language)} {unit}"


def _three_digits(value: float, language: Language) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return language.number(value, digits)
