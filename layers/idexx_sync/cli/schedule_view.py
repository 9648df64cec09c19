"""A clinic's schedules as a person reads them, and as JSON."""

from collections.abc import Sequence
from typing import Any, Final

from idexx_sync.cli.phrases import moment, utc
from idexx_sync.cli.tables import Shown, entries, fact_table, heading, line
from idexx_sync.clinics.pauses import all_in_words, how_it_goes_on
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.phrases import counted
from idexx_sync.operations.schedules import (
    Due,
    ListedSchedule,
    ScheduleOfSync,
    SchedulesOfClinic,
    SchedulesOfFleet,
)

SHOWN_OF_ALL: Final = 3
"""Next runs of each where all syncs are shown; of one sync all that are known."""


def schedules_shown(found: SchedulesOfClinic, sync: SyncName | None = None) -> list[Shown]:
    """Each schedule with its next runs; only those of the sync, if one is named."""
    zone = found.clinic.timezone or f"none in ODIS, {found.zone.key} is assumed"
    parts: list[Shown] = [fact_table([("clinic", found.clinic.name), ("zone", zone)])]
    parts += [line(text, "yellow") for text in _why_nothing_runs(found)]
    of_sync = [one for one in found.schedules if sync in (None, one.sync)]
    for one in of_sync:
        parts += _shown(found, one, whole=sync is not None)
    if not of_sync:
        whose = "Nothing" if sync is None else sync.capitalize()
        parts.append(line(f"{whose} is scheduled; it runs when it is ordered."))
    parts += [line(f"Not read: {problem}", "yellow") for problem in found.problems]
    return parts


def list_shown(
    schedules: Sequence[ListedSchedule], found: SchedulesOfFleet, *, left: int
) -> list[Shown]:
    """Two lines for each schedule, then what could not be read and how many are left out."""
    parts = entries(
        ((f"{one.entry.sync}  {one.entry.cron}", one.clinic_name), _state(one)) for one in schedules
    )
    if not schedules:
        parts = [line("No schedule fits.")]
    parts += [
        line(f"Not read: {problem}; idexx-sync schedules show {clinic_id}", "yellow")
        for clinic_id, problem in found.problems
    ]
    if left:
        parts.append(line(f"{counted(left, 'schedule')} more; --limit shows them"))
    return parts


def _state(one: ListedSchedule) -> str:
    """`next 2026-05-04 07:15 PDT`, or why it is never due."""
    if one.problem is not None:
        return f"can't be carried out: {one.problem}"
    if not one.entry.enabled:
        return "switched off"
    if not one.runs:
        return f"nothing of this clinic runs: idexx-sync clinics show {one.clinic_id}"
    return "never" if one.next_run is None else f"next {moment(one.next_run, one.zone)}"


def list_data(
    schedules: Sequence[ListedSchedule], found: SchedulesOfFleet, *, more: bool
) -> dict[str, Any]:
    """The list as one JSON object."""
    return {
        "schedules": [
            {
                "clinic_id": str(one.clinic_id),
                "clinic_name": one.clinic_name,
                "sync": one.entry.sync,
                "cron": one.entry.cron,
                "plain_cron": one.cron,
                "enabled": one.entry.enabled,
                "runs": one.runs,
                "next_run": None if one.next_run is None else utc(one.next_run),
                "problem": one.problem,
            }
            for one in schedules
        ],
        "more": more,
        "problems": [
            {"clinic_id": str(clinic_id), "problem": problem}
            for clinic_id, problem in found.problems
        ],
    }


def _why_nothing_runs(found: SchedulesOfClinic) -> list[str]:
    clinic = found.clinic
    if not clinic.is_active:
        return ["The clinic is not active in ODIS: nothing of it runs."]
    if not found.is_switched_on:
        return [
            "The clinic is not switched on for this service, so nothing of it runs: "
            f"idexx-sync clinics show {clinic.id}"
        ]
    if clinic.pauses:
        words = all_in_words(clinic.pauses, found.zone)
        return [f"The clinic is {words}; {how_it_goes_on(clinic.pauses)}"]
    return []


def _shown(found: SchedulesOfClinic, one: ScheduleOfSync, *, whole: bool) -> list[Shown]:
    several = sum(other.sync == one.sync for other in found.schedules) > 1
    number = f" {one.number}" if several else ""
    off = "" if one.entry.enabled else " (switched off)"
    parts: list[Shown] = [heading(f"{one.sync}{number}: {one.entry.cron}{off}")]
    if one.due is None:
        which = f" --entry {one.number}" if several else ""
        command = f"idexx-sync schedules set {found.clinic.id} {one.sync} CRON{which}"
        parts.append(
            line(f"It can't be carried out: {one.problem}; put right: {command}", "yellow")
        )
        return parts
    runs = one.due.runs[: None if whole else SHOWN_OF_ALL]
    comes = _comes(found, one)
    facts = [
        ("spread to", one.due.cron if one.due.cron != one.entry.cron else None),
        ("goes out as", "; ".join(f"{out.text} in {out.zone.key}" for out in one.due.expressions)),
        ("next", None if comes and runs else "never" if comes else "none while it is off"),
        *(
            ("next" if n == 0 else "", moment(run, found.zone))
            for n, run in enumerate(runs)
            if comes
        ),
        *(("clocks", effect) for effect in one.due.effects),
    ]
    return [*parts, fact_table(facts)]


def schedules_data(found: SchedulesOfClinic, sync: SyncName | None = None) -> dict[str, Any]:
    """The schedules as one JSON object."""
    return {
        "clinic_id": str(found.clinic.id),
        "timezone": found.clinic.timezone,
        "runs": not _why_nothing_runs(found),
        "schedules": [_data(found, one) for one in found.schedules if sync in (None, one.sync)],
        "problems": list(found.problems),
    }


def _comes(found: SchedulesOfClinic, one: ScheduleOfSync) -> bool:
    """Whether runs come of it as things are."""
    return one.entry.enabled and not _why_nothing_runs(found)


def _data(found: SchedulesOfClinic, one: ScheduleOfSync) -> dict[str, Any]:
    return {
        "sync": one.sync,
        "number": one.number,
        "type": one.entry.type,
        "cron": one.entry.cron,
        "enabled": one.entry.enabled,
        "problem": one.problem,
        "due": None if one.due is None else _due_data(one.due, comes=_comes(found, one)),
    }


def _due_data(due: Due, *, comes: bool) -> dict[str, Any]:
    return {
        "cron": due.cron,
        "expressions": [{"text": one.text, "timezone": one.zone.key} for one in due.expressions],
        "next_runs": [utc(run) for run in due.runs] if comes else [],
        "clock_changes": list(due.effects),
    }
