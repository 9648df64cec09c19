"""Lists of jobs, holds and clinics as a person reads them: what needs somebody comes first."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from idexx_sync.cli.hold_view import is_kept
from idexx_sync.cli.job_view import outcome, spent_tries
from idexx_sync.cli.phrases import ACTORS, CAUSES, moment, took
from idexx_sync.cli.tables import Shown, entry, line
from idexx_sync.clinics.pauses import Pause, how_it_goes_on
from idexx_sync.core.catalog import CATALOG, SyncName
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.core.phrases import counted, phrase
from idexx_sync.operations.clinic_models import ClinicStatusView, NeedView, SyncStatusView
from idexx_sync.operations.models import HoldView, JobView

RED: Final = "red"

type Clinics = Mapping[UUID, ClinicStatusView]
"""How the clinics of a list stand; one that the key may not look at is left out."""


def jobs_shown(jobs: Sequence[JobView], clinics: Clinics) -> list[Shown]:
    """The jobs, those first that somebody has to do something about."""
    red = {job.id for job in waiting_for_somebody(jobs, clinics)}
    ordered = sorted(jobs, key=lambda job: job.id not in red)
    parts: list[Shown] = []
    for job in ordered:
        clinic = clinics.get(job.clinic_id)
        head = (
            str(job.id),
            moment(job.queued_at, zone_of(job.timezone)),
            _name(job.clinic_id, clinic),
            f"{job.sync} by {phrase({}, job.trigger)}",
        )
        told = [
            _how_it_went(job),
            _next_try(job),
            spent_tries(job),
            sync_shown(_sync_of(clinic, job.sync), clinic),
        ]
        style, needed = (RED, _needed(job)) if job.id in red else ("", None)
        parts += entry(head, "; ".join(filter(None, told)), style, needed)
    return parts


def waiting_for_somebody(jobs: Sequence[JobView], clinics: Clinics) -> list[JobView]:
    """The jobs that wait for a person, or failed in a way that does not pass by itself, unless the
    same was done with success since: by a newer one of these jobs, or by what the clinic tells."""
    found: list[JobView] = []
    healed: set[tuple[UUID, SyncName]] = set()
    for job in sorted(jobs, key=lambda job: (job.queued_at, job.id), reverse=True):
        what = job.clinic_id, job.sync
        if job.status in ("succeeded", "succeeded_with_warnings") and job.manner != "preview":
            healed.add(what)
        failed = job.is_final and job.error is not None and job.error.who_acts != "nobody"
        unknown = job.status == "dead" and job.error is None
        if (failed or unknown or job.status == "held") and what not in healed:
            found += [] if _went_well_since(job, clinics.get(job.clinic_id)) else [job]
    return found


def _went_well_since(job: JobView, clinic: ClinicStatusView | None) -> bool:
    """Whether the clinic's last success of the sync, listed or not, came after the job's end."""
    sync = _sync_of(clinic, job.sync)
    success = None if sync is None else sync.last_success_at
    return success is not None and success > (job.finished_at or job.queued_at)


def holds_shown(holds: Sequence[HoldView], clinics: Clinics) -> list[Shown]:
    """The holds, those first that wait for a decision."""
    parts: list[Shown] = []
    for hold in sorted(holds, key=lambda hold: hold.status != "open"):
        clinic = clinics.get(hold.clinic_id)
        head = (
            str(hold.id),
            moment(hold.opened_at, zone_of(hold.timezone)),
            _name(hold.clinic_id, clinic),
            hold.sync,
            "kept" if is_kept(hold) else hold.status,
        )
        told = [
            f"{phrase(CAUSES, hold.cause)} ({counted(hold.found, 'record')}; approving: "
            f"{hold.consequence.sentence}; version {hold.version})",
            sync_shown(_sync_of(clinic, hold.sync), clinic),
            _kept_out(hold),
        ]
        decide = f"decide: idexx-sync holds show {hold.id}"
        style, needed = (RED, decide) if hold.status == "open" else ("", None)
        parts += entry(head, "; ".join(filter(None, told)), style, needed)
    return parts


def clinics_shown(clinics: Iterable[ClinicStatusView]) -> list[Shown]:
    """The clinics in the order of `red_first`."""
    shown = [*clinics]
    parts = all_paused_shown(shown)
    for clinic in shown:
        told = [
            f"{state_of(clinic)}, {clinic.timezone or 'no time zone in ODIS'}",
            *(sync_shown(sync, clinic) for sync in clinic.syncs),
            counted(clinic.open_holds, "open hold") if clinic.open_holds else None,
            counted(len(clinic.alerts), "open alert") if clinic.alerts else None,
            f"{counted(clinic.kept_out, 'rejected hold')} kept out" if clinic.kept_out else None,
        ]
        style = RED if clinic.needs_somebody else ""
        head = str(clinic.clinic_id), clinic.name
        parts += entry(head, "; ".join(filter(None, told)), style, _first_need(clinic))
    return parts


def pause_of_all(clinics: Iterable[ClinicStatusView]) -> Pause | None:
    """The pause of all clinics, as some clinic tells it; None: none stands."""
    found = (pause.as_pause() for clinic in clinics for pause in clinic.pauses)
    return next((pause for pause in found if pause.of_all), None)


def all_paused_shown(clinics: Iterable[ClinicStatusView]) -> list[Shown]:
    """That all clinics are paused, if they are, said once for all of them."""
    if (pause := pause_of_all(clinics)) is None:
        return []
    since = pause.since_in_words(ZoneInfo("UTC"))
    return [line(f"All clinics: paused {since}; {how_it_goes_on([pause])}", RED, whole=True)]


def red_first(clinics: Iterable[ClinicStatusView]) -> list[ClinicStatusView]:
    """Those that need somebody, those that are well, and those that are not on board."""
    return sorted(clinics, key=lambda one: (not one.needs_somebody, not one.is_on_board))


def cut_shown(*, more: bool, shown: int, hint: str = "--limit shows more of them") -> list[Shown]:
    """That a list has been cut, if it was."""
    return [line(f"... and more than these {shown}; {hint}", "yellow")] if more else []


def state_of(clinic: ClinicStatusView) -> str:
    """`live`, `shadow, paused`, `live, paused with all clinics`, `not set up`, `inactive in
    ODIS`."""
    if not clinic.is_active:
        return "inactive in ODIS"
    if clinic.stage is None:
        return "not set up"
    if not clinic.pauses:
        return clinic.stage
    with_all = " with all clinics" if clinic.pauses[0].clinic_id is None else ""
    return f"{clinic.stage}, paused{with_all}"


def sync_shown(sync: SyncStatusView | None, clinic: ClinicStatusView | None) -> str | None:
    """`inbound late, last success 2026-05-04 07:00 PDT, next run 2026-05-04 09:15 PDT`."""
    if sync is None or clinic is None:
        return None
    return f"{sync.sync} {freshness_shown(sync, clinic)}"


def freshness_shown(sync: SyncStatusView, clinic: ClinicStatusView) -> str:
    """`late, last success 2026-05-04 07:00 PDT, next run 2026-05-04 09:15 PDT`.

    Of a sync that nothing schedules its age is no fault: `last success …, not scheduled`.
    """
    zone = zone_of(clinic.timezone)
    success, due = sync.last_success_at, sync.next_run_at
    last = "never succeeded" if success is None else f"last success {moment(success, zone)}"
    following = "not scheduled" if due is None else f"next run {moment(due, zone)}"
    fresh = f"{phrase({}, sync.freshness)}, " if sync.is_expected else ""
    return f"{fresh}{last}, {following}"


def who_acts(need: NeedView) -> str:
    """`the clinic`, `ODIS`, `nobody`."""
    return ACTORS[need.who].partition(";")[0]


def urgent_need(clinic: ClinicStatusView) -> NeedView | None:
    """The first need that asks something of somebody; what blocks comes first."""
    return next(filter(asks, clinic.needs), None)


def asks(need: NeedView) -> bool:
    """Whether it asks something of somebody."""
    return need.who != "nobody" and not need.decided


def more_needs(clinic: ClinicStatusView) -> str:
    """` (and 2 more: idexx-sync clinics show ID)`; empty where it has no more than one."""
    left = len(clinic.needs) - 1
    return f" (and {left} more: idexx-sync clinics show {clinic.clinic_id})" if left > 0 else ""


def _first_need(clinic: ClinicStatusView) -> str | None:
    if (need := urgent_need(clinic)) is None:
        return None
    return f"needs {who_acts(need)}: {need.what}{more_needs(clinic)}"


def _name(clinic_id: UUID, clinic: ClinicStatusView | None) -> str:
    return f"clinic {clinic_id}" if clinic is None else clinic.name


def _sync_of(clinic: ClinicStatusView | None, sync: SyncName) -> SyncStatusView | None:
    syncs = () if clinic is None else clinic.syncs
    return next((one for one in syncs if one.sync == sync), None)


def _how_it_went(job: JobView) -> str:
    """`succeeded, 3 created (1.2 s)`; of a job that has not ended what is known."""
    said = [phrase({}, job.status), outcome(job)]
    ended = job.started_at is not None and job.finished_at is not None
    lasted = f" ({took(job.started_at, job.finished_at)})" if ended else ""
    return ", ".join(filter(None, said)) + lasted


def _next_try(job: JobView) -> str | None:
    if job.status != "queued" or job.attempt == 0:
        return None
    return f"tried again by itself (attempt {job.attempt + 1} of {CATALOG[job.sync].attempts})"


def _needed(job: JobView) -> str:
    if job.status == "held":
        return f"decide: idexx-sync holds list --clinic {job.clinic_id} --status open"
    who = ACTORS[job.error.who_acts] if job.error else "ODIS"
    return f"needs {who}: idexx-sync jobs show {job.id}"


def _kept_out(hold: HoldView) -> str | None:
    if hold.status != "rejected":
        return None
    day = moment(hold.decided_at, zone_of(hold.timezone))
    did = "revived" if is_kept(hold) else "kept out"
    return f"{did} by {hold.decided_by or 'somebody'}, {day}"
