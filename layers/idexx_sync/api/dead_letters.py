"""Operations on dead letters."""

from dataclasses import replace

from idexx_sync.api.authorization import visible_clinic, visible_letter
from idexx_sync.api.budgets import ordering
from idexx_sync.api.fitting import fitting_letter, fitting_letters
from idexx_sync.api.handler import ApiDependencies, Response
from idexx_sync.api.models import DeadLettersQuery, DiscardBody
from idexx_sync.api.request import Request
from idexx_sync.api.syncs import accepted
from idexx_sync.core.catalog import CATALOG
from idexx_sync.jobs.submission import submit
from idexx_sync.operations import dead_letters as operations
from idexx_sync.operations.hints import for_the_api
from idexx_sync.operations.models import MOST_LISTED_BYTES
from idexx_sync.operations.pagination import place_of
from idexx_sync.operations.wanted import Wanted


def list_dead_letters(request: Request, dependencies: ApiDependencies) -> Response:
    query = request.query
    assert isinstance(query, DeadLettersQuery)
    conn = dependencies.conn
    clinic_id = visible_clinic(request, conn, query.clinic_id)
    page = operations.letter_page(
        conn,
        Wanted(clinic_id, query.sync, query.status, query.since, query.id),
        after=place_of(query.cursor),
        limit=query.limit,
        most_bytes=MOST_LISTED_BYTES,
    )
    return Response(200, fitting_letters(page))


def get_dead_letter(request: Request, dependencies: ApiDependencies) -> Response:
    conn = dependencies.conn
    shown = operations.letter_view(conn, visible_letter(request, conn))
    return Response(200, fitting_letter(shown))


def retry_dead_letter(request: Request, dependencies: ApiDependencies) -> Response:
    """Whoever may order the run may have the letter ordered again, and nobody else."""
    letter = visible_letter(request, dependencies.conn)
    conn = dependencies.database.connection()
    again = operations.letter_again(conn, letter, told=for_the_api)
    run_request = replace(again, request_id=request.id)
    request.caller.require(CATALOG[run_request.sync].scope)
    with ordering(request, dependencies):
        conn = dependencies.database.connection()
        job = submit(conn, dependencies.dispatch, run_request)
        operations.mark_retried(conn, letter, job, request.caller.name)
        return accepted(request, dependencies, job)


def discard_dead_letter(request: Request, dependencies: ApiDependencies) -> Response:
    conn = dependencies.conn
    body = request.body
    assert isinstance(body, DiscardBody)
    letter = visible_letter(request, conn)
    by = request.caller.name
    discarded = operations.discard_letter(conn, letter, by=by, reason=body.reason)
    return Response(200, fitting_letter(operations.letter_view(conn, discarded)))
