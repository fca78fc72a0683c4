"""Values of requests and answers: how long, which characters, from when to when."""

import re
from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from models.terms import FIRST_YEAR, LAST_YEAR
from worker.pipeline.roster_file import LONGEST, is_key

# No text of the database holds NUL; keys with a slash are no part of an address.
_STORABLE = r"^[^\x00]*$"
_KEY = r"^[^\x00/]+$"
Text = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST, pattern=_STORABLE)]


def _part_of_address(key: str) -> str:
    if not is_key(key) or "\0" in key:
        raise ValueError("must hold neither a slash nor NUL, and not be . or ..: keys are parts of addresses")
    return key


Key = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST),
    AfterValidator(_part_of_address),
    Field(json_schema_extra={"pattern": _KEY}),
]
Email = Annotated[str, StringConstraints(max_length=LONGEST, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$")]
LARGEST = 2**63 - 1
Id = Annotated[int, Field(strict=True, ge=1, le=LARGEST)]
PathKey = Annotated[str, Path(min_length=1, max_length=LONGEST, pattern=_KEY), AfterValidator(_part_of_address)]
# NetSuite numbers orders as it likes, slashes included.
PathNumber = Annotated[str, Path(min_length=1, max_length=LONGEST, pattern=_STORABLE)]
PathId = Annotated[int, Path(ge=1, le=LARGEST)]
Limit = Annotated[int, Query(ge=1, le=1000, description="Most items of one answer.")]
Cursor = Annotated[
    str | None, Query(max_length=2000, description="`next` of the answer before; nothing for the first one.")
]
QueryText = Annotated[str, Query(max_length=LONGEST, pattern=_STORABLE)]


def _as_days_are_written(sent: Any) -> Any:
    """Not as seconds since 1970, nor as an instant, which is another day elsewhere: both would be guesses."""
    if not isinstance(sent, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", sent):
        raise ValueError("must be a day like 2026-12-31")
    return sent


def _in_range(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"must be of the years {FIRST_YEAR} to {LAST_YEAR}")
    return day


Day = Annotated[date, BeforeValidator(_as_days_are_written), AfterValidator(_in_range)]
MOST_FIELDS = 100  # of a body: each that is not known costs far more to refuse than to send


class Body(BaseModel):
    """What is sent: nothing that is not known is passed over."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _has_not_too_many_fields(cls, sent: Any) -> Any:
        if isinstance(sent, dict) and len(sent) > MOST_FIELDS:
            raise ValueError(f"has {len(sent):,} fields")
        return sent

    def says(self, field: str) -> bool:
        """Whether the field was sent, be it as null."""
        return field in self.model_fields_set
