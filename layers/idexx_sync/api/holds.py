"""Operations on holds."""

from idexx_sync.api.authorization import visible_clinic, visible_hold
from idexx_sync.api.handler import Answer, ApiTools
from idexx_sync.api.models import HoldsQuery
from idexx_sync.api.problems import Problem
from idexx_sync.api.request import Call
from idexx_sync.api.syncs import accepted, placed
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.submission import RunRequest
from idexx_sync.operations.decisions import Verdict, decided
from idexx_sync.operations.pagination import place_of
from idexx_sync.operations.views import hold_page, hold_view
from idexx_sync.syncs.hold_store import Hold, params_of_finder


def list_holds(call: Call, tools: ApiTools) -> Answer:
    query = call.query
    assert isinstance(query, HoldsQuery)
    conn = tools.conn
    page = hold_page(
        conn,
        clinic_id=visible_clinic(call, conn, query.clinic_id),
        sync=query.sync,
        status=query.status,
        after=place_of(query.cursor),
        limit=query.limit,
    )
    return Answer(200, page)


def get_hold(call: Call, tools: ApiTools) -> Answer:
    conn = tools.conn
    return Answer(200, hold_view(conn, visible_hold(call, conn)))


def approve_hold(call: Call, tools: ApiTools) -> Answer:
    """The permit stands even if the run can't be started: the next run will use it."""
    conn = tools.conn
    hold = _decided(call, tools, conn, "approved")
    wish = RunRequest(
        clinic_id=hold.clinic_id,
        sync=hold.sync,
        trigger="approval",
        params=params_of_finder(conn, hold),
        must_be_new=True,
    )
    try:
        return accepted(call, tools, placed(tools, wish))
    except Problem as problem:
        if problem.code != "worker_unavailable":
            raise
        raise Problem(
            "worker_unavailable",
            "The hold is approved, but its run could not be started; "
            "any run of this sync within 24 hours will use the permit.",
            headers=problem.headers,
        ) from None


def reject_hold(call: Call, tools: ApiTools) -> Answer:
    conn = tools.conn
    return Answer(200, hold_view(conn, _decided(call, tools, conn, "rejected")))


def _decided(call: Call, tools: ApiTools, conn: Conn, verdict: Verdict) -> Hold:
    hold = visible_hold(call, conn)
    return decided(conn, hold, verdict, call.caller.name, tools.clock())
