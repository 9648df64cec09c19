"""Arguments that several commands take, and how their texts are read."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer

from idexx_sync.cli.errors import usage_errors
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.id_prefix import SHORTEST_PREFIX, ids_beginning_with
from idexx_sync.core.invisible import tidied
from idexx_sync.core.settings import Settings
from idexx_sync.operations.decisions import LONGEST_REASON


def as_id(text: str) -> UUID:
    """Any spelling of a UUID; anything else is a usage error that names the argument."""
    try:
        return UUID(text)
    except ValueError:
        raise typer.BadParameter(
            f"{shortened(text)} is not an id; "
            "ids look like 3f2b8c1e-5a77-4d0e-9c52-0d8f6a1b2c3d and are shown by the list commands"
        ) from None


def as_id_beginning(text: str) -> str:
    """A whole id, or its beginning of at least 4 digits; else a usage error."""
    if ids_beginning_with(text) is None:
        raise typer.BadParameter(
            f"{shortened(text)} is not an id; ids look like 3f2b8c1e-5a77-4d0e-9c52-0d8f6a1b2c3d "
            f"and are shown by the list commands, and their first {SHORTEST_PREFIX} characters do "
            "where no other one begins so"
        )
    return text.strip()


def as_name(text: str) -> str:
    """What names a clinic; a usage error for what can't name any."""
    if not text.strip() or len(text) > LONGEST_NAME or not text.isprintable():
        raise typer.BadParameter("the name or the id of a clinic is expected")
    return text.strip()


def as_filled(text: str) -> str:
    """A text with something in it; blank or unprintable is a usage error, and never "any"."""
    if not text.strip() or not text.isprintable():
        raise typer.BadParameter("something is expected here; leave the option out for any")
    return text.strip()


def as_reason(text: str) -> str:
    """Why something is done, as one line of visible characters; else a usage error."""
    said = tidied(text)
    if not said:
        raise typer.BadParameter("say in a few words why, for those who look later")
    if len(said) > LONGEST_REASON:
        raise typer.BadParameter(f"has {len(said)} characters, at most {LONGEST_REASON} fit")
    return said


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


def as_moment(text: str) -> datetime:
    """A day, which is where it begins by UTC, or a moment with its zone."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text.strip()):
        return datetime.combine(as_day(text.strip()), time.min, UTC)
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(
            f"{shortened(text)} is no moment; give a day such as 2026-05-04, which begins in UTC, "
            "or a moment with its zone such as 2026-05-04T09:00-07:00"
        ) from None
    as_day(moment.date().isoformat())
    if moment.tzinfo is None:
        raise typer.BadParameter(
            f"{shortened(text)} has no zone; add one, such as Z for UTC, or -07:00"
        )
    return moment.astimezone(UTC)


def as_time(text: str) -> time:
    """A time of day such as 09:00."""
    try:
        if re.fullmatch(r"\d{1,2}:\d\d", text):
            return time.fromisoformat(text.zfill(5))
    except ValueError:
        pass  # such as 25:00
    raise typer.BadParameter(f"{shortened(text)} is not a time of day; give one such as 09:00")


def as_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """Reads a whole number from `least` to `most`; None: as large as it may be."""
    takes = f"of {least} or more" if most is None else f"from {least} to {most}"

    def number(text: str) -> int:
        if re.fullmatch(r"-?[0-9]{1,9}", str(text).strip()):  # a default is a number already
            given = int(text)
            if given >= least and (most is None or given <= most):
                return given
        raise typer.BadParameter(f"{shortened(text)} is not a whole number {takes}")

    return number


def as_base_url(settings: Settings, text: str) -> str:
    """A clinic's Neo address that this deployment allows."""
    with usage_errors():
        return settings.allowed_base_url(text)


def shortened(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")


def day_begins(day: date | None) -> datetime | None:
    """Where a day begins by UTC, by which all clinics' days are alike."""
    return None if day is None else datetime.combine(day, time.min, UTC)


LONGEST_NAME: Final = 200
MOST_AT_ONCE: Final = 1000
NAMED: Final = "its name in ODIS or its id, or how one of these begins"
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output, nothing else.")
]
ClinicArgument = Annotated[
    str, typer.Argument(metavar="CLINIC", parser=as_name, help=f"The clinic: {NAMED}.")
]
ClinicOption = Annotated[
    str,
    typer.Option("--clinic", metavar="CLINIC", parser=as_name, help=f"The clinic: {NAMED}."),
]
AnyClinicOption = Annotated[
    str | None,
    typer.Option(
        "--clinic", metavar="CLINIC", parser=as_name, help=f"Of this clinic only: {NAMED}."
    ),
]
SyncOption = Annotated[SyncName | None, typer.Option("--sync", help="Of this sync only.")]
Since = Annotated[
    date | None,
    typer.Option("--since", metavar="DATE", parser=as_day, help="From this day on, in UTC."),
]
Values = Annotated[
    bool,
    typer.Option(
        "--values", help="Show names, phones, notes and other personal values as they are."
    ),
]
By = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Who decides; else the name of your account. Over the API it is the key.",
    ),
]
Png = Annotated[
    Path | None,
    typer.Option(
        "--png",
        metavar="FILE",
        dir_okay=False,
        help="Write the plot there as well; takes matplotlib, the extra `png`.",
    ),
]
Limit = Annotated[
    int,
    typer.Option(
        metavar="N",
        parser=as_number(1, MOST_AT_ONCE),
        help=f"At most so many, from 1 to {MOST_AT_ONCE}.",
    ),
]
