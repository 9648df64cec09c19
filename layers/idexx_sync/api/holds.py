"""Operations on holds."""

from typing import Literal

from idexx_sync.api.call import Call
from idexx_sync.api.function import Answer, ApiTools
from idexx_sync.api.models import HoldList, HoldsQuery, HoldView
from idexx_sync.api.pages import cursor_at, place_of
from idexx_sync.api.problems import Problem
from idexx_sync.api.starting import accepted, placed
from idexx_sync.api.visible import visible_clinic, visible_hold
from idexx_sync.clinics import timezone_of, timezones
from idexx_sync.db import Conn
from idexx_sync.holds import Hold, decide, holds_newest_first, params_of_finder
from idexx_sync.orders import Wish


def list_holds(call: Call, tools: ApiTools) -> Answer:
    query = call.query
    assert isinstance(query, HoldsQuery)
    conn = tools.conn
    found = holds_newest_first(
        conn,
        clinic_id=visible_clinic(call, conn, query.clinic_id),
        sync=query.sync,
        status=query.status,
        after=place_of(query.cursor),
        limit=query.limit + 1,
    )
    shown = found[: query.limit]
    zones = timezones(conn, {hold.clinic_id for hold in shown})
    more = cursor_at(shown[-1].opened_at, shown[-1].id) if len(found) > len(shown) else None
    holds = tuple(HoldView.of(hold, zones.get(hold.clinic_id)) for hold in shown)
    return Answer(200, HoldList(holds=holds, next_cursor=more))


def get_hold(call: Call, tools: ApiTools) -> Answer:
    conn = tools.conn
    return Answer(200, _view(conn, visible_hold(call, conn)))


def approve_hold(call: Call, tools: ApiTools) -> Answer:
    """The permit stands even if the run can't be started: the next run will use it."""
    conn = tools.conn
    hold = _decided(call, tools, conn, "approved")
    wish = Wish(
        clinic_id=hold.clinic_id,
        sync=hold.sync,
        trigger="approval",
        params=params_of_finder(conn, hold),
        afresh=True,
    )
    return accepted(call, tools, placed(tools, wish))


def reject_hold(call: Call, tools: ApiTools) -> Answer:
    conn = tools.conn
    return Answer(200, _view(conn, _decided(call, tools, conn, "rejected")))


def _decided(
    call: Call, tools: ApiTools, conn: Conn, verdict: Literal["approved", "rejected"]
) -> Hold:
    hold = visible_hold(call, conn)
    decided = decide(conn, hold.id, verdict, call.caller.name, tools.clock())
    if decided is None:
        raise Problem("hold_decided", f"Hold {hold.id} is not open; look at it again.")
    return decided


def _view(conn: Conn, hold: Hold) -> HoldView:
    return HoldView.of(hold, timezone_of(conn, hold.clinic_id))
