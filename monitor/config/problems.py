"""What is wrong with a configuration: one line each, with its path."""

from pydantic_core import ErrorDetails

from monitor.config.masking import masked


def problems(errors: list[ErrorDetails]) -> list[str]:
    """The lines for what pydantic found; a bad item does not blame its list too."""
    # A list is also called too short when its items are bad: only the items are news.
    inner = {error["loc"][:n] for error in errors for n in range(len(error["loc"]))}
    inner.discard(())
    return [_problem(error) for error in errors if error["loc"] not in inner]


def _problem(error: ErrorDetails) -> str:
    path = _path(error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{path}: unknown key"
    if error["type"] == "missing":
        return f"{path}: missing; it is needed"
    allowed = error["msg"].removeprefix("Value error, ")
    if not path:
        return allowed
    if error["type"] == "service_url":
        return f"{path}: found no service's address; allowed: {allowed}"
    return f"{path}: found {_short(error['input'])}; allowed: {allowed}"


def _path(loc: tuple[int | str, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return text.removeprefix(".")


def _short(value: object) -> str:
    try:
        text = repr(masked(value) if isinstance(value, str) else value)
    except ValueError:  # Python writes no number of more than some thousand digits
        text = "a number that is far too long"
    return text if len(text) <= 80 else f"{text[:77]}..."
