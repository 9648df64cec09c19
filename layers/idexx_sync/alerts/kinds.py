"""What of a job's end has to be told, and what it makes good. Pure.

One open alert per clinic and kind: a kind is that of an error somebody must act on, `held` for a
hold that waits for a person, `stale` for data that have grown old, or one that a run tells beside
how it ended. Errors on which nobody has to act are told by their data growing old, and not before.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from idexx_sync.core.errors import ClinicMustAct, SyncError, WhoActs
from idexx_sync.core.vocabulary import JobStatus

HELD: Final = "held"
STALE: Final = "stale"
DISCREPANCY_STAYS: Final = "discrepancy_stays"
CLOSED_CASE_HAS_CALL: Final = "closed_case_has_call"
SAID_ANEW: Final = (DISCREPANCY_STAYS, CLOSED_CASE_HAS_CALL)
"""Kinds that every run of their sync says again as long as it is so: one that ends well without
saying it shows that it no longer is."""
MOST_RECORDS: Final = 20
"""An alert names so many records; the migrations refuse more."""
ABANDONED: Final = "abandoned"
"""Code of a job that was ended because nobody was going to run it any more."""
ENDED_WELL: Final[tuple[JobStatus, ...]] = ("succeeded", "succeeded_with_warnings", "held")
"""Statuses of a run that reached Neo, read and wrote."""
OF_THE_LOGIN: Final[tuple[str, ...]] = tuple(
    sorted(kind.kind for kind in ClinicMustAct.__subclasses__())
)
"""Kinds that concern all syncs of a clinic, because these share one login."""

AlertStatus = Literal["open", "closed"]
Closing = Literal["succeeded", "no_longer_so", "not_watched", "few_left"]
"""Why an alert is closed: a run went well; the clinic's state says so; the clinic is no longer
synced; too few clinics are left to stand for."""


@dataclass(frozen=True, slots=True)
class Opening:
    """An alert that a job's end opens, or tells once more."""

    kind: str
    who_acts: WhoActs
    code: str | None
    records: tuple[str, ...] = ()
    """Ids of the cases or discrepancies that it is about; no personal data."""


def openings(
    status: JobStatus, error: SyncError | None, also_tells: Iterable[Opening] = ()
) -> list[Opening]:
    """The alerts of a job that ended so and tells those beside: one of each kind, the first one
    with the records of all, of which the first 20 are kept."""
    told: dict[str, Opening] = {}
    of_its_end = opening(status, error)
    for one in (*([of_its_end] if of_its_end else []), *also_tells):
        first = told.setdefault(one.kind, one)
        told[one.kind] = replace(first, records=(*first.records, *one.records))
    return [_named(one) for one in told.values()]


def _named(one: Opening) -> Opening:
    """With each record once, and no more of them than an alert names."""
    return replace(one, records=tuple(dict.fromkeys(one.records))[:MOST_RECORDS])


def opening(status: JobStatus, error: SyncError | None) -> Opening | None:
    """The alert of a job that ended so; None: there is nothing to tell."""
    if status == "held":
        return Opening(HELD, "odis", None)
    if status not in ("failed", "dead") or error is None or error.who_acts == "nobody":
        return None
    return Opening(error.kind, error.who_acts, error.code)


def makes_good(status: JobStatus) -> bool:
    """Whether a job that ended so shows that what was wrong with its sync no longer is."""
    return status in ENDED_WELL
