"""A clinic's schedules as a person reads them, and as JSON."""

from typing import Any, Final

from idexx_sync.cli.phrases import moment, utc
from idexx_sync.cli.tables import Shown, fact_table, heading, line
from idexx_sync.clinics.pauses import all_in_words, how_it_goes_on
from idexx_sync.core.catalog import SyncName
from idexx_sync.operations.schedules import Due, ScheduleOfSync, SchedulesOfClinic

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
        parts.append(line(f"It can't be carried out: {one.problem}", "yellow"))
        return parts
    runs = one.due.runs[: None if whole else SHOWN_OF_ALL]
    facts = [
        ("is", one.due.cron if one.due.cron != one.entry.cron else None),
        ("goes out as", "; ".join(f"{out.text} in {out.zone.key}" for out in one.due.expressions)),
        *(("next" if n == 0 else "", moment(run, found.zone)) for n, run in enumerate(runs)),
        ("next", None if runs else "never"),
        *(("clocks", effect) for effect in one.due.effects),
    ]
    return [*parts, fact_table(facts)]


def schedules_data(found: SchedulesOfClinic, sync: SyncName | None = None) -> dict[str, Any]:
    """The schedules as one JSON object."""
    return {
        "clinic_id": str(found.clinic.id),
        "timezone": found.clinic.timezone,
        "runs": not _why_nothing_runs(found),
        "schedules": [_data(one) for one in found.schedules if sync in (None, one.sync)],
        "problems": list(found.problems),
    }


def _data(one: ScheduleOfSync) -> dict[str, Any]:
    return {
        "sync": one.sync,
        "number": one.number,
        "type": one.entry.type,
        "cron": one.entry.cron,
        "enabled": one.entry.enabled,
        "problem": one.problem,
        "due": None if one.due is None else _due_data(one.due),
    }


def _due_data(due: Due) -> dict[str, Any]:
    return {
        "cron": due.cron,
        "expressions": [{"text": one.text, "timezone": one.zone.key} for one in due.expressions],
        "next_runs": [utc(run) for run in due.runs],
        "clock_changes": list(due.effects),
    }
