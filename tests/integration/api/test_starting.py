"""POST of a sync: one job for equal wishes, its worker invoked, waiting, idempotency keys."""

from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread
from uuid import UUID, uuid4

import pytest
from psycopg import Connection
from pydantic import SecretStr

from idexx_sync.api.handler import api_handler
from idexx_sync.api.syncs import start
from idexx_sync.core.catalog import SyncName
from idexx_sync.database.connection import Database, connect
from idexx_sync.jobs.params import WindowParams
from idexx_sync.jobs.submission import RunRequest, submit
from idexx_sync.jobs.submission_store import IDEMPOTENCY_KEY_LIVES, IdempotencyKey
from tests.kit.api import Api, Invocations
from tests.kit.database import as_role, query
from tests.kit.gateway import Response

INBOUND = "/api/sync/inbound"
WEEK = {"from": "2026-05-04", "to": "2026-05-10"}


def jobs(api: Api) -> list[dict[str, object]]:
    return query(api.bench.conn, "SELECT * FROM idexx_sync.jobs ORDER BY queued_at, id")


def test_a_sync_is_accepted_and_its_worker_invoked(api: Api) -> None:
    answer = api.as_clinic().post(INBOUND, WEEK)

    job = answer.json
    assert answer.status == 202
    assert (job["status"], job["trigger"], job["window"]) == (
        "queued",
        "api",
        ["2026-05-04", "2026-05-10"],
    )
    assert api.invocations.made == [("inbound", UUID(job["id"]))]
    assert answer.headers["Location"] == f"/test/api/sync/jobs/{job['id']}"
    assert answer.headers["Retry-After"] == "5"
    assert jobs(api)[0]["dispatched_at"] is not None


@pytest.mark.parametrize(
    ("sent", "named"), [("mine-1", True), ("not a word", False), (None, False)]
)
def test_the_job_names_the_request_that_ordered_it(api: Api, sent: str | None, named: bool) -> None:
    headers = {} if sent is None else {"X-Request-Id": sent}
    caller = api.as_clinic()

    answer = caller.post(INBOUND, WEEK, headers=headers)
    joined = caller.post(INBOUND, WEEK)

    told = answer.headers["X-Request-Id"]
    assert (told == sent) is named
    assert answer.json["request_id"] == jobs(api)[0]["request_id"] == told
    assert joined.json["request_id"] == told != joined.headers["X-Request-Id"]


def test_the_worker_does_what_was_ordered(api: Api) -> None:
    caller = api.as_clinic()
    ordered = caller.post(INBOUND, WEEK).json

    api.work()

    done = caller.get(f"/api/sync/jobs/{ordered['id']}").json
    assert done["status"] == "succeeded"
    assert done["counts"]["created"] == 3
    assert done["summary"] == "3 created (checked 3)"


def test_no_body_means_the_clinics_own_window(api: Api) -> None:
    assert api.as_clinic().post(INBOUND).status == 202
    assert jobs(api)[0]["params"] == {}


def test_an_equal_sync_under_way_is_joined(api: Api) -> None:
    caller = api.as_clinic()
    first, second = caller.post(INBOUND, WEEK).json, caller.post(INBOUND, WEEK).json

    assert first["id"] == second["id"]
    assert len(api.invocations.made) == 1


def test_a_different_one_is_in_the_way(api: Api) -> None:
    caller = api.as_clinic()
    first = caller.post(INBOUND, WEEK).json

    answer = caller.post(INBOUND, {**WEEK, "dry_run": True})

    assert (answer.status, answer.code, answer.json["job_id"]) == (409, "sync_running", first["id"])
    assert first["id"] in answer.json["detail"]


def test_an_ended_one_is_not_joined(api: Api) -> None:
    caller = api.as_clinic()
    first = caller.post(INBOUND, WEEK).json
    api.work()

    assert caller.post(INBOUND, WEEK).json["id"] != first["id"]


def test_other_clinics_are_not_in_the_way(api: Api) -> None:
    api.as_clinic().post(INBOUND, WEEK)

    assert api.as_other_clinic().post(INBOUND, {**WEEK, "dry_run": True}).status == 202


def test_twenty_equal_posts_at_once_are_one_job(api: Api) -> None:
    """Each in a process of its own, as far as the database can tell."""
    caller, start_line = api.as_clinic(), Barrier(20)
    answers: list[Response] = []

    def post() -> None:
        own_database = Database(SecretStr(as_role(api.bench.url, "api")))
        dependencies = replace(api.dependencies, database=own_database)
        handler = api_handler(
            "inbound_sync", {"start_inbound": start("inbound")}, lambda: dependencies
        )
        own = replace(caller, functions={"inbound_sync": handler})
        start_line.wait()
        answers.append(own.post(INBOUND, WEEK))
        dependencies.database.close()

    threads = [Thread(target=post) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status for answer in answers] == [202] * 20
    assert len({answer.json["id"] for answer in answers}) == 1
    assert len(jobs(api)) == len(api.invocations.made) == 1


def test_a_worker_that_can_not_be_invoked_leaves_nothing_in_the_way(api: Api) -> None:
    caller, key = api.as_clinic(), {"Idempotency-Key": "once"}
    api.invocations.refusing = True
    failed = caller.post(INBOUND, WEEK, headers=key)
    api.invocations.refusing = False

    answer = caller.post(INBOUND, WEEK, headers=key)

    assert (failed.status, failed.code) == (503, "worker_unavailable")
    assert failed.headers["Retry-After"] == "5"
    assert answer.status == 202
    assert [job["status"] for job in jobs(api)] == ["failed", "queued"]
    assert jobs(api)[0]["error_kind"] == "internal"


def test_a_run_that_began_although_the_invocation_failed_goes_on(
    api: Api, conn: Connection[tuple[object, ...]]
) -> None:
    class LostAnswer(Invocations):
        def __call__(self, sync: SyncName, job_id: UUID) -> None:
            conn.execute("UPDATE idexx_sync.jobs SET status = 'running', attempt = 1")
            super().__call__(sync, job_id)

    dispatch = LostAnswer(refusing=True)
    run_request = RunRequest(api.bench.clinic_id, "inbound", "api", WindowParams())
    with pytest.raises(Exception, match="as told"):
        submit(conn, dispatch, run_request)

    assert jobs(api)[0]["status"] == "running"


def test_joining_what_nobody_was_told_of_for_long_invokes_again(api: Api) -> None:
    caller = api.as_clinic()
    caller.post(INBOUND, WEEK)
    api.bench.conn.execute("UPDATE idexx_sync.jobs SET dispatched_at = NULL")
    caller.post(INBOUND, WEEK)
    assert len(api.invocations.made) == 1
    api.bench.conn.execute(
        "UPDATE idexx_sync.jobs SET queued_at = idexx_sync.clock() - interval '121 seconds'"
    )

    caller.post(INBOUND, WEEK)

    assert len(api.invocations.made) == 2
    assert len(jobs(api)) == 1


class TestIdempotencyKey:
    def test_the_same_request_is_the_same_job_even_when_it_has_ended(self, api: Api) -> None:
        caller, key = api.as_clinic(), {"Idempotency-Key": str(uuid4())}
        first = caller.post(INBOUND, WEEK, headers=key).json
        api.work()

        again = caller.post(INBOUND, {**WEEK, "dry_run": False}, headers=key)

        assert (again.status, again.json["id"], again.json["status"]) == (
            202,
            first["id"],
            "succeeded",
        )
        assert len(api.invocations.made) == 1

    def test_another_request_is_refused(self, api: Api) -> None:
        caller, key = api.as_clinic(), {"Idempotency-Key": "k-1"}
        caller.post(INBOUND, WEEK, headers=key)

        answer = caller.post(INBOUND, {**WEEK, "to": "2026-05-09"}, headers=key)

        assert (answer.status, answer.code) == (422, "idempotency_key_reused")

    def test_it_is_the_keys_own(self, api: Api) -> None:
        key = {"Idempotency-Key": "k-1"}
        mine = api.as_clinic().post(INBOUND, WEEK, headers=key).json

        theirs = api.as_other_clinic().post(INBOUND, WEEK, headers=key).json

        assert mine["id"] != theirs["id"]

    def test_after_a_day_it_may_stand_for_something_else(self, api: Api) -> None:
        caller, key = api.as_clinic(), {"Idempotency-Key": "k-1"}
        first = caller.post(INBOUND, WEEK, headers=key).json
        api.work()
        api.bench.conn.execute(
            "UPDATE idexx_sync.idempotency_keys SET created_at = created_at - %s",
            (IDEMPOTENCY_KEY_LIVES + timedelta(seconds=1),),
        )

        answer = caller.post(INBOUND, {}, headers=key)

        assert answer.status == 202
        assert answer.json["id"] != first["id"]
        api.work()
        again = caller.post(INBOUND, {}, headers=key)
        assert (again.status, again.json["id"]) == (202, answer.json["id"])

    def test_of_many_at_once_one_makes_the_job(self, api: Api) -> None:
        api.as_clinic()
        key_id = query(api.bench.conn, "SELECT id FROM clinic_api_keys")[0]["id"]
        remembered = IdempotencyKey(key_id, "start_inbound", "k-1")
        run_request = RunRequest(api.bench.clinic_id, "inbound", "api", WindowParams())
        found, start = set[UUID](), Barrier(10)

        def order() -> None:
            with connect(SecretStr(api.bench.url)) as conn:
                start.wait()
                found.add(submit(conn, api.invocations, run_request, remembered).id)

        threads = [Thread(target=order) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(found) == 1

    @pytest.mark.parametrize("value", ["", "with a blank", "x" * 201, "ü"])
    def test_what_can_not_be_one_is_refused_by_name(self, api: Api, value: str) -> None:
        answer = api.as_clinic().post(INBOUND, WEEK, headers={"Idempotency-Key": value})

        assert (answer.status, answer.faults) == (422, ["Idempotency-Key"])

    def test_two_different_ones_are_refused(self, api: Api) -> None:
        answer = api.as_clinic().post(INBOUND, WEEK, headers={"Idempotency-Key": ["a", "b"]})

        assert (answer.status, answer.code) == (400, "header_repeated")


class TestWaiting:
    def test_a_run_that_ends_in_time_is_answered_whole(self, api: Api) -> None:
        api.while_waiting = lambda: api.work() if len(api.slept) == 3 else None

        answer = api.as_clinic().post(INBOUND, WEEK, headers={"Prefer": "wait=20"})

        assert (answer.status, answer.json["status"]) == (200, "succeeded")
        assert answer.headers["Preference-Applied"] == "wait=20"
        assert "Retry-After" not in answer.headers

    @pytest.mark.parametrize(
        ("prefer", "seconds"),
        [("wait=5", 5), ('respond-async, WAIT = "7"', 7), ("wait=600", 20)],
    )
    def test_it_never_waits_longer_than_asked_or_20_s(
        self, api: Api, prefer: str, seconds: int
    ) -> None:
        answer = api.as_clinic().post(INBOUND, WEEK, headers={"Prefer": prefer})

        assert answer.status == 202
        assert answer.headers["Preference-Applied"] == f"wait={seconds}"
        assert sum(api.slept) == pytest.approx(seconds, abs=0.3)

    def test_it_never_waits_past_25_s_after_the_gateway(self, api: Api) -> None:
        received = api.now()
        api.bench.later(15 / 60)
        caller = api.as_clinic()
        caller.clock = lambda: received

        answer = caller.post(INBOUND, WEEK, headers={"Prefer": "wait=20"})

        assert answer.status == 202
        assert sum(api.slept) == pytest.approx(10, abs=0.3)

    @pytest.mark.parametrize("prefer", ["", "wait", "wait=soon", "wait=-1", "return=minimal"])
    def test_other_preferences_are_ignored(self, api: Api, prefer: str) -> None:
        answer = api.as_clinic().post(INBOUND, WEEK, headers={"Prefer": prefer})

        assert answer.status == 202
        assert api.slept == []
