"""How a clinic's runs stand: what they have read of a day, when they come again, and what keeps
them from it. Pure; all that is said of an appointment or a time rests on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from idexx_sync.clinics.needs import Need, blocker
from idexx_sync.clinics.overview import ClinicOverview
from idexx_sync.clinics.status import clinic_status
from idexx_sync.core.catalog import CATALOG, SYNCS, SyncName
from idexx_sync.core.clinic_time import local_day, zone_of
from idexx_sync.core.phrases import local_moment
from idexx_sync.core.vocabulary import JobStatus, Manner, Stage
from idexx_sync.explain.model import NamedHold
from idexx_sync.pims.protocol import Window
from idexx_sync.syncs.gate import FOREIGN
from idexx_sync.syncs.holds import REVIVED

FALLS_SHORT: Final = frozenset({"foreign_calendar"})
"""Why a run that has read a day wrote nothing of it."""


@dataclass(frozen=True, slots=True)
class Read:
    """A run that has read a day, and ended."""

    job_id: UUID
    sync: SyncName
    status: JobStatus
    manner: Manner
    ended_at: datetime
    first_day: str
    last_day: str
    unfresh: str | None
    error_kind: str | None

    @property
    def wrote(self) -> bool:
        """Whether what it found was written as far as it could be."""
        is_whole = self.error_kind != "shape_changed" and self.unfresh not in FALLS_SHORT
        return self.manner == "apply" and is_whole


@dataclass(frozen=True, slots=True)
class Runs:
    """What is to be said of a clinic's runs, with regard to one day."""

    clinic_id: UUID
    zone: ZoneInfo
    now: datetime
    stage: Stage | None
    horizon_days: int = 14
    next_at: Mapping[SyncName, datetime | None] = field(default_factory=dict)
    blockers: Mapping[SyncName, Need | None] = field(default_factory=dict)
    reads: Sequence[Read] = ()
    """Of the day, newest first."""
    holds: Sequence[NamedHold] = ()
    """Those in force."""

    def last_read(self, sync: SyncName) -> Read | None:
        """The last run that has read the day and written what it found."""
        return next((read for read in self.reads if read.sync == sync and read.wrote), None)

    def window(self, sync: SyncName) -> Window:
        """The days that a run reads by itself."""
        today = local_day(self.now, self.zone)
        return Window(*CATALOG[sync].default_window.around(today, self.horizon_days))

    def foreign(self, sync: SyncName) -> NamedHold | None:
        """The hold because of which a run of the sync writes nothing at all; one of another sync
        binds it too, once it is rejected."""
        held = [h for h in self.holds if h.cause == FOREIGN and h.status in ("open", "rejected")]
        own = (hold for hold in held if hold.sync == sync)
        return next(own, next((hold for hold in held if hold.status == "rejected"), None))

    def moment(self, instant: datetime) -> str:
        """`2026-05-04 07:00 PDT`, on the clinic's clock."""
        return local_moment(instant, self.zone)

    def before_any(self, sync: SyncName, need: Need) -> str:
        """What has to be done before a run of the sync can succeed."""
        who = {"clinic": "the clinic", "odis": "ODIS"}.get(need.who, "somebody")
        return f"no {sync} run can succeed before {who} has acted: {need.what}"

    def next_run(self, sync: SyncName, day: date) -> str:
        """What lets a run of the sync take over what it finds on the day, and when that is."""
        order = f"idexx-sync sync {sync} --clinic {self.clinic_id}"
        need, hold = self.blockers.get(sync), self.foreign(sync)
        if need is not None and need.who != "nobody":
            return self.before_any(sync, need)
        if self.stage == "shadow":
            return (
                "runs of a clinic in shadow write nothing; to let them: "
                f"idexx-sync clinics add {self.clinic_id} --stage live"
            )
        if hold is not None:
            return f"no {sync} run takes it while hold {hold.id} stands: {hold_step(hold)}"
        if day not in (usual := self.window(sync)):
            return (
                f"{sync} runs read {usual.first_day} to {usual.last_day} by themselves "
                f"({self.zone.key}); this one reads the day: {order} --from {day} --to {day}"
            )
        due = self.next_at.get(sync)
        if due is None:
            return f"no {sync} run is scheduled; this one takes it: {order}"
        once = f", once this is over: {need.what}" if need else ""
        return f"the next {sync} run at {self.moment(due)} takes it{once}; at once: {order}"


def hold_step(hold: NamedHold) -> str:
    """What a person does about a hold in force."""
    see = f"idexx-sync holds show {hold.id}"
    if hold.status == "open":
        return f"decide: {see}, then holds approve or holds reject"
    if hold.status == "rejected" and hold.cause == REVIVED:
        return f"nothing is to do before Neo shows it again; what was decided: {see}"
    if hold.status == "rejected":
        return f"it is asked about again once its findings change; what was decided: {see}"
    return f"the next {hold.sync} run lets it in; {see}"


def runs_of(
    overview: ClinicOverview, horizon_days: int, reads: Sequence[Read], holds: Sequence[NamedHold]
) -> Runs:
    """How the runs of the overview's clinic stand."""
    now = overview.read_at
    status = clinic_status(overview, now)
    return Runs(
        clinic_id=overview.id,
        zone=zone_of(overview.timezone),
        now=now,
        stage=overview.stage,
        horizon_days=horizon_days,
        next_at={one.sync: one.next_run_at for one in status.syncs},
        blockers={sync: blocker(overview, sync, now) for sync in SYNCS},
        reads=reads,
        holds=holds,
    )
