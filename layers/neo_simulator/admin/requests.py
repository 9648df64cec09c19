"""What the admin API accepts, checked before anything happens."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, validate_call

from neo_simulator.errors import NotPossible, UnknownRecord
from neo_simulator.operations import Operations


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewCompany(Strict):
    """A company to be made. What is not given is chosen."""

    zone: str = "America/Los_Angeles"
    company_id: str | None = Field(default=None, pattern=r"^[0-9]{1,12}$")
    username: str = Field(default="robin.reader", min_length=1)
    password: str = Field(default="Correct-Horse-7", min_length=1)
    name: str = "Example Animal Clinic"
    now: datetime | None = None
    """The clock stands still at this wall-clock time, and the generated past lies before it."""
    past_until: datetime | None = None
    """With a clock that does not stand still: until when ordinary visits have taken place."""
    generate: bool = True
    seed: int = 1
    days: tuple[date, date] | None = None
    """First and last generated day; else the clock's week."""
    visits_per_day: int = Field(default=20, ge=0, le=10_000)
    visits: int | None = Field(default=None, ge=0, le=200_000)
    """Exact number of visits in all; else `visits_per_day` on every day but Sundays."""
    rooms: int = Field(default=3, ge=1, le=40)
    ugly: bool = False
    blocks: bool = True
    id_base: int | None = Field(default=None, ge=1, le=10**9)
    """First appointment id; the same by default, so that companies share their ids."""
    variant: int | None = Field(default=None, ge=0)
    """Which names of rooms, types and providers it has; else those of its own number."""
    branch: int = Field(default=1, ge=1, le=100)
    """Branches beyond the first have rooms of their own: 23, 24, … in the second one."""


class Operation(Strict):
    name: str
    arguments: dict[str, Any] = {}


class ClockSetting(Strict):
    """One of: stand still or run on from a wall-clock time; move on; be real."""

    at: datetime | None = None
    running: bool = False
    advance_seconds: float | None = None
    real: bool = False


class KnobValue(Strict):
    value: Any


class NewPassword(Strict):
    password: str = Field(min_length=1)


OPERATIONS: dict[str, Callable[..., Any]] = {
    name: validate_call(getattr(Operations, name))
    for name in dir(Operations)
    if not name.startswith("_") and callable(getattr(Operations, name))
}
"""Every public method of Operations, its arguments checked and converted."""


def perform(operations: Operations, wanted: Operation) -> Any:
    """Do it; what it returns is an id or nothing."""
    operation = OPERATIONS.get(wanted.name)
    if operation is None:
        raise UnknownRecord(
            f"no operation is called {wanted.name!r}; there are {', '.join(OPERATIONS)}"
        )
    try:
        return operation(operations, **wanted.arguments)
    except ValidationError as error:
        raise NotPossible(f"{wanted.name}: {explained(error)}") from None


def explained(error: ValidationError) -> str:
    """The faults as one line: field and what is wrong with it."""
    faults = error.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
