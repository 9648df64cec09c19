"""What of a job's end has to be told, and what it makes good. Pure.

One open alert per clinic and kind: a kind is that of an error somebody must act on, `held` for a
hold that waits for a person, or `stale` for data that have grown old. Errors on which nobody has to
act are told by their data growing old, and not before.
"""

from dataclasses import dataclass
from typing import Final, Literal

from idexx_sync.core.errors import ClinicMustAct, SyncError, WhoActs
from idexx_sync.core.vocabulary import JobStatus

HELD: Final = "held"
STALE: Final = "stale"
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
