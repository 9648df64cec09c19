"""Operations on holds."""

from uuid import UUID

from idexx_sync.api.authorization import visible_clinic, visible_hold
from idexx_sync.api.budgets import ordering
from idexx_sync.api.handler import ApiDependencies, Response
from idexx_sync.api.models import DecisionBody, HoldsQuery, ReasonBody
from idexx_sync.api.problems import worker_unavailable
from idexx_sync.api.request import Request
from idexx_sync.api.syncs import accepted
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import Conflict
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.params import Params, params_model
from idexx_sync.jobs.submission import RunRequest, WorkerUnavailable, require_not_paused, submit
from idexx_sync.operations import decisions as operations
from idexx_sync.operations.models import MOST_LISTED_BYTES
from idexx_sync.operations.pagination import place_of
from idexx_sync.operations.views import hold_page, hold_view
from idexx_sync.operations.wanted import Wanted
from idexx_sync.syncs.hold_store import Hold, Verdict, params_of_finder


def list_holds(request: Request, dependencies: ApiDependencies) -> Response:
    query = request.query
    assert isinstance(query, HoldsQuery)
    conn = dependencies.conn
    clinic_id = visible_clinic(request, conn, query.clinic_id)
    page = hold_page(
        conn,
        Wanted(clinic_id, query.sync, query.status, query.since, query.id),
        after=place_of(query.cursor),
        limit=query.limit,
        most_bytes=MOST_LISTED_BYTES,
    )
    return Response(200, page)


def get_hold(request: Request, dependencies: ApiDependencies) -> Response:
    conn = dependencies.conn
    return Response(200, hold_view(conn, visible_hold(request, conn)))


def approve_hold(request: Request, dependencies: ApiDependencies) -> Response:
    """The permit stands even if the run can't be started: the next run will use it."""
    hold = visible_hold(request, dependencies.conn)
    with ordering(request, dependencies):
        conn = dependencies.database.connection()
        require_not_paused(conn, hold.clinic_id)
        decided = _decided(request, conn, hold, "approved")
        return _ordered(
            request,
            dependencies,
            decided.clinic_id,
            decided.sync,
            params_of_finder(conn, decided),
            "The hold is approved, but its run could not be started; "
            "any run of this sync within 24 hours will use the permit.",
        )


def revive_hold(request: Request, dependencies: ApiDependencies) -> Response:
    """What is wanted back stays wanted even if the run can't be started."""
    hold = visible_hold(request, dependencies.conn)
    body = request.body
    assert isinstance(body, ReasonBody)
    with ordering(request, dependencies):
        conn = dependencies.database.connection()
        require_not_paused(conn, hold.clinic_id)
        operations.revive_hold(conn, hold, by=request.caller.name, reason=body.reason)
        return _ordered(
            request,
            dependencies,
            hold.clinic_id,
            operations.REVIVES,
            params_model(operations.REVIVES)(),
            "The run that revives it could not be started; the next "
            f"{operations.REVIVES} run revives it, or ask again.",
        )


def _ordered(
    request: Request,
    dependencies: ApiDependencies,
    clinic_id: UUID,
    sync: SyncName,
    params: Params,
    unless: str,
) -> Response:
    """The run that carries a decision out; `unless` is said if none starts."""
    run_request = RunRequest(
        clinic_id=clinic_id,
        sync=sync,
        trigger="approval",
        params=params,
        request_id=request.id,
        must_be_new=True,
    )
    conn = dependencies.database.connection()
    try:
        return accepted(request, dependencies, submit(conn, dependencies.dispatch, run_request))
    except WorkerUnavailable:
        raise worker_unavailable(unless) from None
    except Conflict as error:  # paused a moment ago, after the decision
        raise Conflict(error.code, f"{error.message}. {unless}", **error.ids) from None


def reopen_hold(request: Request, dependencies: ApiDependencies) -> Response:
    conn = dependencies.conn
    body = request.body
    assert isinstance(body, ReasonBody)
    hold = visible_hold(request, conn)
    by = request.caller.name
    return Response(
        200, hold_view(conn, operations.reopen_hold(conn, hold, by=by, reason=body.reason))
    )


def reject_hold(request: Request, dependencies: ApiDependencies) -> Response:
    conn = dependencies.conn
    decided = _decided(request, conn, visible_hold(request, conn), "rejected")
    return Response(200, hold_view(conn, decided))


def _decided(request: Request, conn: Conn, hold: Hold, verdict: Verdict) -> Hold:
    body = request.body
    assert isinstance(body, DecisionBody)
    by = request.caller.name
    return operations.decide_hold(conn, hold, verdict, seen=body.seen, by=by, reason=body.reason)
