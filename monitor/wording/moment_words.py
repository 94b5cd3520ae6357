"""What a site is like at this moment, in a word or two."""

from monitor.present import SiteNow, SiteState
from monitor.wording import Language
from monitor.wording.metric_words import stage_title


def state_title(site: SiteNow, language: Language) -> str:
    """The state of a site, with the stage and the failure of what failed."""
    t = language.gettext
    match site.state:
        case SiteState.WELL:
            return t("answers")
        case SiteState.SLOW:
            return t("answers, slowly")
        case SiteState.UNMEASURED:
            return t("not measured now")
    stage = stage_title(site.failed_operation or "unknown", language)
    return f"{stage}: {site.failure}"
