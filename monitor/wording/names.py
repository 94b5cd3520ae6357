"""Services as their owners write them: the same in every language."""

from typing import Final

_BRANDS: Final = {
    "facebook": "Facebook",
    "instagram": "Instagram",
    "telegram": "Telegram",
    "tiktok": "TikTok",
    "twitter": "Twitter",
    "whatsapp": "WhatsApp",
    "x": "X",
    "youtube": "YouTube",
}


def display_name(name: str) -> str:
    """The name of a service as its owner writes it, where that is known."""
    return _BRANDS.get(name, name)
