"""Shows dead letters, orders them again and discards them; Conflict says why it can't be done."""

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID, uuid4

from idexx_sync.core.errors import Conflict, InvalidInput, NotFound
from idexx_sync.database.connection import Conn
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.model import Job, RunOrder
from idexx_sync.jobs.submission import RunRequest, request_again, require_not_paused
from idexx_sync.operations.decisions import require_ended, tidy_reason
from idexx_sync.operations.letter_models import DeadLetterList, DeadLetterView
from idexx_sync.operations.letter_ways import clinic_of_event, run_meant, why_refused
from idexx_sync.operations.lookup import find_job
from idexx_sync.operations.models import one_page
from idexx_sync.operations.pagination import Place, cursor_at
from idexx_sync.operations.wanted import Wanted
from idexx_sync.upkeep import dead_letter_store as store
from idexx_sync.upkeep.dead_letter_store import OPEN, DeadLetter, LetterStatus

WHAT: Final = "dead letter"


def find_letter(conn: Conn, letter_id: UUID) -> DeadLetter:
    """The dead letter with this id; NotFound if there is none."""
    if (letter := store.letter_by_id(conn, letter_id)) is None:
        raise NotFound(WHAT, letter_id)
    return letter


def letter_page(
    conn: Conn,
    wanted: Wanted[LetterStatus],
    *,
    after: Place | None = None,
    limit: int,
    most_bytes: int | None = None,
) -> DeadLetterList:
    """The newest dead letters that fit, behind a place; fewer where they are long."""
    found = store.letters_newest_first(conn, after=after, limit=limit + 1, **wanted.fitting)
    known = _known(conn, found)
    letters, more = one_page(
        found,
        limit,
        most_bytes,
        lambda one: DeadLetterView.of(one, known),
        lambda one: cursor_at(one.received_at, one.id),
    )
    return DeadLetterList(dead_letters=letters, next_cursor=more)


def letter_view(conn: Conn, letter: DeadLetter) -> DeadLetterView:
    """The letter with what can be done with it now."""
    return DeadLetterView.of(letter, _known(conn, [letter]))


def letter_again(conn: Conn, letter: DeadLetter, told: Callable[[str], str] = str) -> RunRequest:
    """The run that does what the letter's event was to do.

    Conflict where nothing is to be done any more (letter_ended), where its job has not ended
    (job_not_final), and where nobody can say which run was meant (letter_not_retryable); `told`
    fits what it says to its reader.
    """
    if letter.status not in OPEN:
        raise _ended(letter)
    known = _known(conn, [letter])
    meant = run_meant(letter, known)
    if isinstance(meant, UUID):
        job = find_job(conn, meant)
        require_ended(job)
        return request_again(job)
    if meant is None:
        said = f"Dead letter {letter.id} {why_refused(letter, known)}"
        raise Conflict("letter_not_retryable", told(said))
    return meant


def _known(conn: Conn, letters: Sequence[DeadLetter]) -> frozenset[UUID]:
    """Of the jobs and clinics that the letters name, those that are there."""
    jobs = {one.job_id for one in letters if one.job_id is not None}
    named = (clinic for one in letters for clinic in (one.clinic_id, clinic_of_event(one)))
    return store.those_there(conn, jobs, {clinic for clinic in named if clinic is not None})


def mark_retried(conn: Conn, letter: DeadLetter, job: Job, by: str) -> None:
    """Say that the letter was ordered again as this job; one that somebody else had ordered again
    meanwhile stays as it is: equal orders are one job."""
    store.mark_retried(conn, letter.id, job.id, by)


def order_here(conn: Conn, letter: DeadLetter, request: RunRequest, by: str) -> RunOrder:
    """An order to be carried out in this process, whose job is there and marks the letter.

    Conflict (clinic_paused), or (letter_ended) if somebody else has ended the letter meanwhile:
    then nothing is made.
    """
    order = RunOrder(
        uuid4(),
        request.clinic_id,
        request.sync,
        request.trigger,
        params=request.params,
        manner=request.manner,
        retry_of=request.retry_of,
    )
    with conn.transaction():
        require_not_paused(conn, request.clinic_id)
        if job_store.insert(conn, order).fetchone() is None:
            raise NotFound("clinic", request.clinic_id)
        if store.mark_retried(conn, letter.id, order.job_id, by) is None:
            raise _ended(find_letter(conn, letter.id))
    return order


def discard_letter(conn: Conn, letter: DeadLetter, *, by: str, reason: str | None) -> DeadLetter:
    """Let nothing come of a parked letter, and return it as it is then.

    Conflict (letter_ended) unless it is parked; InvalidInput without a reason.
    """
    said = tidy_reason(reason)
    if said is None:
        raise InvalidInput("reason", "say why nothing is to come of it")
    discarded = store.mark_discarded(conn, letter.id, by, said)
    if discarded is None:
        raise _ended(find_letter(conn, letter.id))
    return discarded


def _ended(letter: DeadLetter) -> Conflict:
    """Why nothing can be done with the letter any more."""
    job_id = letter.retry_job_id or letter.job_id
    why = {
        "retried": f"was ordered again as job {job_id}",
        "discarded": "was discarded",
        "superseded": f"is about job {job_id}, which has ended or is run by another event",
        "ended": f"has ended job {job_id}; to order it again: idexx-sync dead-letters retry "
        f"{letter.id}",
    }.get(letter.status, "has changed meanwhile")
    see = "" if job_id is None else f"; see it with: idexx-sync jobs show {job_id}"
    ids = {} if job_id is None else {"job_id": job_id}
    return Conflict("letter_ended", f"Dead letter {letter.id} {why}{see}", **ids)
