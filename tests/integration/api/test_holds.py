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


def seen(api: Api, hold: str, **more: str) -> dict[str, str]:
    """The body of a decision about the hold as it is now."""
    return {"seen": api.bench.version(hold), **more}


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

    answer = caller.post(f"/api/sync/holds/{hold}/approve", seen(api, hold))

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

    answer = caller.post(f"/api/sync/holds/{hold}/approve", seen(api, hold))

    assert answer.status == 202
    assert answer.json["id"] != running["id"]


def test_a_permit_stands_when_the_run_can_not_be_started(api: Api, hold: str) -> None:
    api.invocations.refusing = True

    answer = api.as_clinic().post(f"/api/sync/holds/{hold}/approve", seen(api, hold))

    assert (answer.status, answer.code) == (503, "worker_unavailable")
    assert "is approved" in answer.json["detail"]
    assert api.bench.hold("unproven_visit_losses")["status"] == "approved"
    api.bench.sync()
    assert len(api.bench.rows()) == 10


def test_rejecting_keeps_it_out(api: Api, hold: str) -> None:
    answer = api.as_clinic().post(f"/api/sync/holds/{hold}/reject", seen(api, hold))

    assert (answer.status, answer.json["status"]) == (200, "rejected")
    assert api.bench.sync().status == "succeeded_with_warnings"
    assert len(api.bench.rows()) == 20


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_a_hold_is_decided_once(api: Api, hold: str, verdict: str) -> None:
    caller = api.as_clinic()
    caller.post(f"/api/sync/holds/{hold}/reject", seen(api, hold))

    answer = caller.post(f"/api/sync/holds/{hold}/{verdict}", seen(api, hold))

    assert (answer.status, answer.code) == (409, "hold_decided")
    assert query(api.bench.conn, "SELECT * FROM idexx_sync.jobs WHERE trigger = 'approval'") == []


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_a_decision_names_the_version_that_was_seen(api: Api, hold: str, verdict: str) -> None:
    caller, path = api.as_clinic(), f"/api/sync/holds/{hold}/{verdict}"

    assert (caller.post(path).status, caller.post(path).faults) == (422, ["/seen"])
    answer = caller.post(path, seen(api, hold, because="I say so"))

    assert (answer.status, answer.faults) == (422, ["/because"])
    assert caller.get(f"/api/sync/holds/{hold}").json["status"] == "open"
    assert caller.post(path, seen(api, hold)).status in (200, 202)


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_another_version_than_was_seen_is_refused_with_what_has_changed(
    api: Api, hold: str, verdict: str
) -> None:
    """Ten were seen; by the time of the decision a run has found five others, and lacks one."""
    caller = api.as_clinic()
    was_seen = caller.get(f"/api/sync/holds/{hold}").json["version"]
    api.bench.pims.records = visits(5) + [visit for visit in visits(20) if visit.id == "600120"]
    api.bench.later()
    api.bench.sync()

    answer = caller.post(f"/api/sync/holds/{hold}/{verdict}", {"seen": was_seen})

    assert (answer.status, answer.code) == (409, "hold_changed")
    assert "it named 10 records, 14 now" in answer.json["detail"]
    assert "added: 600106, 600107, 600108, 600109, 600110; gone: 600120." in answer.json["detail"]
    assert answer.json["detail"].endswith(f"then decide: idexx-sync holds show {hold}")
    assert api.bench.version(hold) in answer.json["detail"]
    assert api.bench.hold("unproven_visit_losses")["status"] == "open"
    assert len(api.bench.rows()) == 20
    unknown = caller.post(f"/api/sync/holds/{hold}/{verdict}", {"seen": "nonsense"})
    assert "no version 'nonsense' of it is known" in unknown.json["detail"]
    assert caller.post(f"/api/sync/holds/{hold}/{verdict}", {"seen": "\0"}).code == "hold_changed"


def test_why_and_of_which_version_is_kept_and_shown(api: Api, hold: str) -> None:
    caller = api.as_clinic()
    said = seen(api, hold, reason="  the clinic\ncalled\u200b ")

    told = caller.post(f"/api/sync/holds/{hold}/reject", said).json

    assert told["reason"] == "the clinic called"
    (event,) = told["history"]
    assert event["event"] == "rejected"
    assert (event["version"], event["by"], event["reason"]) == (
        said["seen"],
        told["decided_by"],
        told["reason"],
    )
    assert event["at"] == told["decided_at"]


def test_a_reason_is_bounded(api: Api, hold: str) -> None:
    path = f"/api/sync/holds/{hold}/reject"

    answer = api.as_clinic().post(path, seen(api, hold, reason="a" * 501))

    assert (answer.status, answer.faults) == (422, ["/reason"])
    assert api.bench.hold("unproven_visit_losses")["status"] == "open"


def test_a_rejected_hold_asks_again_once_it_is_reopened(api: Api, hold: str) -> None:
    caller, path = api.as_clinic(), f"/api/sync/holds/{hold}"
    assert caller.post(f"{path}/reopen").code == "hold_not_rejected"
    caller.post(f"{path}/reject", seen(api, hold, reason="it is ours"))

    told = caller.post(f"{path}/reopen", {"reason": "it was not"}).json

    assert (told["status"], told["decided_by"], told["reason"]) == ("open", None, None)
    assert [(one["event"], one["reason"]) for one in told["history"]] == [
        ("rejected", "it is ours"),
        ("reopened", "it was not"),
    ]
    assert api.bench.sync().status == "held"
    assert caller.post(f"{path}/approve", seen(api, hold)).status == 202


def test_what_an_approval_removed_is_revived_by_a_run_of_its_own(api: Api, hold: str) -> None:
    caller, path = api.as_clinic(), f"/api/sync/holds/{hold}"
    assert caller.post(f"{path}/revive").code == "nothing_to_revive"
    run = caller.post(f"{path}/approve", seen(api, hold)).json["id"]
    too_early = caller.post(f"{path}/revive")
    assert (too_early.status, too_early.code) == (409, "nothing_to_revive")
    assert f"job {run}, which carries the approval out, is queued" in too_early.json["detail"]
    assert f"idexx-sync jobs cancel {run}" in too_early.json["detail"]
    assert (api.work().status, len(api.bench.rows())) == ("succeeded", 10)

    answer = caller.post(f"{path}/revive", {"reason": "they were there"})

    assert (answer.status, answer.json["trigger"]) == (202, "approval")
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    api.work()
    assert len(api.bench.rows()) == 20
    (kept,) = caller.get("/api/sync/holds?status=rejected").json["holds"]
    assert (kept["cause"], kept["found"], kept["reason"]) == ("revived", 10, "they were there")
    events = [one["event"] for one in caller.get(path).json["history"]]
    assert events == ["approved", "let_through", "revived"]
