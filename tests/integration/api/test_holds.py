"""Holds over the API: lists, approving with a fresh run, rejecting."""

import pytest

from tests.kit.api import Api
from tests.kit.database import query
from tests.kit.records import visits


@pytest.fixture
def hold(api: Api) -> str:
    """A hold of ten visits that vanished."""
    api.bench.pims.records = visits(20)
    api.bench.sync()
    api.bench.pims.records = visits(10)
    api.bench.later()
    assert api.bench.sync().status == "held"
    return str(api.bench.hold("unproven_visit_losses")["id"])


def test_a_hold_says_what_was_found(api: Api, hold: str) -> None:
    told = api.as_clinic().get(f"/api/sync/holds/{hold}").json

    assert (told["status"], told["cause"], len(told["findings"])) == (
        "open",
        "unproven_visit_losses",
        10,
    )
    assert told["timezone"] == "America/Los_Angeles"


def test_holds_are_listed_by_pages_and_filters(api: Api, hold: str) -> None:
    caller = api.as_clinic()

    def ids(words: str) -> list[str]:
        return [one["id"] for one in caller.get(f"/api/sync/holds?{words}").json["holds"]]

    assert ids("") == ids("status=open") == ids("sync=inbound&limit=1") == [hold]
    assert ids("status=approved") == ids("sync=cases") == []


def test_approving_starts_a_fresh_run_that_lets_it_through(api: Api, hold: str) -> None:
    caller = api.as_clinic()

    answer = caller.post(f"/api/sync/holds/{hold}/approve")

    assert (answer.status, answer.json["trigger"]) == (202, "approval")
    assert answer.json["window"] == ["2026-05-04", "2026-05-10"]
    assert api.work().status == "succeeded"
    assert len(api.bench.rows()) == 10
    told = caller.get(f"/api/sync/holds/{hold}").json
    assert told["decided_by"].startswith("key ")


def test_a_run_that_began_before_is_not_enough_for_an_approval(api: Api, hold: str) -> None:
    """It may have read before the permit was given: a fresh one waits for it."""
    caller = api.as_clinic()
    days = {"from": "2026-05-04", "to": "2026-05-10"}
    running = caller.post("/api/sync/inbound", days).json
    api.bench.conn.execute("UPDATE idexx_sync.jobs SET status = 'running', attempt = 1 "
                           "WHERE id = %s", (running["id"],))  # fmt: skip

    answer = caller.post(f"/api/sync/holds/{hold}/approve")

    assert answer.status == 202
    assert answer.json["id"] != running["id"]


def test_a_permit_stands_when_the_run_can_not_be_started(api: Api, hold: str) -> None:
    api.invocations.refusing = True

    answer = api.as_clinic().post(f"/api/sync/holds/{hold}/approve")

    assert (answer.status, answer.code) == (503, "worker_unavailable")
    assert "is approved" in answer.json["detail"]
    assert api.bench.hold("unproven_visit_losses")["status"] == "approved"
    api.bench.sync()
    assert len(api.bench.rows()) == 10


def test_rejecting_keeps_it_out(api: Api, hold: str) -> None:
    answer = api.as_clinic().post(f"/api/sync/holds/{hold}/reject")

    assert (answer.status, answer.json["status"]) == (200, "rejected")
    assert api.bench.sync().status == "succeeded_with_warnings"
    assert len(api.bench.rows()) == 20


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_a_hold_is_decided_once(api: Api, hold: str, verdict: str) -> None:
    caller = api.as_clinic()
    caller.post(f"/api/sync/holds/{hold}/reject")

    answer = caller.post(f"/api/sync/holds/{hold}/{verdict}")

    assert (answer.status, answer.code) == (409, "hold_decided")
    assert query(api.bench.conn, "SELECT * FROM idexx_sync.jobs WHERE trigger = 'approval'") == []


def test_deciding_takes_no_body(api: Api, hold: str) -> None:
    caller = api.as_clinic()

    answer = caller.post(f"/api/sync/holds/{hold}/approve", {"because": "I say so"})

    assert (answer.status, answer.faults) == (422, ["/because"])
    assert caller.post(f"/api/sync/holds/{hold}/approve", {}).status == 202
