"""Dead letters over the API: who sees which, and what is ordered again or discarded."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.kit.api import Api
from tests.kit.database import query, update
from tests.kit.rows import add_job, add_letter

LETTERS = "/api/dead-letters"
WHY = {"reason": "a message of a test"}


def letter(api: Api, letter_id: object) -> dict[str, Any]:
    (found,) = query(
        api.bench.conn, "SELECT * FROM idexx_sync.dead_letters WHERE id = %s", (letter_id,)
    )
    return found


def jobs(api: Api) -> list[dict[str, Any]]:
    return query(api.bench.conn, "SELECT * FROM idexx_sync.jobs ORDER BY queued_at, id")


def test_a_clinic_sees_its_own_letters_and_operators_see_all(api: Api) -> None:
    conn = api.bench.conn
    own = add_letter(conn, api.bench.clinic_id)
    others = add_letter(conn, api.other_clinic)
    nobodys = add_letter(conn, None, None, event=None)

    def listed(caller: Any, query: str = "") -> set[str]:
        return {one["id"] for one in caller.get(f"{LETTERS}{query}").json["dead_letters"]}

    assert listed(api.as_clinic()) == {str(own)}
    assert listed(api.as_operator()) == {str(own), str(others), str(nobodys)}
    assert listed(api.as_operator(), f"?clinic_id={api.other_clinic}") == {str(others)}
    for path, body in (("", None), ("/retry", None), ("/discard", WHY)):
        for unseen in (others, nobodys):
            method = "POST" if path else "GET"
            answer = api.as_clinic().request(method, f"{LETTERS}/{unseen}{path}", body=body)
            assert (answer.status, answer.code) == (404, "not_found")
    assert api.as_operator().get(f"{LETTERS}/{nobodys}").status == 200


def test_letters_are_chosen_and_come_newest_first_page_by_page(api: Api) -> None:
    conn, clinic_id = api.bench.conn, api.bench.clinic_id
    now = api.bench.now
    added = [
        str(add_letter(conn, clinic_id, received_at=now - timedelta(hours=hours)))
        for hours in range(5)
    ]
    discarded = add_letter(conn, clinic_id, "cases", "discarded", received_at=now)
    caller = api.as_clinic()

    pages, cursor = [], ""
    while True:
        page = caller.get(f"{LETTERS}?status=parked&limit=2{cursor}").json
        pages.append([one["id"] for one in page["dead_letters"]])
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert pages == [added[:2], added[2:4], added[4:]]
    (found,) = caller.get(f"{LETTERS}?sync=cases").json["dead_letters"]
    assert (found["id"], found["status"]) == (str(discarded), "discarded")
    assert len(caller.get(f"{LETTERS}?id={added[0][:8]}").json["dead_letters"]) == 1


def test_a_letter_is_ordered_again_once(api: Api) -> None:
    letter_id = add_letter(api.bench.conn, api.bench.clinic_id)
    caller = api.as_clinic()

    ordered = caller.post(f"{LETTERS}/{letter_id}/retry")
    again = caller.post(f"{LETTERS}/{letter_id}/retry")

    assert ordered.status == 202
    assert (again.status, again.code) == (409, "letter_ended")
    assert again.json["job_id"] == ordered.json["id"]
    (job,) = jobs(api)
    assert (str(job["id"]), job["trigger"], job["status"]) == (
        ordered.json["id"],
        "retry",
        "queued",
    )
    assert len(api.invocations.made) == 1
    stored = letter(api, letter_id)
    assert (stored["status"], stored["retry_job_id"]) == ("retried", job["id"])
    assert stored["ended_by"].startswith("key ")
    api.work()
    assert jobs(api)[0]["status"] == "succeeded"


def test_a_letter_of_a_job_is_that_job_ordered_again(api: Api) -> None:
    conn = api.bench.conn
    days = {"from": "2026-05-04", "to": "2026-05-05"}
    job_id = add_job(
        conn,
        api.bench.clinic_id,
        api.bench.now,
        "dead",
        error_kind="internal",
        params=days,
        trigger="api",
    )
    letter_id = add_letter(
        conn, api.bench.clinic_id, status="ended", outcome="ended", job_id=job_id, event=None
    )

    ordered = api.as_clinic().post(f"{LETTERS}/{letter_id}/retry")

    assert (ordered.status, ordered.json["retry_of"]) == (202, str(job_id))
    assert ordered.json["request_id"] == ordered.headers["X-Request-Id"]
    assert ordered.json["window"] == ["2026-05-04", "2026-05-05"]
    assert letter(api, letter_id)["status"] == "retried"


def test_what_two_people_order_again_at_once_is_one_job(api: Api) -> None:
    """The second one has looked at the letter before the first one's order was written down."""
    letter_id = add_letter(api.bench.conn, api.bench.clinic_id)
    first = api.as_clinic().post(f"{LETTERS}/{letter_id}/retry").json["id"]
    update(
        api.bench.conn,
        "idexx_sync.dead_letters",
        {"status": "parked", "ended_at": None, "retry_job_id": None},
        id=letter_id,
    )

    second = api.as_operator().post(f"{LETTERS}/{letter_id}/retry").json["id"]

    assert second == first
    assert len(jobs(api)) == 1


@pytest.mark.parametrize("refusing", [True, False])
def test_a_letter_whose_run_cannot_be_started_stays_as_it_is(api: Api, refusing: bool) -> None:
    conn = api.bench.conn
    letter_id = add_letter(conn, api.bench.clinic_id)
    if refusing:
        api.invocations.refusing = True
    else:
        other = {"from": "2026-01-01"}
        add_job(conn, api.bench.clinic_id, None, "queued", params=other, queued_at=api.bench.now)

    answer = api.as_clinic().post(f"{LETTERS}/{letter_id}/retry")

    assert answer.code == ("worker_unavailable" if refusing else "sync_running")
    assert letter(api, letter_id)["status"] == "parked"


@pytest.mark.parametrize(
    "columns",
    [
        {"event": None},
        {"left_out": 1},
        {"event": {"v": 2}},
        {"event": {"v": 1, "job_id": str(uuid4())}},
        {"event": {"v": 1, "clinic_id": str(uuid4())}},
        {"event": {"v": 1, "clinic_id": str(uuid4()), "sync": "inbound", "params": {"from": 7}}},
    ],
)
def test_what_does_not_say_which_run_was_meant_is_not_guessed(
    api: Api, columns: dict[str, Any]
) -> None:
    letter_id = add_letter(api.bench.conn, api.bench.clinic_id, **columns)

    answer = api.as_clinic().post(f"{LETTERS}/{letter_id}/retry")

    assert (answer.status, answer.code) == (409, "letter_not_retryable")
    assert f"idexx-sync dead-letters discard {letter_id}" in answer.json["detail"]
    assert jobs(api) == []


def test_a_letter_of_a_later_release_is_ordered_again_once_that_is_deployed(api: Api) -> None:
    """Its job is known, so that nothing else of its event is needed."""
    conn = api.bench.conn
    job_id = add_job(conn, api.bench.clinic_id, None, "queued", queued_at=api.bench.now)
    event = {"v": 2, "job_id": str(job_id)}
    letter_id = add_letter(
        conn, api.bench.clinic_id, job_id=job_id, event=event, left_out=3, reason="unknown_version"
    )
    waits = api.as_clinic().post(f"{LETTERS}/{letter_id}/retry")
    update(
        conn,
        "idexx_sync.jobs",
        {"status": "dead", "finished_at": api.bench.now, "error_kind": "internal"},
        id=job_id,
    )
    ordered = api.as_clinic().post(f"{LETTERS}/{letter_id}/retry")

    assert (waits.status, waits.code) == (409, "job_not_final")
    assert (ordered.status, ordered.json["retry_of"]) == (202, str(job_id))


def test_nothing_comes_of_a_letter_that_was_discarded(api: Api) -> None:
    letter_id = add_letter(api.bench.conn, api.bench.clinic_id)
    caller = api.as_clinic()

    assert caller.post(f"{LETTERS}/{letter_id}/discard", {}).status == 422
    assert caller.post(f"{LETTERS}/{letter_id}/discard", {"reason": " "}).status == 422
    assert letter(api, letter_id)["status"] == "parked"
    discarded = caller.post(f"{LETTERS}/{letter_id}/discard", WHY)
    again = caller.post(f"{LETTERS}/{letter_id}/discard", WHY)
    retried = caller.post(f"{LETTERS}/{letter_id}/retry")

    assert (discarded.status, discarded.json["status"]) == (200, "discarded")
    assert discarded.json["ended_reason"] == WHY["reason"]
    assert (again.status, again.code) == (409, "letter_ended")
    assert (retried.status, retried.code) == (409, "letter_ended")


@pytest.mark.parametrize("status", ["superseded", "ended"])
def test_only_what_is_parked_can_be_discarded(api: Api, status: str) -> None:
    letter_id = add_letter(api.bench.conn, api.bench.clinic_id, status=status, job_id=uuid4())

    answer = api.as_clinic().post(f"{LETTERS}/{letter_id}/discard", WHY)

    assert (answer.status, answer.code) == (409, "letter_ended")


def test_an_operator_needs_the_scope_of_the_sync_that_a_nameless_letter_orders(api: Api) -> None:
    event = {"v": 1, "clinic_id": str(api.bench.clinic_id), "sync": "cases"}
    letter_id = add_letter(api.bench.conn, None, None, event=event)

    lacking = api.as_operator("jobs:write", "sync:inbound").post(f"{LETTERS}/{letter_id}/retry")
    allowed = api.as_operator("jobs:write", "sync:cases").post(f"{LETTERS}/{letter_id}/retry")

    assert (lacking.status, lacking.code) == (403, "scope_missing")
    assert (allowed.status, allowed.json["sync"]) == (202, "cases")
