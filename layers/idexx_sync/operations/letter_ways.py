"""What can be done with a dead letter that nothing has come of: by whom it is asked is the same.

Pure: which of the jobs and clinics that letters name are there is an argument, `known`.
"""

from collections.abc import Set as AbstractSet
from typing import Final
from uuid import UUID

from pydantic import ValidationError

from idexx_sync.core.phrases import phrase
from idexx_sync.jobs.event import WorkerEvent
from idexx_sync.jobs.params import Params, read_params
from idexx_sync.jobs.submission import RunRequest
from idexx_sync.upkeep.dead_letter_store import OPEN, DeadLetter

REASONS: Final = {
    "nobody_came": "its job was ended: its run was cut off, and no other one was coming",
    "never_began": "its run never began; its job was made and ended",
    "stale": "its run never began, and the next one has been due since",
    "paused": "its run never began, and the clinic is paused",
    "job_ended": "its job had ended before",
    "run_is_coming": "its job is run, or another event brings a run",
    "unknown_job": "there is no such job",
    "unknown_clinic": "there is no such clinic",
    "unknown_sync": "it is of a sync that is not ours",
    "unknown_version": "it is of another release",
    "names_no_sync": "it does not say which sync was meant",
    "names_no_time": "it does not say which scheduled time was meant",
    "time_implausible": "its scheduled time can't be true",
    "too_large": "it is larger than any message of ours",
    "not_json": "it is not JSON",
    "no_object": "it is JSON, and no object",
    "payload_missing": "it is about an event that it does not hold",
    "event_unreadable": "its event is not what a worker is invoked with",
    "params_unreadable": "what it asks of its sync can't be asked",
    "unforeseen": "reading it broke in a way that nobody had thought of: the log says where",
}
"""Reason of a dead letter -> what a person reads."""


def run_meant(letter: DeadLetter, known: AbstractSet[UUID]) -> UUID | RunRequest | None:
    """The job that the letter is about, else the run that its event asks for.

    None: it can't be ordered again by itself.
    """
    if letter.status not in OPEN:
        return None
    if letter.job_id is not None and letter.job_id in known:
        return letter.job_id
    request = _of_event(letter)
    return request if request is not None and request.clinic_id in known else None


def way_on(letter: DeadLetter, known: AbstractSet[UUID]) -> str | None:
    """What a person can do, with the commands; None: nothing is to be done."""
    if letter.status not in OPEN:
        return None
    retry = f"idexx-sync dead-letters retry {letter.id}"
    discard = f"let nothing come of it: idexx-sync dead-letters discard {letter.id} --reason TEXT"
    may_end = letter.status == "parked"
    if run_meant(letter, known) is not None:
        return f"Order it again: {retry}" + (f"; or {discard}" if may_end else "")
    return f"It {why_refused(letter, known)}"


def why_refused(letter: DeadLetter, known: AbstractSet[UUID]) -> str:
    """Why it can't be ordered again, and what to do instead."""
    retry = f"idexx-sync dead-letters retry {letter.id}"
    discard = f"let nothing come of it: idexx-sync dead-letters discard {letter.id} --reason TEXT"
    may_end = letter.status == "parked"
    steps = [f"can't be ordered again by itself: {_why_not(letter, known)}"]
    if _fits_another_release(letter):
        steps.append(f"once that one is deployed: {retry}")
        return "; ".join([*steps, *([f"or {discard}"] if may_end else [])])
    if not _lacks_its_clinic(letter, known):
        steps.append(f"where a run is missing, order it: {_run(letter)}")
    return "; ".join([*steps, *([f"then {discard}"] if may_end else [])])


def _run(letter: DeadLetter) -> str:
    clinic = "CLINIC" if letter.clinic_id is None else letter.clinic_id
    return f"idexx-sync sync {letter.sync or 'inbound'} --clinic {clinic}"


def _why_not(letter: DeadLetter, known: AbstractSet[UUID]) -> str:
    if _lacks_its_clinic(letter, known):
        return "its clinic is not in ODIS"
    if letter.status == "ended":
        return f"job {letter.job_id} is kept no longer"
    why = phrase(REASONS, letter.reason)
    return f"{why}, and not all of it is kept" if letter.left_out else why


def _lacks_its_clinic(letter: DeadLetter, known: AbstractSet[UUID]) -> bool:
    request = _of_event(letter)
    clinic_id = letter.clinic_id if request is None else request.clinic_id
    return letter.reason == "unknown_clinic" or (clinic_id is not None and clinic_id not in known)


def _fits_another_release(letter: DeadLetter) -> bool:
    """Whether a release that reads its event could know which run was meant."""
    whole = letter.event is not None and not letter.left_out
    return letter.reason == "unknown_version" and whole and _read(letter) is None


def clinic_of_event(letter: DeadLetter) -> UUID | None:
    """The clinic that the kept event names, where this release can read it."""
    request = _of_event(letter)
    return None if request is None else request.clinic_id


def _of_event(letter: DeadLetter) -> RunRequest | None:
    """The run that the kept event asks for, as this release reads it."""
    event = _read(letter)
    if event is None or event.clinic_id is None or event.sync is None:
        return None
    if (params := _params(event)) is None:
        return None
    manner = event.manner or params.manner
    return RunRequest(event.clinic_id, event.sync, "retry", params, manner)


def _read(letter: DeadLetter) -> WorkerEvent | None:
    if letter.left_out or letter.event is None:
        return None
    try:
        return WorkerEvent.model_validate(letter.event)
    except ValidationError:
        return None


def _params(event: WorkerEvent) -> Params | None:
    assert event.sync is not None
    try:
        return read_params(event.sync, event.params)
    except ValidationError:
        return None
