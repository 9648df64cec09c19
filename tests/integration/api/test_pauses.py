"""Pausing over HTTP, and what may be asked for meanwhile."""

from typing import Any, Final
from uuid import uuid4

import pytest

from idexx_sync.jobs.submission import RunRequest, submit
from tests.kit.api import Api
from tests.kit.database import query
from tests.kit.gateway import Gateway, Response
from tests.kit.records import visits
from tests.kit.rows import pause

MOVING: Final = {"reason": "moving"}


def stop(caller: Gateway, clinic_id: object | None = None, body: Any = MOVING) -> Response:
    return caller.post(f"/api/clinics/{clinic_id}/pause" if clinic_id else "/api/pause", body)


def go_on(caller: Gateway, clinic_id: object | None = None, body: Any = None) -> Response:
    return caller.post(f"/api/clinics/{clinic_id}/resume" if clinic_id else "/api/resume", body)


@pytest.mark.parametrize("of_all", [False, True])
def test_a_pause_is_made_once_and_ended_once(api: Api, of_all: bool) -> None:
    caller = api.as_operator()
    clinic_id = None if of_all else str(api.bench.clinic_id)

    answers = [
        *(stop(caller, clinic_id), stop(caller, clinic_id, {"reason": "once more"})),
        *(go_on(caller, clinic_id, {"reason": "moved"}), go_on(caller, clinic_id)),
    ]

    assert {answer.status for answer in answers} == {200}
    assert [answer.json["changed"] for answer in answers] == [True, False, True, False]
    (key,) = query(api.bench.conn, "SELECT id FROM public.clinic_api_keys")
    first, second, third, fourth = (answer.json["pause"] for answer in answers)
    assert first == second
    assert (first["clinic_id"], first["reason"]) == (clinic_id, "moving")
    assert (first["paused_by"], first["resumed_by"]) == (f"key {key['id']}", None)
    assert (third["id"], third["resume_reason"]) == (first["id"], "moved")
    assert (third["resumed_by"], fourth) == (f"key {key['id']}", None)
    zone = None if of_all else "America/Los_Angeles"
    assert {answer.json["timezone"] for answer in answers} == {zone}


@pytest.mark.parametrize("of_all", [False, True])
@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"reason": ""},
        {"reason": " \t"},
        {"reason": "\u200b\u2060"},
        {"reason": "x" * 501},
        {"reason": "x" * 3000},
        {"reason": 7},
        {"reason": None},
        {"reason": "moving", "clinic_id": "3f2b8c1e"},
    ],
    ids=str,
)
def test_a_pause_without_a_reason_or_with_more_is_refused(
    api: Api, of_all: bool, body: Any
) -> None:
    answer = stop(api.as_operator(), None if of_all else api.bench.clinic_id, body)

    assert (answer.status, answer.code) == (422, "invalid_request")
    assert answer.faults == ["/clinic_id" if body and len(body) > 1 else "/reason"]
    assert query(api.bench.conn, "SELECT id FROM idexx_sync.pauses") == []


def test_a_clinic_that_does_not_exist_is_not_found(api: Api) -> None:
    for clinic_id in (uuid4(), "West"):
        for answer in (stop(api.as_operator(), clinic_id), go_on(api.as_operator(), clinic_id)):
            assert (answer.status, answer.code) == (404, "not_found")


def orders(api: Api) -> list[tuple[str, Any]]:
    """Everything that orders a run."""
    bench = api.bench
    clinic = {"clinic_id": str(bench.clinic_id)}
    (job,) = query(bench.conn, "SELECT id FROM idexx_sync.jobs WHERE status = 'held'")
    hold = bench.hold("empty_calendar")
    seen = {"seen": bench.version(hold["id"])}
    return [
        ("/api/sync/inbound", clinic),
        ("/api/sync/inbound", {**clinic, "dry_run": True}),
        ("/api/sync/cases", clinic),
        (f"/api/sync/jobs/{job['id']}/retry", None),
        (f"/api/sync/holds/{hold['id']}/approve", seen),
        (f"/api/sync/holds/{hold['id']}/revive", None),
    ]


def with_a_hold(api: Api) -> None:
    api.bench.pims.records = visits(12)
    api.bench.sync()
    api.bench.later()
    api.bench.pims.records = []
    api.bench.sync()


@pytest.mark.parametrize("of_all", [False, True])
def test_whatever_orders_a_run_is_told_since_when_by_whom_why_and_what_next(
    api: Api, of_all: bool
) -> None:
    with_a_hold(api)
    before = query(api.bench.conn, "SELECT * FROM idexx_sync.jobs ORDER BY id"), api.bench.holds()
    pause(api.bench.conn, None if of_all else api.bench.clinic_id, "new rooms")
    whose, ends = " with all clinics", "resume --all"
    if not of_all:
        whose, ends = "", f"clinics resume {api.bench.clinic_id}"

    for caller in (api.as_operator(), api.as_clinic()):
        for path, body in orders(api):
            answer = caller.post(path, body)

            assert (answer.status, answer.code) == (409, "clinic_paused"), path
            assert answer.json["detail"] == (
                f"The clinic is paused{whose} since 2026-05-04 07:15 PDT by Kim: new rooms; no run "
                f"is ordered meanwhile; once it may go on: idexx-sync {ends}"
            )

    assert api.invocations.made == []
    after = query(api.bench.conn, "SELECT * FROM idexx_sync.jobs ORDER BY id"), api.bench.holds()
    assert after == before


def test_what_asks_no_pims_goes_on_while_paused(api: Api) -> None:
    with_a_hold(api)
    pause(api.bench.conn, api.bench.clinic_id)
    caller, hold = api.as_operator(), api.bench.hold("empty_calendar")

    rejected = caller.post(
        f"/api/sync/holds/{hold['id']}/reject", {"seen": api.bench.version(hold["id"])}
    )

    assert rejected.status == 200
    assert caller.post(f"/api/sync/holds/{hold['id']}/reopen").status == 200
    assert caller.get("/api/sync/jobs").status == 200


def test_a_neighbour_of_a_paused_clinic_is_served(api: Api) -> None:
    pause(api.bench.conn, api.other_clinic)

    assert api.as_clinic().post("/api/sync/inbound").status == 202
    assert api.work().status == "succeeded"
    status = api.as_clinic().get(f"/api/clinics/{api.bench.clinic_id}/status").json
    assert (status["pauses"], status["paused_reason"]) == ([], None)


def test_a_repeated_request_gets_what_has_been_done_and_orders_nothing_anew(api: Api) -> None:
    caller, repeated = api.as_clinic(), {"Idempotency-Key": "once"}
    first = caller.post("/api/sync/inbound", headers=repeated)
    api.work()
    pause(api.bench.conn, api.bench.clinic_id)

    again = caller.post("/api/sync/inbound", headers=repeated)
    assert (again.status, again.json["id"]) == (202, first.json["id"])
    assert again.json["status"] == "succeeded"

    api.bench.conn.execute(
        "UPDATE idexx_sync.jobs SET status = 'queued', attempt = 3, result = NULL, "
        "finished_at = NULL, dispatched_at = clock_timestamp() - interval '1 day'"
    )
    lost = caller.post("/api/sync/inbound", headers=repeated)
    assert (lost.status, lost.code) == (409, "clinic_paused")
    assert len(api.invocations.made) == 1


def test_a_pause_that_comes_after_the_decision_leaves_the_permit_and_says_so(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_hold(api)
    hold = api.bench.hold("empty_calendar")

    def paused_first(conn: Any, dispatch: Any, request: RunRequest) -> Any:
        pause(api.bench.conn, request.clinic_id)
        return submit(conn, dispatch, request)

    monkeypatch.setattr("idexx_sync.api.holds.submit", paused_first)
    seen = {"seen": api.bench.version(hold["id"])}
    answer = api.as_operator().post(f"/api/sync/holds/{hold['id']}/approve", seen)

    assert (answer.status, answer.code) == (409, "clinic_paused")
    assert "The hold is approved, but its run could not be started" in answer.json["detail"]
    assert api.bench.hold("empty_calendar")["status"] == "approved"


def test_whoever_may_look_at_the_clinic_sees_who_stopped_it_and_why(api: Api) -> None:
    own = pause(api.bench.conn, api.bench.clinic_id, "new rooms")
    of_all = pause(api.bench.conn, None, "Neo is down")

    status = api.as_clinic().get(f"/api/clinics/{api.bench.clinic_id}/status").json
    listed = api.as_clinic().get("/api/clinics").json["clinics"]

    assert listed == [status]
    assert [one["id"] for one in status["pauses"]] == [str(of_all), str(own)]
    assert all(one["paused_at"].startswith("2026-05-04T14:00:0") for one in status["pauses"])
    assert status["paused_reason"] == "Neo is down; new rooms"
    assert {sync["freshness"] for sync in status["syncs"]} == {"paused"}
    assert any("idexx-sync resume --all" in need["what"] for need in status["needs"])


def test_stop_everything_now_to_go_on(api: Api) -> None:
    """An order, everything stopped, its run skipped and further ones refused, and on again."""
    operator, clinic = api.as_operator(), api.as_clinic()
    job = clinic.post("/api/sync/inbound").json

    assert stop(operator, body={"reason": "Neo asked us to stop"}).json["changed"]

    assert api.work().status == "skipped_paused"
    shown = clinic.get(f"/api/sync/jobs/{job['id']}").json
    assert "paused with all clinics since" in shown["message"]
    assert clinic.post("/api/sync/inbound").code == "clinic_paused"
    assert operator.get("/api/clinics?freshness=paused").json["clinics"]
    assert api.bench.pims.reads == 0

    assert go_on(operator, body={"reason": "they are well again"}).json["changed"]

    retried = clinic.post(f"/api/sync/jobs/{job['id']}/retry")
    assert retried.status == 202
    assert api.work().status == "succeeded"
    assert api.bench.pims.reads == 1
