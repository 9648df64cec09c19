"""R31 over the API: what became of the ticks of the last 24 hours."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from tests.kit.api import Api
from tests.kit.rows import add_job

NONE = dict.fromkeys(
    ("due", "ran", "missed", "skipped", "made_up", "waiting", "paused", "cancelled"), 0
)


def tick(api: Api, clinic_id: UUID, hours_ago: float, status: str, **columns: Any) -> UUID:
    due = api.bench.now - timedelta(hours=hours_ago)
    more = {"scheduled_time": due, **columns}
    return add_job(api.bench.conn, clinic_id, due + timedelta(minutes=1), status, **more)


def history(api: Api) -> UUID:
    """Some ticks of two clinics; the job of the missed one, of the first clinic."""
    own, other = api.bench.clinic_id, api.other_clinic
    tick(api, own, 1, "succeeded")
    tick(api, own, 2, "failed")
    tick(api, own, 3, "skipped_stale", started_at=None)
    tick(api, own, 5, "skipped_paused", started_at=None)
    tick(api, own, 25, "missed", started_at=None)
    tick(api, other, 1, "succeeded")
    add_job(api.bench.conn, own, api.bench.now, trigger="api")
    return tick(api, own, 4, "missed", started_at=None, made_up_by=uuid4())


def test_r31_a_clinic_sees_its_own_ticks_and_an_operator_all(api: Api) -> None:
    history(api)

    own = api.as_clinic("jobs:read").get("/api/ticks")
    every = api.as_operator("jobs:read").get("/api/ticks?sync=inbound")

    numbers = {"due": 4, "ran": 2, "missed": 1, "skipped": 1, "made_up": 1, "paused": 1}
    inbound = {**NONE, **numbers, "sync": "inbound", "share": 0.5}
    assert (own.status, own.json["goal"]) == (200, 0.999)
    assert own.json["syncs"] == [
        inbound,
        {**NONE, "sync": "cases", "share": None},
        {**NONE, "sync": "reconciliation", "share": None},
    ]
    assert every.json["syncs"] == [{**inbound, "due": 5, "ran": 3, "share": 0.6}]


def test_r31_a_missed_tick_and_its_catch_up_name_each_other(api: Api) -> None:
    missed = history(api)

    listed = api.as_clinic("jobs:read").get("/api/sync/jobs?status=missed&limit=1").json["jobs"]

    assert [one["id"] for one in listed] == [str(missed)]
    assert listed[0]["made_up_by"] is not None
    assert listed[0]["catch_up_of"] is None
