"""Names of what an owner states of the home."""

from monitor.wording import Language


def stated_title(key: str, language: Language) -> str:
    """What a statement is about; its own key where it is a new one."""
    t = language.gettext
    titles = {
        "provider": t("Provider"),
        "line": t("Line"),
        "hardware": t("Hardware"),
        "router_checked": t("No filter on the home's own router; looked on"),
    }
    return titles.get(key, key)
