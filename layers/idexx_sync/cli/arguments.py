"""Arguments that several commands take, and how their texts are read."""

import re
from datetime import date, time
from typing import Annotated
from uuid import UUID

import typer

from idexx_sync.cli.errors import usage_errors
from idexx_sync.core.settings import Settings


def as_id(text: str) -> UUID:
    """Any spelling of a UUID; anything else is a usage error that names the argument."""
    try:
        return UUID(text)
    except ValueError:
        raise typer.BadParameter(
            f"{shortened(text)} is not an id; "
            "ids look like 3f2b8c1e-5a77-4d0e-9c52-0d8f6a1b2c3d and are shown by the list commands"
        ) from None


def as_day(text: str) -> date:
    """An ISO date that exists."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{shortened(text)} is not a day of the calendar; give one such as 2026-05-04"
        ) from None
    if not 2000 <= day.year <= 2199:
        raise typer.BadParameter(f"the year {day.year} lies outside of 2000 to 2199")
    return day


def as_time(text: str) -> time:
    """A time of day such as 09:00."""
    try:
        if re.fullmatch(r"\d{1,2}:\d\d", text):
            return time.fromisoformat(text.zfill(5))
    except ValueError:
        pass  # such as 25:00
    raise typer.BadParameter(f"{shortened(text)} is not a time of day; give one such as 09:00")


def as_base_url(settings: Settings, text: str) -> str:
    """A clinic's Neo address that this deployment allows."""
    with usage_errors():
        return settings.allowed_base_url(text)


def shortened(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")


Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output, nothing else.")
]
ClinicArgument = Annotated[
    UUID, typer.Argument(metavar="CLINIC_ID", parser=as_id, help="The clinic's id in ODIS.")
]
ClinicOption = Annotated[
    UUID, typer.Option("--clinic", metavar="ID", parser=as_id, help="The clinic's id in ODIS.")
]
AnyClinicOption = Annotated[
    UUID | None, typer.Option("--clinic", metavar="ID", parser=as_id, help="Of this clinic only.")
]
Limit = Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="At most so many.")]
