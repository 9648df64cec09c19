"""What reconciliations found, over the API: of a job, and what is open at a clinic."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.kit.api import Api
from tests.kit.rows import add_discrepancy, add_job

type Add = Callable[..., str]


@pytest.fixture
def job_id(api: Api) -> str:
    return str(add_job(api.bench.conn, api.bench.clinic_id, api.bench.now, sync="reconciliation"))


@pytest.fixture
def add(api: Api, job_id: str) -> Add:
    """Adds a discrepancy that the job has seen; returns its id."""

    def added(**columns: Any) -> str:
        return str(add_discrepancy(api.bench.conn, api.bench.clinic_id, job_id, **columns))  # type: ignore[arg-type]

    return added


def paths(api: Api, job_id: str) -> tuple[str, str]:
    return (
        f"/api/sync/jobs/{job_id}/discrepancies",
        f"/api/clinics/{api.bench.clinic_id}/discrepancies",
    )


def listed(api: Api, path: str, words: str = "") -> list[str]:
    """Ids of all pages, in their order."""
    caller, found, cursor = api.as_clinic("jobs:read"), list[str](), ""
    while True:
        page = caller.get(f"{path}?limit=2{words}{cursor}").json
        found += [one["id"] for one in page["discrepancies"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def test_all_that_is_known_of_a_discrepancy_is_told(api: Api, add: Add, job_id: str) -> None:
    made = add(external_id="600101", missed_by="inbound")

    for path in paths(api, job_id):
        answer = api.as_clinic("jobs:read").get(path)

        assert answer.status == 200
        assert answer.json == {
            "discrepancies": [
                {
                    "id": made,
                    "kind": "appointment",
                    "external_id": "600101",
                    "day": "2026-05-04",
                    "cause": "moved",
                    "treatment": "fix",
                    "outcome": "fixed",
                    "missed_by": "inbound",
                    "nights": 1,
                    "rule": "R4",
                    "code": "moved",
                    "facts": {"start": ["2026-05-04 09:00:00"]},
                    "first_seen_at": "2026-05-04T14:00:00Z",
                    "last_seen_at": "2026-05-04T14:00:00Z",
                    "ended_at": None,
                }
            ],
            "next_cursor": None,
        }


def test_pages_show_each_once_the_newest_day_first(api: Api, add: Add, job_id: str) -> None:
    by_day = {day: [add(day=f"2026-05-0{day}") for _ in range(2)] for day in (3, 5, 4)}
    in_order = [id_ for day in (5, 4, 3) for id_ in sorted(by_day[day], reverse=True)]

    for path in paths(api, job_id):
        assert listed(api, path) == in_order


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("&cause=duplicate_case", {"case"}),
        ("&kind=appointment", {"row", "other"}),
        ("&outcome=reported", {"case", "other"}),
        ("&missed_by=cases", {"case"}),
        ("&kind=appointment&outcome=fixed&cause=moved", {"row"}),
        ("&missed_by=inbound", set()),
    ],
)
def test_filters_narrow_the_list(
    api: Api, add: Add, job_id: str, words: str, found: set[str]
) -> None:
    names = {
        add(): "row",
        add(cause="contact_differs", treatment="report", outcome="reported"): "other",
        add(cause="duplicate_case", kind="case", outcome="reported", missed_by="cases"): "case",
    }

    for path in paths(api, job_id):
        assert {names[id_] for id_ in listed(api, path, words)} == found


def test_a_job_tells_what_became_of_it_then_and_the_clinic_what_is_open_now(
    api: Api, add: Add, job_id: str
) -> None:
    still_open, ended = add(), add(ended_at=api.bench.now)
    api.bench.conn.execute("UPDATE idexx_sync.discrepancies SET outcome = 'left'")
    of_job, of_clinic = paths(api, job_id)

    told = {one["id"]: one for one in api.as_clinic().get(of_job).json["discrepancies"]}

    assert {id_: one["outcome"] for id_, one in told.items()} == {
        still_open: "fixed",
        ended: "fixed",
    }
    (now,) = api.as_clinic().get(of_clinic).json["discrepancies"]
    assert (now["id"], now["outcome"]) == (still_open, "left")


def test_a_clinic_sees_no_row_of_another_and_no_job_another_jobs(
    api: Api, add: Add, job_id: str
) -> None:
    add()
    other = api.other_clinic
    elsewhere = add_job(api.bench.conn, other, api.bench.now, sync="reconciliation")
    add_discrepancy(api.bench.conn, other, elsewhere)

    assert all(len(listed(api, path)) == 1 for path in paths(api, job_id))
    for path in paths(api, job_id):
        answer = api.as_other_clinic().get(path)
        assert (answer.status, answer.code) == (404, "not_found")


def test_a_job_of_another_sync_has_none(api: Api) -> None:
    job = api.bench.sync()

    answer = api.as_clinic().get(f"/api/sync/jobs/{job.id}/discrepancies")

    assert (answer.status, answer.json) == (200, {"discrepancies": [], "next_cursor": None})


@pytest.mark.parametrize(
    ("words", "faults"),
    [
        ("cause=sorrow", ["cause"]),
        ("kind=visit", ["kind"]),
        ("outcome=done", ["outcome"]),
        ("missed_by=nobody", ["missed_by"]),
        ("limit=101", ["limit"]),
        ("cursor=x", ["cursor"]),
        ("cursor=WyIyMDI2LTA1LTA0IiwgIjciXQ==", ["cursor"]),  # of a day and no id
        ("cursor=WyJ4IiwgIjkwZjBmMGYwLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwMDAwMSJd", ["cursor"]),
    ],
)
def test_a_wrong_parameter_is_named(api: Api, job_id: str, words: str, faults: list[str]) -> None:
    for path in paths(api, job_id):
        answer = api.as_clinic().get(f"{path}?{words}")

        assert (answer.status, answer.faults) == (422, faults)


def test_a_reconciliation_is_ordered_like_every_other_sync(api: Api) -> None:
    order = {"clinic_id": str(api.bench.clinic_id), "lookback_days": 3}

    ordered = api.as_operator().post("/api/sync/reconciliation", order)

    assert (ordered.status, ordered.json["sync"]) == (202, "reconciliation")
    assert ordered.json["manner"] == "observe"
    job = api.work()
    assert job.status == "succeeded", (job.error_message, job.result)
    told = api.as_clinic().get(f"/api/sync/jobs/{job.id}").json
    assert told["discrepancies"] == {"missing_in_odis": {"reported": 3}}
    found = api.as_clinic().get(f"/api/sync/jobs/{job.id}/discrepancies").json["discrepancies"]
    assert [one["cause"] for one in found] == ["missing_in_odis"] * 3
    assert api.bench.rows() == []


def test_no_key_of_a_clinic_orders_one(api: Api) -> None:
    order = {"clinic_id": str(api.bench.clinic_id)}

    answer = api.as_clinic().post("/api/sync/reconciliation", order)

    assert (answer.status, answer.code) == (403, "scope_missing")
