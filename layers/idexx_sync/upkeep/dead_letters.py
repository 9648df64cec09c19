"""Takes messages of the dead-letter queue in: each ends a job, is superseded or parked.

Nothing is invoked from here. What is ordered again goes the way of every other order.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from idexx_sync.clinics.pause_store import standing
from idexx_sync.clinics.pauses import all_in_words, how_it_goes_on
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.core.measures import FAILED_UNSEEN, measure
from idexx_sync.core.words import guarded
from idexx_sync.database.connection import LOST, Conn, unavailable
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.coming_store import is_ended_or_coming, waits_in_queue
from idexx_sync.jobs.model import Job, RunOrder
from idexx_sync.jobs.store import Abandoned, Queued, nobody_came
from idexx_sync.schedules.staleness import OLDEST_TICK, Schedules, is_stale
from idexx_sync.upkeep import dead_letter_store as store
from idexx_sync.upkeep.dead_letter_store import Outcome, Taken
from idexx_sync.upkeep.letters import Letter, Message, read, sealed

__all__ = ["Message", "Taken", "take_in"]

NOBODY_CAME: Final = "nobody_came"
NEVER_BEGAN: Final = "never_began"
"""Reasons for which a job ends as failed."""
NEWEST_TICK: Final = timedelta(minutes=1)
"""What is due later can't have failed; two clocks may differ by as much."""


def take_in(conn: Conn, message: Message) -> Taken:
    """Write the message down with what became of it, which is committed on return.

    Another delivery of it changes nothing and gives the same. Raises DatabaseUnavailable, and
    DriverError for what Postgres refuses.
    """
    letter = guarded(
        lambda: read(message),
        lambda _kind: Letter(**sealed(message), unread="unforeseen"),
        record="dead_letter",
    )
    has_failed = False
    try:
        with conn.transaction():
            taken = store.taken_before(conn, letter.message_id)
            if taken is None:
                ruling = _ruled(conn, letter)
                taken = Taken(ruling.outcome, ruling.job_id, ruling.reason)
                has_failed = ruling.reason in (NOBODY_CAME, NEVER_BEGAN)
                store.enter(conn, letter, taken, ruling.clinic_id, ruling.sync)
    except LOST as error:
        gone = unavailable(error)
    else:
        if has_failed:
            measure(FAILED_UNSEEN)
        return taken
    raise gone  # out here: the driver's error may quote


@dataclass(frozen=True, slots=True)
class _Ruling:
    """What is done with a letter, and whose it is."""

    outcome: Outcome
    reason: str
    job_id: UUID | None = None
    clinic_id: UUID | None = None
    sync: SyncName | None = None


def _about(job: Job, outcome: Outcome, reason: str) -> _Ruling:
    return _Ruling(outcome, reason, job.id, job.clinic_id, job.sync)


def _ruled(conn: Conn, letter: Letter) -> _Ruling:
    job = None if letter.job_id is None else job_store.job_by_id(conn, letter.job_id)
    if letter.unread not in (None, "payload_missing"):
        return (
            _Ruling("parked", letter.unread)
            if job is None
            else _about(job, "parked", letter.unread)
        )
    if letter.job_id is not None:
        return _Ruling("parked", "unknown_job") if job is None else _of_job(conn, letter, job)
    if letter.event is None:
        return _Ruling("parked", letter.unread or "unforeseen")
    if letter.order is None:
        return _Ruling("parked", "names_no_sync")
    return _of_order(conn, letter, letter.order)


def _of_job(conn: Conn, letter: Letter, job: Job) -> _Ruling:
    """End the job unless it has ended, is run, or another event than this one brings a run."""
    if job.is_final:
        return _about(job, "superseded", "job_ended")
    if _somebody_comes(conn, letter, job):
        return _about(job, "superseded", "run_is_coming")
    ended = job_store.end(conn, Abandoned(job.clinic_id, job.id), "dead", error=nobody_came(job.id))
    if not ended.rowcount:
        return _about(job, "superseded", "run_is_coming")
    return _about(job, "ended", NOBODY_CAME)


def _somebody_comes(conn: Conn, letter: Letter, job: Job) -> bool:
    """Whether another event than this one brings a run: a schedule delivers a tick at least once,
    so that one that could not be handed over may have been another time."""
    if is_ended_or_coming(conn, job.id):
        return not _was_its_last_event(conn, letter, job)
    return letter.shape == "schedule" and waits_in_queue(conn, job.id)


def _was_its_last_event(conn: Conn, letter: Letter, job: Job) -> bool:
    """Whether the job's worker has not been invoked again since AWS gave this event up.

    Lambda gives one up minutes after it was sent, so that two clocks may be compared here.
    """
    if letter.failed_at is None:
        return False
    return not store.was_dispatched_after(conn, job.id, letter.failed_at)


def _of_order(conn: Conn, letter: Letter, order: RunOrder) -> _Ruling:
    """A tick has its job, made here if no run has begun; what has no time can't be told apart."""
    assert order.clinic_id is not None
    clinic = store.schedules_of(conn, order.clinic_id)
    if clinic is None:
        return _Ruling("parked", "unknown_clinic")
    due = order.scheduled_time
    if due is None:
        return _Ruling("parked", "names_no_time", None, order.clinic_id, order.sync)
    if not clinic.now - OLDEST_TICK <= due <= clinic.now + NEWEST_TICK:
        return _Ruling("parked", "time_implausible", None, order.clinic_id, order.sync)
    job = job_store.insert(conn, order).fetchone()
    if job is None:
        return _of_its_job(conn, letter, order, due)
    return _about(job, "ended", _end_unbegun(conn, job, due, clinic))


def _end_unbegun(conn: Conn, job: Job, due: datetime, clinic: Schedules) -> str:
    """End the tick's job as its run would have been skipped, else as one that failed; the reason
    as a word."""
    if is_stale(job.sync, due, clinic):
        why = "its run never began, and its schedule's next time has passed"
        job_store.end(conn, Queued(job.id), "skipped_stale", why=why)
        return "stale"
    if pauses := standing(conn, job.clinic_id):
        told = all_in_words(pauses, zone_of(clinic.timezone))
        why = f"its run never began, and the clinic is {told}; {how_it_goes_on(pauses)}"
        job_store.end(conn, Queued(job.id), "skipped_paused", why=why)
        return "paused"
    job_store.end(conn, Queued(job.id), "dead", error=nobody_came(job.id))
    return NEVER_BEGAN


def _of_its_job(conn: Conn, letter: Letter, order: RunOrder, due: datetime) -> _Ruling:
    """The tick has a job already, perhaps under another id."""
    assert order.clinic_id is not None
    job_id = store.job_of_tick(conn, order.clinic_id, order.sync, due)
    job = None if job_id is None else job_store.job_by_id(conn, job_id)
    if job is None:
        return _Ruling("parked", "unknown_clinic")
    return _of_job(conn, letter, job)
