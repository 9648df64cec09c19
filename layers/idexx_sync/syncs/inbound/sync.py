"""The inbound sync: a clinic's calendar, read, planned, judged and applied."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import ClassVar, Final

from idexx_sync.core.clinic_time import local_day, to_wall
from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.vocabulary import SyncName
from idexx_sync.database.connection import writing
from idexx_sync.jobs import leases
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.contract import Report, Run
from idexx_sync.pims.protocol import Configuration, Lookup, Pims, Snapshot, Window
from idexx_sync.syncs.gate import Standing, decide_holds
from idexx_sync.syncs.hold_store import standing_holds
from idexx_sync.syncs.inbound.apply import Prepared, apply, planned_changes
from idexx_sync.syncs.inbound.context import (
    View,
    bare_block_ids,
    keys_of,
    keys_to_place,
    look_ups_wanted,
)
from idexx_sync.syncs.inbound.gate import judge
from idexx_sync.syncs.inbound.model import Held, Plan
from idexx_sync.syncs.inbound.plan import plan_inbound
from idexx_sync.syncs.inbound.slot_store import held_slots, slots_held
from idexx_sync.syncs.inbound.slots import HeldSlot, Slot, plan_slots, slot_grid
from idexx_sync.syncs.inbound.store import HeldQuery, removed_rows
from idexx_sync.syncs.proof import PlanAgain

CONFIGURATION_LIFETIME: Final = timedelta(days=1)
MANY_REMOVED_LEAST: Final = 10
MANY_REMOVED_SHARE: Final = 0.5


class InboundSync:
    """Makes ODIS's appointments and slots equal to what the calendar shows.

    The calendar is read to the end before the transaction opens: reading takes seconds and a row
    lock must not wait for it. Running it twice changes nothing more.
    """

    name: ClassVar[SyncName] = "inbound"

    def __call__(self, run: Run, pims: Pims) -> Report:
        started_at = run.clock()
        window = wanted_window(run, started_at)
        grid = slot_grid(run.clinic, run.clinic.zone, _days_ahead(run, window, started_at))
        snapshot, configuration = _read(run, pims, window, started_at)
        unknown_rooms = _unknown_rooms(run, configuration)
        reading = _Reading(run, snapshot, grid, configuration, unknown_rooms, started_at)
        proofs = reading.look_up(pims)
        run.progress.phase("write")
        prepared = reading.prepare(proofs)
        if run.dry_run:
            return _end_dry_run(run, prepared)
        try:
            return apply(run, prepared, last_try=False)
        except PlanAgain:
            reading.load()
            return apply(run, reading.prepare(proofs), last_try=True)


def wanted_window(run: Run, now: datetime) -> Window:
    """The days asked for, else today to the clinic's horizon, in clinic-local days."""
    today = local_day(now, run.clinic.zone)
    return run.params.window(today, today + timedelta(days=run.clinic.schedule.horizon_days - 1))


def _days_ahead(run: Run, window: Window, now: datetime) -> list[date]:
    today = local_day(now, run.clinic.zone)
    return [day for day in window.days if day >= today]


class _Reading:
    """A snapshot beside what we hold of its window."""

    def __init__(
        self,
        run: Run,
        snapshot: Snapshot,
        grid: Sequence[Slot],
        configuration: Configuration | None,
        unknown_rooms: list[str],
        started_at: datetime,
    ) -> None:
        self.run = run
        self.snapshot = snapshot
        self.grid = grid
        self.configuration = configuration
        self.unknown_rooms = unknown_rooms
        self.started_at = started_at
        rooms = run.clinic.room_ids
        self.view = View(
            window=snapshot.window,
            zone=run.clinic.zone,
            slot_minutes=run.clinic.schedule.slot_minutes,
            room_ids=None if rooms is None else frozenset(rooms),
            fingerprint=run.fingerprint,
        )
        self.load()

    def load(self) -> None:
        """Read what we hold: one round trip, and another one only if the answer has new ids."""
        conn, clinic_id = self.run.conn, self.run.clinic.id
        keys = [*keys_of(self.snapshot), *bare_block_ids(self.snapshot)]
        with conn.pipeline():
            query = HeldQuery(conn, clinic_id, self.view.window, keys)
            slots = slots_held(conn, clinic_id, self.view.window)
            standing = standing_holds(conn, clinic_id, "inbound")
        self.held: Held = query.fetch()
        self.slots: list[HeldSlot] = held_slots(slots)
        self.standing: list[Standing] = standing.fetchall()
        placed = keys_to_place(self.snapshot, self.view)
        unknown = [key for key in placed if key not in self.held.rows]
        if unknown:
            removed = removed_rows(conn, clinic_id, unknown)
            self.held = replace(self.held, rows={**self.held.rows, **removed})

    def look_up(self, pims: Pims) -> Mapping[str, Lookup]:
        """Ask the source about rows that the answer lacks (rule R6)."""
        wanted = look_ups_wanted(self.snapshot, self.held, self.view)
        if not wanted:
            return {}
        return pims.appointments(wanted)

    def prepare(self, proofs: Mapping[str, Lookup]) -> Prepared:
        """Plan and judge; nothing is read or written."""
        now, clinic = self.run.clock(), self.run.clinic
        local_now = to_wall(now, clinic.zone)
        plan = plan_inbound(self.snapshot, self.held, proofs, self.view)
        judgement = judge(
            plan,
            self.held,
            self.view,
            self.standing,
            frozenset(clinic.known_room_ids),
            local_now=local_now,
            now=now,
        )
        holds = decide_holds(
            self.standing,
            judgement.findings,
            self.view.window,
            now,
            complete=plan.complete and not judgement.foreign,
        )
        report = Report(
            counts=self._counts(plan, len(proofs)),
            warnings=self._warnings(plan),
            waiting_holds=holds.waiting,
            held={cause: len(found) for cause, found in judgement.findings.items()},
            window=(self.view.window.first_day.isoformat(), self.view.window.last_day.isoformat()),
        )
        if holds.silenced:
            report.warnings["kept_out_by_a_person"] = holds.silenced
        slots = plan_slots(self.grid, self.slots, local_now)
        return Prepared(
            window=self.view.window,
            plan=plan,
            judgement=judgement,
            holds=holds,
            slots=slots,
            report=report,
            started_at=self.started_at,
            configuration=self.configuration,
        )

    def _counts(self, plan: Plan, looked_up: int) -> dict[str, int]:
        return {
            "read": plan.read,
            "unchanged": plan.unchanged,
            "created": 0,
            "updated": 0,
            "removed": 0,
            "looked_up": looked_up,
            "missing": len(plan.missing),
            "unreadable": len(plan.quarantined),
        }

    def _warnings(self, plan: Plan) -> dict[str, int]:
        removed = sum(c.action == "remove" and c.proven for c in plan.changes)
        ours = sum(not row.deleted for row in self.held.rows.values())
        found = {
            "clinic_without_zone": int(self.run.clinic.timezone is None),
            "unknown_rooms": len(self.unknown_rooms),
            "read_incomplete": int(not plan.complete),
            "unreadable_records": len(plan.quarantined),
            "memory_unknown": sum(record.is_unknown for record in self.held.records.values()),
            "unknown_words": len(plan.unknown_words),
            "ends_after_midnight": plan.cut_at_midnight,
            "look_ups_failed": sum(m.verdict == "look_up_failed" for m in plan.missing),
            "recomputed": sum(change.reason == "rederived" for change in plan.changes),
            "many_removed": removed
            if ours >= MANY_REMOVED_LEAST and removed > MANY_REMOVED_SHARE * ours
            else 0,
        }
        return {code: count for code, count in found.items() if count}


def _read(
    run: Run, pims: Pims, window: Window, now: datetime
) -> tuple[Snapshot, Configuration | None]:
    """The calendar; and rooms, types and slot length, which are due with a login, daily, and
    when the clinic's list names a room that was not among them.

    Both are asked for at once where it is known beforehand that both are due.
    """
    read_at = run.clinic.configuration_read_at
    is_due = read_at is None or now - read_at > CONFIGURATION_LIFETIME
    if not is_due and not pims.will_log_in:
        snapshot = pims.schedule(window)
        new_room = not set(run.clinic.room_ids or ()) <= set(run.clinic.known_room_ids)
        return snapshot, pims.configuration() if pims.logged_in or new_room else None
    with ThreadPoolExecutor(max_workers=1) as beside:
        configuration = beside.submit(pims.configuration)
        return pims.schedule(window), configuration.result()


def _unknown_rooms(run: Run, configuration: Configuration | None) -> list[str]:
    """Rooms of the clinic's list that its PIMS does not have.

    Raises ConfigurationInvalid if it has none of them: a mistyped list must not empty the calendar.
    """
    if configuration is None:  # all of them were known before
        return []
    listed = run.clinic.room_ids or ()
    there = [room.id for room in configuration.rooms]
    unknown = [room for room in listed if room not in there]
    if there and listed and len(unknown) == len(listed):
        raise ConfigurationInvalid(
            f"room_ids: none of {', '.join(listed)} is a room of this clinic, which has "
            f"{', '.join(there)}; name those that count with: "
            f"idexx-sync clinics add {run.clinic.id} --room ID",
            code="room_ids",
        )
    return unknown if there else []


def _end_dry_run(run: Run, prepared: Prepared) -> Report:
    """End the job with the plan as its result; no row of the calendar is touched."""
    report = prepared.report
    changes = prepared.judgement.changes
    for action, name in (("create", "created"), ("update", "updated"), ("remove", "removed")):
        report.counts[name] = sum(change.action == action for change in changes)
    report.plan = planned_changes(changes)
    with writing(run.conn) as settle:
        leases.require(run.conn, run.lease, settle)
        job_store.finish(run.conn, run.lease, report.status, result=report.as_result())
        leases.release(run.conn, run.lease)
    return report
