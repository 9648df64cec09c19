"""What a sync gets to work with, and what it gives back."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Protocol
from uuid import UUID

from idexx_sync.alerts.kinds import Opening
from idexx_sync.clinics.store import Clinic
from idexx_sync.core.catalog import CATALOG, SyncName
from idexx_sync.core.clinic_time import local_day
from idexx_sync.core.errors import SyncError
from idexx_sync.core.faults import MOST_NAMED, Fault, FaultCode, named
from idexx_sync.core.fingerprints import Fingerprints
from idexx_sync.core.phrases import counted
from idexx_sync.core.vocabulary import JobStatus, Manner
from idexx_sync.database.business_time import Clock
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.heartbeat import Lifetime
from idexx_sync.jobs.leases import Lease
from idexx_sync.jobs.model import Job
from idexx_sync.jobs.params import MOST_DAYS, Params, WindowParams
from idexx_sync.pims.protocol import Pims, Window

FAULTS: Final[Mapping[FaultCode, str]] = {
    "unreadable": "values_unreadable",
    "refused": "rows_refused",
    "unread": "records_partly_unread",
    "unforeseen": "records_unforeseen",
}
"""Code of a fault -> the warning that counts its like."""

WRITING: Final = "write"
"""The phase in which what was read is judged and written."""

Unfresh = Literal[
    "not_applied",
    "foreign_calendar",
    "empty_calendar",
    "unproven_losses",
    "times_shifted",
    "read_incomplete",
    "other_days",
    "conflicts",
    "refused",
    "days_left",
    "came_later",
    "stopped_by_pause",
]
"""Why a run that ended well does not say that a clinic's rows are up to date (rule R13)."""


class Progress(Protocol):
    """Told how far a run has come; a phase without a total has no known end."""

    def begun(self, job: Job) -> None: ...

    def phase(self, name: str, total: int | None = None) -> None: ...

    def advance(self, steps: int = 1) -> None: ...

    def committed(self, counts: Mapping[str, int]) -> None:
        """A piece is committed; the counts are of all pieces so far."""


class Silent:
    """Progress that nobody watches."""

    def begun(self, job: Job) -> None:
        pass

    def phase(self, name: str, total: int | None = None) -> None:
        pass

    def advance(self, steps: int = 1) -> None:
        pass

    def committed(self, counts: Mapping[str, int]) -> None:
        pass


class Beating:
    """Progress that is also a sign of life."""

    def __init__(self, progress: Progress, lifetime: Lifetime) -> None:
        self._progress = progress
        self._lifetime = lifetime

    def begun(self, job: Job) -> None:
        self._progress.begun(job)

    def phase(self, name: str, total: int | None = None) -> None:
        self._lifetime.beat()
        self._progress.phase(name, total)

    def advance(self, steps: int = 1) -> None:
        self._lifetime.beat()
        self._progress.advance(steps)

    def committed(self, counts: Mapping[str, int]) -> None:
        self._progress.committed(counts)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a sync, with the clinic's lease in hand."""

    conn: Conn
    job: Job
    lease: Lease
    clinic: Clinic
    params: Params
    manner: Manner
    fingerprints: Fingerprints = field(repr=False)
    clock: Clock
    """Business time, as the database told it when the run began."""
    progress: Progress
    time_left: Callable[[], float] = lambda: math.inf
    """Seconds that the run may still work."""
    last_success_at: datetime | None = None
    """When the clinic's last run of this sync ended that brought all up to date; None: none did."""

    def beat(self) -> None:
        """Tell that the run moves; raises why it must not move on, if it must not."""
        self.progress.advance(0)

    @property
    def days(self) -> WindowParams:
        """The parameters of a sync that is asked for days."""
        assert isinstance(self.params, WindowParams)
        return self.params

    def usual_days(self, now: datetime) -> Window:
        """The days that the sync reads while all is well, in clinic-local days."""
        today = local_day(now, self.clinic.zone)
        default = CATALOG[self.job.sync].default_window
        return Window(*default.around(today, self.clinic.schedule.horizon_days))

    def own_days(self, now: datetime) -> Window:
        """The days that the sync is for while nobody names others: the usual ones, and after an
        outage those that no run has read since the last success (rule R2)."""
        today, last = local_day(now, self.clinic.zone), self.last_success_at
        succeeded_on = None if last is None else local_day(last, self.clinic.zone)
        default = CATALOG[self.job.sync].default_window
        horizon = self.clinic.schedule.horizon_days
        return Window(*default.reaching_back(today, horizon, succeeded_on, MOST_DAYS))

    def days_lost(self, now: datetime) -> Window | None:
        """Days that no run has read since the last success, and that lie too far back for the
        sync's own days; None: there are none."""
        last, default = self.last_success_at, CATALOG[self.job.sync].default_window
        if last is None or not default.reaches_back:
            return None
        missed = local_day(last, self.clinic.zone) - timedelta(days=default.days_back)
        first = self.own_days(now).first_day
        return Window(missed, first - timedelta(days=1)) if missed < first else None

    def window(self, now: datetime) -> Window:
        """The days to read: those asked for, one end completed by the usual one, else its own."""
        if self.days.first_day is None and self.days.last_day is None:
            return self.own_days(now)
        usual = self.usual_days(now)
        return self.days.window(usual.first_day, usual.last_day)

    def unfresh(self, window: Window, own_days: Window, *, complete: bool) -> Unfresh | None:
        """Why a read of the window is no sign of freshness, be it all written; None: it is one."""
        if self.manner != "apply":
            return "not_applied"
        if not complete:
            return "read_incomplete"
        covers = window.first_day <= own_days.first_day and own_days.last_day <= window.last_day
        return None if covers else "other_days"


@dataclass(slots=True)
class Report:
    """What a run did, for the job's row; counts, codes and ids only."""

    counts: dict[str, int]
    warnings: dict[str, int] = field(default_factory=dict)
    """Code -> how often."""
    waiting_holds: int = 0
    """Holds that wait for a person after this run."""
    held: dict[str, int] = field(default_factory=dict)
    """Cause -> how many records were held back."""
    window: tuple[str, str] | None = None
    """First and last day, ISO."""
    for_review: list[str] = field(default_factory=list)
    """Ids of records that a person should look at."""
    unknown_fields: list[str] = field(default_factory=list)
    """Names of fields that the source showed for the first time."""
    in_doubt: dict[str, str] = field(default_factory=dict)
    """Id of a record that takes time because it is in doubt -> why, in one word (rule R3)."""
    unread: dict[str, str] = field(default_factory=dict)
    """Id of a visit whose clinical record gave nothing -> why, in one word (rule R17)."""
    days_lost: tuple[str, str] | None = None
    """First and last of the days that no run has read and that are too old to be read now."""
    faults: list[dict[str, str]] = field(default_factory=list)
    """Rows that could not be read or were refused: table, column or constraint, id (rule R26)."""
    plan: list[dict[str, Any]] | None = None
    """The first changes of a run that applies none: key, action, reason and names of fields."""
    planned: int = 0
    """How many there are altogether."""
    discrepancies: dict[str, dict[str, int]] | None = None
    """Cause of a difference to the source -> what became of it -> how many; None: the sync
    compares nothing."""
    days_left: tuple[str, str] | None = None
    """First and last of the days that were left for the next run."""
    unfresh: Unfresh | None = "not_applied"
    """Why the run is no sign that the clinic's rows are up to date; None: it is one."""
    failure: SyncError | None = None
    """Why the run failed although what it could do is written; no retry would help."""
    also_tells: tuple[Opening, ...] = ()
    """Alerts beside that of how the run ended. Those of kinds in `SAID_ANEW` are given by every
    run for which it is so, whatever its days, or its end closes them."""

    def name_faults(self, faults: Collection[Fault]) -> None:
        """Name the rows that could not be read or were refused, and warn of their number."""
        self.faults = named(faults)
        for code, warning in FAULTS.items():
            if number := sum(fault.code == code for fault in set(faults)):
                self.warnings[warning] = number

    @property
    def status(self) -> JobStatus:
        if self.failure is not None:
            return "failed"
        if self.waiting_holds:
            return "held"
        return "succeeded_with_warnings" if self.warnings else "succeeded"

    @property
    def summary(self) -> str:
        """One phrase for people; never a bare zero."""
        done = self._differences() or self._changed()
        if not self.counts["read"]:
            return ", ".join(["read nothing", *done])
        return f"{', '.join(done) or 'nothing changed'} (checked {self.counts['read']})"

    def _differences(self) -> list[str]:
        """`5 differences: 2 fixed, 3 reported`; nothing of a run that compares and found none, or
        that compares nothing."""
        outcomes: Counter[str] = Counter()
        for became in (self.discrepancies or {}).values():
            outcomes.update(became)
        if not outcomes.total():
            return []
        became_of = {**outcomes, "held": outcomes["held"] or sum(self.held.values())}
        said = ", ".join(f"{number} {name}" for name, number in sorted(became_of.items()) if number)
        return [f"{counted(outcomes.total(), 'difference')}: {said}"]

    def _changed(self) -> list[str]:
        """`2 created, 3 held`, or that a run that compares found nothing that differs."""
        counts = self.counts
        changed = [
            f"{counts[name]} {name}" for name in ("created", "updated", "removed") if counts[name]
        ]
        if self.held:
            changed.append(f"{sum(self.held.values())} held")
        if not changed and self.discrepancies is not None and counts["read"]:
            return ["no difference"]
        return changed

    def as_result(self) -> dict[str, Any]:
        result: dict[str, Any] = {
            "summary": self.summary,
            "counts": self.counts,
            "warnings": self.warnings,
            "held": self.held,
            "window": self.window,
            "fresh": self.unfresh is None and self.failure is None,
            "unfresh": self.unfresh,
        }
        if self.for_review:
            result["for_review"] = self.for_review
        if self.unknown_fields:
            result["unknown_fields"] = self.unknown_fields
        if self.in_doubt:
            result["in_doubt"] = dict(sorted(self.in_doubt.items())[:MOST_NAMED])
        if self.unread:
            result["unread"] = dict(sorted(self.unread.items())[:MOST_NAMED])
        if self.days_lost is not None:
            result["days_lost"] = self.days_lost
        if self.discrepancies is not None:
            result["discrepancies"] = self.discrepancies
        if self.days_left is not None:
            result["days_left"] = self.days_left
        if self.faults:
            result["faults"] = self.faults
        if self.plan is not None:
            result["plan"] = self.plan
            result["planned"] = self.planned
        return result


class Sync(Protocol):
    """One of the three syncs: reads, plans, judges, and applies in transactions of its own.

    It ends the job in its last transaction, so that the rows and the outcome commit together.
    """

    @property
    def name(self) -> SyncName: ...

    def __call__(self, run: Run, pims: Pims) -> Report: ...


class OpenPims(Protocol):
    """Opens the clinic's PIMS for one run; closing it leaves nothing behind."""

    def __call__(
        self,
        clinic: Clinic,
        job_id: UUID,
        session: tuple[int, bytes] | None,
        lifetime: Lifetime,
        clock: Clock,
    ) -> AbstractContextManager[Pims]:
        """`session` is the stored one: credential version and sealed content. `clock` is the
        run's.

        The PIMS tells `lifetime` of each step and can be cut off by it.
        """
        ...
