"""What a host is to its service, in one word."""

from monitor.wording import Language


def part_title(part: str, language: Language) -> str:
    """The part in words; its own name where it is a newer program's."""
    t = language.gettext
    titles = {
        "page": t("page"),
        "media": t("media"),
        "api": t("apps"),
        "messaging": t("messages"),
    }
    return titles.get(part, part)
