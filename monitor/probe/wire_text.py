"""Text from the wire, made harmless: bounded and printable."""


def printable(text: str, longest: int = 200) -> str:
    """The text with unprintable characters as `?`, cut at `longest` characters."""
    return "".join(c if c.isprintable() else "?" for c in text[:longest])


def printable_bytes(raw: bytes, longest: int = 200) -> str:
    """Bytes from the wire, read as Latin-1 and made `printable`."""
    return printable(raw[:longest].decode("latin-1"), longest)
