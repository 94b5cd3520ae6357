"""What an annotation asks of a value; pydantic reads it, where a file is read.

Marks of our own: whoever only works with a configuration that was read (the measuring
process, for months) does not load pydantic for them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from monitor.untyped import Theirs

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


@dataclass(frozen=True, slots=True)
class Before:
    """A function that what was written goes through before its type is looked at."""

    check: Callable[[Theirs], object]

    def __get_pydantic_core_schema__(
        self, kind: Theirs, handler: "GetCoreSchemaHandler"
    ) -> "CoreSchema":
        """As pydantic asks for it."""
        from pydantic_core.core_schema import no_info_before_validator_function

        return no_info_before_validator_function(self.check, handler(kind))


@dataclass(frozen=True, slots=True)
class After:
    """A function that a value of the right type goes through."""

    check: Callable[[Theirs], object]

    def __get_pydantic_core_schema__(
        self, kind: Theirs, handler: "GetCoreSchemaHandler"
    ) -> "CoreSchema":
        """As pydantic asks for it."""
        from pydantic_core.core_schema import no_info_after_validator_function

        return no_info_after_validator_function(self.check, handler(kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a number, both included."""

    ge: float
    le: float | None = None

    def __get_pydantic_core_schema__(
        self, kind: Theirs, handler: "GetCoreSchemaHandler"
    ) -> "CoreSchema":
        """As pydantic asks for it."""
        return After(self._check).__get_pydantic_core_schema__(kind, handler)

    def _check(self, value: float) -> float:
        # Around all other checks: what is told is what was written, such as 10kB.
        from pydantic_core import PydanticKnownError

        if not value >= self.ge:  # nor is what is no number
            raise PydanticKnownError("greater_than_equal", {"ge": self.ge})
        if self.le is not None and value > self.le:
            raise PydanticKnownError("less_than_equal", {"le": self.le})
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How long a text or a list is, both ends included, and what a text looks like."""

    least: int | None = None
    most: int
    pattern: str | None = None

    def __get_pydantic_core_schema__(
        self, kind: Theirs, handler: "GetCoreSchemaHandler"
    ) -> "CoreSchema":
        """As pydantic asks for it."""
        from pydantic import Field

        field = Field(min_length=self.least, max_length=self.most, pattern=self.pattern)
        return handler(Annotated[kind, field])
