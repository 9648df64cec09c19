"""Why ODIS and Neo differ, and what is done about each cause: the one table of both. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

from idexx_sync.core.catalog import LoggedKind

Cause = Literal[
    "cancelled_in_neo",
    "deleted_in_neo",
    "moved",
    "missing_in_odis",
    "status_differs",
    "contact_differs",
    "record_differs",
    "duplicate_case",
    "reappeared",
    "edited_in_odis",
]
CAUSES: Final[tuple[Cause, ...]] = get_args(Cause)
Treatment = Literal["fix", "hold", "report", "ignore"]
TREATMENTS: Final[tuple[Treatment, ...]] = get_args(Treatment)
Outcome = Literal["fixed", "held", "reported", "ignored", "left"]
"""What became of a difference: `left` is what was to be fixed and was not, because somebody had
changed the row meanwhile, the read proves too little, or fixing it has not helped before."""
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)


@dataclass(frozen=True, slots=True)
class Policy:
    """What is done about one cause, unless the clinic wants something else."""

    treatment: Treatment
    because: str
    fixes: frozenset[LoggedKind] = frozenset()
    """What a clinic may have fixed, or held, for this cause; of all else it is only reported."""
    passes: bool = True
    """Whether one of our syncs, or this one, should end it: then three nights of it are our bug."""


_BOTH: Final[frozenset[LoggedKind]] = frozenset({"appointment", "case"})
_CALENDAR: Final[frozenset[LoggedKind]] = frozenset({"appointment"})

POLICIES: Final[Mapping[Cause, Policy]] = {
    "cancelled_in_neo": Policy(
        "fix", "Neo says it of this very visit, and a call about it would be wrong", _BOTH
    ),
    "deleted_in_neo": Policy(
        "fix", "proven by its own id (R6); a finalised visit waits for a person (R7)", _BOTH
    ),
    "moved": Policy("fix", "Neo says when this very visit is", _BOTH),
    "reappeared": Policy("fix", "it was we who removed it, and Neo shows it", _BOTH),
    "missing_in_odis": Policy(
        "report", "whoever reads the day makes it; a case made late calls late", _CALENDAR
    ),
    "status_differs": Policy(
        "report", "the case sync completes cases, by rules that need the record", _CALENDAR
    ),
    "contact_differs": Policy("report", "the case sync writes contacts, and keeps edits (R15)"),
    "record_differs": Policy("report", "the case sync writes records, and screens them (R19)"),
    "duplicate_case": Policy("report", "which case counts only ODIS can say", passes=False),
    "edited_in_odis": Policy("report", "a person's edit stays (R15)", passes=False),
}
"""Cause -> what is done about it and why."""


@dataclass(frozen=True, slots=True)
class Override:
    """What a clinic wants done about a cause."""

    treatment: Treatment
    until: date | None = None
    """The last clinic-local day on which the cause is ignored; None: it is not."""


type Overrides = Mapping[Cause, Override]


def treatment_of(cause: Cause, kind: LoggedKind, overrides: Overrides, today: date) -> Treatment:
    """What is done about the cause of a record of this kind on a clinic-local day."""
    policy, wanted = POLICIES[cause], overrides.get(cause)
    if wanted is None or (wanted.until is not None and today > wanted.until):
        return policy.treatment
    if wanted.treatment in ("fix", "hold") and kind not in policy.fixes:
        return "report"
    return wanted.treatment
