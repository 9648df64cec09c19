"""The inbound sync: a clinic's calendar, read, planned, judged and committed."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar, Final

from idexx_sync.clinics.store import Clinic
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.clinic_time import to_wall
from idexx_sync.core.errors import ConfigurationInvalid, OdisMustAct, ShapeChanged
from idexx_sync.jobs.contract import WRITING, Report, Run
from idexx_sync.pims.protocol import Configuration, Lookup, Pims, Snapshot, Unknown, Window
from idexx_sync.syncs.commit import Commits, Tally
from idexx_sync.syncs.gate import judge
from idexx_sync.syncs.hold_store import holds_in_force
from idexx_sync.syncs.holds import REVIVED, HoldInForce
from idexx_sync.syncs.inbound.apply import CalendarPiece
from idexx_sync.syncs.inbound.context import (
    CalendarContext,
    bare_block_ids,
    keys_of,
    look_ups_wanted,
)
from idexx_sync.syncs.inbound.gate import allowed, comparison, frees_nothing
from idexx_sync.syncs.inbound.model import Stored
from idexx_sync.syncs.inbound.plan import plan_inbound
from idexx_sync.syncs.inbound.plan_guard import unforeseen_in
from idexx_sync.syncs.inbound.revival import revive
from idexx_sync.syncs.inbound.slot_store import slots_of, stored_slots
from idexx_sync.syncs.inbound.slots import (
    Slot,
    SlotPlan,
    StoredSlot,
    plan_slots,
    slot_grid,
    times_of,
)
from idexx_sync.syncs.inbound.store import StoredQuery, with_removed_rows
from idexx_sync.syncs.proof import too_many_unforeseen

CONFIGURATION_LIFETIME: Final = timedelta(hours=20)
"""A day, less what a daily run may come earlier than the one before."""
MANY_REMOVED_LEAST: Final = 10
MANY_REMOVED_SHARE: Final = 0.5


class InboundSync:
    """Makes ODIS's appointments and slots equal to what the calendar shows.

    The calendar is read to the end before the transaction opens: reading takes seconds and a row
    lock must not wait for it. Running it twice changes nothing more.
    """

    name: ClassVar[SyncName] = "inbound"

    def __call__(self, run: Run, pims: Pims) -> Report:
        commits = Commits(run)
        if run.job.trigger == "approval":
            revive(run, commits)
        reading = _read(run, pims, run.clock())
        loaded = _load(run, commits, reading)
        proofs, unread = _look_up(pims, reading, loaded)
        run.progress.phase(WRITING)

        def prepare(again: bool) -> CalendarPiece:
            stored = _load(run, commits, reading) if again else loaded
            return _judge(run, reading, stored, proofs, unread)

        def conclude(calendar: CalendarPiece, tally: Tally) -> Report:
            return _report(run, reading, calendar, proofs, tally)

        commits.write(prepare, conclude)
        return commits.outcome


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was read of the source, and the slots that the clinic's hours give."""

    snapshot: Snapshot
    context: CalendarContext
    grid: Sequence[Slot] | ConfigurationInvalid
    """Of today to the clinic's horizon, and of the days behind it that somebody has asked for; why
    there is none where the hours can't be read."""
    configuration: Configuration | ShapeChanged | None
    """None: it was not due."""
    unknown_rooms: Sequence[str]
    own_days: Window
    """The clinic's today to its horizon."""
    started_at: datetime


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What is stored of the days that were read."""

    rows: Stored
    slots: Sequence[StoredSlot]
    in_force: Sequence[HoldInForce]


def _grid(clinic: Clinic, days: Iterable[date]) -> Sequence[Slot] | ConfigurationInvalid:
    try:
        return slot_grid(clinic, clinic.zone, days)
    except ConfigurationInvalid as error:  # costs slots only: appointments are written
        return error


def _read(run: Run, pims: Pims, now: datetime) -> _Reading:
    """Read the calendar, and with it the source's settings where they are due."""
    clinic = run.clinic
    window = run.window(now)
    own_days = run.own_days(now)
    asked_for = [day for day in window.days if day > own_days.last_day]
    grid = _grid(clinic, [*own_days.days, *asked_for])
    snapshot, configuration = _read_source(run, pims, window, now)
    rooms = clinic.room_ids
    return _Reading(
        snapshot=snapshot,
        context=CalendarContext(
            window=snapshot.window,
            zone=clinic.zone,
            slot_minutes=clinic.schedule.slot_minutes,
            room_ids=None if rooms is None else frozenset(rooms),
            fingerprints=run.fingerprints,
        ),
        grid=grid,
        configuration=configuration,
        unknown_rooms=_unknown_rooms(run, configuration),
        own_days=own_days,
        started_at=now,
    )


def _load(run: Run, commits: Commits, reading: _Reading) -> _Loaded:
    """Load what is stored, once all is back that a person wants back: what is asked for while
    another run is under way must not be judged, and forgotten, before it is done."""
    loaded = _loaded(run, reading)
    is_wanted = any(h.cause == REVIVED and h.status == "rejected" for h in loaded.in_force)
    return _loaded(run, reading) if is_wanted and revive(run, commits) else loaded


def _loaded(run: Run, reading: _Reading) -> _Loaded:
    """One round trip, and another one only if the answer has new ids."""
    conn, clinic_id, window = run.conn, run.clinic.id, reading.context.window
    keys = [*keys_of(reading.snapshot), *bare_block_ids(reading.snapshot)]
    with conn.pipeline():
        query = StoredQuery(conn, clinic_id, window, keys)
        slots = slots_of(conn, clinic_id, window, reading.own_days.first_day)
        in_force = holds_in_force(conn, clinic_id, "inbound")
    rows = with_removed_rows(conn, clinic_id, query.fetch(), reading.snapshot, reading.context)
    return _Loaded(rows, stored_slots(slots), in_force.fetchall())


def _look_up(
    pims: Pims, reading: _Reading, loaded: _Loaded
) -> tuple[Mapping[str, Lookup], ShapeChanged | None]:
    """Ask the source about rows that the answer lacks (rule R6); and why none of it can be read."""
    wanted = look_ups_wanted(reading.snapshot, loaded.rows, reading.context)
    try:
        return pims.appointments(wanted) if wanted else {}, None
    except ShapeChanged as error:  # nothing is concluded of rows, but the calendar was read
        return dict.fromkeys(wanted, Unknown(error.code or error.kind)), error


def _judge(
    run: Run,
    reading: _Reading,
    loaded: _Loaded,
    proofs: Mapping[str, Lookup],
    unread: ShapeChanged | None,
) -> CalendarPiece:
    """Plan and judge; nothing is read or written. `unread` is why no look-up can be read."""
    clinic, now = run.clinic, run.clock()
    local_now = to_wall(now, clinic.zone)
    plan = plan_inbound(reading.snapshot, loaded.rows, proofs, reading.context)
    compared = comparison(
        plan,
        loaded.rows,
        reading.context,
        clinic.known_room_ids,
        local_now,
        times_of(loaded.slots),
    )
    judgement = judge(compared, loaded.in_force, now)
    grid, window = reading.grid, reading.context.window
    failure: OdisMustAct | None = None
    if isinstance(grid, ConfigurationInvalid):
        slots, failure = SlotPlan(grid_is_unknown=True), grid
    else:
        slots = plan_slots(grid, loaded.slots, local_now, window, reading.own_days.last_day)
    is_believed = plan.complete and judgement.doubted is None
    gives_time = is_believed and not frees_nothing(plan, judgement)
    unfresh = run.unfresh(window, reading.own_days, complete=plan.complete)
    settings = reading.configuration
    if isinstance(settings, ShapeChanged):
        settings, unread = None, settings
    if unread is not None:  # the calendar was read, and what it says takes time
        failure, gives_time = failure or unread, False
    if (broken := too_many_unforeseen(len(plan.unforeseen), plan.read)) is not None:
        failure, gives_time = failure or broken, False
    return CalendarPiece(
        now=now,
        clinic=clinic,
        window=window,
        plan=plan,
        stored=loaded.rows,
        judgement=judgement,
        allowed=allowed(plan, loaded.rows, judgement),
        slots=slots if gives_time else slots.without_new_time(),
        failure=plan.failure or failure,
        started_at=reading.started_at,
        unfresh=unfresh or ("came_later" if judgement.came_later else None),
        configuration=settings,
        slot_faults=[fault for slot in loaded.slots for fault in slot.faults],
    )


def _report(
    run: Run,
    reading: _Reading,
    calendar: CalendarPiece,
    proofs: Mapping[str, Lookup],
    tally: Tally,
) -> Report:
    plan, judgement, window = calendar.plan, calendar.judgement, calendar.window
    counts = {
        "read": plan.read,
        "unchanged": plan.unchanged,
        **tally.counted(),
        "looked_up": len(proofs),
        "missing": len(plan.missing),
        "unreadable": len(plan.quarantined),
        **calendar.slot_counts,
    }
    if tally.conflicts:
        counts["conflicts"] = len(tally.conflicts)
    report = Report(
        counts=counts,
        warnings=_warnings(run, reading, calendar, tally),
        waiting_holds=judgement.holds.waiting,
        held={cause: len(keys) for cause, keys in judgement.held_for.items()},
        window=(window.first_day.isoformat(), window.last_day.isoformat()),
        unknown_fields=sorted(word for field, word in plan.unknown_words if field == "field"),
        in_doubt=plan.doubts,
        unfresh=calendar.unfresh,
        failure=calendar.failure,
    )
    unread = [fault for row in calendar.stored.rows.values() for fault in row.faults]
    report.name_faults(
        [
            *(*run.clinic.faults, *unread, *calendar.slot_faults, *tally.faults),
            *plan.unforeseen,
            *unforeseen_in(reading.snapshot, proofs.items()),
        ]
    )
    return report


def _warnings(run: Run, reading: _Reading, calendar: CalendarPiece, tally: Tally) -> dict[str, int]:
    plan = calendar.plan
    removed = sum(c.action == "remove" and c.proven for c in plan.changes)
    ours = sum(not row.deleted for row in calendar.stored.rows.values())
    many = ours >= MANY_REMOVED_LEAST and removed > MANY_REMOVED_SHARE * ours
    found = {
        "clinic_without_zone": int(run.clinic.timezone is None),
        "unknown_rooms": len(reading.unknown_rooms),
        "read_incomplete": int(not plan.complete),
        "unreadable_records": len(plan.quarantined),
        "memory_unknown": sum(r.is_unknown for r in calendar.stored.records.values()),
        "unknown_words": len(plan.unknown_words),
        "ends_after_midnight": plan.cut_at_midnight,
        "look_ups_failed": sum(m.verdict == "look_up_failed" for m in plan.missing),
        "recomputed": sum(change.reason == "rederived" for change in plan.changes),
        "many_removed": removed if many else 0,
        "kept_out_by_a_person": calendar.judgement.holds.silenced,
        "revived_by_a_person": calendar.judgement.holds.revived,
        "conflicts_left_for_next_run": len(tally.conflicts),
    }
    return {code: count for code, count in found.items() if count}


def _read_source(
    run: Run, pims: Pims, window: Window, now: datetime
) -> tuple[Snapshot, Configuration | ShapeChanged | None]:
    """The calendar; and rooms, types and slot length, which are due with a login, daily, and
    when the clinic's list names a room that was not among them.

    Both are asked for at once where it is known beforehand that both are due.
    """
    read_at = run.clinic.configuration_read_at
    is_due = read_at is None or now - read_at > CONFIGURATION_LIFETIME
    if not is_due and not pims.will_log_in:
        snapshot = pims.schedule(window)
        new_room = not set(run.clinic.room_ids or ()) <= set(run.clinic.known_room_ids)
        return snapshot, _configuration(pims) if pims.logged_in or new_room else None
    with ThreadPoolExecutor(max_workers=1) as beside:
        configuration = beside.submit(_configuration, pims)
        return pims.schedule(window), configuration.result()


def _configuration(pims: Pims) -> Configuration | ShapeChanged:
    try:
        return pims.configuration()
    except ShapeChanged as error:
        return error


def _unknown_rooms(run: Run, configuration: Configuration | ShapeChanged | None) -> list[str]:
    """Rooms of the clinic's list that its PIMS does not have.

    Raises ConfigurationInvalid if it has none of them: a mistyped list must not empty the calendar.
    """
    if not isinstance(configuration, Configuration):  # what was known before counts
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
