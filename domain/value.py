"""The one shape of every domain value: frozen, closed, compared by content."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""Business time zone; every stored instant is UTC."""


class Value(BaseModel):
    """A frozen value. Unknown fields are an error, so a typo never becomes a silent default.

    Errors hide the rejected input: it may be personal data.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def __copy__(self) -> Self:
        """A shallow copy: pydantic's own also copies what a closed value never has, at twice the time of folding."""
        made = object.__new__(type(self))
        object.__setattr__(made, "__dict__", self.__dict__.copy())
        object.__setattr__(made, "__pydantic_fields_set__", self.__pydantic_fields_set__.copy())
        object.__setattr__(made, "__pydantic_extra__", None)
        object.__setattr__(made, "__pydantic_private__", None)
        return made


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_utc)]
"""An instant with a zone, normalised to UTC. A naive datetime is refused."""


def local(instant: datetime) -> str:
    """An instant as the clock on a wall in Shanghai shows it."""
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
